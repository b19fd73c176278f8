"""Near agencies: those of the register, and of the peers it hears, that resemble one about to be recognised.

There are some hundreds of agencies at most in a continent, so all of them are compared. What resembles and why is said
by register.desk.look_alikes, as of institutions.
"""

from __future__ import annotations

from typing import Final

from register.desk.look_alikes import Candidate, LookAlike, rank
from register.queries.cuts import Cut
from register.queries.hearing import hear_peers, heard_only
from register.queries.selecting import select
from register.records import AgencyRecord, IssuerRecord, load

COMPARED: Final = 5_000
"""Agencies that are compared at most: ten times as many as there are."""


def find_near_agencies(candidate: Candidate, most: int = 20) -> tuple[LookAlike, ...]:
    """Return the agencies that resemble the candidate, most alike first; one query beside those of the cut.

    `record` of each is the agency in the shape of an institution, as far as the comparison needs it.
    """
    cut = hear_peers()
    return rank(candidate, [(_as_compared(record), origin) for record, origin in _read_all(cut)], most)


def _read_all(cut: Cut) -> list[tuple[AgencyRecord, str]]:
    conditions = heard_only("agency", cut)
    rows = select(
        f"SELECT v.log_id, v.content::text FROM register_agency v WHERE {conditions.joined()} "
        f"ORDER BY v.uid LIMIT {COMPARED}",
        conditions.parameters,
    )
    return [(load("agency", content), cut.origin_of(log_id)) for log_id, content in rows]


def _as_compared(agency: AgencyRecord) -> IssuerRecord:
    return IssuerRecord(
        id=agency.id,
        url=agency.url,
        names=agency.names,
        country=agency.country,
        provider_type=2,
        entries=agency.entries,
        acronym=agency.acronym,
        identifiers=agency.identifiers,
        website=agency.website,
        closure=agency.withdrawal,
    )
