"""Shared turns: who comes while somebody is at work is served with all who wait, and nobody waits for company."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from unittest.mock import patch

import pytest

from register.shared_turn import SharedTurn, Take, _Call


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


class Gate:
    """Work of which each group waits until it is let through; odd numbers are refused to all of their group."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.taken, self.let = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, take: Take[int]) -> Sequence[int | Exception]:
        group = list(take())
        self.groups.append(group)
        self.taken.release()
        assert self.let.acquire(timeout=10)
        if any(number % 2 for number in group):
            raise ValueError(f"{group} is refused")
        return [2 * number for number in group]


def test_who_comes_while_another_is_refused_is_not_refused_along() -> None:
    gate = Gate()
    turn = SharedTurn(gate)
    with ThreadPoolExecutor(2) as pool:
        refused = pool.submit(turn.ask, 1)
        assert gate.taken.acquire(timeout=10)
        later = pool.submit(turn.ask, 2)
        while not turn._waiting:
            pass
        gate.let.release(2)
        with pytest.raises(ValueError, match=r"\[1\] is refused"):
            refused.result(10)
        assert later.result(10) == 4
    assert gate.groups == [[1], [2]]


def test_who_was_served_leaves_while_the_next_group_is_at_work() -> None:
    gate = Gate()
    turn = SharedTurn(gate)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(turn.ask, 0)
        assert gate.taken.acquire(timeout=10)
        second = [pool.submit(turn.ask, number) for number in (2, 4, 6)]
        while len(turn._waiting) < 3:
            pass
        gate.let.release()
        assert gate.taken.acquire(timeout=10)
        third = pool.submit(turn.ask, 8)
        while not turn._waiting:
            pass
        gate.let.release()
        assert gate.taken.acquire(timeout=10), "the third group is at work"
        assert first.result(10) == 0
        assert [future.result(10) for future in second] == [4, 8, 12]
        assert not third.done()
        gate.let.release()
        assert third.result(10) == 16
    assert turn._at_work is None


class Interrupted:
    """What a caller waits at whom a signal interrupts there."""

    def acquire(self) -> bool:
        raise KeyboardInterrupt

    def release(self) -> None:
        pass


def ask_and_be_interrupted(turn: SharedTurn[int, int], number: int) -> None:
    def begin(asked: int) -> _Call[int, int]:
        return _Call(asked, ready=Interrupted())  # type: ignore[arg-type]  # a lock cannot be made to raise

    with patch("register.shared_turn._Call", begin), pytest.raises(KeyboardInterrupt):
        turn.ask(number)


def test_whoever_is_interrupted_while_waiting_is_not_served_and_holds_nobody_up() -> None:
    gate = Gate()
    turn = SharedTurn(gate)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(turn.ask, 0)
        assert gate.taken.acquire(timeout=10)
        ask_and_be_interrupted(turn, 2)
        later = pool.submit(turn.ask, 4)
        gate.let.release(2)
        assert (first.result(10), later.result(10)) == (0, 8)
    assert gate.groups == [[0], [4]]


def test_whoever_is_interrupted_with_the_turn_in_hand_hands_it_on() -> None:
    gate = Gate()
    turn = SharedTurn(gate)
    gate.let.release()
    ask_and_be_interrupted(turn, 2)
    assert turn.ask(4) == 8
    assert gate.groups == [[4]]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_work_that_loses_count_leaves_nobody_without_an_answer(number: int) -> None:
    gate = Gate()

    def miscount(take: Take[int]) -> Sequence[int | Exception]:
        return ([*gate(take)] * 2)[:number] if gate.groups else gate(take)

    turn: SharedTurn[int, int] = SharedTurn(miscount)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(turn.ask, 0)
        assert gate.taken.acquire(timeout=10)
        asked = [pool.submit(turn.ask, 2) for _ in range(2)]
        while len(turn._waiting) < 2:
            pass
        gate.let.release(2)
        outcomes = [future.exception(10) or future.result() for future in asked]
    assert [type(outcome) for outcome in outcomes].count(int) == min(number, 2)
    assert all(isinstance(outcome, int | ValueError) for outcome in outcomes)
