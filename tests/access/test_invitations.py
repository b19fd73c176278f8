"""Invitations: the one way to an account, once, in time, for the person invited."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from register.access.invitations import accept, digest_of
from register.access.models import Invitation, Membership
from register.errors import Conflict
from tests import factories
from tests.access.pages import enter, noted, words
from tests.people import PASSWORD, make_member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
NEW = {"new_password1": PASSWORD, "new_password2": PASSWORD}


@pytest.fixture
def operator() -> Client:
    factories.open_register()
    client = Client()
    sign_in(client, "operator")
    return client


def invite(
    client: Client, email: str = "new@nl.example", role: str = "auditor", base: str = "/operator", **said: str
) -> str:
    """Invite somebody on the page; return the address of the link."""
    shown = client.post(f"{base}/people/invite", {"email": email, "role": role, **said})
    assert shown.status_code == 200, words(shown)
    return "/invitations/" + shown.content.decode().partition("/invitations/")[2].partition("<")[0]


def test_an_invited_person_chooses_a_password_and_is_in(operator: Client) -> None:
    link = invite(operator, " New@NL.example ")
    assert "new@nl.example is invited" not in words(operator.get("/operator/people"))
    assert "new@nl.example" in words(operator.get("/operator/people"))
    client = Client()
    assert "Reads what operators read" in words(client.get(link))
    assert not User.objects.filter(username="new@nl.example").exists()
    answer = client.post(link, NEW)
    assert (answer.status_code, answer["Location"]) == (303, "/account")
    assert client.get("/operator/audit").status_code == 200
    assert Membership.objects.get(user__username="new@nl.example").role == "auditor"
    assert [row.about for row in noted("invited")] == ["new@nl.example"]
    assert [row.email for row in noted("invitation_accepted")] == ["new@nl.example"]
    again = Client()
    assert enter(again, "New@nl.example").status_code == 302


def test_the_mail_holds_the_link_and_the_table_does_not(operator: Client) -> None:
    link = invite(operator)
    assert mail.outbox[0].to == ["new@nl.example"]
    assert link in mail.outbox[0].body
    secret = link.rpartition("/")[2]
    assert len(secret) >= 43
    with connection.cursor() as cursor:
        cursor.execute("SELECT a::text FROM access_auditrecord a UNION ALL SELECT i::text FROM access_invitation i")
        assert not any(secret in row for (row,) in cursor.fetchall())


def over(answer: Any, status: int, sentence: str) -> None:
    assert answer.status_code == status
    assert sentence in words(answer)


def test_a_link_serves_once_and_says_so_afterwards(operator: Client) -> None:
    link = invite(operator)
    Client().post(link, NEW)
    for answer in (Client().get(link), Client().post(link, NEW)):
        over(answer, 410, "This invitation was accepted already.")
    assert Membership.objects.filter(user__username="new@nl.example").count() == 1


def test_a_link_used_twice_at_once_serves_once(operator: Client) -> None:
    link = invite(operator)

    def use(number: int) -> int:
        try:
            return Client().post(link, NEW).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(use, range(2)))
    assert statuses[0] == 303
    assert statuses[1] in (200, 303, 410)
    assert Invitation.objects.exclude(accepted=None).count() == 1
    assert len(noted("invitation_accepted")) == 1


def test_an_expired_a_withdrawn_and_an_invented_link_open_nothing(operator: Client) -> None:
    late = invite(operator, "late@nl.example")
    Invitation.objects.filter(email="late@nl.example").update(expires=timezone.now() - timedelta(seconds=1))
    over(Client().post(late, NEW), 410, "This invitation has expired.")
    back = invite(operator, "back@nl.example")
    row = Invitation.objects.get(email="back@nl.example")
    operator.post(f"/operator/people/invitations/{row.pk}/withdraw")
    over(Client().post(back, NEW), 410, "This invitation was withdrawn.")
    over(Client().post("/invitations/" + "x" * 43, NEW), 404, "There is no such invitation.")
    assert User.objects.count() == 1


def test_who_is_invited_anew_has_one_link_that_counts(operator: Client) -> None:
    first = invite(operator)
    assert not noted("invitation_withdrawn")
    second = invite(operator)
    over(Client().get(first), 410, "withdrawn")
    assert [(line.email, line.about, line.facts) for line in noted("invitation_withdrawn")] == [
        ("operator@nl.example", "new@nl.example", {"role": "auditor"})
    ]
    assert Client().post(second, NEW).status_code == 303


def test_somebody_else_who_is_signed_in_cannot_accept(operator: Client) -> None:
    link = invite(operator)
    other = Client()
    sign_in(other, "auditor", email="other@nl.example")
    for answer in (other.get(link), other.post(link, NEW)):
        over(answer, 403, "This invitation is for somebody else")
    assert not User.objects.filter(username="new@nl.example").exists()
    assert Invitation.objects.get().accepted is None


def test_whoever_has_an_account_signs_in_and_keeps_the_password(operator: Client) -> None:
    make_member("auditor", email="known@nl.example")
    agency = factories.make_agency(names={"en": "Agency of tests"})
    link = invite(operator, "known@nl.example", "agency", organisation="Agency of tests", approves="on")
    stranger = Client()
    assert "You have an account here" in words(stranger.get(link))
    before = User.objects.get(username="known@nl.example").password
    stranger.post(link, {"new_password1": "stolen by a link", "new_password2": "stolen by a link"})
    assert User.objects.get(username="known@nl.example").password == before
    assert "_auth_user_id" not in stranger.session
    person = Client()
    enter(person, "known@nl.example")
    assert person.get(link).status_code == 200
    assert Invitation.objects.get().accepted is None
    assert person.post(link)["Location"] == "/account"
    held = Membership.objects.get(user__username="known@nl.example", role="agency")
    assert (held.organisation, held.approves) == (agency, True)
    assert "you act as this" in words(person.get("/account"))


def test_a_link_and_a_new_password_open_no_account_that_was_made_meanwhile(operator: Client) -> None:
    link = invite(operator)
    make_member("auditor", email="new@nl.example")
    with pytest.raises(Conflict, match="open the link again"):
        accept(RequestFactory().post(link), link.rpartition("/")[2], "stolen by a link")
    assert User.objects.get(username="new@nl.example").check_password(PASSWORD)
    assert Invitation.objects.get().accepted is None


def test_a_demonstration_account_accepts_nothing(operator: Client) -> None:
    member = make_member("auditor", email="demo@nl.example")
    Membership.objects.filter(pk=member.pk).update(demonstration=True)
    link = invite(operator, "demo@nl.example", "operator")
    client = Client()
    enter(client, "demo@nl.example")
    over(client.post(link), 403, "A demonstration account cannot accept invitations")


@pytest.mark.parametrize("password", ["short", "password1234", "new@nl.example"])
def test_a_weak_password_leaves_the_invitation_open(operator: Client, password: str) -> None:
    link = invite(operator)
    answer = Client().post(link, {"new_password1": password, "new_password2": password})
    assert answer.status_code == 422
    assert Invitation.objects.get().accepted is None
    assert User.objects.count() == 1


def test_an_approver_invites_to_the_own_organisation_alone(operator: Client) -> None:
    own, other = factories.make_agency(), factories.make_agency()
    approver = Client()
    sign_in(approver, "agency", own, approves=True)
    link = invite(approver, role="operator", base="/desk", organisation=other, approves="on")
    row = Invitation.objects.get(digest=digest_of(link.rpartition("/")[2]))
    assert (row.role, row.organisation, row.approves) == ("agency", own, False)


def test_officers_and_auditors_invite_nobody(operator: Client) -> None:
    officer, auditor = Client(), Client()
    sign_in(officer, "agency", factories.make_agency())
    sign_in(auditor, "auditor")
    said = {"email": "new@nl.example", "role": "agency"}
    assert officer.post("/desk/people/invite", said).status_code == 403
    assert auditor.post("/operator/people/invite", said).status_code == 403
    assert auditor.get("/operator/people").status_code == 200
    assert not Invitation.objects.exists()


def test_who_belongs_already_is_not_invited_again(operator: Client) -> None:
    make_member("auditor", email="known@nl.example")
    answer = operator.post("/operator/people/invite", {"email": "KNOWN@nl.example", "role": "auditor"})
    assert answer.status_code == 422
    assert "This person has that role there already." in words(answer)


def test_several_organisations_that_fit_are_offered(operator: Client) -> None:
    factories.make_agency(names={"en": "Quality agency north"})
    south = factories.make_agency(names={"en": "Quality agency south"})
    said = {"email": "new@nl.example", "role": "agency", "organisation": "Quality agency"}
    answer = operator.post("/operator/people/invite", said)
    assert answer.status_code == 422
    assert "Several organisations fit. Choose one." in words(answer)
    assert "Quality agency north" in words(answer)
    assert operator.post("/operator/people/invite", {**said, "chosen": south}).status_code == 200
    assert Invitation.objects.get().organisation == south
    none = operator.post("/operator/people/invite", {**said, "organisation": "Nowhere at all"})
    assert "No such organisation is registered here." in words(none)
    empty = operator.post("/operator/people/invite", {**said, "organisation": " "})
    assert "Say for which organisation." in words(empty)


def test_refused_links_are_not_logged(operator: Client, caplog: pytest.LogCaptureFixture) -> None:
    link = invite(operator)
    other = Client()
    sign_in(other, "auditor", email="other@nl.example")
    with caplog.at_level(logging.DEBUG):
        other.post(link, NEW)
        Client().post(link, {"new_password1": "short"})
    assert link.rpartition("/")[2] not in caplog.text


def test_the_first_operator_is_invited_from_the_command_line() -> None:
    factories.open_register()
    written = StringIO()
    call_command("invite_operator", "first@nl.example", stdout=written)
    link = written.getvalue().strip().removeprefix("http://register.nl.example")
    client = Client()
    assert client.post(link, NEW).status_code == 303
    assert client.get("/operator/people")["Location"] == "/sign-in/second-factor?next=/operator/people"
    for wrong, sentence in (("first@nl.example", "has that role here already"), ("nobody", "expected an e-mail")):
        with pytest.raises(CommandError, match=sentence):
            call_command("invite_operator", wrong)


@pytest.mark.parametrize("invitations", [1, 2])
def test_two_who_accept_at_once_become_one_account_and_one_is_told_so(operator: Client, invitations: int) -> None:
    links = [invite(operator)] * 2 if invitations == 1 else [invite(operator), invite(operator, role="operator")]
    gate = threading.Barrier(2)
    hash_password = User.set_password

    def wait_and_hash(user: User, password: str | None) -> None:
        hash_password(user, password)
        with suppress(threading.BrokenBarrierError):
            gate.wait(2)  # of one link the second waits for the first instead

    def accept_link(link: str) -> int:
        try:
            return Client(raise_request_exception=False).post(link, NEW).status_code
        finally:
            connection.close()

    with patch.object(User, "set_password", wait_and_hash), ThreadPoolExecutor(2) as people:
        answers = sorted(people.map(accept_link, links))
    assert answers == [303, 410]
    assert User.objects.filter(username="new@nl.example").count() == 1
    assert Membership.objects.filter(user__username="new@nl.example").count() == 1
    assert len(noted("invitation_accepted")) == 1
