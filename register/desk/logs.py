"""The entries of one thing at the desk, newest first, page by page: none is too old to be looked at, or corrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from register.queries.cuts import resolve_cut
from register.queries.single import read_history
from register.site.entries import Entry, read_entries
from register.site.ledger_listing import list_later
from register.site.links import with_query
from register.site.reading import newest_checkpoint

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Log:
    """One page of a thing's entries; the addresses of the older ones and of the newest, empty where these are all."""

    entries: Sequence[Entry]
    older: str
    newest: str


def read_log(request: HttpRequest, kind: str, record_id: str) -> Log:
    """Return the page of entries that a request asks for by `before`, the index that ended the page before."""
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 16 else None
    found = read_history(kind, record_id, resolve_cut(), before, PAGE)
    rows = [item.event for item in found.items]
    later = list_later(rows) if before is not None else ()
    return Log(
        read_entries(rows, newest_checkpoint(), later=later),
        with_query(request.path, before=found.next) if found.next else "",
        request.path if before is not None else "",
    )
