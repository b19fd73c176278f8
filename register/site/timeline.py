"""Timeline: the geometry of what held and when, for the SVG of an issuer's page. Pure; the template only places it.

One row an accreditation; each row is a run of bars in one of four states, a cut where it was revoked, and the line of
the instant shown. Drawn twice, for wide screens (names beside the bars) and for phones (names above them), so that
nothing scrolls sideways. Units are those of the SVG's viewBox. The same facts are told in words below the drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Final, Literal

from register.records import AccreditationRecord

State = Literal["in_force", "suspended", "void", "refused"]
Run = tuple[datetime, datetime | None, State]
"""From when on, until when, and what held; None: without an end."""

Ends = Mapping[str, datetime]
"""Id of an accreditation → when it stopped counting."""

MOST_ROWS: Final = 24
_NO_ENDS: Final[Ends] = {}
_MARGIN: Final = timedelta(days=150)
_OPEN_END: Final = timedelta(days=540)
_FARTHEST: Final = timedelta(days=365 * 40)
_BAR: Final = 20
_YEAR: Final = 34


@dataclass(frozen=True, slots=True)
class Layout:
    """Measures of one drawing: its width, the room for names on the left, the height of a row, where its bar lies."""

    name: str
    width: int
    left: int
    row: int
    bar_top: int
    text_top: int
    top: int
    pixels_a_year: int


WIDE: Final = Layout("wide", 800, 190, 42, 8, 16, 26, 42)
NARROW: Final = Layout("narrow", 340, 0, 58, 24, 16, 26, 40)


@dataclass(frozen=True, slots=True)
class Bar:
    """A run of one state, from `x` on for `width`; the end of one that has none is drawn open."""

    x: float
    width: float
    state: State
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One accreditation: where its text and bars lie, and where it was cut off by a revocation."""

    record: AccreditationRecord
    text_y: int
    bar_y: int
    bars: tuple[Bar, ...]
    cut: float | None

    @property
    def remark_y(self) -> int:
        """The height of the second line of text, where there is room for one."""
        return self.text_y + 14

    @property
    def bar_end(self) -> int:
        """The lower edge of the bar."""
        return self.bar_y + _BAR


@dataclass(frozen=True, slots=True)
class Year:
    """A vertical line at the first instant of a year."""

    x: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything the template places; `moment` is the line of the instant shown."""

    layout: Layout
    rows: tuple[Row, ...]
    years: tuple[Year, ...]
    moment: float
    height: int
    first_year: int
    last_year: int
    left_out: int = 0
    bar: int = _BAR

    @property
    def states(self) -> frozenset[str]:
        """What is drawn, for the legend; a cut is void behind it, also where nothing is left to be drawn so."""
        drawn = {bar.state for row in self.rows for bar in row.bars}
        return frozenset(drawn | {"void" for row in self.rows if row.cut is not None})

    @property
    def bottom(self) -> int:
        """Where the vertical lines end."""
        return self.height - 22

    @property
    def anchor(self) -> str:
        """How the label of the instant is aligned, so that it is not cut off at an edge."""
        if self.moment > self.layout.width - 60:
            return "end"
        return "start" if self.moment < self.layout.left + 60 else "middle"


class _Scale:
    """Turns instants into horizontal places."""

    def __init__(self, start: datetime, end: datetime, layout: Layout) -> None:
        self.start, self.end, self.layout = start, end, layout
        self._span = (end - start).total_seconds()

    def place(self, moment: datetime | None) -> float:
        at = self.end if moment is None else min(max(moment, self.start), self.end)
        room = self.layout.width - self.layout.left
        return round(self.layout.left + room * (at - self.start).total_seconds() / self._span, 1)


def draw(
    records: Sequence[AccreditationRecord], at: datetime, layout: Layout = WIDE, ends: Ends = _NO_ENDS
) -> Timeline | None:
    """Lay out the accreditations around an instant, the first ones of very many; None when there is none to draw.

    `ends` names those that stop counting although nobody revoked them, as when their agency is withdrawn.
    """
    if not records:
        return None
    shown = records[:MOST_ROWS]
    scale = _Scale(*_bounds(shown, at), layout)
    rows = tuple(
        _draw_row(record, layout.top + number * layout.row, scale, ends.get(record.id))
        for number, record in enumerate(shown)
    )
    height = layout.top + len(rows) * layout.row + 26
    left_out = len(records) - len(shown)
    years = _draw_years(scale)
    return Timeline(layout, rows, years, scale.place(at), height, scale.start.year, scale.end.year, left_out)


def _bounds(records: Sequence[AccreditationRecord], at: datetime) -> tuple[datetime, datetime]:
    starts = [record.valid.valid_from for record in records if record.valid.valid_from]
    ends = [record.valid.valid_until or _later(at, _OPEN_END) for record in records]
    start, end = _earlier_by(min([*starts, at]), _MARGIN), _later(max([*ends, at]), _MARGIN)
    return max(start, _earlier_by(at, _FARTHEST)), min(end, _later(at, _FARTHEST))


def _later(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment + span
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _earlier_by(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment - span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _draw_years(scale: _Scale) -> tuple[Year, ...]:
    first, last, layout = scale.start.year + 1, scale.end.year, scale.layout
    room = (layout.width - layout.left) / max(last - first + 1, 1)
    step = next(n for n in (1, 2, 5, 10, 20, 50, 100) if room * n >= layout.pixels_a_year)
    placed = [_draw_year(year, scale) for year in range(first + -first % step, last + 1, step)]
    return tuple(_leave_room(year, after) for year, after in zip_longest(placed, placed[1:]))


def _leave_room(year: Year, after: Year | None) -> Year:
    """Return a year, without its label where this leans into that of the next."""
    return replace(year, label="") if after and _reach(year)[1] > _reach(after)[0] else year


def _reach(year: Year) -> tuple[float, float]:
    """Return where the label of a year begins and ends."""
    start = {"start": year.x, "middle": year.x - _YEAR / 2, "end": year.x - _YEAR}[year.anchor]
    return start, start + _YEAR


def _draw_year(year: int, scale: _Scale) -> Year:
    """Place a year; its label leans inwards where it would be cut off."""
    x, half = scale.place(datetime(year, 1, 1, tzinfo=UTC)), 18
    anchor = "end" if x > scale.layout.width - half else "start" if x < half else "middle"
    return Year(x, str(year), anchor)


def _draw_row(record: AccreditationRecord, y: int, scale: _Scale, end: datetime | None) -> Row:
    stop = find_cut(record, end)
    bars = tuple(_bar(scale, *run) for run in list_runs(record, stop))
    layout = scale.layout
    return Row(record, y + layout.text_top, y + layout.bar_top, bars, scale.place(stop) if stop else None)


def find_cut(record: AccreditationRecord, end: datetime | None) -> datetime | None:
    """Return when an accreditation stops counting before its time: by its revocation, or at an `end` before that."""
    return _earlier(record.revocation.effective_from if record.revocation else None, end)


def list_runs(record: AccreditationRecord, cut: datetime | None) -> list[Run]:
    """Return what held one after the other: the period, cut at suspensions and at its early end; then it is void."""
    return [run for run in _cut(record, cut) if run[1] is None or run[0] < run[1]]


def _cut(record: AccreditationRecord, cut: datetime | None) -> list[Run]:
    at = record.valid.valid_from or datetime.min.replace(tzinfo=UTC)
    end, runs = record.valid.valid_until, list[Run]()
    if record.decision not in ("positive", "positive_with_conditions"):
        return [(at, end, "refused")]
    stop = _earlier(cut, end)
    for span in sorted(record.suspensions, key=lambda s: s.effective_from):
        lifted = _earlier(span.effective_until, stop)
        runs += [(at, _earlier(span.effective_from, stop), "in_force"), (span.effective_from, lifted, "suspended")]
        at = lifted or datetime.max.replace(tzinfo=UTC)
    runs.append((at, stop, "in_force"))
    if cut is not None:
        runs.append((max(cut, runs[0][0]), end, "void"))
    return runs


def _earlier(left: datetime | None, right: datetime | None) -> datetime | None:
    return min((moment for moment in (left, right) if moment is not None), default=None)


def _bar(scale: _Scale, start: datetime, end: datetime | None, state: State) -> Bar:
    x = scale.place(start)
    return Bar(x, round(max(scale.place(end) - x, 2), 1), state, end is None)
