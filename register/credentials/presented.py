"""A credential as it was handed in, what its signatures prove, and what it says: the steps of verifying, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from register.credentials.report import Finding

Format = Literal["edc", "edc_unsigned", "vc_data_integrity", "vc_jose", "vc_unsigned", "blockcerts_v2", "blockcerts_v3"]
"""How a credential is secured; Open Badges 3.0 and CLR 2.0 are `vc_…` too."""


@dataclass(frozen=True, slots=True)
class Presented:
    """One credential found in what was handed in, parsed but not yet believed.

    `raw` are its own bytes (JSON text, or the compact JWS), `document` the claims they hold: the JSON itself, the
    credential that a JWT's claims come to, the payload of an EDC. `container` says in what it was wrapped, outermost
    first (`png`, `svg`, `pdf`, `zip`, `presentation`, `qr`). `receipt` is a receipt found beside it. `findings` are
    remarks on how it came: a presentation whose own signature nobody checked, something beside it that was not read.
    """

    format: Format
    raw: bytes
    document: Mapping[str, Any] = field(hash=False)
    container: tuple[str, ...] = ()
    receipt: bytes | None = None
    findings: tuple[Finding, ...] = ()


class SigningKey(NamedTuple):
    """One way in which a register may know a key: kinds and spellings of register.identifiers.KEY_KINDS."""

    kind: Literal["did", "jwk", "x5t", "eidas"]
    value: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was checked and holds over exactly what was handed in.

    `controller` is the DID or URL whose key it is; a certificate's is None, and `certificate` tells subject, issuer,
    organizationIdentifier and validity. `keys` are all spellings under which a register may have bound the key.
    `created` is the signing time it states under its own cover, `timestamp` a time that a trusted authority proves.
    `findings` are remarks: an expired certificate, a timestamp whose authority nobody vouches for.
    """

    suite: str
    keys: tuple[SigningKey, ...]
    controller: str | None = None
    created: datetime | None = None
    timestamp: datetime | None = None
    certificate: Mapping[str, Any] | None = field(default=None, hash=False)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Where a credential says that its status is kept: one entry of `credentialStatus` (or `status`), unread."""

    type: str
    value: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a credential says of itself, its issuer and what it awards; nothing of its holder.

    `issuers` are identifiers of the issuer as `register.identifiers.parse_identifier` reads them, the most telling
    first; what it cannot read is left out. `awarding_bodies` likewise one tuple a body that awards and is named apart
    from the sealer. What is None is not stated. `credential_type`, `eqf_level`, `isced_f` and `jurisdiction` are
    canonical codes of register.vocabularies; what was stated and is in no vocabulary stands in `unread`, by field.
    """

    model: Literal["elm", "openbadge", "clr", "vc", "blockcerts"]
    issuers: tuple[str, ...] = ()
    issuer_name: str | None = None
    awarding_bodies: tuple[tuple[str, ...], ...] = ()
    title: str | None = None
    issued_at: datetime | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    credential_type: str | None = None
    eqf_level: int | None = None
    isced_f: str | None = None
    jurisdiction: str | None = None
    status: tuple[StatusEntry, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict, hash=False)
    findings: tuple[Finding, ...] = ()
