"""Commitments: what an issuer anchors of a credential, a salted hash that reveals nothing and fits one credential only.

A credential's **digest** is SHA-256 over the bytes its signature speaks of; its **commitment** is SHA-256 over a fixed
label, a version, a salt of 128 random bits and the digest. The label is longer than the 64 bytes of which an inner
node of a batch tree is the hash, so that none can be opened as a commitment (RFC 9162, section 2.1.1, gives why).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import rfc8785

from ledger.tlog import canonical
from ledger.tlog.errors import CanonicalFormError
from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.presented import Presented
from register.sentences import cite, say

LABEL: Final = b"assay/credential-commitment: SHA-256 over this line, version, salt, digest\n"
"""What every commitment begins with; it never changes."""

VERSION: Final = b"\x01"
SALT_BYTES: Final = 16
DIGEST_BYTES: Final = 32

_PREFIX: Final = LABEL + VERSION


def digest(presented: Presented) -> bytes:
    """Return the 32 bytes that stand for a signed credential.

    SHA-256 of the payload's UTF-8 bytes for a European Digital Credential (what its timestamp covers, too), of the
    ASCII of a compact JWS, of the JCS form (RFC 8785) of any other with its proofs. Raises Unsupported for one that
    is not signed or has no JCS form, NotGenuine for one that lacks what its format is made of.
    """
    match presented.format:
        case "edc":
            return hashlib.sha256(_read_payload(presented.raw)).digest()
        case "vc_jose":
            return hashlib.sha256(presented.raw.strip()).digest()
        case "edc_unsigned" | "vc_unsigned":
            raise Unsupported(
                "not_signed", say("This credential is not signed; sign it first, a receipt is for what is.")
            )
        case _:
            return hashlib.sha256(_write_canonical(presented.document)).digest()


def commit(digest: bytes, salt: bytes) -> bytes:
    """Return the commitment to a digest under a salt: 32 bytes, a leaf of the batch tree.

    Raises ValueError unless the salt has 16 bytes and the digest 32; then each preimage can be cut in one way only.
    """
    if len(salt) != SALT_BYTES or len(digest) != DIGEST_BYTES:
        raise ValueError(f"expected a salt of 16 bytes and a digest of 32, got {len(salt)} and {len(digest)}")
    return hashlib.sha256(_PREFIX + salt + digest).digest()


def _read_payload(raw: bytes) -> bytes:
    try:
        payload: str = json.loads(raw)["payload"]
        return payload.encode()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotGenuine("no_payload", say("Expected a sealed credential with a payload, got one without.")) from error


def _write_canonical(document: Any) -> bytes:
    """Write JCS; the quick writer knows no floats, which credentials may hold."""
    try:
        return canonical.encode(document)
    except CanonicalFormError:
        pass
    try:
        return rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise Unsupported(
            "no_canonical_form", say("This credential has no canonical form (RFC 8785): {fault}.", fault=cite(error))
        ) from error
