"""`/countries` and `/countries/{code}`: what the register holds of a country, and how quality assurance works there.

Nothing is said of a country but what its entries say: who speaks for it, which agencies decide, of what kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse

from register import vocabularies
from register.errors import NotFound
from register.moments import format_instant, format_moment
from register.queries.cuts import Cut
from register.queries.figures import Figures, count_country, list_decisions
from register.queries.filters import Filters
from register.queries.kept import Kept, keep
from register.queries.lists import EventRow, list_agencies
from register.queries.single import find_records
from register.queries.turns import DATED, TODAY
from register.records import AgencyRecord, RegisterRecord
from register.sentences import say
from register.site.asked import DATES, hear, read_instants, write_instants
from register.site.entries import read_entries
from register.site.names import name_record
from register.site.page import Context, page
from register.site.quality import DESCRIBED_BY, ActiveAgency, describe_quality
from register.site.reading import newest_checkpoint, read_register
from register.site.standing import Instants
from register.site.views.agencies import find_agency_state
from register.site.views.figures import read_figures
from register.site.words import STATES, label, order_plainly
from register.vocabularies import UnknownTerm

_DECISIONS: Final = 8
_WITHIN: Final = 20_000
_AGENCIES: Final = 100


@dataclass(frozen=True, slots=True)
class CountryRow:
    """One country in figures; `speakers` are the names of peers that speak for it, `own` that this register does."""

    code: str
    name: str
    issuers: int
    accredited: int
    held: int
    agencies: int
    own: bool
    speakers: list[str]


@page("site/countries.html", "countries", DATES, twin=lambda request, query: _tell_countries(query))
def list_countries(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show every country of which something is on record, or for which somebody speaks."""
    instants = read_instants(query)
    cut, node = hear(instants, query), read_register()
    kept = read_figures(instants, cut)
    countries = _list(kept.value, cut, node)
    return {
        "countries": countries,
        "shared": not all(row.own and not row.speakers for row in countries),
        "kept": kept,
        "grown": kept.size != cut.size,
        "node": node,
        "instants": instants,
        "dates": write_instants(instants),
        "asked_at": "" if instants.today else format_moment(instants.at)[:10],
        "today": format_moment(instants.now)[:10],
    }


def _list(figures: Figures, cut: Cut, node: RegisterRecord | None) -> list[CountryRow]:
    speakers = _find_speakers(cut)
    own = set(node.territory if node else ())
    counted = {*figures.of("country"), *figures.of("agencies")}
    rows = [
        CountryRow(
            code,
            label("countries", code),
            figures.of("country").get(code, 0),
            figures.of("country_accredited").get(code, 0),
            figures.of("country_held").get(code, 0),
            figures.of("agencies").get(code, 0),
            code in own,
            speakers.get(code, []),
        )
        for code in counted | own | set(speakers)
    ]
    return sorted(rows, key=lambda row: order_plainly(row.name))


def _find_speakers(cut: Cut) -> dict[str, list[str]]:
    """Return the names of the peers heard, by the countries for which they speak."""
    found: dict[str, list[str]] = {}
    for one in cut.peers:
        for code in one.speaker.countries if one.speaker else ():
            found.setdefault(code, []).append(one.speaker.name if one.speaker else "")
    return found


def _tell_countries(query: Mapping[str, Any]) -> HttpResponse:
    instants = read_instants(query)
    cut = hear(instants, query)
    kept = read_figures(instants, cut)
    names = ("code", "name", "issuers", "accredited", "held", "agencies", "own", "speakers")
    items = [{name: getattr(row, name) for name in names} for row in _list(kept.value, cut, read_register())]
    told = {"as_of": format_moment(instants.at), "counted_at": format_instant(kept.counted_at), "items": items}
    return JsonResponse(told)


def _read_country(code: str) -> str:
    """Return a country's code; raises NotFound for one that no list holds."""
    try:
        return vocabularies.load("countries").get(code).code
    except UnknownTerm:
        sentence = say("There is no country with the code {code}.", code=repr(code[:20]))
        raise NotFound("not_found", "", sentence) from None


def _count(code: str, instants: Instants, cut: Cut) -> Kept:
    at = None if instants.today else instants.at
    lane = TODAY if instants.today else DATED
    return keep(repr(("country", code, at)), cut, lambda: count_country(code, cut, instants.at), lane)


def _tell_country(request: HttpRequest, query: Mapping[str, Any], code: str) -> HttpResponse:
    instants = read_instants(query)
    kept = _count(_read_country(code), instants, hear(instants, query))
    told = {"country": _read_country(code), "as_of": format_moment(instants.at)}
    return JsonResponse({**told, "counted_at": format_instant(kept.counted_at), "counts": kept.value})


@page("site/country.html", "countries", DATES, twin=_tell_country)
def show_country(request: HttpRequest, query: Mapping[str, Any], code: str) -> Context:
    """Show one country at an instant."""
    country = _read_country(code)
    instants = read_instants(query)
    cut, node = hear(instants, query), read_register()
    kept = _count(country, instants, cut)
    counts: dict[str, dict[str, int]] = kept.value
    recorder = _find_recorder(country, cut, node)
    decisions = [EventRow(*row) for row in list_decisions(country, recorder, _WITHIN, _DECISIONS)]
    active, idle = _list_agencies(country, counts, instants, cut)
    return {
        "code": country,
        "name": label("countries", country),
        "own": node is not None and country in node.territory,
        "speakers": _find_speakers(cut).get(country, []),
        "issuers": sum(counts.get("issuers", {}).values()),
        "formal": counts.get("issuers", {}).get("1", 0),
        "other": counts.get("issuers", {}).get("2", 0),
        **{name: counts.get(name, {}).get("", 0) for name in ("closed", "accredited", "held")},
        "quality": describe_quality(counts, active, idle),
        "described_by": DESCRIBED_BY,
        "active": active,
        "idle": idle,
        "decisions": read_entries(decisions, newest_checkpoint(recorder.origin)),
        "within": min(_WITHIN, recorder.size),
        "kept": kept,
        "grown": kept.size != cut.size,
        "node": node,
        "instants": instants,
        "dates": write_instants(instants),
        "asked_at": "" if instants.today else format_moment(instants.at)[:10],
        "today": format_moment(instants.now)[:10],
    }


def _find_recorder(country: str, cut: Cut, node: RegisterRecord | None) -> Cut:
    """Return the log that tells of a country: our own, or that of the peer that speaks for it where we do not."""
    if node is not None and country in node.territory:
        return cut
    speaking = (one for one in cut.peers if one.speaker and country in one.speaker.countries)
    return next(speaking, cut)


def _list_agencies(
    country: str, counts: Mapping[str, Mapping[str, int]], instants: Instants, cut: Cut
) -> tuple[list[ActiveAgency], list[ActiveAgency]]:
    """Return the agencies whose accreditations are in force there, the most first, and those at home without any."""
    numbers = counts.get("agency", {})
    wanted = sorted(numbers, key=lambda uid: -numbers[uid])[:_AGENCIES]
    found: dict[str, AgencyRecord] = find_records("agency", wanted, cut)
    home = list_agencies(cut, Filters(instants.at, country=country), limit=_AGENCIES).items
    idle = [_show(one, 0, country, instants) for one in home if one.id not in numbers]
    return [_show(found[uid], numbers[uid], country, instants) for uid in wanted if uid in found], idle


def _show(record: AgencyRecord, number: int, country: str, instants: Instants) -> ActiveAgency:
    standing = STATES[find_agency_state(record, instants)]
    return ActiveAgency(record, name_record(record), number, record.country != country, standing)
