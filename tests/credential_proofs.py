"""Data Integrity proofs of every suite for tests, made with plain PyLD, rfc8785 and hashlib: a second opinion."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import base58
import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyld import jsonld
from pyld.canon import URDNA2015

from register.credentials.presented import Presented, Signature
from register.credentials.proofs import check_signatures
from register.credentials.proofs.contexts import read_context
from tests.outside import fetch_nothing

V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"
BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
INTEGRITY = "https://w3id.org/security/data-integrity/v2"
ED25519 = "https://w3id.org/security/suites/ed25519-2020/v1"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SUITES = ("eddsa-jcs-2022", "eddsa-rdfc-2022", "ecdsa-jcs-2019", "ecdsa-rdfc-2019", "Ed25519Signature2020")

_PREFIXES = {"secp256r1": b"\x80\x24", "secp384r1": b"\x81\x24"}


@dataclass(frozen=True)
class Key:
    """A private key of Ed25519, P-256 or P-384, known as did:key."""

    private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

    @property
    def multikey(self) -> str:
        """The public key as a Multikey."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            data = b"\xed\x01" + self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        else:
            point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
            data = _PREFIXES[self.private.curve.name] + point
        return "z" + base58.b58encode(data).decode()

    @property
    def did(self) -> str:
        """The key as a DID."""
        return f"did:key:{self.multikey}"

    @property
    def method(self) -> str:
        """The verification method of the DID."""
        return f"{self.did}#{self.multikey}"

    @property
    def digest(self) -> Callable[[bytes], Any]:
        """The digest that goes with the key."""
        wide = not isinstance(self.private, ed25519.Ed25519PrivateKey) and self.private.curve.key_size == 384
        return hashlib.sha384 if wide else hashlib.sha256

    def sign(self, data: bytes) -> bytes:
        """Return the signature in the form that proofs carry."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(data)
        size = (self.private.curve.key_size + 7) // 8
        algorithm = hashes.SHA384() if size == 48 else hashes.SHA256()
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(algorithm)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


ED = Key(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Key(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
P256 = Key(ec.derive_private_key(20240101, ec.SECP256R1()))
P384 = Key(ec.derive_private_key(20240101, ec.SECP384R1()))
CASES = (
    *((suite, ED) for suite in SUITES if not suite.startswith("ecdsa")),
    *((suite, key) for suite in SUITES if suite.startswith("ecdsa") for key in (P256, P384)),
)
"""Every suite with every kind of key it signs with."""


def make_badge(key: Key = ED, /, **fields: Any) -> dict[str, Any]:
    """Return an unsigned Open Badge; fields given win, None takes one out."""
    document = {
        "@context": [V2, BADGES, ED25519],
        "id": "urn:uuid:5b1f7f3e-0d0a-4c6b-9a51-2f1c7d1f0001",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": key.did, "type": ["Profile"], "name": "College of Tests"},
        "validFrom": "2024-06-30T00:00:00Z",
        "validUntil": "2034-06-30T00:00:00Z",
        "credentialSubject": {
            "id": "urn:uuid:5b1f7f3e-0d0a-4c6b-9a51-2f1c7d1f0003",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "urn:uuid:5b1f7f3e-0d0a-4c6b-9a51-2f1c7d1f0002",
                "type": ["Achievement"],
                "name": "Applied Measurement",
                "description": "Measuring, and saying how well one did.",
                "criteria": {"narrative": "Passed the final assessment."},
            },
        },
    }
    return {name: value for name, value in {**document, **fields}.items() if value is not None}


def sign(document: Mapping[str, Any], suite: str = "eddsa-rdfc-2022", key: Key = ED, **options: Any) -> dict[str, Any]:
    """Return the document with a proof beside those it has; None as an option takes one out."""
    own = {key: value for key, value in document.items() if key != "proof"}
    proof = make_proof(own, suite, key, **options)
    before = document.get("proof", [])
    proofs = [*(before if isinstance(before, list) else [before]), proof]
    return {**own, "proof": proofs if len(proofs) > 1 else proof}


def make_proof(signed: Mapping[str, Any], suite: str, key: Key = ED, **options: Any) -> dict[str, Any]:
    """Return a proof over exactly a document, which in a chain holds the proofs before it."""
    named = {"type": suite} if suite[0] == "E" else {"type": "DataIntegrityProof", "cryptosuite": suite}
    contexts = {"@context": signed["@context"]} if "-jcs-" in suite else {}
    proof = {
        **contexts,
        **named,
        "created": "2024-07-01T00:00:00Z",
        "verificationMethod": key.method,
        "proofPurpose": "assertionMethod",
        **options,
    }
    proof = {name: value for name, value in proof.items() if value is not None}
    if "-jcs-" in suite:
        parts = [rfc8785.dumps(proof), rfc8785.dumps({**signed, **{k: proof[k] for k in ("@context",) if k in proof}})]
    else:
        parts = [normalise({**proof, "@context": signed["@context"]}, key.digest), normalise(signed, key.digest)]
    value = key.sign(b"".join(key.digest(part).digest() for part in parts))
    return {**proof, "proofValue": "z" + base58.b58encode(value).decode()}


def normalise(document: Mapping[str, Any], digest: Callable[..., Any] = hashlib.sha256) -> bytes:
    """Return canonical N-Quads by PyLD as it comes, but for the digest, which it does not let one choose."""

    class Canonicaliser(URDNA2015):  # type: ignore[misc]
        def create_hash(self) -> Any:
            return digest()

    dataset = jsonld.to_rdf(deepcopy(dict(document)), {"documentLoader": _load})
    text: str = Canonicaliser().main(dataset, {"format": "application/n-quads"})
    return text.encode()


def _load(url: str, options: object) -> dict[str, Any]:
    document = deepcopy(dict(read_context(url)))
    return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": document}


def check(document: Mapping[str, Any], fetch: Any = fetch_nothing, now: datetime = NOW) -> Sequence[Signature]:
    """Check the signatures of a credential as it would be handed in."""
    return check_signatures(Presented("vc_data_integrity", json.dumps(document).encode(), document), fetch, now)
