"""Delimited text as a grid: encoding and delimiter recognised as in `sheets`, nothing interpreted."""

from __future__ import annotations

import csv
import io
from typing import Final

from register.intake.grids.grid import Grid, make_grid
from register.intake.sheets import decode, find_delimiter, note_encoding, number_lines, refuse_text
from register.sentences import say

_WHAT: Final = say("a table as CSV")


def read_text(data: bytes) -> Grid:
    """Read CSV with comma, semicolon or tab; raises NotRecognised for what is no text or no CSV."""
    text, encoding = decode(data, _WHAT)
    delimiter, skipped, body = find_delimiter(text, _WHAT)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    facts = {"encoding": encoding, "delimiter": delimiter}
    try:
        return make_grid("csv", _WHAT, number_lines(reader, skipped), note_encoding(encoding), **facts)
    except csv.Error as error:
        raise refuse_text(_WHAT, reader.line_num, error) from None
