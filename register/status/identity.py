"""The node as a signer of credentials: its `did:web`, the document that lists its key, and the names of that key.

The key is the node's statement key, which entry 0 of its ledger names; the DID document says the same in the words of
wallets and verifiers. Pure. Sources: W3C DID 1.0, did:web, Controlled Identifiers 1.0 (Multikey, JsonWebKey).
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OKPKey

from register.credentials.proofs.keys import format_multikey

_CONTEXTS: Final = [
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/multikey/v1",
    "https://w3id.org/security/jwk/v1",
]


def name_did(base_url: str) -> str:
    """Return the `did:web` of a node from its address; a port is percent-encoded, a path follows with colons."""
    parts = urlsplit(base_url)
    path = [quote(part, safe="") for part in parts.path.split("/") if part]
    return ":".join(("did:web", quote(parts.netloc, safe=""), *path))


def name_multikey(did: str, key: OKPKey) -> str:
    """Return the address of the key as a Multikey, for Data Integrity proofs."""
    return f"{did}#{_format_multikey(key)}"


def name_jwk(did: str, key: OKPKey) -> str:
    """Return the address of the key as a JWK, for JOSE."""
    return f"{did}#{key.thumbprint()}"


def describe_did(base_url: str, key: OKPKey) -> dict[str, Any]:
    """Return the DID document: one key, written twice, that makes assertions and does nothing else."""
    did = name_did(base_url)
    public: dict[str, Any] = dict(key.as_dict(private=False))
    methods: list[dict[str, Any]] = [
        {
            "id": name_multikey(did, key),
            "type": "Multikey",
            "controller": did,
            "publicKeyMultibase": _format_multikey(key),
        },
        {
            "id": name_jwk(did, key),
            "type": "JsonWebKey",
            "controller": did,
            "publicKeyJwk": {name: public[name] for name in ("kty", "crv", "x")},
        },
    ]
    return {
        "@context": _CONTEXTS,
        "id": did,
        "alsoKnownAs": [base_url],
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def _format_multikey(key: OKPKey) -> str:
    public: Any = key.public_key
    assert isinstance(public, Ed25519PublicKey)
    return format_multikey(public)
