"""Turns at counting: few at a time, in lanes of their own, given back whatever happens; what pages say meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from ledger.database import fetch_one
from register.errors import Busy
from register.queries import kept, turns
from register.queries.cuts import resolve_cut
from register.queries.kept import keep
from register.queries.turns import DATED, HELD, RETRY, TODAY, take_turn
from tests import factories

DAY = "2020-01-01"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Begin and end with nothing kept and no turn taken."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no turn."""
    monkeypatch.setattr(turns, "PATIENCE", 0.0)


def take_elsewhere(lane: str) -> list[str]:
    """Take all turns of a lane as another process of the node does; return their names."""
    names = [f"counting-{lane}-{number}" for number in range(turns.TURNS[lane])]
    assert all(cache.add(name, "another", HELD) for name in names)
    return names


def test_while_all_turns_of_a_lane_are_taken_elsewhere_the_other_lane_goes_on() -> None:
    names = take_elsewhere(DATED)
    with pytest.raises(Busy) as refused, take_turn(DATED):
        pytest.fail("there was no turn")
    assert refused.value.seconds == RETRY
    with take_turn(TODAY):
        pass
    cache.delete(names[0])
    with take_turn(DATED):
        assert cache.get(names[0]) is not None


def test_no_more_count_at_a_time_than_there_are_turns() -> None:
    with take_turn(TODAY), take_turn(TODAY), pytest.raises(Busy), take_turn(TODAY):
        pytest.fail("there was no turn")
    with take_turn(TODAY), take_turn(TODAY):
        pass


def test_a_turn_comes_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), take_turn(DATED):
        raise ZeroDivisionError
    with take_turn(DATED):
        pass


def test_a_turn_that_expired_and_is_anothers_now_is_left_to_it() -> None:
    with take_turn(DATED):
        cache.set("counting-dated-0", "another", HELD)
    assert cache.get("counting-dated-0") == "another"


def test_after_a_slow_count_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 60.0)
    monkeypatch.setattr(turns, "SLOW", -1.0)
    with take_turn(DATED):
        pass
    take_elsewhere(DATED)
    with pytest.raises(Busy), take_turn(DATED):
        pytest.fail("there was no turn")


def test_without_redis_a_process_keeps_to_the_same_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RedisAway

    for name in ("add", "get", "set", "delete"):
        monkeypatch.setattr(cache, name, refuse)
    with take_turn(DATED), pytest.raises(Busy), take_turn(DATED):
        pytest.fail("there was no turn")
    with take_turn(DATED):
        pass


@pytest.mark.django_db
def test_a_count_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.open_register()
    monkeypatch.setattr(kept, "LONGEST_STATEMENT", 0.05)
    with pytest.raises(Busy):
        keep("slow", resolve_cut(), lambda: fetch_one("SELECT pg_sleep(20)", ()))
    assert fetch_one("SELECT 1", ()) == (1,)


@pytest.mark.django_db
def test_what_was_counted_is_given_while_it_cannot_be_counted_anew() -> None:
    factories.open_register()
    cut = resolve_cut()
    assert keep("test", cut, lambda: 1).value == 1
    grown = cut._replace(size=cut.size + 1)
    take_elsewhere(TODAY)
    assert keep("test", grown, lambda: 2).value == 1


@pytest.mark.parametrize("path", ["/figures", "/countries", "/countries/NL"])
def test_a_page_of_figures_says_that_they_are_being_counted(transactional_db: None, client: Client, path: str) -> None:
    factories.open_register()
    names = take_elsewhere(DATED)
    address = f"{path}?at={DAY}"
    page = client.get(address)
    assert (page.status_code, page["Retry-After"]) == (503, str(RETRY))
    assert "still being counted" in page.content.decode()
    told = client.get(address, headers={"Accept": "application/json"})
    assert (told.status_code, told["Retry-After"]) == (503, str(RETRY))
    assert json.loads(told.content)["code"] == "busy"
    assert client.get(path).status_code == 200
    cache.delete_many(names)
    assert client.get(address).status_code == 200
    take_elsewhere(DATED)
    assert client.get(address).status_code == 200


def test_a_list_of_issuers_does_not_wait_for_the_counts_beside_it(transactional_db: None, client: Client) -> None:
    factories.open_register()
    for number in range(3):
        factories.make_issuer(names={"en": f"College {number}"}, provider_type=number % 2 + 1)
    names = take_elsewhere(DATED)
    page = client.get(f"/issuers?at={DAY}").content.decode()
    assert "College 1" in page
    assert "still being counted" in page
    assert "Type of provider" not in page
    cache.delete_many(names)
    page = client.get(f"/issuers?at={DAY}").content.decode()
    assert "still being counted" not in page
    assert "Type of provider" in page
