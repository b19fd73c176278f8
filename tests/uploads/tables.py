"""Tables of invented decisions for tests, some rows of them wrong in the ways in which people get them wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Final

HEADER: Final = (
    "issuer", "kind", "valid_from", "valid_until", "eqf_levels", "isced_f", "decision", "local_id", "report_url",
)  # fmt: skip

Cells = list[str]


def decision(issuer: str, number: int) -> Cells:
    """Return a row nothing is wrong with, but for the remarks it may get."""
    return [issuer, "institutional", "2026-05-01", "2031-05-01", "6|7", "061", "positive", f"A-{number}",
            f"https://agency.example/{number}.pdf"]  # fmt: skip


def _put(place: int, text: str) -> Callable[[Cells], None]:
    def change(cells: Cells) -> None:
        cells[place] = text

    return change


WAYS: Final[Sequence[tuple[str, Callable[[Cells], None]]]] = (
    ("issuer", _put(0, "pic:111111111")),
    ("issuer", _put(0, "")),
    ("kind", _put(1, "institutonal")),
    ("valid_from", _put(2, "03/04/2026")),
    ("valid_from", _put(2, "45292")),
    ("valid_until", _put(3, "2020-01-01")),
    ("eqf_levels", _put(4, "9")),
    ("isced_f", _put(5, "61")),
    ("decision", _put(6, "maybe")),
    ("valid_from", _put(2, "2014-12-31")),  # before the agency was recognised: only the rules can tell
)
"""Column → what makes a row wrong there."""


def table(issuers: Sequence[str], number: int, wrong: int = 0) -> tuple[list[Cells], dict[int, str]]:
    """Return rows, and of those that are wrong the line (the header is 1) and the column at fault, spread evenly."""
    rows = [decision(issuers[place % len(issuers)], place) for place in range(number)]
    faults: dict[int, str] = {}
    for count in range(wrong):
        place = count * (number // wrong)
        column, change = WAYS[count % len(WAYS)]
        change(rows[place])
        faults[place + 2] = column
    return rows, faults


def as_csv(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, delimiter: str = ",") -> bytes:
    """Write a table as CSV, UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode()
