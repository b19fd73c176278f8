"""Status lists: a W3C BitstringStatusListCredential for a purpose and a number, and the two ways in which it is sealed.

The bits are computed when they are asked for, from the rows that all other answers rest on, so that list and ledger
cannot disagree; a copy lives as long as the list itself says. Within one period the same bits give the same bytes.
Pure. Sources: Bitstring Status List 1.0, Verifiable Credentials 2.0, Data Integrity EdDSA Cryptosuites 1.0 (section
3.3, eddsa-jcs-2022), Securing Verifiable Credentials using JOSE and COSE.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey

from ledger.tlog import canonical
from register.credentials.status_lists import encode_list
from register.moments import format_instant
from register.records.credentials import LIST_ENTRIES
from register.status.identity import name_did, name_jwk, name_multikey

PURPOSES: Final = ("revocation", "suspension")

PERIOD: Final = timedelta(minutes=5)
"""How long a copy of a list may be used without asking again; a revocation is read everywhere after so long."""

LIFE: Final = timedelta(days=1)
"""For how long a list may be shown by whoever cannot ask: after that nobody is to believe it."""

_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
_ALGORITHM: Final = "Ed25519"


def make_list(address: str, base_url: str, purpose: str, indexes: Iterable[int], now: datetime) -> dict[str, Any]:
    """Return an unsealed list at its address, with the bits at `indexes` set, in force from the period of `now` on."""
    start = _begin_period(now)
    subject = {
        "id": f"{address}#list",
        "type": "BitstringStatusList",
        "statusPurpose": purpose,
        "encodedList": encode_list(indexes, LIST_ENTRIES),
        "ttl": int(PERIOD.total_seconds() * 1000),
    }
    return {
        "@context": [_CONTEXT],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": name_did(base_url),
        "validFrom": format_instant(start),
        "validUntil": format_instant(start + LIFE),
        "credentialSubject": subject,
    }


def _begin_period(now: datetime) -> datetime:
    seconds = int(now.timestamp()) // int(PERIOD.total_seconds()) * int(PERIOD.total_seconds())
    return datetime.fromtimestamp(seconds, UTC)


def seal(document: Mapping[str, Any], key: OKPKey) -> dict[str, Any]:
    """Return the document with an eddsa-jcs-2022 proof by the node's key, made when the list begins to be in force."""
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": document["validFrom"],
        "verificationMethod": name_multikey(document["issuer"], key),
        "proofPurpose": "assertionMethod",
        "@context": document["@context"],
    }
    signed = b"".join(hashlib.sha256(canonical.encode(part)).digest() for part in (proof, document))
    private: Any = key.private_key
    assert isinstance(private, Ed25519PrivateKey)
    value = "z" + base58.b58encode(private.sign(signed)).decode()
    return {**document, "proof": {**proof, "proofValue": value}}


def seal_as_jwt(document: Mapping[str, Any], key: OKPKey) -> str:
    """Return the document as a compact JWS of media type application/vc+jwt by the node's key."""
    header = {"alg": _ALGORITHM, "typ": "vc+jwt", "cty": "vc", "kid": name_jwk(document["issuer"], key)}
    return jws.serialize_compact(header, canonical.encode(document), key, algorithms=[_ALGORITHM])
