"""Credentials of our own for tests: invented institutions, real signatures, every part changeable."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.tlog import canonical

V2 = "https://www.w3.org/ns/credentials/v2"
BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CANARY = "Wilhelmina Canary-Holder"
"""The holder of every credential made here; a name that must be found nowhere afterwards."""


@dataclass(frozen=True)
class Pen:
    """A key that signs, as did:key."""

    seed: bytes
    private: Ed25519PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "private", Ed25519PrivateKey.from_private_bytes(self.seed))

    @property
    def multikey(self) -> str:
        """The public key as a Multikey."""
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return "z" + base58.b58encode(b"\xed\x01" + raw).decode()

    @property
    def did(self) -> str:
        """The key as a DID."""
        return f"did:key:{self.multikey}"

    @property
    def method(self) -> str:
        """The verification method of the DID."""
        return f"{self.did}#{self.multikey}"


PEN = Pen(bytes(range(32)))
OTHER = Pen(bytes(range(1, 33)))


def badge(pen: Pen = PEN, **fields: Any) -> dict[str, Any]:
    """Return an unsigned Open Badge of EQF level 6, field 0613; fields given win, None takes one out."""
    document = {
        "@context": [V2, BADGES],
        "id": "urn:uuid:5b1f7f3e-0d0a-4c6b-9a51-2f1c7d1f0001",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": pen.did, "type": ["Profile"], "name": "College of Tests"},
        "validFrom": "2024-06-30T00:00:00Z",
        "name": "Applied Measurement",
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "name": CANARY,
            "achievement": {
                "id": "urn:uuid:5b1f7f3e-0d0a-4c6b-9a51-2f1c7d1f0002",
                "type": ["Achievement"],
                "achievementType": "MicroCredential",
                "name": "Applied Measurement",
                "description": "Measuring, and saying how well one did.",
                "criteria": {"narrative": "Passed the final assessment."},
                "alignment": [
                    align("http://data.europa.eu/snb/eqf/6", "EQF level 6"),
                    align("http://data.europa.eu/snb/isced-f/0613", "Software development"),
                ],
            },
        },
    }
    return {name: value for name, value in {**document, **fields}.items() if value is not None}


def align(target: str, name: str) -> dict[str, Any]:
    """Return an alignment."""
    return {"type": ["Alignment"], "targetUrl": target, "targetName": name}


def seal(document: Mapping[str, Any], pen: Pen = PEN, **proof: Any) -> bytes:
    """Sign with eddsa-jcs-2022 (W3C Data Integrity EdDSA 1.0, section 3.3)."""
    options = {
        "@context": document["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2024-07-01T00:00:00Z",
        "verificationMethod": pen.method,
        "proofPurpose": "assertionMethod",
        **proof,
    }
    hashes = [hashlib.sha256(canonical.encode(part)).digest() for part in (options, dict(document))]
    value = "z" + base58.b58encode(pen.private.sign(b"".join(hashes))).decode()
    return json.dumps({**document, "proof": {**options, "proofValue": value}}).encode()


def sign_jwt(document: Mapping[str, Any], pen: Pen = PEN, **header: Any) -> bytes:
    """Sign as `vc+jwt` (VC-JOSE-COSE)."""
    said = {"alg": "EdDSA", "typ": "vc+jwt", "cty": "vc", "kid": pen.method, "iss": pen.did, **header}
    kept = {name: value for name, value in said.items() if value is not None}
    parts = b".".join(_encode(json.dumps(part).encode()) for part in (kept, document))
    return parts + b"." + _encode(pen.private.sign(parts))


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
