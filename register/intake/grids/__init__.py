"""Grids: tables as their files hold them, whatever the format, before anybody says what the columns mean. Pure.

| module | reads |
|---|---|
| `text` | CSV and its kin: encodings, delimiters |
| `workbook` | XLSX: dates, formulas, merged cells, within bounds |
| `opendocument` | ODS: the same |
| `records` | JSON: a list of objects, nested ones flattened as DEQAR does in CSV |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from register.intake.grids.grid import MOST_BYTES, MOST_ROWS, Grid
from register.intake.grids.opendocument import read_ods
from register.intake.grids.records import read_json
from register.intake.grids.text import read_text
from register.intake.grids.workbook import read_xlsx
from register.intake.grids.zipped import OLE, ZIP, is_opendocument
from register.intake.rows import NotRecognised
from register.sentences import say

__all__ = ["MOST_BYTES", "MOST_ROWS", "READERS", "Grid", "check_size", "read_grid", "recognise_format"]

WHAT: Final = say("a table as CSV, XLSX, ODS or JSON")

READERS: Final[Mapping[str, Callable[[bytes], Grid]]] = {
    "csv": read_text,
    "xlsx": read_xlsx,
    "ods": read_ods,
    "json": read_json,
}
"""Format → what reads it."""


def read_grid(data: bytes) -> Grid:
    """Read a table from a file of any of the formats; raises NotRecognised with what was expected and what to do."""
    check_size(len(data))
    return READERS[recognise_format(data)](data)


def check_size(size: int) -> None:
    """Refuse a file of more bytes than are read; raises NotRecognised."""
    if size > MOST_BYTES:
        got = f"{size / 2**20:,.0f} MB"
        raise NotRecognised(WHAT, got, say("Split the file: {most} MB are the most.", most=MOST_BYTES // 2**20))


def recognise_format(data: bytes) -> str:
    """Tell the format by the first 200 bytes, never by a name; raises NotRecognised for other kinds of file."""
    if data.startswith(ZIP):
        return "ods" if is_opendocument(data) else "xlsx"
    if data.startswith(OLE):
        got = say("an Excel file of before 2007, or one with a password")
        raise NotRecognised(WHAT, got, say("Save it as XLSX without a password."))
    if data.startswith(b"%PDF"):
        raise NotRecognised(WHAT, say("a PDF file"), say("Export the table it was made from."))
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return "json" if start in (b"[", b"{") else "csv"
