"""Scope: what an accreditation, a recognition or a mandate covers, and how limits meet a question.

A limit that is absent (`None`) is unrestricted; a present one must match. Each link of a chain only narrows.
How each limit matches is the table of the trust decision, link 4: credential type exactly or by a broader
term, EQF exactly, ISCED-F and jurisdiction by hierarchy (prefix), programme by identifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Final

from pydantic import BeforeValidator, ConfigDict, Field, with_config

from register import vocabularies

LIMITS: Final = {
    "credential_type": "credential_types",
    "eqf_level": "eqf_levels",
    "isced_f": "isced_f",
    "jurisdiction": "jurisdictions",
    "programme": "programmes",
}
"""Question field → scope field, in the order in which answers list them."""

_MANY = 500


def _limit(value: object) -> object:
    """An empty list limits nothing, so it is the same as an absent one."""
    if isinstance(value, (list, tuple)):
        return tuple(dict.fromkeys(value)) if value else None
    return value


_CredentialType = Annotated[str, BeforeValidator(vocabularies.parse_credential_type)]
_EqfLevel = Annotated[int, BeforeValidator(vocabularies.parse_eqf), Field(ge=1, le=8)]
_IscedF = Annotated[str, BeforeValidator(vocabularies.parse_isced_f)]
_Jurisdiction = Annotated[str, BeforeValidator(vocabularies.parse_jurisdiction)]
_Activity = Annotated[str, BeforeValidator(lambda value: vocabularies.load("esg-activities").get(value).code)]
_Programme = Annotated[str, Field(min_length=1, max_length=200)]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Scope:
    """Limits on credential types, EQF levels, ISCED-F fields, jurisdictions, programmes and (agencies) activities."""

    credential_types: Annotated[
        Annotated[tuple[_CredentialType, ...], Field(max_length=_MANY)] | None, BeforeValidator(_limit)
    ] = None
    eqf_levels: Annotated[Annotated[tuple[_EqfLevel, ...], Field(max_length=_MANY)] | None, BeforeValidator(_limit)] = (
        None
    )
    isced_f: Annotated[Annotated[tuple[_IscedF, ...], Field(max_length=_MANY)] | None, BeforeValidator(_limit)] = None
    jurisdictions: Annotated[
        Annotated[tuple[_Jurisdiction, ...], Field(max_length=_MANY)] | None, BeforeValidator(_limit)
    ] = None
    programmes: Annotated[
        Annotated[tuple[_Programme, ...], Field(max_length=_MANY)] | None, BeforeValidator(_limit)
    ] = None
    activities: Annotated[Annotated[tuple[_Activity, ...], Field(max_length=_MANY)] | None, BeforeValidator(_limit)] = (
        None
    )

    def limit(self, name: str) -> tuple[str | int, ...] | None:
        """Return the limit called `name` (a field of this class), or None when unrestricted."""
        value: tuple[str | int, ...] | None = getattr(self, name)
        return value


UNRESTRICTED: Final = Scope()


def _self_and_broader_type(code: str | int) -> Iterable[str | int]:
    return vocabularies.load("credential-types").broader(str(code))


def _self_and_broader_field(code: str | int) -> Iterable[str | int]:
    text = str(code)
    return [text[:length] for length in range(len(text), 1, -1)]


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
    return limit is None or any(term in limit for term in _ANCESTORS[name](value))


def exceeding(inner: Scope, outer: Scope) -> tuple[str, ...]:
    """Name the limits in which `inner` says more than `outer` allows; a silent `inner` inherits and never exceeds."""
    return tuple(
        field.name
        for field in fields(Scope)
        if any(not limit_covers(field.name, outer.limit(field.name), v) for v in inner.limit(field.name) or ())
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
    merged = {f.name: intersect_limit(f.name, left.limit(f.name), right.limit(f.name)) for f in fields(Scope)}
    return Scope(**merged)  # type: ignore[arg-type]  # each limit keeps its own element type
