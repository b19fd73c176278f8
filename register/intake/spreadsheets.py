"""Plans for `assay import` of spreadsheets and accreditation documents: deqar-csv, xlsx, elm-xml.

The same readers as those of bulk intake in the browser; who is named is looked up in the register's holdings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from register.ids import new_id
from register.intake.columns import DEQAR, ISSUERS, recognise
from register.intake.deqar import Submission, parse_submission
from register.intake.elm import ElmAccreditation, read_elm
from register.intake.grids import Grid, read_grid
from register.intake.holdings import Holdings
from register.intake.proposals import Proposal, propose_accreditation, propose_issuer, propose_submission
from register.intake.rows import Institution, NotRecognised, RowProblem
from register.intake.tables import AccreditationTable, IssuerTable, parse_accreditation, parse_issuer

_REGISTER: Final = "Register it first, or correct the identifier."
Problems = list[RowProblem]


def read_workbook(data: bytes) -> IssuerTable | AccreditationTable:
    """Read one of the project's own tables from XLSX or ODS; raises NotRecognised with an unknown or missing column."""
    grid = read_grid(data)
    found = recognise(grid.header)
    _insist(["" if place in found.doubtful else name for place, name in enumerate(found.names)], found.missing, grid)
    notes = [note for note in grid.notes if note.line == 0 or note.fatal]
    rows = [(line, dict(zip(found.names, cells, strict=False))) for line, cells in grid.rows]
    if found.kind == ISSUERS:
        read = [parse_issuer(line, cells) for line, cells in rows]
        problems = [one for _, faults in read for one in faults]
        return IssuerTable(tuple(one for one, _ in read if one), (*notes, *problems))
    decisions = [parse_accreditation(line, cells) for line, cells in rows]
    problems = [one for _, faults in decisions for one in faults]
    return AccreditationTable(tuple(one for one, _ in decisions if one), (*notes, *problems))


def read_submissions(data: bytes) -> tuple[list[Submission], Problems, int]:
    """Read DEQAR's submission table; return its rows, the problems, and how many rows there were."""
    grid = read_grid(data)
    found = recognise(grid.header, DEQAR)
    _insist([name or "-" for name in found.names], found.missing, grid)
    problems = list(grid.notes)
    problems += [
        RowProblem(1, cell[:60], "", "DEQAR has no such column; it was left out", "Look whether it is misspelt.")
        for cell, name in zip(grid.header, found.names, strict=True)
        if not name and cell.strip()
    ]
    rows = []
    for line, cells in grid.rows:
        named = {name: cell for name, cell in zip(found.names, cells, strict=False) if name}
        row, faults = parse_submission(line, named)
        problems += faults
        if row is not None:
            rows.append(row)
    return rows, problems, len(grid.rows)


def _insist(names: Sequence[str], missing: Sequence[str], grid: Grid) -> None:
    what = "a table with its columns named in the first line"
    if missing:
        raise NotRecognised(what, f"the columns {', '.join(grid.header)[:200]}", f"Missing: {', '.join(missing)}.")
    unknown = [cell for cell, name in zip(grid.header, names, strict=True) if not name]
    if unknown:
        raise NotRecognised(what, f"the unknown column {unknown[0][:60]!r}", "Rename or delete it.")


def plan_submission(row: Submission, holdings: Holdings, default: str | None, problems: Problems) -> list[Proposal]:
    """Return what a report leads to, or report who of those it names is not here."""
    before = len(problems)

    def find(reference: tuple[str, str], what: str, column: str) -> str:
        found = holdings.find(reference, what)
        if found is None:
            message = f"no such {what} in this register"
            problems.append(RowProblem(row.line, column, ":".join(reference), message, _REGISTER, fatal=True))
        return found or ""

    first = row.accreditations[0]
    issuers = [find(one.issuer, "issuer", f"institution[{n}]") for n, one in enumerate(row.accreditations, 1)]
    agency = find(first.agency, "agency", "agency") if first.agency else default or ""
    contributing = [find(one, "agency", "contributing_agencies") for one in first.contributing_agencies]
    if not agency and not first.agency:
        cure = "Fill in the column, or name --agency."
        problems.append(RowProblem(row.line, "agency", "", "no agency is named", cure, fatal=True))
    if len(problems) > before:
        return []
    return propose_submission(row, issuers=issuers, agency=agency, contributing=contributing)


class ElmPlanner:
    """Plans accreditations of one document after the other; an organisation that is not here is registered once."""

    def __init__(self, holdings: Holdings, default: str | None, problems: Problems) -> None:
        self._holdings, self._default, self._problems = holdings, default, problems
        self._by_name = {
            (one.country, name.casefold()): one.id for one in holdings.issuers.values() for name in one.names.values()
        }
        self._new: dict[tuple[str, str], str] = {}

    def plan(self, one: ElmAccreditation) -> list[Proposal]:
        """Return the registration of the issuer where it is new, and the accreditation."""
        agency = self._find_agency(one)
        if agency is None:
            return []
        said: list[Proposal] = []
        issuer = self._find_issuer(one.issuer)
        if issuer is None:
            if not one.issuer.names or not one.issuer.country:
                self._refuse(one, "organisation", "", "the organisation is not here, and has no name or no country")
                return []
            issuer = new_id()
            for name in one.issuer.names.values():
                self._new[one.issuer.country, name.casefold()] = issuer
            said.append(Proposal("issuer.registered", issuer, propose_issuer(one.issuer)))
        terms = propose_accreditation(replace(one.row), issuer=issuer, agency=agency)
        return [*said, Proposal("accreditation.granted", new_id(), terms)]

    def _find_issuer(self, found: Institution) -> str | None:
        for claim in found.identifiers:
            holder = self._holdings.holders.get((claim.scheme, claim.value))
            if holder is not None:
                return holder
        for name in found.names.values():
            key = (found.country, name.casefold())
            if key in self._by_name or key in self._new:
                return self._by_name.get(key) or self._new[key]
        return None

    def _find_agency(self, one: ElmAccreditation) -> str | None:
        references = [(claim.scheme, claim.value) for claim in one.agency.identifiers]
        references += [("name", name) for name in one.agency.names.values()]
        found = next((agency for ref in references if (agency := self._holdings.find(ref, "agency"))), self._default)
        if found is None:
            named = next(iter(one.agency.names.values()), "")
            self._refuse(one, "accreditingAgent", named, "no agency of this register goes by this name or identifier")
        return found

    def _refuse(self, one: ElmAccreditation, column: str, value: str, message: str) -> None:
        cure = "Have the agency recognised first, or name --agency." if column == "accreditingAgent" else _REGISTER
        self._problems.append(RowProblem(one.row.line, column, value[:120], message, cure, fatal=True))


def read_documents(data: bytes) -> tuple[tuple[ElmAccreditation, ...], Problems, int]:
    """Read an accreditation document."""
    read = read_elm(data)
    return read.accreditations, list(read.problems), read.rows_read
