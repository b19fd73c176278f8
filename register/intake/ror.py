"""Reads records of the Research Organization Registry (ROR) from a table: identifiers, names by language, domains.

Source: ROR data (CC0, ror.org). Columns: ror, name, country, city, website, status, isni, wikidata, grid, fundref,
other_names (`name@language | …`), domains, successor and parent (ROR IDs, blank between).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from register.intake.cells import BadCell, clean_text, parse_website
from register.intake.names import tell_language
from register.intake.rows import SHOWN, Identifier, RowProblem
from register.intake.sheets import read_sheet
from register.vocabularies import UnknownTerm, load
from register.vocabularies.identifiers import MalformedIdentifier, canonicalise

SOURCE = "ror"
WHAT = "ROR records as CSV (ror, name, country, city, website, status, …)"
REQUIRED = ("ror", "name", "country", "status")
STATUSES = ("active", "inactive", "withdrawn")
_OTHER_SCHEMES = ("isni", "wikidata", "grid", "fundref")
_TAGGED = re.compile(r"(.+)@([a-z]{2,3})")


@dataclass(frozen=True, slots=True)
class RorRecord:
    """One organisation of ROR.

    `ror` is canonical (`https://ror.org/…`), `names` by language, `aliases` all further
    names (several a language, acronyms), `domains` in lower case, `successors` and `parents` canonical ROR IDs.
    The table does not say which language the display name is in: it stands under the language its words tell
    (`tell_language`), before a tagged name of that language, or under `und`.
    """

    ror: str
    names: Mapping[str, str]
    aliases: tuple[str, ...]
    country: str
    city: str
    domains: tuple[str, ...]
    website: str
    status: str
    identifiers: tuple[Identifier, ...]
    successors: tuple[str, ...]
    parents: tuple[str, ...]
    line: int

    @property
    def isni(self) -> str | None:
        """The ISNI, if ROR knows one."""
        return self.value_of("isni")

    @property
    def wikidata(self) -> str | None:
        """The Wikidata item, if ROR knows one."""
        return self.value_of("wikidata")

    def value_of(self, scheme: str) -> str | None:
        """Give the value of the first identifier of a scheme."""
        return next((one.value for one in self.identifiers if one.scheme == scheme), None)


@dataclass(frozen=True, slots=True)
class RorFile:
    """The records that could be read, and what was noticed."""

    records: tuple[RorRecord, ...]
    problems: tuple[RowProblem, ...]


def read_ror(data: bytes) -> RorFile:
    """Read ROR records from CSV; raise `NotRecognised` if it is another kind of file."""
    sheet = read_sheet(data, WHAT, {}, REQUIRED)
    problems = list(sheet.problems)
    records: dict[str, RorRecord] = {}
    for line, cells in sheet.rows:
        record = _read_record(line, cells, problems)
        if record is not None and record.ror in records:
            message = f"{record.ror} stands in line {records[record.ror].line} already; this row was left out"
            problems.append(RowProblem(line, "ror", record.ror, message, "Keep one of the rows.", fatal=True))
        elif record is not None:
            records[record.ror] = record
    return RorFile(tuple(records.values()), tuple(problems))


def _read_record(line: int, cells: Mapping[str, str], problems: list[RowProblem]) -> RorRecord | None:
    name, status = clean_text(cells["name"]), clean_text(cells["status"]).lower()
    column = "ror"
    try:
        ror = canonicalise("ror", cells["ror"])[1]
        column = "country"
        country = load("countries").get(cells["country"]).code
        column = "name" if not name else "status"
        if not name or status not in STATUSES:
            raise BadCell(f"expected a name and a status of {', '.join(STATUSES)}", "Take the row from ror.org again.")
    except (MalformedIdentifier, UnknownTerm) as error:
        problems.append(_refuse(line, column, cells, f"expected {error.expected}", error.cure))
    except BadCell as error:
        problems.append(_refuse(line, column, cells, error.message, error.cure))
    else:
        return _build_record(line, ror, country, name, status, cells, problems)
    return None


def _refuse(line: int, column: str, cells: Mapping[str, str], message: str, cure: str) -> RowProblem:
    return RowProblem(line, column, cells[column][:SHOWN], message, cure, fatal=True)


def _build_record(
    line: int, ror: str, country: str, name: str, status: str, cells: Mapping[str, str], problems: list[RowProblem]
) -> RorRecord:
    names, aliases = _read_names(name, cells.get("other_names", ""))
    website = _read_website(line, cells.get("website", ""), problems)
    return RorRecord(
        ror=ror,
        names=names,
        aliases=aliases,
        country=country,
        city=clean_text(cells.get("city", "")),
        domains=tuple(clean_text(cells.get("domains", "")).lower().split()),
        website=website,
        status=status,
        identifiers=(Identifier("ror", ror, cells["ror"], SOURCE), *_read_others(line, cells, problems)),
        successors=_read_rors(line, "successor", cells, problems),
        parents=_read_rors(line, "parent", cells, problems),
        line=line,
    )


def _read_names(display: str, text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    by_language = {tell_language(display) or "und": display}
    aliases = []
    for part in filter(None, map(clean_text, text.split(" | "))):
        tagged = _TAGGED.fullmatch(part)
        acronym = tagged is not None and " " not in tagged[1] and tagged[1].isupper()
        if tagged and not acronym and tagged[2] not in by_language:
            by_language[tagged[2]] = clean_text(tagged[1])
        else:
            aliases.append(clean_text(tagged[1]) if tagged else part)
    return by_language, tuple(aliases)


def _read_website(line: int, text: str, problems: list[RowProblem]) -> str:
    try:
        return parse_website(text)
    except BadCell as error:
        problems.append(RowProblem(line, "website", "", f"{error.message}; it was left out", error.cure))
        return ""


def _read_others(line: int, cells: Mapping[str, str], problems: list[RowProblem]) -> list[Identifier]:
    found = []
    for scheme in _OTHER_SCHEMES:
        if text := cells.get(scheme, "").strip():
            try:
                found.append(Identifier(scheme, canonicalise(scheme, text)[1], text, SOURCE))
            except MalformedIdentifier as error:
                message = f"expected {error.expected}; the value was left out"
                problems.append(RowProblem(line, scheme, text[:SHOWN], message, error.cure))
    return found


def _read_rors(line: int, column: str, cells: Mapping[str, str], problems: list[RowProblem]) -> tuple[str, ...]:
    found = []
    for text in cells.get(column, "").split():
        try:
            found.append(canonicalise("ror", text)[1])
        except MalformedIdentifier as error:
            message = f"expected {error.expected}; the value was left out"
            problems.append(RowProblem(line, column, text[:SHOWN], message, error.cure))
    return tuple(found)
