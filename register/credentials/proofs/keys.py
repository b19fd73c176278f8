"""Public keys: Multikey and JWK read into keys to verify with, and every spelling under which a register knows a key.

Sources: W3C Controlled Identifiers 1.0, section 2.2.2 (Multikey); multicodec table; RFC 7517, 7518, 8037 (JWK);
RFC 7638 (thumbprint).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

import base58
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.presented import SigningKey
from register.sentences import say

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_ED25519: Final = b"\xed\x01"
_RSA: Final = b"\x85\x24"
_CURVES: Final[Mapping[bytes, ec.EllipticCurve]] = {
    b"\x80\x24": ec.SECP256R1(),
    b"\x81\x24": ec.SECP384R1(),
    b"\x82\x24": ec.SECP521R1(),
    b"\xe7\x01": ec.SECP256K1(),
}
_PREFIXES: Final = {curve.name: prefix for prefix, curve in _CURVES.items()}
_OTHER_KEYS: Final = {
    b"\xec\x01": "X25519",
    b"\xeb\x01": "BLS12-381",
    b"\xea\x01": "BLS12-381",
    b"\xee\x01": "BLS12-381",
}
_JWK_CURVES: Final = {"P-256": "secp256r1", "P-384": "secp384r1", "P-521": "secp521r1", "secp256k1": "secp256k1"}
_LONGEST: Final = 1600
"""Characters of a key or a member of it: RSA of 8,192 bits has 1,366."""

_LEAST_RSA_BITS: Final = 2048


def read_multibase(text: object) -> bytes:
    """Return the bytes of a multibase text in base58btc (`z`) or base64url (`u`); raise ValueError otherwise."""
    if not isinstance(text, str) or not 1 < len(text) <= _LONGEST or not text.isascii():
        raise ValueError(f"expected multibase text of 2 to {_LONGEST} characters")
    if text[0] == "z":
        return _read_base58(text[1:])
    if text[0] == "u":
        return _read_base64url(text[1:])
    raise ValueError(f"expected base58btc (z) or base64url (u), got multibase {text[0]!r}")


def _read_base58(text: str) -> bytes:
    """Read base58btc, of which each leading `1` is a byte 0; the library itself writes the number byte by byte."""
    if not text.isalnum():  # the library overlooks blanks at the end
        raise ValueError("expected base58btc, got signs that it does not have")
    digits = text.lstrip("1")
    number = base58.b58decode_int(digits) if digits else 0
    return bytes(len(text) - len(digits)) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def read_multikey(text: object) -> PublicKey:
    """Return the public key that a Multikey (`publicKeyMultibase`) writes.

    Raises NotGenuine(`malformed_key`), or Unsupported(`key_type`) for kinds of keys that sign nothing here.
    """
    try:
        data = read_multibase(text)
        prefix, rest = data[:2], data[2:]
        if prefix == _ED25519:
            return ed25519.Ed25519PublicKey.from_public_bytes(rest)
        if prefix in _CURVES:
            return _read_point(_CURVES[prefix], rest)
        if prefix == _RSA:
            return _read_rsa(rest)
    except (ValueError, TypeError):
        raise NotGenuine("malformed_key", say("The signing key cannot be read: it is damaged.")) from None
    kind = _OTHER_KEYS.get(prefix, f"multicodec {prefix.hex()}")
    raise Unsupported("key_type", say("The signing key is of a kind that is not supported: {kind}.", kind=kind))


def _read_point(curve: ec.EllipticCurve, data: bytes) -> ec.EllipticCurvePublicKey:
    if data[:1] not in (b"\x02", b"\x03"):
        raise ValueError("expected a compressed point")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, data)


def _read_rsa(data: bytes) -> rsa.RSAPublicKey:
    key = load_der_public_key(data)
    if not isinstance(key, rsa.RSAPublicKey) or key.public_bytes(Encoding.DER, PublicFormat.PKCS1) != data:
        raise ValueError("expected an RSA key in PKCS #1")
    return _check_strength(key)


def read_jwk(jwk: object) -> PublicKey:
    """Return the public key that a JWK writes.

    Raises NotGenuine(`malformed_key`, or `private_key_published` when the private part is there for all to see), or
    Unsupported(`key_type`).
    """
    if not isinstance(jwk, Mapping) or any(isinstance(v, str) and len(v) > _LONGEST for v in jwk.values()):
        raise NotGenuine("malformed_key", say("The signing key cannot be read: expected a JWK."))
    if "d" in jwk:
        raise NotGenuine(
            "private_key_published", say("The private part of the signing key is public: anybody can sign.")
        )
    kind = {"EC": jwk.get("crv"), "OKP": jwk.get("crv"), "RSA": "RSA"}.get(str(jwk.get("kty")))
    if kind not in (*_JWK_CURVES, "Ed25519", "RSA"):
        raise Unsupported("key_type", say("The signing key is of a kind that is not supported."))
    try:
        key = JWKRegistry.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk})
        return _expect_public(key.public_key)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise NotGenuine("malformed_key", say("The signing key cannot be read: the JWK is damaged.")) from None


def _expect_public(key: Any) -> PublicKey:
    if isinstance(key, rsa.RSAPublicKey):
        return _check_strength(key)
    if isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey):
        return key
    raise ValueError("expected a public key")


def _check_strength(key: rsa.RSAPublicKey) -> rsa.RSAPublicKey:
    if key.key_size < _LEAST_RSA_BITS:
        raise NotGenuine(
            "weak_key", say("The signing key is too weak: RSA of {bits} bits can be forged.", bits=key.key_size)
        )
    return key


def format_multikey(key: PublicKey) -> str:
    """Return the Multikey of a public key; it is the same for the same key, and what follows `did:key:`."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        data = _ED25519 + key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        data = _PREFIXES[key.curve.name] + key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    else:
        data = _RSA + key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return "z" + base58.b58encode(data).decode()


def thumbprint(key: PublicKey) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of a public key: 43 base64url characters."""
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    kind = "OKP" if isinstance(key, ed25519.Ed25519PublicKey) else "RSA" if isinstance(key, rsa.RSAPublicKey) else "EC"
    return JWKRegistry.import_key(pem, kind).thumbprint()


def spell(key: PublicKey, did: str | None = None) -> tuple[SigningKey, ...]:
    """Return every way in which a register may have bound a key, that of the DID it was found under first."""
    found = [did] if did else []
    own = f"did:key:{format_multikey(key)}"
    dids = [*found, *(() if own in found else (own,))]
    return (*(SigningKey("did", value) for value in dids), SigningKey("jwk", thumbprint(key)))


def _read_base64url(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("expected base64url") from None
