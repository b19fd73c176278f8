"""`/issuers.csv` and `/issuers.json`: the whole result of a search as a file, sent while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from register.site.issuer_files import stream_as_csv, stream_as_json
from register.site.page import View, page
from register.site.searching import ASKED, Search, read_search


def _send(kind: str, ending: str, stream: Callable[[Search], Iterator[bytes]]) -> View:
    def send(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponseBase:
        search = read_search(query)
        name = f"issuers-{search.instants.at:%Y-%m-%d}{_name_knowledge(search)}.{ending}"
        response = StreamingHttpResponse(stream(search), content_type=kind)
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    return page("site/issuers.html", "issuers", ASKED, twin=send)(send)


def _name_knowledge(search: Search) -> str:
    """Return what a file's name says of an earlier knowledge of the register: the day, or the number of entries."""
    if search.instants.known_instant is not None:
        return f"-known-{search.instants.known_instant:%Y-%m-%d}"
    return f"-first-{search.cut.size}-entries" if search.instants.known_size is not None else ""


send_csv = _send("text/csv; charset=utf-8; header=present", "csv", stream_as_csv)
send_json = _send("application/json", "json", stream_as_json)
