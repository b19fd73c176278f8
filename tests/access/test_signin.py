"""Signing in and out: who gets in, where to, how often one may try, and what is said when not."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisDown

from register.access import attempts
from register.access.attempts import MOST, TooManyAttempts, count_attempt
from register.api.limits import counters
from tests import factories
from tests.people import PASSWORD, make_member

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "operator@nl.example"


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    counters().flushdb()


@pytest.fixture
def client() -> Client:
    factories.open_register()
    make_member("operator")
    return Client()


def enter(client: Client, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> Any:
    return client.post("/sign-in", {"username": email, "password": password, **fields}, REMOTE_ADDR="192.0.2.1")


def words(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_whoever_has_a_membership_gets_in_and_back_to_where_they_were(client: Client) -> None:
    assert "E-mail" in words(client.get("/sign-in?next=/federation/add"))
    answer = enter(client, next="/federation/add")
    assert (answer.status_code, answer["Location"]) == (302, "/federation/add")
    assert "operator@nl.example" in words(client.get("/federation"))
    answer = client.post("/sign-out")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert "operator@nl.example" not in words(client.get("/federation"))
    assert "Sign in as the operator" in words(client.get("/federation"))


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", "http:///evil"]
)
def test_nobody_is_led_elsewhere(client: Client, elsewhere: str) -> None:
    page = client.get("/sign-in", {"next": elsewhere}).content.decode()
    # The links to other languages keep the whole query, and so what cannot be followed.
    assert 'name="next"' not in page or 'name="next" value=""' in page
    assert not re.search(r'href="(?!/sign-in\?)[^"]*(?:evil|javascript)', page)
    assert enter(client, next=elsewhere)["Location"] == "/operator"


def test_the_same_sentence_whatever_was_wrong(client: Client) -> None:
    get_user_model().objects.create_user("nobody@nl.example", password=PASSWORD)
    make_member("agency", "01900000-0000-7000-8000-000000000001", email="left@nl.example")
    get_user_model().objects.filter(username="left@nl.example").update(is_active=False)
    said = set()
    for email, password in (
        (EMAIL, "wrong"),
        ("unknown@nl.example", PASSWORD),
        ("nobody@nl.example", PASSWORD),
        ("left@nl.example", PASSWORD),
    ):
        answer = enter(client, email, password)
        assert answer.status_code == 422
        assert "_auth_user_id" not in client.session
        said.add(re.sub(r'(value|name="csrf[^>]*)="[^"]*"', "", words(answer)))
    assert len(said) == 1
    assert "do not belong together here" in said.pop()


def test_what_is_no_text_is_no_failure_of_ours(client: Client) -> None:
    assert enter(client, "nul\0@nl.example").status_code == 422
    assert enter(client, "x" * 10_000, "y" * 10_000).status_code == 422


def test_what_is_missing_is_said_beside_the_field_and_in_a_summary_that_takes_focus(client: Client) -> None:
    page = enter(client, "", "").content.decode()
    assert page.count("Write the e-mail of your account.") == 2
    assert page.count("Write your password.") == 2
    assert re.search(r'role="alert" tabindex="-1" autofocus', page)
    assert 'aria-invalid="true"' in page


def test_after_five_failures_not_even_the_right_password_helps(client: Client) -> None:
    for _ in range(MOST["pair"]):
        assert enter(client, password="wrong").status_code == 422
    answer = enter(client)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 900
    assert "too many failed attempts" in words(answer)
    assert "_auth_user_id" not in client.session
    elsewhere = client.post("/sign-in", {"username": EMAIL, "password": PASSWORD}, REMOTE_ADDR="192.0.2.77")
    assert elsewhere.status_code == 302


def test_a_good_password_forgets_the_failures_before_it(client: Client) -> None:
    for _ in range(3):
        for _ in range(MOST["pair"] - 1):
            assert enter(client, password="wrong").status_code == 422
        assert enter(client).status_code == 302


def test_an_address_may_not_try_many_accounts(client: Client) -> None:
    for number in range(MOST["address"]):
        assert enter(client, f"person{number}@nl.example").status_code == 422
    assert enter(client).status_code == 429


def test_an_account_may_not_be_tried_from_many_addresses() -> None:
    for number in range(MOST["account"]):
        count_attempt(EMAIL, f"192.0.{number}.1")
    with pytest.raises(TooManyAttempts):
        count_attempt(EMAIL.upper(), "198.51.100.1")
    count_attempt("other@nl.example", "198.51.100.1")


def test_addresses_of_ipv6_are_counted_by_network() -> None:
    for number in range(MOST["pair"]):
        count_attempt(EMAIL, f"2001:db8::{number:x}")
    with pytest.raises(TooManyAttempts):
        count_attempt(EMAIL, "2001:db8::ffff")
    count_attempt(EMAIL, "2001:db8:0:1::1")


def test_counters_hold_no_email_and_end() -> None:
    count_attempt(EMAIL, "192.0.2.1")
    keys = counters().keys("assay:sign-in:*")
    assert len(keys) == 3
    assert not any(b"operator" in key for key in keys)
    assert all(0 < counters().ttl(key) <= 2 * attempts.WINDOW for key in keys)


def test_while_nothing_can_be_counted_nobody_signs_in(client: Client) -> None:
    with patch.object(attempts, "counters", side_effect=RedisDown):
        answer = enter(client)
    assert answer.status_code == 503
    assert "cannot be counted at the moment" in words(answer)
    assert "_auth_user_id" not in client.session


def test_a_link_from_elsewhere_neither_signs_in_nor_out(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = enter(strict)
    assert answer.status_code == 403
    assert "The form was not sent from this site" in words(answer)
    make_member("auditor")
    enter(client, "auditor@nl.example")
    typed = client.get("/sign-out")
    assert (typed.status_code, typed["Allow"]) == (405, "POST")
    assert 'action="/sign-out"' in typed.content.decode()
    assert "_auth_user_id" in client.session


def test_cookies_of_a_session_are_kept_from_scripts(client: Client, settings: Settings) -> None:
    answer = enter(client)
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_links_to_other_languages_stay_on_this_site(client: Client) -> None:
    page = client.get("/", PATH_INFO="//evil.example/").content.decode()
    assert "lang=" in page
    assert 'href="//' not in page
