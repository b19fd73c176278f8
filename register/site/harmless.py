"""Harmless cells: text for spreadsheets, which take cells that begin with certain signs for formulas and run them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_BEGINNINGS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK: Final = "\ufeff"
"""Tells spreadsheets that a file is UTF-8; without it they spoil every accent."""


def write_harmless(cell: str) -> str:
    """Return the text of a cell, led by an apostrophe where a spreadsheet could take it for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_BEGINNINGS) else cell


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
