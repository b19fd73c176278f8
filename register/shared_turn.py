"""Shared turns: whoever's turn it is works for all who are waiting, so that what each would do alone is done once.

For work that only one may do at a time and whose cost hardly grows with the number of those it is done for: a
transaction with its commit. Nothing waits for company: who is alone is served at once, and company gathers only while
somebody is at work. Threads of one process share turns; processes take turns by the locks of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

A = TypeVar("A")
G = TypeVar("G")

Take = Callable[[], Sequence[A]]
"""Takes all who are waiting at that moment, whoever calls among them; to be called once, as late as possible."""


@dataclass(slots=True, eq=False)
class _Call(Generic[A, G]):
    """What one caller asked and what became of it: exactly one of `given` and `error` once it is served."""

    asked: A
    given: G | None = None
    error: BaseException | None = None
    served: bool = False

    def settle(self, outcome: G | BaseException) -> None:
        if isinstance(outcome, BaseException):
            self.error = outcome
        else:
            self.given = outcome
        self.served = True


class SharedTurn(Generic[A, G]):
    """Callers of `ask` are served one group after another, each group by one of its own threads.

    `serve` is given a `Take` and returns one outcome for each one taken, in their order: what to return, or an
    exception to raise there. What it raises itself is raised to all of them.
    """

    def __init__(self, serve: Callable[[Take[A]], Sequence[G | Exception]]) -> None:
        self._serve = serve
        self._waiting: list[_Call[A, G]] = []
        self._door = Lock()
        self._turn = Lock()

    def ask(self, asked: A) -> G:
        """Wait for a turn or for somebody who takes this along, and return what came of it."""
        call: _Call[A, G] = _Call(asked)
        with self._door:
            self._waiting.append(call)
        with self._turn:
            if not call.served:
                self._serve_group()
        if call.error is not None:
            raise call.error
        return call.given  # type: ignore[return-value]  # it was served without an error

    def _serve_group(self) -> None:
        group: list[_Call[A, G]] = []

        def take() -> list[A]:
            with self._door:
                group.extend(self._waiting)
                self._waiting.clear()
            return [call.asked for call in group]

        try:
            outcomes: Sequence[G | BaseException] = self._serve(take)
        except BaseException as error:
            take()
            outcomes = [error] * len(group)
        for call, outcome in zip(group, outcomes, strict=True):
            call.settle(outcome)
