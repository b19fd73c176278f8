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


def processor_time_below(process: int) -> float:
    """Return the seconds of processor time that a process and all below it have taken, ended children included."""
    parents = {int(path.name): _read_parent(path) for path in Path("/proc").glob("[0-9]*")}
    return sum(_read_family_time(one) for one in parents if _is_below(one, process, parents))


def parent_of(process: int) -> int:
    """Return the id of the process that started another."""
    return _read_parent(Path(f"/proc/{process}"))


def _is_below(process: int, top: int, parents: dict[int, int]) -> bool:
    while process > 1 and process != top:
        process = parents.get(process, 0)
    return process == top


def _read_parent(directory: Path) -> int:
    try:
        return int((directory / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _read_family_time(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS
