"""`/issuers.csv`, `/issuers.json`, `/agencies.csv`: the whole result of a search as a file, sent while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from register.queries.cuts import Cut
from register.site import agency_files, issuer_files
from register.site.page import View, page
from register.site.searching import ASKED, Search, read_search
from register.site.standing import Instants
from register.site.views.agencies import ASKED as AGENCIES_ASKED
from register.site.views.agencies import read_agencies


def _send(kind: str, ending: str, stream: Callable[[Search], Iterator[bytes]]) -> View:
    def send(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponseBase:
        search = read_search(query)
        return _answer(stream(search), kind, f"issuers-{_name_dates(search.instants, search.cut)}.{ending}")

    return page("site/issuers.html", "issuers", ASKED, twin=send)(send)


def _answer(stream: Iterator[bytes], kind: str, name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(stream, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _name_dates(instants: Instants, cut: Cut) -> str:
    """Return what a file says by its name: the day asked for, and what of the register was known, if not all."""
    known = f"-first-{cut.size}-entries" if instants.known_size is not None else ""
    if instants.known_instant is not None:
        known = f"-known-{instants.known_instant:%Y-%m-%d}"
    return f"{instants.at:%Y-%m-%d}{known}"


def _send_agencies(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponseBase:
    instants, cut, filters = read_agencies(query)
    return _answer(agency_files.stream_as_csv(cut, filters), CSV, f"agencies-{_name_dates(instants, cut)}.csv")


CSV: Final = "text/csv; charset=utf-8; header=present"

send_csv = _send(CSV, "csv", issuer_files.stream_as_csv)
send_json = _send("application/json", "json", issuer_files.stream_as_json)
send_agencies = page("site/agencies.html", "agencies", AGENCIES_ASKED, twin=_send_agencies)(_send_agencies)
