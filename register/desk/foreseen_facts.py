"""Facts as they will be once an entry is written: those of now, with the records that it changes in their places. Pure.

The counterpart, for one entry ahead, of what register.queries.facts reads; tests write the entry and hold both equal.
Only our own register changes. Whom other registers record as the same institution stays as it is: an entry about an
issuer's identifiers may change that, too, and the preview does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from register.queries.facts import Gathered
from register.state import Change, State
from register.trust import RegisterFacts

_LISTED: Final = {"accreditation": "accreditations", "key": "keys", "relation": "relations", "mandate": "mandates"}
"""Kind → the field of RegisterFacts that holds such records as a tuple, in the order of their entries."""

_NAMED: Final = {"issuer": "issuers", "agency": "agencies", "programme": "programmes"}
"""Kind → the field that holds them by id."""


def foresee_facts(
    gathered: Sequence[Gathered],
    changes: Sequence[Change],
    state: State,
    size: int,
    now: datetime,
    key: str | None = None,
) -> tuple[Gathered, ...]:
    """Return the facts for some questions as they will be after `size` entries, given those of now.

    `key` is the one that all of them ask about, if any. A new relation joins what is known of the issuers that it
    relates; they have to be asked about together.
    """
    joined = any(change.kind == "relation" for change in changes)
    found = []
    for one in gathered:
        own = _join([_own(other) for other in (gathered if joined else [one])])
        relations = [*own.relations, *(change.record for change in changes if change.kind == "relation")]
        reached = _reach(one.facts.asked.get(own.origin, ()), relations)
        near = [change for change in changes if _bears(change, reached, key)]
        later = _freshen(_adopt(own, near, state), size, now)
        facts = replace(one.facts, registers=tuple(later if it.own else it for it in one.facts.registers))
        found.append(replace(one, facts=facts))
    return tuple(found)


def _reach(asked: Iterable[str], relations: Sequence[Any]) -> set[str]:
    """Return the issuers that relations lead to from those asked about, in both directions."""
    reached, fresh = set(asked), set(asked)
    while fresh:
        pairs = [(one.issuer, one.other) for one in relations]
        fresh = {to for pair in pairs for at, to in (pair, pair[::-1]) if at in fresh} - reached
        reached |= fresh
    return reached


def _bears(change: Change, reached: set[str], key: str | None) -> bool:
    """Tell whether a record belongs to the facts about some issuers, or about a key, whoever holds it."""
    record: Any = change.record
    if change.kind == "mandate":
        return record.awarding_body in reached
    if change.kind in ("accreditation", "relation"):
        return record.issuer in reached
    return change.kind != "key" or record.issuer in reached or record.value == key


def _own(gathered: Gathered) -> RegisterFacts:
    return next(register for register in gathered.facts.registers if register.own)


def _join(registers: Sequence[RegisterFacts]) -> RegisterFacts:
    """Return what several answers of one register hold together."""
    told: dict[str, Any] = {}
    for name in _LISTED.values():
        told[name] = _in_order(_by_id(one for it in registers for one in getattr(it, name)))
    for name in _NAMED.values():
        told[name] = {id: one for it in registers for id, one in getattr(it, name).items()}
    return replace(registers[0], **told)


def _adopt(facts: RegisterFacts, changes: Iterable[Change], state: State) -> RegisterFacts:
    """Return facts with the records that changed in the places of the former ones, or beside them."""
    listed = {kind: _by_id(getattr(facts, name)) for kind, name in _LISTED.items()}
    named = {kind: dict(getattr(facts, name)) for kind, name in _NAMED.items()}
    for kind, record_id, record in changes:
        if kind in listed:
            listed[kind][record_id] = record
        elif kind in named and record_id in named[kind]:
            named[kind][record_id] = record
    accreditations = listed["accreditation"].values()
    named["agency"] = _supply(named["agency"], (one.agency for one in accreditations), state.agencies.get)
    holders = [*(one.issuer for one in listed["key"].values()), *(one.sealer for one in listed["mandate"].values())]
    named["issuer"] |= _supply(named["issuer"], holders, state.issuers.get)
    programmes = (programme for one in accreditations for programme in one.scope.programmes or ())
    named["programme"] |= _supply(named["programme"], programmes, state.programmes.get)
    told: dict[str, Any] = {name: _in_order(listed[kind]) for kind, name in _LISTED.items()}
    told |= {name: named[kind] for kind, name in _NAMED.items()}
    return replace(facts, **told)


def _supply(known: Mapping[str, Any], wanted: Iterable[str], find: Callable[[str], Any]) -> dict[str, Any]:
    """Return the things wanted, as far as they are known or were loaded to judge the entry."""
    found = {one: known[one] if one in known else find(one) for one in dict.fromkeys(wanted)}
    return {one: record for one, record in found.items() if record is not None}


def _freshen(facts: RegisterFacts, size: int, now: datetime) -> RegisterFacts:
    """Return facts under a checkpoint that covers the entry, signed just now."""
    time = now.replace(microsecond=0)
    return replace(facts, size=size, checkpoint_size=size, checkpoint_time=time, age_seconds=0, stale=False)


def _by_id(records: Iterable[Any]) -> dict[str, Any]:
    return {record.id: record for record in records}


def _in_order(records: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(sorted(records.values(), key=lambda record: record.entries))
