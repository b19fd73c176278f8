"""State: the newest version of every record of one ledger, in memory.

The same value serves a whole replay (audit, tests) and a write of one entry, for which the projection fills in just
the records that `needs` names. It is changed only by `adopt`; what follows from an event is computed in fold.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from register.events import Event
from register.identifiers import normalise_value
from register.records import (
    AccreditationRecord,
    AgencyRecord,
    IssuerRecord,
    KeyRecord,
    MandateRecord,
    ProgrammeRecord,
    Record,
    RegisterRecord,
    RelationRecord,
)

OF_ISSUER = ("accreditation", "programme", "key", "relation")
"""Kinds of records that belong to one issuer by their `issuer` field."""


class Change(NamedTuple):
    """A new newest version of one record."""

    kind: str
    id: str
    record: Record


class Needs(NamedTuple):
    """What must be known to judge and fold one event: ids by kind, and claims (scheme, value) on identifiers."""

    ids: tuple[tuple[str, str], ...]
    claims: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class State:
    """Newest records of `origin` after `size` entries, the last of which was recorded at `time`."""

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

    def table(self, kind: str) -> dict[str, Any]:
        """Return the records of one kind by id."""
        if kind == "register":
            return {self.register.id: self.register} if self.register else {}
        tables: dict[str, dict[str, Any]] = {
            "agency": self.agencies,
            "issuer": self.issuers,
            "relation": self.relations,
            "programme": self.programmes,
            "key": self.keys,
            "mandate": self.mandates,
            "accreditation": self.accreditations,
        }
        return tables[kind]

    def adopt(self, changes: Iterable[Change]) -> None:
        """Make the changed records the newest ones and keep the look-ups by claim and by issuer in step."""
        for kind, record_id, record in changes:
            if isinstance(record, RegisterRecord):
                self.register = record
                continue
            table = self.table(kind)
            earlier = table.get(record_id)
            table[record_id] = record
            self._index(kind, record_id, record, earlier)

    def _index(self, kind: str, record_id: str, record: Any, earlier: Any) -> None:
        if kind in ("issuer", "key"):
            for claim in claims_of(earlier):
                if kind == "issuer" and not self._holds_key(record_id, claim):
                    self.claims.get(claim, {}).pop(record_id, None)
            for claim in claims_of(record):
                self.claims.setdefault(claim, {})[issuer_of(record)] = None
        if kind in OF_ISSUER:
            self.of_issuer.setdefault((kind, record.issuer), {})[record_id] = None

    def _holds_key(self, issuer: str, claim: tuple[str, str]) -> bool:
        """Tell whether a claim that an issuer's record gives up stands by a key of the issuer all the same."""
        return any((key.kind, key.value) == claim for key in self.belonging("key", issuer))

    def belonging(self, kind: str, issuer: str) -> list[Any]:
        """Return the records of a kind in OF_ISSUER that belong to an issuer, in the order of their first entry."""
        table = self.table(kind)
        return [table[record_id] for record_id in self.of_issuer.get((kind, issuer), ())]


def claims_of(record: IssuerRecord | KeyRecord | None) -> tuple[tuple[str, str], ...]:
    """Return the (scheme, value) pairs by which an issuer can be found through this record."""
    if isinstance(record, IssuerRecord):
        return tuple((claim.scheme, claim.value) for claim in record.identifiers)
    return ((record.kind, record.value),) if record else ()


def issuer_of(record: IssuerRecord | KeyRecord) -> str:
    """Return the id of the issuer that a claiming record belongs to."""
    return record.id if isinstance(record, IssuerRecord) else record.issuer


def relation_id(event: Event) -> str:
    """Return the id of the relation that an issuer.related makes: the event's own."""
    return event.id.removeprefix("urn:uuid:")


def needs(event: Event) -> Needs:
    """Name the records that rules and fold look at for an event: its subject and whatever its data refers to."""
    data, kind = event.data, event.type.split(".", 1)[0]
    ids = [(kind, event.subject_id)]
    if event.type == "issuer.related":
        ids.append(("relation", relation_id(event)))
    actor = data.actor
    if actor.organisation:
        ids.append(("agency" if actor.role == "agency" else "issuer", actor.organisation))
    for name, referred in (("issuer", "issuer"), ("other", "issuer"), ("agency", "agency")):
        if (value := getattr(data, name, None)) is not None:
            ids.append((referred, value))
    ids += [("issuer", i) for i in (getattr(data, "awarding_body", None), getattr(data, "sealer", None)) if i]
    ids += [("issuer", i) for i in getattr(data, "awarding_bodies", None) or ()]
    ids += [("agency", i) for i in getattr(data, "contributing_agencies", None) or ()]
    ids += [("programme", i) for i in getattr(getattr(data, "scope", None), "programmes", None) or ()]
    return Needs(tuple(dict.fromkeys(ids)), _claims_needed(event))


def _claims_needed(event: Event) -> tuple[tuple[str, str], ...]:
    if event.type in ("issuer.registered", "issuer.amended"):
        return tuple((claim.scheme, claim.value) for claim in event.data.identifiers or ())
    if event.type == "key.bound":
        return ((event.data.kind, normalise_value(event.data.kind, event.data.value)),)
    return ()


def further_needs(kind: str, record: Any) -> tuple[tuple[str, str], ...]:
    """Name the records that a subject already loaded rests on, which rules look at when the subject changes."""
    if kind == "accreditation":
        return (("issuer", record.issuer), ("agency", record.agency))
    if kind in ("programme", "key"):
        return (("issuer", record.issuer),)
    return (("issuer", record.awarding_body),) if kind == "mandate" else ()
