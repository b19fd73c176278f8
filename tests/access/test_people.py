"""People of organisations: who sees whom, what may be changed, and that it holds at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from register.access.invitations import invite
from register.access.models import Invitation, Membership, Token
from register.access.tokens import create_token
from register.outbox.models import Message
from register.outbox.notices import tell_members
from tests import factories
from tests.access.pages import enter, noted, words
from tests.api.callers import Caller, check_problem
from tests.people import give_app, make_member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> Client:
    factories.open_register()
    client = Client()
    sign_in(client, "operator")
    return client


def do(client: Client, row: Membership, what: str, base: str = "/operator") -> Any:
    return client.post(f"{base}/people/{row.pk}", {"do": what})


def test_a_membership_taken_away_ends_at_once_with_its_tokens(operator: Client) -> None:
    agency = factories.make_agency()
    officer = Client()
    row = sign_in(officer, "agency", agency)
    token, secret = create_token(row, "program", ("read",))
    assert officer.get("/desk/people").status_code == 403
    assert Caller(secret).get("/api/v1/me").status == 200
    assert do(operator, row, "remove").status_code == 303
    assert "you belong to no organisation here" in words(officer.get("/desk/people"))
    check_problem(Caller(secret).get("/api/v1/me"), 401, "not_authenticated")
    assert not Token.objects.filter(pk=token.pk).exists()
    assert enter(Client(), "agency@nl.example").status_code == 422
    assert noted("membership_removed")[0].facts == {"role": "agency", "tokens": 1}
    assert noted("membership_removed")[0].organisation == agency


def test_one_token_of_a_colleague_is_ended_and_the_membership_stays(operator: Client) -> None:
    agency, other = factories.make_agency(), factories.make_agency()
    row, theirs = make_member("agency", agency), make_member("agency", other, email="theirs@nl.example")
    kept, kept_secret = create_token(row, "import", ("read",))
    leaked, secret = create_token(row, "leaked <b>program", ("read", "write"))
    create_token(row, "made by it", ("read",), made_by=leaked)
    elsewhere, _secret = create_token(theirs, "other", ("read",))
    approver = Client()
    sign_in(approver, "agency", agency, approves=True, email="approver@nl.example")
    page = words(approver.get(f"/desk/people/{row.pk}"))
    assert "leaked &lt;b&gt;program" in page
    assert "3 tokens end with it" in page

    def revoke(client: Client, base: str, member: Membership, token: Token | str) -> int:
        id = token if isinstance(token, str) else str(token.public_id)
        return int(client.post(f"{base}/people/{member.pk}", {"do": "revoke", "token": id}).status_code)

    assert revoke(approver, "/desk", theirs, elsewhere) == 404
    for wrong in (elsewhere, "nonsense", ""):
        assert revoke(approver, "/desk", row, wrong) == 303
    assert Token.objects.count() == 4
    assert revoke(approver, "/desk", row, leaked) == 303
    check_problem(Caller(secret).get("/api/v1/me"), 401, "not_authenticated")
    assert [letter.to for letter in mail.outbox] == [["agency@nl.example"]]
    assert "revoked: leaked <b>program, made by it." in mail.outbox[0].body
    assert Caller(kept_secret).get("/api/v1/me").status == 200
    assert revoke(operator, "/operator", row, kept) == 303
    assert list(Token.objects.all()) == [elsewhere]
    assert [(line.email, line.about, line.facts["name"]) for line in noted("token_revoked")] == [
        ("approver@nl.example", "agency@nl.example", "leaked <b>program"),
        ("approver@nl.example", "agency@nl.example", "made by it"),
        ("operator@nl.example", "agency@nl.example", "import"),
    ]
    assert Membership.objects.filter(pk=row.pk).exists()


def test_nothing_hard_to_undo_is_done_at_one_click(operator: Client) -> None:
    row = make_member("agency", factories.make_agency())
    give_app(row.user)
    create_token(row, "program", ("read",))
    page = operator.get(f"/operator/people/{row.pk}").content.decode()
    folded = "".join(re.findall(r'<details class="deed">.*?</details>', page, re.S))
    for deed in ("reset", "revoke", "remove"):
        assert page.count(f'name="do" value="{deed}"') == folded.count(f'name="do" value="{deed}"') == 1, deed
    assert "agency@nl.example will no longer belong here. One token ends with it." in folded
    own = Membership.objects.get(role="operator")
    create_token(own, "program", ("read",))
    page = operator.get(f"/operator/people/{own.pk}").content.decode()
    assert 'value="revoke"' not in page
    assert "/account/tokens" in page


def test_what_waits_to_be_mailed_of_a_desk_goes_with_the_membership(operator: Client) -> None:
    first, second = factories.make_agency(), factories.make_agency()
    row = make_member("agency", first, email="both@agency.example")
    make_member("agency", second, email="both@agency.example")
    for agency in (first, second):
        tell_members("agency", agency, "approval", f"waits:{agency}", {"what": "A draft", "address": "/desk"})
    assert do(operator, row, "remove").status_code == 303
    left = Message.objects.filter(subscription__user=row.user).values_list("notice__key", flat=True)
    assert list(left) == [f"waits:{second}"]


def test_what_one_acts_as_is_chosen_and_others_memberships_are_not_ones_own(operator: Client) -> None:
    agency = factories.make_agency()
    mine = make_member("agency", agency, email="operator@nl.example")
    theirs = make_member("auditor")
    operator.post("/account/act-as", {"membership": theirs.pk})
    assert operator.get("/operator/people").status_code == 200
    assert operator.post("/account/act-as", {"membership": mine.pk})["Location"] == "/desk"
    assert operator.get("/federation/add").status_code == 403
    assert operator.post("/account/act-as", {"membership": "none"})["Location"] == "/account"


def test_nobody_removes_themselves_or_the_last_operator(operator: Client) -> None:
    own = Membership.objects.get(role="operator")
    answer = do(operator, own, "remove")
    assert answer.status_code == 422
    assert "Nobody takes their own membership away." in words(answer)
    second = Client()
    sign_in(second, "operator", email="second@nl.example")
    assert do(second, own, "remove").status_code == 303
    assert Membership.objects.filter(role="operator").count() == 1


def test_an_approver_keeps_the_own_people_and_sees_no_others(operator: Client) -> None:
    own, other = factories.make_agency(), factories.make_agency()
    mine, theirs = make_member("agency", own), make_member("agency", other, email="theirs@nl.example")
    approver = Client()
    sign_in(approver, "agency", own, approves=True)
    shown = words(approver.get("/desk/people"))
    assert "agency@nl.example" in shown
    assert "theirs@nl.example" not in shown
    assert do(approver, theirs, "remove", "/desk").status_code == 404
    assert do(approver, Membership.objects.get(role="operator"), "remove", "/operator").status_code == 404
    for what in ("approver", "reset"):
        answer = do(approver, mine, what, "/desk")
        assert answer.status_code == 422
        assert "Only the operator may do this." in words(answer)
    assert do(approver, mine, "remove", "/desk").status_code == 303
    assert Membership.objects.filter(pk=theirs.pk).exists()


def test_an_auditor_reads_and_changes_nothing(operator: Client) -> None:
    row = make_member("agency", factories.make_agency())
    auditor = Client()
    sign_in(auditor, "auditor")
    assert "agency@nl.example" in words(auditor.get("/operator/people"))
    assert "Invite somebody" not in words(auditor.get("/operator/people"))
    assert auditor.get(f"/operator/people/{row.pk}").status_code == 403
    for what in ("remove", "reset", "approver"):
        assert do(auditor, row, what).status_code == 403
    for path in ("/federation/add", "/operator/people/invite", "/operator/people/invitations/1/withdraw"):
        assert auditor.post(path).status_code == 403
    assert Membership.objects.filter(pk=row.pk, approves=False).exists()


def test_the_operator_says_who_approves_and_it_holds_at_once(operator: Client) -> None:
    agency = factories.make_agency()
    officer = Client()
    row = sign_in(officer, "agency", agency)
    do(operator, row, "approver")
    assert officer.get("/desk/people").status_code == 200
    do(operator, row, "no-approver")
    assert officer.get("/desk/people").status_code == 403
    assert [line.facts for line in noted("membership_changed")] == [{"approves": True}, {"approves": False}]


def test_lost_factors_are_reset_and_all_sessions_end(operator: Client) -> None:
    row = make_member("agency", factories.make_agency())
    person = Client()
    enter(person, "agency@nl.example")
    give_app(row.user)
    assert person.get("/account").status_code == 200
    assert do(operator, row, "reset").status_code == 303
    assert person.get("/account")["Location"] == "/sign-in?next=/account"
    assert not Authenticator.objects.filter(user=row.user).exists()
    own = Membership.objects.get(role="operator")
    assert "kept on your account" in words(do(operator, own, "reset"))


def test_the_list_asks_the_same_however_long_it_is(operator: Client) -> None:
    agency = factories.make_agency()

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert operator.get("/operator/people").status_code == 200
        return len(asked)

    make_member("agency", agency)
    few = count()
    for number in range(60):
        make_member("agency", agency, email=f"officer{number:02}@nl.example")
    assert count() == few
    assert "Next page" in words(operator.get("/operator/people"))
    assert "officer07@nl.example" in words(operator.get("/operator/people?q=OFFICER07"))
    assert "Nobody fits" in words(operator.get("/operator/people?q=nobody&role=issuer"))
    assert "officer55" in words(operator.get("/operator/people?page=2"))


def test_a_forged_form_changes_nobody(operator: Client) -> None:
    row = make_member("agency", factories.make_agency())
    strict = Client(enforce_csrf_checks=True)
    sign_in(strict, "operator", email="second@nl.example")
    for path in (f"/operator/people/{row.pk}", "/operator/people/invite", "/account/act-as", "/account/sessions/end"):
        assert strict.post(path, {"do": "remove"}).status_code == 403
    assert Membership.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("what", ["remove", "no-approver"])
def test_who_keeps_people_no_more_has_none_on_the_way(operator: Client, what: str) -> None:
    own, other = factories.make_agency(), factories.make_agency()
    approver = Client()
    row = sign_in(approver, "agency", own, approves=True)
    approver.post("/desk/people/invite", {"email": "second@mailbox.example"})
    make_member("agency", other, approves=True, email=row.user.email)
    elsewhere, _secret = invite(None, "new@nl.example", "agency", other, by=row.user)
    ours, _secret = invite(None, "third@nl.example", "agency", own)
    assert do(operator, row, what).status_code == 303
    assert set(Invitation.objects.filter(withdrawn=None)) == {elsewhere, ours}
    assert [line.about for line in noted("invitation_withdrawn")] == ["second@mailbox.example"]


def test_what_a_former_operator_invited_is_withdrawn_whatever_it_was_for(operator: Client) -> None:
    second = Client()
    row = sign_in(second, "operator", email="second@nl.example")
    agency = factories.make_agency()
    for role, organisation in (("operator", ""), ("agency", agency)):
        invite(None, "mailbox@nl.example", role, organisation, by=row.user)
    do(operator, row, "remove")
    assert not Invitation.objects.filter(withdrawn=None).exists()
