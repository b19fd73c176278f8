"""The two times of a read: `at`, the instant that matters, and `known_at`, as far as which entry; and their cursors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request

from register.api.parameters import Parameter, one_of, split_query, whole_number
from register.moments import parse_moment
from register.queries.cuts import Cut, read_known_at, resolve_cut
from register.queries.selecting import MOST, Page

PAGE: Final = 50
_MOMENT: Final = {"type": "string", "maxLength": 40}

AT: Final = Parameter("at", "The instant at which states are judged. Default: now.", parse_moment, _MOMENT)
KNOWN_AT: Final = Parameter(
    "known_at",
    "Only what was recorded until then: an instant (a bare date is its last) or `origin@tree_size`. Default: all.",
    read_known_at,
    {"type": "string", "maxLength": 300},
)
TIMES: Final = (AT, KNOWN_AT)
PAGING: Final = (
    Parameter("after", "The cursor of the page before; take it from `next`.", schema={"type": "string"}),
    Parameter(
        "limit", "Items in a page.", whole_number(1, MOST), {"type": "integer", "minimum": 1, "maximum": MOST}, PAGE
    ),
)


@dataclass(frozen=True, slots=True)
class Times:
    """When: the valid time, and the cut of our ledger."""

    at: datetime
    cut: Cut


def read_times(given: Mapping[str, Any]) -> Times:
    """Return the two times of a read from its parameters; raises NotUnderstood and UnknownLog."""
    return Times(given.get("at") or timezone.now(), resolve_cut(given.get("known_at")))


def describe_page(request: Request, page: Page[Any], describe: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a page as `items` and `next`, the address of the following one or null."""
    return {"items": [describe(item) for item in page.items], "next": locate_next(request, page.next)}


def locate_next(request: Request, cursor: str | None) -> str | None:
    """Return the request's own address with the cursor of the next page."""
    if cursor is None:
        return None
    kept = [(name, value) for name, value in split_query(request._request) if name != "after"]
    query = urlencode([*kept, ("after", cursor)])
    return f"{settings.ASSAY_BASE_URL}{quote(request.path)}?{query}"


def choice(name: str, meaning: str, values: Sequence[str]) -> Parameter:
    """Return a parameter that takes one of some words."""
    return Parameter(name, meaning, one_of(*values), {"type": "string", "enum": list(values)})
