"""Imports a whole file through the commands: all of it or nothing, with a report for every row.

Each kind of file becomes a plan: rows with the one intent that each leads to, and what was noticed on the way. A row
that the rules refuse makes the import refuse the file; to name all such rows and not only the first, a refused plan is
tried again without it (and then taken back in any case).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from pydantic import ValidationError

from ledger.reader import get_log
from register import commands
from register.errors import Refused
from register.intake.eche import read_eche
from register.intake.holdings import Holdings, names_of, read_holdings
from register.intake.match import Ambiguous, Match, match_institutions
from register.intake.proposals import (
    Proposal,
    describe_issuer,
    propose_accreditation,
    propose_changes,
    propose_issuer,
    sort_arrivals,
)
from register.intake.ror import RorRecord, read_ror
from register.intake.rows import Institution, RowProblem
from register.intake.spreadsheets import (
    ElmPlanner,
    plan_submission,
    read_documents,
    read_submissions,
    read_workbook,
)
from register.intake.tables import AccreditationRow, AccreditationTable, IssuerTable, read_table
from register.payloads import Actor
from register.records import IssuerRecord

_COUNTED: Final = {
    "accreditation.granted": "granted",
    "issuer.registered": "registered",
    "programme.registered": "programmes described",
}

CHUNK: Final = 1000
"""Rows that are written in one go, between two steps of the progress bar."""

MOST_REFUSALS: Final = 50
"""After so many refused rows the rest of a file is no longer tried."""

_OPERATOR: Final = Actor(role="operator")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """One row that leads to an entry: its line in the file and what is to be said."""

    line: int
    intent: commands.Intent


@dataclass(slots=True)
class Plan:
    """What a file asks for. `counts` says in words how its rows were sorted, `left_out` counts countries."""

    rows: list[Planned] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file: `written` entries (0 when refused or tried only), counts, and the rows to look at."""

    written: int
    counts: Mapping[str, int]
    left_out: Mapping[str, int]
    problems: tuple[RowProblem, ...]

    @property
    def refused(self) -> bool:
        """Whether a row was so wrong that nothing of the file was taken."""
        return any(problem.fatal for problem in self.problems)


def import_file(
    kind: str,
    data: bytes,
    *,
    agency: str | None = None,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Import a file of a kind in KINDS; raises NotRecognised when it is another kind of file.

    `agency` (id, acronym or name) is the one for rows that name none. With `dry_run` everything is tried and taken
    back. After a crash nothing of the file is there: it is one transaction.
    """
    plan = Plan()
    with transaction.atomic():
        holdings = read_holdings(get_log(settings.ASSAY_ORIGIN).id)
        KINDS[kind](data, holdings, plan, agency)
        fatal = any(problem.fatal for problem in plan.problems)
        written = _write(plan, progress, keep=not (dry_run or fatal))
    problems = tuple(sorted(plan.problems, key=lambda problem: problem.line))
    return Report(written, dict(plan.counts), dict(plan.left_out), problems)


def _write(plan: Plan, progress: Progress, keep: bool) -> int:
    """Say what was planned, or only try it; a refused row is reported and the rest tried on without being kept."""
    rows, refusals = plan.rows, 0
    while True:
        try:
            with transaction.atomic():
                _record(rows, progress)
                transaction.set_rollback(not keep)
            return len(rows) if keep else 0
        except _RowRefused as refused:
            plan.problems.append(refused.problem)
            keep, refusals = False, refusals + 1
            rows = [row for row in rows if row is not refused.row]
            if refusals == MOST_REFUSALS:
                return 0


def _record(rows: Sequence[Planned], progress: Progress) -> None:
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        try:
            commands.record([row.intent for row in chunk], actor=_OPERATOR)
        except Refused as refusal:
            raise _RowRefused(chunk[getattr(refusal, "position", 0)], refusal) from refusal
        progress(start + len(chunk), len(rows))


class _RowRefused(Exception):
    """The rules refuse one row; it is taken out, reported, and the others are tried."""

    def __init__(self, row: Planned, refusal: Refused) -> None:
        super().__init__(refusal.message)
        self.row = row
        self.problem = RowProblem(row.line, refusal.field, "", refusal.message, f"code {refusal.code}", fatal=True)


# the kinds of files --------------------------------------------------------------------------------------------------


def _plan_eche(data: bytes, holdings: Holdings, plan: Plan, agency: str | None) -> None:
    read = read_eche(data, frozenset(settings.ASSAY_TERRITORY))
    plan.left_out.update(read.left_out)
    plan.problems += read.problems
    plan.counts["rows read"] = read.rows_read
    _plan_institutions(read.institutions, holdings, plan)


def _plan_institutions(institutions: Sequence[Institution], holdings: Holdings, plan: Plan) -> None:
    """New institutions are registered; known ones get what they lack."""
    arrivals = sort_arrivals(institutions, holdings.holders)
    plan.problems += arrivals.problems
    for institution in arrivals.new:
        _add(plan, institution.source_line, "registered", "issuer.registered", partial(propose_issuer, institution))
    for institution, issuer in arrivals.known:
        _amend(plan, institution.source_line, holdings.issuers[issuer], institution)


def _plan_ror(data: bytes, holdings: Holdings, plan: Plan, agency: str | None) -> None:
    read = read_ror(data)
    plan.problems += read.problems
    plan.counts["rows read"] = len(read.records)
    holders = dict(holdings.holders)
    for outcome in match_institutions(read.records, [describe_issuer(i) for i in holdings.issuers.values()]):
        record = outcome.record
        if isinstance(outcome, Match):
            plan.counts[f"matched by {outcome.rule.replace('_', ' ')}"] += 1
            _amend(
                plan, record.line, holdings.issuers[outcome.known.id], _free(record, outcome.known.id, holders, plan)
            )
        elif isinstance(outcome, Ambiguous):
            plan.counts["ambiguous, left alone"] += 1
            cure = f"Candidates: {', '.join(outcome.candidates)}"
            plan.problems.append(RowProblem(record.line, "ror", record.ror, outcome.reason, cure))
        else:
            plan.counts["not in this register"] += 1


def _free(record: RorRecord, issuer: str, holders: dict[tuple[str, str], str], plan: Plan) -> RorRecord:
    """Return the record without identifiers that another issuer holds; two records of ROR may name the same one."""
    free = []
    for one in record.identifiers:
        if holders.setdefault((one.scheme, one.value), issuer) == issuer:
            free.append(one)
        else:
            message, cure = (
                "another issuer holds this identifier; it was left out",
                "Find out which of the two is right.",
            )
            plan.problems.append(RowProblem(record.line, one.scheme, one.value, message, cure))
    return replace(record, identifiers=tuple(free))


def _plan_table(data: bytes, holdings: Holdings, plan: Plan, agency: str | None) -> None:
    _plan_rows(read_table(data), holdings, plan, agency)


def _plan_workbook(data: bytes, holdings: Holdings, plan: Plan, agency: str | None) -> None:
    _plan_rows(read_workbook(data), holdings, plan, agency)


def _plan_deqar(data: bytes, holdings: Holdings, plan: Plan, agency: str | None) -> None:
    rows, problems, plan.counts["rows read"] = read_submissions(data)
    plan.problems += problems
    default = _find_agency(agency, holdings) if agency else None
    for row in rows:
        _add_all(plan, row.line, partial(plan_submission, row, holdings, default, plan.problems))


def _plan_elm(data: bytes, holdings: Holdings, plan: Plan, agency: str | None) -> None:
    accreditations, problems, plan.counts["accreditations read"] = read_documents(data)
    plan.problems += problems
    planner = ElmPlanner(holdings, _find_agency(agency, holdings) if agency else None, plan.problems)
    for one in accreditations:
        _add_all(plan, one.row.line, partial(planner.plan, one))


def _add_all(plan: Plan, line: int, propose: Callable[[], Sequence[Proposal]]) -> None:
    """Plan all that a row leads to; a row whose values the register cannot take is reported."""
    try:
        for one in propose():
            plan.rows.append(Planned(line, commands.intend(one.type, one.terms, one.id)))
            plan.counts[_COUNTED[one.type]] += 1
    except ValidationError as error:
        _report_invalid(plan, line, error)


def _plan_rows(read: IssuerTable | AccreditationTable, holdings: Holdings, plan: Plan, agency: str | None) -> None:
    plan.problems += read.problems
    if isinstance(read, IssuerTable):
        plan.counts["rows read"] = len(read.institutions)
        _plan_institutions(read.institutions, holdings, plan)
        return
    plan.counts["rows read"] = len(read.accreditations)
    default = _find_agency(agency, holdings) if agency else None
    for row in read.accreditations:
        _plan_accreditation(row, holdings, plan, default)


def _plan_accreditation(row: AccreditationRow, holdings: Holdings, plan: Plan, default: str | None) -> None:
    def find(reference: tuple[str, str] | None, column: str) -> str | None:
        found = holdings.find(reference, column) if reference else default
        if found is None:
            value = ":".join(reference) if reference else ""
            cure = (
                "Register it first, or correct the identifier."
                if reference
                else "Fill in the column, or name --agency."
            )
            plan.problems.append(
                RowProblem(row.line, column, value, f"no such {column} in this register", cure, fatal=True)
            )
        return found

    issuer, agency = find(row.issuer, "issuer"), find(row.agency, "agency")
    contributing = [find(one, "contributing_agencies") for one in row.contributing_agencies]
    if issuer and agency and None not in contributing:
        known = [one for one in contributing if one]
        programmes = [value for _, value in row.programmes]
        _add(plan, row.line, "granted", "accreditation.granted", lambda: propose_accreditation(
            row, issuer=issuer, agency=agency, contributing=known, programmes=programmes))  # fmt: skip


def _find_agency(text: str, holdings: Holdings) -> str:
    """Return the id of the agency an operator names by id, acronym or name."""
    wanted = text.strip().casefold()
    found = [agency.id for agency in holdings.agencies.values() if wanted in names_of(agency)]
    if len(found) != 1:
        expected = f"expected the id, acronym or name of one agency, got {text!r}: {len(found)} have it"
        raise Refused("agency_unknown", "agency", expected)
    return found[0]


def _add(plan: Plan, line: int, count: str, event_type: str, propose: Callable[[], Any]) -> None:
    """Plan a new thing; a row whose values the register cannot take is reported."""
    try:
        plan.rows.append(Planned(line, commands.intend(event_type, propose())))
        plan.counts[count] += 1
    except ValidationError as error:
        _report_invalid(plan, line, error)


def _amend(plan: Plan, line: int, held: IssuerRecord, found: Institution | RorRecord) -> None:
    try:
        changes = propose_changes(held, found)
    except ValidationError as error:
        _report_invalid(plan, line, error)
        return
    plan.counts["amended" if changes else "unchanged"] += 1
    if changes:
        plan.rows.append(Planned(line, commands.intend("issuer.amended", changes, held.id)))


def _report_invalid(plan: Plan, line: int, error: ValidationError) -> None:
    for fault in error.errors(include_url=False, include_input=False):
        column = ".".join(str(part) for part in fault["loc"])
        plan.problems.append(RowProblem(line, column, "", fault["msg"], "Correct the row.", fatal=True))


KINDS: Final[Mapping[str, Callable[[bytes, Holdings, Plan, str | None], None]]] = {
    "eche": _plan_eche,
    "ror": _plan_ror,
    "csv": _plan_table,
    "xlsx": _plan_workbook,
    "deqar-csv": _plan_deqar,
    "elm-xml": _plan_elm,
}
"""Kinds of files that `assay import` reads."""
