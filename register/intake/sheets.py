"""Reads delimited text into rows of named cells: encoding, delimiter and header recognised, nothing interpreted.

Accepted: UTF-8 with or without BOM, UTF-16 with BOM, Windows-1252 (then a problem says so); comma, semicolon or tab;
a first line `sep=;` as spreadsheets write it; CRLF or LF; RFC 4180 quoting.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from register.intake.cells import clean_text
from register.intake.rows import SHOWN, NotRecognised, RowProblem
from register.sentences import Said, cite, say

MAX_BYTES = 64 * 2**20
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: canonical column names, its rows as (line, cells by column), and what was noticed about the file."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    encoding: str
    delimiter: str
    problems: tuple[RowProblem, ...]


def read_sheet(data: bytes, what: str, aliases: Mapping[str, str], required: Sequence[str]) -> Sheet:
    """Read a table whose header cells are found in `aliases` (folded header text to canonical column).

    Headers that are not in `aliases` keep their folded text. Raises `NotRecognised` if the bytes are no text, hold no
    header, name a column twice or lack one that is required; a row with too few or too many cells is a fatal problem.
    """
    text, encoding = decode(data, what)
    delimiter, skipped, body = find_delimiter(text, what)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    rows: list[tuple[int, Mapping[str, str]]] = []
    problems = note_encoding(encoding)
    try:
        columns = _read_header(next(reader, []), what, aliases, required)
        for line, cells in number_lines(reader, skipped):
            if len(cells) == len(columns):
                rows.append((line, dict(zip(columns, cells, strict=True))))
            else:
                problems.append(_wrong_width(line, len(columns), cells))
    except csv.Error as error:
        raise refuse_text(what, reader.line_num, error) from None
    return Sheet(columns, tuple(rows), encoding, delimiter, tuple(problems))


def refuse_text(what: str, line: int, error: csv.Error) -> NotRecognised:
    """Return the refusal of a text that is no CSV from about a line on."""
    got = say("text that is not CSV near line {line} ({why})", line=line, why=cite(error))
    return NotRecognised(what, got, say("Save the file again as CSV, UTF-8."))


def fold_header(text: str) -> str:
    """Fold a header cell for comparison: lower case, blanks, dots and hyphens as one underscore."""
    return "_".join(clean_text(text).casefold().replace("-", " ").replace(".", " ").replace("_", " ").split())


def decode(data: bytes, what: str) -> tuple[str, str]:
    """Return text and the encoding it was in; raises NotRecognised for what is no text."""
    if len(data) > MAX_BYTES:
        cure = say("Split the file: {most} bytes are the most.", most=MAX_BYTES)
        raise NotRecognised(what, say("{number} bytes", number=len(data)), cure)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\x00" in data:
        raise NotRecognised(what, say("binary data"), _say_export())
    else:
        encodings = ["utf-8-sig", "windows-1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise NotRecognised(what, say("bytes that are no text"), _say_export())


def _say_export() -> Said:
    return say("Export the table as CSV, UTF-8.")


def find_delimiter(text: str, what: str) -> tuple[str, int, str]:
    """Return the delimiter, how many lines in front of the header there are to pass over, and the text after them."""
    first, *rest = re.split(r"\r\n|\r|\n", text, maxsplit=1)
    if first.strip().lower().removeprefix("sep=") in DELIMITERS and first.lower().startswith("sep="):
        return first[4:5], 1, "".join(rest)
    try:
        widths = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in DELIMITERS}
    except csv.Error as error:
        got = say("a first line that is not CSV ({why})", why=cite(error))
        raise NotRecognised(what, got, say("Save the file as CSV, UTF-8.")) from None
    return max(DELIMITERS, key=lambda mark: widths[mark]), 0, text


def _read_header(
    cells: Sequence[str], what: str, aliases: Mapping[str, str], required: Sequence[str]
) -> tuple[str, ...]:
    columns = tuple(aliases.get(fold_header(cell), fold_header(cell)) for cell in cells)
    missing = [column for column in required if column not in columns]
    if missing:
        got = say("the columns {columns}", columns=", ".join(filter(None, columns))[:200] or say("an empty first line"))
        raise NotRecognised(what, got, say("Missing: {columns}.", columns=", ".join(missing)))
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    if twice:
        got = say("the column {column} twice", column=twice[0])
        raise NotRecognised(what, got, say("Give each column once."))
    return tuple(column or f"column {place}" for place, column in enumerate(columns, 1))


def number_lines(reader: Iterator[list[str]], skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold anything, with the physical line each starts on."""
    last = getattr(reader, "line_num", 0)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield last + skipped + 1, cells
        last = getattr(reader, "line_num", 0)


def note_encoding(encoding: str) -> list[RowProblem]:
    """Return what is to be said of an encoding that may not be what was meant."""
    if encoding != "windows-1252":
        return []
    message = say("the file is not UTF-8; it was read as Windows-1252, so look at the accents")
    return [RowProblem(0, "", encoding, message, say("Save the table as CSV, UTF-8."))]


def _wrong_width(line: int, wanted: int, cells: Sequence[str]) -> RowProblem:
    message = say("expected {wanted} cells as in the header, got {got}", wanted=wanted, got=len(cells))
    cure = say("Quote cells that hold the delimiter.")
    return RowProblem(line, "", " | ".join(cells)[:SHOWN], message, cure, fatal=True)
