"""Timestamps: RFC 3161 tokens, what they cover, and whether somebody trusted says so.

A token says: the owner of this hash existed at this time. Anybody can run a time-stamping authority, so a token counts
as a time only when its certificate leads to a trust anchor that the verifier was given; else it is remarked.

Sources: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652 (CMS), ETSI TS 119 182-1, section 5.5 (containers in JAdES).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.x509.oid import ExtendedKeyUsageOID

from register.credentials.errors import CredentialError
from register.credentials.proofs.certificates import Certificate, read_certificate
from register.credentials.proofs.keys import PublicKey
from register.credentials.proofs.trust_anchors import find_anchor
from register.sentences import say

LARGEST: Final = 64 * 1024
"""Bytes of a token that are read at most."""

MOST_CERTIFICATES: Final = 8
_DIGESTS: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_HASHES: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class BadTimestamp(CredentialError):
    """A timestamp that is damaged, covers something else, or was not made by the certificate it names."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A timestamp that holds over what it covers; `trusted` only when its authority leads to a trust anchor."""

    time: datetime
    authority: str
    trusted: bool


def read_timestamp(
    token: bytes, covered: bytes, anchors: frozenset[bytes] = frozenset(), others: Iterable[Certificate] = ()
) -> Timestamp:
    """Return the time at which a token says that `covered` existed.

    `anchors` are DER certificates of authorities (of the time stamps themselves, or of who issued theirs), `others`
    certificates that may lie between. Raises BadTimestamp.
    """
    if len(token) > LARGEST:
        raise BadTimestamp(
            "timestamp_malformed", say("A timestamp of more than {most} bytes is not read.", most=LARGEST)
        )
    try:
        signed = _read_signed(token)
        # Taken before anything looks inside: what asn1crypto has looked at, it writes anew.
        content, attributes = _take(signed)
        info = tsp.TSTInfo.load(content, strict=True)
        _check_imprint(info, covered)
        carried = _list_certificates(signed)
        signer = _find_signer(signed, [*carried, *others])
        _check_signature(signed["signer_infos"][0], content, attributes, signer)
        time = info["gen_time"].native.astimezone(UTC)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, CredentialError) as error:
        if isinstance(error, BadTimestamp):
            raise
        raise BadTimestamp("timestamp_malformed", say("The timestamp is damaged and cannot be read.")) from None
    _check_purpose(signer, time)
    return Timestamp(time, signer.name, find_anchor((signer, *carried), others, anchors, time) is not None)


def _read_signed(token: bytes) -> Any:
    """Return the SignedData of a token."""
    found = cms.ContentInfo.load(token, strict=True)
    if found["content_type"].native != "signed_data":
        raise ValueError("no signed data")
    signed = found["content"]
    if signed["encap_content_info"]["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
        raise ValueError("no timestamp of one signer")
    return signed


def _take(signed: Any) -> tuple[bytes, bytes]:
    """Return the TSTInfo and the signed attributes, byte by byte as they came."""
    return signed["encap_content_info"]["content"].contents, signed["signer_infos"][0]["signed_attrs"].dump()


def _check_imprint(info: Any, covered: bytes) -> None:
    name = info["message_imprint"]["hash_algorithm"]["algorithm"].native
    if name not in _DIGESTS:
        raise BadTimestamp(
            "timestamp_weak", say("The timestamp rests on the hash {name}, which is not accepted.", name=repr(name))
        )
    if info["message_imprint"]["hashed_message"].native != _DIGESTS[name](covered).digest():
        raise BadTimestamp("timestamp_of_other", say("The timestamp is of something else."))


def _list_certificates(signed: Any) -> list[Certificate]:
    found = [choice.chosen.dump() for choice in signed["certificates"] or () if choice.name == "certificate"]
    if len(found) > MOST_CERTIFICATES:
        raise BadTimestamp("timestamp_malformed", say("The timestamp carries too many certificates."))
    return [read_certificate(der) for der in found]


def _find_signer(signed: Any, certificates: Iterable[Certificate]) -> Certificate:
    """Find the certificate by the digest that the signature covers (ESSCertID), not by its mere name."""
    for attribute in signed["signer_infos"][0]["signed_attrs"]:
        kind = attribute["type"].native
        if kind in ("signing_certificate_v2", "signing_certificate"):
            named = attribute["values"][0]["certs"][0]
            digest = _digest_of(named) if kind == "signing_certificate_v2" else hashlib.sha1
            for certificate in certificates:
                if digest(certificate.der).digest() == named["cert_hash"].native:
                    return certificate
    raise BadTimestamp(
        "timestamp_without_certificate", say("The timestamp does not carry the certificate that made it.")
    )


def _digest_of(named: Any) -> Any:
    return _DIGESTS[named["hash_algorithm"]["algorithm"].native]


def _check_signature(signer_info: Any, content: bytes, signed: bytes, signer: Certificate) -> None:
    """Check the signed attributes against the content and their signature against the certificate (RFC 5652, 5.4)."""
    attributes = signer_info["signed_attrs"]
    values = {attribute["type"].native: attribute["values"] for attribute in attributes}
    if len(values) != len(attributes):
        raise ValueError("an attribute stands twice")
    digest = signer_info["digest_algorithm"]["algorithm"].native
    if values["content_type"][0].native != "tst_info" or digest not in _DIGESTS:
        raise ValueError("attributes of something else")
    if values["message_digest"][0].native != _DIGESTS[digest](content).digest():
        raise BadTimestamp("timestamp_altered", say("The timestamp was altered after it was made."))
    try:
        # What is signed is the attributes as the SET OF that they are, under its own tag (RFC 5652, section 5.4).
        _verify(signer_info, signer.public_key, b"\x31" + signed[1:])
    except (InvalidSignature, UnsupportedAlgorithm):
        raise BadTimestamp("timestamp_altered", say("The signature of the timestamp does not hold.")) from None


def _verify(signer_info: Any, key: PublicKey, signed: bytes) -> None:
    """Verify by the kind of key; the algorithm named has to be one for it."""
    algorithm, signature = signer_info["signature_algorithm"], signer_info["signature"].native
    kind = algorithm.signature_algo
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, signed)
        return
    name = algorithm.hash_algo if algorithm["algorithm"].native not in ("rsassa_pkcs1v15", "rsa") else None
    hashed = _HASHES[name or signer_info["digest_algorithm"]["algorithm"].native]()
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(hashed))
    elif kind == "rsassa_pss":
        key.verify(signature, signed, padding.PSS(padding.MGF1(hashed), padding.PSS.AUTO), hashed)
    else:
        key.verify(signature, signed, padding.PKCS1v15(), hashed)


def _check_purpose(signer: Certificate, time: datetime) -> None:
    """The certificate has to be for time-stamping and nothing else, critically so (RFC 3161, section 2.3)."""
    try:
        usage = signer.x509.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        usage = None
    if usage is None or not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise BadTimestamp(
            "timestamp_not_by_authority", say("The timestamp was made with a certificate not made for it.")
        )
    if not signer.is_valid_at(time):
        raise BadTimestamp("timestamp_expired", say("The timestamp was made when its certificate was not valid."))
