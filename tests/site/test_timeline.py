from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.records import AccreditationRecord, Ending, Period, Recorded, Suspension
from register.scope import UNRESTRICTED
from register.site.timeline import MOST_ROWS, NARROW, WIDE, Bar, Layout, Timeline, draw

AT = datetime(2026, 11, 21, tzinfo=UTC)
RECORDED = Recorded(1, AT)
INSTANTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def granted(start: str | None = "2020-01-01", end: str | None = "2030-01-01", **fields: object) -> AccreditationRecord:
    period = Period(day(start) if start else None, day(end) if end else None)
    record = AccreditationRecord(
        id="a", url="u", issuer="i", agency="g", kind="institutional", scope=UNRESTRICTED, decision="positive",
        valid=period, entries=(1,), granted=RECORDED,
    )  # fmt: skip
    return replace(record, **fields)  # type: ignore[arg-type]


def laid_out(*records: AccreditationRecord, layout: Layout = WIDE, **fields: object) -> Timeline:
    drawing = draw(records, AT, layout, **fields)  # type: ignore[arg-type]
    assert drawing is not None
    return drawing


def states(bars: tuple[Bar, ...]) -> list[str]:
    return [bar.state for bar in bars]


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw([], AT) is None


def test_a_suspension_interrupts_the_bar() -> None:
    span = Suspension(day("2024-03-01"), "quality", RECORDED, effective_until=day("2024-06-15"))
    (row,) = laid_out(granted(suspensions=(span,))).rows
    assert states(row.bars) == ["in_force", "suspended", "in_force"]
    assert [round(left.x + left.width, 1) for left in row.bars[:-1]] == [right.x for right in row.bars[1:]]


def test_an_open_suspension_lasts_to_the_end() -> None:
    (row,) = laid_out(granted(suspensions=(Suspension(day("2024-03-01"), "quality", RECORDED),))).rows
    assert states(row.bars) == ["in_force", "suspended"]


def test_a_revocation_cuts_the_bar_and_leaves_the_rest_void() -> None:
    drawing = laid_out(granted(revocation=Ending(day("2025-01-01"), "fraud", RECORDED)))
    (row,) = drawing.rows
    assert states(row.bars) == ["in_force", "void"]
    assert row.cut == row.bars[1].x
    assert row.cut < drawing.moment


def test_a_revocation_from_the_beginning_leaves_nothing_in_force() -> None:
    (row,) = laid_out(granted(revocation=Ending(day("2019-01-01"), "fraud", RECORDED))).rows
    assert states(row.bars) == ["void"]


def test_a_suspension_after_a_revocation_is_not_drawn() -> None:
    ending = Ending(day("2022-01-01"), "fraud", RECORDED)
    (row,) = laid_out(
        granted(revocation=ending, suspensions=(Suspension(day("2024-01-01"), "quality", RECORDED),))
    ).rows
    assert states(row.bars) == ["in_force", "void"]


def test_what_stops_counting_is_cut_like_a_revocation() -> None:
    (row,) = laid_out(granted(), ends={"a": day("2025-01-01")}).rows
    assert states(row.bars) == ["in_force", "void"]


def test_a_refusal_never_was_in_force() -> None:
    (row,) = laid_out(granted(decision="negative", end=None)).rows
    assert states(row.bars) == ["refused"]
    assert row.bars[0].open_end


def test_the_legend_names_what_is_drawn_and_nothing_else() -> None:
    assert laid_out(granted()).states == {"in_force"}
    span = Suspension(day("2024-03-01"), "quality", RECORDED)
    assert laid_out(granted(suspensions=(span,)), granted(decision="negative")).states == {
        "in_force",
        "suspended",
        "refused",
    }
    over = granted(end="2024-01-01", revocation=Ending(day("2025-01-01"), "fraud", RECORDED))
    assert laid_out(over).states == {"in_force", "void"}, "the line of the cut is drawn although nothing lies behind it"


def test_of_very_many_the_first_are_drawn_and_the_rest_counted() -> None:
    drawing = laid_out(*[granted()] * (MOST_ROWS + 3))
    assert (len(drawing.rows), drawing.left_out) == (MOST_ROWS, 3)


@given(
    st.lists(st.tuples(st.none() | INSTANTS, st.none() | st.integers(1, 10**6)), min_size=1, max_size=5),
    INSTANTS,
    st.sampled_from([WIDE, NARROW]),
)
def test_everything_lies_inside_the_drawing(
    spans: list[tuple[datetime | None, int | None]], at: datetime, layout: Layout
) -> None:
    records = []
    for start, days in spans:
        base = start or AT
        end = min(base + timedelta(days=days), AT.replace(year=9999)) if days and base.year < 7000 else None
        records.append(replace(granted(), valid=Period(start, end)))
    drawing = draw(records, at, layout)
    assert drawing is not None
    assert layout.left <= drawing.moment <= layout.width
    for row in drawing.rows:
        assert row.bar_end <= drawing.height
        for bar in row.bars:
            assert layout.left <= bar.x <= layout.width
            assert bar.width >= 2
            assert bar.x + bar.width <= layout.width + 2
    for year in drawing.years:
        assert layout.left <= year.x <= layout.width
    assert len(drawing.years) <= layout.width / layout.pixels_a_year + 1


@pytest.mark.parametrize("layout", [WIDE, NARROW])
@pytest.mark.parametrize("length", [3, 8, 9, 10, 11, 12, 14, 15, 20, 30])
@pytest.mark.parametrize("start", ["2017-08-01", "2018-01-01", "2018-03-15", "2018-11-30"])
def test_years_along_the_axis_do_not_run_into_each_other(layout: Layout, length: int, start: str) -> None:
    drawing = laid_out(granted(start, f"{int(start[:4]) + length}-06-01"), layout=layout)
    leaning = {"start": 0, "middle": -0.5, "end": -1}
    places = [year.x + 30 * leaning[year.anchor] for year in drawing.years if year.label]
    assert all(before + 30 < after for before, after in pairwise(places))
    assert len(places) >= 2
