"""A grid: header and rows of text, what was noticed while reading them, and the bounds within which files are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from register.intake.rows import NotRecognised, RowProblem
from register.sentences import say

MOST_BYTES: Final = 64 * 2**20
"""The largest file."""

MOST_UNPACKED: Final = 256 * 2**20
"""What a packed file may unpack to, all its parts together."""

MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 1_000
MOST_CELL: Final = 32_767
"""Characters of a cell; spreadsheets allow no more."""

MOST_CELLS: Final = 5_000_000
"""Cells of a table, empty ones included: rows times columns."""

MOST_TEXT: Final = 64 * 2**20
"""Characters of all cells together: what one cell says may be repeated a million times by a file of a few kilobytes."""

_UNWRITABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What JSON can write and no text of a database can hold."""

_TOLD: Final = 20
"""Places of formulas that are named."""

Row = tuple[int, tuple[str, ...]]
"""The line of the file (the header is usually 1), and its cells."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as text. Dates are in ISO form, numbers as short as they can be written, empty cells are "".

    No row is longer than the header is, unless what is beyond holds something; shorter ones are filled up.
    """

    format: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[RowProblem, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","


def make_grid(
    format_: str, what: str, lines: Iterable[tuple[int, Sequence[str]]], notes: Iterable[RowProblem], **facts: str
) -> Grid:
    """Make a grid of lines of cells: the first that holds anything is the header; blank ones are passed over."""
    filled = _filled(what, lines)
    _, header = next(filled, (0, ()))
    if not any(header):
        raise NotRecognised(what, say("an empty table"), say("Name the columns in the first line."))
    if len(header) > MOST_COLUMNS:
        cure = say("Delete some: {most} are the most.", most=MOST_COLUMNS)
        raise NotRecognised(what, say("{number} columns", number=len(header)), cure)
    return Grid(format_, header, tuple(_fill_up(what, filled, len(header))), tuple(notes), **facts)


def _fill_up(what: str, rows: Iterable[Row], width: int) -> Iterator[Row]:
    """Yield rows of at least that many cells; raises NotRecognised once they are more than can be kept."""
    cells_left, text_left = MOST_CELLS, MOST_TEXT
    for line, cells in rows:
        cells_left -= max(width, len(cells))
        text_left -= sum(map(len, cells))
        if cells_left < 0:
            raise refuse_cells(what)
        if text_left < 0:
            raise refuse_length(what)
        yield line, cells + ("",) * (width - len(cells))


def _filled(what: str, lines: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Row]:
    number = 0
    for line, cells in lines:
        cut = _without_trailing_blanks(cells)
        if not cut:
            continue
        number += 1
        if number > MOST_ROWS + 1:
            got = say("more than {number} rows", number=MOST_ROWS)
            raise NotRecognised(what, got, say("Split the file."))
        yield line, cut


def note_merged(first: int, last: int, column: str, value: str) -> RowProblem:
    """Return the note that a merged cell counted for all lines it covers."""
    message = say(
        "a merged cell covers lines {first} to {last}; its value was taken for each of them", first=first, last=last
    )
    return RowProblem(first, column, value[:60], message, say("Write it into each line if that is not meant."))


def note_formulas(places: Sequence[str]) -> RowProblem:
    """Return the note that some cells hold formulas."""
    message = say("{number} cells hold formulas; the values last computed were taken", number=len(places))
    cure = say("Look whether they are what you see in the spreadsheet.")
    return RowProblem(0, "", ", ".join(places[:_TOLD]), message, cure)


def refuse_cells(what: str) -> NotRecognised:
    """Return the refusal of a table of too many cells."""
    return NotRecognised(what, say("more than {number} cells", number=MOST_CELLS), say("Split the file."))


def refuse_length(what: str) -> NotRecognised:
    """Return the refusal of a table of too much text."""
    got = say("more than {number} million characters", number=MOST_TEXT // 2**20)
    return NotRecognised(what, got, say("Split the file."))


def _without_trailing_blanks(cells: Sequence[str]) -> tuple[str, ...]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return tuple(_UNWRITABLE.sub("\ufffd", cell[:MOST_CELL]) for cell in cells[:end])


def spell(value: object) -> str:
    """Write a cell's value as text: 6.0 as 6, dates in ISO form, midnight left out."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else _spell_rest(value)


def _spell_rest(value: object) -> str:
    return f"{value.total_seconds() / 3600:g} h" if isinstance(value, timedelta) else str(value)


def name_column(number: int) -> str:
    """Return the letters of a column, counted from 0: A, B, …, Z, AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def number_column(letters: str) -> int:
    """Return the number of a column, counted from 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
