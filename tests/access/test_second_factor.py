"""The second factor: who is asked for it, which codes count, how often one may try, what is left when it is gone."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client

from register.access import passkeys, second_factor
from register.access.acting import FACTOR
from register.access.attempts import MOST
from register.access.models import Membership
from register.access.second_factor import check_code, make_recovery_codes
from register.access.views import own_factors
from tests import factories
from tests.access.pages import code_of, enter, noted, words
from tests.people import PASSWORD, TOTP_SECRET, give_app, make_member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "operator@nl.example"
SECOND = "/sign-in/second-factor"


@pytest.fixture
def operator() -> Membership:
    factories.open_register()
    return make_member("operator")


def prove(client: Client, **fields: str) -> Any:
    return client.post(SECOND, fields, REMOTE_ADDR="192.0.2.1")


def test_whoever_may_write_sets_one_up_before_anything_else(operator: Membership) -> None:
    client = Client()
    enter(client, EMAIL)
    assert client.get("/operator/people")["Location"] == f"{SECOND}?next=/operator/people"
    assert client.get(f"{SECOND}?next=/operator/people")["Location"] == "/account/second-factor?next=/operator/people"
    assert "You have none yet" in words(client.get("/account/second-factor?next=/operator/people"))
    page = client.get("/account/second-factor/app").content.decode()
    secret = re.search(r'secret">([A-Z2-7 ]+)<', page)
    assert secret
    assert "<svg" in page
    codes = client.post("/account/second-factor/app", {"code": code_of(secret[1].replace(" ", ""))})
    assert len(re.findall(r"<li>\d{4} \d{4}</li>", codes.content.decode())) == 10
    assert 'href="/operator/people"' in codes.content.decode()
    assert client.get("/operator/people").status_code == 200
    assert [row.about for row in noted("second_factor_added")] == ["Authenticator app"]


def test_a_password_alone_opens_nothing_once_there_is_one(operator: Membership) -> None:
    give_app(operator.user)
    client = Client()
    assert enter(client, EMAIL, next="/federation/add")["Location"] == SECOND
    assert "_auth_user_id" not in client.session
    assert client.get("/account")["Location"] == "/sign-in?next=/account"
    answer = prove(client, code=code_of())
    assert (answer.status_code, answer["Location"]) == (302, "/federation/add")
    assert client.get("/operator/people").status_code == 200
    assert noted("signed_in")[-1].facts == {"how": "password", "second_factor": "totp"}


def test_a_code_serves_once_and_an_older_one_no_more(operator: Membership) -> None:
    give_app(operator.user)
    assert check_code(operator.user, code_of()) is not None
    assert check_code(operator.user, code_of()) is None
    assert check_code(operator.user, code_of(steps=-1)) is None
    assert check_code(operator.user, code_of(steps=1)) is not None
    assert check_code(operator.user, code_of()) is None


def test_codes_of_other_times_and_other_people_are_wrong(operator: Membership) -> None:
    give_app(operator.user)
    other = make_member("auditor").user
    for code in (code_of(steps=-2), code_of(steps=2), "", "12345", "1234567", "one two three", "٤٤٤٤٤٤"):
        assert check_code(operator.user, code) is None
    assert check_code(other, code_of()) is None


def test_the_code_that_set_an_app_up_does_not_sign_in(operator: Membership) -> None:
    row = second_factor.add_app(operator.user, TOTP_SECRET, code_of())
    assert row is not None
    assert check_code(operator.user, code_of()) is None
    assert TOTP_SECRET not in str(row.data)


def test_wrong_codes_are_limited(operator: Membership) -> None:
    give_app(operator.user)
    client = Client()
    enter(client, EMAIL)
    for _ in range(MOST["pair"]):
        answer = prove(client, code="000000")
        assert answer.status_code == 422
        assert "This code is wrong, or was used already" in words(answer)
    answer = prove(client, code=code_of())
    assert answer.status_code == 429
    assert "_auth_user_id" not in client.session
    assert len(noted("second_factor_failed")) == MOST["pair"]
    assert len(noted("sign_in_refused")) == 1


def test_wrong_codes_from_many_places_are_limited_too(operator: Membership) -> None:
    give_app(operator.user)
    client = Client()
    enter(client, EMAIL)
    answers = [client.post(SECOND, {"code": "000000"}, REMOTE_ADDR=f"198.51.{n}.1").status_code for n in range(11)]
    assert answers == [422] * 10 + [429]


def test_a_recovery_code_serves_once(operator: Membership) -> None:
    give_app(operator.user)
    codes = make_recovery_codes(operator.user)
    typed = f" {codes[0][:4]}-{codes[0][4:]} "
    client, again = Client(), Client()
    enter(client, EMAIL)
    assert prove(client, code=typed).status_code == 302
    enter(again, EMAIL)
    assert prove(again, code=codes[0]).status_code == 422
    assert len(noted("recovery_code_used")) == 1
    assert second_factor.count_recovery_codes(operator.user) == 9


def test_recovery_codes_alone_are_no_second_factor(operator: Membership) -> None:
    make_recovery_codes(operator.user)
    client = Client()
    assert enter(client, EMAIL)["Location"] == "/operator"
    assert client.get("/operator/people").status_code == 302


def test_between_the_steps_nothing_is_open_for_long(operator: Membership) -> None:
    give_app(operator.user)
    client = Client()
    enter(client, EMAIL)
    with patch("register.access.signing_in.PATIENCE", -1):
        assert prove(client, code=code_of())["Location"] == "/sign-in"
    enter(client, EMAIL)
    user = User.objects.get(pk=operator.user_id)
    user.set_password("another password entirely")
    user.save()
    assert prove(client, code=code_of())["Location"] == "/sign-in"
    assert "_auth_user_id" not in client.session


def test_a_planted_session_is_worth_nothing(operator: Membership) -> None:
    give_app(operator.user)
    client = Client()
    session = client.session
    session["planted"] = "yes"
    session.save()
    planted = str(session.session_key)
    client.cookies[client_cookie()] = planted
    enter(client, EMAIL)
    between = client.session.session_key
    prove(client, code=code_of())
    assert len({planted, between, client.session.session_key}) == 3
    thief = Client()
    thief.cookies[client_cookie()] = planted
    assert thief.get("/operator/people")["Location"].startswith("/sign-in?")


def client_cookie() -> str:
    from django.conf import settings

    return str(settings.SESSION_COOKIE_NAME)


def test_without_the_factor_it_was_opened_with_a_session_writes_no_more(operator: Membership) -> None:
    client = Client()
    sign_in(client, "operator")
    assert client.get("/operator/people").status_code == 200
    Authenticator.objects.all().delete()
    assert client.get("/operator/people").status_code == 302


def test_another_persons_factor_proves_nothing(operator: Membership) -> None:
    other = give_app(make_member("auditor").user)
    client = Client()
    client.force_login(operator.user)
    session = client.session
    session[FACTOR] = other.pk
    session.save()
    assert client.get("/operator/people").status_code == 302


def test_whoever_knows_the_password_alone_cannot_add_an_app_beside_the_first(operator: Membership) -> None:
    client = Client()
    enter(client, EMAIL)
    give_app(operator.user)
    for path in ("/account/second-factor", "/account/second-factor/app", "/account/second-factor/codes"):
        assert client.get(path)["Location"].startswith(SECOND)
        assert client.post(path, {"code": "1"})["Location"].startswith(SECOND)
    assert client.get(f"{SECOND}?next=/account")["Location"] == SECOND
    assert prove(client, code=code_of())["Location"] == "/account"


def test_a_session_whose_factor_was_removed_adds_none_while_another_stands(operator: Membership) -> None:
    client = Client()
    sign_in(client, "operator")
    lost = Authenticator.objects.get(user=operator.user)
    Authenticator.objects.create(user=operator.user, type="webauthn", data={"name": "Blue key", "credential": {}})
    second_factor.remove_factor(operator.user, lost.pk)
    client.post("/account/confirm", {"password": PASSWORD}, REMOTE_ADDR="192.0.2.1")
    for path in ("/account/second-factor/app", "/account/second-factor/passkey", "/account/password"):
        assert client.get(path)["Location"].startswith(SECOND)


def test_auditors_and_demonstrations_need_none_and_demonstrations_take_none() -> None:
    factories.open_register()
    make_member("auditor")
    Membership.objects.filter(pk=make_member("agency", str(uuid4())).pk).update(demonstration=True)
    auditor, officer = Client(), Client()
    enter(auditor, "auditor@nl.example")
    assert auditor.get("/operator/people").status_code == 200
    enter(officer, "agency@nl.example")
    assert "it signs in with a password alone" in words(officer.get("/account"))
    assert "takes no second factor" in words(officer.get("/account/second-factor"))
    assert officer.get("/account/second-factor/app")["Location"] == "/account/second-factor"
    assert "it keeps its password" in words(officer.get("/account/password"))
    before = User.objects.get(username="agency@nl.example").password
    new = {"new_password1": "a quite different sentence", "new_password2": "a quite different sentence"}
    officer.post("/account/password", new)
    assert User.objects.get(username="agency@nl.example").password == before


def test_removing_the_last_takes_the_recovery_codes_along(operator: Membership) -> None:
    client = Client()
    enter(client, EMAIL)
    app = give_app(operator.user)
    make_recovery_codes(operator.user)
    prove_client = Client()
    enter(prove_client, EMAIL)
    prove(prove_client, code=code_of())
    assert "It is your last one" in words(prove_client.get(f"/account/second-factor/{app.pk}/remove"))
    prove_client.post(f"/account/second-factor/{app.pk}/remove")
    assert not Authenticator.objects.exists()
    assert prove_client.get("/operator/people").status_code == 302


def test_nobody_removes_another_persons_factor(operator: Membership) -> None:
    theirs = give_app(make_member("operator", email="second@nl.example").user)
    client = Client()
    enter(client, EMAIL)
    assert client.post(f"/account/second-factor/{theirs.pk}/remove").status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


def test_a_factor_and_the_record_of_it_come_together_or_not_at_all(
    operator: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(raise_request_exception=False)
    enter(client, EMAIL)
    page = client.get("/account/second-factor/app").content.decode()
    secret = re.search(r'secret">([A-Z2-7 ]+)<', page)
    assert secret

    def fail(*args: Any, **facts: Any) -> None:
        raise OSError("the record is full")

    monkeypatch.setattr(own_factors, "note", fail)
    code = code_of(secret[1].replace(" ", ""))
    assert client.post("/account/second-factor/app", {"code": code}).status_code == 500
    assert not Authenticator.objects.exists()


PASSKEY = "/sign-in/passkey"


def test_a_passkey_is_asked_for_by_the_button_alone_and_by_reading_no_session_is_made(operator: Membership) -> None:
    client = Client()
    shown = client.get("/sign-in", headers={"host": "localhost"})
    assert 'action="/sign-in/passkey"' in shown.content.decode()
    assert "/sign-in/passkey" not in client.get("/sign-in", headers={"host": "127.0.0.1"}).content.decode()
    assert client.get(PASSKEY, headers={"host": "localhost"})["Location"] == "/sign-in"
    assert not any(name.endswith("session") for name in client.cookies)
    page = client.post(PASSKEY, {"next": "/desk"}, headers={"host": "localhost"}).content.decode()
    options = json.loads(html.unescape(re.search(r'data-options="([^"]+)"', page)[1]))  # type: ignore[index]
    assert (options["publicKey"]["userVerification"], options["publicKey"].get("allowCredentials", [])) == (
        "required",
        [],
    )


@pytest.mark.parametrize("handle", ["", "MQ", "eA", "!!", 7, None])
def test_an_answer_that_is_none_opens_nothing_and_is_noted(operator: Membership, handle: object) -> None:
    client = Client()
    client.post(PASSKEY, headers={"host": "localhost"})
    answer = json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": handle}})
    for said in (answer, "[]", "[" * 15_000, '{"response": 1}'):
        refused = client.post(PASSKEY, {"credential": said}, headers={"host": "localhost"})
        assert (refused.status_code, "did not fit" in words(refused)) == (422, True), said
    assert "_auth_user_id" not in client.session
    assert len(noted("sign_in_failed")) == 4


def test_a_stranger_who_names_somebody_keeps_them_from_nothing(operator: Membership) -> None:
    handle = base64.urlsafe_b64encode(user_pk_to_url_str(operator.user).encode()).rstrip(b"=").decode()
    answer = json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": handle}})
    assert passkeys.name_person(answer) == operator.user
    statuses = []
    for number in range(12):
        stranger = Client(headers={"host": "localhost"}, REMOTE_ADDR=f"2001:db8:{number // 6}::1")
        stranger.post(PASSKEY)
        statuses.append(stranger.post(PASSKEY, {"credential": answer}).status_code)
    assert statuses == ([422] * 5 + [429]) * 2
    give_app(operator.user)
    client = Client()
    enter(client, operator.user.email)
    assert client.post("/sign-in/second-factor", {"code": code_of()}).status_code == 302


def test_the_challenge_of_a_second_factor_lets_nobody_in_by_passkey_alone(
    operator: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the device need not have checked who uses it."""
    asked: list[str] = []
    monkeypatch.setattr(passkeys, "check", lambda user, answer: asked.append(answer))
    monkeypatch.setattr(
        "register.access.passkeys.auth.get_state", lambda: {"challenge": "x", "user_verification": "preferred"}
    )
    assert passkeys.check_alone(operator.user, "{}") is None
    assert asked == []
    monkeypatch.setattr(
        "register.access.passkeys.auth.get_state", lambda: {"challenge": "x", "user_verification": "required"}
    )
    passkeys.check_alone(operator.user, "{}")
    assert asked == ["{}"]
