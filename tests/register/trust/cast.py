"""A fixed cast for trust questions: one register, two agencies, a few issuers, and records built by keyword.

Everything here is invented. Records are as a fold would leave them; each takes the fields a story needs and sound
defaults for the rest. Entry indexes are given by the story where it looks at them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from register.identifiers import Identifier
from register.moments import parse_moment
from register.records import (
    AccreditationRecord,
    AgencyRecord,
    Ending,
    IssuerRecord,
    KeyRecord,
    KeyRevocation,
    MandateRecord,
    Period,
    Recorded,
    RegisterRecord,
    RelationRecord,
    Suspension,
)
from register.scope import Scope
from register.trust import Facts, Question, RegisterFacts

HOME = "register.nl.example/ledger"
ABROAD = "register.be.example/ledger"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = "did:web:college.example"
DOMAIN = Identifier("schac", "college.example")
"""An identifier by which several registers may know the same institution; an id is one register's own."""

KEY_OF_ANOTHER = "did:web:sealer.example"


def day(text: str) -> datetime:
    return parse_moment(text)


def scope(**limits: Any) -> Scope:
    return Scope(**limits)


def period(valid_from: str | None, valid_until: str | None = None) -> Period:
    return Period(day(valid_from) if valid_from else None, day(valid_until) if valid_until else None)


def recorded(index: int, time: str = "2024-01-01") -> Recorded:
    return Recorded(index, day(time))


def ending(effective_from: str, index: int = 50, reason: str = "quality", time: str = "2026-06-01") -> Ending:
    return Ending(day(effective_from), reason, recorded(index, time))


def suspension(effective_from: str, effective_until: str | None = None, index: int = 40) -> Suspension:
    if effective_until is None:
        return Suspension(day(effective_from), "quality", recorded(index, effective_from))
    lifted = recorded(index + 1, effective_until)
    return Suspension(day(effective_from), "quality", recorded(index, effective_from), day(effective_until), lifted)


def register(territory: tuple[str, ...] = ("NL",), origin: str = HOME) -> RegisterRecord:
    url = f"https://{origin.split('/')[0]}"
    return RegisterRecord(
        id=origin, url=url, name=f"Register {territory[0]}", territory=territory, operator="Operator", policy_url=None,
        vkey="", witness_vkey="", statement_jwk={}, entries=(0,),
    )  # fmt: skip


def agency(id: str = "agency", entries: tuple[int, ...] = (1,), **fields: Any) -> AgencyRecord:
    given: dict[str, Any] = {"scope": Scope(), "valid": period("2020-01-01"), "country": "NL"} | fields
    return AgencyRecord(id, f"https://register.nl.example/agencies/{id}", {"en": id.title()}, entries=entries, **given)


def issuer(id: str = "college", entries: tuple[int, ...] = (3,), **fields: Any) -> IssuerRecord:
    given: dict[str, Any] = {"country": "NL", "provider_type": 1} | fields
    return IssuerRecord(id, f"https://register.nl.example/issuers/{id}", {"en": id.title()}, entries=entries, **given)


def accreditation(id: str = "grant", index: int = 10, **fields: Any) -> AccreditationRecord:
    given: dict[str, Any] = {
        "issuer": "college",
        "agency": "agency",
        "kind": "institutional",
        "scope": Scope(),
        "decision": "positive",
        "valid": period("2024-01-01"),
        "granted": recorded(index),
        "entries": (index,),
    } | fields
    return AccreditationRecord(id, f"https://register.nl.example/accreditations/{id}", **given)


def relation(issuer: str, kind: str, other: str, index: int = 30, **fields: Any) -> RelationRecord:
    given: dict[str, Any] = {"valid": period("2025-07-01"), "accreditations_pass_on": True} | fields
    return RelationRecord(
        f"{issuer}-{kind}-{other}", issuer, kind, other, recorded=recorded(index), entries=(index,), **given
    )


def key(issuer: str = "college", value: str = KEY, index: int = 20, **fields: Any) -> KeyRecord:
    given: dict[str, Any] = {"kind": "did", "valid": period("2020-01-01"), "entries": (index,)} | fields
    return KeyRecord(f"key-{index}", f"https://register.nl.example/keys/{index}", issuer, value=value, **given)


def key_end(reason: Any, effective_from: str, since: str | None = None, index: int = 60) -> KeyRevocation:
    return KeyRevocation(reason, day(effective_from), recorded(index), day(since) if since else None)


def mandate(awarding_body: str = "college", sealer: str = "sealer", index: int = 25, **fields: Any) -> MandateRecord:
    given: dict[str, Any] = {"scope": Scope(), "valid": period("2020-01-01"), "entries": (index,)} | fields
    url = f"https://register.nl.example/mandates/{index}"
    return MandateRecord(f"mandate-{index}", url, awarding_body, sealer, **given)


def register_facts(
    *records: Any, origin: str = HOME, territory: tuple[str, ...] = ("NL",), **fields: Any
) -> RegisterFacts:
    """Sort records into the facts of a register; two agencies and a college are there already."""
    everyone = [agency(), agency("rival", (2,)), issuer(), *records]
    given: dict[str, Any] = {
        "own": origin == HOME,
        "size": 100,
        "checkpoint_size": 100,
        "checkpoint_time": day("2026-11-21"),
        "age_seconds": 43_200,
    } | fields
    return RegisterFacts(
        origin=origin,
        register=register(territory, origin),
        agencies={r.id: r for r in everyone if isinstance(r, AgencyRecord)},
        issuers={r.id: r for r in everyone if isinstance(r, IssuerRecord)},
        accreditations=tuple(r for r in everyone if isinstance(r, AccreditationRecord)),
        keys=tuple(r for r in everyone if isinstance(r, KeyRecord)),
        relations=tuple(r for r in everyone if isinstance(r, RelationRecord)),
        mandates=tuple(r for r in everyone if isinstance(r, MandateRecord)),
        **given,
    )


def facts(*registers: RegisterFacts, asked: str | tuple[str, ...] = "college") -> Facts:
    ids = (asked,) if isinstance(asked, str) else asked
    return Facts(registers, {r.origin: tuple(i for i in ids if i in r.issuers) for r in registers})


def question(at: str | datetime = "2025-01-01", **fields: Any) -> Question:
    anchored_at = fields.pop("anchored_at", None)
    proven = day(anchored_at) if anchored_at else None
    issuer = fields.pop("issuer", Identifier("node", "college"))
    return Question(issuer, parse_moment(at), anchored_at=proven, **fields)
