"""One address gets so many expensive answers a minute; all other pages, and all other addresses, are not counted."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisDown

from deploy.expensive import EXPENSIVE
from register.api.limits import Drawn, counters
from tests import factories
from tests.deploy.test_resting import refuse
from tests.people import sign_in

pytestmark = pytest.mark.django_db

ELSEWHERE = "192.0.2.7"
PAGE = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def _few(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.open_register()
    counters().flushdb()
    monkeypatch.setattr("register.api.limits._drawn", Drawn())
    monkeypatch.setattr("register.api.limits.time", SimpleNamespace(time=lambda: 6_000.0))  # no minute ends
    settings.ASSAY_SEARCHES_PER_MINUTE, settings.ASSAY_DOWNLOADS_PER_MINUTE = 2, 1


def ask(path: str, address: str = ELSEWHERE, **headers: str) -> HttpResponse:
    return Client(REMOTE_ADDR=address, headers={**PAGE, **headers}).get(path)  # type: ignore[return-value]


def ask_often(path: str, address: str = ELSEWHERE, **headers: str) -> list[int]:
    return [ask(path, address, **headers).status_code for _ in range(3)]


def test_one_search_too_many_is_refused_in_words_and_with_the_time_to_wait() -> None:
    assert [ask("/issuers?q=a").status_code, ask("/figures").status_code] == [200, 200]
    refused = ask("/issuers?q=<b>")
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert "too many requests" in refused.content.decode()
    assert "<b>" not in refused.content.decode()
    assert ask("/issuers?lang=de")["Content-Language"] == "de"


@pytest.mark.parametrize("path", ["/issuers", "/ledger", "/figures"])
def test_whoever_is_signed_in_still_is_after_counting(path: str) -> None:
    client = Client(REMOTE_ADDR=ELSEWHERE, headers=PAGE)
    member = sign_in(client, "operator")
    assert member.user.email in client.get(path).content.decode()


@pytest.mark.parametrize("path", ["/agencies", "/api/v1/agencies", "/api/v1/programmes"])
def test_every_list_that_is_searched_by_name_is_counted(path: str) -> None:
    assert ask_often(f"{path}?q=a", Accept="*/*") == [200, 200, 429]
    assert ask(path, Accept="*/*").status_code == 200


def test_one_too_many_is_refused_in_words_while_the_database_is_away() -> None:
    ask_often("/issuers")
    client = Client(REMOTE_ADDR=ELSEWHERE, headers=PAGE)
    sign_in(client, "operator")
    with connection.execute_wrapper(refuse):
        answer = client.get("/issuers")
    assert answer.status_code == 429
    assert "too many requests" in answer.content.decode()


def test_programs_are_told_as_a_problem() -> None:
    assert ask_often("/api/v1/issuers?q=a", Accept="*/*") == [200, 200, 429]
    problem = ask("/issuers", Accept="application/json")
    assert problem["Content-Type"] == "application/problem+json"
    assert problem.json()["code"] == "throttled"  # type: ignore[attr-defined]


def test_downloads_are_counted_apart_from_searches() -> None:
    assert ask_often("/issuers.csv") == [200, 429, 429]
    assert ask("/api/v1/bundle").status_code == 429
    assert ask("/issuers").status_code == 200


@pytest.mark.parametrize("path", ["/issuers.csv", "/issuers.json", "/agencies.csv"])
def test_asking_for_the_head_alone_counts_as_much(path: str) -> None:
    client = Client(REMOTE_ADDR=ELSEWHERE, headers=PAGE)
    assert [client.head(path).status_code for _ in range(2)] == [200, 429]
    assert client.get("/api/v1/bundle").status_code == 429
    assert client.head("/api/v1/bundle").status_code == 429


@pytest.mark.parametrize("path", ["/", "/agencies", "/open-data", "/ledger/checkpoint", "/api/v1/issuers", "/healthz"])
def test_what_costs_little_is_not_counted(path: str) -> None:
    ask_often("/issuers")
    with patch("register.api.limits.counters", side_effect=AssertionError("it was counted")):
        assert 429 not in [ask(path).status_code for _ in range(4)]


def test_other_addresses_are_not_kept_waiting_but_a_network_of_ipv6_is_one_reader() -> None:
    assert ask_often("/issuers") == [200, 200, 429]
    assert ask("/issuers", "192.0.2.8").status_code == 200
    assert [ask("/issuers", f"2001:db8:0:1::{host}").status_code for host in (1, 2, 3)] == [200, 200, 429]
    assert ask("/issuers", "2001:db8:0:2::1").status_code == 200


def test_only_the_address_that_our_proxy_names_counts(settings: Settings) -> None:
    said = {"X-Forwarded-For": "198.51.100.1, 192.0.2.9"}
    assert ask_often("/issuers") == [200, 200, 429]
    assert ask("/issuers", **said).status_code == 429
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    assert ask_often("/issuers", "127.0.0.1", **said) == [200, 200, 429]
    another = {"X-Forwarded-For": "127.0.0.1, 192.0.2.9"}
    assert ask("/issuers", "127.0.0.1", **another).status_code == 429


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_programs_of_this_machine_are_not_counted(address: str) -> None:
    assert ask_often("/issuers", address) == [200, 200, 200]


def test_nothing_is_refused_while_redis_is_away() -> None:
    with patch("register.api.limits.counters", side_effect=RedisDown):
        assert ask_often("/issuers") == [200, 200, 200]


def test_zero_is_no_limit(settings: Settings) -> None:
    settings.ASSAY_SEARCHES_PER_MINUTE = 0
    assert ask_often("/issuers") == [200, 200, 200]


def test_every_name_in_the_table_is_that_of_an_address() -> None:
    from django.urls import get_resolver

    assert set(EXPENSIVE) <= {name for name in get_resolver().reverse_dict if isinstance(name, str)}
