"""State: the newest version of every record of one ledger, in memory.

The same value serves a whole replay (audit, tests) and a write of one entry, for which the projection fills in just
the records that `needs` names. It is changed only by `adopt`; what follows from an event is computed in fold.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from register.events import CATALOGUE, Event
from register.records import (
    AccreditationRecord,
    AgencyRecord,
    BatchRecord,
    CredentialRecord,
    ForkRecord,
    IssuerRecord,
    KeyRecord,
    MandateRecord,
    PeerRecord,
    ProgrammeRecord,
    Record,
    RegisterRecord,
    RelationRecord,
    WithdrawalRecord,
)
from register.records.credentials import credential_id

OF_ISSUER = ("accreditation", "programme", "key", "relation")
"""Kinds of records that belong to one issuer by their `issuer` field."""

_TABLES: Final = {
    "agency": "agencies",
    "issuer": "issuers",
    "relation": "relations",
    "programme": "programmes",
    "key": "keys",
    "mandate": "mandates",
    "accreditation": "accreditations",
    "peer": "peers",
    "fork": "forks",
    "batch": "batches",
    "withdrawal": "withdrawals",
    "credential": "credentials",
}
_CLAIMING: Final = ("issuer", "key")
_REFERRING: Final = {
    "issuer": "issuer",
    "other": "issuer",
    "agency": "agency",
    "awarding_body": "issuer",
    "sealer": "issuer",
    "awarding_bodies": "issuer",
    "contributing_agencies": "agency",
    "batch": "batch",
    "programme": "programme",
}
"""Field of a payload that names other things → the kind of those."""


class Change(NamedTuple):
    """A new newest version of one record."""

    kind: str
    id: str
    record: Record


class Needs(NamedTuple):
    """What must be known to judge and fold one event: (kind, id) pairs, claims (scheme, value), origins of peers.

    `roots` are those of batches, as (issuer, root). The same one may be there twice.
    """

    ids: tuple[tuple[str, str], ...]
    claims: tuple[tuple[str, str], ...]
    origins: tuple[str, ...] = ()
    roots: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class State:
    """Newest records of `origin` after `size` entries, the last of which was recorded at `time`.

    `peer_of` names the last recognised peer of an origin, `batch_of` the batch of an issuer and a root.
    """

    origin: str
    size: int = 0
    time: datetime | None = None
    register: RegisterRecord | None = None
    agencies: dict[str, AgencyRecord] = field(default_factory=dict)
    issuers: dict[str, IssuerRecord] = field(default_factory=dict)
    relations: dict[str, RelationRecord] = field(default_factory=dict)
    programmes: dict[str, ProgrammeRecord] = field(default_factory=dict)
    keys: dict[str, KeyRecord] = field(default_factory=dict)
    mandates: dict[str, MandateRecord] = field(default_factory=dict)
    accreditations: dict[str, AccreditationRecord] = field(default_factory=dict)
    claims: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    of_issuer: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    peers: dict[str, PeerRecord] = field(default_factory=dict)
    forks: dict[str, ForkRecord] = field(default_factory=dict)
    peer_of: dict[str, str] = field(default_factory=dict)
    batches: dict[str, BatchRecord] = field(default_factory=dict)
    withdrawals: dict[str, WithdrawalRecord] = field(default_factory=dict)
    credentials: dict[str, CredentialRecord] = field(default_factory=dict)
    batch_of: dict[tuple[str, str], str] = field(default_factory=dict)

    def table(self, kind: str) -> dict[str, Any]:
        """Return the records of one kind by id."""
        if kind == "register":
            return {self.register.id: self.register} if self.register else {}
        table: dict[str, Any] = getattr(self, _TABLES[kind])
        return table

    def adopt(self, changes: Iterable[Change]) -> None:
        """Make the changed records the newest ones and keep the look-ups by claim and by issuer in step."""
        for kind, record_id, record in changes:
            if kind == "register":
                self.register = record  # type: ignore[assignment]  # the kind says so
                continue
            table: dict[str, Any] = getattr(self, _TABLES[kind])
            earlier = table.get(record_id)
            table[record_id] = record
            if earlier is None and kind in OF_ISSUER:
                self.of_issuer.setdefault((kind, issuer_of(record)), {})[record_id] = None
            if kind in _CLAIMING:
                self._index_claims(record, earlier)  # type: ignore[arg-type]  # the kind says so
            elif kind == "peer":
                self._index_peer(record)  # type: ignore[arg-type]  # the kind says so
            elif isinstance(record, BatchRecord):
                self.batch_of[record.issuer, record.root] = record.id

    def _index_claims(self, record: IssuerRecord | KeyRecord, earlier: IssuerRecord | KeyRecord | None) -> None:
        issuer = issuer_of(record)
        held = {claim for key in self.belonging("key", issuer) for claim in claims_of(key)}
        held.update(claims_of(self.issuers.get(issuer)))
        for claim in claims_of(earlier):
            if claim not in held:
                self.claims[claim].pop(issuer, None)
        for claim in claims_of(record):
            self.claims.setdefault(claim, {})[issuer] = None

    def _index_peer(self, record: PeerRecord) -> None:
        last = self.peers.get(self.peer_of.get(record.origin, ""))
        if last is None or last.entries[0] <= record.entries[0]:
            self.peer_of[record.origin] = record.id

    def belonging(self, kind: str, issuer: str) -> list[Any]:
        """Return the records of a kind in OF_ISSUER that belong to an issuer, in the order of their first entry."""
        table = self.table(kind)
        records = [table[record_id] for record_id in self.of_issuer.get((kind, issuer), ())]
        # A partial state may have come to know them in another order.
        return records if len(records) < 2 else sorted(records, key=lambda record: record.entries[0])


def claims_of(record: IssuerRecord | KeyRecord | None) -> tuple[tuple[str, str], ...]:
    """Return the (scheme, value) pairs by which an issuer can be found through this record, each once."""
    if isinstance(record, IssuerRecord):
        return tuple(dict.fromkeys((claim.scheme, claim.value) for claim in record.identifiers))
    return ((record.kind, record.value),) if record else ()


def issuer_of(record: Any) -> str:
    """Return the id of the issuer that a record is, or belongs to."""
    issuer: str = record.id if isinstance(record, IssuerRecord) else record.issuer
    return issuer


def needs(event: Event) -> Needs:
    """Name the records that rules and fold look at for an event: its subject and whatever its data refers to.

    For each claim, the records of every issuer and key that hold it are needed, and for a key that of its issuer.
    """
    data, actor = event.data, event.data.actor
    ids = [(event.kind, event.subject_id)]
    if actor.organisation:
        ids.append(("agency" if actor.role == "agency" else "issuer", actor.organisation))
    if event.type == "issuer.related":
        ids.append(("relation", relation_id(event)))
    references, has_scope = _references(event.type)
    for name, referred in references:
        value = getattr(data, name)
        if value:
            ids += [(referred, value)] if type(value) is str else [(referred, one) for one in value]
    if has_scope and data.scope and data.scope.programmes:
        ids += [("programme", programme) for programme in data.scope.programmes]
    if event.kind == "withdrawal":
        ids += [("credential", credential_id(data.issuer, commitment)) for commitment in data.commitments]
    origins = (data.origin,) if event.type in ("peer.recognised", "fork.reported") else ()
    roots = ((data.issuer, data.root),) if event.kind == "batch" else ()
    return Needs(tuple(ids), _claims_needed(event), origins, roots)


@cache
def _references(event_type: str) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return the declared fields that hold ids, and whether there is a scope, which may name programmes.

    What a stranger adds under such a name is no reference.
    """
    fields = CATALOGUE[event_type].model_fields
    return tuple((name, kind) for name, kind in _REFERRING.items() if name in fields), "scope" in fields


def relation_id(event: Event) -> str:
    """Return the id of the relation that an issuer.related records: the event's own."""
    return event.id.removeprefix("urn:uuid:")


def _claims_needed(event: Event) -> tuple[tuple[str, str], ...]:
    if event.type in ("issuer.registered", "issuer.amended"):
        return tuple((claim.scheme, claim.value) for claim in event.data.identifiers or ())
    if event.type == "key.bound":
        return ((event.data.kind, event.data.value),)
    return ()


def further_needs(kind: str, record: Any) -> tuple[tuple[str, str], ...]:
    """Name the records that a subject already loaded rests on, which rules look at when the subject changes."""
    if kind == "accreditation":
        return (("issuer", record.issuer), ("agency", record.agency))
    if kind in ("programme", "key"):
        return (("issuer", record.issuer),)
    return (("issuer", record.awarding_body),) if kind == "mandate" else ()
