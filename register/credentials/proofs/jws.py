"""JWS: what JWTs and sealed European Digital Credentials share: strict base64url, headers, algorithms, `crit`.

Everything a second reader could read differently is refused: padding, odd last bits, a member that stands twice. The
signature algorithms themselves are joserfc's; its limits of size belong to its readers, which are not used here.

Sources: RFC 7515 (JWS), RFC 7518 and RFC 8037, RFC 9864 (algorithms), RFC 7797 (`b64`), RFC 8725 (best practice).
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.proofs.keys import PublicKey
from register.sentences import say

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""Signature algorithms that are checked; all are public-key algorithms of at least 112 bits of security."""

LONGEST_HEADER: Final = 256 * 1024
"""Characters of a protected header in base64url: a sealed credential's holds certificates and a timestamp."""

_REGISTERED: Final = frozenset({"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"})


def decode_base64url(text: str, what: str) -> bytes:
    """Return the bytes that canonical base64url without padding writes; raise NotGenuine(`malformed_jws`) otherwise."""
    try:
        return urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, ValueError, IndexError):
        raise NotGenuine("malformed_jws", say("The {what} is damaged: it is not base64url.", what=what)) from None


def read_header(segment: str) -> Mapping[str, Any]:
    """Return the protected header that a segment writes, with its algorithm among ALGORITHMS.

    Raises NotGenuine for a header that is damaged, ambiguous or names an algorithm that proves no origin, Unsupported
    for an algorithm that is not checked here.
    """
    if not 0 < len(segment) <= LONGEST_HEADER:
        raise NotGenuine("malformed_jws", say("The protected header is missing or too large."))
    what = say("protected header")
    header = read_object(decode_base64url(segment, what), what)
    _check_algorithm(header.get("alg"))
    return header


def read_object(text: bytes, what: str) -> Mapping[str, Any]:
    """Return the JSON object that `text` writes; raise NotGenuine for none, or one ambiguous or too deep."""
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=_read_members, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise NotGenuine(
            "malformed_jws", say("The {what} is damaged: it is not unambiguous JSON.", what=what)
        ) from None
    if not isinstance(found, dict):
        raise NotGenuine("malformed_jws", say("The {what} is damaged: it is not a JSON object.", what=what))
    return found


def _read_members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _check_algorithm(name: object) -> None:
    if not isinstance(name, str):
        raise NotGenuine("malformed_jws", say("The protected header names no algorithm."))
    if name.lower() == "none":
        raise NotGenuine(
            "alg_none", say("The credential says that it is not signed (alg none): anybody can have made it.")
        )
    if name.upper().startswith("HS"):
        raise NotGenuine(
            "alg_symmetric", say("{name} is secured by a shared secret, which proves no origin.", name=name[:20])
        )
    if name not in ALGORITHMS:
        raise Unsupported(
            "algorithm", say("Signatures with the algorithm {name} are not checked here.", name=repr(name[:40]))
        )


def check_critical(header: Mapping[str, Any], understood: Collection[str], known: Collection[str] = ()) -> None:
    """Check that every parameter a header calls critical is understood (RFC 7515, section 4.1.11).

    `known` are those whose meaning is known but that are not checked here. Raises NotGenuine, or Unsupported for them.
    """
    if "crit" not in header:
        return
    names = header["crit"]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise NotGenuine("crit_malformed", say("The list of critical header parameters is damaged."))
    if len(set(names)) != len(names) or any(name in _REGISTERED or name not in header for name in names):
        raise NotGenuine("crit_malformed", say("The list of critical header parameters contradicts the header."))
    for name in names:
        if name in known and name not in understood:
            raise Unsupported(
                "crit_not_supported",
                say("The signature depends on {name}, which is not checked here.", name=repr(name)),
            )
        if name not in understood:
            raise NotGenuine(
                "crit_not_understood",
                say("The signature depends on {name}, which nobody defined.", name=repr(name[:40])),
            )


def verify(algorithm: str, key: PublicKey, signed: bytes, signature: bytes) -> None:
    """Check a signature over the signing input; raise NotGenuine when it does not hold or the key is of another kind.

    The algorithm never chooses the kind of key: one that does not fit the key at hand is refused (RFC 8725, 3.1).
    """
    model = JWSRegistry.algorithms[algorithm]
    try:
        jwk = _import_key(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), _name_kind(key))
        model.check_key(jwk)
        holds = model.verify(signed, signature, jwk)
    except JoseError:
        raise NotGenuine(
            "algorithm_confusion", say("{algorithm} cannot be a signature by a key of this kind.", algorithm=algorithm)
        ) from None
    if not holds:
        raise NotGenuine("signature_invalid", say("The signature does not hold: what was signed was something else."))


def _name_kind(key: PublicKey) -> str:
    return "OKP" if isinstance(key, ed25519.Ed25519PublicKey) else "EC" if _is_ec(key) else "RSA"


def _is_ec(key: PublicKey) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey)


@lru_cache(maxsize=256)  # an issuer signs thousands with one key
def _import_key(der: bytes, kind: Any) -> Key:
    return JWKRegistry.import_key(der, kind)
