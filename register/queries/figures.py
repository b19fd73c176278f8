"""Figures of the whole register: what is in force, by country, level, field, agency and more; decisions over time.

Each of the two statements reads its table once. Callers keep what they give (`register.queries.kept`): on a large
register it takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from register.queries.cuts import Cut
from register.queries.filters import accreditation_state
from register.queries.hearing import heard_only
from register.queries.selecting import select

UNLIMITED: Final = "*"
"""Stands for accreditations that do not limit what is counted."""

DECISIONS: Final = (
    "accreditation.granted",
    "accreditation.amended",
    "accreditation.suspended",
    "accreditation.reinstated",
    "accreditation.revoked",
)
MONTHS: Final = 24
"""Months back over which decisions are counted."""
AHEAD: Final = 12
"""Months ahead over which ends are counted."""

_IN_FORCE: Final = """
    -- Accreditations that are alike in all that is counted, together: a hundredth of the rows, and one pass over them.
    WITH held AS MATERIALIZED (
        SELECT v.agency, v.accreditation_kind, v.eqf_levels, v.isced_f, v.credential_types,
            coalesce(extract(year FROM v.valid_from AT TIME ZONE 'UTC')::int, 0) AS year,
            CASE WHEN v.valid_until < date_trunc('month', %(at)s) + make_interval(months => %(ahead)s)
                THEN date_trunc('month', v.valid_until AT TIME ZONE 'UTC') END AS ends,
            CASE WHEN v.valid_until < %(at)s + interval '30 days' THEN 30
                WHEN v.valid_until < %(at)s + interval '90 days' THEN 90
                WHEN v.valid_until < %(at)s + interval '180 days' THEN 180
                WHEN v.valid_until < %(at)s + interval '365 days' THEN 365 END AS within,
            count(*) AS number
        FROM register_accreditation v WHERE {held} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ),
    holder AS MATERIALIZED (
        SELECT i.country, i.closed_from, h.number FROM (
            SELECT v.log_id, v.issuer, count(*) AS number FROM register_accreditation v WHERE {held} GROUP BY 1, 2
        ) h JOIN register_issuer i ON i.uid = h.issuer AND i.log_id = h.log_id AND i.recorded_until IS NULL
    )
    SELECT 'total', '', sum(number)::bigint FROM held
    UNION ALL SELECT 'agency', agency::text, sum(number)::bigint FROM held GROUP BY agency
    UNION ALL SELECT 'kind', accreditation_kind, sum(number)::bigint FROM held GROUP BY accreditation_kind
    UNION ALL SELECT 'level', level::text, sum(number)::bigint FROM held, unnest(eqf_levels) AS level GROUP BY level
    UNION ALL SELECT 'level', '*', sum(number)::bigint FROM held WHERE eqf_levels IS NULL
    -- One that names two fields counts for both, and once for each though it names parts of it.
    UNION ALL SELECT 'field', one.code, sum(number)::bigint
        FROM held, LATERAL (SELECT DISTINCT left(f, 2) AS code FROM unnest(isced_f) AS f) AS one GROUP BY one.code
    UNION ALL SELECT 'field', '*', sum(number)::bigint FROM held WHERE isced_f IS NULL
    UNION ALL SELECT 'type', type, sum(number)::bigint FROM held, unnest(credential_types) AS type GROUP BY type
    UNION ALL SELECT 'type', '*', sum(number)::bigint FROM held WHERE credential_types IS NULL
    UNION ALL SELECT 'year', CASE year WHEN 0 THEN '*' ELSE year::text END, sum(number)::bigint FROM held GROUP BY year
    UNION ALL SELECT 'ends', to_char(ends, 'YYYY-MM'), sum(number)::bigint FROM held WHERE ends IS NOT NULL
        GROUP BY ends
    UNION ALL SELECT 'ends_within', d.days::text, sum(number)::bigint
        FROM held, (VALUES (30), (90), (180), (365)) AS d(days) WHERE within <= d.days GROUP BY d.days
    UNION ALL SELECT 'country_held', country, sum(number)::bigint FROM holder GROUP BY country
    UNION ALL SELECT 'country_accredited', country, count(*) FROM holder WHERE {open} GROUP BY country
    UNION ALL SELECT 'country', i.country, count(*) FROM register_issuer i WHERE {issuers} GROUP BY i.country
    UNION ALL SELECT 'provider_type', i.provider_type::text, count(*) FROM register_issuer i WHERE {issuers}
        GROUP BY i.provider_type
    UNION ALL SELECT 'agencies', g.country, count(*) FROM register_agency g WHERE {agencies} GROUP BY g.country
"""
_DECISIONS: Final = """
    SELECT h.type, to_char(h.time AT TIME ZONE 'UTC', 'YYYY-MM'), count(*) FROM register_happening h
    WHERE h.log_id = ANY (%(logs)s::smallint[]) AND h.type = ANY (%(types)s) AND h.quarantine IS NULL
        AND h.time >= date_trunc('month', %(at)s) - make_interval(months => %(months)s) AND h.time <= %(at)s
    GROUP BY 1, 2
"""


@dataclass(slots=True)
class Figures:
    """Counts by what is counted and code; `decisions` by month (`2026-05`) and type of entry."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    decisions: dict[str, dict[str, int]] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, int]:
        """Return the counts of one kind, without those that are nothing."""
        return self.counts.get(name, {})

    @property
    def total(self) -> int:
        """Accreditations in force."""
        return self.of("total").get("", 0)


def count_figures(cut: Cut, at: datetime) -> Figures:
    """Count what is in force at an instant, and the decisions recorded until then; two queries."""
    held = heard_only("accreditation", cut)
    held.add("v.quarantine IS NULL AND v.decision IN ('positive', 'positive_with_conditions')")
    held.add(accreditation_state("v", "in_force"), at=at)
    issuers, agencies = heard_only("issuer", cut), heard_only("agency", cut)
    opened = "(i.closed_from IS NULL OR i.closed_from > %(at)s)"
    issuers.add(opened.replace("i.", "v."))
    agencies.add(_RECOGNISED)
    parameters = held.parameters | issuers.parameters | agencies.parameters
    statement = _IN_FORCE.format(
        held=held.joined(),
        issuers=_renamed(issuers.joined(), "i"),
        agencies=_renamed(agencies.joined(), "g"),
        open=opened.replace("i.", ""),
    )
    rows = select(statement, {**parameters, "at": at, "ahead": AHEAD + 1})
    logs = [one.log_id for one in cut.all]
    months = select(_DECISIONS, {"logs": logs, "types": list(DECISIONS), "at": at, "months": MONTHS - 1})
    return Figures(_nest(rows), _nest((month, kind, number) for kind, month, number in months))


_RECOGNISED: Final = (
    "(v.valid_from IS NULL OR v.valid_from <= %(at)s) AND (v.valid_until IS NULL OR v.valid_until > %(at)s) "
    "AND (v.withdrawn_from IS NULL OR v.withdrawn_from > %(at)s)"
)


def _renamed(condition: str, alias: str) -> str:
    """Return a condition on records of the alias `v` for another alias."""
    return condition.replace("v.", f"{alias}.")


def _nest(rows: Iterable[tuple[Any, ...]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, code, number in rows:
        if number and code is not None:
            found.setdefault(name, {})[code] = found.get(name, {}).get(code, 0) + number
    return found


_OF_COUNTRY: Final = """
    WITH issuer AS MATERIALIZED (
        SELECT v.uid, v.log_id, v.provider_type, v.closed_from FROM register_issuer v
        WHERE v.country = %(country)s AND {issuers}
    ),
    held AS MATERIALIZED (
        SELECT i.uid, i.log_id, i.closed_from, v.agency, v.accreditation_kind, v.decision, v.valid_from, v.valid_until,
            coalesce(v.content->>'status', '') AS status, coalesce(v.content->>'standard', '') AS standard,
            round(extract(epoch FROM v.valid_until - v.valid_from) / 31556952)::int AS years
        FROM issuer i JOIN register_accreditation v ON v.issuer = i.uid AND v.log_id = i.log_id WHERE {held}
    )
    SELECT 'issuers', provider_type::text, count(*) FROM issuer WHERE {open} GROUP BY 2
    UNION ALL SELECT 'closed', '', count(*) FROM issuer WHERE NOT {open}
    UNION ALL SELECT 'accredited', '', count(*) FROM (SELECT DISTINCT uid, log_id FROM held WHERE {open}) one
    UNION ALL SELECT 'held', '', count(*) FROM held
    UNION ALL SELECT 'kind', accreditation_kind, count(*) FROM held GROUP BY 2
    UNION ALL SELECT 'duty', status, count(*) FROM held GROUP BY 2
    UNION ALL SELECT 'kind_duty', accreditation_kind || ' ' || status, count(*) FROM held GROUP BY 2
    UNION ALL SELECT 'standard', standard, count(*) FROM held GROUP BY 2
    UNION ALL SELECT 'conditions', '', count(*) FROM held WHERE decision = 'positive_with_conditions'
    UNION ALL SELECT 'years', percentile_disc(0.5) WITHIN GROUP (ORDER BY years)::text, count(years) FROM held
    UNION ALL SELECT 'since', to_char(min(valid_from) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), count(valid_from) FROM held
    UNION ALL SELECT 'agency', agency::text, count(*) FROM held GROUP BY 2
    UNION ALL SELECT 'open_ended', '', count(*) FROM held WHERE valid_until IS NULL
"""


def count_country(country: str, cut: Cut, at: datetime) -> dict[str, dict[str, int]]:
    """Count the issuers of a country and what they hold at an instant, by kind, agency, duty and standard; one query.

    `years` has one code, the years for which half of those with an end are valid at most; `since` the oldest beginning.
    """
    issuers, held = heard_only("issuer", cut), heard_only("accreditation", cut)
    held.add("v.quarantine IS NULL AND v.decision IN ('positive', 'positive_with_conditions')")
    held.add(accreditation_state("v", "in_force"), at=at)
    statement = _OF_COUNTRY.format(
        issuers=issuers.joined(), held=held.joined(), open="(closed_from IS NULL OR closed_from > %(at)s)"
    )
    return _nest(select(statement, {**issuers.parameters, **held.parameters, "at": at, "country": country}))


_NEWEST: Final = """
    SELECT h.origin, h.index, h.type, h.subject, h.time, h.uid::text, h.issuer::text, h.agency::text, h.quarantine,
        h.message
    FROM (
        SELECT %(origin)s AS origin, * FROM register_happening
        WHERE log_id = %(log)s AND index < %(size)s AND index >= %(size)s - %(within)s
            AND type = ANY (%(types)s) AND quarantine IS NULL
        ORDER BY index DESC OFFSET 0
    ) h
    WHERE EXISTS (
        SELECT FROM register_issuer i
        WHERE i.uid = h.issuer AND i.log_id = h.log_id AND i.country = %(country)s OFFSET 0
    )
    ORDER BY h.index DESC LIMIT %(limit)s
"""


def list_decisions(country: str, cut: Cut, within: int, limit: int) -> list[tuple[Any, ...]]:
    """Return the newest decisions about issuers of a country among the last `within` entries of the cut's own log.

    Rows are as `register.queries.lists.EventRow` takes them.
    """
    given = {"origin": cut.origin, "log": cut.log_id, "size": cut.size, "within": within, "limit": limit}
    return select(_NEWEST, {**given, "types": list(DECISIONS), "country": country})


def list_ending(cut: Cut, at: datetime, until: datetime, limit: int) -> list[tuple[str, int, str, str, datetime]]:
    """Return accreditations in force that end before an instant, the first end first: id, log, issuer, agency, end."""
    held = heard_only("accreditation", cut)
    held.add("v.quarantine IS NULL AND v.decision IN ('positive', 'positive_with_conditions')")
    held.add(accreditation_state("v", "in_force"), at=at)
    held.add("v.valid_until < %(until)s", until=until)
    return select(
        "SELECT v.uid::text, v.log_id, v.issuer::text, v.agency::text, v.valid_until FROM register_accreditation v "
        f"WHERE {held.joined()} ORDER BY v.valid_until, v.uid LIMIT %(limit)s",
        {**held.parameters, "limit": limit},
    )
