"""Commands: everything that may be said, as verbs. The only way in which this register's own ledger grows.

A write is one transaction: lock the log, draft the events with the locked time, append them, catch up the read model
from the stored entries, which judges each by the rules. A refusal rolls all of it back. After the commit the log is
signed, so that a receipt can be had. Many intents share one lock, one COPY and one signature, and so do single ones
that threads of this process say at the same time (register/shared_turn.py).

What is said is a `…Terms` or `…Changes` of register/payloads.py; who says it is an `Actor`, never a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any, Final

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from psycopg_pool import PoolTimeout
from pydantic import BaseModel

from ledger import guard, publish, reader, writer
from ledger.logs import SignedCheckpointRow
from register import events, projection
from register.ids import new_id, new_ids
from register.payloads import (
    AccreditationChanges,
    AccreditationTerms,
    Actor,
    AgencyChanges,
    AgencyTerms,
    Amending,
    EndingTerms,
    ForkTerms,
    IssuerChanges,
    IssuerTerms,
    KeyRevocationTerms,
    KeyRotationTerms,
    KeyTerms,
    MandateTerms,
    PeerChanges,
    PeerEnding,
    PeerTerms,
    ProgrammeChanges,
    ProgrammeTerms,
    RegisterOpened,
    ReinstatementTerms,
    RelationTerms,
)
from register.shared_turn import SharedTurn, Take

NODE: Final = Actor(role="node")
"""The node speaking for itself: it opens its register."""

PATHS: Final = {
    "agency": "agencies",
    "issuer": "issuers",
    "programme": "programmes",
    "mandate": "mandates",
    "accreditation": "accreditations",
    "peer": "peers",
    "fork": "forks",
}
"""Kind → the part of an address before the id."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One event to be said: its type, the id of its subject, the path of the subject's address, and its data."""

    type: str
    id: str
    path: str
    data: BaseModel | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """One entry that was written: the kind, id and address of its subject, and its place in the ledger.

    `head` is the checkpoint that covers it, where it was signed before this was returned.
    """

    kind: str
    id: str
    url: str
    origin: str
    index: int
    type: str
    head: SignedCheckpointRow | None = field(default=None, compare=False, repr=False)


Clock = Callable[[], datetime]
Also = Callable[[list[Written]], None]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one caller says in a write that others may share."""

    intents: Sequence[Intent]
    actor: Actor
    also: Also | None


@dataclass(slots=True)
class _Write:
    """A write under way: whose parts are in it, whether all is said that its commit decides about, its checkpoint."""

    parts: Sequence[_Part] = ()
    said: bool = False
    head: SignedCheckpointRow | None = None


def record(
    intents: Sequence[Intent], *, actor: Actor, clock: Clock = timezone.now, also: Also | None = None
) -> list[Written]:
    """Write all intents or none, and say where they stand; `also` runs in the same transaction, before it commits.

    Raises Refused or MalformedEvent (their `position` counts intents from 0) and the errors of ledger.writer; then
    nothing was written. After the commit (of the outermost transaction) the log is signed.
    """
    if not intents:
        return []
    return _write(_Write(), lambda: [_Part(intents, actor, also)], clock)[0]


def _write(write: _Write, take: Take[_Part], clock: Clock) -> list[list[Written]]:
    """Write all parts or none; return what was written for each."""
    origin = settings.ASSAY_ORIGIN
    with transaction.atomic():
        locked = writer.lock(origin, clock())
        guard.check_not_behind(origin, locked.size)
        start, write.parts = locked.size, take()  # after the wait for the lock, during which more may have come
        writer.append(locked, [draft for part in write.parts for draft in _draft(part, locked.time)])
        projection.catch_up(origin)
        written = _locate(write.parts, origin, start)
        for part, places in zip(write.parts, written, strict=True):
            if part.also is not None:
                part.also(places)
        transaction.on_commit(lambda: _sign(write, origin, locked.size))
        write.said = True
    return [[replace(place, head=write.head) for place in places] for places in written]


def _sign(write: _Write, origin: str, size: int) -> None:
    write.head = publish.cover(origin, size)


def _write_together(take: Take[_Part]) -> list[list[Written] | Exception]:
    """Write what several callers say as one; where one of them spoils that, each by itself."""
    write = _Write()
    try:
        written = _write(write, take, timezone.now)
    except (OperationalError, InterfaceError, PoolTimeout):
        raise
    except Exception:
        # Beyond `said` it may be committed: then whatever went wrong went wrong for all, and nothing is said twice.
        if write.said or len(write.parts) < 2:
            raise
        return [_write_alone(part) for part in write.parts]
    if write.head is not None:
        reader.read_evidence(write.head.origin, [place.index for places in written for place in places], write.head)
    return list(written)


def _write_alone(part: _Part) -> list[Written] | Exception:
    try:
        return record(part.intents, actor=part.actor, also=part.also)
    except Exception as error:
        return error


_writers: Final = SharedTurn(_write_together)


def _draft(part: _Part, time: datetime) -> list[writer.Draft]:
    source = settings.ASSAY_BASE_URL
    said_by = part.actor.model_dump(mode="json", exclude_none=True)
    drafts = []
    for intent, event_id in zip(part.intents, new_ids(len(part.intents)), strict=True):
        data = {**data_of(intent.data), "actor": said_by}
        entry = events.draft(
            intent.type, event_id=event_id, source=source, subject=source + intent.path, time=time, data=data
        )
        drafts.append(writer.Draft(entry, events.identity(source, event_id)))
    return drafts


def data_of(said: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry says of some terms: fields that were set, in canonical values.

    A null is kept where setting it means something, which is at the top of `…Changes`; within a value it is left out.
    """
    if not isinstance(said, BaseModel):
        return dict(said)
    if not isinstance(said, Amending):
        return said.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return {name: _without_nulls(value) for name, value in said.model_dump(mode="json", exclude_unset=True).items()}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _locate(parts: Sequence[_Part], origin: str, start: int) -> list[list[Written]]:
    """Say for each part where its entries stand, the first one at `start`."""
    indexes = count(start)
    return [[_written(intent, origin, next(indexes)) for intent in part.intents] for part in parts]


def _written(intent: Intent, origin: str, index: int) -> Written:
    kind = intent.type.split(".", 1)[0]
    return Written(kind, intent.id, settings.ASSAY_BASE_URL + intent.path, origin, index, intent.type)


def receipts_for(written: Iterable[Written]) -> dict[int, str]:
    """Return the receipts (tlog-proof text) of entries just written, by index; signs first if nobody has yet."""
    places = list(written)
    if not places:
        return {}
    origin, last = places[0].origin, max(places, key=lambda place: place.index)
    head = last.head or publish.cover(origin, last.index + 1)
    return reader.read_receipts(origin, [place.index for place in places], head)


def _one(intent: Intent, actor: Actor, also: Also | None) -> Written:
    """Write one intent, together with those of other threads; `also` may then run in one of them, and twice.

    Within a transaction of the caller's own nobody else's words have a place, and its lock would bar their turn.
    """
    if connection.in_atomic_block:
        return record([intent], actor=actor, also=also)[0]
    return _writers.ask(_Part((intent,), actor, also))[0]


def intend(event_type: str, said: BaseModel | Mapping[str, Any], record_id: str | None = None) -> Intent:
    """Return the intent to say something of a thing, by default of a new one with a new id."""
    subject = record_id or new_id()
    return Intent(event_type, subject, f"/{PATHS[event_type.split('.', 1)[0]]}/{subject}", said)


def intend_all(event_type: str, said: Sequence[BaseModel]) -> list[Intent]:
    """Return the intents to say this of as many new things, whose ids ascend in the same order."""
    path = f"/{PATHS[event_type.split('.', 1)[0]]}/"
    return [Intent(event_type, new, path + new, one) for new, one in zip(new_ids(len(said)), said, strict=True)]


# register, agencies --------------------------------------------------------------------------------------------------


def open_register(terms: Mapping[str, Any], *, clock: Clock = timezone.now, also: Also | None = None) -> Written:
    """Say entry 0 of this node's ledger: `terms` are the fields of payloads.RegisterOpened but the actor's.

    Makes the log unless it exists. Raises Refused (`register_not_opened`) when the register is open already.
    """
    RegisterOpened.model_validate({**terms, "actor": NODE.model_dump()})
    with transaction.atomic():
        writer.open_log(settings.ASSAY_ORIGIN, own=True)
        opening = Intent("register.opened", settings.ASSAY_ORIGIN, "", terms)
        return record([opening], actor=NODE, clock=clock, also=also)[0]


def recognise_agency(terms: AgencyTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Recognise an agency for a scope and a period."""
    return _one(intend("agency.recognised", terms), actor, also)


def amend_agency(agency: str, changes: AgencyChanges, *, actor: Actor, also: Also | None = None) -> Written:
    """Change an agency's record or its recognition."""
    return _one(intend("agency.amended", changes, agency), actor, also)


def withdraw_agency(agency: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Withdraw an agency's recognition."""
    return _one(intend("agency.withdrawn", ending, agency), actor, also)


# issuers -------------------------------------------------------------------------------------------------------------


def register_issuer(terms: IssuerTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Register an issuer."""
    return _one(intend("issuer.registered", terms), actor, also)


def register_issuers(terms: Iterable[IssuerTerms], *, actor: Actor, also: Also | None = None) -> list[Written]:
    """Register many issuers, all or none."""
    return record(intend_all("issuer.registered", list(terms)), actor=actor, also=also)


def amend_issuer(issuer: str, changes: IssuerChanges, *, actor: Actor, also: Also | None = None) -> Written:
    """Change an issuer's record."""
    return _one(intend("issuer.amended", changes, issuer), actor, also)


def close_issuer(issuer: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Record that an issuer has closed."""
    return _one(intend("issuer.closed", ending, issuer), actor, also)


def relate_issuer(issuer: str, terms: RelationTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Record how an issuer relates to another."""
    return _one(intend("issuer.related", terms, issuer), actor, also)


def intend_key(issuer: str, terms: KeyTerms) -> Intent:
    """Return the intent to bind a new key to an issuer."""
    key = new_id()
    return Intent("key.bound", key, f"/issuers/{issuer}/keys/{key}", {**data_of(terms), "issuer": issuer})


def bind_key(issuer: str, terms: KeyTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Bind a key to an issuer."""
    return _one(intend_key(issuer, terms), actor, also)


def revoke_key(issuer: str, key: str, terms: KeyRevocationTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Revoke a key of an issuer."""
    return _one(Intent("key.revoked", key, f"/issuers/{issuer}/keys/{key}", terms), actor, also)


# programmes, mandates ------------------------------------------------------------------------------------------------


def register_programme(terms: ProgrammeTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Describe a standing programme of an issuer."""
    return _one(intend("programme.registered", terms), actor, also)


def amend_programme(programme: str, changes: ProgrammeChanges, *, actor: Actor, also: Also | None = None) -> Written:
    """Change a programme's description."""
    return _one(intend("programme.amended", changes, programme), actor, also)


def close_programme(programme: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Record that a programme has ended."""
    return _one(intend("programme.closed", ending, programme), actor, also)


def grant_mandate(terms: MandateTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Let another organisation seal credentials for an awarding body."""
    return _one(intend("mandate.granted", terms), actor, also)


def revoke_mandate(mandate: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Revoke a mandate."""
    return _one(intend("mandate.revoked", ending, mandate), actor, also)


# accreditations ------------------------------------------------------------------------------------------------------


def grant_accreditation(terms: AccreditationTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Grant an accreditation."""
    return _one(intend("accreditation.granted", terms), actor, also)


def grant_accreditations(
    terms: Iterable[AccreditationTerms], *, actor: Actor, also: Also | None = None
) -> list[Written]:
    """Grant many accreditations, all or none."""
    return record(intend_all("accreditation.granted", list(terms)), actor=actor, also=also)


def amend_accreditation(
    accreditation: str, changes: AccreditationChanges, *, actor: Actor, also: Also | None = None
) -> Written:
    """Amend or correct an accreditation."""
    return _one(intend("accreditation.amended", changes, accreditation), actor, also)


def suspend_accreditation(accreditation: str, terms: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Suspend an accreditation until it is reinstated."""
    return _one(intend("accreditation.suspended", terms, accreditation), actor, also)


def reinstate_accreditation(
    accreditation: str, terms: ReinstatementTerms, *, actor: Actor, also: Also | None = None
) -> Written:
    """Lift a suspension."""
    return _one(intend("accreditation.reinstated", terms, accreditation), actor, also)


def revoke_accreditation(accreditation: str, ending: EndingTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Revoke an accreditation for good."""
    return _one(intend("accreditation.revoked", ending, accreditation), actor, also)


# federation ----------------------------------------------------------------------------------------------------------


def recognise_peer(terms: PeerTerms, *, actor: Actor, also: Also | None = None) -> Written:
    """Recognise another register as a peer."""
    return _one(intend("peer.recognised", terms), actor, also)


def amend_peer(peer: str, changes: PeerChanges, *, actor: Actor, also: Also | None = None) -> Written:
    """Change what is known of a peer or accepted from it; with NODE as actor, its keys as the peer announced them."""
    return _one(intend("peer.amended", changes, peer), actor, also)


def withdraw_peer(peer: str, ending: PeerEnding, *, actor: Actor, also: Also | None = None) -> Written:
    """Withdraw the recognition of a peer."""
    return _one(intend("peer.withdrawn", ending, peer), actor, also)


def report_fork(terms: ForkTerms, *, also: Also | None = None) -> Written:
    """Report, as the node, that a ledger has two histories."""
    return _one(intend("fork.reported", terms), NODE, also)


def announce_key(terms: KeyRotationTerms, *, also: Also | None = None) -> Written:
    """Announce, as the node, that it signs with another key."""
    return _one(Intent("register.key_rotated", settings.ASSAY_ORIGIN, "", terms), NODE, also)
