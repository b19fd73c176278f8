"""Limits: size of bodies and number of requests, by token or address, with the time to wait."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisDown

from register.api.bodies import BODY_LIMIT
from register.api.limits import Drawn, WriteLimit, counters
from tests.api.callers import Answer, Caller, check_problem, make_caller

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    counters().flushdb()
    monkeypatch.setattr("register.api.limits._drawn", Drawn())


def test_a_body_beyond_the_limit_is_413_by_its_declared_and_its_true_length() -> None:
    caller = make_caller("operator")
    check_problem(caller.post("/api/v1/agencies", b'"' + b"x" * BODY_LIMIT + b'"'), 413, "too_large")
    check_problem(caller.post("/api/v1/agencies", b'"' + b"x" * (BODY_LIMIT - 2) + b'"'), 400, "body_not_an_object")
    headers = caller.headers()
    declared = caller.client.generic(
        "POST",
        "/api/v1/agencies",
        b"{}",
        content_type="application/json",
        headers=headers,
        CONTENT_LENGTH="99999999999",
    )
    assert declared.status_code == 413
    nonsense = caller.client.generic(
        "POST", "/api/v1/agencies", b"{}", content_type="application/json", headers=headers, CONTENT_LENGTH="-1"
    )
    assert nonsense.status_code == 400


def test_writes_are_counted_by_token(settings: Settings) -> None:
    settings.ASSAY_WRITES_PER_MINUTE = 3
    caller, other = make_caller("operator"), make_caller("agency", "01900000-0000-7000-8000-000000000001")
    for _ in range(3):
        assert caller.post("/api/v1/agencies", {}).status == 400
    answer = caller.post("/api/v1/agencies", {})
    check_problem(answer, 429, "throttled")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert other.post("/api/v1/issuers", {}).status == 400
    assert caller.get("/api/v1/me").status == 200


def test_a_process_draws_a_thousandth_of_a_limit_at_a_time_and_lets_no_more_through() -> None:
    limit, most = WriteLimit(), 2500
    with patch("register.api.limits.counters", wraps=counters) as asked:
        passed = sum(limit.count("somebody", most) <= most for _ in range(most + 50))
    assert passed == most
    assert asked.call_count == (most + 50) / 2
    assert limit.count("somebody else", most) == 1


def test_what_was_drawn_of_one_minute_is_worth_nothing_in_the_next() -> None:
    limit, most = WriteLimit(), 10_000
    with patch("register.api.limits.time.time", return_value=6_000.0) as now:
        assert [limit.count("somebody", most) for _ in range(3)] == [1, 2, 3]
        now.return_value = 6_060.0
        assert limit.count("somebody", most) == 1


def test_processes_that_share_a_counter_draw_different_numbers() -> None:
    limit, most = WriteLimit(), 3000
    mine = [limit.count("somebody", most) for _ in range(2)]
    with patch("register.api.limits._drawn", Drawn()):
        others = [limit.count("somebody", most) for _ in range(3)]
    mine += [limit.count("somebody", most) for _ in range(2)]
    assert (mine, others) == ([1, 2, 3, 7], [4, 5, 6])


def test_lists_of_questions_are_counted_by_address_and_a_forwarded_address_is_not_believed(
    settings: Settings,
) -> None:
    settings.ASSAY_BATCHES_PER_MINUTE = 2
    for number in range(2):
        assert Caller().post("/api/v1/trust", {}, **{"X-Forwarded-For": f"192.0.2.{number}"}).status == 400
    check_problem(Caller().post("/api/v1/trust", {}, **{"X-Forwarded-For": "192.0.2.9"}), 429, "throttled")
    elsewhere = Caller().client.post("/api/v1/trust", "{}", content_type="application/json", REMOTE_ADDR="192.0.2.1")
    assert elsewhere.status_code == 400


def test_reads_are_counted_only_when_an_operator_says_so(settings: Settings) -> None:
    settings.ASSAY_READS_PER_MINUTE = 0
    with patch("register.api.limits.counters") as counted:
        assert Caller().get("/api/v1/trust").status == 400
    counted.assert_not_called()
    settings.ASSAY_READS_PER_MINUTE = 1
    assert Caller().get("/api/v1/trust").status == 400
    check_problem(Caller().get("/api/v1/trust"), 429, "throttled")


def test_a_register_whose_counters_are_away_still_answers(settings: Settings) -> None:
    settings.ASSAY_WRITES_PER_MINUTE = 1
    caller = make_caller("operator")
    with patch("register.api.limits.counters", side_effect=RedisDown("gone")):
        for _ in range(3):
            assert caller.post("/api/v1/agencies", {}).status == 400


@pytest.fixture
def hung(settings: Settings) -> Iterator[threading.Event]:
    """A Redis that takes connections and says nothing, until it gives up (and says so) so that no test hangs."""
    gave_up = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def give_up() -> None:
            gave_up.set()
            server.close()

        patience = threading.Timer(20, give_up)
        patience.start()
        settings.REDIS_URL = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        counters.cache_clear()
        yield gave_up
        patience.cancel()
    counters.cache_clear()


def test_a_redis_that_hangs_does_not_hold_a_write_up(settings: Settings, hung: threading.Event) -> None:
    settings.ASSAY_WRITES_PER_MINUTE = 1
    caller = make_caller("operator")
    for _ in range(3):
        assert caller.post("/api/v1/agencies", {}).status == 400
    assert not hung.is_set()


def test_a_preflight_is_answered_and_reading_is_open_to_pages_of_any_origin() -> None:
    answer = Answer(Caller().client.options("/api/v1/trust"))
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert Caller().get("/api/v1/reasons").headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in Caller().get("/api/v1/reasons").headers


def test_what_has_not_changed_is_304() -> None:
    first = Caller().get("/api/v1/vocabularies/eqf")
    assert first.headers["Cache-Control"] == "no-cache"
    again = Caller().get("/api/v1/vocabularies/eqf", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.content) == (304, b"")
    other = Caller().get("/api/v1/vocabularies/isced-f", **{"If-None-Match": first.headers["ETag"]})
    assert other.status == 200
