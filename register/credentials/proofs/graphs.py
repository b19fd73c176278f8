"""Graphs of JSON-LD documents by PyLD, with nothing falling out, contexts processed once, and a bound on the work.

PyLD drops what RDF cannot express, resolves relative addresses against an example's, escapes neither languages nor
datatypes in N-Quads, knows SHA-256 only, and takes any time for a poison graph. Its subclasses here mend that; they
hold on to methods it keeps to itself, so the tests compare them with plain PyLD and with vectors of others.

Sources: W3C JSON-LD 1.1 API; RDF Dataset Canonicalization 1.0 (RDFC-1.0, section 7.1 on poison graphs).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from math import factorial
from types import MappingProxyType
from typing import Any, Final, Literal, NoReturn

from frozendict import frozendict
from pyld.canon import URDNA2015
from pyld.context_resolver import ContextResolver
from pyld.jsonld import JsonLdError, JsonLdProcessor
from pyld.resolved_context import ResolvedContext

from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.proofs.contexts import list_contexts, read_context
from register.sentences import say

Digest = Literal["sha256", "sha384"]
Dataset = dict[str, Any]

MOST_WORK: Final = 100_000
"""Steps that telling alike blank nodes apart may take: real credentials take some dozens, a poison graph any number."""

_NOWHERE: Final = "relative-address://nowhere/"
"""What relative addresses are resolved against, so that they show."""

_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"\\\x7f]*\Z")
_BLANK: Final = re.compile(r"_:[A-Za-z0-9]+\Z")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*\Z")
_MOST_CACHED: Final = 3_000
_HASHES: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384}


def to_dataset(document: Mapping[str, Any]) -> Dataset:
    """Return the RDF dataset of a JSON-LD document.

    Raises NotGenuine(`unsigned_term`) for what is not in it, NotGenuine(`malformed_json_ld`) for broken JSON-LD.
    """
    options = {"base": _NOWHERE, "contextResolver": _Resolver(), "documentLoader": _load}
    try:
        dataset: Dataset = _Processor().to_rdf(document, options)
    except JsonLdError as error:
        raise NotGenuine(
            "malformed_json_ld", say("The credential is no well-formed JSON-LD: {fault}.", fault=_tell(error))
        ) from None
    except (RecursionError, LookupError, TypeError, ValueError, AttributeError):
        raise NotGenuine("malformed_json_ld", say("The credential is no well-formed JSON-LD.")) from None
    return dataset


def _tell(error: BaseException) -> str:
    """Name what PyLD objects to by its code alone: its messages repeat content."""
    codes = []
    cause: BaseException | None = error
    while cause is not None:
        codes.append(getattr(cause, "code", None))
        cause = cause.__cause__
    return next((code for code in reversed(codes) if isinstance(code, str)), say("invalid syntax"))


def canonicalise_dataset(dataset: Dataset, digest: Digest) -> bytes:
    """Return the canonical N-Quads (RDFC-1.0) of a dataset, which is used up; raises Unsupported(`too_complex`)."""
    text: str = _Canonicaliser(digest).main(dataset, {"format": "application/n-quads"})
    return text.encode()


class _Processor(JsonLdProcessor):  # type: ignore[misc]
    """PyLD, which drops what it cannot express; this one refuses."""

    def __init__(self) -> None:
        super().__init__(on_property_dropped=_refuse_property)

    def _process_context(self, active_ctx: Any, local_ctx: Any, options: Any, *args: Any, **named: Any) -> Any:
        """Keep what carried contexts come to; PyLD loses it for those that belong to a type, which are most."""
        # A context still being built changes under the same id; finished ones are frozen.
        name = _name_context(local_ctx) if isinstance(active_ctx, frozendict) else None
        if name is None:
            return super()._process_context(active_ctx, local_ctx, options, *args, **named)
        key = (active_ctx["_uuid"], name, args, *(item for item in sorted(named.items()) if item[0] != "cycles"))
        found = _PROCESSED.get(key)
        if found is None:
            found = super()._process_context(active_ctx, local_ctx, options, *args, **named)
            if len(_PROCESSED) >= _MOST_CACHED:
                # Contexts in ever new orders would fill the memory; the usual ones are soon back.
                _PROCESSED.clear()
            _PROCESSED[key] = found
        return found

    def _graph_to_rdf(self, graph: Mapping[str, Any], issuer: Any, options: Mapping[str, Any]) -> Any:
        for subject, node in graph.items():
            if not (_is_address(subject) or _BLANK.match(subject)):
                _refuse(say("an id that is no full address"))
            for name in node:
                if name not in ("@id", "@type") and not _is_address(name):
                    _refuse(say("a property without an address"))
        return super()._graph_to_rdf(graph, issuer, options)

    def _object_to_rdf(self, item: Any, issuer: Any, triples: Any, options: Mapping[str, Any]) -> Any:
        if isinstance(item, dict) and ("@direction" in item or "@index" in item):
            _refuse(say("the direction of a text"))
        made = super()._object_to_rdf(item, issuer, triples, options)
        if made is None or not isinstance(made["value"], str):
            _refuse(say("a value that RDF cannot express"))
        if made["type"] == "IRI" and not _is_address(made["value"]):
            _refuse(say("a type or address that is no full address"))
        # Neither language nor datatype is escaped in N-Quads: a crafted one could hold whole lines.
        if not _LANGUAGE.match(made.get("language", "en")) or not _is_address(made.get("datatype", "x:")):
            _refuse(say("the language or type of a text"))
        return made


_PROCESSED: Final[dict[Hashable, Any]] = {}


def _name_context(context: object) -> Hashable:
    """Return what tells a context from all others for as long as the process lives, None for a credential's own."""
    if isinstance(context, str):
        return context
    if isinstance(context, list):
        return tuple(context) if all(isinstance(item, str) for item in context) else None
    return id(context) if id(context) in _resolve_carried()[1] else None


def _is_address(text: str) -> bool:
    return bool(_IRI.match(text)) and not text.startswith(_NOWHERE)


def _refuse_property(name: str | None) -> NoReturn:
    _refuse(say("the property {name}", name=repr(str(name)[:80])))


def _refuse(what: str) -> NoReturn:
    raise NotGenuine(
        "unsigned_term", say("The signature does not cover all of the credential: {what} is outside of it.", what=what)
    )


class _Canonicaliser(URDNA2015):  # type: ignore[misc]
    """RDFC-1.0 with the digest of the suite and a bound on its work."""

    def __init__(self, digest: Digest) -> None:
        super().__init__()
        self._new = _HASHES[digest]
        self._left = MOST_WORK

    def create_hash(self) -> Any:
        return self._new()

    def modify_first_degree_component(self, id_: str, component: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        if component["type"] != "blank node":
            return component
        return {"type": "blank node", "value": "_:a" if component["value"] == id_ else "_:z"}

    def create_hash_to_related(self, id_: str, issuer: Any) -> Any:
        related = super().create_hash_to_related(id_, issuer)
        orders = sum(factorial(min(len(group), 12)) for group in related.values())
        self._left -= (1 + orders) * (1 + len(issuer.existing))
        if self._left < 0:
            raise Unsupported("too_complex", say("The credential's graph is made so that checking it takes too long."))
        return related


def _load(url: str, options: object = None) -> dict[str, Any]:
    return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": read_context(url)}


class _Resolved(ResolvedContext):  # type: ignore[misc]
    """A context as it stands; what it comes to is kept by the processor."""

    def __init__(self, document: object) -> None:
        self.document = document

    def get_processed(self, active_ctx: object) -> None:
        return None

    def set_processed(self, active_ctx: object, processed_ctx: object) -> None:
        return None


class _Resolver(ContextResolver):  # type: ignore[misc]
    """Finds carried contexts, and those within them, by being the same object; PyLD writes each out to compare it."""

    def __init__(self) -> None:
        super().__init__({}, _load)
        self._own: dict[int, _Resolved] = {}

    def resolve(self, active_ctx: Any, context: Any, base: str, cycles: object = None) -> list[_Resolved]:
        if isinstance(context, dict | frozendict) and "@context" in context:
            context = context["@context"]
        found: list[_Resolved] = []
        for item in context if isinstance(context, list) else [context]:
            found += self._find(item)
        return found

    def _find(self, context: Any) -> Sequence[_Resolved]:
        by_url, by_object = _resolve_carried()
        if isinstance(context, str):
            return by_url[context]
        if isinstance(context, dict | frozendict):
            carried = by_object.get(id(context))
            return [carried or self._own.setdefault(id(context), _Resolved(context))]
        return [_Resolved(False)]


@cache
def _resolve_carried() -> tuple[Mapping[str, Sequence[_Resolved]], Mapping[int, _Resolved]]:
    """Return the carried contexts by address, and all within them by identity; they live as long as the process."""
    by_object = {
        id(inner): _Resolved(inner)
        for pinned in list_contexts()
        for inner in _list_objects(read_context(pinned.urls[0])["@context"])
    }
    by_url = {url: list(_flatten(url, by_object)) for pinned in list_contexts() for url in pinned.urls}
    return MappingProxyType(by_url), MappingProxyType(by_object)


def _list_objects(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _list_objects(child)


def _flatten(url: str, by_object: Mapping[int, _Resolved]) -> Iterator[_Resolved]:
    context = read_context(url)["@context"]
    for item in context if isinstance(context, list) else [context]:
        if isinstance(item, str):
            yield from _flatten(item, by_object)
        else:
            yield by_object[id(item)]
