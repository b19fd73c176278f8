"""`/issuers`: a list of issuers by name, identifier, country, agency and status, each with how it stands today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from register import vocabularies
from register.identifiers import Identifier, parse_identifier
from register.queries.cuts import Cut, resolve_cut
from register.queries.filters import Filters
from register.queries.lists import list_agencies, list_issuers
from register.queries.search import CANDIDATES
from register.queries.selecting import Page
from register.queries.single import find_records
from register.records import AgencyRecord, IssuerRecord
from register.site.asked import AFTER, AGENCY, COUNTRY, DATES, STATUS, Q, read_instants, write_instants
from register.site.links import with_query
from register.site.names import Name, name_record, order_names
from register.site.page import Context, page
from register.site.reading import newest_checkpoint, read_register
from register.site.standing import Instants, find_standings
from register.site.verdict import Verdict, reach_verdict

_PAGE = 20
_AGENCIES = 200
STATUS_WORDS: Final = {
    "accredited": _("Accredited"),
    "not_accredited": _("Not accredited"),
    "registered": _("Not closed"),
    "closed": _("Closed"),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One issuer in the list: its names and how it stands."""

    record: IssuerRecord
    name: Name
    other: Name | None
    verdict: Verdict | None


@page("site/issuers.html", "issuers", (Q, COUNTRY, AGENCY, STATUS, AFTER, *DATES))
def list_matching(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show the issuers that match, some at a time."""
    instants = read_instants(query)
    cut = resolve_cut(instants.known_instant or instants.known_size)
    found, by_identifier = _find(query, instants, cut)
    standings = find_standings([issuer.id for issuer in found.items], instants)
    verdicts = {issuer: reach_verdict(standing) for issuer, standing in standings.items()}
    dates = write_instants(instants)
    kept = {name: query.get(name) for name in ("q", "country", "agency", "status")} | dates
    node = read_register()
    return {
        "hits": [_show(issuer, verdicts.get(issuer.id)) for issuer in found.items],
        "query": query,
        "dates": dates,
        "instants": instants,
        "by_identifier": by_identifier,
        "next": with_query("/issuers", **kept, after=found.next) if found.next else None,
        "first": with_query("/issuers", **kept) if query.get("after") else None,
        "too_many": bool(query.get("q")) and str(query.get("after", "")) == str(CANDIDATES - _PAGE),
        "countries": _countries(node.territory if node else ()),
        "agencies": _agencies(cut, instants, query.get("agency")),
        "statuses": STATUS_WORDS,
        "filtered": any(query.get(name) for name in ("country", "agency", "status")),
        "node": node,
        "checkpoint": newest_checkpoint(),
    }


def _find(query: Mapping[str, Any], instants: Instants, cut: Cut) -> tuple[Page[IssuerRecord], bool]:
    """Return matching issuers, and whether the text was an identifier of one rather than a name."""
    q = query.get("q")
    narrowed = {name: query.get(name) for name in ("country", "agency", "status")}
    identifier = _read_identifier(q)
    if identifier is not None:
        found = list_issuers(cut, Filters(instants.at, identifier=identifier, **narrowed), limit=_PAGE)
        if found.items:
            return found, True
    return list_issuers(cut, Filters(instants.at, q=q, **narrowed), query.get("after"), _PAGE), False


def _read_identifier(q: str | None) -> Identifier | None:
    try:
        return parse_identifier(q) if q else None
    except ValueError:
        return None


def _show(issuer: IssuerRecord, verdict: Verdict | None) -> Hit:
    first, *others = order_names(issuer.names, issuer.country)
    return Hit(issuer, first, others[0] if others else None, verdict)


def _countries(territory: tuple[str, ...]) -> list[tuple[str, str]]:
    countries = vocabularies.load("countries")
    return sorted(((code, countries.get(code).label()) for code in territory), key=lambda pair: pair[1])


def _agencies(cut: Cut, instants: Instants, chosen: str | None) -> list[tuple[str, str]]:
    """Return the agencies to choose from; the one chosen is among them though the list be long."""
    listed: list[AgencyRecord] = list_agencies(cut, Filters(instants.at), limit=_AGENCIES).items
    if chosen is not None and all(agency.id != chosen for agency in listed):
        listed += find_records("agency", [chosen], cut).values()
    named = [
        (agency.id, f"{name_record(agency).text} ({agency.acronym})" if agency.acronym else name_record(agency).text)
        for agency in listed
    ]
    return sorted(named, key=lambda pair: pair[1].casefold())
