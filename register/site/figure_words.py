"""Figures in words: which charts the page of figures shows, each with its title, sentence and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from register.queries.figures import AHEAD, DECISIONS, MONTHS, UNLIMITED, Figures
from register.site.charts import NARROW, WIDE, Drawing, Row, draw_bars, draw_columns, write_number
from register.site.links import carry, path_to
from register.site.names import Name
from register.site.words import label, label_field, label_place

MOST: Final = 12
"""Bars that are drawn; the table below holds all of them."""

SERIES: Final[Mapping[str, Any]] = {
    "accreditation.granted": _("granted"),
    "accreditation.amended": _("amended"),
    "accreditation.suspended": _("suspended"),
    "accreditation.reinstated": _("reinstated"),
    "accreditation.revoked": _("revoked"),
}
"""The decisions that are counted, in the order in which a column shows them."""
assert tuple(SERIES) == DECISIONS


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and its table: `what` heads the first column, `series` those of parts; `says` is its outcome in words."""

    id: str
    title: str
    says: str
    what: str
    rows: Sequence[Row]
    drawings: Sequence[Drawing]
    series: Sequence[str] = ()
    left_out: int = 0
    several: bool = False


def list_charts(figures: Figures, agencies: Mapping[str, Name], at: datetime) -> list[Chart]:
    """Return every chart that has something to show."""
    charts = [
        _decisions(figures, at),
        _of("countries", gettext("Accredited issuers by country"), gettext("Country"), _countries(figures)),
        _of("levels", gettext("By level"), gettext("Level"), _levels(figures), several=True),
        _of("fields", gettext("By field of study"), pgettext("of study", "Field"), _fields(figures), several=True),
        _of("types", gettext("By credential type"), gettext("Credential type"), _types(figures), several=True),
        _of("kinds", gettext("By kind of accreditation"), gettext("Kind"), _kinds(figures)),
        _of("agencies", gettext("By agency"), gettext("Agency"), _agencies(figures, agencies)),
        _years(figures),
        _ends(figures, at),
    ]
    return [chart for chart in charts if chart is not None]


def _of(name: str, title: str, what: str, rows: list[Row], *, several: bool = False) -> Chart | None:
    """Return a chart of lying bars; None where there is nothing."""
    if not rows:
        return None
    drawn = rows[:MOST]
    greatest = max(rows, key=lambda row: row.number)
    says = gettext("The most: %(words)s, %(number)s.") % {
        "words": greatest.words,
        "number": write_number(greatest.number),
    }
    drawings = [draw_bars(drawn, layout) for layout in (WIDE, NARROW)]
    return Chart(name, title, says, what, rows, drawings, left_out=len(rows) - len(drawn), several=several)


def _ranked(counts: Mapping[str, int]) -> list[str]:
    return sorted((code for code in counts if code != UNLIMITED), key=lambda code: (-counts[code], code))


def _countries(figures: Figures) -> list[Row]:
    counts = figures.of("country_accredited")
    return [Row(label_place(code), counts[code], carry(f"/countries/{code}")) for code in _ranked(counts)]


def _levels(figures: Figures) -> list[Row]:
    counts = figures.of("level")
    rows = [
        Row(gettext("EQF level %(level)s") % {"level": code}, counts[code], carry("/issuers", level=code))
        for code in sorted(counts)
        if code != UNLIMITED
    ]
    return rows + _unlimited(counts, gettext("all levels"))


def _fields(figures: Figures) -> list[Row]:
    counts = figures.of("field")
    rows = [Row(label_field(code), counts[code], carry("/issuers", field=code)) for code in _ranked(counts)]
    return rows + _unlimited(counts, gettext("all fields"))


def _types(figures: Figures) -> list[Row]:
    counts = figures.of("type")
    rows = [
        Row(label("credential-types", code), counts[code], carry("/issuers", type=code)) for code in _ranked(counts)
    ]
    return rows + _unlimited(counts, gettext("all types"))


def _unlimited(counts: Mapping[str, int], words: str) -> list[Row]:
    return [Row(words, counts[UNLIMITED])] if counts.get(UNLIMITED) else []


def _kinds(figures: Figures) -> list[Row]:
    counts = figures.of("kind")
    return [
        Row(label("accreditation-kinds", code), counts[code], carry("/issuers", kind=code)) for code in _ranked(counts)
    ]


def _agencies(figures: Figures, agencies: Mapping[str, Name]) -> list[Row]:
    counts = figures.of("agency")
    return [
        Row(agencies[code].text, counts[code], path_to("agency", code)) for code in _ranked(counts) if code in agencies
    ]


def _years(figures: Figures) -> Chart | None:
    counts = figures.of("year")
    years = [int(year) for year in counts if year != UNLIMITED]
    if not years:
        return None
    first = max(min(years), max(years) - 29)
    rows = [Row(str(year), counts.get(str(year), 0)) for year in range(first, max(years) + 1)]
    return _along("years", gettext("By the year in which they began"), gettext("Year"), rows)


def _ends(figures: Figures, at: datetime) -> Chart | None:
    counts = figures.of("ends")
    rows = [Row(_spell_month(month), counts.get(month, 0)) for month in list_months(at, 0, AHEAD)]
    return _along("ends", gettext("Ending soon, by month"), gettext("Month"), rows) if counts else None


def _decisions(figures: Figures, at: datetime) -> Chart | None:
    if not figures.decisions:
        return None
    rows = []
    for month in list_months(at, 1 - MONTHS, 0):
        parts = tuple(figures.decisions.get(month, {}).get(kind, 0) for kind in SERIES)
        rows.append(Row(_spell_month(month), sum(parts), parts=parts))
    series = [str(words) for words in SERIES.values()]
    return _along("decisions", gettext("Decisions recorded a month"), gettext("Month"), rows, series)


def _along(name: str, title: str, what: str, rows: list[Row], series: Sequence[str] = ()) -> Chart:
    greatest = max(rows, key=lambda row: row.number)
    says = gettext("From %(first)s to %(last)s; the most in %(words)s: %(number)s.") % {
        "first": rows[0].words,
        "last": rows[-1].words,
        "words": greatest.words,
        "number": write_number(greatest.number),
    }
    return Chart(name, title, says, what, rows, [draw_columns(rows, layout) for layout in (WIDE, NARROW)], series)


def list_months(at: datetime, first: int, last: int) -> list[str]:
    """Return months as `2026-05`, from so many after the month of an instant (negative: before) to so many after.

    Those before the year 1 and after the year 9999 are left out: no date is written with them.
    """
    moment = at.astimezone(UTC)
    month = moment.year * 12 + moment.month - 1
    numbers: Iterable[int] = range(max(month + first, 12), min(month + last, 9999 * 12 + 11) + 1)
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in numbers]


def _spell_month(month: str) -> str:
    return str(date_format(datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=UTC), "M Y"))
