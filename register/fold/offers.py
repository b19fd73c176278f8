"""Folds of what an issuer offers and signs with: programmes, keys, mandates."""

from __future__ import annotations

from typing import Any

from register.events import Event
from register.fold.amended import amended_fields, ending, find, succeed
from register.records import KeyRecord, KeyRevocation, MandateRecord, Period, ProgrammeRecord, Recorded
from register.state import Change, State


def register_programme(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """A new programme; its fields are those of its terms."""
    fields = {name: getattr(event.data, name) for name in type(event.data).model_fields if name != "actor"}
    period = Period(fields.pop("valid_from"), fields.pop("valid_until"))
    record = ProgrammeRecord(
        id=event.subject_id, url=event.subject, valid=period, entries=(recorded.index,), **_plain_outcomes(fields)
    )
    return [Change("programme", record.id, record)]


def _plain_outcomes(fields: dict[str, Any]) -> dict[str, Any]:
    if "learning_outcomes" in fields:
        fields["learning_outcomes"] = tuple(outcome.model_dump(mode="json") for outcome in fields["learning_outcomes"])
    return fields


def amend_programme(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """New values."""
    record: ProgrammeRecord = find(state, event)
    return succeed(event, record, recorded, **_plain_outcomes(amended_fields(record, event.data)))


def close_programme(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """The programme ends."""
    return succeed(event, find(state, event), recorded, closure=ending(event, recorded))


def bind_key(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """A new key of an issuer."""
    data = event.data
    record = KeyRecord(
        id=event.subject_id,
        url=event.subject,
        issuer=data.issuer,
        kind=data.kind,
        value=data.value,
        valid=Period(data.valid_from, data.valid_until),
        entries=(recorded.index,),
        proof=data.proof,
        demonstration=data.demonstration,
    )
    return [Change("key", record.id, record)]


def revoke_key(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """The key ends. One revoked before and now known to be compromised does not become good again in between."""
    record: KeyRecord = find(state, event)
    data = event.data
    end = data.effective_from or data.since or recorded.time
    if record.revocation is not None:
        end = min(end, record.revocation.effective_from)
    return succeed(event, record, recorded, revocation=KeyRevocation(data.reason, end, recorded, data.since))


def grant_mandate(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """A new mandate."""
    data = event.data
    record = MandateRecord(
        id=event.subject_id,
        url=event.subject,
        awarding_body=data.awarding_body,
        sealer=data.sealer,
        scope=data.scope,
        valid=Period(data.valid_from, data.valid_until),
        entries=(recorded.index,),
    )
    return [Change("mandate", record.id, record)]


def revoke_mandate(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """The mandate ends."""
    return succeed(event, find(state, event), recorded, revocation=ending(event, recorded))
