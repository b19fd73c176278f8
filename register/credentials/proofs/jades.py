"""JAdES: the seal of a European Digital Credential: whole, by which certificate, and when.

An EDC is a JWS in JSON: `payload` (with `b64: false` the very text) and one or more signatures with a protected header
that carries certificate (`x5c`), signing time (`sigT`, or `iat` since 2024) and often a timestamp of the content
(`adoTst`); unprotected `etsiU` holds what was added later, first a timestamp of the signature (`sigTst`).

Only a timestamp of the signature proves when the seal was made: one of the content proves that the content existed, and
whoever steals the key later can still seal it. So only the former becomes the signature's `timestamp`.

Not read: archive timestamps, revocation lists and OCSP answers inside `etsiU`. That the certificate's authority stands
on a trusted list is checked only against the anchors given.

Sources: ETSI TS 119 182-1 V1.1.1 and V1.2.1; RFC 7515, section 7.2; RFC 7797.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from register.credentials.errors import CredentialError, NotGenuine, Unsupported
from register.credentials.names import compare_names
from register.credentials.ports import Fetch
from register.credentials.presented import Presented, Signature
from register.credentials.proofs import certificates, jws, jwt_claims
from register.credentials.proofs.certificates import Certificate
from register.credentials.proofs.timestamps import BadTimestamp, Timestamp, read_timestamp
from register.credentials.proofs.trust_anchors import NO_ANCHORS, TrustAnchors, find_anchor, spell_identifier
from register.credentials.report import Finding
from register.moments import format_instant, parse_moment
from register.sentences import Written, say

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of a sealed credential that are read at most."""

MOST_SIGNATURES: Final = 5
MOST_TIMESTAMPS: Final = 10
TOLERANCE: Final = timedelta(minutes=5)
"""How far clocks of sealer, authority and ours may be apart."""

UNDERSTOOD: Final = frozenset({"b64", "sigT", "iat", "adoTst", "x5t#o", "sigX5ts", "srCms", "sigPl"})
"""Parameters that may be critical: each is checked below, or (`sigPl`) only tells a place."""

KNOWN: Final = frozenset({"sigD", "sigPId", "srAts", "exp", "nbf"})
"""Parameters that JAdES or JWT define and that are not checked here."""

_COMMITMENT: Final = "http://uri.etsi.org/01903/v1.2.2#Proof"
_COMMITMENTS: Final = frozenset(_COMMITMENT + name for name in ("OfOrigin", "OfApproval", "OfSender", "OfCreation"))


@dataclass(frozen=True, slots=True)
class _Part:
    """One signature of the JWS with its own headers, as it came."""

    protected: str
    header: Mapping[str, Any]
    later: tuple[Mapping[str, Any], ...]
    signature: str


def check(
    presented: Presented, fetch: Fetch, now: datetime, anchors: TrustAnchors | None = None
) -> tuple[Signature, ...]:
    """Return the seals of a European Digital Credential, each of which holds over exactly its payload.

    Nothing is fetched. Raises NotGenuine for a seal that does not hold or contradicts itself, Unsupported for one that
    depends on what is not checked here.
    """
    payload, parts = _read_jws(presented.raw)
    signatures = tuple(_check_part(part, payload, now, anchors or NO_ANCHORS) for part in parts)
    return tuple(replace(one, findings=(*one.findings, *_compare_issuer(presented, one))) for one in signatures)


def _read_jws(raw: bytes) -> tuple[str, tuple[_Part, ...]]:
    """Return the payload as it stands in the JWS and its signatures, from general or flattened form."""
    if len(raw) > LARGEST:
        raise NotGenuine(
            "malformed_jws", say("A sealed credential of more than {most} bytes is not read.", most=LARGEST)
        )
    outer = jws.read_object(raw, say("sealed credential"))
    general = set(outer) == {"payload", "signatures"}
    if not general and not {"payload", "protected", "signature"} <= set(outer) <= {*_FLATTENED, "payload"}:
        raise NotGenuine(
            "malformed_jws", say("The sealed credential holds something besides one payload and its seals.")
        )
    payload, found = outer["payload"], outer["signatures"] if general else [outer]
    if not isinstance(payload, str) or not payload or not isinstance(found, list):
        raise NotGenuine("malformed_jws", say("The sealed credential has no payload or no seal."))
    if not 0 < len(found) <= MOST_SIGNATURES:
        raise NotGenuine(
            "malformed_jws",
            say("Expected 1 to {most} seals, got {count}.", most=MOST_SIGNATURES, count=len(found)),
        )
    return payload, tuple(_read_part(part, {"payload"} if not general else set()) for part in found)


_FLATTENED: Final = frozenset({"protected", "header", "signature"})


def _read_part(part: object, besides: set[str]) -> _Part:
    if not isinstance(part, Mapping) or not set(part) <= _FLATTENED | besides:
        raise NotGenuine("malformed_jws", say("A seal of the credential is damaged."))
    protected, signature, unprotected = part.get("protected"), part.get("signature"), part.get("header", {})
    if not isinstance(protected, str) or not isinstance(signature, str) or not isinstance(unprotected, Mapping):
        raise NotGenuine("malformed_jws", say("A seal of the credential is damaged."))
    if not set(unprotected) <= {"etsiU"}:
        raise NotGenuine(
            "unprotected_header", say("A part of the seal's header that matters is not covered by the seal.")
        )
    return _Part(protected, jws.read_header(protected), tuple(_read_later(unprotected.get("etsiU", []))), signature)


def _read_later(items: object) -> Iterator[Mapping[str, Any]]:
    """Give the members of `etsiU`, each an object or base64url of one (ETSI TS 119 182-1, section 5.3.1)."""
    if not isinstance(items, list):
        raise NotGenuine("malformed_jws", say("The unprotected part of the seal is damaged."))
    for item in items:
        yield item if isinstance(item, Mapping) else _open_item(item)


def _open_item(item: object) -> Mapping[str, Any]:
    if not isinstance(item, str):
        raise NotGenuine("malformed_jws", say("The unprotected part of the seal is damaged."))
    what = say("unprotected part of the seal")
    return jws.read_object(jws.decode_base64url(item, what), what)


def _check_part(part: _Part, payload: str, now: datetime, anchors: TrustAnchors) -> Signature:
    header = part.header
    _check_header(header)
    _check_encoding(header, payload)
    chain = _read_chain(header)
    signed = f"{part.protected}.{payload}".encode()
    jws.verify(header["alg"], chain[0].public_key, signed, jws.decode_base64url(part.signature, say("seal")))
    created = _read_signing_time(header, now)
    others = tuple(_list_values(part.later))
    content = [*_read_content_stamps(header, payload, anchors, others)]
    stamps, findings = _read_signature_stamps(part, anchors, others)
    proven = min((stamp.time for stamp in stamps if stamp.trusted), default=None)
    _check_order(created, content, proven)
    aged = certificates.check_age(chain[0], created, proven, now)
    anchor = find_anchor(chain, others, anchors.sealing, proven or created or now)
    return Signature(
        suite=f"JAdES {header['alg']}",
        keys=(*chain[0].keys, *(spell_identifier(chain[0]) if anchor else ())),
        created=created,
        timestamp=proven,
        certificate=chain[0].describe(anchor.name if anchor else None),
        findings=(_tell_sealer(chain[0], anchor), *aged, *_tell_stamps([*content, *stamps]), *findings),
    )


def _check_header(header: Mapping[str, Any]) -> None:
    jws.check_critical(header, UNDERSTOOD, KNOWN)
    if header.get("b64", True) is not True and "b64" not in header.get("crit", ()):
        raise NotGenuine("crit_malformed", say("The seal's 'b64' has to be called critical (RFC 7797, section 6)."))
    if not isinstance(header.get("b64", True), bool):
        raise NotGenuine("malformed_jws", say("The seal's 'b64' is neither true nor false."))
    if "sigD" in header:
        raise Unsupported("detached", say("The seal covers objects that lie elsewhere (sigD), which is not supported."))
    for commitment in _list(header, "srCms"):
        named = commitment.get("commId", {}) if isinstance(commitment, Mapping) else {}
        if not isinstance(named, Mapping) or named.get("id") not in _COMMITMENTS or set(commitment) != {"commId"}:
            raise Unsupported("commitment", say("The sealer says that the seal is for something else than issuing."))


def _check_encoding(header: Mapping[str, Any], payload: str) -> None:
    """The payload has to be written as its seal says; a reader that goes by its looks reads the same (RFC 7797)."""
    plain = payload.lstrip().startswith("{")
    if plain is header.get("b64", True):
        raise NotGenuine("b64_contradicts", say("The payload is not encoded as the seal says it is."))
    if not plain:
        jws.decode_base64url(payload, say("payload"))


def _list(header: Mapping[str, Any], name: str) -> list[Any]:
    value = header.get(name, [])
    if not isinstance(value, list):
        raise NotGenuine("malformed_jws", say("The seal's {name} is damaged.", name=repr(name)))
    return value


def _read_chain(header: Mapping[str, Any]) -> Sequence[Certificate]:
    if "x5c" not in header:
        raise Unsupported(
            "no_certificate", say("The seal does not carry its certificate, and nothing else shows its key.")
        )
    chain = certificates.read_chain(header["x5c"])
    certificates.check_thumbprints(header, chain)
    return chain


def _read_signing_time(header: Mapping[str, Any], now: datetime) -> datetime | None:
    """Read `sigT` or, since V1.2.1, `iat`; where both stand they have to agree."""
    found = jwt_claims.read_instant(header, "iat")
    if "sigT" in header:
        try:
            written = parse_moment(header["sigT"])
        except ValueError:
            raise NotGenuine("malformed_jws", say("The seal's signing time (sigT) is no date.")) from None
        if found is not None and abs(found - written) > timedelta(seconds=1):
            raise NotGenuine("claims_contradict", say("The seal states two signing times, and they differ."))
        found = written
    if found is not None and found > now + TOLERANCE:
        raise NotGenuine("signed_in_future", say("The seal says that it was made at a time that is yet to come."))
    return found


def _read_content_stamps(
    header: Mapping[str, Any], payload: str, anchors: TrustAnchors, others: Sequence[Certificate]
) -> Iterator[Timestamp]:
    """Read `adoTst`: it stands under the seal and covers the payload as transmitted, so it has to be whole."""
    if "adoTst" not in header:
        return
    try:
        for token in _list_tokens(header["adoTst"]):
            yield read_timestamp(token, payload.encode(), anchors.timestamping, others)
    except BadTimestamp as error:
        raise NotGenuine(
            error.code, say("The timestamp under the seal is not of this content: {fault}", fault=error.message)
        ) from None


def _read_signature_stamps(
    part: _Part, anchors: TrustAnchors, others: Sequence[Certificate]
) -> tuple[list[Timestamp], list[Finding]]:
    """Read each `sigTst`: anybody can add or spoil one, so a bad one is left out and remarked."""
    stamps: list[Timestamp] = []
    findings: list[Finding] = []
    for item in part.later:
        if "sigTst" not in item:
            continue
        try:
            tokens = _list_tokens(item["sigTst"])
            stamps += [read_timestamp(token, part.signature.encode(), anchors.timestamping, others) for token in tokens]
        except BadTimestamp as error:
            text = say("A timestamp beside the seal was left out of account: {fault}", fault=error.message)
            findings.append(Finding("timestamp_left_out", "warning", text, {"code": error.code}))
    return stamps, findings


def _list_tokens(container: object) -> list[bytes]:
    """Return the RFC 3161 tokens of a `tstContainer` (section 5.4.3.3), in base64."""
    tokens = container.get("tstTokens") if isinstance(container, Mapping) else None
    if not isinstance(container, Mapping) or not isinstance(tokens, list) or not 0 < len(tokens) <= MOST_TIMESTAMPS:
        raise BadTimestamp("timestamp_malformed", say("A timestamp of the seal is damaged."))
    if container.get("canonAlg") is not None:
        raise BadTimestamp("timestamp_canonicalised", say("A timestamp is of the content in another form."))
    try:
        return [base64.b64decode(token["val"], validate=True) for token in tokens]
    except (binascii.Error, ValueError, TypeError, KeyError):
        raise BadTimestamp("timestamp_malformed", say("A timestamp of the seal is damaged.")) from None


def _list_values(later: Sequence[Mapping[str, Any]]) -> Iterator[Certificate]:
    """Give the certificates kept in `xVals` (section 5.3.5); they may lead to an anchor and prove nothing else."""
    kept = [item["xVals"] for item in later if isinstance(item.get("xVals"), list)]
    for value in [value for values in kept for value in values][: certificates.MOST_CERTIFICATES]:
        try:
            yield certificates.read_certificate(base64.b64decode(value["x509Cert"]["val"], validate=True))
        except (binascii.Error, ValueError, TypeError, KeyError, CredentialError):
            continue


def _check_order(created: datetime | None, content: Sequence[Timestamp], proven: datetime | None) -> None:
    """Content is stamped before it is sealed, and a seal after; trusted times that say otherwise catch a lie."""
    before = max((stamp.time for stamp in content if stamp.trusted), default=None)
    made = [moment for moment in (before, created, proven) if moment is not None]
    if any(later < earlier - TOLERANCE for earlier, later in pairwise(made)):
        raise NotGenuine(
            "times_contradict", say("The seal's own time and the trusted timestamps contradict each other.")
        )


def _compare_issuer(presented: Presented, signature: Signature) -> Iterator[Finding]:
    """Remark a certificate that bears neither a name nor the organisation identifier of the issuer that is named."""
    issuer, certificate = presented.document.get("issuer"), signature.certificate or {}
    if not isinstance(issuer, Mapping):
        return
    said = [name for member in ("legalName", "altLabel") for name in _list_texts(issuer.get(member))]
    known = [name for name in certificate["names"] if name]
    odd = [compare_names(name, known) for name in said]
    stated = [
        text for member in ("eIDASIdentifier", "eIDASLegalIdentifier") for text in _list_texts(issuer.get(member))
    ]
    own = certificate["organization_identifier"]
    contradicted = bool(own and stated and own not in stated)
    if contradicted or (odd and None not in odd):
        imitated = next((code for code in odd if code in ("name_imitates", "name_looks_like")), None)
        name = certificate["name"]
        text = say("It was sealed by {name}, which is not how the credential names its issuer.", name=name)
        yield Finding(imitated or "sealer_differs", "warning", text, {"sealed_by": known, "identifier": own})


def _list_texts(value: object) -> Iterator[str]:
    """Give the texts of a name by languages, or the notations of identifiers."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            yield from (_list_texts(item["notation"]) if "notation" in item else _list_texts([*item.values()]))


def _tell_sealer(signer: Certificate, anchor: Certificate | None) -> Finding:
    named, identifier = signer.name, signer.organization_identifier
    if identifier:
        named = say("{name} ({identifier})", name=named, identifier=identifier)
    if anchor:
        text = say(
            "Sealed with the certificate of {named}, issued by an authority you trust, {authority}.",
            named=named,
            authority=anchor.name,
        )
    else:
        text = say(
            "Sealed with the certificate of {named}, issued by {authority}; whether that authority is on a trusted "
            "list was not checked.",
            named=named,
            authority=signer.issuer_name,
        )
    return Finding("sealed", "pass", text, signer.describe(anchor.name if anchor else None))


def _tell_stamps(stamps: Sequence[Timestamp]) -> Iterator[Finding]:
    """Say which timestamps counted; one that did not leaves the seal as good as it would be without."""
    for stamp in {(stamp.authority, stamp.trusted): stamp for stamp in reversed(stamps)}.values():
        evidence = {"time": format_instant(stamp.time), "authority": stamp.authority}
        if stamp.trusted:
            text = say(
                "{authority}, a time-stamping authority you trust, saw it on {day}.",
                authority=stamp.authority,
                day=Written(parse_moment(evidence["time"][:10])),
            )
            yield Finding("timestamp", "pass", text, evidence)
        else:
            text = say(
                "A timestamp by {authority} was not counted: nobody here vouches for that authority.",
                authority=stamp.authority,
            )
            yield Finding("timestamp_untrusted", "pass", text, evidence)
