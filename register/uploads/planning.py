"""Planning: what a row of a file would say, entry by entry, or why it cannot say anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from register.commands import PATHS, Intent, data_of
from register.events import kind_of
from register.faults import say_fault
from register.ids import new_id
from register.intake import columns
from register.intake.columns import IGNORED
from register.intake.deqar import Submission, parse_submission
from register.intake.proposals import (
    Proposal,
    propose_accreditation,
    propose_issuer,
    propose_programme,
    propose_submission,
)
from register.intake.rows import Institution, RowProblem
from register.intake.tables import AccreditationRow, parse_accreditation, parse_issuer
from register.payloads import ProgrammeTerms
from register.sentences import say
from register.uploads.references import Reference, References
from register.uploads.sources import PROGRAMME, column_of

Read = AccreditationRow | Institution | Submission

_PARSERS: Final[Mapping[str, Callable[[int, Mapping[str, str]], tuple[Read | None, list[RowProblem]]]]] = {
    columns.ACCREDITATIONS: parse_accreditation,
    columns.ISSUERS: parse_issuer,
    columns.DEQAR: parse_submission,
}


@dataclass(slots=True)
class Planned:
    """A row on its way: what was read, what is wrong with it, and the entries it would make."""

    line: int
    read: Read | None
    problems: list[RowProblem] = field(default_factory=list)
    kind: str = columns.ACCREDITATIONS
    names: Sequence[str] = ()
    proposals: list[Proposal] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Tell whether a problem keeps the row from being published."""
        return any(problem.fatal for problem in self.problems)

    def refuse(self, column: str, value: str, message: str, cure: str) -> None:
        """Add a problem for which the row cannot be published."""
        self.problems.append(RowProblem(self.line, column, value, message, cure, fatal=True))


def parse_row(kind: str, line: int, names: Sequence[str], cells: Sequence[str]) -> Planned:
    """Read a row's cells by the names of its columns."""
    named = {name: cell for name, cell in zip(names, cells, strict=False) if name and name != IGNORED}
    read, problems = _PARSERS[kind](line, named)
    planned = Planned(line, read, problems, kind=kind, names=names)
    beyond = [cell for cell in cells[len(names) :] if cell.strip()]
    if beyond:
        message = say("{number} cells stand beyond the last column of the header", number=len(beyond))
        planned.refuse("", beyond[0][:60], message, say("Delete them, or quote cells that hold the delimiter."))
    return planned


def plan(rows: Iterable[Planned], references: References, default_agency: str, demonstration: bool = False) -> None:
    """Fill in what each row would say; who is named and not found is reported to the row.

    With `demonstration` every entry says that it is one.
    """
    good = [row for row in rows if row.read is not None and not row.refused]
    references.prepare(one for row in good for one in _issuers_of(row.read))
    for row in good:
        try:
            proposals = _propose(row, references, default_agency)
            row.proposals = [_mark(one) for one in proposals] if demonstration else proposals
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                row.refuse(_find_column(row, error.title, fault["loc"]), "", say_fault(fault), say("Correct the row."))


def _find_column(row: Planned, terms: str, place: Sequence[int | str]) -> str:
    """Return the column that a fault in the terms of that name was read from."""
    if isinstance(row.read, Institution) and len(place) > 1 and place[0] == "identifiers":
        return row.read.identifiers[int(place[1])].scheme
    path = ".".join(map(str, place))
    if terms == ProgrammeTerms.__name__ and isinstance(row.read, Submission):
        return column_of(row.kind, row.names, path, PROGRAMME, _find_programme(row.read))
    return column_of(row.kind, row.names, path)


def _find_programme(read: Submission) -> int:
    """Return the number of the first programme of a report that cannot be proposed; the error does not say it."""
    for number, one in enumerate(read.programmes, 1):
        try:
            propose_programme(one, new_id(), (), read.accreditations[0].valid_from)
        except ValidationError:
            return number
    return 1


def _mark(proposal: Proposal) -> Proposal:
    return proposal._replace(terms=proposal.terms.model_copy(update={"demonstration": True}))


def _issuers_of(read: Read | None) -> list[Reference]:
    if isinstance(read, AccreditationRow):
        return [read.issuer]
    if isinstance(read, Submission):
        return [one.issuer for one in read.accreditations]
    return [(one.scheme, one.value) for one in read.identifiers] if read is not None else []


def _propose(row: Planned, references: References, default_agency: str) -> list[Proposal]:
    if isinstance(row.read, Institution):
        return _propose_issuer(row, row.read, references)
    assert row.read is not None
    decisions = (row.read,) if isinstance(row.read, AccreditationRow) else row.read.accreditations
    issuers = [_find_issuer(row, one.issuer, references, number) for number, one in enumerate(decisions, 1)]
    agency = _find_agency(row, decisions[0].agency, references, "agency") if decisions[0].agency else default_agency
    if not agency and not row.refused:
        cure = say("Fill it in, or choose one for the file.")
        row.refuse("agency", "", say("expected an agency, got an empty cell"), cure)
    contributing = [
        _find_agency(row, one, references, "contributing_agencies") for one in decisions[0].contributing_agencies
    ]
    if row.refused:
        return []
    if isinstance(row.read, Submission):
        return propose_submission(row.read, issuers=issuers, agency=agency, contributing=contributing)
    programmes = [value for _, value in row.read.programmes]
    terms = propose_accreditation(
        row.read, issuer=issuers[0], agency=agency, contributing=contributing, programmes=programmes
    )
    return [Proposal("accreditation.granted", new_id(), terms)]


def _propose_issuer(row: Planned, institution: Institution, references: References) -> list[Proposal]:
    for one in institution.identifiers:
        if references.issuer((one.scheme, one.value)):
            message = say("an issuer of this register has this identifier")
            row.refuse(one.scheme, one.value, message, say("Leave the row out."))
    return [] if row.refused else [Proposal("issuer.registered", new_id(), propose_issuer(institution))]


_DEQAR_PARTS: Final[Mapping[str, str]] = {"deqar": "deqar_id", "eter": "eter_id"}
"""Scheme → the column of DEQAR's table that it stands in."""


def _find_issuer(row: Planned, reference: Reference, references: References, number: int) -> str:
    found = references.issuer(reference)
    if found is None:
        part = _DEQAR_PARTS.get(reference[0], "identifier[1]")
        column = f"institution[{number}].{part}" if isinstance(row.read, Submission) else "issuer"
        message = say("no issuer of this register has this identifier")
        row.refuse(column, ":".join(reference), message, say("Register it first, or correct the identifier."))
    return found or ""


def _find_agency(row: Planned, reference: Reference, references: References, column: str) -> str:
    found = references.agency(reference)
    if found is None:
        message = say("no agency of this register goes by this name or identifier")
        cure = say("Write its acronym, its name as recorded here, or its address.")
        row.refuse(column, reference[1], message, cure)
    return found or ""


def spell_proposals(proposals: Iterable[Proposal]) -> list[list[Any]]:
    """Return the entries as a row keeps them: [type, id, data]."""
    return [[one.type, one.id, data_of(one.terms)] for one in proposals]


def intents_of(said: Iterable[Sequence[Any]]) -> list[Intent]:
    """Return the intents to say what a row keeps."""
    return [Intent(type_, id_, f"/{PATHS[kind_of(type_)]}/{id_}", data) for type_, id_, data in said]


def terms_of(proposals: Iterable[Proposal]) -> list[BaseModel]:
    """Return the terms alone."""
    return [one.terms for one in proposals]
