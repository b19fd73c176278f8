"""Folds of peers, of reported forks, and of a register's own change of keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from register.errors import NotFound
from register.events import Event
from register.fold.amended import find, succeed
from register.records import Ending, ForkRecord, PeerRecord, Recorded, RegisterKey
from register.state import Change, State

MOST_FORMER: Final = 64
"""Keys, of log and of witness each, that a peer recognised anew brings along; a ledger may do so without end."""


def recognise_peer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """A new peer; its fields are those of its terms. Recognised anew, it keeps what its keys were before."""
    data = event.data
    earlier = state.peers.get(state.peer_of.get(data.origin, ""))
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
        former_vkeys=_give_up(earlier, "vkeys", data.vkeys)[-MOST_FORMER:],
        former_witness_vkeys=_give_up(earlier, "witness_vkeys", data.witness_vkeys)[-MOST_FORMER:],
    )
    return [Change("peer", record.id, record)]


def _give_up(record: PeerRecord | None, field: str, kept: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys a peer had but those it keeps: by them evidence of the past is judged."""
    known = (*getattr(record, f"former_{field}"), *getattr(record, field)) if record else ()
    return tuple(dict.fromkeys(key for key in known if key not in kept))


def amend_peer(event: Event, recorded: Recorded, state: State) -> list[Change]:
    """New values; keys given up are kept as former ones."""
    record: PeerRecord = find(state, event)
    given = event.data.given()
    for field in ("vkeys", "witness_vkeys"):
        if field in given:
            given[f"former_{field}"] = _give_up(record, field, given[field])
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
