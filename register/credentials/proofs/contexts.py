"""JSON-LD contexts: carried with the software, pinned by their SHA-256, and never fetched.

What a term means is part of what was signed. A context that is not among the carried ones is refused, and so is one
written inside a credential as soon as it could give a carried term another name: its graph, and with it the signature,
would stay the same while people read something else (W3C Data Integrity 1.0, section 4.6, context validation).

The files lie in `context_files` with their table (`table.json`), their licences and a README on their origin.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, NoReturn

from register.credentials.errors import NotGenuine, Unsupported
from register.sentences import say

MOST_CONTEXTS: Final = 20
"""Contexts of one object at most."""

MOST_INLINE_TERMS: Final = 200
_ABSOLUTE: Final = re.compile(r"(?:https?://|urn:)[^\s<>\"\\]+")
_COMPACT: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):([^\s<>\"\\/][^\s<>\"\\]*)")
_TERM: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .-]*")
_SEVERAL_IN_WORDS: Final = frozenset({"type", "statusPurpose", "previousProof", "domain"})
_PLAIN: Final = frozenset({"@id", "@type", "@container", "@protected", "@language"})


class DamagedContext(RuntimeError):
    """A carried context whose bytes are not those of the table: the installation is damaged or was tampered with."""


@dataclass(frozen=True, slots=True)
class PinnedContext:
    """One carried context: its file, its addresses, the hash of its bytes, and where it comes from."""

    file: str
    urls: tuple[str, ...]
    sha256: str
    package: str
    version: str
    licence: str


@cache
def list_contexts() -> tuple[PinnedContext, ...]:
    """Return the table of carried contexts."""
    rows = json.loads(_read_bytes("table.json"))
    return tuple(PinnedContext(**{**row, "urls": tuple(row["urls"])}) for row in rows)


def read_context(url: str) -> Mapping[str, Any]:
    """Return the context document at an address, always the same object; raises Unsupported(`unknown_context`)."""
    pinned = _by_url().get(url)
    if pinned is None:
        raise Unsupported(
            "unknown_context",
            say("The credential uses the JSON-LD context {address}, which is not known here.", address=repr(url[:200])),
        )
    return _read_pinned(pinned)


@cache
def _by_url() -> Mapping[str, PinnedContext]:
    return MappingProxyType({url: pinned for pinned in list_contexts() for url in pinned.urls})


@cache
def _read_pinned(pinned: PinnedContext) -> Mapping[str, Any]:
    data = _read_bytes(pinned.file)
    if hashlib.sha256(data).hexdigest() != pinned.sha256:
        raise DamagedContext(f"{pinned.file} is not the file of the table; install the software anew")
    document: Mapping[str, Any] = json.loads(data)
    return document


def _read_bytes(name: str) -> bytes:
    return files("register.credentials.proofs").joinpath("context_files", name).read_bytes()


def check_contexts(value: object) -> None:
    """Raise unless an `@context` holds carried contexts, or terms of its own that stay out of their way.

    Raises Unsupported(`unknown_context` or `inline_context`), NotGenuine(`malformed_context`).
    """
    items = value if isinstance(value, list) else [value]
    if len(items) > MOST_CONTEXTS:
        raise NotGenuine(
            "malformed_context",
            say("Expected at most {most} contexts in one object.", most=MOST_CONTEXTS),
        )
    for item in items:
        if isinstance(item, str):
            read_context(item)
        elif isinstance(item, dict):
            _check_inline(item)
        else:
            raise NotGenuine("malformed_context", say("Expected contexts to be addresses or objects."))


def _check_inline(context: Mapping[str, Any]) -> None:
    """Terms of a credential's own may neither redefine a carried term nor rename what a carried term stands for."""
    if len(context) > MOST_INLINE_TERMS:
        _refuse_inline(say("too many terms"))
    for term, definition in context.items():
        if term == "@version" or (term == "@protected" and isinstance(definition, bool)):
            continue
        if term == "@vocab":
            _check_vocabulary(definition)
        elif not _TERM.fullmatch(term) or term in _carried_terms():
            _refuse_inline(repr(term[:60]))
        else:
            _check_meaning(_read_meaning(term, definition, context))


def _read_meaning(term: str, definition: object, context: Mapping[str, Any]) -> str:
    if isinstance(definition, Mapping):
        coercion = definition.get("@type", "@id")
        if not definition.keys() <= _PLAIN or definition.get("@container", "@set") not in ("@set", "@list"):
            _refuse_inline(repr(term[:60]))
        if not isinstance(coercion, str) or (coercion.startswith("@") and coercion != "@id"):
            _refuse_inline(repr(term[:60]))
        definition = definition.get("@id")
    compact = _COMPACT.fullmatch(definition) if isinstance(definition, str) else None
    if compact and isinstance(prefix := context.get(compact[1]), str):
        definition = prefix + compact[2]
    if not isinstance(definition, str) or not _ABSOLUTE.fullmatch(definition):
        _refuse_inline(repr(term[:60]))
    return definition


def _check_meaning(address: str) -> None:
    if address in _carried_meanings():
        _refuse_inline(say("a second name for {address}", address=repr(address[:120])))


def _check_vocabulary(address: object) -> None:
    if not isinstance(address, str) or not _ABSOLUTE.fullmatch(address):
        _refuse_inline("'@vocab'")
    if any(meaning.startswith(address) for meaning in _carried_meanings()):
        _refuse_inline(say("'@vocab' over {address}", address=repr(address[:120])))


def _refuse_inline(what: str) -> NoReturn:
    raise Unsupported(
        "inline_context",
        say("The credential defines JSON-LD terms of its own in a way that is not followed here: {what}.", what=what),
    )


@cache
def list_second_names() -> frozenset[str]:
    """Return terms that stand for what another, usual term stands for: classes such as `Achievement`, and `uid`."""
    definitions = set(_list_definitions())
    properties = {meaning for term, meaning in definitions if not term[0].isupper()}
    classes = {term for term, meaning in definitions if term[0].isupper() and meaning in properties}
    return frozenset(classes | {term for term, meaning in definitions if meaning.startswith("@")} - {"id", "type"})


@cache
def list_single_terms() -> frozenset[str]:
    """Return the carried terms that hold one value: neither a context nor a specification in words makes them a set."""
    several = {term for pinned in list_contexts() for term in _list_containers(_read_pinned(pinned)["@context"])}
    return _carried_terms() - several - _SEVERAL_IN_WORDS


def _list_containers(context: object) -> Iterator[str]:
    if isinstance(context, list):
        for item in context:
            yield from _list_containers(item)
    elif isinstance(context, Mapping):
        for term, definition in context.items():
            if isinstance(definition, Mapping):
                if "@container" in definition:
                    yield term
                yield from _list_containers(definition.get("@context"))


@cache
def _carried_terms() -> frozenset[str]:
    return frozenset(term for term, _ in _list_definitions())


@cache
def _carried_meanings() -> frozenset[str]:
    return frozenset(meaning for _, meaning in _list_definitions())


def _list_definitions() -> Iterator[tuple[str, str]]:
    """Give every term of every carried context, at any depth, with the address it stands for."""
    for pinned in list_contexts():
        yield from _walk(_read_pinned(pinned)["@context"], {})


def _walk(context: object, prefixes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(context, Sequence) and not isinstance(context, str):
        for item in context:
            if isinstance(item, str):
                prefixes = {**prefixes, **read_context(item)["@context"]}
            yield from _walk(item, prefixes)
    elif isinstance(context, Mapping):
        inner = {**prefixes, **{term: value for term, value in context.items() if isinstance(value, str)}}
        for term, definition in context.items():
            nested = definition if isinstance(definition, Mapping) else {}
            meaning = nested.get("@id", nested.get("@reverse", definition))
            if isinstance(meaning, str) and not term.startswith("@"):
                prefix, _, rest = meaning.partition(":")
                yield term, f"{inner[prefix]}{rest}" if prefix in inner and not rest.startswith("//") else meaning
            yield from _walk(nested.get("@context"), inner)
