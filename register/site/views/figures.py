"""`/figures`: what is in force in the whole register, drawn, with the tables behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.safestring import SafeString

from register.moments import format_instant, format_moment
from register.queries.cuts import Cut
from register.queries.figures import Figures, count_figures, list_ending
from register.queries.kept import Kept, keep
from register.queries.single import find_records
from register.queries.turns import DATED, TODAY
from register.site.asked import DATES, hear, read_instants, write_instants
from register.site.facets import name_agencies
from register.site.figure_words import list_charts
from register.site.links import path_to
from register.site.names import Name
from register.site.page import Context, page
from register.site.reading import read_directories
from register.site.standing import Instants

_SOON: Final = 90
_ENDING: Final = 10
_AGENCIES: Final = 200


def read_figures(instants: Instants, cut: Cut) -> Kept:
    """Return the figures of the whole register at an instant, as they are kept; raises Busy."""
    return _keep("figures", instants, cut, lambda: count_figures(cut, instants.at))


def _read_ending(instants: Instants, cut: Cut) -> list[tuple[str, int, str, str, datetime]]:
    """Return the accreditations that end next: no index leads to them, so they are kept, too."""
    until = instants.at + min(timedelta(days=_SOON), datetime.max.replace(tzinfo=UTC) - instants.at)
    found: list[Any] = _keep("ending", instants, cut, lambda: list_ending(cut, instants.at, until, _ENDING)).value
    return found


def _keep(name: str, instants: Instants, cut: Cut, count: Callable[[], Any]) -> Kept:
    at = None if instants.today else instants.at
    return keep(repr((name, at)), cut, count, TODAY if instants.today else DATED)


def _tell(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponse:
    """Give the figures to programs: counts by code; `*` are accreditations without that limit."""
    instants = read_instants(query)
    cut = hear(instants, query)
    kept = read_figures(instants, cut)
    told = {
        "as_of": format_moment(instants.at),
        "counted_at": format_instant(kept.counted_at),
        "known": {one.origin: one.size for one in cut.all},
        "counted_under": dict(zip((one.origin for one in cut.all), (size for _, size in kept.logs), strict=False)),
        **asdict(kept.value),
    }
    return JsonResponse(told)


@page("site/figures.html", "figures", DATES, twin=_tell)
def show_figures(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show the figures and those accreditations that end next."""
    instants = read_instants(query)
    cut = hear(instants, query)
    kept = read_figures(instants, cut)
    figures: Figures = kept.value
    return {
        "figures": figures,
        "charts": list_charts(figures, _name_agencies(figures, cut), instants.at),
        "issuers": sum(figures.of("country").values()),
        "accredited": sum(figures.of("country_accredited").values()),
        "agencies": sum(figures.of("agencies").values()),
        "soon": figures.of("ends_within").get(str(_SOON), 0),
        "days": _SOON,
        "ending": _name_ending(_read_ending(instants, cut)),
        "kept": kept,
        "grown": cut.size != kept.size,
        "instants": instants,
        "dates": write_instants(instants),
        "asked_at": "" if instants.today else format_moment(instants.at)[:10],
        "today": format_moment(instants.now)[:10],
    }


def _name_ending(
    ending: list[tuple[str, int, str, str, datetime]],
) -> list[tuple[str, SafeString, SafeString, datetime]]:
    """Return of each its address, links to its issuer and its agency as its own register names them, and its end."""
    named = read_directories((log, one) for _, log, issuer, agency, _ in ending for one in (issuer, agency))
    return [
        (path_to("accreditation", uid), named[log].link(issuer), named[log].link(agency), end)
        for uid, log, issuer, agency, end in ending
    ]


def _name_agencies(figures: Figures, cut: Cut) -> dict[str, Name]:
    counts = figures.of("agency")
    wanted = sorted(counts, key=lambda uid: -counts[uid])[:_AGENCIES]
    return name_agencies(find_records("agency", wanted, cut))
