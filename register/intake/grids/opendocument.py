"""ODS as a grid, read as a stream of XML: OpenDocument 1.3, part 3, chapter 9 (tables) and 19.385 (value types).

Repeated rows and cells are spread out only as far as the bounds allow; of formulas the stored value counts.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from register.intake.grids.grid import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    Grid,
    make_grid,
    name_column,
    note_formulas,
    note_merged,
    refuse_cells,
    spell,
)
from register.intake.grids.zipped import opened, refuse_damaged, unpack
from register.intake.rows import NotRecognised, RowProblem
from register.sentences import say

_WHAT: Final = say("a table as ODS")
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CELLS: Final = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_MOST_ELEMENTS: Final = 1_000_000
"""Elements held at once; of a row that was read, the row alone is."""


def read_ods(data: bytes) -> Grid:
    """Read the first table that holds anything; raises NotRecognised for other files and beyond bounds."""
    content = _find_content(data)
    try:
        for name, reading in _tables(content):
            if any(any(cells) for _, cells in reading.lines):
                return make_grid("ods", _WHAT, reading.lines, reading.notes(name))
    except NotRecognised:
        raise
    except (ParseError, DefusedXmlException, ValueError):
        raise refuse_damaged(_WHAT) from None
    raise NotRecognised(_WHAT, say("no table with anything in it"), say("Put the table into the first sheet."))


def _find_content(data: bytes) -> bytes:
    with opened(data, _WHAT) as archive:
        for name, content in unpack(archive, _WHAT):
            if name == "content.xml":
                return content
    got = say("a file without content.xml")
    raise NotRecognised(_WHAT, got, say("Save it again from the spreadsheet program."))


class _Reading:
    """One table while it is read: its lines, the spans of merged cells, where formulas are."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, list[str]]] = []
        self.row = 0
        self.formulas: list[str] = []
        self._merged: dict[int, tuple[int, str]] = {}
        self._spans: list[RowProblem] = []
        self._cells = 0

    def add(self, element: Any) -> None:
        """Take in a row element, as often as it is repeated."""
        cells, repeated = self._read_cells(element), int(element.get(f"{_TABLE}number-rows-repeated", 1))
        if not any(cells):
            self.row += repeated
            return
        if repeated > MOST_ROWS or self.row + repeated > MOST_ROWS * 4:
            got = say("a row that is repeated {number} times", number=repeated)
            raise NotRecognised(_WHAT, got, say("Delete the rows below the table."))
        self._cells += len(cells) * repeated
        if self._cells > MOST_CELLS:
            raise refuse_cells(_WHAT)
        for _ in range(repeated):
            self.row += 1
            self.lines.append((self.row, cells))

    def _read_cells(self, element: Any) -> list[str]:
        cells: list[str] = []
        for cell in element:
            if cell.tag not in _CELLS:
                continue
            value = self._value(cell, len(cells))
            repeated = int(cell.get(f"{_TABLE}number-columns-repeated", 1))
            if value and len(cells) + repeated > MOST_COLUMNS:
                cure = say("Delete some: {most} are the most.", most=MOST_COLUMNS)
                raise NotRecognised(_WHAT, say("too many columns"), cure)
            cells += [value] * (repeated if value else min(repeated, MOST_COLUMNS - len(cells)))
        return cells

    def _value(self, cell: Any, column: int) -> str:
        if cell.tag == _CELLS[1]:
            left, value = self._merged.get(column, (0, ""))
            if left:
                self._merged[column] = (left - 1, value)
            return value if left else ""
        value = _read_value(cell)
        rows = int(cell.get(f"{_TABLE}number-rows-spanned", 1))
        if value and rows > 1:
            self._merge(column, rows, value)
        if cell.get(f"{_TABLE}formula"):
            self.formulas.append(f"{name_column(column)}{self.row + 1}")
        return value

    def _merge(self, column: int, rows: int, value: str) -> None:
        self._merged[column] = (rows - 1, value)
        self._spans.append(note_merged(self.row + 1, self.row + rows, name_column(column), value))

    def notes(self, name: str) -> list[RowProblem]:
        """Return what was noticed about the table."""
        if not self.formulas:
            return self._spans
        return [*self._spans, note_formulas(self.formulas)]


def _tables(content: bytes) -> Iterator[tuple[str, _Reading]]:
    reading, held, before_row = _Reading(), 0, 0
    for event, element in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
        held += event == "start"
        if held > _MOST_ELEMENTS:
            got = say("more than {number} elements", number=_MOST_ELEMENTS)
            raise NotRecognised(_WHAT, got, say("Split the file."))
        if event == "start" and element.tag == f"{_TABLE}table":
            reading = _Reading()
        elif event == "start" and element.tag == f"{_TABLE}table-row":
            before_row = held
        elif event == "end" and element.tag == f"{_TABLE}table-row":
            reading.add(element)
            element.clear()
            held = before_row
        elif event == "end" and element.tag == f"{_TABLE}table":
            yield element.get(f"{_TABLE}name", ""), reading
            element.clear()


def _read_value(cell: Any) -> str:
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in ("float", "percentage", "currency"):
        return spell(float(cell.get(f"{_OFFICE}value", "nan")))
    if kind == "date":
        return str(cell.get(f"{_OFFICE}date-value", "")).removesuffix("T00:00:00")
    if kind == "boolean":
        return str(cell.get(f"{_OFFICE}boolean-value", ""))
    return "\n".join(_read_paragraph(part) for part in cell if part.tag == f"{_TEXT}p")


def _read_paragraph(element: Any) -> str:
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(int(child.get(f"{_TEXT}c", 1)), 100))
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            parts.append(" ")
        else:
            parts.append(_read_paragraph(child))
        parts.append(child.tail or "")
    return "".join(parts)
