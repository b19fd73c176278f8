"""Folds of credentials: batches, acts of withdrawal, and what each of those says of single credentials."""

from __future__ import annotations

from dataclasses import replace

from register.events import Event
from register.records import BatchRecord, CredentialRecord, Recorded, StatusChange, StatusPosition, WithdrawalRecord
from register.records.credentials import CredentialState, credential_id
from register.state import Change, State


def anchor_batch(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """A new batch."""
    data = event.data
    record = BatchRecord(
        id=event.subject_id,
        url=event.subject,
        issuer=data.issuer,
        root=data.root,
        count=data.count,
        tree_algorithm=data.tree_algorithm,
        recorded=recorded,
        entries=(recorded.index,),
        credential_type=data.credential_type,
        issued_from=data.issued_from,
        issued_until=data.issued_until,
        programme=data.programme,
        demonstration=data.demonstration,
    )
    return [Change("batch", record.id, record)]


def revoke_credentials(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """Credentials are revoked."""
    return _withdraw("revoked", event, recorded, state)


def suspend_credentials(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """Credentials are suspended."""
    return _withdraw("suspended", event, recorded, state)


def reinstate_credentials(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """Credentials count again."""
    return _withdraw("reinstated", event, recorded, state)


def _withdraw(act: CredentialState, event: Event, recorded: Recorded, state: State) -> list[Change]:
    data = event.data
    change = StatusChange(act, data.effective_from or recorded.time, data.reason, recorded)
    record = WithdrawalRecord(
        id=event.subject_id,
        url=event.subject,
        issuer=data.issuer,
        act=act,
        commitments=data.commitments,
        reason=data.reason,
        effective_from=change.effective_from,
        recorded=recorded,
        entries=(recorded.index,),
        batch=data.batch,
    )
    places = data.status or (None,) * len(data.commitments)
    credentials = [
        _change(data.issuer, commitment, data.batch, place, change, state)
        for commitment, place in zip(data.commitments, places, strict=True)
    ]
    return [Change("withdrawal", record.id, record), *(Change("credential", one.id, one) for one in credentials)]


def _change(
    issuer: str, commitment: str, batch: str | None, place: StatusPosition | None, change: StatusChange, state: State
) -> CredentialRecord:
    record_id, index = credential_id(issuer, commitment), change.recorded.index
    record = state.credentials.get(record_id)
    if record is None:
        return CredentialRecord(record_id, issuer, commitment, (change,), (index,), batch, place)
    return replace(
        record,
        changes=(*record.changes, change),
        entries=(*record.entries, index),
        batch=batch or record.batch,
        status=place or record.status,
    )
