"""Shared turns: who comes while somebody is at work is served with all who wait, and nobody waits for company."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from register.shared_turn import SharedTurn, Take


class Work:
    """Doubles numbers; refuses odd ones of a group, raises for all when one is negative; keeps what it was given.

    The first group is held up until `go` is set, so that a second one gathers.
    """

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, take: Take[int]) -> Sequence[int | Exception]:
        group = list(take())
        self.groups.append(group)
        self.begun.set()
        assert self.go.wait(10)
        if min(group) < 0:
            raise RuntimeError("for all")
        return [ValueError(number) if number % 2 else 2 * number for number in group]


def ask_behind_the_first(turn: SharedTurn[int, int], work: Work, numbers: Sequence[int]) -> list[Future[int]]:
    """Ask for 0, and while that is under way for the numbers; then let all go on."""
    with ThreadPoolExecutor(len(numbers) + 1) as pool:
        first = pool.submit(turn.ask, 0)
        assert work.begun.wait(10)
        asked = []
        for place, number in enumerate(numbers, 1):
            asked.append(pool.submit(turn.ask, number))
            while len(turn._waiting) < place:
                pass
        work.go.set()
    assert first.result() == 0
    return asked


def test_who_is_alone_is_served_at_once() -> None:
    work = Work()
    work.go.set()
    turn = SharedTurn(work)
    assert [turn.ask(number) for number in (2, 4)] == [4, 8]
    assert work.groups == [[2], [4]]


def test_who_comes_meanwhile_is_served_together_and_each_gets_its_own() -> None:
    work = Work()
    asked = ask_behind_the_first(SharedTurn(work), work, [2, 4, 6])
    assert [future.result() for future in asked] == [4, 8, 12]
    assert work.groups == [[0], [2, 4, 6]]


def test_an_outcome_that_is_an_error_is_raised_where_it_belongs() -> None:
    work = Work()
    two, three, four = ask_behind_the_first(SharedTurn(work), work, [2, 3, 4])
    assert (two.result(), four.result()) == (4, 8)
    with pytest.raises(ValueError, match="3"):
        three.result()


def test_what_the_work_raises_is_raised_to_all_and_the_next_turn_is_as_any_other() -> None:
    work = Work()
    turn = SharedTurn(work)
    for future in ask_behind_the_first(turn, work, [2, -1]):
        with pytest.raises(RuntimeError, match="for all"):
            future.result()
    assert turn.ask(8) == 16


def test_an_error_before_anybody_was_taken_leaves_nobody_waiting() -> None:
    def fail(take: Take[int]) -> Sequence[int | Exception]:
        raise OSError("no database")

    turn: SharedTurn[int, int] = SharedTurn(fail)
    for _ in range(2):
        with pytest.raises(OSError, match="no database"):
            turn.ask(1)
    assert turn._waiting == []
