"""Credentials as JWTs for tests: keys, where they are published, what is signed, and what came of checking it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import JWKRegistry

from register.credentials.errors import CredentialError, Unreachable
from register.credentials.presented import Presented, Signature
from register.credentials.proofs import check_signatures
from register.credentials.proofs.keys import format_multikey
from tests.sealed import NOW, SEALED_AT, PrivateKey, encode, make_key, sign

KEY = make_key("Ed25519", "issuer")
OTHER = make_key("Ed25519", "other")
DID = f"did:key:{format_multikey(KEY.public_key())}"
WEB = "did:web:academy.example"
URL = "https://academy.example/issuers/1"
V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"


class Web:
    """A small web: what lies at which address; everything else is out of reach. It remembers what was asked."""

    def __init__(self, pages: Mapping[str, Any] | None = None) -> None:
        self.pages = dict(pages or {})
        self.asked: list[str] = []

    def __call__(self, url: str, *, limit: int = 0, types: Sequence[str] = ()) -> bytes:
        self.asked.append(url)
        if url not in self.pages:
            raise Unreachable("unreachable", f"{url} cannot be reached")
        return json.dumps(self.pages[url]).encode()


def to_jwk(key: PrivateKey) -> dict[str, Any]:
    kind = {"RSAPrivateKey": "RSA", "Ed25519PrivateKey": "OKP"}.get(type(key).__name__, "EC")
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return dict(JWKRegistry.import_key(pem, cast(Any, kind)).as_dict(private=False))


def make_did_document(did: str = WEB, **methods: PrivateKey) -> dict[str, Any]:
    listed = [
        {"id": f"{did}#{name}", "type": "JsonWebKey", "controller": did, "publicKeyJwk": to_jwk(key)}
        for name, key in methods.items()
    ]
    return {"id": did, "verificationMethod": listed, "assertionMethod": [one["id"] for one in listed]}


def make_credential(issuer: Any = DID, **changes: Any) -> dict[str, Any]:
    document = {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "id": "https://academy.example/credentials/1",
        "issuer": issuer,
        "validFrom": "2025-03-01T09:00:00Z",
        "credentialSubject": {"id": "did:example:holder"},
    }
    return document | changes


def make_jwt(
    payload: Mapping[str, Any] | str,
    key: PrivateKey = KEY,
    *,
    algorithm: str = "EdDSA",
    header: Mapping[str, Any] = {"typ": "vc+jwt"},
    signer: str = "",
) -> bytes:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    head = {"alg": algorithm, **header}
    signed = f"{encode(json.dumps(head).encode())}.{encode(text.encode())}"
    return f"{signed}.{encode(sign(signer or algorithm, key, signed.encode()))}".encode()


def check(raw: bytes, web: Web | None = None) -> Signature:
    payload = raw.split(b".")[1]
    document = json.loads(base64.urlsafe_b64decode(payload + b"=="))
    return check_signatures(Presented("vc_jose", raw, document), web or Web(), NOW)[0]


def refusal(raw: bytes, web: Web | None = None, document: Any = None) -> tuple[type[CredentialError], str]:
    with pytest.raises(CredentialError) as caught:
        check(raw, web) if document is None else check_signatures(Presented("vc_jose", raw, document), Web(), NOW)
    return type(caught.value), caught.value.code


def find_codes(signature: Signature) -> dict[str, str]:
    return {finding.code: finding.outcome for finding in signature.findings}


def make_claims(**changes: Any) -> dict[str, Any]:
    """A JWT of VC Data Model 1.1, section 6.3.1: the registered claims hold what the `vc` claim leaves out."""
    vc = {"@context": [V1], "type": ["VerifiableCredential"], "credentialSubject": {"degree": "x"}}
    claims = {
        "vc": vc,
        "iss": DID,
        "sub": "did:example:holder",
        "jti": "https://academy.example/credentials/1",
        "nbf": int(SEALED_AT.timestamp()),
        "exp": int(NOW.timestamp()),
    }
    return claims | changes
