"""Scope: what an accreditation, a recognition or a mandate covers, and how limits meet a question.

A limit that is absent (`None`) is unrestricted; a present one must match. Each link of a chain only narrows.
How each limit matches is the table of the trust decision, link 4: credential type exactly or by a broader
term, EQF exactly, ISCED-F and jurisdiction by hierarchy (prefix), programme by identifier.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    with_config,
)

from register import vocabularies
from register.texts import check_line

LIMITS: Final = {
    "credential_type": "credential_types",
    "eqf_level": "eqf_levels",
    "isced_f": "isced_f",
    "jurisdiction": "jurisdictions",
    "programme": "programmes",
}
"""Question field → scope field, in the order in which answers list them."""

_MANY = 500
_NAMES: Final = ("credential_types", "eqf_levels", "isced_f", "jurisdictions", "programmes", "activities")


def _known(vocabulary: str, parse: Callable[[object], str]) -> Callable[[object], str]:
    """Let a code as we write it through without the search for other spellings that `parse` does."""

    def read(value: object) -> str:
        return value if isinstance(value, str) and value in vocabularies.load(vocabulary) else parse(value)

    return read


def _absent_when_empty(value: object) -> object:
    """An empty list limits nothing, so it is the same as an absent one."""
    return None if isinstance(value, (list, tuple)) and not value else value


def _once_each(terms: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    return terms if terms is None or len(terms) == 1 else tuple(dict.fromkeys(terms))


def _read_activity(value: object) -> str:
    return vocabularies.load("esg-activities").get(value).code


_CredentialType = Annotated[str, BeforeValidator(_known("credential-types", vocabularies.parse_credential_type))]
_EqfLevel = Annotated[StrictInt, Field(ge=1, le=8)]
_IscedF = Annotated[str, BeforeValidator(_known("isced-f", vocabularies.parse_isced_f))]
_Jurisdiction = Annotated[str, BeforeValidator(_known("countries", vocabularies.parse_jurisdiction))]
_Activity = Annotated[str, BeforeValidator(_read_activity)]
_Programme = Annotated[str, StringConstraints(min_length=1, max_length=200, strict=True), AfterValidator(check_line)]

# One fault is enough to refuse a list, and looking for what a stranger may have meant takes time: fail at the first.
_LIMIT = Field(max_length=_MANY, fail_fast=True)
_CLEAN = (BeforeValidator(_absent_when_empty), AfterValidator(_once_each))


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Scope:
    """Limits on credential types, EQF levels, ISCED-F fields, jurisdictions, programmes and (agencies) activities."""

    credential_types: Annotated[Annotated[tuple[_CredentialType, ...], _LIMIT] | None, *_CLEAN] = None
    eqf_levels: Annotated[Annotated[tuple[_EqfLevel, ...], _LIMIT] | None, *_CLEAN] = None
    isced_f: Annotated[Annotated[tuple[_IscedF, ...], _LIMIT] | None, *_CLEAN] = None
    jurisdictions: Annotated[Annotated[tuple[_Jurisdiction, ...], _LIMIT] | None, *_CLEAN] = None
    programmes: Annotated[Annotated[tuple[_Programme, ...], _LIMIT] | None, *_CLEAN] = None
    activities: Annotated[Annotated[tuple[_Activity, ...], _LIMIT] | None, *_CLEAN] = None

    def limit(self, name: str) -> tuple[str | int, ...] | None:
        """Return the limit called `name` (a field of this class), or None when unrestricted."""
        value: tuple[str | int, ...] | None = getattr(self, name)
        return value


UNRESTRICTED: Final = Scope()

_SHARED: Final[dict[bytes, Scope]] = {}
_MOST_SHARED: Final = 4096
_LONGEST_SHARED: Final = 512


def _share(value: object, read: ValidatorFunctionWrapHandler) -> Scope:
    """Read a scope, or take the one that was read from the same value before: most entries repeat another's limits.

    `marshal` writes 5, "5" and true differently and refuses everything but plain values.
    """
    try:
        spelling = marshal.dumps(value, 2) if type(value) is dict else b""
    except ValueError:
        spelling = b""
    known = _SHARED.get(spelling)
    if known is not None:
        return known
    scope: Scope = read(value)
    if 0 < len(spelling) <= _LONGEST_SHARED:
        if len(_SHARED) >= _MOST_SHARED:
            _SHARED.clear()
        _SHARED[spelling] = scope
    return scope


SharedScope = Annotated[Scope, WrapValidator(_share)]
"""A scope in a payload; equal ones are one object, which an immutable value may be."""


def _self_and_broader_type(code: str | int) -> Iterable[str | int]:
    return vocabularies.load("credential-types").broader(str(code))


def _self_and_broader_field(code: str | int) -> Iterable[str | int]:
    text = str(code)
    return [text[:length] for length in range(len(text), 1, -1)]


@lru_cache(maxsize=8192)  # more than there are countries and regions
def _self_and_broader_region(code: str | int) -> Iterable[str | int]:
    return vocabularies.jurisdiction_chain(str(code))


def _itself(code: str | int) -> Iterable[str | int]:
    return (code,)


_ANCESTORS: Final[dict[str, Callable[[str | int], Iterable[str | int]]]] = {
    "credential_types": _self_and_broader_type,
    "eqf_levels": _itself,
    "isced_f": _self_and_broader_field,
    "jurisdictions": _self_and_broader_region,
    "programmes": _itself,
    "activities": _itself,
}


def limit_covers(name: str, limit: tuple[str | int, ...] | None, value: str | int) -> bool:
    """Tell whether a limit named `name` lets `value` through: itself or one of its broader terms is listed."""
    return limit is None or value in limit or any(term in limit for term in _ANCESTORS[name](value))


_LIMITS_OF: Final[Callable[[Scope], tuple[tuple[str | int, ...] | None, ...]]] = attrgetter(*_NAMES)


def exceeding(inner: Scope, outer: Scope) -> tuple[str, ...]:
    """Name the limits in which `inner` says more than `outer` allows; a silent `inner` inherits and never exceeds."""
    exceeded = []
    for name, said, allowed in zip(_NAMES, _LIMITS_OF(inner), _LIMITS_OF(outer), strict=True):
        if said and allowed is not None and not all(limit_covers(name, allowed, value) for value in said):
            exceeded.append(name)
    return tuple(exceeded)


def narrowing(newer: Scope, older: Scope) -> tuple[str, ...]:
    """Name the limits in which `newer` lets through less than `older` did."""
    limits = zip(_NAMES, _LIMITS_OF(newer), _LIMITS_OF(older), strict=True)
    return tuple(
        name
        for name, allowed, before in limits
        if allowed is not None and (before is None or not all(limit_covers(name, allowed, value) for value in before))
    )


def intersect_limit(
    name: str, left: tuple[str | int, ...] | None, right: tuple[str | int, ...] | None
) -> tuple[str | int, ...] | None:
    """Return what both limits let through: None when neither limits, an empty tuple when nothing is left."""
    if left is None or right is None:
        return right if left is None else left
    narrower = [v for v in left if limit_covers(name, right, v)] + [v for v in right if limit_covers(name, left, v)]
    return tuple(dict.fromkeys(narrower))


def intersect(left: Scope, right: Scope) -> Scope:
    """Return the scope that both let through; an empty tuple in it is a limit that nothing passes."""
    if UNRESTRICTED in (left, right):
        return right if left == UNRESTRICTED else left
    merged = {name: intersect_limit(name, left.limit(name), right.limit(name)) for name in _NAMES}
    return Scope(**merged)  # type: ignore[arg-type]  # each limit keeps its own element type
