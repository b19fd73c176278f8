"""Turns at counting: in the whole node few count at a time, however many dates strangers ask about.

Counting a large register takes seconds of a database that everything else needs, too. Each lane has some turns, kept in
Redis for all processes; what is asked of today has turns of its own, so that questions about other days cannot keep it
waiting. Each process keeps to the same number by itself, so a node whose Redis is away stays bounded. Whoever dies in
the middle gives the turn back by its expiry.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from django.core.cache import cache
from redis.exceptions import RedisError

from register.errors import Busy

log = logging.getLogger(__name__)

TODAY: Final = "today"
DATED: Final = "dated"
TURNS: Final[Mapping[str, int]] = {TODAY: 2, DATED: 1}
"""Lane → how many count at a time."""

LONGEST: Final = 60.0
"""Seconds after which a single statement of a count is given up."""
HELD: Final = 4 * LONGEST
"""Seconds after which a turn that nobody gave back is free again: longer than a count can take."""
PATIENCE: Final = 1.0
"""Seconds for which a reader waits for a turn, unless the last count of the lane was slow."""
RETRY: Final = 10
"""Seconds after which to ask again."""
SLOW: Final = 1.0
"""Seconds from which on a count is slow."""

_PAUSE: Final = 0.02
_here: Final = {lane: BoundedSemaphore(number) for lane, number in TURNS.items()}


@contextmanager
def take_turn(lane: str) -> Iterator[None]:
    """Count within; raises register.errors.Busy where all turns of the lane are taken."""
    until = time.monotonic() + _patience(lane)
    if not _here[lane].acquire(timeout=max(until - time.monotonic(), 0.001)):
        raise Busy(RETRY)
    begun = time.monotonic()
    try:
        held = _take(lane, until)
        try:
            yield
        finally:
            _give_back(lane, held, time.monotonic() - begun)
    finally:
        _here[lane].release()


def _take(lane: str, until: float) -> tuple[str, str] | None:
    """Return the name and mark of a turn that is ours now, None while Redis is away; raise Busy when none gets free."""
    mark, names = secrets.token_hex(8), [f"counting-{lane}-{number}" for number in range(TURNS[lane])]
    while True:
        try:
            name = next((name for name in names if cache.add(name, mark, HELD)), None)
        except (RedisError, OSError):
            log.warning("Redis cannot be asked for turns at counting; each process keeps to its own")
            return None
        if name is not None:
            return name, mark
        if time.monotonic() >= until:
            raise Busy(RETRY)
        time.sleep(_PAUSE)


def _give_back(lane: str, held: tuple[str, str] | None, seconds: float) -> None:
    try:
        if held is not None and cache.get(held[0]) == held[1]:
            cache.delete(held[0])
        if seconds > SLOW:
            cache.set(f"counting-{lane}-slow", 1, 60)
    except (RedisError, OSError):
        log.warning("Redis cannot take a turn at counting back; it is free again in %d s", HELD)


def _patience(lane: str) -> float:
    try:
        return 0.0 if cache.get(f"counting-{lane}-slow") else PATIENCE
    except (RedisError, OSError):
        return PATIENCE
