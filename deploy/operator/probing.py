"""Asking what may not answer: everything here ends within a set time, whatever hangs.

The database is asked under a statement time-out. What is asked over other connections (Redis, workers, TLS) is asked in
a few threads of this process; one that hangs is left behind and reported as not known. When all threads hang, later
questions are not known either: the page never waits longer, and threads never pile up.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from dataclasses import dataclass
from socket import gaierror
from time import monotonic
from typing import Any, Final, TypeVar

import redis
from django.db import DatabaseError, transaction
from kombu.exceptions import KombuError
from psycopg.errors import QueryCanceled

from ledger.database import execute
from register.sentences import Said, say
from register.site.telling import tell_plainly

PATIENCE: Final = 3.0
"""Seconds after which an answer of another process is no longer waited for, all of them together."""

DATABASE_MILLISECONDS: Final = 2000
_THREADS: Final = 4
T = TypeVar("T")
_pool: Final = ThreadPoolExecutor(_THREADS, thread_name_prefix="probe")


_KINDS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], Said], ...]] = (
    ((TimeoutError, redis.exceptions.TimeoutError, QueryCanceled), say("no answer in time")),
    (gaierror, say("its name is not known")),
    (ConnectionRefusedError, say("nobody listens there")),
    (ssl.SSLError, say("TLS could not be agreed on")),
    ((OSError, redis.exceptions.ConnectionError, KombuError), say("no connection")),
)
"""Kinds of failure, the particular ones first, in words."""


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: `kind` says why, as the kind of failure; never a text that could hold an address with a password."""

    kind: Said

    @property
    def reason(self) -> str:
        """The reason in the reader's language, as a part of a sentence."""
        return tell_plainly(self.kind)


def explain(error: BaseException) -> Silence:
    """Return the silence that an error means, by what it stems from; of one that nobody foresaw its name."""
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    found = (said for kinds, said in _KINDS for one in causes if isinstance(one, kinds))
    return Silence(next(found, say("a failure of the kind {kind}", kind=type(error).__name__)))


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
            return explain(TimeoutError())
        except Exception as error:  # whatever it was, the page says that it does not know
            return explain(error)


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
        return explain(error)
