"""A search's whole result as a file: read page by page while it is sent, so that a large one needs no more memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from register.api.resources import describe
from register.moments import format_moment
from register.queries.cuts import Cut
from register.queries.hearing import place_page
from register.queries.held import Held, list_held
from register.queries.search import is_capped
from register.queries.selecting import MOST, Page
from register.queries.single import find_records
from register.records import IssuerRecord
from register.site.harmless import stream_csv
from register.site.names import name_record, order_names
from register.site.searching import Search, find_issuers

COLUMNS: Final = (
    *("name", "other_names", "country", "provider_type", "sites", "status", "accreditations", "agencies", "kinds"),
    *("eqf_levels", "isced_f", "credential_types", "since", "until", "identifiers", "website"),
    *("register", "id", "address", "as_of", "known_size"),
)

FILES: Final = "en"
"""The reader of a file's names: the same file for everybody, whatever language the page was in."""


@dataclass(frozen=True, slots=True)
class Row:
    """One issuer found, what it holds at the instant asked, and the names of the agencies by id."""

    record: IssuerRecord
    cut: Cut
    held: Held
    agencies: dict[str, str]

    def status(self, search: Search) -> str:
        """Return in the words of the filter how it stands."""
        closure = self.record.closure
        if closure is not None and closure.effective_from <= search.instants.at:
            return "closed"
        return "accredited" if self.held.count else "not_accredited"


def find_first(search: Search) -> Page[IssuerRecord]:
    """Return the first MOST that a search finds; its `candidates` say whether there may be others."""
    return find_issuers(search, None, MOST)[0]


def read_rows(search: Search, found: Page[IssuerRecord]) -> Iterator[Row]:
    """Yield all that a search finds, in its order, from its first page on; two or three queries for each MOST."""
    while True:
        placed = place_page(found, search.cut)
        places = [(one.cut.log_id, one.record.id) for one in placed]
        held = list_held(places, search.instants.at, search.cut) if places else {}
        named = find_records("agency", sorted({uid for one in held.values() for uid in one.agencies}), search.cut)
        agencies = {uid: name_record(record, FILES).text for uid, record in named.items()}
        for place, one in zip(places, placed, strict=True):
            yield Row(one.record, one.cut, held.get(place) or Held(), agencies)
        if found.next is None:
            return
        found, _ = find_issuers(search, found.next, MOST)


def stream_as_csv(search: Search) -> Iterator[bytes]:
    """Yield the result as CSV, one issuer a line; several values in a cell are parted by "; "."""
    return stream_csv(COLUMNS, (_cells(row, search) for row in read_rows(search, find_first(search))))


def _cells(row: Row, search: Search) -> list[str]:
    record, held = row.record, row.held
    first, *others = order_names(record.names, record.country, FILES)
    limits = {
        name: "all" if name in held.unlimited else "; ".join(str(one) for one in sorted(getattr(held, name)))
        for name in ("levels", "fields", "types")
    }
    return [
        *(first.text, "; ".join(name.text for name in others), record.country, str(record.provider_type)),
        *("; ".join(record.sites or ()), row.status(search), str(held.count)),
        *("; ".join(sorted(row.agencies.get(uid, uid) for uid in held.agencies)), "; ".join(sorted(held.kinds))),
        *(limits["levels"], limits["fields"], limits["types"], *_period(held)),
        "; ".join(f"{one.scheme}:{one.value}" for one in record.identifiers),
        *(record.website or "", row.cut.origin, record.id, record.url, format_moment(search.instants.at)),
        str(row.cut.size),
    ]


def _period(held: Held) -> tuple[str, str]:
    """Return since when and until when something is held; a dash in words for an open end."""
    if not held.count:
        return "", ""
    since = format_moment(held.since) if held.since else ""
    return since, "open" if held.open or held.until is None else format_moment(held.until)


def stream_as_json(search: Search) -> Iterator[bytes]:
    """Yield the result as one JSON object: what it says of itself, then `items`, each as the API gives an issuer.

    `complete` is false where a search by name found more than it compares (`register.queries.search`).
    """
    found = find_first(search)
    head = {
        "register": settings.ASSAY_ORIGIN,
        "known": {one.origin: one.size for one in search.cut.all},
        "as_of": format_moment(search.instants.at),
        "search": {"q": search.q, **search.chosen},
        "complete": not is_capped(found.candidates or [], search.cut),
    }
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "items": ['
    comma = ""
    for row in read_rows(search, found):
        yield f"{comma}\n{json.dumps(_item(row, search), ensure_ascii=False, separators=(',', ':'))}".encode()
        comma = ","
    yield b"\n]}\n"


def _item(row: Row, search: Search) -> dict[str, Any]:
    held, (since, until) = row.held, _period(row.held)
    told = describe("issuer", row.record, search.instants.at, row.cut.origin)
    told["status"] = row.status(search)
    told["held"] = {
        "accreditations": held.count,
        "agencies": [{"id": uid, "name": row.agencies.get(uid, "")} for uid in sorted(held.agencies)],
        "kinds": sorted(held.kinds),
        "eqf_levels": None if "levels" in held.unlimited else sorted(held.levels),
        "isced_f": None if "fields" in held.unlimited else sorted(held.fields),
        "credential_types": None if "types" in held.unlimited else sorted(held.types),
        "since": since or None,
        "until": until or None,
    }
    return told
