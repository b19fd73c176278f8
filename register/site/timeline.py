"""Timeline: the geometry of what held and when, for the SVG of an issuer's page. Pure; the template only places it.

One row an accreditation; each row is a run of bars in one of four states, a cut where it was revoked, and today's
line. Units are those of the SVG's viewBox. The same facts stand in the table below the drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from register.records import AccreditationRecord

State = Literal["in_force", "suspended", "expired", "void"]

WIDTH: Final = 800
LABEL: Final = 170
ROW: Final = 38
BAR: Final = 20
TOP: Final = 24
_MARGIN: Final = timedelta(days=150)
_OPEN_END: Final = timedelta(days=540)
_FEWEST_PIXELS_A_YEAR: Final = 38


@dataclass(frozen=True, slots=True)
class Bar:
    """A run of one state, from `x` on for `width`."""

    x: float
    width: float
    state: State
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One accreditation: where its bars lie, and where it was cut off by a revocation."""

    record: AccreditationRecord
    y: int
    bars: tuple[Bar, ...]
    cut: float | None

    @property
    def middle(self) -> int:
        """The height at which text stands in the row."""
        return self.y + BAR - 6


@dataclass(frozen=True, slots=True)
class Year:
    """A vertical line at the first instant of a year."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything the template places; `moment` is the line of the instant shown."""

    rows: tuple[Row, ...]
    years: tuple[Year, ...]
    moment: float
    height: int
    first_year: int
    last_year: int
    width: int = WIDTH

    @property
    def bottom(self) -> int:
        """Where the vertical lines end."""
        return self.height - 22


class _Scale:
    """Turns instants into horizontal places."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start, self.end = start, end
        self._span = (end - start).total_seconds()

    def place(self, moment: datetime | None) -> float:
        at = self.end if moment is None else min(max(moment, self.start), self.end)
        return round(LABEL + (WIDTH - LABEL) * (at - self.start).total_seconds() / self._span, 1)


def draw(records: Sequence[AccreditationRecord], at: datetime) -> Timeline | None:
    """Lay out the accreditations around an instant; None when there is none to draw."""
    if not records:
        return None
    scale = _Scale(*_bounds(records, at))
    rows = tuple(_draw_row(record, TOP + 10 + number * ROW, scale) for number, record in enumerate(records))
    years = _draw_years(scale)
    height = TOP + 10 + len(rows) * ROW + 26
    return Timeline(rows, years, scale.place(at), height, scale.start.year, scale.end.year)


def _bounds(records: Sequence[AccreditationRecord], at: datetime) -> tuple[datetime, datetime]:
    starts = [record.valid.valid_from for record in records if record.valid.valid_from]
    ends = [record.valid.valid_until or at + _OPEN_END for record in records]
    start, end = min([*starts, at]) - _MARGIN, max([*ends, at]) + _MARGIN
    farthest = timedelta(days=365 * 40)
    return max(start, at - farthest), min(end, at + farthest)


def _draw_years(scale: _Scale) -> tuple[Year, ...]:
    first, last = scale.start.year + 1, scale.end.year
    room = (WIDTH - LABEL) / max(last - first + 1, 1)
    step = next(n for n in (1, 2, 5, 10, 20, 50) if room * n >= _FEWEST_PIXELS_A_YEAR)
    years = range(first + -first % step, last + 1, step)
    return tuple(Year(scale.place(datetime(year, 1, 1, tzinfo=UTC)), str(year)) for year in years)


def _draw_row(record: AccreditationRecord, y: int, scale: _Scale) -> Row:
    revoked = record.revocation.effective_from if record.revocation else None
    bars = tuple(_bar(scale, *run) for run in _runs(record) if run[1] is None or run[0] < run[1])
    return Row(record, y, bars, scale.place(revoked) if revoked else None)


def _runs(record: AccreditationRecord) -> list[tuple[datetime, datetime | None, State]]:
    """Cut the period of validity at suspensions and at a revocation."""
    at = record.valid.valid_from or datetime.min.replace(tzinfo=UTC)
    end, runs = record.valid.valid_until, list[tuple[datetime, datetime | None, State]]()
    stop = record.revocation.effective_from if record.revocation else end
    for span in sorted(record.suspensions, key=lambda s: s.effective_from):
        lifted = _earlier(span.effective_until, stop)
        runs += [(at, _earlier(span.effective_from, stop), "in_force"), (span.effective_from, lifted, "suspended")]
        at = lifted or datetime.max.replace(tzinfo=UTC)
    runs.append((at, stop, "in_force"))
    if record.revocation:
        runs.append((record.revocation.effective_from, end, "void"))
    return runs


def _earlier(left: datetime | None, right: datetime | None) -> datetime | None:
    return min((moment for moment in (left, right) if moment is not None), default=None)


def _bar(scale: _Scale, start: datetime, end: datetime | None, state: State) -> Bar:
    x = scale.place(start)
    return Bar(x, round(max(scale.place(end) - x, 2), 1), state, end is None)
