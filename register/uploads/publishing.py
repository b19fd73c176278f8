"""Publishing: the good rows of an upload go on the ledger in one transaction, all of them or none.

A whole import waits for a second person where the organisation asks for one for what its rows say, and always where
rows are left behind because they are refused. The digest is of exactly the rows that were shown: author, second person
and worker each compare it. The ids of what is written were made by the dry run, and the upload's row is locked: what is
killed whenever, nothing is published twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from ledger.database import execute, fetch_one
from register import commands
from register.access import audit
from register.access.acting import Acting
from register.access.models import Membership
from register.access.reach import check_reach_of_work, find_beyond
from register.desk import four_eyes
from register.errors import MalformedEvent, NotEntitled, NotUnderstood, Refused
from register.intake.rows import RowProblem, keep_problem
from register.outbox.notices import tell_members
from register.sentences import say, to_text
from register.uploads.attempts import count_attempt
from register.uploads.checking import KIND_VERBS, actor_of
from register.uploads.errors import BrokenOff, Moved, OtherRows
from register.uploads.locking import alone
from register.uploads.models import (
    CHECKED,
    DISCARDED,
    GOOD,
    PUBLISHED,
    PUBLISHING,
    REFUSED,
    STATES,
    WAITING,
    Upload,
    UploadedPiece,
    UploadRow,
)
from register.uploads.news import tell_ended
from register.uploads.planning import intents_of
from register.uploads.sources import locate

CHUNK: Final = 2_500
"""Rows written between two signs of progress; all of them are one transaction."""

_DIGEST: Final = """
    SELECT count(*), coalesce(encode(sha256(
        string_agg(sha256(convert_to(line || ' ' || said::text, 'UTF8')), ''::bytea ORDER BY line)), 'hex'), '')
    FROM uploads_uploadrow WHERE upload_id = %s AND outcome IN ('valid', 'remarked')
"""


def digest_of(upload: Upload) -> str:
    """Return a digest (hex) of exactly what the good rows would say; "" where there are none."""
    row = fetch_one(_DIGEST, (upload.pk,))
    return str(row[1]) if row else ""


def needs_second(upload: Upload, partial: bool) -> bool:
    """Tell whether a second person has to look: always where rows are left behind, else as the organisation chose."""
    verbs = KIND_VERBS.get(upload.kind, ("grant_accreditation",))
    return partial or bool(four_eyes.choice_of(upload.role, upload.organisation) & set(verbs))


def request(acting: Acting, upload: Upload, partial: bool, digest: str) -> Upload:
    """Publish the good rows, or let them wait for a second person; the caller queues the task when PUBLISHING.

    `partial` must be said where rows are refused. Raises OtherRows for another digest, Moved where it is too late or
    nothing is there to be published, NotEntitled where nobody else may approve.
    """
    check_reach_of_work(acting, upload.author_id)
    refused = upload.rows.filter(outcome=REFUSED).exists()
    if refused and not partial:
        raise Moved(gettext("Some rows are refused: mend them, leave them out, or publish the others alone."))
    _check_shown(upload, digest)
    second = needs_second(upload, partial and refused)
    if second and not four_eyes.count_approvers(upload.role, upload.organisation, acting.user):
        raise NotEntitled(
            "nobody_approves", "", gettext("This needs a second person, and nobody else may approve here.")
        )
    with transaction.atomic():
        _move(upload, (CHECKED,), WAITING if second else PUBLISHING, partial=refused, digest=digest, remark="",
              author_id=acting.user, decided_by_id=None)  # fmt: skip
        if second:
            audit.note(acting, "import_submitted", _about(upload), file=upload.name)
            facts = {"what": upload.name, "address": _about(upload)}
            tell_members(
                upload.role, upload.organisation, "approval", f"import-approval:{upload.pk}:{_when(upload)}", facts
            )
    return upload


def approve(acting: Acting, upload: Upload, digest: str) -> Upload:
    """Let another person's import go on the ledger; raises NotEntitled for its author and who does not approve."""
    _check_second(acting, upload)
    _check_shown(upload, digest)
    with transaction.atomic():
        # Called back, mended and handed over anew meanwhile, it is another import than the one that was looked at.
        same = {"digest": digest, "author_id": upload.author_id}
        _move(upload, (WAITING,), PUBLISHING, same, decided_by_id=acting.user)
        audit.note(acting, "import_approved", _about(upload), file=upload.name)
    return upload


def return_(acting: Acting, upload: Upload, remark: str) -> None:
    """Give an import that waits back to its author, with a remark."""
    _check_second(acting, upload)
    with transaction.atomic():
        _move(upload, (WAITING,), CHECKED, remark=remark[:2_000], decided_by_id=acting.user)
        audit.note(acting, "import_returned", _about(upload), file=upload.name)
        told = say("{person} returned it: {reason}", person=acting.email, reason=upload.remark)
        tell_ended(upload, f"import-returned:{upload.pk}:{_when(upload)}", told, "returned")


def call_back(acting: Acting, upload: Upload) -> None:
    """Take an import of one's own back that waits for a second person."""
    if upload.author_id != acting.user:
        raise NotEntitled("not_author", "", gettext("Only who handed it over can call it back."))
    _move(upload, (WAITING,), CHECKED)


_DISCARDABLE: Final = tuple(state for state in STATES if state not in (PUBLISHING, PUBLISHED, DISCARDED))


def discard(acting: Acting, upload: Upload, reason: str = "") -> None:
    """Forget an upload's rows; its head stays on the list until it is old.

    Whoever discards what a colleague handed in gives a `reason`, which the colleague is told; raises NotUnderstood
    without one.
    """
    own = upload.author_id == acting.user
    check_reach_of_work(acting, upload.author_id)
    if not (own or reason):
        raise NotUnderstood("required", "reason", gettext("Say in a sentence why."))
    with transaction.atomic():
        _move(upload, _DISCARDABLE, DISCARDED, remark=reason[:2_000], decided_by_id=acting.user)
        audit.note(acting, "import_discarded", _about(upload), file=upload.name, reason=upload.remark)
        if not own:
            told = say("{person} discarded it: {reason}", person=acting.email, reason=upload.remark)
            tell_ended(upload, f"import-discarded:{upload.pk}", told, "discarded")
        upload.rows.all().delete()
        UploadedPiece.objects.filter(upload=upload).delete()


def _about(upload: Upload) -> str:
    return f"/desk/imports/{upload.pk}"


def _when(upload: Upload) -> str:
    """Tell one handing over of an upload from the next, which is told anew."""
    return upload.changed.isoformat()


def _check_shown(upload: Upload, digest: str) -> None:
    now = digest_of(upload)
    if not now:
        raise Moved(say("No row of this file can be published."))
    if digest != now:
        raise OtherRows


def may_decide(acting: Acting, upload: Upload) -> bool:
    """Tell whether who acts is the second person for an upload; a demonstration account is that for no real person."""
    second = acting.approves and upload.author_id != acting.user
    return second and not find_beyond(acting, [upload.author_id] if upload.author_id is not None else [])


def _check_second(acting: Acting, upload: Upload) -> None:
    if not may_decide(acting, upload):
        raise NotEntitled("not_second", "", gettext("Somebody else who may approve has to do this."))


def _move(
    upload: Upload, states: Sequence[str], to: str, same: Mapping[str, object] | None = None, **fields: object
) -> None:
    """Move an upload on from one of some states; raises Moved when it is in another by now, or not the `same`."""
    now = timezone.now()
    moved = Upload.objects.filter(pk=upload.pk, state__in=states, **(same or {})).update(
        **fields, state=to, changed=now, heard=now, trouble="", tries=0
    )
    if not moved:
        raise Moved
    upload.refresh_from_db()


def publish(upload_id: UUID) -> None:
    """Write the good rows of an upload that is to be published; called twice, it does nothing the second time."""
    with alone(upload_id) as mine:
        if not mine:
            return
        try:
            count_attempt(upload_id, PUBLISHING)
            with transaction.atomic():
                upload = Upload.objects.select_for_update().filter(pk=upload_id, state=PUBLISHING).first()
                if upload is not None:
                    _write(upload)
        except _RowRefused as error:
            _take_back(upload_id, error)
        except (BrokenOff, OtherRows, NotEntitled) as error:
            _stop(upload_id, error.message)


class _RowRefused(Exception):
    """The rules refuse a row by now; nothing was written."""

    def __init__(self, row: UploadRow, sentence: str, column: str) -> None:
        super().__init__(sentence)
        self.row, self.sentence, self.column = row, sentence, column


def _write(upload: Upload) -> None:
    if digest_of(upload) != upload.digest:
        raise OtherRows
    _check_still_member(upload)
    rows = list(upload.rows.filter(outcome__in=GOOD).order_by("line"))
    first, number = None, 0
    for start in range(0, len(rows), CHUNK):
        written = _write_chunk(upload, rows[start : start + CHUNK])
        first, number = written[0].index if first is None else first, number + len(written)
        cache.set(progress_key(upload.pk), start + CHUNK, 600)
    _finish(upload, rows, first, number)


def _write_chunk(upload: Upload, rows: Sequence[UploadRow]) -> list[commands.Written]:
    """Say what some rows say, and note in each where its first entry stands."""
    intents = [(row, place, intent) for row in rows for place, intent in enumerate(intents_of(row.said))]
    try:
        written = commands.record([intent for _, _, intent in intents], actor=actor_of(upload))
    except (Refused, MalformedEvent) as error:
        row, place, _ = intents[error.position or 0]
        fault = getattr(error, "field", "")
        column = locate(upload.kind, upload.names, row.said, place, fault) if fault else ""
        raise _RowRefused(row, str(error), column) from error
    places: dict[int, int] = {}
    for (row, _, _), one in zip(intents, written, strict=True):
        places.setdefault(row.pk, one.index)
    for row in rows:
        row.index = places[row.pk]
    return written


def _check_still_member(upload: Upload) -> None:
    """Whoever let it go must still be a member: a right that was taken away ends at once."""
    person = upload.decided_by_id if upload.decided_by_id and needs_second(upload, upload.partial) else upload.author_id
    member = Membership.objects.filter(user=person, role=upload.role, organisation=upload.organisation)
    if not member.exists():
        raise NotEntitled("no_member", "", say("Who let this import go is no member of the organisation any more."))


_FORGET: Final = """
    UPDATE uploads_uploadrow r SET index = n.index, cells = '[]', said = '[]', problems = '[]', remarks = '[]'
    FROM unnest(%s::bigint[], %s::bigint[]) AS n(id, index) WHERE r.id = n.id
"""


def _finish(upload: Upload, rows: Sequence[UploadRow], first: int | None, number: int) -> None:
    """Write down where the rows went; of what was published the ledger is the record, so the cells go."""
    execute(_FORGET, ([row.pk for row in rows], [row.index for row in rows]))
    upload.rows.filter(index=None, outcome="left_out").delete()
    upload.state, upload.first_index, upload.written, upload.heard = PUBLISHED, first, number, timezone.now()
    upload.done = len(rows)
    upload.save()
    audit.note(None, "import_published", _about(upload), organisation=upload.organisation, person=upload.author,
               file=upload.name, rows=len(rows), entries=number, first_entry=first or 0)  # fmt: skip
    facts = {"file": upload.name, "written": number, "refused": upload.rows.filter(index=None).count(),
             "address": _about(upload)}  # fmt: skip
    tell_members(upload.role, upload.organisation, "import_done", f"import:{upload.pk}", facts, _users_of(upload))


def _users_of(upload: Upload) -> list[int]:
    return [user for user in (upload.author_id, upload.decided_by_id) if user is not None]


def _take_back(upload_id: UUID, error: _RowRefused) -> None:
    row = error.row
    problem = keep_problem(RowProblem(row.line, error.column, "", error.sentence, "", fatal=True))
    with transaction.atomic():
        UploadRow.objects.filter(pk=row.pk).update(outcome=REFUSED, problems=[*row.problems, problem])
        _stop(upload_id, say("Nothing was published: line {line} is refused by now.", line=row.line))


def _stop(upload_id: UUID, trouble: str) -> None:
    now = timezone.now()
    with transaction.atomic():
        stopped = Upload.objects.filter(pk=upload_id, state=PUBLISHING)
        if stopped.update(state=CHECKED, trouble=to_text(trouble), changed=now):
            upload = Upload.objects.get(pk=upload_id)
            tell_ended(upload, f"import-stopped:{upload_id}:{now.isoformat()}", trouble)


def progress_key(upload: UUID) -> str:
    """Return the key under which others see how far a publication is, whose own transaction they cannot see."""
    return f"upload-published:{upload}"
