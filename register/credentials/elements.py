"""Elements: which of the 11 mandatory and 5 optional elements of the EU micro-credential standard a credential states.

Council Recommendation 2022/C 243/02, Annex I. Where each data model keeps an element stands in `data/eu-standard.json`:
paths from the document, `subject`, `claim` (the learning achievement of ELM) or `achievement` (of Open Badges); after
`^` the beginning that a text must have. Whether what is stated is true is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from register.credentials.presented import Claims

_MODELS: Final = {
    "elm": "elm",
    "openbadge": "openbadge",
    "clr": "openbadge",
    "blockcerts": "openbadge",
    "vc": "openbadge",
}
_ROOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "subject": ("credentialSubject",),
    "claim": ("credentialSubject", "hasClaim"),
    "achievement": ("credentialSubject", "achievement"),
}


class Path(NamedTuple):
    """Steps from the document to a value, and how a text there must begin."""

    steps: tuple[str, ...]
    prefix: str


class Element(NamedTuple):
    """One element of the standard with its places in one data model."""

    key: str
    label: str
    paths: tuple[Path, ...]


def find_elements(document: Mapping[str, Any], claims: Claims) -> dict[str, list[dict[str, Any]]]:
    """Return for `mandatory` and `optional` elements: `key`, `label`, and whether it is `present`."""
    return {
        kind: [
            {"key": element.key, "label": element.label, "present": is_present(document, element)}
            for element in elements
        ]
        for kind, elements in _load(_MODELS[claims.model]).items()
    }


def is_present(document: Mapping[str, Any], element: Element) -> bool:
    """Tell whether a document states an element at any of its places."""
    return any(_is_stated(value, path.prefix) for path in element.paths for value in follow(document, path.steps))


def follow(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Give every value that a path leads to; lists on the way are walked through."""
    if isinstance(value, list):
        for one in value:
            yield from follow(one, steps)
    elif not steps:
        yield value
    elif isinstance(value, Mapping) and steps[0] in value:
        yield from follow(value[steps[0]], steps[1:])


def read_path(text: str) -> Path:
    """Read a path as the data file writes it."""
    place, _, prefix = text.partition("^")
    first, *rest = place.split(".")
    return Path((*_ROOTS.get(first, (first,)), *rest), prefix)


def _is_stated(value: Any, prefix: str) -> bool:
    if prefix:
        return isinstance(value, str) and value.startswith(prefix)
    return value not in (None, "", {})


@cache
def _load(model: str) -> Mapping[str, tuple[Element, ...]]:
    told = json.loads((files("register.credentials") / "data" / "eu-standard.json").read_text(encoding="utf-8"))
    return {
        kind: tuple(
            Element(key, said["label"], tuple(read_path(text) for text in said[model]))
            for key, said in told[kind].items()
        )
        for kind in ("mandatory", "optional")
    }
