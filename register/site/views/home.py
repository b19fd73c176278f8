"""`/`: search first; what this register is, how much is in it, and what happened lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from register.api.node import Node
from register.queries.cuts import resolve_cut
from register.site.entries import read_entries
from register.site.page import Context, page
from register.site.reading import count_at, list_notable, newest_checkpoint, read_register

_NOTABLE: Final = (
    "accreditation.revoked",
    "accreditation.suspended",
    "issuer.related",
    "key.revoked",
    "agency.withdrawn",
    "accreditation.granted",
)
_RECENT: Final = 5_000


def _describe_node(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponse:
    response: HttpResponse = Node.as_view()(request)
    return response


@page("site/home.html", "home", twin=_describe_node)
def show_home(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show the way in."""
    checkpoint, node = newest_checkpoint(), read_register()
    counts = count_at(resolve_cut(), checkpoint.root) if checkpoint else {}
    return {
        "checkpoint": checkpoint,
        "node": node,
        "counts": counts,
        "recent": read_entries(list_notable(_NOTABLE, _RECENT), checkpoint),
    }
