"""Harmless cells: text for spreadsheets, which take cells that begin with certain signs for formulas and run them.

A spreadsheet of another country parts a line at another separator, whatever the file was written with, so such a sign
within a cell may come to begin one, too.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_FORMULA: Final = re.compile(r"(^ *)(?=[=+\-@\t\r\n＝＋－＠])|([;,\t\r\n] *)(?=[=+\-@＝＋－＠])")
_LED: Final = re.compile(r"(^|[;,\t\r\n] *)'(?= *[=+\-@\t\r\n＝＋－＠])")
BYTE_ORDER_MARK: Final = "\ufeff"
"""Tells spreadsheets that a file is UTF-8; without it they spoil every accent."""


def write_harmless(cell: str) -> str:
    """Return the text of a cell, with an apostrophe before whatever a spreadsheet could take for a formula."""
    return _FORMULA.sub(lambda found: f"{found[2] or ''}'{found[1] or ''}", cell)


def read_harmless(cell: str) -> str:
    """Return the text of a cell that `write_harmless` wrote, without its apostrophes; any other stays as it is."""
    plain = _LED.sub(r"\1", cell)
    return plain if write_harmless(plain) == cell else cell


class _Echo:
    """A file that gives back what is written into it."""

    def write(self, text: str) -> str:
        return text


def stream_csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Yield the lines of a CSV file (RFC 4180, UTF-8 with its mark), every cell harmless."""
    writer = csv.writer(_Echo())
    yield (BYTE_ORDER_MARK + writer.writerow(head)).encode()
    for row in rows:
        yield writer.writerow([write_harmless(cell) for cell in row]).encode()
