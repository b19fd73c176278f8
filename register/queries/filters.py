"""Filters: what lists can be narrowed by, and how each becomes a condition.

`credential_type`, `eqf_level` and `isced_f` ask whether an accreditation's limit lets the value through
(register/scope.py): an absent limit does, and so does a broader term. `type`, `level` and `field` are what people
search by: they are also content with a part of what is asked, so that `06` finds whoever is accredited for `0613`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from register import vocabularies
from register.identifiers import NODE, Identifier
from register.queries.cuts import Cut
from register.queries.selecting import Conditions, known_only, read_uid

ACCREDITATION_STATES: Final = ("in_force", "not_yet_valid", "expired", "suspended", "revoked")
AGENCY_STATES: Final = ("recognised", "not_yet_valid", "expired", "withdrawn")
PROGRAMME_STATES: Final = ("in_force", "not_yet_valid", "expired", "closed")
ISSUER_STATES: Final = ("accredited", "not_accredited", "registered", "closed")
"""`accredited`: open, with an accreditation in force whose decision is positive; `registered`: not closed."""

_OVER: Final = "({a}.{end} IS NOT NULL AND {a}.{end} <= %(at)s)"
_BEFORE: Final = "({a}.valid_from IS NOT NULL AND %(at)s < {a}.valid_from)"
_AFTER: Final = "({a}.valid_until IS NOT NULL AND {a}.valid_until <= %(at)s)"
_SUSPENDED: Final = "coalesce(%(at)s <@ ANY ({a}.suspended), false)"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None and empty: not at all. `at` is the valid time at which states are judged.

    `set_aside` widens it: by what peers said beyond their countries, kept without counting.
    """

    at: datetime
    q: str | None = None
    country: str | None = None
    identifier: Identifier | None = None
    issuer: str | None = None
    agency: str | None = None
    credential_type: str | None = None
    eqf_level: int | None = None
    isced_f: str | None = None
    status: str | None = None
    provider_type: int | None = None
    type: str | None = None
    level: int | None = None
    field: str | None = None
    kind: str | None = None
    set_aside: bool = False

    @property
    def limits(self) -> bool:
        """Whether something is asked of an accreditation's agency, kind or scope."""
        exact = (self.credential_type, self.eqf_level, self.isced_f)
        return any(value is not None for value in (self.agency, self.kind, self.type, self.level, self.field, *exact))


def _state(alias: str, state: str, ending: str, holding: str, ended: str, suspended: str | None = None) -> str:
    """Return the condition for one state; what ended for good comes first, as in register.trust.links.find_state."""
    over, before, after = (part.format(a=alias, end=ending) for part in (_OVER, _BEFORE, _AFTER))
    rest = f"NOT {over} AND NOT {after} AND NOT {before}"
    pause = suspended.format(a=alias) if suspended else "false"
    conditions = {
        ended: over,
        "expired": f"NOT {over} AND {after}",
        "not_yet_valid": f"NOT {over} AND NOT {after} AND {before}",
        "suspended": f"{rest} AND {pause}",
        holding: f"{rest} AND NOT {pause}",
    }
    return conditions[state]


def accreditation_state(alias: str, state: str) -> str:
    """Return the condition that an accreditation stands so at `%(at)s`."""
    return _state(alias, state, "revoked_from", "in_force", "revoked", _SUSPENDED)


def agency_state(alias: str, state: str) -> str:
    """Return the condition that an agency stands so."""
    return _state(alias, state, "withdrawn_from", "recognised", "withdrawn")


def programme_state(alias: str, state: str) -> str:
    """Return the condition that a programme stands so."""
    return _state(alias, state, "closed_from", "in_force", "closed")


def narrow_accreditations(conditions: Conditions, filters: Filters, alias: str) -> None:
    """Require of an accreditation the agency, and a scope that lets type, level and field through."""
    if filters.agency is not None:
        conditions.add(f"{alias}.agency = %(agency)s::uuid", agency=read_uid(filters.agency, "agency"))
    if filters.credential_type is not None:
        types = list(vocabularies.load("credential-types").broader(filters.credential_type))
        conditions.add(f"{alias}.credential_types IS NULL OR {alias}.credential_types && %(types)s", types=types)
    if filters.eqf_level is not None:
        conditions.add(f"{alias}.eqf_levels IS NULL OR %(level)s = ANY ({alias}.eqf_levels)", level=filters.eqf_level)
    if filters.isced_f is not None:
        fields = [filters.isced_f[:length] for length in range(2, len(filters.isced_f) + 1)]
        conditions.add(f"{alias}.isced_f IS NULL OR {alias}.isced_f && %(fields)s", fields=fields)
    _touch(conditions, filters, alias)


def _touch(conditions: Conditions, filters: Filters, alias: str) -> None:
    """Require of an accreditation its kind, and a scope that lets through at least a part of what is asked."""
    if filters.kind is not None:
        conditions.add(f"{alias}.accreditation_kind = %(kind)s", kind=filters.kind)
    if filters.type is not None:
        types = list(list_touching("credential-types", filters.type))
        conditions.add(
            f"{alias}.credential_types IS NULL OR {alias}.credential_types && %(touched_types)s", touched_types=types
        )
    if filters.level is not None:
        conditions.add(
            f"{alias}.eqf_levels IS NULL OR %(asked_level)s = ANY ({alias}.eqf_levels)", asked_level=filters.level
        )
    if filters.field is not None:
        fields = list(list_touching("isced-f", filters.field))
        conditions.add(f"{alias}.isced_f IS NULL OR {alias}.isced_f && %(touched_fields)s", touched_fields=fields)


@cache
def list_touching(vocabulary: str, code: str) -> tuple[str, ...]:
    """Return the terms that have something in common with one: itself, the broader and all the narrower ones."""
    terms = vocabularies.load(vocabulary)
    below = (one.code for one in terms if code in terms.broader(one.code))
    return (*terms.broader(code)[1:], *below)


def narrow_issuers(conditions: Conditions, filters: Filters, cut: Cut) -> None:
    """Require of an issuer (alias `v`) all that is asked of it and of its accreditations."""
    conditions.parameters["at"] = filters.at
    if filters.country is not None:
        conditions.add("v.country = %(country)s", country=filters.country)
    if filters.provider_type is not None:
        conditions.add("v.provider_type = %(provider_type)s", provider_type=filters.provider_type)
    if filters.identifier is not None:
        _require_identifier(conditions, filters.identifier, cut)
    closed = _OVER.format(a="v", end="closed_from")
    if filters.status in ("accredited", "registered"):
        conditions.add(f"NOT {closed}")
    if filters.status == "closed":
        conditions.add(closed)
    if filters.status == "not_accredited":
        conditions.add(f"{closed} OR NOT {_exists_accreditation(conditions, filters, cut)}")
    elif filters.status == "accredited" or filters.limits:
        conditions.add(_exists_accreditation(conditions, filters, cut))


def _require_identifier(conditions: Conditions, identifier: Identifier, cut: Cut) -> None:
    if identifier.scheme == NODE:
        conditions.add("v.uid = %(named)s::uuid", named=identifier.value)
        return
    known, parameters = cut.known("c")
    conditions.parameters |= parameters
    held, claimed = ("(v.uid, v.log_id)", "c.issuer, c.log_id") if cut.peers else ("v.uid", "c.issuer")
    conditions.add(
        f"{held} IN (SELECT {claimed} FROM register_claim c "
        f"WHERE c.value = %(claimed)s AND c.scheme = %(scheme)s AND {known})",
        claimed=identifier.value,
        scheme=identifier.scheme,
    )


def _exists_accreditation(conditions: Conditions, filters: Filters, cut: Cut) -> str:
    """Return the condition that an accreditation meets the limits and, unless another state is asked, is in force."""
    inner = known_only("a", cut)
    inner.add("a.issuer = v.uid AND a.quarantine IS NULL")
    if cut.peers:
        inner.add("a.log_id = v.log_id")
    inner.add("a.decision IN ('positive', 'positive_with_conditions')")
    inner.add(accreditation_state("a", "in_force"))
    narrow_accreditations(inner, filters, "a")
    conditions.parameters |= inner.parameters
    return f"EXISTS (SELECT FROM register_accreditation a WHERE {inner.joined()})"
