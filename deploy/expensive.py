"""Pages and files that cost much: how many of them one address gets in a minute.

| kind | setting (a minute; 0 = no limit) | which |
|---|---|---|
| searches | ASSAY_SEARCHES_PER_MINUTE | what reads or counts a good part of the register for one answer |
| downloads | ASSAY_DOWNLOADS_PER_MINUTE | whole results and bundles |

Counted in Redis for all processes (register/api/limits.py), and not counted while it is away: few count, and few are
sent, at a time all the same (register/queries/turns.py, deploy/streams.py). An address of IPv6 counts with its /64,
behind a proxy the one that the proxy names. Loopback is not counted: programs of this machine, peers on it, or a proxy
that nobody told us of (`ASSAY_BEHIND_PROXY`), behind which all the world would be one reader. No other page is counted.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from deploy.refusals import refuse
from register.access.addresses import is_of_this_machine, read_address
from register.api.limits import Limit

log = logging.getLogger(__name__)


class SearchLimit(Limit):
    """For what reads or counts a good part of the register."""

    setting = "ASSAY_SEARCHES_PER_MINUTE"
    methods = frozenset({"GET", "HEAD"})


class DownloadLimit(Limit):
    """For whole results and bundles."""

    setting = "ASSAY_DOWNLOADS_PER_MINUTE"
    methods = frozenset({"GET", "HEAD"})


EXPENSIVE: Final[Mapping[str, type[Limit]]] = {
    "issuers": SearchLimit,
    "issuer-changes": SearchLimit,
    "countries": SearchLimit,
    "country": SearchLimit,
    "figures": SearchLimit,
    "ledger": SearchLimit,
    "checkpoints": SearchLimit,
    "agencies-csv": DownloadLimit,
    "issuers-csv": DownloadLimit,
    "issuers-json": DownloadLimit,
    "api-bundle": DownloadLimit,
}
"""Name of an address → what its answers count as."""

SEARCHED: Final = frozenset({"/agencies", "/api/v1/agencies", "/api/v1/issuers", "/api/v1/programmes"})
"""Lists that cost as much as the page of issuers where they are asked for a name; identifiers are looked up."""


class ExpensiveLimit:
    """Middleware: 429 with Retry-After, as a page or as problem+json, before anything is read for the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:  # noqa: D102  the protocol of a middleware
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Count an expensive question; return the refusal of one too many."""
        kind = kind_of(request)
        if kind is None or is_of_this_machine(read_address(request)):
            return None
        limit = kind()
        if limit.allow_request(request):
            return None
        log.warning("expensive questions from one address are refused: too many in a minute")
        return refuse(request, 429, "throttled", math.ceil(limit.wait()))


def kind_of(request: HttpRequest) -> type[Limit] | None:
    """Return what a request counts as; None for what costs little."""
    if request.path_info in SEARCHED:
        return SearchLimit if "q" in request.GET else None
    match = request.resolver_match
    return EXPENSIVE.get(match.url_name or "") if match is not None else None
