"""DIDs: from the address of a verification method to its public key, its controller and what it may sign.

Read are `did:key`, `did:jwk`, `did:web` and the https addresses of keys that Open Badges allow. Whoever serves a DID
document says what its keys are; that it is the issuer's DID is for the register or the credential to say.

Sources: W3C DID 1.0 and Controlled Identifiers 1.0; did:key 0.9, did:jwk, did:web; Open Badges 3.0, section 8.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from register.credentials.errors import NotGenuine, Unreachable, Unsupported
from register.credentials.ports import Fetch
from register.credentials.presented import SigningKey
from register.credentials.proofs.keys import PublicKey, read_jwk, read_multikey, spell
from register.json_text import NotStrictJson, parse_strict
from register.moments import parse_moment
from register.sentences import say

MOST_METHODS: Final = 100
"""Keys of a document that are looked through at most."""

_LONGEST: Final = 2000
_DEEPEST: Final = 16
_DID: Final = re.compile(r"did:([a-z0-9]{1,20}):([A-Za-z0-9._:%-]{1,1900})", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?", re.ASCII)
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~%-]{1,200}", re.ASCII)
_TYPES: Final = ("application/did+ld+json", "application/did+json", "application/did", "application/cid")
_JSON_TYPES: Final = (*_TYPES, "application/ld+json", "application/json", "application/octet-stream", "text/plain")
_ALL_PURPOSES: Final = frozenset({"assertionMethod", "authentication"})


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """A public key as its controller publishes it.

    `controller` is a DID or an https address, `keys` every spelling under which a register may know the key, `purposes`
    the verification relationships it is listed under. `proven` is False for a key that its own address spells out but
    that no document of the controller was seen to list.
    """

    id: str
    controller: str
    public_key: PublicKey
    keys: tuple[SigningKey, ...]
    purposes: frozenset[str]
    expires: datetime | None = None
    revoked: datetime | None = None
    proven: bool = True


def resolve(address: str, fetch: Fetch) -> VerificationMethod:
    """Return the verification method that a DID URL (or an https address) names.

    A DID without a fragment stands for its only key that makes assertions. Raises Unsupported(`did_method`) for other
    methods, NotGenuine for an address or a document that names no such key, Unreachable when it cannot be read.
    """
    if not isinstance(address, str) or len(address) > _LONGEST:
        raise NotGenuine("malformed_did", say("The address of the signing key cannot be read."))
    if address.startswith(("https://", "http://")):
        return _resolve_address(address, fetch)
    did, _, fragment = address.partition("#")
    match = _DID.fullmatch(did)
    if match is None:
        if did.startswith("did:") and re.search(r"[?/;]", did):
            raise Unsupported("did_parameters", say("DIDs with a path, query or parameters are not supported."))
        if did.startswith("urn:"):
            raise Unsupported("nameless_key", say("The credential names its key by a name that leads nowhere."))
        raise NotGenuine(
            "malformed_did",
            say("Expected a DID or an https address of a key, got {address}.", address=repr(address[:80])),
        )
    if match[1] in ("key", "jwk"):
        return _resolve_self_contained(did, fragment)
    if match[1] == "web":
        return _choose(_read_document(locate_web(did), did, fetch), did, fragment)
    raise Unsupported(
        "did_method",
        say("Keys of the DID method {method} are not supported; key, jwk and web are.", method=repr(match[1])),
    )


@lru_cache(maxsize=4096)  # an issuer signs thousands with one key
def _resolve_self_contained(did: str, fragment: str) -> VerificationMethod:
    """A `did:key` or `did:jwk` holds its key in itself and has exactly one."""
    method, text = did[4:7], did[8:]
    own = text if method == "key" else "0"
    if fragment not in ("", own):
        raise NotGenuine(
            "key_not_in_document", say("{did} has no key {key}.", did=repr(did[:80]), key=repr(fragment[:60]))
        )
    key = read_multikey(text) if method == "key" else _read_did_jwk(text)
    return VerificationMethod(f"{did}#{own}", did, key, spell(key, did), _ALL_PURPOSES)


def _read_did_jwk(text: str) -> PublicKey:
    try:
        jwk = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise NotGenuine("malformed_key", say("The did:jwk cannot be read: expected base64url of a JWK.")) from None
    if isinstance(jwk, dict) and jwk.get("use") == "enc":
        raise NotGenuine("key_not_for_signing", say("The key is one for encryption, not for signing."))
    return read_jwk(jwk)


def locate_web(did: str) -> str:
    """Return the https address of the document of a `did:web` (did:web, section 2.1).

    Raises NotGenuine(`malformed_did`).
    """
    host, *path = did.removeprefix("did:web:").split(":")
    name = unquote(host)
    if not _HOST.fullmatch(name) or any(not _SEGMENT.fullmatch(part) or ".." in unquote(part) for part in path):
        raise NotGenuine(
            "malformed_did",
            say("Expected a did:web such as did:web:university.example, got {did}.", did=repr(did[:80])),
        )
    return f"https://{name}/{'/'.join(path) or '.well-known'}/did.json"


def _resolve_address(address: str, fetch: Fetch) -> VerificationMethod:
    """Read a key at an https address: the document of a controller that lists it, or the key itself."""
    location, _, fragment = address.partition("#")
    if _read_scheme(location) != "https":
        raise Unsupported(
            "insecure_key_address", say("The signing key lies at an address without https: anybody could swap it.")
        )
    try:
        document = _read_document(location, None, fetch)
    except Unreachable:
        if not fragment.startswith("z6Mk"):
            raise
        # Open Badges also spell an Ed25519 key in its own address; its signature can be checked, its owner cannot.
        key = read_multikey(fragment)
        return VerificationMethod(address, location, key, spell(key), _ALL_PURPOSES, proven=False)
    if "publicKeyMultibase" in document or "publicKeyJwk" in document:
        controller = document.get("controller")
        if document.get("id") not in (address, location) or not isinstance(controller, str):
            raise NotGenuine(
                "key_not_in_document",
                say("The document at {address} is of another key.", address=repr(location[:120])),
            )
        if not _lies_within(location, controller):  # whoever publishes a key may name anybody as its controller
            key = _read_key(document)
            return VerificationMethod(address, location, key, spell(key), _ALL_PURPOSES, proven=False)
        return _read_method(document, controller, address, _ALL_PURPOSES)
    if document.get("id") != location:
        raise NotGenuine(
            "foreign_document",
            say("The document at {address} says it is of somebody else.", address=repr(location[:120])),
        )
    return _choose(document, location, fragment)


def _read_scheme(location: str) -> str:
    try:
        return urlsplit(location).scheme
    except ValueError:
        raise NotGenuine("malformed_did", say("The address of the signing key cannot be read.")) from None


def _lies_within(location: str, controller: str) -> bool:
    return location == controller or location.startswith(controller.rstrip("/") + "/")


def _read_document(location: str, did: str | None, fetch: Fetch) -> Mapping[str, Any]:
    try:
        document = parse_strict(fetch(location, types=_JSON_TYPES), depth=_DEEPEST)
    except NotStrictJson:
        raise Unreachable(
            "did_document_malformed",
            say("What {address} answered is no JSON document.", address=repr(location[:120])),
        ) from None
    if not isinstance(document, dict):
        raise Unreachable(
            "did_document_malformed", say("What {address} answered is no JSON object.", address=repr(location[:120]))
        )
    if did is not None and document.get("id") != did:
        raise NotGenuine(
            "foreign_document",
            say("The document at {address} is not that of {did}.", address=repr(location[:120]), did=repr(did[:80])),
        )
    return document


def _choose(document: Mapping[str, Any], controller: str, fragment: str) -> VerificationMethod:
    """Find the method with a fragment, and the relationships that list it; relative ids count from the document."""
    wanted = f"{controller}#{fragment}"
    listed = dict(_list_relationships(document, controller))
    if not fragment:
        asserting = [name for name, purposes in listed.items() if "assertionMethod" in purposes]
        if len(asserting) != 1:
            raise NotGenuine(
                "key_not_named",
                say(
                    "{controller} has {count} keys, and none is named.",
                    controller=repr(controller[:80]),
                    count=len(asserting),
                ),
            )
        wanted = asserting[0]
    for method in _list_methods(document):
        if _absolute(method.get("id"), controller) == wanted:
            return _read_method(method, controller, wanted, listed.get(wanted, frozenset()))
    raise NotGenuine(
        "key_not_in_document",
        say(
            "{controller} does not list the key {key}.",
            controller=repr(controller[:80]),
            key=repr(fragment[:60]),
        ),
    )


def _list_methods(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    names = ("verificationMethod", *sorted(_ALL_PURPOSES))
    for name in names:
        for item in _as_list(document.get(name)):
            if isinstance(item, Mapping):
                yield item


def _list_relationships(document: Mapping[str, Any], controller: str) -> Iterator[tuple[str, frozenset[str]]]:
    found: dict[str, set[str]] = {}
    for purpose in sorted(_ALL_PURPOSES):
        for item in _as_list(document.get(purpose)):
            name = _absolute(item.get("id") if isinstance(item, Mapping) else item, controller)
            found.setdefault(name, set()).add(purpose)
    return ((name, frozenset(purposes)) for name, purposes in found.items())


def _as_list(value: object) -> list[Any]:
    found = value if isinstance(value, list) else [] if value is None else [value]
    if len(found) > MOST_METHODS:
        raise Unreachable(
            "did_document_too_large",
            say("A document with more than {most} keys is not read.", most=MOST_METHODS),
        )
    return found


def _absolute(name: object, controller: str) -> str:
    text = name if isinstance(name, str) else ""
    return controller + text if text.startswith("#") else text


def _read_method(
    method: Mapping[str, Any], document_of: str, name: str, purposes: frozenset[str]
) -> VerificationMethod:
    """Read one method; its controller has to be whose document it stands in."""
    if method.get("controller", document_of) != document_of:
        raise NotGenuine("foreign_key", say("The key {name} is controlled by somebody else.", name=repr(name[:120])))
    key = _read_key(method)
    did = document_of if document_of.startswith("did:") else None
    expires, revoked = (_read_moment(method.get(member)) for member in ("expires", "revoked"))
    return VerificationMethod(name, document_of, key, spell(key, did), purposes, expires=expires, revoked=revoked)


def _read_key(method: Mapping[str, Any]) -> PublicKey:
    """Read the key by its members: Multikey, JsonWebKey(2020), Ed25519VerificationKey2020 differ in name only."""
    if "secretKeyMultibase" in method or "privateKeyMultibase" in method or "secretKeyJwk" in method:
        raise NotGenuine(
            "private_key_published", say("The private part of the signing key is public: anybody can sign.")
        )
    if "publicKeyJwk" in method:
        return read_jwk(method["publicKeyJwk"])
    if "publicKeyMultibase" in method:
        return read_multikey(method["publicKeyMultibase"])
    if method.get("type") == "Ed25519VerificationKey2018":
        return _read_key_of_2018(method.get("publicKeyBase58"))
    raise Unsupported(
        "key_type", say("Keys of the type {method} are not supported.", method=repr(str(method.get("type"))[:60]))
    )


def _read_key_of_2018(text: object) -> PublicKey:
    import base58

    try:
        raw = base58.b58decode(text) if isinstance(text, str) and len(text) <= 50 else b""
    except ValueError:
        raw = b""
    return read_multikey("z" + base58.b58encode(b"\xed\x01" + raw).decode())


def _read_moment(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        return parse_moment(value)
    except ValueError:
        raise NotGenuine("malformed_key", say("The signing key states an end that is no date.")) from None
