"""What the parsers of foreign files give back: institutions, and a report for every row that is at fault.

Pure. A problem is data, not an exception: one bad row must not hide the others. Only a file that is not of its kind at
all raises, `NotRecognised`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from register.errors import RegisterError
from register.sentences import from_json, say, to_json

SHOWN = 120  # characters of a faulty value that a report repeats


class NotRecognised(RegisterError, ValueError):
    """A file that is not of the kind it was offered as; the message says what was expected and what came."""

    def __init__(self, expected: str, got: str, cure: str) -> None:
        self.expected = expected
        self.got = got
        self.cure = cure
        super().__init__(say("expected {expected}, got {got}: {cure}", expected=expected, got=got, cure=cure))


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong with one row.

    `line` is the physical line of the file where the row starts (1 is the header; 0 the file as a whole), `column` the
    header's name, empty when no single column is at fault. A `fatal` problem means that the row was left out; otherwise
    the row was taken and `message` says what was done with the value.
    """

    line: int
    column: str
    value: str
    message: str
    cure: str
    fatal: bool = False


def keep_problem(problem: RowProblem) -> dict[str, Any]:
    """Return a problem as JSON keeps it: its sentences with what they were made from, for readers of any language."""
    kept = {one.name: getattr(problem, one.name) for one in fields(problem)}
    return {**kept, "message": to_json(problem.message), "cure": to_json(problem.cure)}


def read_problem(kept: Mapping[str, Any]) -> RowProblem:
    """Return a problem that `keep_problem` wrote; sentences of older ones are plain texts."""
    told = {"message": from_json(kept["message"]), "cure": from_json(kept["cure"])}
    return RowProblem(kept.get("line", 0), kept["column"], kept["value"], **told, fatal=kept["fatal"])


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier in canonical form, with the text it was read from and the list it came from."""

    scheme: str
    value: str
    original: str
    source: str


@dataclass(frozen=True, slots=True)
class Institution:
    """An organisation as a foreign list describes it, normalised; nothing in it is guessed.

    `names` by BCP 47 language, `und` where the list does not say which. `country` is ISO 3166-1 alpha-2, `website` an
    absolute http(s) URL. `period` holds first and last day (inclusive) of the listing, for ECHE of the charter.
    `lines` are the rows it was read from (more than one if it was listed twice), `originals` their cells as written,
    without any that held a person's mail address.
    """

    names: Mapping[str, str]
    country: str
    city: str
    street: str
    postcode: str
    website: str
    identifiers: tuple[Identifier, ...]
    period: tuple[date | None, date | None]
    lines: tuple[int, ...]
    originals: tuple[Mapping[str, str], ...]
    provider_type: int = 1

    @property
    def source_line(self) -> int:
        """The line of the row the institution's name was taken from."""
        return self.lines[0]

    @property
    def original(self) -> Mapping[str, str]:
        """The cells of that row as written."""
        return self.originals[0]
