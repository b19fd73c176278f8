"""Standing remarks: decisions on the ledger looked at once each, in the ledger's order, from a cursor.

However a decision came onto the ledger (desk, file, API, command line), it is looked at; so no remark is hidden because
somebody took another way. Looked at again, it gives the same rows: one remark a decision and code.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ledger.database import fetch_all
from ledger.reader import get_log
from register.access.acting import Acting
from register.access.audit import note
from register.payloads import AccreditationTerms
from register.records import AccreditationRecord, load
from register.remarks import look
from register.uploads.checking import spell_remark
from register.uploads.holdings import survey
from register.uploads.models import LookedAt, StandingRemark

CHUNK: Final = 1_000
"""Decisions looked at in one transaction."""

_GRANTED: Final = """
    SELECT h.index, v.content::text FROM register_happening h
    JOIN register_accreditation v ON v.uid = h.uid AND v.log_id = h.log_id AND v.recorded_from = h.index
    WHERE h.log_id = %s AND h.index >= %s AND h.index < %s AND h.type = 'accreditation.granted' ORDER BY h.index
"""
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
        rows = fetch_all(_GRANTED, (log.id, start, end))
        for first in range(0, len(rows), CHUNK):
            _look_at([(index, load("accreditation", content)) for index, content in rows[first : first + CHUNK]])
        place.size = end
        place.save(update_fields=["size"])
        return end - start


def _look_at(decisions: list[tuple[int, AccreditationRecord]]) -> None:
    """Keep the remarks on decisions, each as of the moment of its recording and what had been recorded before."""
    records = [record for _, record in decisions if record.quarantine is None]
    around = survey({one.agency for one in records}, {one.issuer for one in records})
    found: list[StandingRemark] = []
    for index, record in decisions:
        known = around.known(_terms_of(record), record.id)
        held = tuple(one for one in known.held if one.granted.index < index)
        seen = type(known)(record.granted.time, known.agency, known.issuer, held, known.countries)
        for remark in look(_terms_of(record), seen):
            facts = spell_remark(remark)["facts"]
            found.append(StandingRemark(subject=record.id, agency=record.agency, issuer=record.issuer, code=remark.code,
                                        facts=facts, index=index))  # fmt: skip
    StandingRemark.objects.bulk_create(found, ignore_conflicts=True, batch_size=2_000)


def _terms_of(record: AccreditationRecord) -> AccreditationTerms:
    """Return what was said when the decision was recorded; the version it is read from has one entry."""
    same = ("issuer", "agency", "kind", "scope", "decision", "status", "local_identifier", "report")
    fields: dict[str, Any] = {name: getattr(record, name) for name in same}
    fields |= {"valid_from": record.valid.valid_from, "valid_until": record.valid.valid_until}
    # Not validated again: the record was made from such terms.
    return AccreditationTerms.model_construct(**fields)


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
    with transaction.atomic():
        number = int(rows.update(cleared=timezone.now(), cleared_by_id=acting.user, reason=reason))
        if number:
            note(acting, "remark_cleared", rule=code, rows=number, reason=reason)
    return number


def reopen(acting: Acting, remark: int) -> int:
    """Open a remark again that was cleared."""
    with transaction.atomic():
        one = _of_desk(acting).filter(pk=remark).exclude(cleared=None).select_for_update().first()
        if one is None:
            return 0
        # What is opened again forgets who cleared it and why; the audit record does not.
        about = f"/accreditations/{one.subject}"
        note(acting, "remark_reopened", about, organisation=str(one.agency), rule=one.code, reason=one.reason)
        return StandingRemark.objects.filter(pk=one.pk).update(cleared=None, cleared_by=None, reason="")
