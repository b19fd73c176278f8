"""Shared turns: whoever's turn it is works for all who are waiting, so that what each would do alone is done once.

For work that only one may do at a time and whose cost hardly grows with the number of those it is done for: a
transaction with its commit. Nothing waits for company: who is alone is served at once, and company gathers only while
somebody is at work. Threads of one process share turns; processes take turns by the locks of the database.

The turn is handed to whoever has waited longest, and who was served leaves at once: with one lock for all to wait at,
newcomers would slip in before, the served would wait for their turns, too, and groups would stay small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

A = TypeVar("A")
G = TypeVar("G")

Take = Callable[[], Sequence[A]]
"""Takes all who are waiting at that moment, whoever calls among them; to be called once, as late as possible."""


def _closed() -> Lock:
    lock = Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Call(Generic[A, G]):
    """What one caller asked and what became of it: exactly one of `given` and `error` once it is served.

    Whoever serves it, or hands it the turn, opens `ready`.
    """

    asked: A
    given: G | None = None
    error: BaseException | None = None
    served: bool = False
    ready: Lock = field(default_factory=_closed)

    def settle(self, outcome: G | BaseException) -> None:
        if isinstance(outcome, BaseException):
            self.error = outcome
        else:
            self.given = outcome
        self.served = True
        self.ready.release()


class SharedTurn(Generic[A, G]):
    """Callers of `ask` are served one group after another, each group by one of its own threads.

    `serve` is given a `Take` and returns one outcome for each one taken, in their order: what to return, or an
    exception to raise there. What it raises itself is raised to all it took, and to all who wait if it took nobody.
    """

    def __init__(self, serve: Callable[[Take[A]], Sequence[G | Exception]]) -> None:
        self._serve = serve
        self._door = Lock()
        """Guards the two below."""
        self._waiting: list[_Call[A, G]] = []
        self._at_work: _Call[A, G] | None = None

    def ask(self, asked: A) -> G:
        """Wait for a turn or for somebody who takes this along, and return what came of it."""
        call: _Call[A, G] = _Call(asked)
        try:
            self._enter(call)
            call.ready.acquire()
            if not call.served:
                self._serve_group()
        finally:
            self._leave(call)
        if call.error is not None:
            raise call.error
        return call.given  # type: ignore[return-value]  # it was served without an error

    def _enter(self, call: _Call[A, G]) -> None:
        with self._door:
            self._waiting.append(call)
            if self._at_work is None:
                self._hand_on()

    def _leave(self, call: _Call[A, G]) -> None:
        """Give the turn up; an interrupted caller (a signal) also stops waiting, or it would be served unheard."""
        with self._door:
            if not call.served and call in self._waiting:
                self._waiting.remove(call)
            if self._at_work is call:
                self._hand_on()

    def _hand_on(self) -> None:
        self._at_work = self._waiting[0] if self._waiting else None
        if self._at_work is not None:
            self._at_work.ready.release()

    def _serve_group(self) -> None:
        group: list[_Call[A, G]] = []

        def take() -> list[A]:
            with self._door:
                group.extend(self._waiting)
                self._waiting.clear()
            return [call.asked for call in group]

        try:
            for call, outcome in zip(group, self._serve(take), strict=True):
                call.settle(outcome)
        except BaseException as error:
            if not group:
                take()
            for call in group:
                if not call.served:
                    call.settle(error)
