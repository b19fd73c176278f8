"""The dry run: every row is read, planned, judged by the rules and looked at for remarks; the ledger stays as it is.

Chunk by chunk, each kept as it is done, so that progress shows and a killed worker costs one chunk: its successor
begins again and comes to the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils import timezone

from ledger.database import execute
from register.access.models import Membership
from register.commands.judging import Judge, Refusal
from register.errors import Refused
from register.intake.columns import DEQAR, ISSUERS
from register.intake.grids.grid import number_column
from register.intake.rows import RowProblem, keep_problem, read_problem
from register.payloads import AccreditationTerms, Actor
from register.remarks import Remark, look
from register.sentences import say, to_text
from register.site.harmless import read_harmless
from register.uploads.attempts import count_attempt
from register.uploads.errors import BrokenOff
from register.uploads.holdings import Countries, survey
from register.uploads.locking import alone
from register.uploads.models import CHECKED, CHECKING, LEFT_OUT, MAPPING, REFUSED, REMARKED, VALID, Upload, UploadRow
from register.uploads.news import tell_ended
from register.uploads.planning import Planned, intents_of, parse_row, plan, spell_proposals, terms_of
from register.uploads.references import References
from register.uploads.sources import locate

CHUNK: Final = 1_000

_KEEP: Final = """
    UPDATE uploads_uploadrow r
    SET outcome = n.outcome, problems = n.problems, remarks = n.remarks, said = n.said
    FROM jsonb_to_recordset(%s::jsonb) AS n(id bigint, outcome text, problems jsonb, remarks jsonb, said jsonb)
    WHERE r.id = n.id
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a dry run found out about a row."""

    outcome: str
    problems: list[dict[str, Any]]
    remarks: list[dict[str, Any]]
    said: list[list[Any]]


@dataclass(slots=True)
class DryRun:
    """One pass over the rows of an upload, in order: later rows are judged as if the earlier ones were said."""

    upload: Upload
    references: References = field(default_factory=References)
    countries: Countries = field(default_factory=dict)
    seen: dict[tuple[str, ...], int] = field(default_factory=dict)
    demonstration: bool = field(init=False)
    judge: Judge = field(init=False)
    notes: dict[int, list[RowProblem]] = field(init=False)

    def __post_init__(self) -> None:
        self.demonstration = is_for_demonstration(self.upload)
        self.judge = Judge(actor_of(self.upload))
        self.notes = _notes_by_line(self.upload)

    def check(self, rows: Sequence[UploadRow]) -> list[Checked]:
        """Return what becomes of some rows, in their order."""
        upload = self.upload
        planned = [parse_row(upload.kind, row.line, upload.names, _without_apostrophes(row.cells)) for row in rows]
        plan(planned, self.references, upload.default_agency, self.demonstration)
        said = [spell_proposals(row.proposals) for row in planned]
        open_ones = [place for place, row in enumerate(planned) if not row.refused]
        refusals = self.judge.judge([intents_of(said[place]) for place in open_ones])
        for place, refusal in zip(open_ones, refusals, strict=True):
            if refusal is not None:
                planned[place].problems.append(_tell(planned[place], refusal, said[place]))
        remarks = self._look(planned)
        for row, of in zip(rows, planned, strict=True):
            of.problems += self._notice(row)
        return [_sum_up(*parts) for parts in zip(planned, remarks, said, strict=True)]

    def _look(self, planned: Sequence[Planned]) -> list[list[Remark]]:
        terms = [terms_of(row.proposals) for row in planned]
        decisions = [one for row in terms for one in row if isinstance(one, AccreditationTerms)]
        around = survey({d.agency for d in decisions}, {d.issuer for d in decisions}, countries=self.countries)
        return [[remark for one in row for remark in look(one, around.known(one))] for row in terms]

    def _notice(self, row: UploadRow) -> list[RowProblem]:
        """Return what the file itself says about a row: formulas, merged cells, an earlier row with the same cells."""
        noticed = [] if row.mended else list(self.notes.get(row.line, ()))
        first = self.seen.setdefault(tuple(row.cells), row.line)
        if first != row.line:
            message = say("line {line} of this file says the same", line=first)
            cure = say("Leave one of them out, unless both are meant.")
            noticed.append(RowProblem(row.line, "", "", message, cure))
        return noticed


def actor_of(upload: Upload) -> Actor:
    """Return who speaks in the entries of an upload."""
    return Actor(role=cast(Any, upload.role), organisation=upload.organisation or None)


def is_for_demonstration(upload: Upload) -> bool:
    """Tell whether an upload is of a demonstration account, whose password everybody may know."""
    own = Membership.objects.filter(role=upload.role, organisation=upload.organisation, demonstration=True)
    return own.filter(user=upload.author_id).exists()


def check(upload_id: UUID, run: int) -> None:
    """Do the dry run of that number; does nothing when another one has begun or somebody else is at it."""
    with alone(upload_id) as mine:
        upload = Upload.objects.filter(pk=upload_id, state=CHECKING, run=run).first() if mine else None
        if upload is None:
            return
        try:
            count_attempt(upload_id, CHECKING)
        except BrokenOff as error:
            _give_up(upload, error.message)
        else:
            _check_all(upload)


def _check_all(upload: Upload) -> None:
    dry_run, last = DryRun(upload), 0
    while rows := list(upload.rows.filter(line__gt=last).order_by("line")[:CHUNK]):
        keep(rows, dry_run.check(rows))
        last = rows[-1].line
        if not _say_how_far(upload, len(rows)):
            return
    wanted = Upload.objects.filter(pk=upload.pk, state=CHECKING, run=upload.run)
    wanted.update(state=CHECKED, changed=timezone.now())


def _give_up(upload: Upload, trouble: str) -> None:
    """Lead back to the columns with the reason; rows, mapping and what was mended stay."""
    now = timezone.now()
    with transaction.atomic():
        given_up = Upload.objects.filter(pk=upload.pk, state=CHECKING, run=upload.run)
        if given_up.update(state=MAPPING, trouble=to_text(trouble), changed=now):
            tell_ended(upload, f"import-stopped:{upload.pk}:{now.isoformat()}", trouble)


def _say_how_far(upload: Upload, number: int) -> bool:
    """Write down the progress; tells whether this dry run is still the one that is wanted."""
    upload.done += number
    same = Upload.objects.filter(pk=upload.pk, state=CHECKING, run=upload.run)
    return bool(same.update(done=upload.done, heard=timezone.now()))


def keep(rows: Sequence[UploadRow], checked: Sequence[Checked]) -> None:
    """Write what was found out into the rows, all in one statement; what a person left out stays out."""
    found = [
        {
            "id": row.pk,
            "outcome": row.outcome if row.outcome == LEFT_OUT else one.outcome,
            "problems": one.problems,
            "remarks": one.remarks,
            "said": one.said,
        }
        for row, one in zip(rows, checked, strict=True)
    ]
    execute(_KEEP, (msgspec.json.encode(found).decode(),))


def _sum_up(planned: Planned, remarks: Sequence[Remark], said: list[list[Any]]) -> Checked:
    problems = [{k: v for k, v in keep_problem(one).items() if k != "line"} for one in planned.problems]
    if planned.refused:
        return Checked(REFUSED, problems, [], [])
    outcome = REMARKED if remarks or problems else VALID
    return Checked(outcome, problems, [spell_remark(one) for one in remarks], said)


def spell_remark(remark: Remark) -> dict[str, Any]:
    """Return a remark as it is kept: instants as text."""
    facts = {name: fact.isoformat() if hasattr(fact, "isoformat") else fact for name, fact in remark.facts.items()}
    return {"code": remark.code, "field": remark.field, "facts": facts}


def _tell(row: Planned, refusal: Refusal, said: Sequence[Sequence[Any]]) -> RowProblem:
    """Say in which column the rules refuse a row."""
    if isinstance(refusal, Refused):
        column = locate(row.kind, row.names, said, refusal.position or 0, refusal.field)
        return RowProblem(row.line, column, "", refusal.message, "", fatal=True)
    return RowProblem(row.line, "", "", str(refusal)[:300], say("Correct the row."), fatal=True)


def _notes_by_line(upload: Upload) -> dict[int, list[RowProblem]]:
    """Return what was noticed of single lines, with the headers of the columns in place of their letters."""
    found: dict[int, list[RowProblem]] = {}
    for note in upload.notes:
        letters, line = note["column"], note["line"]
        if line and re.fullmatch("[A-Z]{1,3}", letters):
            number = number_column(letters)
            name = upload.names[number] if number < len(upload.names) else ""
            found.setdefault(line, []).append(replace(read_problem(note), column=name or letters))
    return found


def _without_apostrophes(cells: Sequence[str]) -> list[str]:
    """Take off the apostrophes that keep a spreadsheet from computing a text; annotated files have them."""
    return [read_harmless(cell) if "'" in cell else cell for cell in cells]


KIND_VERBS: Final[Mapping[str, tuple[str, ...]]] = {
    ISSUERS: ("register_issuer",),
    DEQAR: ("grant_accreditation", "register_programme"),
}
"""Kind of table → what its rows say; others grant accreditations alone."""
