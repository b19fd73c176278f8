"""Statements: a decision signed by a node, as a JWS that anybody can keep and check later.

Compact JWS (RFC 7515) with the header `{"alg": "Ed25519", "typ": "trust-statement+jwt", "kid": …}` and JWT claims
(RFC 7519): `iss` the node's address, `sub` the issuer the answer is about, `iat`, `exp`, and `answer`, the decision as
the API gives it. `alg` is the fully specified name of RFC 9864; `kid` is the key's RFC 7638 thumbprint. The answer
carries its own proofs, so a statement is a convenience: its signature says who answered, not that the answer is true.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from register.errors import RegisterError
from register.moments import parse_moment

MEDIA_TYPE: Final = "application/trust-statement+jwt"
TYPE: Final = "trust-statement+jwt"
ALGORITHM: Final = "Ed25519"
LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a statement that will be read; an answer with a few dozen proofs takes some hundred thousand."""

SHORTEST_LIFE: Final = timedelta(minutes=1)
"""How long a statement about an answer that is no longer fresh may be shown; such an answer is never `trusted`."""

_TOLERANCE: Final = timedelta(minutes=5)
_CLAIMS: Final = {"iss": str, "sub": str, "iat": int, "exp": int, "answer": dict}


class StatementError(RegisterError):
    """A text that is no valid trust statement by one of the keys given; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Statement:
    """An opened statement: who said it about whom, from when until when, and the answer as the API gives it."""

    issuer_url: str
    subject: str
    issued_at: datetime
    expires_at: datetime
    answer: Mapping[str, Any]


def sign_statement(answer: Mapping[str, Any], key: OKPKey, issuer_url: str, now: datetime) -> str:
    """Sign an answer (as `format_decision` gives it) with the node's Ed25519 key; return the compact JWS.

    It expires when the answer does. One that has expired already lives SHORTEST_LIFE, so that it can be shown.
    """
    _require_private(key)
    expires_at = max(_read_expiry(answer), now + SHORTEST_LIFE)
    claims = {
        "iss": issuer_url,
        "sub": _subject_of(answer),
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "answer": dict(answer),
    }
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return jws.serialize_compact(header, payload, key, algorithms=[ALGORITHM])


def open_statement(text: str, keys: Iterable[OKPKey], now: datetime) -> Statement:
    """Verify a statement by one of the keys that may have signed it, and return what it says.

    Raises StatementError for anything but a well-formed, well-signed statement that has not expired at `now`.
    """
    if len(text) > LARGEST or not text.isascii():
        raise StatementError(f"expected a compact JWS of at most {LARGEST} ASCII characters")
    key = _choose_key(_read_header(text), keys)
    try:
        payload = jws.deserialize_compact(text.encode(), key, algorithms=[ALGORITHM], registry=_REGISTRY).payload
    except (JoseError, ValueError) as error:
        raise StatementError(f"the signature does not hold: {type(error).__name__}") from None
    return _read_claims(payload, now)


_REGISTRY: Final = jws.JWSRegistry(algorithms=[ALGORITHM])
_REGISTRY.max_payload_length = LARGEST


def _require_private(key: OKPKey) -> None:
    if key.curve_name != "Ed25519" or not key.is_private:
        raise StatementError("expected a private Ed25519 key to sign with")


def _read_expiry(answer: Mapping[str, Any]) -> datetime:
    written = answer.get("expires_at")
    return parse_moment(written) if written is not None else datetime.min.replace(tzinfo=UTC)


def _subject_of(answer: Mapping[str, Any]) -> str:
    """Name the issuer by its address, or as it was asked for when no register knows it."""
    found = answer["chain"]["issuer"]
    return str(found["url"] if found else answer["question"]["issuer"])


def _read_header(text: str) -> Mapping[str, Any]:
    if text.count(".") != 2:
        raise StatementError("expected a compact JWS: three parts joined by dots")
    try:
        header = jws.extract_compact(text.encode(), registry=_REGISTRY).headers()
    except (JoseError, ValueError, RecursionError) as error:
        raise StatementError(f"expected a compact JWS: {type(error).__name__}") from None
    if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or set(header) != {"alg", "typ", "kid"}:
        raise StatementError(f"expected a header of alg {ALGORITHM!r}, typ {TYPE!r} and kid, and nothing else")
    return header


def _choose_key(header: Mapping[str, Any], keys: Iterable[OKPKey]) -> OKPKey:
    for key in keys:
        if key.curve_name == "Ed25519" and key.thumbprint() == header["kid"]:
            return key
    raise StatementError("the statement was signed by a key that is not among those expected of its node")


def _read_claims(payload: bytes, now: datetime) -> Statement:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        raise StatementError("expected JSON claims") from None
    if not isinstance(claims, dict) or any(type(claims.get(name)) is not kind for name, kind in _CLAIMS.items()):
        raise StatementError("expected the claims iss, sub, iat, exp and answer")
    try:
        issued_at, expires_at = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
    except (ValueError, OverflowError, OSError):
        raise StatementError("expected iat and exp in seconds since 1970") from None
    if issued_at > now + _TOLERANCE:
        raise StatementError(f"the statement is dated {issued_at.isoformat()}, which is in the future")
    if expires_at <= now:
        raise StatementError(f"the statement expired on {expires_at.isoformat()}; ask its node again")
    return Statement(claims["iss"], claims["sub"], issued_at, expires_at, claims["answer"])
