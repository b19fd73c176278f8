"""Identifiers of organisations: schemes, canonical spellings, and the many ways people write them.

`parse_identifier` turns what a person or a program types after `issuer=` into (scheme, canonical value);
canonical values are what the register stores, compares and indexes.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from register.sentences import Said, say
from register.texts import check_line
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
_ROR = re.compile(r"(?:https?://)?(?:www\.)?(?:ror\.org/)?(0[a-z0-9]{6}[0-9]{2})/?", re.IGNORECASE | re.ASCII)
_SCHEME = re.compile(r"([a-z][a-z0-9-]{1,19}):(.+)", re.DOTALL)
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX = 500


def normalise_value(scheme: str, value: str) -> str:
    """Return `value` in the canonical spelling of `scheme`, a fixed point; raise ValueError with what was expected.

    The spellings are those of register/vocabularies/identifiers.py. A ROR is tested for its shape only: its check
    digits are the business of whoever types one in, not a reason to refuse an entry that another register recorded.
    """
    if len(value) > _MAX:
        raise ValueError(_say_length(scheme))
    text = check_line(" ".join(value.split()))
    if not text:
        raise ValueError(_say_length(scheme))
    if scheme not in _ASCII_SCHEMES:
        return text
    if not text.isascii():
        told = {"scheme": repr(scheme), "got": repr(text[:60])}
        raise ValueError(say("expected ASCII letters, digits and signs in scheme {scheme}, got {got}", **told))
    return _NORMALISERS[scheme](text) if scheme in _NORMALISERS else canonicalise(scheme, text)[1]


def _say_length(scheme: str) -> Said:
    return say("expected an identifier of 1 to {most} characters in scheme {scheme}", most=_MAX, scheme=repr(scheme))


def _normalise_ror(text: str) -> str:
    match = _ROR.fullmatch(text)
    if not match:
        raise ValueError(say("expected a ROR such as https://ror.org/04dkp9463, got {got}", got=repr(text[:60])))
    return f"https://ror.org/{match[1].lower()}"


def _normalise_did(text: str) -> str:
    """A DID URL (W3C DID 1.0, section 3.2) names the same subject without its fragment and query."""
    return canonicalise("did", text.split("#", 1)[0].split("?", 1)[0])[1]


def _normalise_thumbprint(text: str) -> str:
    if not _THUMBPRINT.fullmatch(text):
        got = repr(text[:60])
        raise ValueError(say("expected a SHA-256 thumbprint of 43 base64url characters, got {got}", got=got))
    return text


_NORMALISERS: Final = {
    "ror": _normalise_ror,
    "did": _normalise_did,
    "jwk": _normalise_thumbprint,
    "x5t": _normalise_thumbprint,
}
_ASCII_SCHEMES: Final = frozenset(
    {"ror", "pic", "erasmus", "oid", "schac", "eidas", "vat", "did", "jwk", "x5t", "isni", "wikidata", "lei", "euid"}
)
"""Schemes in which a letter of another script can only be a look-alike."""


def parse_identifier(text: str) -> Identifier:
    """Read any way of naming an issuer: id, address, DID, `scheme:value`, ROR address, key thumbprint.

    Raises ValueError with the accepted forms when the text fits none.
    """
    stripped = text.strip()
    if not stripped or len(stripped) > _MAX:
        raise ValueError(say("expected an identifier of 1 to {most} characters", most=_MAX))
    check_line(stripped)
    for read in (_read_uuid, _read_ror, _read_address, _read_did, _read_scheme, _read_thumbprint):
        found = read(stripped)
        if found is not None:
            return found
    sentence = say(
        "{got} is not an identifier this register can read; expected an id or address of a register, "
        "a DID, or one such as ror:04dkp9463, pic:999974456, erasmus:NL UTRECHT01, schac:uu.nl, eidas:…, vat:…",
        got=repr(stripped[:60]),
    )
    raise ValueError(sentence)


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
