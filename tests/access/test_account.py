"""The account: sessions, tokens, the password, confirming who one is; the header of every page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.http import urlsafe_base64_encode

from register.access.attempts import MOST
from register.access.models import Membership, Notice, Token
from register.access.signing_in import CONFIRMED
from register.access.tasks import purge_kept_answers, send_password_links
from register.access.tokens import create_token
from register.desk.four_eyes import choose
from register.desk.models import FourEyes
from register.models import AccreditationVersion
from register.site import page as pages
from tests import factories
from tests.access.pages import code_of, enter, noted, words
from tests.api.callers import Caller, check_problem
from tests.people import PASSWORD, give_app, make_member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "a quite different sentence"


@pytest.fixture(autouse=True)
def _register() -> None:
    factories.open_register()


def signed_in(role: str = "operator", organisation: str = "") -> Client:
    """Return a browser after all steps of the pages themselves."""
    give_app(make_member(role, organisation).user)
    client = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    enter(client, f"{role}@nl.example")
    client.post("/sign-in/second-factor", {"code": code_of()}, REMOTE_ADDR="192.0.2.1")
    return client


def again(role: str = "auditor") -> Client:
    client = Client()
    enter(client, f"{role}@nl.example")
    return client


def test_sessions_are_listed_and_ended() -> None:
    make_member("auditor")
    here, there, third = again(), again(), again()
    shown = here.get("/account/sessions").content.decode()
    assert shown.count('name="session" value="') == 3
    assert "192.0.2.0" in shown
    assert "192.0.2.1" not in shown
    ids = re.findall(r'name="session" value="(\d+)"', shown)
    here.post("/account/sessions/end", {"session": ids[0]})
    assert third.get("/account").status_code == 302
    assert there.get("/account").status_code == 200
    here.post("/account/sessions/end", {"session": "others"})
    assert there.get("/account").status_code == 302
    assert here.get("/account").status_code == 200
    assert len(noted("session_ended")) == len(noted("sessions_ended")) == 1


def test_sessions_that_are_over_are_forgotten() -> None:
    make_member("auditor")
    kept, over = again(), again()
    Session.objects.filter(session_key=over.session.session_key).update(expire_date=timezone.now())
    purge_kept_answers()
    assert Session.objects.count() == UserSession.objects.count() == 1
    assert kept.get("/account").status_code == 200


def test_nobody_ends_another_persons_session() -> None:
    make_member("auditor")
    make_member("auditor", email="second@nl.example")
    mine, theirs = again(), Client()
    enter(theirs, "second@nl.example")
    row = UserSession.objects.get(user__username="second@nl.example")
    mine.post("/account/sessions/end", {"session": row.pk})
    assert theirs.get("/account").status_code == 200


def test_a_session_stays_listed_when_a_factor_is_added_or_the_password_changed() -> None:
    make_member("auditor")
    here, there = again(), again()
    here.post("/account/password", {"new_password1": OTHER, "new_password2": OTHER})
    assert "this one" in words(here.get("/account/sessions"))
    assert there.get("/account").status_code == 302
    assert enter(Client(), "auditor@nl.example").status_code == 422
    assert enter(Client(), "auditor@nl.example", OTHER).status_code == 302
    assert mail.outbox[-1].to == ["auditor@nl.example"]
    page = here.get("/account/second-factor/app").content.decode()
    secret = re.search(r'secret">([A-Z2-7 ]+)<', page)
    assert secret
    here.post("/account/second-factor/app", {"code": code_of(secret[1].replace(" ", ""))})
    assert "this one" in words(here.get("/account/sessions"))


@pytest.mark.parametrize("path", ["/account/second-factor", "/account/password", "/account/tokens"])
def test_what_protects_the_account_is_changed_only_soon_after_proving_oneself(path: str) -> None:
    client = signed_in()
    assert client.get(path).status_code == 200
    session = client.session
    session[CONFIRMED] = 0
    session.save()
    assert client.get(path)["Location"] == f"/account/confirm?next={path}"
    assert client.post("/account/confirm", {"password": "wrong", "next": path}).status_code == 422
    assert client.post("/account/confirm", {"password": PASSWORD, "next": "//evil.example"})["Location"] == "/account"
    assert client.get(path).status_code == 200


def test_guessing_the_password_while_signed_in_is_limited() -> None:
    client = signed_in()
    for _ in range(MOST["pair"]):
        assert client.post("/account/confirm", {"password": "wrong"}).status_code == 422
    assert client.post("/account/confirm", {"password": PASSWORD}).status_code == 429


def make_token(client: Client, **said: Any) -> str:
    shown = client.post("/account/tokens", {"name": "Student system", "days": "7", **said})
    assert shown.status_code == 200, words(shown)
    found = re.search(r'class="mono">(\w{40,})<', shown.content.decode())
    assert found
    return found[1]


def test_a_token_does_what_it_was_made_for_and_no_more() -> None:
    client = signed_in()
    secret = make_token(client, scope=["register_issuer"])
    me = Caller(secret).get("/api/v1/me").body
    assert (me["role"], me["scope"], me["name"]) == ("operator", ["read", "register_issuer"], "Student system")
    made = Caller(secret).post("/api/v1/issuers", {"names": {"en": "College of tests"}, "country": "NL"})
    assert made.status == 201
    assert Caller(secret).post("/api/v1/agencies", {"names": {"en": "A"}, "country": "NL"}).status == 403
    assert "Student system" in words(client.get("/account/tokens"))
    assert secret not in client.get("/account/tokens").content.decode()
    assert [row.about for row in noted("token_made")] == ["Student system"]
    row = Token.objects.get()
    client.post(f"/account/tokens/{row.public_id}/revoke")
    assert Caller(secret).get("/api/v1/me").status == 401
    assert len(noted("token_revoked")) == 1


def test_what_needs_two_people_is_not_for_tokens() -> None:
    agency = factories.make_agency()
    client = signed_in("agency", agency)
    offered = client.get("/account/tokens").content.decode()
    assert 'value="grant_accreditation"' in offered
    for verb in ("revoke_accreditation", "bind_key", "revoke_key", "recognise_agency"):
        assert f'value="{verb}"' not in offered
        answer = client.post("/account/tokens", {"name": "x", "days": "7", "scope": [verb]})
        assert answer.status_code == 422
    choose("agency", agency, ["grant_accreditation"])
    offered = client.get("/account/tokens").content.decode()
    assert 'value="grant_accreditation"' not in offered
    assert 'value="revoke_accreditation"' in offered
    assert not Token.objects.exists()


def test_a_token_with_single_verbs_corrects_nothing_that_needs_two_people() -> None:
    agency = factories.make_agency()
    held = factories.make_accreditation(factories.make_issuer(), agency)
    row = make_member("agency", agency)
    entry = AccreditationVersion.objects.get(uid=held).recorded_from
    amending = Caller(create_token(row, "program", ("read", "amend_accreditation"))[1])
    path = f"/api/v1/accreditations/{held}/amend"
    correction = {"corrects": entry, "summary": "As it never was.", "reason": "administrative_error"}
    for refused in (correction, {"valid_until": "2024-06-01"}, {"valid_from": "2021-01-01"}):
        check_problem(amending.post(path, refused), 403, "scope")
    assert Notice.objects.count() == 3
    assert amending.post(path, {"summary": "As it is."}).status == 201
    writing = Caller(create_token(row, "all", ("write",))[1])
    assert writing.post(path, correction).status == 201
    choose("agency", agency, ["revoke_accreditation"])
    assert amending.post(path, {**correction, "summary": "As it was."}).status == 201


def test_a_token_loses_what_its_organisation_wants_two_people_for_since() -> None:
    agency = factories.make_agency()
    issuer = factories.make_issuer()
    row = make_member("agency", agency)
    granting = Caller(create_token(row, "program", ("read", "grant_accreditation"))[1])
    body = {"issuer": issuer, "kind": "institutional", "decision": "positive", "valid_from": "2024-01-01"}
    assert granting.post("/api/v1/accreditations", body).status == 201
    choose("agency", agency, ["grant_accreditation"])
    check_problem(granting.post("/api/v1/accreditations", body), 403, "scope")
    held = factories.make_accreditation(issuer, agency)
    amending = Caller(create_token(row, "other", ("read", "amend_accreditation"))[1])
    choose("agency", agency, ["shorten"])
    check_problem(amending.post(f"/api/v1/accreditations/{held}/amend", {"valid_until": "2990-01-01"}), 403, "scope")
    writing = Caller(create_token(row, "all", ("write",))[1])
    assert writing.post(f"/api/v1/accreditations/{held}/amend", {"valid_until": "2990-01-01"}).status == 201
    assert amending.post(f"/api/v1/accreditations/{held}/amend", {"valid_until": "2991-01-01"}).status == 201


def test_an_auditors_token_reads() -> None:
    make_member("auditor")
    client = again()
    assert client.post("/account/tokens", {"name": "x", "days": "7", "scope": ["write"]}).status_code == 422
    secret = make_token(client)
    assert Caller(secret).post("/api/v1/issuers", {"names": {"en": "A"}, "country": "NL"}).status == 403


def test_another_persons_token_is_not_there_to_revoke() -> None:
    client = signed_in()
    make_token(client)
    other = Client()
    sign_in(other, "operator", email="second@nl.example")
    session = other.session
    session[CONFIRMED] = 10**10
    session.save()
    other.post(f"/account/tokens/{Token.objects.get().public_id}/revoke")
    assert Token.objects.exists()


def test_a_forgotten_password_is_mailed_a_link_that_serves_once() -> None:
    make_member("auditor")
    said = words(Client().post("/password", {"email": "Auditor@nl.example"}))
    send_password_links()
    link = re.search(r"/password/\S+", str(mail.outbox[0].body))
    assert link
    client = Client()
    step = client.get(link[0])["Location"]
    assert step.endswith("/choose")
    assert client.post(step, {"new_password1": OTHER, "new_password2": OTHER})["Location"] == "/sign-in"
    assert enter(Client(), "auditor@nl.example", OTHER).status_code == 302
    for late in (client, Client()):
        assert late.get(link[0]).status_code == 410
    assert Client().get(step).status_code == 410
    mail.outbox.clear()
    unknown = words(Client().post("/password", {"email": "nobody@nl.example"}))
    send_password_links()
    assert unknown == said.replace("auditor@nl.example", "nobody@nl.example")
    assert mail.outbox == []


def test_a_new_password_leaves_the_second_factor_and_is_not_for_demonstrations() -> None:
    member = make_member("operator")
    give_app(member.user)
    Client().post("/password", {"email": "operator@nl.example"})
    send_password_links()
    link = re.search(r"/password/\S+", str(mail.outbox[0].body))
    assert link
    client = Client()
    client.post(client.get(link[0])["Location"], {"new_password1": OTHER, "new_password2": OTHER})
    assert enter(client, "operator@nl.example", OTHER)["Location"] == "/sign-in/second-factor"
    Membership.objects.update(demonstration=True)
    mail.outbox.clear()
    Client().post("/password", {"email": "operator@nl.example"})
    send_password_links()
    assert mail.outbox == []


def test_readers_get_no_cookie_and_cost_no_question() -> None:
    for path in ("/", "/issuers", "/ledger", "/federation"):
        answer = Client().get(path)
        assert "Sign in" in words(answer)
        assert answer.cookies == {}
        assert (path, "Cookie" in answer.headers.get("Vary", "")) == (path, path == "/federation")
    with CaptureQueriesContext(connection) as asked:
        Client().get("/")
    assert not any("auth_user" in query["sql"] or "session" in query["sql"] for query in asked)


def test_the_header_names_the_role_and_leads_to_its_place() -> None:
    client = signed_in()
    answer = client.get("/")
    page = answer.content.decode()
    assert "operator@nl.example" in page
    assert (answer["Cache-Control"], Client().get("/")["Cache-Control"]) == ("private, no-cache", "no-cache")
    assert 'href="/operator"' in page
    assert 'href="/account"' in page
    assert "demonstration account" not in page
    Membership.objects.update(demonstration=True)
    assert "is a demonstration account" in words(client.get("/issuers"))


def test_the_language_is_switched_by_links_that_keep_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("register.access.header.TRANSLATED", ("en", "de"))
    monkeypatch.setattr(pages, "TRANSLATED", ("en", "de"))
    page = Client().get("/issuers?country=NL&q=a+b").content.decode()
    assert '<a href="/issuers?country=NL&amp;q=a+b&amp;lang=de" lang="de" hreflang="de">Deutsch</a>' in page
    german = Client().get("/issuers?country=NL&lang=de")
    assert '<html lang="de"' in german.content.decode()
    assert "lang=en" in german.content.decode()


def test_what_is_sent_as_one_organisation_is_not_said_for_another_once_the_membership_is_gone() -> None:
    agency, client = factories.make_agency(), Client()
    make_member("operator", email="both@nl.example")
    taken = sign_in(client, "agency", agency, email="both@nl.example")
    chosen = {"verbs": ["close_issuer", "revoke_accreditation", "correct"]}
    assert client.get("/desk/four-eyes").status_code == 200
    taken.delete()
    assert client.post("/desk/four-eyes", chosen).status_code == 403
    assert not FourEyes.objects.exists()
    assert client.get("/operator").status_code == 200


def test_an_account_without_any_membership_is_told_so() -> None:
    member = make_member("auditor")
    client = again()
    Membership.objects.filter(pk=member.pk).delete()
    assert "You belong to no organisation here" in words(client.get("/account"))
    assert client.get("/operator/people").status_code == 403
    assert User.objects.filter(username="auditor@nl.example").exists()


NINES = "9" * 5000
"""More digits than Python reads as a number."""


def test_numbers_and_days_beyond_all_bounds_are_nothing() -> None:
    client = signed_in()
    assert client.post("/account/act-as", {"membership": NINES})["Location"] == "/account"
    assert client.post("/account/sessions/end", {"session": NINES})["Location"] == "/account/sessions"
    assert client.get(f"/operator/audit?until=9999-12-31&before={NINES}").status_code == 200
    assert client.get(f"/desk/accreditations?page={NINES}").status_code == 200
    assert client.get(f"/desk/drafts?page={NINES}").status_code == 200
    assert client.get(f"/password/{urlsafe_base64_encode(NINES.encode())}/x").status_code == 410
