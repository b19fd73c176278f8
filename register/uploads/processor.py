"""A bound on the processor time of a piece of work: a file within all bounds of size may still be slow to read.

Processor time and not the clock's, since a busy machine is no fault of the file. By a signal, for work that touches
nothing but memory: raised in the middle of a statement, it would leave the connection to the database unusable.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from register.uploads.errors import TookTooLong

_AGAIN: Final = 1.0
"""Seconds of processor time after which to raise once more: what is raised while an object is deleted is swallowed."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in the block once this process has used so many seconds of processor time in it.

    For the main thread, in which a worker runs its jobs. One call into a library is interrupted when it returns; what
    never returns is ended with its worker by the hard limit of the job (tasks.HARDEST).
    """
    before = signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before if before is not None else signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    raise TookTooLong
