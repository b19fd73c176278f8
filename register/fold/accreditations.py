"""Folds of accreditations."""

from __future__ import annotations

from dataclasses import replace

from register.amendments import restate_scope
from register.events import Event
from register.fold.amended import amended_fields, ending, find, succeed
from register.records import AccreditationRecord, Period, Recorded, Suspension
from register.state import Change, State


def grant_accreditation(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """A new accreditation."""
    data = event.data
    record = AccreditationRecord(
        id=event.subject_id,
        url=event.subject,
        issuer=data.issuer,
        agency=data.agency,
        kind=data.kind,
        scope=data.scope,
        decision=data.decision,
        valid=Period(data.valid_from, data.valid_until),
        entries=(recorded.index,),
        granted=recorded,
        contributing_agencies=data.contributing_agencies,
        standard=data.standard,
        status=data.status,
        report=data.report.as_document() if data.report else None,
        summary=data.summary,
        legal_basis=data.legal_basis,
        local_identifier=data.local_identifier,
        on_behalf=data.actor.role == "operator",
        demonstration=data.demonstration,
    )
    return [Change("accreditation", record.id, record)]


def amend_accreditation(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """New values; a new scope from its date on, a correction from the date of what it corrects."""
    record: AccreditationRecord = find(state, event)
    data = event.data
    given = amended_fields(record, data)
    if "scope" in given:
        del given["scope"]
        given |= restate_scope(record, data, recorded)
    if data.corrects is not None:
        given["corrected"] = (*record.corrected, data.corrects)
    return succeed(event, record, recorded, **given)


def suspend_accreditation(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """A span begins in which the accreditation does not count."""
    record: AccreditationRecord = find(state, event)
    data = event.data
    span = Suspension(data.effective_from, data.reason, recorded, note=data.note)
    return succeed(event, record, recorded, suspensions=(*record.suspensions, span))


def reinstate_accreditation(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """The open span ends."""
    record: AccreditationRecord = find(state, event)
    end = event.data.effective_from
    spans = tuple(
        replace(span, effective_until=end, lifted=recorded) if span.effective_until is None else span
        for span in record.suspensions
    )
    return succeed(event, record, recorded, suspensions=spans)


def revoke_accreditation(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """The accreditation ends."""
    return succeed(event, find(state, event), recorded, revocation=ending(event, recorded))
