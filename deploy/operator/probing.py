"""Asking what may not answer: everything here ends within a set time, whatever hangs.

The database is asked under a statement time-out. What is asked over other connections (Redis, workers, TLS) is asked in
a few threads of this process; one that hangs is left behind and reported as not known. When all threads hang, later
questions are not known either: the page never waits longer, and threads never pile up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, TypeVar

from django.db import DatabaseError, transaction

from ledger.database import execute

PATIENCE: Final = 3.0
"""Seconds after which an answer of another process is no longer waited for, all of them together."""

DATABASE_MILLISECONDS: Final = 2000
_THREADS: Final = 4
T = TypeVar("T")
_pool: Final = ThreadPoolExecutor(_THREADS, thread_name_prefix="probe")


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: the reason, as the kind of failure; never a text that could hold an address with a password."""

    reason: str


class Probes:
    """Questions under way; `take` gives each answer, or `Silence` once the time for all of them is over."""

    def __init__(self, **questions: Callable[[], Any]) -> None:
        self._until = monotonic() + PATIENCE
        self._asked: dict[str, Future[Any]] = {name: _pool.submit(ask) for name, ask in questions.items()}

    def take(self, name: str) -> Any:
        """Return the answer, or `Silence`."""
        asked = self._asked[name]
        try:
            return asked.result(max(0.0, self._until - monotonic()))
        except Late:
            asked.cancel()
            return Silence("no answer in time")
        except Exception as error:  # whatever it was, the page says that it does not know
            return Silence(type(error).__name__)


@contextmanager
def limited() -> Iterator[None]:
    """Let the statements within take no longer than `DATABASE_MILLISECONDS` each."""
    with transaction.atomic():
        execute("SELECT set_config('statement_timeout', %s, true)", (str(DATABASE_MILLISECONDS),))
        yield


def ask_database(ask: Callable[[], T]) -> T | Silence:
    """Return what a question to the database gives, or `Silence` when it takes too long or fails."""
    try:
        with limited():
            return ask()
    except DatabaseError as error:
        return Silence(type(error).__name__)
