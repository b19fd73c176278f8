"""Work done once for all who ask: one at a time, and whatever was asked for last is done in the end.

Three marks in Redis for each piece of work, the last two only where tasks must not run side by side:

| mark | set by | taken away by |
|---|---|---|
| queued | who asks, if it is not set: then a task is put on the queue | the task, before it looks at anything |
| busy | the task that works | the same task, when it is done |
| again | a task that finds another at work | the task at work, before it looks at anything |

Who asks has committed first, so whoever takes a mark away and looks afterwards sees it. A task that finds another one
at work leaves `again` and tries once more: either it gets the turn, or the other has not given it up yet and will find
the mark. Marks expire: after a crash, or when Redis forgot everything, the beat's regular call does what is left.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol
from uuid import uuid4

from django.core.cache import cache as redis

from register.jobs import BROKER_FAULTS, enqueue

log = logging.getLogger(__name__)

QUEUED_SECONDS: Final = 120
BUSY_SECONDS: Final = 60
PAUSE_SECONDS: Final = 1
PAUSE_COUNTDOWN: Final = 0.5
"""Within `PAUSE_SECONDS` of a call to work the next one waits this long, and takes along all that come meanwhile."""

QUIET_SECONDS: Final = 5
"""After a failure nobody asks Redis for so long: when it hangs, only the first writer waits for it."""


class Marks(Protocol):
    """What is needed of a cache; Django's has it."""

    def add(self, key: str, value: Any, timeout: int) -> bool:
        """Set a key unless it is set, and tell whether it was done."""

    def set(self, key: str, value: Any, timeout: int) -> None:
        """Set a key."""

    def get(self, key: str) -> Any:
        """Return a key's value, or None."""

    def delete(self, key: str) -> bool:
        """Remove a key."""


class Asking:
    """Asks for a kind of task from where nobody may wait or fail for it; `paced` ones keep a pause between them."""

    def __init__(self, task: str, *, paced: bool = False) -> None:
        self._task = task
        self._paced = paced
        self._quiet_until = 0.0

    def ask(self, *args: str, marks: Marks = redis) -> None:
        """Have the task run soon, once for all who ask before it begins; never raises for want of a broker."""
        if time.monotonic() < self._quiet_until:
            return
        try:
            if marks.add(_key("queued", self._task, *args), 1, QUEUED_SECONDS):
                self._enqueue(args, marks)
        except BROKER_FAULTS as error:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            log.warning("%s is not started, the beat will do it: %s", self._task, type(error).__name__)

    def _enqueue(self, args: Sequence[str], marks: Marks) -> None:
        first = not self._paced or marks.add(_key("pause", self._task, *args), 1, PAUSE_SECONDS)
        try:
            enqueue(self._task, *args, countdown=None if first else PAUSE_COUNTDOWN)
        except BROKER_FAULTS:
            marks.delete(_key("queued", self._task, *args))
            raise


def note_start(task: str, *args: str, marks: Marks = redis) -> None:
    """Tell those who ask that the task has begun and may have looked already; called before it looks at anything."""
    try:
        marks.delete(_key("queued", task, *args))
    except BROKER_FAULTS as error:
        log.warning("%s may not be asked for again for %d s: %s", task, QUEUED_SECONDS, type(error).__name__)


def work_in_turn(task: str, work: Callable[[], object], *, marks: Marks = redis) -> None:
    """Do the work unless another task does; then that one does it once more. Raises what `work` raises."""
    note_start(task, marks=marks)
    while _try_once(task, work, marks):
        if marks.get(_key("again", task)) is None:
            return


def _try_once(task: str, work: Callable[[], object], marks: Marks) -> bool:
    """Tell whether it was our turn, and the work was done."""
    busy, again, token = _key("busy", task), _key("again", task), uuid4().hex
    if not marks.add(busy, token, BUSY_SECONDS):
        marks.set(again, 1, QUEUED_SECONDS)
        if not marks.add(busy, token, BUSY_SECONDS):
            return False
    try:
        marks.delete(again)
        work()
    finally:
        if marks.get(busy) == token:
            marks.delete(busy)
    return True


def _key(mark: str, task: str, *args: str) -> str:
    return ":".join(("turn", mark, task, *args))
