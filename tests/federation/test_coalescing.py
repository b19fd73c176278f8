"""Asking for work: bounded in number, one at a time, and the last thing asked for is done, however steps interleave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import given, settings
from hypothesis import strategies as st

from federation import coalescing, tasks
from federation.coalescing import Asking, note_start, work_in_turn

TASK = "federation.test"


class Stage:
    """Lets one thread go on at a time, from one step to the next; who it is, is drawn."""

    def __init__(self, draw: Callable[[int], int]) -> None:
        self._draw = draw
        self._turns: dict[threading.Thread, threading.Semaphore] = {}
        self._back = threading.Semaphore(0)
        self.failures: list[BaseException] = []

    def add(self, part: Callable[[], None]) -> None:
        turn = threading.Semaphore(0)

        def play() -> None:
            turn.acquire()
            try:
                part()
            except BaseException as error:
                self.failures.append(error)
            finally:
                del self._turns[threading.current_thread()]
                self._back.release()

        thread = threading.Thread(target=play, daemon=True)
        self._turns[thread] = turn
        thread.start()

    def step(self) -> None:
        """Called by a part: wait until it is its turn again."""
        turn = self._turns[threading.current_thread()]
        self._back.release()
        turn.acquire()

    def run(self) -> None:
        """Play to the end: whoever is drawn goes on for some steps, so that long lags are drawn as often as short."""
        while self._turns:
            threads = list(self._turns)
            chosen = threads[self._draw(len(threads))]
            for _ in range(1 + self._draw(6)):
                if chosen in self._turns:
                    self._turns[chosen].release()
                    self._back.acquire()
        assert self.failures == []


@dataclass
class StagedMarks:
    """Redis as the marks need it, each call a step."""

    stage: Stage
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, key: str, value: Any, timeout: int) -> bool:
        self.stage.step()
        if "pause" in key:
            return True
        if key in self.values:
            return False
        self.values[key] = value
        return True

    def set(self, key: str, value: Any, timeout: int) -> None:
        self.stage.step()
        self.values[key] = value

    def get(self, key: str) -> Any:
        self.stage.step()
        return self.values.get(key)

    def delete(self, key: str) -> bool:
        self.stage.step()
        return self.values.pop(key, None) is not None


@dataclass
class Play:
    """Writers that commit and ask, and workers that announce what is newest when they look."""

    stage: Stage
    newest: int = 0
    announced: int = 0
    working: int = 0
    runs: int = 0

    def write(self, marks: StagedMarks) -> None:
        self.stage.step()
        self.newest += 1
        Asking(TASK, paced=True).ask(marks=marks)

    def work(self) -> None:
        self.working += 1
        self.runs += 1
        assert self.working == 1, "one at a time"
        seen = self.newest
        self.stage.step()
        self.announced = max(self.announced, seen)
        self.working -= 1


@given(st.data(), st.integers(1, 6))
@settings(max_examples=300, deadline=None)
def test_the_last_thing_asked_for_is_done_in_every_interleaving(data: st.DataObject, writers: int) -> None:
    stage = Stage(lambda count: data.draw(st.integers(0, count - 1)))
    marks, play = StagedMarks(stage), Play(stage)
    queued: list[None] = []

    def start_task(task: str, countdown: float | None = None) -> None:
        queued.append(None)
        stage.add(lambda: work_in_turn(TASK, play.work, marks=marks))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coalescing, "enqueue", start_task)
        for _ in range(writers):
            stage.add(lambda: play.write(marks))
        stage.run()
    assert play.announced == play.newest == writers
    assert len(queued) <= writers
    assert "busy" not in "".join(marks.values)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """What is put on the queue: the countdown of each task."""
    cache.clear()
    started: list[float | None] = []
    monkeypatch.setattr(coalescing, "enqueue", lambda task, *args, countdown=None: started.append(countdown))
    return started


@pytest.mark.services
def test_a_burst_of_writes_is_one_task_and_the_next_burst_waits_a_moment(queue: list[float | None]) -> None:
    asking = Asking(TASK, paced=True)
    for _ in range(100):
        asking.ask()
    assert queue == [None]
    work_in_turn(TASK, lambda: None)
    for _ in range(100):
        asking.ask()
    assert queue == [None, coalescing.PAUSE_COUNTDOWN]


@pytest.mark.services
def test_what_is_asked_for_one_log_waits_for_no_other(queue: list[float | None]) -> None:
    asking = Asking(TASK)
    for origin in ("a", "b", "a", "b"):
        asking.ask(origin)
    assert len(queue) == 2
    note_start(TASK, "a")
    asking.ask("b")
    asking.ask("a")
    assert queue == [None, None, None]


@pytest.mark.services
def test_work_that_fails_leaves_the_turn_to_the_next(queue: list[float | None]) -> None:
    def fail() -> None:
        raise OSError("no")

    done: list[int] = []
    with pytest.raises(OSError, match="no"):
        work_in_turn(TASK, fail)
    work_in_turn(TASK, lambda: done.append(1))
    assert done == [1]


@pytest.mark.services
def test_a_task_that_finds_another_at_work_has_it_done_once_more(queue: list[float | None]) -> None:
    done: list[str] = []

    def work() -> None:
        if not done:
            work_in_turn(TASK, lambda: done.append("never"))
        done.append("work")

    work_in_turn(TASK, work)
    assert done == ["work", "work"]


@pytest.mark.services
def test_whoever_ends_just_before_it_is_told_to_go_on_is_stood_in_for(queue: list[float | None]) -> None:
    """It gave its turn up and has looked for the mark; then the mark is set: only who set it can do the work."""
    done: list[str] = []
    busy = f"turn:busy:{TASK}"

    class Late:
        def __getattr__(self, name: str) -> Any:
            return getattr(cache, name)

        def set(self, key: str, value: Any, timeout: int) -> None:
            cache.delete(busy)
            cache.set(key, value, timeout)

    cache.set(busy, "another", 60)
    work_in_turn(TASK, lambda: done.append("work"), marks=Late())
    assert done == ["work"]


@pytest.mark.services
def test_a_broker_that_does_not_answer_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fail(task: str, countdown: float | None = None) -> None:
        asked.append(task)
        raise ConnectionRefusedError

    cache.clear()
    monkeypatch.setattr(coalescing, "enqueue", fail)
    monkeypatch.setattr(tasks, "_announcing", Asking("federation.announce"))
    for _ in range(10):
        tasks.announce_soon("register.nl.example/ledger", 7)
    assert asked == ["federation.announce"]
    monkeypatch.setattr(tasks, "_announcing", Asking("federation.announce"))
    tasks.announce_soon("register.nl.example/ledger", 8)
    assert len(asked) == 2, "what was not queued is not marked as queued"
