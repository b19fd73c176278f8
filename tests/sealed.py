"""Sealed European Digital Credentials for tests: certificate authorities, seals, time-stamping authorities, JAdES.

Everything is real: X.509 chains made with cryptography, RFC 3161 tokens in CMS, signatures over the bytes themselves.
The organisations are made up and so is what they award; nobody is named as a holder. `python -m tests.sealed` writes
fixtures/sealed anew, whose keys are thrown away.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

SEALED_AT: Final = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)
FROM, UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
NOW: Final = datetime(2026, 2, 1, tzinfo=UTC)
"""The day on which tests verify, unless they say otherwise: all certificates are still valid."""


@cache
def make_key(kind: str = "P-256", which: str = "") -> PrivateKey:
    """Return a private key of a kind: RSA by its bits (`2048`), a curve, or `Ed25519`; `which` tells several apart."""
    if kind.isdigit():
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind))
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}[kind])


@dataclass(frozen=True)
class Holder:
    """Who holds a certificate: its key, and the chain, its own certificate first."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def der(self) -> bytes:
        return to_der(self.certificate)

    @property
    def x5t(self) -> str:
        return encode(hashlib.sha256(self.der).digest())


def to_der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _name(organization: str, common: str, identifier: str | None) -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, "NL"), (NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common)]
    parts += [(NameOID.ORGANIZATION_IDENTIFIER, identifier)] if identifier else []
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def issue(
    issuer: Holder | None,
    organization: str,
    *,
    identifier: str | None = None,
    key: PrivateKey | None = None,
    ca: bool = False,
    path_length: int | None = None,
    purpose: x509.ObjectIdentifier | None = None,
    critical: bool = True,
    seals: bool = True,
    valid: tuple[datetime, datetime] = (FROM, UNTIL),
    extension: x509.ExtensionType | None = None,
) -> Holder:
    """Issue a certificate; without an issuer it signs itself."""
    own = key or make_key("P-256", organization)
    subject = _name(organization, f"{organization} {'CA' if ca else 'Seal'}", identifier)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
        .add_extension(_usage(ca=ca, seals=seals), critical=True)
    )
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=critical)
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    signer = issuer.key if issuer else own
    hashed = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    certificate = builder.sign(signer, hashed)
    return Holder(own, (certificate, *(issuer.chain if issuer else ())))


def _usage(*, ca: bool, seals: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=seals and not ca,
        content_commitment=seals and not ca,
        key_encipherment=not seals,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


@cache
def make_root(name: str = "Made-up Trust Services") -> Holder:
    return issue(None, name, ca=True)


@cache
def make_sealer(
    organization: str = "Academy of Example", identifier: str | None = "VATNL-000099998B57", kind: str = "2048"
) -> Holder:
    """Return a sealer whose certificate an intermediate authority issued; the chain ends at `make_root()`."""
    between = issue(make_root(), "Made-up Issuing Authority", ca=True, path_length=0)
    return issue(between, organization, identifier=identifier, key=make_key(kind, organization))


@cache
def make_tsa(name: str = "Made-up Time", root: str = "Made-up Time Root", kind: str = "P-256") -> Holder:
    key = make_key(kind, name)
    return issue(make_root(root), name, key=key, purpose=ExtendedKeyUsageOID.TIME_STAMPING)


def stamp(
    covered: bytes, at: datetime, tsa: Holder | None = None, *, digest: str = "sha256", changes: Mapping[str, Any] = {}
) -> bytes:
    """Make an RFC 3161 token over `covered`; `changes` replace fields of the TSTInfo."""
    authority = tsa or make_tsa()
    imprint = hashlib.new(digest, covered).digest()
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "1.2.3.4",
            "message_imprint": {"hash_algorithm": {"algorithm": digest}, "hashed_message": imprint},
            "serial_number": secrets.randbits(60),
            "gen_time": at,
            **changes,
        }
    )
    content = info.dump()
    attributes = _list_attributes(content, authority, at)
    signature = sign(_algorithm_of(authority.key), authority.key, attributes.dump(), der=True)
    return _wrap(content, attributes, signature, authority)


def _list_attributes(content: bytes, authority: Holder, at: datetime) -> cms.CMSAttributes:
    certificate = tsp.SigningCertificateV2(
        {"certs": [{"hash_algorithm": {"algorithm": "sha256"}, "cert_hash": hashlib.sha256(authority.der).digest()}]}
    )
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": at})]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [certificate]}),
        ]
    )


def _wrap(content: bytes, attributes: cms.CMSAttributes, signature: bytes, authority: Holder) -> bytes:
    own = asn1_x509.Certificate.load(authority.der)
    name = {"RS256": "sha256_rsa", "ES256": "sha256_ecdsa", "Ed25519": "ed25519"}[_algorithm_of(authority.key)]
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}},
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": name},
            "signature": signature,
        }
    )
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
            "certificates": [asn1_x509.Certificate.load(to_der(one)) for one in authority.chain],
            "signer_infos": [signer],
        }
    )
    found: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
    return found


def _algorithm_of(key: PrivateKey) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {256: "ES256", 384: "ES384", 521: "ES512"}[key.curve.key_size]
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else "Ed25519"


def sign(algorithm: str, key: PrivateKey, data: bytes, *, der: bool = False) -> bytes:
    """Sign by a JWS algorithm, without looking whether the key is of its kind's size or curve."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    hashed = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(data, ec.ECDSA(hashed))
        size = (key.curve.key_size + 7) // 8
        return signature if der else b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(signature))
    if algorithm.startswith("PS"):
        return key.sign(data, padding.PSS(padding.MGF1(hashed), hashed.digest_size), hashed)
    return key.sign(data, padding.PKCS1v15(), hashed)


def make_edc(**changes: Any) -> dict[str, Any]:
    """Return a European Digital Credential in ELM 3: a micro-credential of EQF level 6, awarded by who seals it."""
    country = {"id": "http://publications.europa.eu/resource/authority/country/NLD", "type": "Concept"}
    issuer = {
        "id": "urn:epass:org:1",
        "type": "Organisation",
        "legalName": {"en": "Academy of Example"},
        "eIDASIdentifier": {"type": "LegalIdentifier", "notation": "VATNL-000099998B57", "spatial": country},
        "location": {"type": "Location", "address": {"type": "Address", "countryCode": country}},
    }
    claim = {
        "id": "urn:epass:learningAchievement:1",
        "type": "LearningAchievement",
        "title": {"en": "Reading old maps"},
        "awardedBy": {"type": "AwardingProcess", "awardingBody": issuer},
        "specifiedBy": {
            "type": "Qualification",
            "eqfLevel": {"id": "http://data.europa.eu/snb/eqf/6", "type": "Concept"},
            "thematicArea": {"id": "http://data.europa.eu/snb/isced-f/0532", "type": "Concept"},
        },
    }
    document = {
        "@context": ["https://www.w3.org/2018/credentials/v1", "http://data.europa.eu/snb/model/context/edc-ap"],
        "id": "urn:credential:00000000-0000-4000-8000-000000000001",
        "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
        "credentialProfiles": {"id": "http://data.europa.eu/snb/credential/e34929035b", "type": "Concept"},
        "issuer": issuer,
        "issuanceDate": "2025-03-01T10:00:00+01:00",
        "issued": "2025-03-01T10:00:00+01:00",
        "validFrom": "2025-03-01T00:00:00Z",
        "credentialSubject": {"id": "urn:epass:person:1", "type": "Person", "hasClaim": claim},
    }
    return document | changes


def seal(
    document: Mapping[str, Any] | str,
    sealer: Holder | None = None,
    *,
    algorithm: str | None = None,
    at: datetime = SEALED_AT,
    header: Mapping[str, Any] = {},
    without: Sequence[str] = (),
    content_stamp: bytes | None = None,
    signature_stamps: Sequence[bytes | Holder] = (),
    later: Sequence[Mapping[str, Any]] = (),
    b64: bool = False,
    flattened: bool = False,
) -> bytes:
    """Seal a credential as the European platform does and return the JWS in JSON.

    `header` adds or replaces protected parameters, `without` takes some out; `crit` follows. A Holder among
    `signature_stamps` is a time-stamping authority that stamps the signature three seconds after `at`.
    """
    holder = sealer or make_sealer()
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    payload = encode(text.encode()) if b64 else text
    stamps = {} if content_stamp is None else {"adoTst": _contain([content_stamp])}
    protected = _make_header(holder, algorithm, at, b64=b64) | stamps
    protected["crit"] = [name for name in ("b64", "sigT", "adoTst") if name in protected and name not in without]
    protected = {name: value for name, value in {**protected, **header}.items() if name not in without}
    part = encode(json.dumps(protected).encode())
    signature = encode(sign(protected["alg"], holder.key, f"{part}.{payload}".encode()))
    tokens = [_stamp_signature(one, signature, at) if isinstance(one, Holder) else one for one in signature_stamps]
    added = [{"sigTst": _contain(tokens)}] * bool(tokens) + list(later)
    one: dict[str, Any] = {"protected": part, "signature": signature}
    if added:
        one["header"] = {"etsiU": [encode(json.dumps(item).encode()) for item in added]}
    return json.dumps({"payload": payload, **one} if flattened else {"payload": payload, "signatures": [one]}).encode()


def _make_header(holder: Holder, algorithm: str | None, at: datetime, *, b64: bool) -> dict[str, Any]:
    return {
        "alg": algorithm or _algorithm_of(holder.key),
        "cty": "octet-stream",
        "kid": name_certificate(holder.certificate),
        "x5t#S256": holder.x5t,
        "x5c": [base64.b64encode(to_der(one)).decode() for one in holder.chain],
        "typ": "jose+json",
        **({} if b64 else {"b64": False}),
        "sigT": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def name_certificate(certificate: x509.Certificate) -> str:
    """Return the `kid` of JAdES: base64 of the IssuerSerial of a certificate."""
    issuer = asn1_x509.Name.load(certificate.issuer.public_bytes())
    names = [asn1_x509.GeneralName(name="directory_name", value=issuer)]
    serial = tsp.IssuerSerial({"issuer": names, "serial_number": certificate.serial_number})
    return base64.b64encode(serial.dump()).decode()


def _contain(tokens: Sequence[bytes]) -> dict[str, Any]:
    return {"tstTokens": [{"val": base64.b64encode(token).decode()} for token in tokens]}


def _stamp_signature(tsa: Holder, signature: str, at: datetime) -> bytes:
    return stamp(signature.encode(), at + timedelta(seconds=3), tsa)


FIXTURE: Final = Path(__file__).parent.parent / "fixtures" / "sealed"


def write_fixture() -> None:
    """Write a sealed credential as large as real ones, with timestamps, and the authority behind them."""
    forever = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC))
    name, number = "Demonstration Academy", "VATNL-000000000B00"
    authority = issue(None, "Demonstration Trust Services", ca=True, valid=forever)
    sealer = issue(authority, name, identifier=number, key=make_key("2048", name), valid=forever)
    clock = issue(authority, "Demonstration Time", purpose=ExtendedKeyUsageOID.TIME_STAMPING, valid=forever)
    document = make_edc(displayParameter={"type": "DisplayParameter", "picture": "iVBORw0KGgo" + "A" * 100_000})
    document["issuer"] |= {"legalName": {"en": name}, "eIDASIdentifier": {"notation": number}}
    text = json.dumps(document, ensure_ascii=False)
    raw = seal(text, sealer, content_stamp=stamp(text.encode(), SEALED_AT, clock), signature_stamps=[clock])
    FIXTURE.mkdir(exist_ok=True)
    (FIXTURE / "micro-credential.json").write_bytes(raw)
    (FIXTURE / "authority.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))


if __name__ == "__main__":
    write_fixture()
