"""JOSE: credentials that are JWTs: `vc+jwt`, JWTs with a `vc` claim, and Open Badges 3.0 as JWT.

The key comes from where the issuer publishes it: the header's `kid`, a DID URL or an https address, or the issuer's own
DID. A key in the header itself (`jwk`, `x5c`) shows that the credential is whole and nothing about who signed it: that
is left for the register to say, and remarked. `jku` and `x5u` are never followed.

Sources: RFC 7515, 7519, 8725; Securing Verifiable Credentials using JOSE and COSE; Open Badges 3.0, section 8.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from register.credentials.errors import NotGenuine, Unreachable, Unsupported
from register.credentials.ports import Fetch
from register.credentials.presented import Presented, Signature, SigningKey
from register.credentials.proofs import certificates, dids, jws, jwt_claims
from register.credentials.proofs.binding import check_controller, check_method, read_issuer
from register.credentials.proofs.keys import PublicKey, read_jwk, spell
from register.credentials.report import Finding
from register.sentences import say

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a JWT that are read at most; pictures make badges large."""

TOLERANCE: Final = timedelta(minutes=5)
"""How far another's clock may be ahead of ours."""

_HEADER: Final[Mapping[str, type | tuple[type, ...]]] = {
    "typ": str, "cty": str, "kid": str, "jku": str, "x5u": str, "jwk": dict, "x5c": list, "iss": str, "b64": bool,
}  # fmt: skip
_NOT_CREDENTIALS: Final = ("vp+jwt", "kb+jwt", "at+jwt", "status-list+jwt", "statuslist+jwt", "trust-statement+jwt")


@dataclass(frozen=True, slots=True)
class _Signer:
    """Whose key signed, as far as the credential leads to it."""

    public_key: PublicKey
    keys: tuple[SigningKey, ...]
    controller: str | None = None
    certificate: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()


def check(presented: Presented, fetch: Fetch, now: datetime) -> tuple[Signature, ...]:
    """Return the one signature of a compact JWS; it holds over the credential and, if it can be told, is the issuer's.

    Raises NotGenuine for a signature that does not hold, that somebody else than the issuer made, or a payload that
    contradicts itself; Unsupported when nothing says which key signed; Unreachable for a key out of reach.
    """
    header, payload, signed, signature = _split(presented.raw)
    credential = jwt_claims.unwrap(payload, header.get("typ"))
    if presented.document not in (payload, credential):
        raise NotGenuine("other_document", say("What was read is not what was signed."))
    issuer = _name_issuer(credential, header)
    created = jwt_claims.read_instant(payload, "iat")
    signer = _find_signer(header, issuer, created, fetch, now)
    jws.verify(header["alg"], signer.public_key, signed, signature)
    if created is not None and created > now + TOLERANCE:
        raise NotGenuine(
            "signed_in_future", say("The credential says that it was signed at a time that is yet to come.")
        )
    return (
        Signature(
            suite=f"JWT {header['alg']}",
            keys=signer.keys,
            controller=signer.controller,
            created=created,
            certificate=signer.certificate,
            findings=(*signer.findings, *(check_controller(signer.controller, issuer) if signer.controller else ())),
        ),
    )


def _split(raw: bytes) -> tuple[Mapping[str, Any], Mapping[str, Any], bytes, bytes]:
    """Return header, payload, signing input and signature of a compact JWS (RFC 7515, section 7.1)."""
    parts = raw.split(b".") if len(raw) <= LARGEST else []
    if len(parts) != 3 or not raw.isascii():
        raise NotGenuine("malformed_jws", say("Expected a signed JWT: three parts joined by dots."))
    head, body, tail = (part.decode("ascii") for part in parts)
    header = jws.read_header(head)
    for name, kind in _HEADER.items():
        if name in header and not isinstance(header[name], kind):
            raise NotGenuine("malformed_jws", say("The header's {name} is damaged.", name=repr(name)))
    jws.check_critical(header, ("b64",))
    if header.get("b64") is False:
        raise NotGenuine("b64_in_jwt", say("The payload of a JWT has to be base64url (RFC 7797, section 7)."))
    if str(header.get("typ", "")).lower().removeprefix("application/") in _NOT_CREDENTIALS:
        raise NotGenuine("other_type", say("The JWT is no credential but {type}.", type=repr(header["typ"][:40])))
    what = say("payload")
    payload = jws.read_object(jws.decode_base64url(body, what), what)
    return header, payload, f"{head}.{body}".encode(), jws.decode_base64url(tail, say("signature"))


def _name_issuer(credential: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """Return the address of the issuer, a DID or URL; the header's `iss` may repeat it (VC-JOSE-COSE, section 4.1)."""
    named = read_issuer(credential)
    if header.get("iss", named) != named:
        raise NotGenuine("claims_contradict", say("The header's 'iss' and the credential's issuer are not the same."))
    return named


def _find_signer(
    header: Mapping[str, Any], issuer: str, signed_at: datetime | None, fetch: Fetch, now: datetime
) -> _Signer:
    """Find the key: where the issuer publishes it, else in the header, where anybody can put one."""
    address = _address_key(header, issuer)
    carried = _read_carried(header, now)
    if address is None:
        if carried is None:
            raise Unsupported(
                "key_not_named", say("Nothing in the credential says with which of its keys the issuer signed.")
            )
        return carried
    signer = _resolve(address, signed_at, fetch, now)
    if carried is not None and not set(signer.keys) & set(carried.keys):
        raise NotGenuine("two_keys", say("The key in the header is not the key that its 'kid' names."))
    return signer


def _address_key(header: Mapping[str, Any], issuer: str) -> str | None:
    """Return the address under which the signing key is published; a bare name counts from the issuer's DID."""
    kid = header.get("kid", "")
    if kid.startswith(("did:", "https://", "http://")):
        return str(kid)
    if not issuer.startswith("did:"):
        return None
    if issuer.startswith(("did:key:", "did:jwk:")):
        return issuer if "#" not in issuer else None
    return f"{issuer}#{kid.removeprefix('#')}" if kid else issuer


def _resolve(address: str, signed_at: datetime | None, fetch: Fetch, now: datetime) -> _Signer:
    found = _fetch_jwk(address, fetch) if address.startswith("https://") else None
    if found is not None:
        return _Signer(found, spell(found), address.partition("#")[0])
    method = dids.resolve(address, fetch)
    findings = check_method(method, signed_at, now)
    return _Signer(method.public_key, method.keys, method.controller, findings=findings)


def _fetch_jwk(address: str, fetch: Fetch) -> PublicKey | None:
    """Read a bare JWK at the address itself, as Open Badges 3.0 has it; None when something else lies there."""
    location, _, fragment = address.partition("#")
    if fragment.startswith("z6Mk"):
        return None
    try:
        found = jws.read_object(fetch(location), say("key"))
    except NotGenuine:
        raise Unreachable(
            "key_malformed", say("What {address} answered is no key.", address=repr(address[:120]))
        ) from None
    return read_jwk(found) if "kty" in found else None


def _read_carried(header: Mapping[str, Any], now: datetime) -> _Signer | None:
    if "x5c" in header:
        chain = certificates.read_chain(header["x5c"])
        certificates.check_thumbprints(header, chain)
        findings = (_warn_carried("x5c"), *certificates.check_age(chain[0], None, None, now))
        return _Signer(chain[0].public_key, chain[0].keys, None, chain[0].describe(), findings)
    if "jwk" in header:
        key = read_jwk(header["jwk"])
        return _Signer(key, spell(key), findings=(_warn_carried("jwk"),))
    return None


def _warn_carried(name: str) -> Finding:
    text = say("The key came with the credential, where anybody can put one: only the register can say whose it is.")
    return Finding("key_in_header", "warning", text, {"parameter": name})
