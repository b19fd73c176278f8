"""Replay: one entry of a ledger after another, from bytes to changed records. The one path for own and foreign entries.

`step` parses, judges and folds. What our own ledger holds was judged before it was appended, so a refusal there is a
bug (or a forged ledger) and raises. A peer's refused, malformed or unknown entry is kept with its reason and changes
nothing, except that a registration or grant outside the peer's territory leaves a record marked as quarantined, so
that pages and the trust decision can say why it does not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from register import fold, rules
from register.errors import MalformedEvent, Refused, UnknownEventType
from register.events import Event, parse
from register.records import AccreditationRecord, IssuerRecord, Recorded
from register.records.credentials import credential_id
from register.sentences import say
from register.state import Change, State

NARROWED: frozenset[str] = frozenset({"scope_exceeds_agency"})
"""Refusals of a peer's entry that the trust decision makes harmless by narrowing, so the entry is applied."""

MOST_ENTRIES = 500
"""Entries of one of a peer's records: each version carries what was before, so that without end a peer that amends one
thing for ever would fill the disk with the square of what it wrote, and every answer that cites it."""

MOST_OF_A_CREDENTIAL = 50
"""The same for one credential of a peer's: one entry changes up to 200 of them."""

_CHANGING = (".amended", ".reinstated", ".key_rotated")
"""Ends of types that are not taken beyond MOST_ENTRIES; what ends or suspends something always is."""

_LEAVE_A_MARK = frozenset({"issuer.registered", "accreditation.granted"})


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why an entry is kept but not applied: `malformed`, `unknown_type`, `record_full` or a code of rules.REFUSALS."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one entry did: the parsed event (None when malformed), the changes, or the reason for quarantine."""

    index: int
    event: Event | None
    changes: tuple[Change, ...]
    quarantine: Quarantine | None = None


def step(state: State, entry: bytes, *, own: bool) -> Step:
    """Judge and fold the next entry of the state's ledger; raises MalformedEvent or Refused only when `own`."""
    return advance(state, read(entry, own=own), own=own)


def read(entry: bytes, *, own: bool) -> Event | Quarantine:
    """Parse an entry; a peer's that cannot be read becomes the reason for its quarantine."""
    try:
        return parse(entry)
    except MalformedEvent as error:
        if own:
            raise
        code = "unknown_type" if isinstance(error, UnknownEventType) else "malformed"
        return Quarantine(code, str(error))


def advance(state: State, event: Event | Quarantine, *, own: bool) -> Step:
    """Judge and fold an entry that was read before; see `step`."""
    index = state.size
    state.size = index + 1
    if isinstance(event, Quarantine):
        return Step(index, None, (), event)
    state.size = index
    try:
        if not own:
            _insist_on_room(event, state)
        rules.check(event, state)
    except Refused as refusal:
        if own:
            raise
        if refusal.code not in NARROWED:
            return _quarantine(state, event, refusal, index)
    return _apply(state, event, index)


def _insist_on_room(event: Event, state: State) -> None:
    """Refuse to change a peer's record for ever; ours may have as many entries as its people need."""
    if event.type.endswith(_CHANGING):
        most = MOST_OF_A_CREDENTIAL if event.kind == "withdrawal" else MOST_ENTRIES
        if any(record is not None and len(record.entries) >= most for record in _records_to_change(event, state)):
            sentence = say("expected at most {most} entries about one thing of a peer's, got another", most=most)
            raise Refused("record_full", "", sentence)


def _records_to_change(event: Event, state: State) -> list[Any]:
    if event.kind == "withdrawal":
        return [state.credentials.get(credential_id(event.data.issuer, one)) for one in event.data.commitments]
    return [state.register if event.kind == "register" else state.table(event.kind).get(event.subject_id)]


def _apply(state: State, event: Event, index: int) -> Step:
    changes = fold.apply(event, Recorded(index, event.time), state)
    state.size, state.time = index + 1, event.time
    return Step(index, event, tuple(changes))


def _quarantine(state: State, event: Event, refusal: Refused, index: int) -> Step:
    state.size = index + 1
    changes: list[Change] = []
    if refusal.code == "outside_territory" and event.type in _LEAVE_A_MARK:
        changes = fold.changes_of(event, Recorded(index, event.time), state)
        changes = [Change(kind, id_, _mark(record, refusal.code)) for kind, id_, record in changes]
        state.adopt(changes)
    return Step(index, event, tuple(changes), Quarantine(refusal.code, refusal.message))


def _mark(record: object, code: str) -> IssuerRecord | AccreditationRecord:
    assert isinstance(record, IssuerRecord | AccreditationRecord)
    return replace(record, quarantine=code)


def replay(origin: str, entries: Iterable[bytes], *, own: bool = True) -> State:
    """Fold a whole ledger from its first entry; see `step` for what raises."""
    state = State(origin)
    for entry in entries:
        step(state, entry, own=own)
    return state
