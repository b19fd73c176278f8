"""Knowledge: the facts for a trust question out of a replayed state (audit, proofs of an answer, offline bundle).

The read model's counterpart is register/queries; both must give the same facts, which the tests compare.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from register import fold
from register.events import parse
from register.identifiers import NODE, Identifier
from register.records import Recorded, RelationRecord
from register.state import State, claims_of
from register.trust.facts import NOT_RECOGNISED, RECOGNISED, Recognition, RegisterFacts, read_recognition
from register.trust.identity import NOT_SHARED


def recognise(own: State, origin: str) -> Recognition:
    """Say whether and how our own register, at the cut, recognises the register of another origin."""
    record_id = own.peer_of.get(origin)
    return NOT_RECOGNISED if record_id is None else read_recognition(own.register, own.peers[record_id])


@dataclass(frozen=True, slots=True)
class Known:
    """One register's facts, and which issuers the question's identifier names in it."""

    facts: RegisterFacts
    asked: tuple[str, ...]


def find_shared_issuers(states: Sequence[State], identifier: Identifier) -> dict[str, tuple[str, ...]]:
    """Return by origin the issuers to which another register's record of an issuer named leads, by what both claim.

    The origins where there are none are left out.
    """
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for state in states:
        claims = [claim for one in find_issuers(state, identifier) for claim in claims_of(state.issuers[one])]
        for other in states:
            if other is not state:
                found[other.origin].update(dict.fromkeys(_find_claiming(other, claims)))
    records = {state.origin: state.issuers for state in states}
    return {
        origin: tuple(sorted(ids, key=lambda one, origin=origin: records[origin][one].entries))  # type: ignore[misc]
        for origin, ids in found.items()
        if ids
    }


def _find_claiming(state: State, claims: Iterable[tuple[str, str]]) -> Iterator[str]:
    for claim in claims:
        if claim[0] not in NOT_SHARED:
            yield from (one for one in state.claims.get(claim, ()) if claim in claims_of(state.issuers.get(one)))


def find_issuers(state: State, identifier: Identifier) -> tuple[str, ...]:
    """Return the ids of the issuers that an identifier names, in the order of their entries."""
    if identifier.scheme == NODE:
        found: Iterable[str] = (identifier.value,)
    elif identifier.scheme == "url":
        found = (issuer.id for issuer in state.issuers.values() if issuer.url == identifier.value)
    else:
        found = state.claims.get((identifier.scheme, identifier.value), ())
    return tuple(sorted((i for i in found if i in state.issuers), key=lambda i: state.issuers[i].entries))


def gather(
    state: State,
    identifier: Identifier,
    key: str | None,
    *,
    own: bool,
    checkpoint_size: int,
    checkpoint_time: datetime | None,
    age_seconds: int | None,
    stale: bool,
    limit_seconds: int,
    recognition: Recognition = RECOGNISED,
    shared: tuple[str, ...] = (),
) -> Known:
    """Collect what a register knows about an issuer: itself, all that relations lead to, and what rests on them.

    `shared` are the issuers that other registers' records lead to (find_shared_issuers).
    """
    asked = find_issuers(state, identifier)
    named = (*asked, *shared)
    relations = _related(state, named)
    issuers = dict.fromkeys([*named, *(i for r in relations for i in (r.issuer, r.other))])
    accreditations = _belonging(state, "accreditation", issuers)
    keys = {k.id: k for k in _belonging(state, "key", issuers)}
    keys |= {k.id: k for k in state.keys.values() if key is not None and k.value == key}
    mandates = [m for m in state.mandates.values() if m.awarding_body in issuers]
    owners = [k.issuer for k in keys.values()] + [m.sealer for m in mandates]
    facts = RegisterFacts(
        origin=state.origin,
        size=state.size,
        register=state.register,
        own=own,
        recognised=recognition.recognised,
        remit=recognition.remit,
        vouched=recognition.vouched,
        checkpoint_size=checkpoint_size,
        checkpoint_time=checkpoint_time,
        age_seconds=age_seconds,
        stale=stale,
        limit_seconds=limit_seconds,
        agencies={a.agency: state.agencies[a.agency] for a in accreditations if a.agency in state.agencies},
        issuers={i: state.issuers[i] for i in (*issuers, *owners) if i in state.issuers},
        accreditations=tuple(accreditations),
        keys=tuple(keys.values()),
        relations=tuple(relations),
        mandates=tuple(mandates),
        programmes={p.id: p for p in _belonging(state, "programme", issuers)},
    )
    return Known(facts, asked)


def _related(state: State, start: Iterable[str]) -> list[RelationRecord]:
    """Return every relation that leads from the issuers asked, in either direction and over any number of steps."""
    if not state.relations:
        return []
    reached, found = set(start), dict[str, RelationRecord]()
    grew = True
    while grew:
        new = [r for r in state.relations.values() if r.id not in found and (r.issuer in reached or r.other in reached)]
        found |= {relation.id: relation for relation in new}
        reached |= {issuer for relation in new for issuer in (relation.issuer, relation.other)}
        grew = bool(new)
    return sorted(found.values(), key=lambda relation: relation.entries)


def _belonging(state: State, kind: str, issuers: Iterable[str]) -> list[Any]:
    return sorted((r for i in issuers for r in state.belonging(kind, i)), key=lambda record: record.entries)


def replay_proven(origin: str, entries: Mapping[int, bytes], size: int) -> State:
    """Fold just the entries that an answer proves, by index, into what the ledger knew of them at a tree size.

    Which entries were left out cannot be seen from here, and neither can rules that look at other records; a full
    audit sees both. Raises MalformedEvent or NotFound when the entries do not fit together.
    """
    state = State(origin)
    for index in sorted(entries):
        event = parse(entries[index])
        fold.apply(event, Recorded(index, event.time), state)
    state.size = size
    return state
