"""Cells of DEQAR's table: one row while it is read, and dates in the notation its column `date_format` names. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from register.intake.cells import BadCell, clean_text, parse_date
from register.intake.rows import SHOWN, RowProblem
from register.sentences import say

_FORMAT: Final = {"%d": "([0-9]{1,2})", "%-d": "([0-9]{1,2})", "%m": "([0-9]{1,2})", "%-m": "([0-9]{1,2})",
                  "%Y": "([0-9]{4})", "%y": "([0-9]{2})"}  # fmt: skip
_TOKEN: Final = re.compile(r"%-?[dmYy]")


@dataclass(slots=True)
class Reading:
    """One row while it is read; `groups` are the cells of what there may be several of, by name and number."""

    line: int
    cells: Mapping[str, str]
    problems: list[RowProblem]
    groups: dict[str, dict[int, dict[str, str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(dict)))
    faults: int = 0

    def text(self, *columns: str) -> str:
        """Return the first of some cells that holds anything."""
        return next((text for column in columns if (text := clean_text(self.cells.get(column, "")))), "")

    def refuse(self, column: str, value: str, message: str, cure: str) -> None:
        """Report a fault, for which the row is left out."""
        self.faults += 1
        self.problems.append(RowProblem(self.line, column, value[:SHOWN], message, cure, fatal=True))

    def note(self, column: str, value: str, message: str, cure: str = "") -> None:
        """Report what was done with a value."""
        self.problems.append(RowProblem(self.line, column, value[:SHOWN], message, cure))

    def choose(
        self, column: str, values: Mapping[str, object], expected: str, *, required: bool = True
    ) -> object | None:
        """Return what a cell means by a table of what may stand in it."""
        text = self.text(column, f"{column}_id")
        if not text and not required:
            return None
        found = values.get(text.casefold().removesuffix(".0"))
        if found is None:
            got = repr(text[:40]) if text else say("an empty cell")
            message = say("expected {expected}, got {got}", expected=expected, got=got)
            self.refuse(column, text, message, say("See DEQAR's list of values."))
        return found


def read_by_format(text: str, pattern: str) -> date:
    """Read a date by DEQAR's notation (%d, %-d, %m, %-m, %Y, %y); raises BadCell.

    `d%` is understood as `%d`: EQAR's own sample writes it so.
    """
    pattern = re.sub(r"(?<![%-])([dmYy])%", r"%\1", pattern)
    tokens = _TOKEN.findall(pattern)
    if sorted(token[-1].lower() for token in tokens) != ["d", "m", "y"]:
        message = say("expected a date format such as %Y-%m-%d, got {got}", got=repr(pattern[:30]))
        raise BadCell(message, say("Correct the column date_format."))
    parts = _TOKEN.split(pattern)
    shape = "".join(re.escape(part) + _FORMAT.get(token, "") for part, token in zip(parts, [*tokens, ""], strict=True))
    found = re.fullmatch(shape, text, re.ASCII)
    if found is None:
        message = say("expected a date written as {pattern}, got {got}", pattern=pattern, got=repr(text[:40]))
        raise BadCell(message, say("Write it so, or correct date_format."))
    values = {token[-1].lower(): int(value) for token, value in zip(tokens, found.groups(), strict=True)}
    year = values["y"] + (2000 if values["y"] < 100 else 0)
    return parse_date(f"{year:04d}-{values['m']:02d}-{values['d']:02d}") or date.min
