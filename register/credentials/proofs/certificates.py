"""Certificates: the X.509 chain that comes with a seal, how far it leads, and whose name the seal bears.

A chain proves that each certificate was issued by the next. Whoever issued the last can have written any name into it
and any organisation identifier; whether somebody looked at papers first is known only under a trust anchor
(`trust_anchors.py`). So a certificate is known by its own thumbprint and its key, which a register may have bound to
an issuer, and not by what is written in it.

Sources: RFC 5280; RFC 7515, section 4.1.6 to 4.1.8; ETSI EN 319 412-1 and -3 (identifiers and names in seals).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NoReturn, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.presented import SigningKey
from register.credentials.proofs.keys import PublicKey, thumbprint
from register.credentials.report import Finding
from register.moments import format_instant, parse_moment
from register.sentences import Written, say

MOST_CERTIFICATES: Final = 8
LARGEST_CHAIN: Final = 64 * 1024
"""Characters of all certificates of a chain together."""

_LEAST_RSA_BITS: Final = 2048
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
_NOBODY: Final = say("nobody by name")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was read: its key, fit to verify with, and the names in it as they were written.

    `keys` is every spelling that holds whoever issued it: its own thumbprint and its key's.
    """

    der: bytes
    x509: x509.Certificate = field(compare=False)
    public_key: PublicKey = field(compare=False)
    keys: tuple[SigningKey, ...] = field(compare=False)
    common_name: str | None = field(compare=False)
    organization_name: str | None = field(compare=False)
    organization_identifier: str | None = field(compare=False)
    issuer_name: str = field(compare=False)

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the certificate's DER."""
        return hashlib.sha256(self.der).digest()

    @property
    def name(self) -> str:
        """The name it bears, as people say it."""
        return self.organization_name or self.common_name or _NOBODY

    def is_valid_at(self, moment: datetime) -> bool:
        """Say whether its own dates cover an instant; both ends belong to it (RFC 5280, section 4.1.2.5)."""
        return self.x509.not_valid_before_utc <= moment <= self.x509.not_valid_after_utc

    def describe(self, anchor: str | None = None) -> Mapping[str, Any]:
        """Tell what it says as plain JSON values; `anchor` names the trusted authority that the chain led to."""
        return {**_describe(self), "trusted_authority": anchor}


@lru_cache(maxsize=128)
def _describe(certificate: Certificate) -> Mapping[str, Any]:
    return {
        "subject": certificate.x509.subject.rfc4514_string(),
        "name": certificate.name,
        "names": [name for name in (certificate.organization_name, certificate.common_name) if name],
        "organization_identifier": certificate.organization_identifier,
        "issuer": certificate.issuer_name,
        "valid_from": format_instant(certificate.x509.not_valid_before_utc),
        "valid_until": format_instant(certificate.x509.not_valid_after_utc),
        "sha256": certificate.sha256.hex(),
    }


def read_chain(x5c: object) -> tuple[Certificate, ...]:
    """Return the certificates of a header's `x5c`, the signer's first, each issued by the next.

    Raises NotGenuine(`certificate_malformed`, `chain_broken`, `weak_key`, `certificate_not_for_signing`), Unsupported
    (`key_type`) for a key that signs nothing here.
    """
    if not isinstance(x5c, list) or not 0 < len(x5c) <= MOST_CERTIFICATES or not all(type(x) is str for x in x5c):
        raise NotGenuine(
            "certificate_malformed",
            say("Expected 1 to {most} certificates in 'x5c'.", most=MOST_CERTIFICATES),
        )
    if sum(len(text) for text in x5c) > LARGEST_CHAIN:
        raise NotGenuine("certificate_malformed", say("The certificates in 'x5c' are too large."))
    return _read_chain(tuple(x5c))


@lru_cache(maxsize=128)  # an issuer seals thousands with one certificate, which is public
def _read_chain(texts: tuple[str, ...]) -> tuple[Certificate, ...]:
    chain = tuple(read_certificate(_decode(text)) for text in texts)
    for certificate, issuer in pairwise(chain):
        if not is_issued_by(certificate.x509, issuer.x509):
            raise NotGenuine("chain_broken", say("A certificate of the chain was not issued by the one after it."))
    _check_usage(chain[0].x509)
    return chain


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise NotGenuine(
            "certificate_malformed", say("A certificate of the seal is damaged: it is not base64.")
        ) from None


UNREADABLE: Final = (
    ValueError,
    TypeError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)
"""What the library raises for certificates that are damaged, or made to be."""


@lru_cache(maxsize=256)
def read_certificate(der: bytes) -> Certificate:
    """Read one DER certificate; raise NotGenuine or Unsupported as `read_chain` does."""
    try:
        found = x509.load_der_x509_certificate(der)
        common, organization, identifier = (_first(found.subject, oid) for oid in _NAMES)
        issuer = _first(found.issuer, NameOID.ORGANIZATION_NAME) or _first(found.issuer, NameOID.COMMON_NAME)
        key, _ = found.public_key(), found.extensions
        _ = found.not_valid_before_utc, found.not_valid_after_utc  # a year 0 is found out here
    except UNREADABLE:
        raise NotGenuine("certificate_malformed", say("A certificate of the seal is damaged.")) from None
    keys = SigningKey("x5t", _encode(hashlib.sha256(der).digest())), SigningKey("jwk", thumbprint(_check_key(key)))
    return Certificate(der, found, _check_key(key), keys, common, organization, identifier, issuer or _NOBODY)


_NAMES: Final = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATION_IDENTIFIER)


def _first(name: x509.Name, oid: ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else None


def _check_key(key: object) -> PublicKey:
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _LEAST_RSA_BITS:
            raise NotGenuine(
                "weak_key",
                say("A key of the seal is too weak: RSA of {bits} bits can be forged.", bits=key.key_size),
            )
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    raise Unsupported("key_type", say("The certificate's key is of a kind that is not supported."))


def _check_usage(certificate: x509.Certificate) -> None:
    usage = find_extension(certificate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise NotGenuine("certificate_not_for_signing", say("The certificate's key is not one to sign or seal with."))


_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


def find_extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    """Return an extension of a certificate by its class, None when it has none of it."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Say whether one certificate was signed by the key of another that may issue certificates."""
    constraints, usage = find_extension(issuer, x509.BasicConstraints), find_extension(issuer, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def check_thumbprints(header: Mapping[str, Any], chain: Sequence[Certificate]) -> None:
    """Hold every way in which a header points at its certificate against the one that came with it.

    Read are `x5t#S256`, `x5t`, and of JAdES `x5t#o`, `sigX5ts` and a `kid` that is an IssuerSerial. Raises NotGenuine
    (`certificate_swapped`, `malformed_jws`).
    """
    signer = chain[0]
    for name, digest in (("x5t#S256", hashlib.sha256), ("x5t", hashlib.sha1)):
        if name in header and header[name] != _encode(digest(signer.der).digest()):
            _refuse_swapped(name)
    listed = header.get("sigX5ts", [])
    pointers = [header["x5t#o"]] if "x5t#o" in header else []
    for pointer, certificate in [(x, signer) for x in pointers] + list(zip(_as_list(listed), chain, strict=False)):
        _check_pointer(pointer, certificate)
    kid = header.get("kid")
    if isinstance(kid, str) and not _fits_serial(kid, signer):
        _refuse_swapped("kid")


def _refuse_swapped(name: str) -> NoReturn:
    text = say(
        "The certificate that came with the seal is not the one that its header means by {name}.", name=repr(name)
    )
    raise NotGenuine("certificate_swapped", text)


def _as_list(value: object) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_CERTIFICATES:
        raise NotGenuine("malformed_jws", say("The header's 'sigX5ts' is damaged."))
    return value


_DIGESTS: Final = {"S256": hashlib.sha256, "S384": hashlib.sha384, "S512": hashlib.sha512}


def _check_pointer(pointer: object, certificate: Certificate) -> None:
    """Check one `{digAlg, digVal}` (ETSI TS 119 182-1, section 5.2.2.2)."""
    if not isinstance(pointer, Mapping):
        raise NotGenuine("malformed_jws", say("The header's digest of its certificate is damaged."))
    digest = _DIGESTS.get(str(pointer.get("digAlg")))
    if digest is None:
        raise Unsupported(
            "digest", say("The digest of the seal's certificate is by an algorithm that is not supported.")
        )
    if pointer.get("digVal") != _encode(digest(certificate.der).digest()):
        _refuse_swapped("x5t#o")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@lru_cache(maxsize=128)
def _fits_serial(kid: str, certificate: Certificate) -> bool:
    """A `kid` that is base64 of an IssuerSerial (JAdES) has to be the certificate's; any other kid is a mere hint.

    Names are compared as RFC 5280, section 7.1: two encodings of one name are the same name.
    """
    from asn1crypto.tsp import IssuerSerial
    from asn1crypto.x509 import Name

    try:
        found = IssuerSerial.load(base64.b64decode(kid, validate=True), strict=True)
        issuer = Name.load(certificate.x509.issuer.public_bytes())
        named = any(name.chosen == issuer for name in found["issuer"] if name.name == "directory_name")
        return bool(named and found["serial_number"].native == certificate.x509.serial_number)
    except (binascii.Error, ValueError, TypeError):
        return True


def check_age(
    certificate: Certificate, signed_at: datetime | None, proven_at: datetime | None, now: datetime
) -> tuple[Finding, ...]:
    """Check that a certificate was valid when it signed, as far as that is known.

    `signed_at` is what the signer says, `proven_at` what a trusted authority proves. Raises NotGenuine
    (`certificate_not_valid_then`) when the signer's own time lies outside; remarks a certificate that is over by now
    when nothing proves that it was not over then.
    """
    moment = signed_at or now
    evidence = {name: certificate.describe()[name] for name in ("valid_from", "valid_until")}
    if signed_at is not None and not certificate.is_valid_at(moment):
        text = say(
            "It was sealed on {day}, when the certificate of {name} was not valid.",
            day=Written(parse_moment(format_instant(moment)[:10])),
            name=certificate.name,
        )
        raise NotGenuine("certificate_not_valid_then", text)
    if certificate.is_valid_at(proven_at or now):
        return ()
    text = say(
        "The certificate is not valid today, and no trusted timestamp shows that the seal was made while it was."
    )
    return (Finding("certificate_expired", "warning", text, evidence),)
