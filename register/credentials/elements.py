"""Elements: which of the 11 mandatory and 5 optional elements of the EU micro-credential standard a credential states.

Council Recommendation 2022/C 243/02, Annex I. Where each data model keeps an element stands in `data/eu-standard.json`:
paths from the document, `subject`, `claim` (the learning achievement of ELM) or `achievement` (of Open Badges); after
`^` the beginning that a text must have. Whether what is stated is true is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
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
    prefix: str = ""


class Element(NamedTuple):
    """One element of the standard with its places in one data model; `kind` is `mandatory` or `optional`."""

    kind: str
    key: str
    label: str
    paths: tuple[Path, ...]


@dataclass(slots=True)
class _Place:
    """A node of the tree of all paths: what is stated if there is a value here, and which steps go on."""

    states: list[tuple[str, str]] = field(default_factory=list)
    steps: dict[str, _Place] = field(default_factory=dict)


def find_elements(document: Mapping[str, Any], claims: Claims) -> dict[str, list[dict[str, Any]]]:
    """Return for `mandatory` and `optional` elements: `key`, `label`, and whether it is `present`."""
    present: set[str] = set()
    _walk(document, _plant(_MODELS[claims.model]), present)
    return _tell(_MODELS[claims.model], frozenset(present))


@lru_cache(maxsize=256)  # a batch states the same elements again and again
def _tell(model: str, present: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {"mandatory": [], "optional": []}
    for element in list_elements(model):
        said = {"key": element.key, "label": element.label, "present": element.key in present}
        found[element.kind].append(said)
    return found


def _walk(value: Any, place: _Place, present: set[str]) -> None:
    """Note which elements are stated below a value: one walk for all of them, along their paths only."""
    if type(value) is list:
        for one in value:
            _walk(one, place, present)
        return
    for key, prefix in place.states:
        if _is_stated(value, prefix):
            present.add(key)
    if place.steps and isinstance(value, dict):
        for step, further in place.steps.items():
            if step in value:
                _walk(value[step], further, present)


def follow(value: Any, path: Path) -> list[Any]:
    """Return every value that a path leads to; lists on the way are walked through."""
    found: list[Any] = []
    _collect(value, path.steps, 0, found)
    return found


def _collect(value: Any, steps: tuple[str, ...], taken: int, found: list[Any]) -> None:
    if type(value) is list:
        for one in value:
            _collect(one, steps, taken, found)
    elif taken == len(steps):
        found.append(value)
    elif isinstance(value, dict) and steps[taken] in value:
        _collect(value[steps[taken]], steps, taken + 1, found)


def read_path(text: str) -> Path:
    """Read a path as the data file writes it."""
    place, _, prefix = text.partition("^")
    first, *rest = place.split(".")
    return Path((*_ROOTS.get(first, (first,)), *rest), prefix)


def _is_stated(value: Any, prefix: str) -> bool:
    if prefix:
        return isinstance(value, str) and value.startswith(prefix)
    return bool(value) or not (value is None or value == "" or value == {})


@cache
def list_elements(model: str) -> tuple[Element, ...]:
    """Return the elements of the standard with their places in a data model (`elm`, `openbadge`)."""
    told = json.loads((files("register.credentials") / "data" / "eu-standard.json").read_text(encoding="utf-8"))
    return tuple(
        Element(kind, key, said["label"], tuple(read_path(text) for text in said[model]))
        for kind in ("mandatory", "optional")
        for key, said in told[kind].items()
    )


@cache
def _plant(model: str) -> _Place:
    root = _Place()
    for element in list_elements(model):
        for path in element.paths:
            place = root
            for step in path.steps:
                place = place.steps.setdefault(step, _Place())
            place.states.append((element.key, path.prefix))
    return root
