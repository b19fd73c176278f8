"""Control: whether whoever wants a key bound really holds it. Pure but for what `fetch` reads.

    key as offered (DID, JWK, certificate) → challenge, a text of this register that expires → signature → proof

A DID document is anybody's to name, and a certificate anybody's to copy: only a signature over our own text shows that
somebody holds the key today. The challenge is kept nowhere. It names issuer, key and end of validity under a MAC of
this node, so it proves nothing about another key, and shown twice it proves the same thing again.

Signatures are taken as compact JWS (RFC 7515) whose payload is the challenge, or bare as OpenSSL makes them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from register.credentials.errors import CredentialError, NotGenuine
from register.credentials.proofs import jws
from register.credentials.proofs.keys import PublicKey
from register.errors import NotUnderstood
from register.moments import format_instant, parse_moment
from register.sentences import say

LASTS: Final = timedelta(days=3)
"""How long a challenge may be answered: whoever holds the key seldom sits at the desk."""

LARGEST_SIGNATURE: Final = 64 * 1024

_LABEL: Final = "assay/key-control@v1"
_SALT: Final = "register.desk.control"
_NAMES: Final = ("register", "issuer", "key", "expires", "nonce", "mac")
HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
    "secp256k1": hashes.SHA256(),
}
"""Curve → the digest that is signed with it; keys on other curves are refused (offered_keys)."""


class Unproven(NotUnderstood):
    """What was handed in shows no control over the key; `field` is the part of the form at fault."""


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A public key that may have signed, and how the proof names it."""

    name: str
    public_key: PublicKey

    @property
    def algorithm(self) -> str:
        """The algorithm's name as people know it."""
        if isinstance(self.public_key, ed25519.Ed25519PublicKey):
            return "Ed25519"
        if isinstance(self.public_key, ec.EllipticCurvePublicKey):
            return f"ECDSA {self.public_key.curve.name}"
        return f"RSA {self.public_key.key_size}"

    @property
    def command(self) -> str:
        """The OpenSSL command that signs a challenge with the private part of this key."""
        if isinstance(self.public_key, ed25519.Ed25519PublicKey):
            return "openssl pkeyutl -sign -inkey key.pem -rawin -in challenge.txt -out signature.bin"
        digest = self.digest.name
        return f"openssl dgst -{digest} -sign key.pem -out signature.bin challenge.txt"

    @property
    def digest(self) -> hashes.HashAlgorithm:
        """The digest that a bare signature is made over."""
        if isinstance(self.public_key, ec.EllipticCurvePublicKey):
            return HASHES[self.public_key.curve.name]
        return hashes.SHA256()


@dataclass(frozen=True, slots=True)
class Offer:
    """A key somebody wants bound: kind and canonical value as KeyTerms has them, and the keys that may prove it.

    `found` says in a sentence how the keys were found; it becomes part of the proof on record.
    """

    kind: str
    value: str
    keys: tuple[HeldKey, ...]
    found: str
    valid_until: datetime | None = None


def make_challenge(register: str, issuer: str, offer: Offer, now: datetime) -> str:
    """Return the text to be signed: lines that say what for, until when, with a nonce and a MAC of this node."""
    expires = (now + LASTS).replace(microsecond=0)
    lines = [
        _LABEL,
        f"register: {register}",
        f"issuer: {issuer}",
        f"key: {offer.kind} {offer.value}",
        f"expires: {format_instant(expires)}",
        f"nonce: {secrets.token_urlsafe(16)}",
    ]
    return "\n".join([*lines, f"mac: {_seal(lines)}"])


def _seal(lines: Sequence[str]) -> str:
    return salted_hmac(_SALT, "\n".join(lines), algorithm="sha256").hexdigest()


def check_challenge(challenge: str, register: str, issuer: str, offer: Offer, now: datetime) -> None:
    """Raise Unproven unless the text is a challenge of this node for this issuer and key, and not over."""
    lines = challenge.replace("\r\n", "\n").strip().split("\n")
    told = dict(line.partition(": ")[::2] for line in lines[1:])
    if lines[0] != _LABEL or tuple(told) != _NAMES or not hmac.compare_digest(told["mac"], _seal(lines[:-1])):
        raise _refuse("challenge", gettext("This is not a challenge of this register. Take a new one."))
    if (told["register"], told["issuer"], told["key"]) != (register, issuer, f"{offer.kind} {offer.value}"):
        raise _refuse("challenge", gettext("This challenge is for another issuer or another key. Take a new one."))
    if now >= parse_moment(told["expires"]):
        raise _refuse("challenge", gettext("This challenge has expired. Take a new one and sign that."))


def read_expiry(challenge: str) -> datetime:
    """Return until when a challenge that was just made may be answered."""
    found = re.search(r"^expires: (\S+)$", challenge, re.MULTILINE)
    return parse_moment(found[1] if found else "")


def prove_control(offer: Offer, challenge: str, signature: bytes) -> HeldKey:
    """Return the key that signed the challenge; raises Unproven when none of the offered keys did."""
    if not signature.strip():
        raise _refuse("signature", gettext("Hand in the signature: as a file, or pasted as text."))
    if len(signature) > LARGEST_SIGNATURE:
        raise _refuse("signature", gettext("This file is too large to be a signature."))
    text = challenge.replace("\r\n", "\n").strip()
    if _looks_like_jws(signature):
        return _check_jws(offer, text, signature.strip().decode("ascii"))
    return _check_bare(offer, text, signature)


def _looks_like_jws(signature: bytes) -> bool:
    return signature.strip().count(b".") == 2 and signature.isascii()


def _check_jws(offer: Offer, challenge: str, compact: str) -> HeldKey:
    head, body, tail = compact.split(".")
    try:
        header = jws.read_header(head)
        jws.check_critical(header, ())
        payload = jws.decode_base64url(body, say("payload")) if body else challenge.encode()
        signed_over = f"{head}.{body or _encode(challenge.encode())}".encode()
        value = jws.decode_base64url(tail, say("signature"))
    except CredentialError as error:
        raise _refuse("signature", error.message) from None
    if payload.strip() != challenge.encode():
        raise _refuse("signature", gettext("What was signed is another text than the challenge."))
    for key in offer.keys:
        try:
            jws.verify(str(header["alg"]), key.public_key, signed_over, value)
        except NotGenuine:
            continue
        return key
    raise _refuse_signature(offer)


def _check_bare(offer: Offer, challenge: str, signature: bytes) -> HeldKey:
    for key in offer.keys:
        for value in _read_signature(signature):
            # An editor may have ended the last line.
            for text in (challenge, challenge + "\n", challenge.replace("\n", "\r\n"), challenge + "\r\n"):
                if _holds(key, value, text.encode()):
                    return key
    raise _refuse_signature(offer)


def _holds(key: HeldKey, signature: bytes, signed: bytes) -> bool:
    try:
        match key.public_key:
            case ed25519.Ed25519PublicKey() as public:
                public.verify(signature, signed)
            case ec.EllipticCurvePublicKey() as public:
                public.verify(signature, signed, ec.ECDSA(key.digest))
            case public:
                public.verify(signature, signed, padding.PKCS1v15(), key.digest)
    except (InvalidSignature, ValueError):
        return False
    return True


def _read_signature(signature: bytes) -> Iterator[bytes]:
    """Yield the bytes a signature may be: as they are, or as hexadecimal digits or base64 write them."""
    yield signature
    if not signature.isascii():
        return
    text = b"".join(signature.split()).decode("ascii")
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2}){32,}", text):
        yield bytes.fromhex(text)
    try:
        yield base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _refuse_signature(offer: Offer) -> Unproven:
    names = ", ".join(key.name for key in offer.keys)
    told = gettext(
        "The signature does not fit: expected one over the challenge exactly as it stands, made with the private part "
        "of %(names)s. Sign it again, without changing a letter."
    )
    return _refuse("signature", told % {"names": names})


def _refuse(field: str, sentence: str) -> Unproven:
    return Unproven("unproven", field, sentence)
