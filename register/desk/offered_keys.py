"""Offered keys: from what somebody hands in (a DID, a public key, a certificate) to the keys that may prove it.

Reading is that of register.credentials.proofs, so that what can be bound here is what a verifier finds later.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key, load_pem_public_key
from django.utils.translation import gettext

from register.credentials.errors import CredentialError
from register.credentials.ports import Fetch
from register.credentials.proofs import dids
from register.credentials.proofs.certificates import MOST_CERTIFICATES, UNREADABLE, Certificate, read_chain
from register.credentials.proofs.keys import PublicKey, format_multikey, read_jwk, read_multikey, thumbprint
from register.credentials.proofs.trust_anchors import TrustAnchors, find_anchor, spell_identifier
from register.desk.control import HASHES, HeldKey, Offer, Unproven
from register.identifiers import normalise_value
from register.json_text import NotStrictJson, parse_strict
from register.moments import format_moment

LARGEST_MATERIAL: Final = 64 * 1024
MOST_METHODS: Final = 20
"""Keys of a DID document that are tried."""

_RELATIONSHIPS: Final = ("assertionMethod", "authentication", "verificationMethod")


def read_offer(kind: str, material: bytes, fetch: Fetch, anchors: TrustAnchors, now: datetime) -> Offer:
    """Return the key that was handed in with all that may prove it.

    `material` is a DID for `did`, a JWK or PEM public key for `jwk`, certificates in PEM or DER (the signer's first)
    for `x5t` and `eidas`. Raises Unproven (field `material`) with a sentence on what was expected.
    """
    if len(material) > LARGEST_MATERIAL:
        raise _refuse(gettext("This is too large to be a key or certificate."))
    if not material.strip():
        raise _refuse(gettext("Hand in the key: paste it, or choose its file."))
    try:
        if kind == "did":
            return _read_did(_read_text(material), fetch, now)
        if kind == "jwk":
            return _read_public_key(material)
        return _read_certificate(kind, material, anchors, now)
    except CredentialError as error:
        raise _refuse(error.message) from None


def _read_text(material: bytes) -> str:
    try:
        return material.decode("ascii").strip()
    except UnicodeDecodeError:
        raise _refuse(gettext("Expected plain letters, digits and signs.")) from None


def _read_did(text: str, fetch: Fetch, now: datetime) -> Offer:
    try:
        did = normalise_value("did", text)
    except ValueError:
        raise _refuse(gettext("Expected a DID such as did:web:university.example.")) from None
    keys = tuple(_find_methods(did, text.partition("#")[2], fetch, now))
    if not keys:
        sentence = gettext("The DID document was read, but no key in it is fit to make assertions today.")
        raise _refuse(sentence)
    if did.startswith("did:web:"):
        return Offer("did", did, keys, f"read from its DID document at {dids.locate_web(did)}")
    return Offer("did", did, keys, "which the DID itself spells out")


def _find_methods(did: str, fragment: str, fetch: Fetch, now: datetime) -> Iterator[HeldKey]:
    names = [fragment] if fragment or not did.startswith("did:web:") else list(_list_fragments(did, fetch))
    # A name becomes part of the proof on record: one with blanks in it could read as words of ours.
    for name in [one for one in names if len(one.split()) < 2][:MOST_METHODS]:
        try:
            method = dids.resolve(f"{did}#{name}" if name else did, fetch)
        except CredentialError:
            if len(names) == 1:
                raise
            continue  # of another kind than is read here: it can prove nothing
        over = any(end is not None and end <= now for end in (method.expires, method.revoked))
        if method.purposes and not over:
            yield HeldKey(method.id, method.public_key)


def _list_fragments(did: str, fetch: Fetch) -> Iterator[str]:
    """Yield the names of all keys that a DID document lists, each once."""
    location = dids.locate_web(did)
    try:
        document = parse_strict(fetch(location), depth=16)
    except NotStrictJson:
        raise _refuse(gettext("What stands at %(address)s is no JSON document.") % {"address": location}) from None
    seen: set[str] = set()
    for relationship in _RELATIONSHIPS if isinstance(document, dict) else ():
        for item in _as_list(document.get(relationship)):
            name = item.get("id") if isinstance(item, dict) else item
            fragment = name.partition("#")[2] if isinstance(name, str) and name.startswith((did, "#")) else ""
            if fragment and fragment not in seen:
                seen.add(fragment)
                yield fragment


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _read_public_key(material: bytes) -> Offer:
    key = _load_public_key(material)
    return Offer("jwk", thumbprint(key), (HeldKey(f"the key {format_multikey(key)[:16]}…", key),), "as handed in")


def _load_public_key(material: bytes) -> PublicKey:
    stripped = material.strip()
    if stripped.startswith(b"{"):
        try:
            return read_jwk(json.loads(stripped))
        except (ValueError, RecursionError):
            raise _refuse(gettext("The JWK cannot be read: it is not JSON.")) from None
    if b"PRIVATE KEY" in stripped:
        told = gettext("This is a private key: keep it to yourself. Hand in the public key, and replace this one.")
        raise _refuse(told)
    if stripped.startswith(b"z"):
        return read_multikey(stripped.decode("ascii", "replace"))
    try:
        load = load_pem_public_key if stripped.startswith(b"-----") else load_der_public_key
        key = load(stripped if load is load_pem_public_key else material)
    except UNREADABLE:
        raise _refuse(gettext("Expected a public key as JWK, in PEM or as Multikey.")) from None
    unknown = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in HASHES
    if unknown or not isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise _refuse(gettext("The key is of a kind that signs no credentials here."))
    return read_multikey(format_multikey(key))  # which refuses what is too weak


def _read_certificate(kind: str, material: bytes, anchors: TrustAnchors, now: datetime) -> Offer:
    chain = read_chain(list(_list_certificates(material)))
    signer = chain[0]
    if not signer.is_valid_at(now):
        until = format_moment(signer.x509.not_valid_after_utc)
        raise _refuse(gettext("The certificate is not valid today; its last day is %(day)s.") % {"day": until[:10]})
    held = (HeldKey(f"the certificate of {_quote(signer.name)}", signer.public_key),)
    end = signer.x509.not_valid_after_utc
    if kind == "x5t":
        value = next(key.value for key in signer.keys if key.kind == "x5t")
        return Offer("x5t", value, held, f"as handed in, by its own word issued by {_quote(signer.issuer_name)}", end)
    value, authority = _spell_organisation(signer, find_anchor(chain, (), anchors.sealing, now))
    return Offer("eidas", value, held, f"issued under {authority}", end)


def _quote(name: str) -> str:
    """Return a name that a stranger wrote into a certificate so that it cannot be read as words of ours."""
    return json.dumps(name[:100], ensure_ascii=False)


def _spell_organisation(signer: Certificate, anchor: Certificate | None) -> tuple[str, str]:
    if anchor is None:
        raise _refuse(
            gettext(
                "Nobody whom this register trusts vouches for this certificate, so anybody can have written the "
                "identifier into it. Bind the certificate itself, or have the agency bind the identifier on paper."
            )
        )
    spelt = spell_identifier(signer)
    if not spelt:
        raise _refuse(gettext("The certificate holds no organisation identifier that can be read."))
    return spelt[0].value, anchor.name


def _list_certificates(material: bytes) -> Iterator[str]:
    """Yield certificates in base64 of DER, as `x5c` has them."""
    if b"PRIVATE KEY" in material:
        told = gettext("This file holds a private key: keep it to yourself. Hand in the certificate alone.")
        raise _refuse(told)
    try:
        found = (
            x509.load_pem_x509_certificates(material)
            if b"-----BEGIN" in material
            else [x509.load_der_x509_certificate(material)]
        )
    except UNREADABLE:
        raise _refuse(gettext("Expected a certificate in PEM or DER.")) from None
    for one in found[:MOST_CERTIFICATES]:
        yield base64.b64encode(one.public_bytes(Encoding.DER)).decode()


def _refuse(sentence: str) -> Unproven:
    return Unproven("key_unreadable", "material", sentence)
