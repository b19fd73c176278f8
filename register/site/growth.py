"""Growth: the geometry of the chart of the ledger's size and of who countersigned it. Pure; the template places it.

Above, a curve of the size, which never falls; below, a bar an interval, as high as there were witnesses. Intervals
without a bar are those in which nobody countersigned. The same figures stand in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from register.site.checkpoints import Step


@dataclass(frozen=True, slots=True)
class Frame:
    """Measures of one drawing."""

    name: str
    width: int
    height: int
    bars: int


WIDE: Final = Frame("wide", 800, 150, 44)
NARROW: Final = Frame("narrow", 340, 130, 40)
_AXIS: Final = 18


@dataclass(frozen=True, slots=True)
class GrowthBar:
    """Witnesses in one interval."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Growth:
    """One drawing: paths of the curve and of the area below it, bars, first and last instants, heights of lines."""

    frame: Frame
    curve: str
    area: str
    bars: tuple[GrowthBar, ...]
    base: int
    bars_base: int
    height: int
    first: datetime
    last: datetime
    most: int
    most_cosigners: int


def draw_growth(steps: Sequence[Step], frame: Frame) -> Growth | None:
    """Draw the steps into a frame; None where one point alone would show nothing."""
    if len(steps) < 2:
        return None
    first, last = steps[0].time, steps[-1].time
    span = (last - first).total_seconds()
    most, cosigners = max(step.size for step in steps), max(step.cosigners for step in steps)
    width = max(2.0, min(24.0, frame.width / len(steps) - 2))
    room = frame.width - width

    def across(time: datetime) -> float:
        return round(room * (time - first).total_seconds() / span, 1)

    def up(size: int) -> float:
        return round(frame.height - (frame.height - _AXIS) * size / max(1, most), 1)

    points = [(across(step.time), up(step.size)) for step in steps]
    curve = f"M{points[0][0]} {points[0][1]}" + "".join(f"H{x}V{y}" for x, y in points[1:]) + f"H{frame.width}"
    base = frame.height + _AXIS + frame.bars
    bars = tuple(
        GrowthBar(across(step.time), round(base - tall, 1), round(width, 1), round(tall, 1))
        for step in steps
        if (tall := frame.bars * step.cosigners / max(1, cosigners))
    )
    area = f"{curve}V{frame.height}H{points[0][0]}z"
    return Growth(frame, curve, area, bars, frame.height, base, base + _AXIS, first, last, most, cosigners)
