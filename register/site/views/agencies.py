"""`/agencies` and `/agencies/{id}`: which agencies this register recognises, for what, and what they have decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from register.moments import format_moment
from register.queries.cuts import Cut
from register.queries.filters import ACCREDITATION_STATES, AGENCY_STATES, Filters
from register.queries.hearing import Placed, find_placed, place_page
from register.queries.lists import list_accreditations, list_agencies, list_homes
from register.queries.single import read_history
from register.records import AgencyRecord, scope_at
from register.site.accreditation_rows import show_records
from register.site.asked import (
    ACCREDITATION_STATUS,
    AFTER,
    AGENCY_STATUS,
    COUNTRY,
    DATES,
    REGISTER,
    THIS,
    Q,
    hear,
    read_instants,
    write_instants,
)
from register.site.dates import spell_day
from register.site.entries import find_older, read_entries
from register.site.links import with_query
from register.site.names import Name, order_names
from register.site.page import Context, page
from register.site.reading import newest_checkpoint, read_directory
from register.site.recorder import cite, name_recorder
from register.site.standing import Instants
from register.site.verdict import Verdict
from register.site.words import STATES, Standing, label, list_limits, order_plainly, spell_scope

_PAGE = 25

ASKED: Final = (Q, COUNTRY, AGENCY_STATUS, REGISTER, *DATES)
"""The parameters of a search for agencies, paging aside."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One agency in the list: its names, what it may accredit, how it stands; `register` names a peer's."""

    record: AgencyRecord
    name: Name
    other: Name | None
    scope: str
    standing: Standing
    register: str


def read_agencies(query: Mapping[str, Any]) -> tuple[Instants, Cut, Filters]:
    """Return what a query asks of agencies: the dates, the registers to look into, and what they are narrowed by."""
    instants = read_instants(query)
    filters = Filters(instants.at, q=query.get("q"), country=query.get("country"), status=query.get("status"))
    return instants, hear(instants, query), filters


@page("site/agencies.html", "agencies", (*ASKED, AFTER))
def list_recognised(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show the agencies that match."""
    instants, cut, filters = read_agencies(query)
    found = list_agencies(cut, filters, query.get("after"), _PAGE)
    asked = {name: query.get(name) for name in ("q", "country", "status", "register")}
    kept = asked | write_instants(instants)
    return {
        "agencies": [_list(one, instants) for one in place_page(found, cut)],
        "query": query,
        "countries": _list_countries(cut, query.get("country")),
        "instants": instants,
        "dates": write_instants(instants),
        "asked_at": "" if instants.today else format_moment(instants.at)[:10],
        "today": format_moment(instants.now)[:10],
        "todays": with_query("/agencies", **asked),
        "statuses": [(state, STATES[state].words) for state in AGENCY_STATES],
        "csv": with_query("/agencies.csv", **kept),
        "next": with_query("/agencies", **kept, after=found.next) if found.next else None,
        "first": with_query("/agencies", **kept) if query.get("after") else None,
    }


def _list_countries(cut: Cut, chosen: str | None) -> list[tuple[str, str]]:
    """Return the countries that can be chosen, code and name: those of agencies, and the one chosen."""
    codes = {*list_homes(cut), *([chosen] if chosen else ())}
    named = [(code, label("countries", code)) for code in codes]
    return sorted(named, key=lambda one: order_plainly(one[1]))


def _list(placed: Placed, instants: Instants) -> Listed:
    agency: AgencyRecord = placed.record
    first, *others = order_names(agency.names, agency.country)
    scope = spell_scope(scope_at(agency.scope, agency.former_scopes, instants.at))
    register = placed.cut.speaker.name if placed.cut.speaker else ""
    state = STATES[find_agency_state(agency, instants)]
    return Listed(agency, first, others[0] if others else None, scope, state, register)


def find_agency_state(agency: AgencyRecord, instants: Instants) -> str:
    """Return in one word how an agency stands at the instant shown."""
    if agency.withdrawal is not None and agency.withdrawal.effective_from <= instants.at:
        return "withdrawn"
    if agency.valid.holds(instants.at):
        return "recognised"
    start = agency.valid.valid_from
    return "not_yet_valid" if start is not None and instants.at < start else "expired"


@page("site/agency.html", "agencies", (ACCREDITATION_STATUS, AFTER, *THIS))
def show_agency(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> Context:
    """Show one agency, what it may accredit, and its accreditations some at a time."""
    instants = read_instants(query)
    agency, cut = find_placed("agency", str(id), hear(instants, query))
    filters = Filters(instants.at, agency=agency.id, status=query.get("status"))
    granted = list_accreditations(cut, filters, query.get("after"), _PAGE)
    history = read_history("agency", agency.id, cut, limit=_PAGE)
    first, *others = order_names(agency.names, agency.country)
    checkpoint, dates = newest_checkpoint(cut.origin), write_instants(instants) | {"register": query.get("register")}
    kept = dates | {"status": query.get("status")}
    return {
        "agency": agency,
        "first_name": first,
        "other_names": others,
        "verdict": _reach_verdict(agency, instants),
        "limits": list_limits(scope_at(agency.scope, agency.former_scopes, instants.at)),
        "rows": show_records(granted.items, instants.at),
        "directory": read_directory([record.issuer for record in granted.items], cut.origin),
        "next": with_query(request.path, **kept, after=granted.next) if granted.next else None,
        "first": with_query(request.path, **kept) if query.get("after") else None,
        "status": query.get("status"),
        "states": _list_states(request.path, dates, query.get("status")),
        "history": read_entries([item.event for item in history.items], checkpoint),
        "older": find_older("agency", agency.id, history, cut.origin),
        "recorder": name_recorder(agency, cut),
        "cites": cite(cut.origin, agency.entries),
        "instants": instants,
        "size": cut.size,
        "dates": dates,
        "asked_at": "" if instants.today else format_moment(instants.at)[:10],
        "today": format_moment(instants.now)[:10],
    }


def _list_states(path: str, dates: Mapping[str, Any], status: str | None) -> list[tuple[Any, str, bool]]:
    """Return the states by which its accreditations can be narrowed: words, address, whether it is the one chosen."""
    every = (pgettext("states", "all"), with_query(path, **dates), status is None)
    return [
        every,
        *((STATES[one].words, with_query(path, **dates, status=one), one == status) for one in ACCREDITATION_STATES),
    ]


def _reach_verdict(agency: AgencyRecord, instants: Instants) -> Verdict:
    state = find_agency_state(agency, instants)
    when = gettext("today") if instants.today else gettext("on %(day)s") % {"day": spell_day(instants.at)}
    told: list[SafeString] = []
    if state == "recognised":
        headline = gettext("Recognised %(when)s to accredit") % {"when": when}
        scope = spell_scope(scope_at(agency.scope, agency.former_scopes, instants.at))
        told = [format_html("{}.", scope[:1].upper() + scope[1:])]
    elif state == "withdrawn" and agency.withdrawal is not None:
        day = spell_day(agency.withdrawal.effective_from)
        headline = gettext("Recognition withdrawn with effect from %(day)s") % {"day": day}
        reason = label("reasons", agency.withdrawal.reason)
        told = [format_html(gettext("Reason: {reason}. Its accreditations count until that day."), reason=reason)]
    else:
        headline = gettext("Not recognised %(when)s: %(state)s") % {"when": when, "state": STATES[state].words}
    return Verdict(STATES[state].tone, headline, tuple(told), str(STATES[state].words))
