"""The inside of the timeline's drawings as SVG: the geometry of `timeline` with the words of its rows.

Written here and not by a template: two drawings of two dozen rows are the largest part of an issuer's page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from register.site.accreditation_rows import AccreditationRow
from register.site.dates import spell_day
from register.site.markup import escape
from register.site.remembering import gettext, remember
from register.site.standing import Instants
from register.site.timeline import WIDE, Row, Timeline

_LONGEST: Final = 26
"""Signs of a title that have room."""

_SAMPLES: Final[Mapping[str, str]] = {
    **{
        state: f'<svg viewBox="0 0 22 14"><rect class="{state}" width="22" height="14" rx="3"/></svg>'
        for state in ("in_force", "suspended", "refused")
    },
    "void": '<svg viewBox="0 0 22 14"><path class="cutoff" d="M3 0v14"/>'
    '<rect class="void" x="3" width="19" height="14" rx="3"/></svg>',
}
"""State → how a run of it looks, for the legend."""


class Label(NamedTuple):
    """A row's words, escaped: its title, how it stands, and the class of bars that are over."""

    title: str
    words: str
    past: str


def label_rows(rows: Iterable[AccreditationRow]) -> list[Label]:
    """Return the words of the rows, for both drawings."""
    return [
        Label(_shorten(row.short_title), escape(row.standing.words), " past" if row.standing.tone == "off" else "")
        for row in rows
    ]


def _shorten(title: str) -> str:
    return escape(title if len(title) <= _LONGEST else Truncator(title).chars(_LONGEST))


def write_drawing(drawing: Timeline, labels: Sequence[Label], instants: Instants) -> SafeString:
    """Return the years, the rows and the line of the instant shown."""
    wide = drawing.layout is WIDE
    pieces = [*_write_years(drawing)]
    for place, label in zip(drawing.rows, labels, strict=False):
        pieces += _write_text(place, label, wide)
        pieces += _write_bars(place, label, drawing.bar)
    pieces += _write_moment(drawing, gettext("today") if instants.today else spell_day(instants.at))
    return mark_safe("\n".join(pieces))


@remember
def write_legend(states: frozenset[str]) -> SafeString:
    """Return the list of what the colours of a drawing mean, of those that are in it (`Timeline.states`)."""
    words = {
        "in_force": gettext("in force"),
        "suspended": gettext("suspended"),
        "void": gettext("revoked, or no longer counted"),
        "refused": gettext("refused"),
    }
    items = (f"<li>{_SAMPLES[state]}{escape(said)}</li>" for state, said in words.items() if state in states)
    return mark_safe(f'<ul class="legend" aria-hidden="true">\n{"".join(items)}\n</ul>')


def _write_years(drawing: Timeline) -> Iterator[str]:
    for year in drawing.years:
        yield f'<path class="grid" d="M{year.x} 20V{drawing.bottom}"/>'
        yield f'<text class="axis" x="{year.x}" y="13" text-anchor="{year.anchor}">{year.label}</text>'


def _write_text(place: Row, label: Label, wide: bool) -> Iterator[str]:
    """Write whose row it is and how it stands: below the title where there is room, else beside it."""
    title, words, _ = label
    if wide:
        yield f'<text x="0" y="{place.text_y}">{title}</text>'
        yield f'<text class="axis" x="0" y="{place.remark_y}">{words}</text>'
    else:
        yield f'<text x="0" y="{place.text_y}">{title}<tspan class="axis" dx="6">{words}</tspan></text>'


def _write_bars(place: Row, label: Label, height: int) -> Iterator[str]:
    for bar in place.bars:
        where = f'x="{bar.x}" y="{place.bar_y}" width="{bar.width}" height="{height}"'
        yield f'<rect class="{bar.state}{label.past}" {where} rx="4"/>'
    if place.cut is not None:
        yield f'<path class="cutoff" d="M{place.cut} {place.bar_y - 4}V{place.bar_end + 4}"/>'


def _write_moment(drawing: Timeline, words: str) -> Iterator[str]:
    x, anchor = drawing.moment, drawing.anchor
    yield f'<path class="now" d="M{x} 18V{drawing.bottom + 4}"/>'
    yield f'<text x="{x}" y="{drawing.height - 4}" text-anchor="{anchor}">{escape(words)}</text>'
