"""Lists of issuers, agencies, programmes, accreditations and events, each with two or three queries a page.

Of our own register, and of the peers in `cut.peers` where there are any (register.queries.hearing).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from register.errors import NotUnderstood
from register.identifiers import Identifier
from register.queries.cuts import Cut
from register.queries.filters import (
    Filters,
    accreditation_state,
    agency_state,
    narrow_accreditations,
    narrow_issuers,
    programme_state,
)
from register.queries.hearing import heard_only
from register.queries.search import search
from register.queries.selecting import MOST, Conditions, Page, read_page, read_uid, select
from register.records import AccreditationRecord, AgencyRecord, IssuerRecord, ProgrammeRecord
from register.sentences import from_text, say

EVENT_COLUMNS: Final = (
    "h.index, h.type, h.subject, h.time, h.uid::text, h.issuer::text, h.agency::text, h.quarantine, h.message"
)
"""What an EventRow is made of, beside the origin."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry as the list of events gives it; see models.Happening. Ids are text."""

    origin: str
    index: int
    type: str
    subject: str
    time: datetime | None
    uid: str | None
    issuer: str | None
    agency: str | None
    quarantine: str | None
    message: str | None

    @property
    def said(self) -> str:
        """Why it was set aside, as a sentence that can be told in any language; of older rows as it was written."""
        return from_text(self.message or "")


def list_issuers(cut: Cut, filters: Filters, after: str | None = None, limit: int = 50) -> Page[IssuerRecord]:
    """Return issuers; with `q` the best matches first."""
    conditions = heard_only("issuer", cut, set_aside=filters.set_aside)
    narrow_issuers(conditions, filters, cut)
    return _read("issuer", filters.q, conditions, cut, after, limit)


def find_issuers(identifier: Identifier, cut: Cut) -> list[IssuerRecord]:
    """Return the issuers that an identifier or key has ever named, as far as the cut knows."""
    return find_named(identifier, cut).items


def find_named(identifier: Identifier, cut: Cut) -> Page[IssuerRecord]:
    """Return the same with the registers they are from."""
    conditions = heard_only("issuer", cut)
    narrow_issuers(conditions, Filters(datetime.max, identifier=identifier), cut)
    return read_page("issuer", conditions, None, MOST, cut)


def list_agencies(cut: Cut, filters: Filters, after: str | None = None, limit: int = 50) -> Page[AgencyRecord]:
    """Return agencies, by `q`, country and status."""
    conditions = heard_only("agency", cut, set_aside=filters.set_aside)
    if filters.country is not None:
        conditions.add("v.country = %(country)s", country=filters.country)
    if filters.status is not None:
        conditions.add(agency_state("v", filters.status), at=filters.at)
    return _read("agency", filters.q, conditions, cut, after, limit)


def list_homes(cut: Cut) -> list[str]:
    """Return the countries in which agencies are at home, by code; one query."""
    conditions = heard_only("agency", cut)
    sql = f"SELECT DISTINCT v.country FROM register_agency v WHERE {conditions.joined()} ORDER BY 1"
    return [country for (country,) in select(sql, conditions.parameters)]


def list_programmes(cut: Cut, filters: Filters, after: str | None = None, limit: int = 50) -> Page[ProgrammeRecord]:
    """Return programmes, by `q`, issuer, type, level, field and status."""
    conditions = heard_only("programme", cut, set_aside=filters.set_aside)
    _require_issuer(conditions, filters)
    for credential_type in filter(None, (filters.credential_type, filters.type)):
        conditions.add("v.credential_type = %(type)s", type=credential_type)
    for level in filter(None, (filters.eqf_level, filters.level)):
        conditions.add("v.eqf_level = %(level)s", level=level)
    for isced_f in filter(None, (filters.isced_f, filters.field)):
        conditions.add("EXISTS (SELECT FROM unnest(v.isced_f) f WHERE starts_with(f, %(field)s))", field=isced_f)
    if filters.status is not None:
        conditions.add(programme_state("v", filters.status), at=filters.at)
    return _read("programme", filters.q, conditions, cut, after, limit)


def list_accreditations(
    cut: Cut, filters: Filters, after: str | None = None, limit: int = 50
) -> Page[AccreditationRecord]:
    """Return accreditations, by issuer, agency, the issuer's country, type, level, field and status."""
    conditions = heard_only("accreditation", cut, set_aside=filters.set_aside)
    _require_issuer(conditions, filters)
    narrow_accreditations(conditions, filters, "v")
    if filters.country is not None:
        known, _ = cut.known("i")
        same = "AND i.log_id = v.log_id " if cut.peers else ""
        conditions.add(
            f"EXISTS (SELECT FROM register_issuer i WHERE i.uid = v.issuer {same}AND i.country = %(country)s "
            f"AND {known})",
            country=filters.country,
        )
    if filters.status is not None:
        conditions.add(accreditation_state("v", filters.status), at=filters.at)
    return read_page("accreditation", conditions, after, limit, cut)


def list_events(
    cut: Cut,
    after: int | None = None,
    limit: int = 50,
    *,
    issuer: str | None = None,
    type: str | None = None,
) -> Page[EventRow]:
    """Return entries in the order of the ledger, those past the index `after`."""
    limit = max(1, min(limit, MOST))
    conditions = Conditions(["h.log_id = %(log)s AND h.index < %(size)s"], {"log": cut.log_id, "size": cut.size})
    if after is not None:
        conditions.add("h.index > %(after)s", after=after)
    if issuer is not None:
        conditions.add("h.issuer = %(issuer)s::uuid", issuer=read_uid(issuer, "issuer"))
    if type is not None:
        conditions.add("h.type = %(type)s", type=type)
    rows = select(
        f"SELECT {EVENT_COLUMNS} FROM register_happening h WHERE {conditions.joined()} "
        "ORDER BY h.index LIMIT %(limit)s",
        {**conditions.parameters, "limit": limit + 1},
    )
    items = [EventRow(cut.origin, *row) for row in rows[:limit]]
    return Page(items, str(items[-1].index) if len(rows) > limit else None)


def _read(kind: str, q: str | None, conditions: Conditions, cut: Cut, after: str | None, limit: int) -> Page[Any]:
    if q is None or not q.strip():
        return read_page(kind, conditions, after, limit, cut)
    if after is not None and not (after.isascii() and after.isdecimal() and len(after) < 6):
        raise NotUnderstood(
            "invalid", "after", say("after: expected the cursor of an earlier page of this very search")
        )
    return search(kind, q, conditions, after, limit, cut)


def _require_issuer(conditions: Conditions, filters: Filters) -> None:
    if filters.issuer is not None:
        conditions.add("v.issuer = %(issuer)s::uuid", issuer=read_uid(filters.issuer, "issuer"))
