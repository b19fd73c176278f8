"""Records: what the register believes about one thing, as frozen values.

A record is one *version* of a thing: the fold of the entries named in `entries` (ledger indexes of its origin,
ascending). Each further entry makes a new version; the read model keeps them all with the range of indexes during
which they were the newest, so "as known at" is a comparison of indexes. Valid time (periods, suspensions, ends)
lies inside a version. Times are aware UTC datetimes; periods are half-open, [from, until), with None for open.
`dump` and `load` write and read the JSON form that the read model, the API and bundles share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from register.moments import Moment
from register.records.credentials import BatchRecord, CredentialRecord, StatusChange, StatusPosition, WithdrawalRecord
from register.records.shared import (
    Document,
    Ending,
    FormerName,
    FormerScope,
    IdentifierClaim,
    Period,
    Recorded,
    Suspension,
    scope_at,
)
from register.scope import Scope

__all__ = [
    "KINDS",
    "POSITIVE_DECISIONS",
    "AccreditationRecord",
    "AgencyRecord",
    "BatchRecord",
    "CredentialRecord",
    "Document",
    "Ending",
    "ForkRecord",
    "FormerName",
    "FormerScope",
    "IdentifierClaim",
    "IssuerRecord",
    "KeyRecord",
    "KeyRevocation",
    "MandateRecord",
    "PeerRecord",
    "Period",
    "ProgrammeRecord",
    "Record",
    "Recorded",
    "RegisterKey",
    "RegisterRecord",
    "RelationRecord",
    "StatusChange",
    "StatusPosition",
    "Suspension",
    "WithdrawalRecord",
    "dump",
    "dump_mapping",
    "load",
    "load_mapping",
    "scope_at",
]


@dataclass(frozen=True, slots=True)
class RegisterKey:
    """A key of a register and the time in which it signs: `log` keys its checkpoints, `witness` keys vouch for them.

    `reason` says why it was replaced; `recorded` is the entry that introduced it.
    """

    use: Literal["log", "witness"]
    vkey: str
    recorded: Recorded
    valid_from: Moment
    valid_until: Moment | None = None
    reason: Literal["scheduled", "compromised"] | None = None


@dataclass(frozen=True, slots=True)
class RegisterRecord:
    """The node that speaks in a ledger: its name, the countries it may speak for, and its keys.

    `vkey` and `witness_vkey` are those in use; `keys` is the history of both, the ones it opened with first.
    """

    id: str
    url: str
    name: str
    territory: tuple[str, ...]
    operator: str
    vkey: str
    witness_vkey: str
    statement_jwk: Mapping[str, str]
    entries: tuple[int, ...]
    policy_url: str | None = None
    keys: tuple[RegisterKey, ...] = ()
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class AgencyRecord:
    """A quality assurance agency and the scope and period for which the node recognises it."""

    id: str
    url: str
    names: Mapping[str, str]
    country: str
    scope: Scope
    valid: Period
    entries: tuple[int, ...]
    acronym: str | None = None
    identifiers: tuple[IdentifierClaim, ...] = ()
    website: str | None = None
    decision_document: Document | None = None
    former_scopes: tuple[FormerScope, ...] = ()
    withdrawal: Ending | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class IssuerRecord:
    """An organisation that awards credentials. `quarantine` is the code for which it is kept but does not count."""

    id: str
    url: str
    names: Mapping[str, str]
    country: str
    provider_type: Literal[1, 2]
    entries: tuple[int, ...]
    acronym: str | None = None
    sites: tuple[str, ...] = ()
    identifiers: tuple[IdentifierClaim, ...] = ()
    website: str | None = None
    former_names: tuple[FormerName, ...] = ()
    closure: Ending | None = None
    quarantine: str | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class RelationRecord:
    """How `issuer` relates to `other` for a period, and whether accreditations pass on (see trust.py)."""

    id: str
    issuer: str
    relation: str
    other: str
    valid: Period
    accreditations_pass_on: bool
    recorded: Recorded
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProgrammeRecord:
    """A standing offer of an issuer that leads to a credential; all that is not about the learner."""

    id: str
    url: str
    issuer: str
    titles: Mapping[str, str]
    valid: Period
    entries: tuple[int, ...]
    credential_type: str | None = None
    eqf_level: int | None = None
    qf_ehea_cycle: str | None = None
    nqf_level: str | None = None
    isced_f: tuple[str, ...] = ()
    ects: str | None = None
    hours: int | None = None
    learning_outcomes: tuple[Mapping[str, Any], ...] = ()
    assessment_type: str | None = None
    supervision: str | None = None
    quality_assurance: str | None = None
    participation: str | None = None
    prerequisites: Mapping[str, str] | None = None
    stackability: str | None = None
    awarding_bodies: tuple[str, ...] = ()
    identifiers: tuple[IdentifierClaim, ...] = ()
    closure: Ending | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class KeyRevocation:
    """The end of a key: `since` is from when a compromised key may have been in other hands."""

    reason: Literal["superseded", "compromised", "unspecified"]
    effective_from: Moment
    recorded: Recorded
    since: Moment | None = None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What an issuer signs with; `value` is the DID, thumbprint or organizationIdentifier in canonical spelling."""

    id: str
    url: str
    issuer: str
    kind: Literal["did", "jwk", "x5t", "eidas"]
    value: str
    valid: Period
    entries: tuple[int, ...]
    proof: str | None = None
    revocation: KeyRevocation | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class MandateRecord:
    """An awarding body's permission for another organisation to seal credentials for it."""

    id: str
    url: str
    awarding_body: str
    sealer: str
    scope: Scope
    valid: Period
    entries: tuple[int, ...]
    revocation: Ending | None = None


@dataclass(frozen=True, slots=True)
class AccreditationRecord:
    """An agency's decision that an issuer may award credentials within a scope.

    `scope` and `decision` are those of the newest terms; `former_scopes` are earlier terms by the valid time until
    which they held. `corrected` lists entries that a later entry of this record corrects.
    """

    id: str
    url: str
    issuer: str
    agency: str
    kind: str
    scope: Scope
    decision: str
    valid: Period
    entries: tuple[int, ...]
    granted: Recorded
    contributing_agencies: tuple[str, ...] = ()
    standard: str | None = None
    status: str | None = None
    report: Document | None = None
    summary: str | None = None
    legal_basis: str | None = None
    local_identifier: str | None = None
    on_behalf: bool = False
    former_scopes: tuple[FormerScope, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    revocation: Ending | None = None
    corrected: tuple[int, ...] = ()
    quarantine: str | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """Another register as this one recognises it; subject `{source}/peers/{id}`.

    `vkeys` and `witness_vkeys` are those trusted now, the `former_…` ones were trusted before. `remit` are the
    countries for which it is heard (None: all of its territory), `max_age_seconds` how old its newest checkpoint may
    be (None: this node's own limit), `policy` the cosignatures asked for (C2SP tlog-policy).
    """

    id: str
    url: str
    origin: str
    name: str
    address: str
    vkeys: tuple[str, ...]
    witness_vkeys: tuple[str, ...]
    territory: tuple[str, ...]
    entries: tuple[int, ...]
    recognised: Recorded
    remit: tuple[str, ...] | None = None
    max_age_seconds: int | None = None
    policy: str | None = None
    former_vkeys: tuple[str, ...] = ()
    former_witness_vkeys: tuple[str, ...] = ()
    withdrawal: Ending | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class ForkRecord:
    """Proof that a ledger (`origin`) has two histories, as payloads.ForkTerms; subject `{source}/forks/{id}`."""

    id: str
    url: str
    origin: str
    kind: Literal["same_size", "inconsistent", "rolled_back"]
    older: str
    newer: str
    recorded: Recorded
    entries: tuple[int, ...]
    proof: str | None = None
    shown_by: str | None = None


POSITIVE_DECISIONS: Final = frozenset({"positive", "positive_with_conditions"})
"""Decisions of an agency by which an accreditation counts."""

Record = (
    RegisterRecord
    | AgencyRecord
    | IssuerRecord
    | RelationRecord
    | ProgrammeRecord
    | KeyRecord
    | MandateRecord
    | AccreditationRecord
    | PeerRecord
    | ForkRecord
    | BatchRecord
    | WithdrawalRecord
    | CredentialRecord
)

KINDS: Final[Mapping[str, type[Any]]] = {
    "register": RegisterRecord,
    "agency": AgencyRecord,
    "issuer": IssuerRecord,
    "relation": RelationRecord,
    "programme": ProgrammeRecord,
    "key": KeyRecord,
    "mandate": MandateRecord,
    "accreditation": AccreditationRecord,
    "peer": PeerRecord,
    "fork": ForkRecord,
    "batch": BatchRecord,
    "withdrawal": WithdrawalRecord,
    "credential": CredentialRecord,
}
"""Kind of a record → its class; the names are those of tables, changes and JSON alike."""


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])


def dump(kind: str, record: Record) -> bytes:
    """Write a record as JSON bytes, absent values left out."""
    return _adapter(kind).dump_json(record, exclude_none=True)


def dump_mapping(kind: str, record: Record) -> dict[str, Any]:
    """Write a record as a JSON-ready mapping, absent values left out."""
    mapping: dict[str, Any] = _adapter(kind).dump_python(record, mode="json", exclude_none=True)
    return mapping


def load(kind: str, content: bytes | str) -> Any:
    """Read a record back from its JSON form."""
    return _adapter(kind).validate_json(content)


def load_mapping(kind: str, content: Mapping[str, Any]) -> Any:
    """Read a record back from a parsed JSON mapping."""
    return _adapter(kind).validate_python(content)
