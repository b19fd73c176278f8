"""Standing remarks: decisions on the ledger looked at once each, in the ledger's order, from a cursor.

However a decision or its amendment came onto the ledger (desk, file, API, command line), it is looked at; so no remark
is hidden because somebody took another way. Looked at again, it gives the same rows: one remark a decision and code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ledger.database import fetch_all
from ledger.reader import get_log
from register.access.acting import Acting
from register.access.audit import note
from register.access.reach import check_reach_of_work
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.records import AccreditationRecord, load
from register.remarks import Known, look, look_at_change, terms_of
from register.uploads.checking import spell_remark
from register.uploads.holdings import Surroundings, survey
from register.uploads.models import LookedAt, StandingRemark

CHUNK: Final = 1_000
"""Decisions looked at in one transaction."""

_DECIDED: Final = """
    SELECT h.index, h.time, v.content::text, p.content::text FROM register_happening h
    JOIN register_accreditation v ON v.uid = h.uid AND v.log_id = h.log_id AND v.recorded_from = h.index
    LEFT JOIN register_accreditation p ON p.uid = h.uid AND p.log_id = h.log_id AND p.recorded_until = h.index
    WHERE h.log_id = %s AND h.index >= %s AND h.index < %s AND h.quarantine IS NULL
    AND h.type IN ('accreditation.granted', 'accreditation.amended') ORDER BY h.index
"""
_TIMES: Final = "SELECT index, time FROM register_happening WHERE log_id = %s AND index = ANY(%s::bigint[])"
_STEP: Final = 5_000
"""Entries passed over at a time; most are no decisions."""


def catch_up() -> int:
    """Look at all decisions recorded since the last time; return how many entries were passed."""
    passed = 0
    while step := _catch_up_once():
        passed += step
    return passed


def _catch_up_once() -> int:
    origin = settings.ASSAY_ORIGIN
    log = get_log(origin)
    LookedAt.objects.get_or_create(origin=origin)
    with transaction.atomic():
        place = LookedAt.objects.select_for_update().get(origin=origin)
        start, end = place.size, min(log.size, place.size + _STEP)
        if start >= end:
            return 0
        rows = fetch_all(_DECIDED, (log.id, start, end))
        for first in range(0, len(rows), CHUNK):
            _look_at([_read(*row) for row in rows[first : first + CHUNK]])
        place.size = end
        place.save(update_fields=["size"])
        return end - start


@dataclass(frozen=True, slots=True)
class _Decided:
    """An accreditation as an entry left it, and as it was before; None of a new one."""

    index: int
    time: datetime
    record: AccreditationRecord
    before: AccreditationRecord | None


def _read(index: int, time: datetime, content: str, before: str | None) -> _Decided:
    return _Decided(index, time, load("accreditation", content), load("accreditation", before) if before else None)


def _look_at(decisions: Sequence[_Decided]) -> None:
    """Keep the remarks on decisions, each as of the moment of its recording and what had been recorded before."""
    around = _survey([one.record for one in decisions])
    found: dict[tuple[str, str], StandingRemark] = {}
    for one in decisions:
        record, known = one.record, _known(around, one.record, one.index, one.time)
        new = look(terms_of(record), known) if one.before is None else look_at_change(one.before, record, known)
        for remark in new:
            facts = spell_remark(remark)["facts"]
            found[record.id, remark.code] = StandingRemark(
                subject=record.id, agency=record.agency, issuer=record.issuer, code=remark.code, facts=facts,
                index=one.index,
            )  # fmt: skip
    _keep(found)


def _survey(records: Sequence[AccreditationRecord]) -> Surroundings:
    return survey({one.agency for one in records}, {one.issuer for one in records})


def _known(around: Surroundings, record: AccreditationRecord, index: int, time: datetime) -> Known:
    return replace(around.known(terms_of(record), record.id, index), now=time)


def _keep(found: Mapping[tuple[str, str], StandingRemark]) -> None:
    """Write remarks down. What an amendment says anew of a decision stands in the place of what was said before.

    It is open then, though the earlier one may have been cleared: that reason was given for something else.
    """
    subjects = {subject for subject, _ in found}
    held = {(str(one.subject), one.code): one for one in StandingRemark.objects.filter(subject__in=subjects)}
    again = [held[key] for key, one in found.items() if key in held and held[key].index < one.index]
    for one in again:
        new = found[str(one.subject), one.code]
        one.index, one.facts, one.cleared, one.cleared_by, one.reason = new.index, new.facts, None, None, ""
    StandingRemark.objects.bulk_update(again, ["index", "facts", "cleared", "cleared_by", "reason"], batch_size=500)
    fresh = [one for key, one in found.items() if key not in held]
    StandingRemark.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=2_000)


def find_met(remarks: Sequence[StandingRemark]) -> frozenset[int]:
    """Return those of some remarks, by key, that nobody would make any more: the rule finds nothing by now.

    Each decision is looked at as it is by now, as of the moment when the remark was made. Five queries at most.
    """
    if not remarks:
        return frozenset()
    log = get_log(settings.ASSAY_ORIGIN).id
    records = find_records("accreditation", [str(one.subject) for one in remarks], resolve_cut())
    times: dict[int, datetime] = dict(fetch_all(_TIMES, (log, [one.index for one in remarks])))
    around = _survey(list(records.values()))
    return frozenset(
        one.pk
        for one in remarks
        if (record := records.get(str(one.subject))) is not None and one.index in times
        and not _is_so(one, record, _known(around, record, one.index, times[one.index]))
    )  # fmt: skip


def _is_so(remark: StandingRemark, record: AccreditationRecord, known: Known) -> bool:
    return any(one.code == remark.code for one in look(terms_of(record), known))


def open_remarks(acting: Acting) -> Any:
    """Return the remarks nobody has cleared, of the agency that acts, or of all for operators; the newest first."""
    return _of_desk(acting).filter(cleared=None).order_by("-index", "id")


def cleared_remarks(acting: Acting) -> Any:
    """Return the remarks that were cleared, the last ones first."""
    return _of_desk(acting).exclude(cleared=None).select_related("cleared_by").order_by("-cleared", "id")


def _of_desk(acting: Acting) -> Any:
    rows = StandingRemark.objects.all()
    return rows.filter(agency=acting.organisation) if acting.role == "agency" else rows


def clear(acting: Acting, ids: list[int], reason: str) -> int:
    """Clear some open remarks of one's own desk with a reason; return how many there were."""
    with transaction.atomic():
        chosen = list(_of_desk(acting).filter(pk__in=ids, cleared=None).select_for_update())
        for one in chosen:
            note(
                acting, "remark_cleared", f"/accreditations/{one.subject}", organisation=str(one.agency), rule=one.code
            )
        rows = StandingRemark.objects.filter(pk__in=[one.pk for one in chosen])
        return rows.update(cleared=timezone.now(), cleared_by_id=acting.user, reason=reason)


def clear_kind(acting: Acting, code: str, last: int, reason: str) -> int:
    """Clear all open remarks of a kind of one's own desk with a reason; return how many there were.

    `last` is the newest that there was when it was asked for: what came later nobody has seen.
    """
    rows = _of_desk(acting).filter(code=code, cleared=None, pk__lte=last)
    kept = {"cleared": timezone.now(), "cleared_by_id": acting.user, "reason": reason}
    number = 0
    with transaction.atomic():
        # A line of the record for each agency: its approvers read those about their own organisation.
        for agency in list(rows.order_by("agency").values_list("agency", flat=True).distinct()):
            cleared = int(rows.filter(agency=agency).update(**kept))
            if cleared:
                note(acting, "remark_cleared", organisation=str(agency), rule=code, rows=cleared, reason=reason)
            number += cleared
    return number


def reopen(acting: Acting, remark: int) -> int:
    """Open a remark again that was cleared."""
    with transaction.atomic():
        one = _of_desk(acting).filter(pk=remark).exclude(cleared=None).select_for_update().first()
        if one is None:
            return 0
        if one.cleared_by_id is not None:
            check_reach_of_work(acting, one.cleared_by_id)
        # What is opened again forgets who cleared it and why; the audit record does not.
        about = f"/accreditations/{one.subject}"
        note(acting, "remark_reopened", about, organisation=str(one.agency), rule=one.code, reason=one.reason)
        return StandingRemark.objects.filter(pk=one.pk).update(cleared=None, cleared_by=None, reason="")
