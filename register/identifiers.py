"""Identifiers of organisations: schemes, canonical spellings, and the many ways people write them.

`parse_identifier` turns what a person or a program types after `issuer=` into (scheme, canonical value);
canonical values are what the register stores, compares and indexes.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from register.vocabularies.identifiers import canonicalise


class Identifier(NamedTuple):
    """A scheme of the vocabulary and a value in that scheme's canonical spelling."""

    scheme: str
    value: str


NODE: Final = "node"
"""Scheme of ids and addresses given by a register itself."""

KEY_KINDS: Final = ("did", "jwk", "x5t", "eidas")
"""Kinds of keys; a key's value finds its issuer as an identifier does."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ROR = re.compile(r"(?:https?://)?(?:www\.)?(?:ror\.org/)?(0[a-z0-9]{6}[0-9]{2})/?", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9-]{1,19}):(.+)", re.DOTALL)
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX = 500


def normalise_value(scheme: str, value: str) -> str:
    """Return `value` in the canonical spelling of a scheme or kind of key; raise ValueError with what was expected."""
    if scheme in ("jwk", "x5t"):
        return _normalise_thumbprint(value.strip())
    if scheme == "did":
        value = value.split("#", 1)[0].split("?", 1)[0]
    return canonicalise(scheme, value)[1]


def _normalise_thumbprint(text: str) -> str:
    if not _THUMBPRINT.fullmatch(text):
        raise ValueError(f"expected a SHA-256 thumbprint of 43 base64url characters, got {text[:60]!r}")
    return text


def parse_identifier(text: str) -> Identifier:
    """Read any way of naming an issuer: id, address, DID, `scheme:value`, ROR address, key thumbprint.

    Raises ValueError with the accepted forms when the text fits none.
    """
    stripped = text.strip()
    if not stripped or len(stripped) > _MAX or "\x00" in stripped:
        raise ValueError(f"expected an identifier of 1 to {_MAX} characters")
    for read in (_read_uuid, _read_ror, _read_address, _read_did, _read_scheme, _read_thumbprint):
        found = read(stripped)
        if found is not None:
            return found
    raise ValueError(
        f"{stripped[:60]!r} is not an identifier this register can read; expected an id or address of a register, "
        "a DID, or one such as ror:04dkp9463, pic:999974456, erasmus:NL UTRECHT01, schac:uu.nl, eidas:…, vat:…"
    )


def _read_uuid(text: str) -> Identifier | None:
    return Identifier(NODE, text.lower()) if _UUID.fullmatch(text.lower()) else None


def _read_ror(text: str) -> Identifier | None:
    return Identifier("ror", normalise_value("ror", text)) if _ROR.fullmatch(text) else None


def _read_address(text: str) -> Identifier | None:
    if not text.startswith(("http://", "https://")):
        return None
    try:
        path = urlsplit(text).path
    except ValueError:
        return None
    last = path.rstrip("/").rsplit("/", 1)[-1].lower()
    return Identifier(NODE, last) if _UUID.fullmatch(last) else Identifier("url", text)


def _read_did(text: str) -> Identifier | None:
    return Identifier("did", normalise_value("did", text)) if text.startswith("did:") else None


def _read_scheme(text: str) -> Identifier | None:
    match = _SCHEME.fullmatch(text)
    if match is None:
        return None
    return Identifier(match[1], normalise_value(match[1], match[2]))


def _read_thumbprint(text: str) -> Identifier | None:
    return Identifier("jwk", text) if _THUMBPRINT.fullmatch(text) else None
