"""Folds of peers, of reported forks, and of a register's own change of keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from register.errors import NotFound
from register.events import Event
from register.fold.amended import find, succeed
from register.records import Ending, ForkRecord, PeerRecord, Recorded, RegisterKey
from register.state import Change, State


def recognise_peer(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """A new peer; its fields are those of its terms."""
    data = event.data
    record = PeerRecord(
        id=event.subject_id,
        url=event.subject,
        origin=data.origin,
        name=data.name,
        address=data.address,
        vkeys=data.vkeys,
        witness_vkeys=data.witness_vkeys,
        territory=data.territory,
        entries=(recorded.index,),
        recognised=recorded,
        remit=data.remit,
        max_age_seconds=data.max_age_seconds,
        policy=data.policy,
        demonstration=data.demonstration,
    )
    return [Change("peer", record.id, record)]


def amend_peer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """New values; keys given up are kept as former ones, by which evidence of the past is judged."""
    record: PeerRecord = find(state, event)
    given = event.data.given()
    for field in ("vkeys", "witness_vkeys"):
        if field in given:
            known = (*getattr(record, f"former_{field}"), *getattr(record, field))
            given[f"former_{field}"] = tuple(dict.fromkeys(key for key in known if key not in given[field]))
    return succeed(event, record, recorded, **given)


def withdraw_peer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """The recognition ends with its recording."""
    ending = Ending(recorded.time, event.data.reason, recorded, event.data.note)
    return succeed(event, find(state, event), recorded, withdrawal=ending)


def report_fork(event: Event, recorded: Recorded, _: State) -> list[Change]:
    """Evidence of a fork; its fields are those of its terms."""
    data = event.data
    record = ForkRecord(
        id=event.subject_id,
        url=event.subject,
        origin=data.origin,
        kind=data.kind,
        older=data.older,
        newer=data.newer,
        recorded=recorded,
        entries=(recorded.index,),
        proof=data.proof,
        shown_by=data.shown_by,
    )
    return [Change("fork", record.id, record)]


def open_keys(data: Any, recorded: Recorded) -> tuple[RegisterKey, ...]:
    """Return the keys with which a register opens."""
    return (
        RegisterKey("log", data.vkey, recorded, recorded.time),
        RegisterKey("witness", data.witness_vkey, recorded, recorded.time),
    )


def rotate_key(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """New keys: the former ones end when the overlap does."""
    data, register = event.data, state.register
    if register is None:
        raise NotFound("register_not_opened", "", "expected a register that has been opened by its entry 0")
    keys = list(register.keys)
    fields: dict[str, Any] = {}
    for use, field, change in (("log", "vkey", data.log), ("witness", "witness_vkey", data.witness)):
        if change is not None:
            keys = [*_end(keys, change.former_vkey, data.overlap_until or data.effective_from, data.reason)]
            keys.append(RegisterKey(use, change.vkey, recorded, data.effective_from))  # type: ignore[arg-type]
            fields[field] = change.vkey
    return succeed(event, register, recorded, keys=tuple(keys), **fields)


def _end(keys: list[RegisterKey], vkey: str, until: datetime, reason: Any) -> Iterator[RegisterKey]:
    for key in keys:
        present = key.vkey == vkey and key.valid_until is None
        yield replace(key, valid_until=until, reason=reason) if present else key
