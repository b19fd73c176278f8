"""Counts that are kept: what takes long to count is counted once for all processes, and again when the ledgers grew.

Whatever the size of the register, counting anew never takes more than a share of the time: an answer that took a
second is given for SHARE seconds, though the ledgers have grown meanwhile. Each answer says how far the ledgers went
when it was counted, so a page can. While Redis is away every request counts for itself. Few count at a time
(register.queries.turns), and no statement of a count runs for longer than turns.LONGEST.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.core.cache import cache
from django.db import OperationalError, transaction
from redis.exceptions import RedisError

from ledger.database import execute
from register.errors import Busy
from register.queries.cuts import Cut
from register.queries.turns import LONGEST as LONGEST_STATEMENT
from register.queries.turns import SLOW, TODAY, take_turn

log = logging.getLogger(__name__)

SHARE: Final = 20
"""An answer is given for so many times as long as it took."""
LONGEST: Final = 600
"""Seconds after which even an answer about unchanged ledgers is counted anew: what is valid today changes by itself."""
STALE: Final = 86_400
"""Seconds for which an answer is held, to be given to others while one reader waits for a slow count."""
_CANCELLED: Final = "57014"
"""SQLSTATE of a statement that took longer than it may."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that was counted, when, and how many entries of our own ledger it knew; `seconds` it took."""

    value: Any
    counted_at: datetime
    size: int
    logs: tuple[tuple[int, int], ...]
    seconds: float

    @property
    def age(self) -> float:
        """Seconds since it was counted."""
        return (datetime.now(UTC) - self.counted_at).total_seconds()


def keep(name: str, cut: Cut, count: Callable[[], Any], lane: str = TODAY) -> Kept:
    """Return the value kept under a name for the ledgers of a cut, counted now where it is missing or too old.

    The value must be made of what pickle knows. `name` says everything the value depends on but the ledgers. Raises
    Busy where nothing is kept and no turn of the lane is free.
    """
    logs = tuple((one.log_id, one.size) for one in cut.all)
    known = "" if cut.newest else repr(logs)
    key = "kept-" + hashlib.sha256(f"{name}|{cut.log_id}|{len(logs)}|{known}".encode()).hexdigest()
    found = _fetch(key)
    if found is not None and found.age < LONGEST and (found.logs == logs or found.age < SHARE * found.seconds):
        return found
    if found is not None and found.seconds > SLOW and not _begin(key, found.seconds):
        return found
    try:
        with take_turn(lane):
            value, seconds = _count_in_time(count)
    except Busy:
        if found is None:
            raise
        return found
    made = Kept(value, datetime.now(UTC), cut.size, logs, seconds)
    _store(key, made)
    return made


def _count_in_time(count: Callable[[], Any]) -> tuple[Any, float]:
    """Count, and return how many seconds it took, too; give up with Busy what takes too long."""
    try:
        with transaction.atomic():
            execute("SELECT set_config('statement_timeout', %s, true)", (f"{int(LONGEST_STATEMENT * 1000)}ms",))
            start = time.perf_counter()
            value = count()
            return value, time.perf_counter() - start
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != _CANCELLED:
            raise
        raise Busy(LONGEST) from error


def _begin(key: str, seconds: float) -> bool:
    """Tell whether nobody else is counting just now; whoever begins is believed for four times as long as it took."""
    try:
        return bool(cache.add(f"{key}-counting", 1, 4 * seconds))
    except (RedisError, OSError):
        return True


def _fetch(key: str) -> Kept | None:
    try:
        found = cache.get(key)
    except (RedisError, OSError):
        log.warning("Redis cannot be asked for counts; they are counted anew")
        return None
    return found if isinstance(found, Kept) else None


def _store(key: str, made: Kept) -> None:
    try:
        cache.set(key, made, STALE)
    except (RedisError, OSError):
        log.warning("Redis cannot keep counts; the next reader counts anew")
