"""Canonical forms of JSON documents, as signatures are made over them: JCS (RFC 8785), and RDFC-1.0 over JSON-LD.

A JSON-LD signature is over the graph, not the text. Whatever falls out of the graph could be altered freely, and a text
can be rearranged so that the graph stays as it is: both are refused here, so that what was read is what was signed.

Sources: RFC 8785; W3C JSON-LD 1.1; RDF Dataset Canonicalization 1.0 (its section 7.1 on poison graphs).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import rfc8785

from ledger.tlog import canonical
from ledger.tlog.errors import CanonicalFormError
from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.proofs.contexts import check_contexts, list_second_names, list_single_terms
from register.credentials.proofs.graphs import Digest, canonicalise_dataset, to_dataset
from register.sentences import say

DEEPEST: Final = canonical.MAX_DEPTH
MOST_COMPARISONS: Final = 4_000_000
"""Squares of the numbers of values of each node, summed: PyLD compares every value with those before it."""

MOST_NODES: Final = 10_000
"""Objects of a document at most: the transcript of a long study has some thousand, and each takes a tenth of a
millisecond."""

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_KINDS: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else 0xF0 if byte >= 0xF0 else byte for byte in range(256))
_DOUBTFUL: Final = (b'":0', b'":-', b",0", b",-", b"[0", b"[-", b"null", b"\xf0")
"""What a writer that sorts names by bytes may write otherwise than JCS: numbers (infinite ones as null), and names
beyond the first plane of Unicode; all digits made one, and all first bytes of four. Mere looks do no harm."""

_TEXT_IN_LANGUAGE: Final = frozenset({"@value", "@language"})


def canonicalise_json(value: object) -> bytes:
    """Return the JCS bytes of a JSON value, floats and large integers as ECMAScript writes them.

    Raises NotGenuine(`malformed_json`) for a value that JCS cannot write, such as one nested too deeply.
    """
    try:
        written = _ENCODER.encode(value)
        return written if _is_plain(written) else canonical.encode(value)
    except (CanonicalFormError, UnicodeEncodeError, TypeError, RecursionError):
        return _canonicalise_numbers(value)


def _is_plain(written: bytes) -> bool:
    """Tell whether an object, written with its names in order, is surely in canonical form, and not nested deeply."""
    if written[:1] != b"{" or written.count(b"[") + written.count(b"{") > DEEPEST:
        return False
    kinds = written.translate(_KINDS)
    return not any(doubtful in kinds for doubtful in _DOUBTFUL)


def _canonicalise_numbers(value: object) -> bytes:
    check_depth(value)
    try:
        return rfc8785.dumps(_as_doubles(value))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, OverflowError):
        raise NotGenuine(
            "malformed_json", say("The credential holds a value that canonical JSON cannot write.")
        ) from None


def _as_doubles(value: Any) -> Any:
    """JSON numbers are doubles to JCS; Python reads large ones as integers."""
    if isinstance(value, dict):
        return {key: _as_doubles(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_doubles(item) for item in value]
    if type(value) is int and abs(value) > canonical.MAX_INT:
        return float(value)
    return value


def check_depth(value: object) -> None:
    """Raise NotGenuine(`too_deep`) for a value nested deeper than DEEPEST levels."""
    level = [value]
    for _ in range(DEEPEST + 2):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise NotGenuine("too_deep", say("The credential is nested more than {most} levels deep.", most=DEEPEST))


def _children(item: object) -> Iterator[object]:
    if isinstance(item, dict):
        yield from item.values()
    elif isinstance(item, list | tuple):
        yield from item


def canonicalise_graph(document: Mapping[str, Any], digest: Digest = "sha256") -> bytes:
    """Return the canonical N-Quads of a JSON-LD document, every value of which is in them.

    Raises NotGenuine(`unsigned_term`, `malformed_json_ld`, `too_deep`), Unsupported(`unknown_context`,
    `inline_context`, `json_ld_keyword`, `too_complex`).
    """
    check_document(document)
    return canonicalise_dataset(to_dataset(document), digest)


def check_document(document: Mapping[str, Any]) -> None:
    """Raise unless a JSON-LD document is bounded, uses known contexts, and is spelled in terms alone.

    A property may be spelled as a full address, a value as an object or a list: the graph is the same, but who reads
    the text misses it. So keys are terms, and values are as their terms say.
    """
    weights = Counter[object]()
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        for node in level:
            name = node.get("id")
            weights[name if isinstance(name, str) else id(node)] += _weigh(node)
        heaviest = sum(weight * weight for weight in weights.values())
        if len(weights) > MOST_NODES or heaviest > MOST_COMPARISONS:
            raise Unsupported("too_complex", say("The credential is so large that checking its graph takes too long."))
        level = [child for node in level for child in _open(node)]
        if not level:
            return
    raise NotGenuine("too_deep", say("The credential is nested more than {most} levels deep.", most=DEEPEST))


def _weigh(node: Mapping[str, Any]) -> int:
    return sum(len(value) if isinstance(value, list) else 1 for value in node.values())


def _open(node: Mapping[str, Any]) -> Iterator[Any]:
    """Give the objects right within one whose keys are checked; those of `@context` are checked by themselves."""
    for key, value in node.items():
        if not key.replace("_", "").isalnum() or key in list_second_names():
            _check_key(key, node)
        if isinstance(value, dict) and key != "@context":
            yield value
        elif isinstance(value, list) and key != "@context":
            yield from _open_list(key, value)


def _open_list(key: str, items: Sequence[Any]) -> Iterator[Any]:
    """Give the objects of a list in which none is named twice: two halves of one object are the whole to the graph."""
    names = [name for item in items if isinstance(item, dict) and isinstance(name := item.get("id"), str)]
    if len(set(names)) < len(names) or not set(names).isdisjoint(item for item in items if isinstance(item, str)):
        raise Unsupported(
            "split_object", say("The list {key} of the credential names one thing twice.", key=repr(key[:60]))
        )
    if len(items) == 1 and not isinstance(items[0], dict) and key in list_single_terms():
        raise Unsupported(
            "list_of_one",
            say("The credential writes {key} as a list of one; that is not read here.", key=repr(key[:60])),
        )
    if any(isinstance(item, list) for item in items):
        raise NotGenuine("malformed_json_ld", say("The credential holds a list within a list."))
    return (item for item in items if isinstance(item, dict))


def _check_key(key: str, item: Mapping[str, Any]) -> None:
    if key == "@context":
        check_contexts(item[key])
    elif key in list_second_names() or ":" in key or (key.startswith("@") and item.keys() != _TEXT_IN_LANGUAGE):
        raise Unsupported(
            "json_ld_keyword",
            say(
                "The credential spells a property as {key}, not by its term; that is not read here.", key=repr(key[:80])
            ),
        )
