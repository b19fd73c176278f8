"""Cryptosuites of W3C Data Integrity: which key, which canonical form and which digest each signs with.

Sources: W3C Data Integrity EdDSA Cryptosuites 1.0 and ECDSA Cryptosuites 1.0; Ed25519Signature2020 (its section 3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.proofs.canonicalisation import canonicalise_graph, canonicalise_json
from register.credentials.proofs.graphs import Digest
from register.credentials.proofs.keys import PublicKey, read_multibase
from register.sentences import say

_CURVES: Final[Mapping[str, Digest]] = {"secp256r1": "sha256", "secp384r1": "sha384"}
_HASHES: Final[Mapping[Digest, tuple[Callable[[bytes], Any], hashes.HashAlgorithm]]] = {
    "sha256": (hashlib.sha256, hashes.SHA256()),
    "sha384": (hashlib.sha384, hashes.SHA384()),
}


@dataclass(frozen=True, slots=True)
class Suite:
    """One cryptosuite: the name it is known by, the algorithm of its keys, and its canonical form."""

    name: str
    algorithm: Literal["eddsa", "ecdsa"]
    form: Literal["jcs", "rdfc"]

    def choose_digest(self, key: PublicKey) -> Digest:
        """Return the digest that goes with a key; raises NotGenuine(`wrong_key_type`) for a key of another suite."""
        if self.algorithm == "eddsa" and isinstance(key, ed25519.Ed25519PublicKey):
            return "sha256"
        if self.algorithm == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
            return _CURVES[key.curve.name]
        raise NotGenuine(
            "wrong_key_type", say("The signing key is not of the kind that {name} signs with.", name=self.name)
        )

    def canonicalise(self, value: Mapping[str, Any], digest: Digest) -> bytes:
        """Return the canonical form of a document or of proof options."""
        return canonicalise_json(value) if self.form == "jcs" else canonicalise_graph(value, digest)


SUITES: Final[Mapping[str, Suite]] = {
    suite.name: suite
    for suite in (
        Suite("eddsa-jcs-2022", "eddsa", "jcs"),
        Suite("eddsa-rdfc-2022", "eddsa", "rdfc"),
        Suite("ecdsa-jcs-2019", "ecdsa", "jcs"),
        Suite("ecdsa-rdfc-2019", "ecdsa", "rdfc"),
        Suite("Ed25519Signature2020", "eddsa", "rdfc"),
    )
}
"""Suites that are checked, by `cryptosuite` or, before there was one, by `type` of the proof."""


def find_suite(proof: Mapping[str, Any]) -> Suite:
    """Return the suite of a proof; raises Unsupported(`suite_unsupported`) naming one that is not checked here."""
    kind, name = proof.get("type"), proof.get("cryptosuite")
    if kind == "Ed25519Signature2020" and name is None:
        return SUITES["Ed25519Signature2020"]
    named = name if kind == "DataIntegrityProof" else kind
    suite = SUITES.get(named) if kind == "DataIntegrityProof" and isinstance(named, str) else None
    if suite is None or suite.name == "Ed25519Signature2020":
        raise Unsupported(
            "suite_unsupported",
            say("The signature is of the kind {kind}, which is not checked here.", kind=repr(str(named)[:60])),
        )
    return suite


def check_signature(suite: Suite, key: PublicKey, options: bytes, document: bytes, proof_value: object) -> None:
    """Raise NotGenuine(`signature_invalid`) unless a `proofValue` signs canonical options and document with a key.

    What is signed is the digest of the options followed by that of the document.
    """
    digest = suite.choose_digest(key)
    new, algorithm = _HASHES[digest]
    signed = new(options).digest() + new(document).digest()
    try:
        signature = read_multibase(proof_value)
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_encode_ecdsa(signature, key), signed, ec.ECDSA(algorithm))
    except (InvalidSignature, ValueError):
        raise NotGenuine(
            "signature_invalid",
            say("The signature does not fit: the credential was changed, or another key signed it."),
        ) from None


def _encode_ecdsa(signature: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the DER form of `r` and `s` written one after the other (IEEE P1363)."""
    size = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * size:
        raise ValueError(f"expected {2 * size} bytes")
    return encode_dss_signature(int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
