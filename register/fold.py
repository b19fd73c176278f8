"""Fold: what follows from an accepted event — the new newest versions of the records it touches.

One function per event type, pure: (event, recorded, state) → changes. The rules were checked before (rules.py);
a record that an event refers to and the state lacks raises NotFound, which is how a partial replay notices a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from register.errors import NotFound
from register.events import Event
from register.identifiers import normalise_value
from register.payloads import Payload
from register.records import (
    AccreditationRecord,
    AgencyRecord,
    Ending,
    FormerName,
    FormerScope,
    IssuerRecord,
    KeyRecord,
    KeyRevocation,
    MandateRecord,
    Period,
    ProgrammeRecord,
    Recorded,
    RegisterRecord,
    RelationRecord,
    Suspension,
    scope_at,
)
from register.scope import UNRESTRICTED
from register.state import Change, State, relation_id

PASSING_ON: Final = frozenset({"merged_into", "absorbed", "succeeded"})
"""Relations in which accreditations pass on unless the entry says otherwise."""


def apply(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """Compute the changes that follow from an event, adopt them into the state, and return them."""
    changes = changes_of(event, recorded, state)
    state.adopt(changes)
    return changes


def changes_of(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """Compute the changes that follow from an event, leaving the state as it is."""
    return _FOLDS[event.type](event, recorded, state)


def _find(state: State, kind: str, record_id: str) -> Any:
    record = state.table(kind).get(record_id)
    if record is None:
        raise NotFound(
            f"{kind}_unknown", "", f"expected an existing {kind}, got {record_id!r}, which no earlier entry registers"
        )
    return record


def _ending(data: Any, recorded: Recorded) -> Ending:
    return Ending(data.effective_from, data.reason, recorded, data.note, data.legal_basis)


def _changed(changes: Payload, **required: Any) -> dict[str, Any]:
    """Return the fields a `…Changes` payload sets; those in `required` may not be emptied, so null leaves them."""
    given = {name: getattr(changes, name) for name in type(changes).model_fields if name in changes.model_fields_set}
    for name in ("actor", "effective_from", "reason", "note", "corrects"):
        given.pop(name, None)
    return {name: value for name, value in given.items() if value is not None or name not in required}


def _day_of(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def _with_period(record: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Turn valid_from / valid_until among the given fields into the record's period."""
    period = record.valid
    if "valid_from" in given:
        period = replace(period, valid_from=given.pop("valid_from") or period.valid_from)
    if "valid_until" in given:
        period = replace(period, valid_until=given.pop("valid_until"))
    return {**given, "valid": period}


def _documents(given: dict[str, Any]) -> dict[str, Any]:
    for name in ("report", "decision_document"):
        if given.get(name) is not None:
            given[name] = given[name].as_document()
    return given


def _open_register(event: Event, recorded: Recorded, state: State) -> list[Change]:
    data = event.data
    record = RegisterRecord(
        id=state.origin, url=event.source, name=data.name, territory=data.territory, operator=data.operator,
        policy_url=data.policy_url, vkey=data.vkey, witness_vkey=data.witness_vkey, statement_jwk=data.statement_jwk, entries=(recorded.index,), demonstration=data.demonstration,
    )  # fmt: skip
    return [Change("register", state.origin, record)]


# agency --------------------------------------------------------------------------------------------------------------


def _recognise_agency(event: Event, recorded: Recorded, state: State) -> list[Change]:
    data = event.data
    record = AgencyRecord(
        id=event.subject_id, url=event.subject, names=data.names, country=data.country, scope=data.scope,
        valid=Period(data.valid_from, data.valid_until), entries=(recorded.index,), acronym=data.acronym,
        identifiers=data.identifiers, website=data.website, demonstration=data.demonstration,
        decision_document=data.decision_document.as_document() if data.decision_document else None,
    )  # fmt: skip
    return [Change("agency", record.id, record)]


def _amend_agency(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: AgencyRecord = _find(state, "agency", event.subject_id)
    given = _documents(_with_period(record, _changed(event.data, names=1, country=1, valid_from=1, identifiers=1)))
    if "scope" in given:
        given["scope"] = given["scope"] or UNRESTRICTED
        given["former_scopes"] = _former_scopes(record, event.data, recorded)
    return [Change("agency", record.id, replace(record, entries=(*record.entries, recorded.index), **given))]


def _withdraw_agency(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: AgencyRecord = _find(state, "agency", event.subject_id)
    entries = (*record.entries, recorded.index)
    return [Change("agency", record.id, replace(record, withdrawal=_ending(event.data, recorded), entries=entries))]


def _former_scopes(
    record: AgencyRecord | AccreditationRecord, data: Any, recorded: Recorded
) -> tuple[FormerScope, ...]:
    """Return the earlier terms after a change of scope: from when the new scope holds, and what held before.

    A correction of the grant leaves no earlier terms; a correction of an amendment holds from that amendment's date.
    """
    if data.corrects is not None:
        corrected = next((t.until for t in record.former_scopes if t.recorded.index == data.corrects), None)
        return tuple(t for t in record.former_scopes if corrected is not None and t.until <= corrected)
    start = data.effective_from or _day_of(recorded.time)
    was = scope_at(record.scope, record.former_scopes, _just_before(start))
    kept = tuple(t for t in record.former_scopes if t.until < start)
    return (*kept, FormerScope(start, was, recorded))


def _just_before(moment: datetime) -> datetime:
    return moment - datetime.resolution


# issuer --------------------------------------------------------------------------------------------------------------


def _register_issuer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    data = event.data
    record = IssuerRecord(
        id=event.subject_id, url=event.subject, names=data.names, country=data.country,
        provider_type=data.provider_type, entries=(recorded.index,), acronym=data.acronym, sites=data.sites,
        identifiers=data.identifiers, website=data.website, demonstration=data.demonstration,
    )  # fmt: skip
    return [Change("issuer", record.id, record)]


def _amend_issuer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: IssuerRecord = _find(state, "issuer", event.subject_id)
    data = event.data
    given = _changed(data, names=1, country=1, provider_type=1, identifiers=1, sites=1)
    if "names" in given and data.corrects is None:
        given["former_names"] = record.former_names + _names_given_up(
            record.names, given["names"], data.effective_from or _day_of(recorded.time)
        )
    return [Change("issuer", record.id, replace(record, entries=(*record.entries, recorded.index), **given))]


def _names_given_up(old: Mapping[str, str], new: Mapping[str, str], until: datetime) -> tuple[FormerName, ...]:
    return tuple(FormerName(language, name, until) for language, name in old.items() if new.get(language) != name)


def _close_issuer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: IssuerRecord = _find(state, "issuer", event.subject_id)
    entries = (*record.entries, recorded.index)
    return [Change("issuer", record.id, replace(record, closure=_ending(event.data, recorded), entries=entries))]


def _relate_issuer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    data = event.data
    passes_on = data.accreditations_pass_on
    record = RelationRecord(
        id=relation_id(event), issuer=event.subject_id, relation=data.relation, other=data.other,
        valid=Period(data.valid_from, data.valid_until), recorded=recorded, entries=(recorded.index,),
        accreditations_pass_on=data.relation in PASSING_ON if passes_on is None else passes_on,
    )  # fmt: skip
    return [Change("relation", record.id, record)]


# programme, key, mandate ---------------------------------------------------------------------------------------------


def _register_programme(event: Event, recorded: Recorded, state: State) -> list[Change]:
    fields = {name: getattr(event.data, name) for name in type(event.data).model_fields}
    period = Period(fields.pop("valid_from"), fields.pop("valid_until"))
    fields.pop("actor")
    record = ProgrammeRecord(
        id=event.subject_id, url=event.subject, valid=period, entries=(recorded.index,), **_plain_outcomes(fields)
    )
    return [Change("programme", record.id, record)]


def _plain_outcomes(fields: dict[str, Any]) -> dict[str, Any]:
    if "learning_outcomes" in fields:
        outcomes = fields["learning_outcomes"] or ()
        fields["learning_outcomes"] = tuple(outcome.model_dump(mode="json") for outcome in outcomes)
    return fields


def _amend_programme(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: ProgrammeRecord = _find(state, "programme", event.subject_id)
    lists = dict.fromkeys(("isced_f", "learning_outcomes", "awarding_bodies", "identifiers"), 1)
    given = _with_period(record, _plain_outcomes(_changed(event.data, titles=1, valid_from=1, **lists)))
    return [Change("programme", record.id, replace(record, entries=(*record.entries, recorded.index), **given))]


def _close_programme(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: ProgrammeRecord = _find(state, "programme", event.subject_id)
    entries = (*record.entries, recorded.index)
    return [Change("programme", record.id, replace(record, closure=_ending(event.data, recorded), entries=entries))]


def _bind_key(event: Event, recorded: Recorded, state: State) -> list[Change]:
    data = event.data
    record = KeyRecord(
        id=event.subject_id, url=event.subject, issuer=data.issuer, kind=data.kind,
        value=normalise_value(data.kind, data.value), valid=Period(data.valid_from, data.valid_until),
        entries=(recorded.index,), proof=data.proof, demonstration=data.demonstration,
    )  # fmt: skip
    return [Change("key", record.id, record)]


def _revoke_key(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: KeyRecord = _find(state, "key", event.subject_id)
    data = event.data
    end = data.effective_from or data.since or recorded.time
    revocation = KeyRevocation(data.reason, end, recorded, data.since)
    entries = (*record.entries, recorded.index)
    return [Change("key", record.id, replace(record, revocation=revocation, entries=entries))]


def _grant_mandate(event: Event, recorded: Recorded, state: State) -> list[Change]:
    data = event.data
    period = Period(data.valid_from, data.valid_until)
    record = MandateRecord(
        event.subject_id, event.subject, data.awarding_body, data.sealer, data.scope, period, (recorded.index,)
    )
    return [Change("mandate", record.id, record)]


def _revoke_mandate(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: MandateRecord = _find(state, "mandate", event.subject_id)
    entries = (*record.entries, recorded.index)
    return [Change("mandate", record.id, replace(record, revocation=_ending(event.data, recorded), entries=entries))]


# accreditation -------------------------------------------------------------------------------------------------------


def _grant_accreditation(event: Event, recorded: Recorded, state: State) -> list[Change]:
    data = event.data
    record = AccreditationRecord(
        id=event.subject_id, url=event.subject, issuer=data.issuer, agency=data.agency, kind=data.kind,
        scope=data.scope, decision=data.decision, valid=Period(data.valid_from, data.valid_until),
        entries=(recorded.index,), granted=recorded, contributing_agencies=data.contributing_agencies,
        standard=data.standard, status=data.status, report=data.report.as_document() if data.report else None,
        summary=data.summary, legal_basis=data.legal_basis, local_identifier=data.local_identifier,
        on_behalf=data.actor.role == "operator", demonstration=data.demonstration,
    )  # fmt: skip
    return [Change("accreditation", record.id, record)]


def _amend_accreditation(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: AccreditationRecord = _find(state, "accreditation", event.subject_id)
    data = event.data
    given = _changed(data, kind=1, decision=1, valid_from=1, contributing_agencies=1)
    if "scope" in given:
        given["scope"] = given["scope"] or UNRESTRICTED
        given["former_scopes"] = _former_scopes(record, data, recorded)
    if data.corrects is not None:
        given |= _undo(record, data.corrects) | {"corrected": (*record.corrected, data.corrects)}
    given = _documents(_with_period(record, given))
    return [Change("accreditation", record.id, replace(record, entries=(*record.entries, recorded.index), **given))]


def _undo(record: AccreditationRecord, index: int) -> dict[str, Any]:
    """Return the fields that take back the revocation or suspension recorded by the corrected entry, if it is one."""
    undone: dict[str, Any] = {}
    if record.revocation is not None and record.revocation.recorded.index == index:
        undone["revocation"] = None
    if any(s.recorded.index == index for s in record.suspensions):
        undone["suspensions"] = tuple(s for s in record.suspensions if s.recorded.index != index)
    return undone


def _suspend_accreditation(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: AccreditationRecord = _find(state, "accreditation", event.subject_id)
    suspension = Suspension(event.data.effective_from, event.data.reason, recorded, note=event.data.note)
    return [_with_suspensions(record, (*record.suspensions, suspension), recorded)]


def _reinstate_accreditation(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: AccreditationRecord = _find(state, "accreditation", event.subject_id)
    end = event.data.effective_from
    lifted = tuple(
        replace(s, effective_until=end, lifted=recorded) if s.effective_until is None else s for s in record.suspensions
    )
    return [_with_suspensions(record, lifted, recorded)]


def _with_suspensions(record: AccreditationRecord, suspensions: tuple[Suspension, ...], recorded: Recorded) -> Change:
    entries = (*record.entries, recorded.index)
    return Change("accreditation", record.id, replace(record, suspensions=suspensions, entries=entries))


def _revoke_accreditation(event: Event, recorded: Recorded, state: State) -> list[Change]:
    record: AccreditationRecord = _find(state, "accreditation", event.subject_id)
    entries = (*record.entries, recorded.index)
    revoked = replace(record, revocation=_ending(event.data, recorded), entries=entries)
    return [Change("accreditation", record.id, revoked)]


_FOLDS: Final[Mapping[str, Callable[[Event, Recorded, State], list[Change]]]] = {
    "register.opened": _open_register,
    "agency.recognised": _recognise_agency,
    "agency.amended": _amend_agency,
    "agency.withdrawn": _withdraw_agency,
    "issuer.registered": _register_issuer,
    "issuer.amended": _amend_issuer,
    "issuer.closed": _close_issuer,
    "issuer.related": _relate_issuer,
    "programme.registered": _register_programme,
    "programme.amended": _amend_programme,
    "programme.closed": _close_programme,
    "key.bound": _bind_key,
    "key.revoked": _revoke_key,
    "mandate.granted": _grant_mandate,
    "mandate.revoked": _revoke_mandate,
    "accreditation.granted": _grant_accreditation,
    "accreditation.amended": _amend_accreditation,
    "accreditation.suspended": _suspend_accreditation,
    "accreditation.reinstated": _reinstate_accreditation,
    "accreditation.revoked": _revoke_accreditation,
}
