"""Timing: how long something takes on the clock, and how much of the processors' time it takes of all that work on it.

On a machine that is busy with other things the clock favours short work, which the scheduler lets through at once, so
a short yardstick is repeated until it has run for about as long as what is measured against it.
"""

from __future__ import annotations

import gc
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")


class Spent(NamedTuple):
    """Seconds on the clock, and of processor time by this process, its ended children and one other process."""

    seconds: float
    processor: float


def spend(act: Callable[[], object], other: int | None = None) -> Spent:
    """Do something and say what it took; `other` is the id of a process that works for it (a database backend)."""
    gc.collect()
    return _spend(act, other)


def spend_about(seconds: float, act: Callable[[], object], other: int | None = None) -> Spent:
    """Do something again and again for about so long, at least once; return what it took on average."""
    gc.collect()
    total, times = Spent(0.0, 0.0), 0
    while not times or total.seconds < seconds:
        spent = _spend(act, other)
        total, times = Spent(total.seconds + spent.seconds, total.processor + spent.processor), times + 1
    return Spent(total.seconds / times, total.processor / times)


def _spend(act: Callable[[], object], other: int | None) -> Spent:
    start, used = time.perf_counter(), _processor_time(other)
    act()
    return Spent(time.perf_counter() - start, _processor_time(other) - used)


def _processor_time(other: int | None) -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    ours = sum(usage.ru_utime + usage.ru_stime for usage in used)
    return ours + (_read_processor_time(other) if other else 0.0)


def _read_processor_time(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
