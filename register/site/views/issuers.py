"""`/issuers`: search by name or identifier, narrowed by facets, each institution with how it stands in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from register.errors import Busy
from register.moments import format_moment
from register.queries.facets import Facets
from register.queries.hearing import Placed, place_page
from register.queries.search import is_capped
from register.queries.selecting import Page
from register.queries.single import find_records
from register.records import IssuerRecord
from register.site.asked import AFTER, write_instants
from register.site.facets import count_found, list_chosen, list_groups, name_agencies
from register.site.links import path_to
from register.site.names import Name, order_names
from register.site.page import Context, page
from register.site.reading import newest_checkpoint, read_register
from register.site.remembering import gettext
from register.site.searching import ASKED, Search, find_issuers, read_search
from register.site.standing import IssuerStanding, find_standings
from register.site.verdict import Verdict, reach_verdict

_PAGE = 20
_AGENCIES = 100


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


@page("site/issuers.html", "issuers", (*ASKED, AFTER))
def list_matching(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show the issuers that match, some at a time, and what they could be narrowed by."""
    search = read_search(query)
    found, by_identifier = find_issuers(search, query.get("after"), _PAGE)
    standings = find_standings(found.items, search.instants)
    return {
        "hits": _show_all(place_page(found, search.cut), standings),
        "registers": [(one.origin, one.speaker.name) for one in search.cut.all if one.speaker],
        "query": query,
        "search": search,
        "dates": write_instants(search.instants),
        "asked_at": "" if search.instants.today else format_moment(search.instants.at)[:10],
        "today": format_moment(search.instants.now)[:10],
        "instants": search.instants,
        "by_identifier": by_identifier,
        "next": search.address(after=found.next) if found.next else None,
        "first": search.address() if query.get("after") else None,
        "compared": _count_compared(found, search),
        **_frame(search, standings),
        **_count(search, found, by_identifier, standings),
    }


def _count_compared(found: Page[IssuerRecord], search: Search) -> int:
    """Return how many of all that match a search by name compared; 0 where it compared them all."""
    candidates = found.candidates or []
    return len(candidates) if is_capped(candidates, search.cut) else 0


def _frame(search: Search, standings: Mapping[str, IssuerStanding]) -> Context:
    """Return what the frame of the page says of our own register, where what was found has told it already."""
    own = next((one for one in standings.values() if one.register.own), None)
    if own is None or search.instants.pinned:
        return {"node": read_register(), "checkpoint": newest_checkpoint()}
    return {"node": own.register.register, "checkpoint": own.checkpoint}


def _count(
    search: Search, found: Page[IssuerRecord], by_identifier: bool, standings: Mapping[str, IssuerStanding]
) -> Context:
    """Return how many there are and the facets beside them."""
    candidates = found.candidates
    if by_identifier:
        logs = {one.origin: one.log_id for one in search.cut.all}
        candidates = [(one.id, logs[origin]) for one, origin in zip(found.items, found.origins, strict=True)]
    facets = _count_facets(search, candidates)
    agencies = _name_agencies(search, facets, standings)
    return {
        "facets": facets,
        "groups": list_groups(search, facets, agencies) if facets else [],
        "chosen": list_chosen(search, agencies),
        "cleared": search.without(*search.chosen) if search.chosen else None,
        "bare": search.without(*search.chosen, "at", "known_at"),
        "todays": search.without("at"),
        "unpinned": search.without("known_at"),
        "csv": search.address("/issuers.csv"),
        "json": search.address("/issuers.json"),
    }


def _count_facets(search: Search, candidates: list[tuple[str, int]] | None) -> Facets | None:
    """Count what was found; None while others are counting: a list does not wait for what stands beside it."""
    try:
        return count_found(search, candidates)
    except Busy:
        return None


def _name_agencies(search: Search, facets: Facets | None, standings: Mapping[str, IssuerStanding]) -> dict[str, Name]:
    """Return the names of the agencies that can be chosen; those that what was found rests on are known already."""
    counts = facets.counts["agency"] if facets else {}
    wanted = sorted(counts, key=lambda uid: -counts[uid])[:_AGENCIES]
    wanted += [search.chosen["agency"]] if "agency" in search.chosen else []
    if not wanted:
        return {}
    known = {uid: agency for one in standings.values() for uid, agency in one.register.agencies.items()}
    unknown = [uid for uid in wanted if uid not in known]
    records = {**known, **(find_records("agency", unknown, search.cut) if unknown else {})}
    return name_agencies({uid: records[uid] for uid in wanted if uid in records})


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
