"""Names of the organisations that people act for, and finding them to invite somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from register.access.roles import AGENCY, ISSUER
from register.queries.cuts import resolve_cut
from register.queries.single import find_records
from register.site.names import Name, name_record


def name_organisations(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Name]:
    """Return the names of organisations by id, given role and id of each; at most one query a role."""
    wanted: dict[str, set[str]] = {AGENCY: set(), ISSUER: set()}
    for role, organisation in pairs:
        if organisation and role in wanted:
            wanted[role].add(organisation)
    cut = resolve_cut() if any(wanted.values()) else None
    found: dict[str, Name] = {}
    for role, ids in wanted.items():
        if ids and cut is not None:
            found |= {id: name_record(record) for id, record in find_records(role, sorted(ids), cut).items()}
    return found


def name_organisation(role: str, organisation: str) -> Name | None:
    """Return the name of one organisation, None when the register knows no such one."""
    return name_organisations([(role, organisation)]).get(organisation)
