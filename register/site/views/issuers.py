"""`/issuers`: a list of issuers by name, identifier, country, agency and status, each with how it stands today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from register import vocabularies
from register.identifiers import Identifier, parse_identifier
from register.queries.cuts import Cut
from register.queries.filters import Filters
from register.queries.hearing import Placed, place_page
from register.queries.lists import list_agencies, list_issuers
from register.queries.search import CANDIDATES
from register.queries.selecting import Page
from register.queries.single import find_records
from register.records import AgencyRecord, IssuerRecord
from register.site.asked import AFTER, AGENCY, COUNTRY, DATES, REGISTER, STATUS, Q, hear, read_instants, write_instants
from register.site.links import path_to, with_query
from register.site.names import Name, name_record, order_names
from register.site.page import Context, page
from register.site.reading import newest_checkpoint, read_register
from register.site.standing import Instants, IssuerStanding, find_standings
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
    """One institution in the list: its names and how it stands, by the record that leads.

    `register` names the peer whose record it is, `also` the other registers that record it, `address` its page.
    """

    record: IssuerRecord
    name: Name
    other: Name | None
    verdict: Verdict | None
    register: str
    also: list[str]
    address: str


@page("site/issuers.html", "issuers", (Q, COUNTRY, AGENCY, STATUS, REGISTER, AFTER, *DATES))
def list_matching(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show the issuers that match, some at a time."""
    instants = read_instants(query)
    cut = hear(instants, query)
    found, by_identifier = _find(query, instants, cut)
    standings = find_standings(found.items, instants)
    dates = write_instants(instants)
    kept = {name: query.get(name) for name in ("q", "country", "agency", "status", "register")} | dates
    node = read_register()
    return {
        "hits": _show_all(place_page(found, cut), standings),
        "registers": [(one.origin, one.speaker.name) for one in cut.all if one.speaker],
        "query": query,
        "dates": dates,
        "instants": instants,
        "by_identifier": by_identifier,
        "next": with_query("/issuers", **kept, after=found.next) if found.next else None,
        "first": with_query("/issuers", **kept) if query.get("after") else None,
        "too_many": bool(query.get("q")) and str(query.get("after", "")) == str(CANDIDATES - _PAGE),
        "countries": _countries(node.territory if node else (), cut),
        "agencies": _agencies(cut, instants, query.get("agency")),
        "statuses": STATUS_WORDS,
        "filtered": any(query.get(name) for name in ("country", "agency", "status", "register")),
        "node": node,
        "checkpoint": newest_checkpoint(),
    }


def _find(query: Mapping[str, Any], instants: Instants, cut: Cut) -> tuple[Page[IssuerRecord], bool]:
    """Return matching issuers, and whether the text was an identifier of one rather than a name."""
    q = query.get("q")
    narrowed: dict[str, Any] = {name: query.get(name) for name in ("country", "agency", "status")}
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


def _show_all(placed: list[Placed], standings: Mapping[str, IssuerStanding]) -> list[Hit]:
    """Return what was found, each institution once though several registers record it."""
    ids = Counter(one.record.id for one in placed)
    hits: dict[str, Hit] = {}
    for one in placed:
        hit = _show(one, standings.get(one.record.url), ambiguous=ids[one.record.id] > 1)
        hits.setdefault(hit.record.url, hit)
    return list(hits.values())


def _show(placed: Placed, standing: IssuerStanding | None, *, ambiguous: bool) -> Hit:
    lead = standing.lead if standing else None
    issuer: IssuerRecord = lead.issuer if lead else placed.record
    ours = lead.register.own if lead else placed.cut.speaker is None
    mine = placed.cut.speaker.name if placed.cut.speaker else gettext("this register")
    others = [one.also for one in standing.others] if standing else []
    names = {
        one.register.origin: one.register.name
        for one in others
        if one.territorial and one.issuer.country == issuer.country
    }
    names[placed.cut.origin] = mine
    own_name = names.pop(lead.register.origin if lead else placed.cut.origin)
    first, *more = order_names(issuer.names, issuer.country)
    verdict = reach_verdict(standing) if standing else None
    address = path_to("issuer", issuer.id, register=placed.cut.origin if ambiguous else None)
    register = "" if ours else own_name
    return Hit(issuer, first, more[0] if more else None, verdict, register, list(names.values()), address)


def _countries(territory: tuple[str, ...], cut: Cut) -> list[tuple[str, str]]:
    """Return the countries to choose from: our territory and those for which peers are heard."""
    countries = vocabularies.load("countries")
    heard = {code for one in cut.peers if one.speaker for code in one.speaker.countries}
    return sorted(((code, countries.get(code).label()) for code in {*territory, *heard}), key=lambda pair: pair[1])


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
