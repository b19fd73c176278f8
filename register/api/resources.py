"""Resources: records as the API gives them, with the state in which they are at an instant.

A resource is the record (register/records) in JSON, its period as `valid_from` and `valid_until`, and `state`, one
word for how it stands. Absent values are left out, except the ends of periods: null is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from pydantic import TypeAdapter

from register import records
from register.api.description import Named
from register.moments import format_instant, format_moment
from register.records import (
    AccreditationRecord,
    AgencyRecord,
    BatchRecord,
    CredentialRecord,
    Ending,
    IssuerRecord,
    KeyRecord,
    MandateRecord,
    PeerRecord,
    Period,
    ProgrammeRecord,
    Record,
    WithdrawalRecord,
)
from register.records.credentials import change_at
from register.trust.links import find_state

STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "agency": ("recognised", "not_yet_valid", "expired", "withdrawn"),
    "issuer": ("registered", "closed"),
    "programme": ("in_force", "not_yet_valid", "expired", "closed"),
    "key": ("in_force", "not_yet_valid", "expired", "superseded", "compromised", "unspecified"),
    "mandate": ("in_force", "not_yet_valid", "expired", "revoked"),
    "accreditation": ("in_force", "not_yet_valid", "expired", "suspended", "revoked"),
    "peer": ("recognised", "withdrawn"),
    "batch": ("anchored",),
    "withdrawal": ("in_force", "pending"),
    "credential": ("revoked", "suspended", "reinstated", "pending"),
}
"""Kind → the words for its state."""


NAMED: Final = (
    *("agency", "issuer", "programme", "key", "mandate", "accreditation"),
    *("batch", "withdrawal", "credential"),
)
"""Kinds whose resources say whose register they are from."""


def describe(kind: str, record: Record, at: datetime, origin: str = "") -> dict[str, Any]:
    """Return a record as the API gives it, standing as it does at `at`; `origin` is the log of another's register."""
    told = records.dump_mapping(kind, record)
    if "valid" in told:
        told["valid_from"] = told["valid"].get("valid_from")
        told["valid_until"] = told.pop("valid").get("valid_until")
    if kind in STATES:
        told["state"] = _STATE[kind](record, at)
    if kind in NAMED:
        told["register"] = origin or settings.ASSAY_ORIGIN
    if kind == "credential":
        told |= _describe_standing(record, at, told["register"])  # type: ignore[arg-type]  # the kind says so
    return told


def _describe_standing(record: CredentialRecord, at: datetime, origin: str) -> dict[str, Any]:
    """Return what decides how a credential stands at `at`; where nothing holds yet, what was said last."""
    change = change_at(record, at) or record.changes[-1]
    return {
        "reason": change.reason,
        "effective_from": format_moment(change.effective_from),
        "recorded_at": format_instant(change.recorded.time),
        "entry": {"origin": origin, "index": change.recorded.index},
    }


def _over(ending: Ending | None, at: datetime) -> bool:
    return ending is not None and ending.effective_from <= at


def _period_state(period: Period, at: datetime, holding: str = "in_force") -> str:
    if period.holds(at):
        return holding
    return "not_yet_valid" if period.valid_from is not None and at < period.valid_from else "expired"


def _agency(record: AgencyRecord, at: datetime) -> str:
    return "withdrawn" if _over(record.withdrawal, at) else _period_state(record.valid, at, "recognised")


def _issuer(record: IssuerRecord, at: datetime) -> str:
    return "closed" if _over(record.closure, at) else "registered"


def _programme(record: ProgrammeRecord, at: datetime) -> str:
    return "closed" if _over(record.closure, at) else _period_state(record.valid, at)


def _key(record: KeyRecord, at: datetime) -> str:
    revocation = record.revocation
    if revocation is not None and (revocation.since or revocation.effective_from) <= at:
        return revocation.reason
    return _period_state(record.valid, at)


def _mandate(record: MandateRecord, at: datetime) -> str:
    return "revoked" if _over(record.revocation, at) else _period_state(record.valid, at)


def _accreditation(record: AccreditationRecord, at: datetime) -> str:
    return find_state(record, at)


def _peer(record: PeerRecord, at: datetime) -> str:
    return "withdrawn" if _over(record.withdrawal, at) else "recognised"


def _batch(record: BatchRecord, at: datetime) -> str:
    return "anchored"


def _withdrawal(record: WithdrawalRecord, at: datetime) -> str:
    return "in_force" if record.effective_from <= at else "pending"


def _credential(record: CredentialRecord, at: datetime) -> str:
    change = change_at(record, at)
    return change.state if change else "pending"


_STATE: Final[Mapping[str, Callable[[Any, datetime], str]]] = {
    "agency": _agency,
    "issuer": _issuer,
    "programme": _programme,
    "key": _key,
    "mandate": _mandate,
    "accreditation": _accreditation,
    "peer": _peer,
    "batch": _batch,
    "withdrawal": _withdrawal,
    "credential": _credential,
}


_TEXT: Final[dict[str, Any]] = {"type": "string"}
ALSO: Final[dict[str, Any]] = {
    "type": "array",
    "description": "What other registers record of the same institution, by identifiers both hold; those that speak "
    "for the country they give come first. Only where one issuer is given.",
    "items": {
        "type": "object",
        "required": ["origin", "register", "id", "url", "names", "country", "identifiers", "territorial", "quarantine"],
        "properties": {
            **dict.fromkeys(("origin", "register", "id", "url", "country"), _TEXT),
            "names": {"type": "object", "additionalProperties": _TEXT},
            "identifiers": {
                "type": "array",
                "items": {"type": "object", "properties": {"scheme": _TEXT, "value": _TEXT}},
            },
            "territorial": {"type": "boolean"},
            "quarantine": {"anyOf": [_TEXT, {"type": "null"}]},
        },
    },
}


STANDING: Final[dict[str, Any]] = {
    "reason": {**_TEXT, "description": "Of the change that decides `state`; so are the next three."},
    **dict.fromkeys(("effective_from", "recorded_at"), _TEXT),
    "entry": {
        "type": "object",
        "required": ["origin", "index"],
        "properties": {"origin": _TEXT, "index": {"type": "integer"}},
    },
}


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a kind as `describe` gives it."""
    schema: dict[str, Any] = TypeAdapter(records.KINDS[kind]).json_schema(ref_template="#/components/schemas/{model}")
    properties = schema["properties"]
    if properties.pop("valid", None):
        moment = {"anyOf": [{"type": "string", "examples": ["2024-01-31"]}, {"type": "null"}]}
        properties |= {"valid_from": moment, "valid_until": {**moment, "description": "Null is open."}}
        schema["required"] = [name for name in schema["required"] if name != "valid"] + ["valid_from", "valid_until"]
        schema.get("$defs", {}).pop("Period", None)
    if kind == "issuer":
        for name, belonging in (("keys", "key"), ("relations", "relation")):
            own = schema_of(belonging)
            schema.setdefault("$defs", {}).update({**own.pop("$defs", {}), belonging.capitalize(): own})
            reference = {"$ref": f"#/components/schemas/{belonging.capitalize()}"}
            properties[name] = {"type": "array", "items": reference, "description": "Only where one issuer is given."}
        properties["also"] = ALSO
    if kind in STATES:
        properties["state"] = {"type": "string", "enum": list(STATES[kind])}
        schema["required"] = [*schema["required"], "state"]
    if kind in NAMED:
        properties["register"] = {**_TEXT, "description": "Origin of the register that records it: ours, or a peer's."}
        schema["required"] = [*schema["required"], "register"]
    if kind == "credential":
        properties |= STANDING
        schema["required"] = [*schema["required"], *STANDING]
    return schema


RESOURCES: Final = {kind: Named(kind.capitalize(), schema_of(kind)) for kind in records.KINDS}
"""Kind → the schema of its resource."""


def _with_entry(kind: str) -> Named:
    schema = schema_of(kind)
    entry = {
        "type": "object",
        "required": ["origin", "index", "receipt"],
        "properties": {
            "origin": {"type": "string"},
            "index": {"type": "integer"},
            "receipt": {"type": "string", "description": "C2SP tlog-proof text."},
        },
    }
    required = [*schema["required"], "entry"]
    properties = {**schema["properties"], "entry": entry}
    return Named(f"{kind.capitalize()}Written", {**schema, "required": required, "properties": properties})


WRITTEN: Final = {kind: _with_entry(kind) for kind in STATES if kind != "credential"}
"""Kind → the schema of what a write answers: the resource and its entry with the receipt."""
