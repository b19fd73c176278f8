"""Charts as geometry: bars that lie, and columns that stand along time, each laid out for wide and narrow screens.

Pure. Colours go by class, words and numbers are text; the template draws, and lists the same figures in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from django.utils.formats import number_format


@dataclass(frozen=True, slots=True)
class Layout:
    """The width of a drawing and the space of its words; `stacked` puts words above bars instead of beside them."""

    name: str
    width: int
    words: int
    letters: int
    labels: int
    stacked: bool = False


WIDE: Final = Layout("wide", 680, 250, 36, 8)
NARROW: Final = Layout("narrow", 340, 0, 50, 4, stacked=True)


LETTER: Final = 7.0
"""Room for one letter of a label, wide ones of any script among them, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is drawn: its words, its number (the sum of `parts` where it has some), and where it leads."""

    words: str
    number: int
    address: str = ""
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Rect:
    """One rectangle; `tone` is its class."""

    x: float
    y: float
    width: float
    height: float
    tone: str = "bar"


@dataclass(frozen=True, slots=True)
class Text:
    """Some words at a place; `anchor` says which end of them stands there, `axis` that they are soft."""

    x: float
    y: float
    words: str
    anchor: str = "start"
    axis: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing of one layout: `lines` are the heights of its grid."""

    layout: Layout
    height: float
    rects: list[Rect]
    texts: list[Text]
    lines: list[float]

    @property
    def box(self) -> str:
        """The viewBox."""
        return f"0 0 {self.layout.width} {self.height:g}"


def write_number(number: int) -> str:
    """Write a number with its thousands grouped, as the reader's language does."""
    return str(number_format(number, use_l10n=True, force_grouping=True))


def draw_bars(rows: Sequence[Row], layout: Layout) -> Drawing:
    """Draw one lying bar a row, its words before or above it, its number behind it."""
    most = max((row.number for row in rows), default=0) or 1
    start, step = layout.words, 44 if layout.stacked else 28
    room = layout.width - start - 74
    rects, texts = list[Rect](), list[Text]()
    for place, row in enumerate(rows):
        top = place * step + (20 if layout.stacked else 4)
        length = max(room * row.number / most, 1.5 if row.number else 0)
        rects.append(Rect(start, top, round(length, 1), 18))
        texts.append(Text(round(start + length + 8, 1), top + 13, write_number(row.number)))
        words = shorten(row.words, layout.letters)
        if layout.stacked:
            texts.append(Text(0, top - 6, words))
        else:
            texts.append(Text(start - 10, top + 13, words, "end"))
    return Drawing(layout, len(rows) * step + 6, rects, texts, [])


def draw_columns(rows: Sequence[Row], layout: Layout) -> Drawing:
    """Draw one standing column a row, from left to right, in parts where it has some; the grid says how high."""
    bottom, top, left = 170.0, 14.0, 52.0
    ticks = list_ticks(max((row.number for row in rows), default=0))
    scale = (bottom - top) / ticks[-1]
    step = (layout.width - left - 22) / max(len(rows), 1)
    broad = LETTER * max((len(row.words) for row in rows), default=0)
    every = max(1, ceil(len(rows) / layout.labels), ceil((broad + LETTER) / step))
    rects, texts = list[Rect](), list[Text]()
    for place, row in enumerate(rows):
        height = 0.0
        for series, part in enumerate(row.parts or (row.number,), start=1):
            if part:
                part_height = max(part * scale, 1.5)
                height += part_height
                x, y = round(left + place * step + step * 0.14, 1), round(bottom - height, 1)
                rects.append(Rect(x, y, round(step * 0.72, 1), round(part_height, 1), f"c{series}"))
        if place % every == 0:
            middle = left + (place + 0.5) * step
            at_edge = middle + LETTER * len(row.words) / 2 > layout.width
            x, anchor = (layout.width, "end") if at_edge else (round(middle, 1), "middle")
            texts.append(Text(x, bottom + 18, row.words, anchor, axis=True))
    lines = [round(bottom - tick * scale, 1) for tick in ticks]
    marks = zip(lines, ticks, strict=True)
    texts += [Text(left - 8, line + 4, write_number(tick), "end", axis=True) for line, tick in marks]
    return Drawing(layout, bottom + 26, rects, texts, lines)


def list_ticks(most: int) -> list[int]:
    """Return three to five round numbers from 0 to at least the greatest one."""
    step = 1
    while step * 4 < most:
        digit = int(str(step)[0])
        step = step * 2 if digit in (1, 5) else step * 5 // 2
    return list(range(0, step * max(2, ceil(most / step)) + 1, step))


def shorten(words: str, letters: int) -> str:
    """Return the beginning of long words, at a space where there is one."""
    if len(words) <= letters:
        return words
    cut = words[: letters - 1]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut[letters // 2 :] else cut}…"
