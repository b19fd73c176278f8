"""XLSX as a grid. calamine reads the values; what it does not tell, or could be harmed by, is looked at first.

- Of a formula its last computed value counts, and a note says so; one without a value is refused at its cell.
- A merged cell counts for every row it covers, as it shows; a note says so.
- Dates come as dates, whatever their format and whether the workbook counts from 1900 or 1904.
- Cells far out (`XFD1048576`) would make a table of billions of empty cells: refused before anything is built.
- A text that all cells share is kept once in the file and many times here: what they come to is counted first.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NoReturn

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from register.intake.grids.grid import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_TEXT,
    Grid,
    make_grid,
    name_column,
    note_formulas,
    note_merged,
    number_column,
    refuse_cells,
    refuse_length,
    spell,
)
from register.intake.grids.zipped import opened, unpack
from register.intake.rows import NotRecognised, RowProblem
from register.sentences import cite, say

_WHAT: Final = say("a table as XLSX")
_PLACE: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,7})([0-9]{1,9})["']""")
_FORMULA: Final = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?r\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["'][^>]*>\s*<(?:\w+:)?f[\s>/]"""
)
_ROW: Final = re.compile(rb"""\sr\s*=\s*["']([0-9]+)["']""")
"""The number of a row. It may be missing, as the place of a cell may: then each is beside or below the one before."""
_ROW_BEGINS: Final = re.compile(rb"<(?:\w+:)?row[\s>/]")
_CELL_BEGINS: Final = re.compile(rb"<(?:\w+:)?c[\s>/]")
_TEXT_BEGINS: Final = re.compile(rb"<(?:\w+:)?si[\s>/]")
_SHARED: Final = re.compile(rb"""\st\s*=\s*["']s["']""")
_NUMBER: Final = re.compile(rb"<(?:\w+:)?v>\s*([0-9]{1,9})\s*<")
_FAR: Final = MOST_ROWS * 4
"""Rows of a sheet, blank ones between the others included."""


def read_xlsx(data: bytes) -> Grid:
    """Read the first visible sheet that holds anything; raises NotRecognised for other files and beyond bounds."""
    formulas = _look_ahead(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        name, number = _choose_sheet(workbook)
        sheet = workbook.get_sheet_by_index(number)
        cells = [[spell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, ValueError, OverflowError) as error:
        got = say("a file that is none ({why})", why=cite(str(error)[:180]))
        raise NotRecognised(_WHAT, got, say("Save the table as XLSX again.")) from None
    notes = [
        *_note_sheet(workbook, name),
        *_fill_merged(sheet, cells),
        *_note_formulas(formulas.get(number, []), cells),
    ]
    return make_grid("xlsx", _WHAT, enumerate(cells, 1), notes)


def _look_ahead(data: bytes) -> dict[int, list[tuple[int, int]]]:
    """Return the places of formulas by sheet, having seen that nothing in the file is beyond bounds."""
    found: dict[int, list[tuple[int, int]]] = {}
    texts: list[int] = []
    used: Counter[int] = Counter()
    with opened(data, _WHAT) as archive:
        for name, content in unpack(archive, _WHAT):
            if b"<!DOCTYPE" in content[:2000] or b"<!ENTITY" in content[:2000]:
                raise NotRecognised(_WHAT, say("a file with XML entities"), say("Save the table as XLSX again."))
            _refuse_far_cells(content)
            texts = texts or [len(text) for text in _TEXT_BEGINS.split(content)[1:]]
            if _SHARED.search(content):
                used.update(map(int, _NUMBER.findall(content)))
            sheet = re.fullmatch(r"xl/worksheets/sheet([0-9]{1,4})\.xml", name)
            if sheet:
                found[int(sheet[1]) - 1] = [
                    (int(r) - 1, number_column(c.decode())) for c, r in _FORMULA.findall(content)
                ]
    if sum(length * used[number] for number, length in enumerate(texts) if number in used) > 4 * MOST_TEXT:
        raise refuse_length(_WHAT)
    return found


def _refuse_far_cells(content: bytes) -> None:
    """Refuse cells far out, and a table too large between its corners, whether or not its cells name their places."""
    rows, columns, placed = 0, 0, 0
    for letters, row in _PLACE.findall(content):
        column, placed = number_column(letters.decode()) + 1, placed + 1
        rows, columns = max(rows, int(row)), max(columns, column)
        if int(row) > _FAR or (len(letters) > 1 and column > MOST_COLUMNS):
            _refuse_place(say("a cell at {place}", place=f"{letters.decode()}{int(row)}"))
    numbered = _ROW.findall(content)
    rows = max(rows, *(int(one[-9:]) + 10**9 * (len(one) > 9) for one in numbered), 0)
    begun = _CELL_BEGINS.findall(content)
    if len(begun) > placed:
        rows += len(_ROW_BEGINS.findall(content)) - len(numbered)
        columns += max(len(_CELL_BEGINS.findall(row)) for row in _ROW_BEGINS.split(content))
    if rows > _FAR:
        _refuse_place(say("a cell in row {row}", row=rows))
    if max(rows * columns, len(begun)) > 2 * MOST_CELLS:
        raise refuse_cells(_WHAT)


def _refuse_place(got: str) -> NoReturn:
    cure = say(
        "Delete what lies beyond row {row} and column {column}.",
        row=_FAR,
        column=name_column(MOST_COLUMNS - 1),
    )
    raise NotRecognised(_WHAT, got, cure)


def _choose_sheet(workbook: CalamineWorkbook) -> tuple[str, int]:
    visible = [
        (one.name, number)
        for number, one in enumerate(workbook.sheets_metadata)
        if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
    ]
    for name, number in visible:
        if workbook.get_sheet_by_index(number).end is not None:
            return name, number
    got = say("no visible sheet with anything in it")
    raise NotRecognised(_WHAT, got, say("Put the table into the first sheet."))


def _note_sheet(workbook: CalamineWorkbook, name: str) -> Iterator[RowProblem]:
    others = [one for one in workbook.sheet_names if one != name]
    if others:
        message = say(
            "the workbook has other sheets ({others}); only {name} was read",
            others=", ".join(others)[:80],
            name=repr(name[:40]),
        )
        cure = say("Hand the others in as files of their own, if they are wanted.")
        yield RowProblem(0, "", name[:40], message, cure)


def _fill_merged(sheet: CalamineSheet, cells: list[list[str]]) -> Iterator[RowProblem]:
    """Give the value of a merged cell to every row it covers, as it shows; beside the first column nothing is added."""
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        if top >= len(cells) or left >= len(cells[top]) or bottom <= top:
            continue
        value = cells[top][left]
        for row in range(top + 1, min(bottom + 1, len(cells))):
            cells[row][left] = value
        yield note_merged(top + 1, bottom + 1, name_column(left), value)


def _note_formulas(places: Sequence[tuple[int, int]], cells: Sequence[Sequence[str]]) -> Iterator[RowProblem]:
    """Say which cells hold formulas; where the file has no value for one, its row is refused."""
    inside = [(row, column) for row, column in places if row < len(cells) and column < len(cells[row])]
    for row, column in inside:
        if not cells[row][column]:
            message = say("the cell holds a formula without a computed value")
            cure = say("Open the file in a spreadsheet program and save it, or write the value.")
            yield RowProblem(row + 1, name_column(column), "", message, cure, fatal=True)
    if inside:
        yield note_formulas([f"{name_column(column)}{row + 1}" for row, column in inside])
