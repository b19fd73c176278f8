"""A search for agencies as a file: all it finds, read page by page while it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from register.api.resources import describe
from register.moments import format_moment
from register.queries.cuts import Cut
from register.queries.filters import Filters
from register.queries.hearing import Placed, place_page
from register.queries.lists import list_agencies
from register.queries.selecting import MOST
from register.records import AgencyRecord, scope_at
from register.site.harmless import stream_csv
from register.site.issuer_files import FILES
from register.site.names import order_names

COLUMNS: Final = (
    *("name", "other_names", "acronym", "country", "state", "eqf_levels", "isced_f", "credential_types"),
    *("jurisdictions", "valid_from", "valid_until", "withdrawn_from", "identifiers", "website"),
    *("register", "id", "address", "as_of", "known_size"),
)


def stream_as_csv(cut: Cut, filters: Filters) -> Iterator[bytes]:
    """Yield the agencies as CSV, one a line; several values in a cell are parted by "; ", `all` is no limit."""
    return stream_csv(COLUMNS, (_cells(one, filters) for one in _read(cut, filters)))


def _read(cut: Cut, filters: Filters) -> Iterator[Placed]:
    after: str | None = None
    while True:
        found = list_agencies(cut, filters, after, MOST)
        yield from place_page(found, cut)
        after = found.next
        if after is None:
            return


def _cells(placed: Placed, filters: Filters) -> list[str]:
    record: AgencyRecord = placed.record
    first, *others = order_names(record.names, record.country, FILES)
    scope = scope_at(record.scope, record.former_scopes, filters.at)
    limits = [scope.limit(name) for name in ("eqf_levels", "isced_f", "credential_types", "jurisdictions")]
    ends = (record.valid.valid_from, record.valid.valid_until, record.withdrawal and record.withdrawal.effective_from)
    return [
        *(first.text, "; ".join(name.text for name in others), record.acronym or "", record.country),
        describe("agency", record, filters.at, placed.cut.origin)["state"],
        *("all" if limit is None else "; ".join(str(one) for one in limit) for limit in limits),
        *(format_moment(end) if end else "" for end in ends),
        "; ".join(f"{one.scheme}:{one.value}" for one in record.identifiers),
        *(record.website or "", placed.cut.origin, record.id, record.url, format_moment(filters.at)),
        str(placed.cut.size),
    ]
