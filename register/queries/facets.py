"""Facets: how many of the issuers that a search found there are of each country, agency, level and so on.

One statement, whatever was found. It looks at no more than MOST issuers: those that a search by name ranked, or else
some drawn evenly, by a hash of their ids, so that it costs the same however large the register is. Where there are
more, every count is a lower bound, and `capped` says so.

What is asked of accreditations is asked of one and the same: an agency's count is of issuers that hold an accreditation
of this agency that also is of the level asked for. An absent limit counts for every term, as filters do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from register import vocabularies
from register.queries.cuts import Cut
from register.queries.filters import Filters, accreditation_state, list_touching, narrow_accreditations, narrow_issuers
from register.queries.hearing import heard_only
from register.queries.selecting import Conditions, known_only, select

MOST: Final = 2_000
"""Issuers that are looked at where no name was searched for."""

OF_ACCREDITATIONS: Final = ("agency", "kind", "level", "field", "type")
GROUPS: Final = ("status", "country", "provider_type", *OF_ACCREDITATIONS)
"""The facets, by the parameters of the search that they set."""

_COLUMNS: Final = (
    "v.uid, v.log_id, v.country, v.provider_type, v.closed_from, v.quarantine, v.recorded_from, v.recorded_until"
)
_NAMED: Final = f"""
    drawn AS MATERIALIZED (
        SELECT {_COLUMNS} FROM unnest(%(uids)s::uuid[], %(logs)s::smallint[]) AS n(uid, log_id)
        JOIN register_issuer v ON v.uid = n.uid AND v.log_id = n.log_id WHERE {{conditions}} LIMIT %(most)s
    )
"""
_DRAWN: Final = f"""
    drawn AS MATERIALIZED (
        SELECT {_COLUMNS} FROM register_issuer v WHERE {{conditions}} ORDER BY uuid_hash(v.uid) LIMIT %(most)s
    )
"""
_COUNTS: Final = """
    WITH {drawn},
    matched AS MATERIALIZED (SELECT row_number() OVER () AS issuer, v.* FROM drawn v WHERE {conditions}),
    held AS MATERIALIZED (
        SELECT m.issuer, a.agency, a.accreditation_kind, coalesce(a.eqf_levels, '{{1,2,3,4,5,6,7,8}}') AS eqf_levels,
            coalesce(a.isced_f, '{{}}') AS isced_f, coalesce(a.credential_types, '{{}}') AS credential_types
        FROM matched m JOIN register_accreditation a ON a.issuer = m.uid AND a.log_id = m.log_id WHERE {held}
    ),
    term AS MATERIALIZED (
        SELECT t.facet, t.code, string_to_array(t.touching, ' ') AS touching
        FROM unnest(%(facets)s::text[], %(codes)s::text[], %(touching)s::text[]) AS t(facet, code, touching)
    ),
    field AS MATERIALIZED (
        SELECT h.isced_f, t.code FROM (SELECT DISTINCT isced_f FROM held) h
        JOIN term t ON t.facet = 'field' AND (h.isced_f = '{{}}' OR h.isced_f && t.touching)
    ),
    type AS MATERIALIZED (
        SELECT h.credential_types, t.code FROM (SELECT DISTINCT credential_types FROM held) h
        JOIN term t ON t.facet = 'type' AND (h.credential_types = '{{}}' OR h.credential_types && t.touching)
    )
    SELECT 'drawn' AS facet, '' AS code, count(*) AS number FROM drawn
    UNION ALL SELECT 'total', '', count(*) FROM matched
    UNION ALL SELECT 'country', country, count(*) FROM matched GROUP BY country
    UNION ALL SELECT 'provider_type', provider_type::text, count(*) FROM matched GROUP BY provider_type
    UNION ALL SELECT 'status', 'closed', count(*) FROM matched WHERE {closed}
    UNION ALL SELECT 'status', 'accredited', count(*) FROM matched
        WHERE NOT {closed} AND issuer IN (SELECT issuer FROM held)
    UNION ALL SELECT 'agency', agency::text, count(*) FROM (SELECT DISTINCT agency, issuer FROM held) g GROUP BY agency
    UNION ALL SELECT 'kind', accreditation_kind, count(*)
        FROM (SELECT DISTINCT accreditation_kind, issuer FROM held) g GROUP BY accreditation_kind
    UNION ALL SELECT 'level', level::text, count(*)
        FROM (SELECT DISTINCT level, issuer FROM held, unnest(eqf_levels) AS level) g GROUP BY level
    UNION ALL SELECT 'field', code, count(*)
        FROM (SELECT DISTINCT code, issuer FROM held JOIN field USING (isced_f)) g GROUP BY code
    UNION ALL SELECT 'type', code, count(*)
        FROM (SELECT DISTINCT code, issuer FROM held JOIN type USING (credential_types)) g GROUP BY code
"""


@dataclass(frozen=True, slots=True)
class Facets:
    """Facet → code → how many issuers; `total` of those looked at. `capped`: there are more, all counts are bounds."""

    total: int
    capped: bool
    counts: Mapping[str, Mapping[str, int]]


def count_facets(cut: Cut, filters: Filters, candidates: Iterable[tuple[str, int]] | None, most: int = MOST) -> Facets:
    """Count the issuers found: those of a search by name (ids and logs), or without one all that match the filters.

    `most` bounds how many are looked at.
    """
    named = None if candidates is None else list(candidates)
    conditions, first, held = _narrow(cut, filters), _narrow(cut, _draw_by(filters)), _hold(cut, filters)
    drawn = (_DRAWN if named is None else _NAMED).format(conditions=first.joined())
    closed = "(closed_from IS NOT NULL AND closed_from <= %(at)s)"
    statement = _COUNTS.format(drawn=drawn, conditions=conditions.joined(), held=held.joined(), closed=closed)
    parameters = conditions.parameters | first.parameters | held.parameters
    return _gather(select(statement, {**parameters, **_name(named), **_list_terms(filters), "most": most + 1}), most)


def _narrow(cut: Cut, filters: Filters) -> Conditions:
    conditions = heard_only("issuer", cut, set_aside=filters.set_aside)
    narrow_issuers(conditions, filters, cut)
    return conditions


def _draw_by(filters: Filters) -> Filters:
    """Return what issuers are drawn by: an agency leads to its issuers, other questions about accreditations do not.

    Those are asked of the issuers drawn, since looking for as many as match could mean looking at all.
    """
    if filters.agency is not None:
        return filters
    asked: dict[str, Any] = dict.fromkeys(("credential_type", "eqf_level", "isced_f", "type", "level", "field", "kind"))
    return replace(filters, status="closed" if filters.status == "closed" else None, **asked)


def _hold(cut: Cut, filters: Filters) -> Conditions:
    """Return the conditions on accreditations (alias `a`) that are counted: those that entitle, and are as asked."""
    held = known_only("a", cut)
    held.add("a.quarantine IS NULL AND a.decision IN ('positive', 'positive_with_conditions')")
    held.add(accreditation_state("a", "in_force"), at=filters.at)
    narrow_accreditations(held, filters, "a")
    return held


def _name(named: list[tuple[str, int]] | None) -> dict[str, Any]:
    return {"uids": [uid for uid, _ in named or ()], "logs": [log_id for _, log_id in named or ()]}


def _list_terms(filters: Filters) -> dict[str, str]:
    """Return the fields and types that are counted, each with the terms of limits that touch it, as three columns.

    Each is an array in PostgreSQL's spelling, the same for every search; the terms of a row stand in one text, with
    spaces between, which no code holds: a row for each of them would take twice as long to read.
    """
    fields = [code for code in vocabularies.load("isced-f").codes() if len(code) == 2]
    if filters.field is not None:
        fields = [filters.field, *vocabularies.load("isced-f").narrower(filters.field)]
    return _spread(tuple(fields))


@cache
def _spread(fields: tuple[str, ...]) -> dict[str, str]:
    asked = [("field", "isced-f", code) for code in fields]
    asked += [("type", "credential-types", code) for code in vocabularies.load("credential-types").codes()]
    rows = [(facet, code, " ".join(list_touching(vocabulary, code))) for facet, vocabulary, code in asked]
    columns = zip(*rows, strict=True)
    return {
        name: "{" + ",".join(f'"{code}"' for code in column) + "}"
        for name, column in zip(("facets", "codes", "touching"), columns, strict=True)
    }


def _gather(rows: Iterable[tuple[str, str, int]], most: int) -> Facets:
    counts: dict[str, dict[str, int]] = {name: {} for name in ("drawn", "total", *GROUPS)}
    for facet, code, number in rows:
        if number:
            counts[facet][code] = number
    drawn, total = counts.pop("drawn").get("", 0), counts.pop("total").get("", 0)
    without = total - counts["status"].get("accredited", 0)
    if without:
        counts["status"]["not_accredited"] = without
    return Facets(min(total, most), drawn > most, counts)
