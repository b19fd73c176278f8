"""Ids: UUIDs of version 7 (RFC 9562, section 5.7), which sort by the time they were made.

Within one process they never decrease: the 74 bits after the millisecond are random at first in each millisecond and
count up from there (method 2, section 6.2), so that a batch keeps its order.
"""

from __future__ import annotations

import secrets
import threading
import time

_COUNT_BITS = 74
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """Return a new id as text."""
    return new_ids(1)[0]


def new_ids(number: int) -> list[str]:
    """Return so many new ids, ascending."""
    return [_as_text(value) for value in _reserve(number)]


def _reserve(number: int) -> range:
    """Return consecutive values of 48 bits of milliseconds and 74 bits of counter, beyond all given out before."""
    global _last
    # The counter's first bit starts at 0, which leaves room to count up within the millisecond.
    fresh = time.time_ns() // 1_000_000 << _COUNT_BITS | secrets.randbits(_COUNT_BITS - 1)
    with _lock:
        first = max(fresh, _last + 1)
        _last = first + number - 1
    return range(first, first + number)


def _as_text(value: int) -> str:
    milliseconds, count = value >> _COUNT_BITS, value & (1 << _COUNT_BITS) - 1
    number = milliseconds << 80 | 0x7 << 76 | (count >> 62) << 64 | 0b10 << 62 | count & (1 << 62) - 1
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
