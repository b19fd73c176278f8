"""The ledger explorer's list: which entries are asked for, and a page of them in either direction.

Pages are cut at an index, not at a number of rows: an address that was shared shows the same entries for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from django.conf import settings

from ledger.database import fetch_all
from register.api.parameters import Parameter, one_of, whole_number
from register.moments import end_of_day, parse_moment
from register.queries.lists import EVENT_COLUMNS, EventRow
from register.site.entry_words import TYPE_TITLES
from register.site.links import with_query

PAGE: Final = 25
_UID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def _read_subject(text: str) -> str:
    """Return the id in what was given: an id, or the address of a thing's page, here or in an entry."""
    found = _UID.findall(text)
    if len(text) > 300 or len(set(found)) != 1:
        raise ValueError("expected the id of an issuer, agency, accreditation or programme, or the address of its page")
    return str(found[0]).lower()


TYPE: Final = Parameter("type", "Type of entry.", one_of(*TYPE_TITLES))
SUBJECT: Final = Parameter("subject", "Id of a thing, or the address of its page: entries about it.", _read_subject)
UNTIL: Final = Parameter("until", "Only entries recorded up to the end of this day.", parse_moment)
BEFORE: Final = Parameter("before", "Only entries below this index.", whole_number(0, 10**15))
AFTER: Final = Parameter("after", "Only entries above this index, the nearest first.", whole_number(0, 10**15))
ENTRY: Final = Parameter("entry", "Go to the page of this entry.", whole_number(0, 10**15))
PARAMETERS: Final = (TYPE, SUBJECT, UNTIL, BEFORE, AFTER, ENTRY)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; `until` is the beginning of the last day, `agency` says that the subject is one."""

    type: str | None = None
    subject: str | None = None
    until: datetime | None = None
    agency: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether some entries are left out."""
        return self != Wanted()

    def address(self, **more: Any) -> str:
        """Return the address of a list of these entries."""
        until = self.until.date().isoformat() if self.until else None
        return with_query("/ledger", type=self.type, subject=self.subject, until=until, **more)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of entries, the newest first, with the addresses of the pages beside it."""

    rows: tuple[EventRow, ...]
    newer: str | None
    older: str | None


def read_wanted(query: Mapping[str, Any]) -> Wanted:
    """Return which entries an address asks for."""
    until = query.get("until")
    return Wanted(query.get("type"), query.get("subject"), until)


# The log as a subquery: joined, the planner would not know that rows come in the order of their index.
_ROWS: Final[LiteralString] = f"""
    SELECT %(origin)s::text, {EVENT_COLUMNS} FROM register_happening h
    WHERE h.log_id = (SELECT id FROM ledger_log WHERE origin = %(origin)s)
        AND h.index < %(below)s AND h.index > %(above)s
"""
_DOWN: Final[LiteralString] = " ORDER BY h.index DESC LIMIT %(limit)s"
_UP: Final[LiteralString] = " ORDER BY h.index LIMIT %(limit)s"
_BY_TYPE: Final[LiteralString] = " AND h.type = %(type)s"
_BY_DAY: Final[LiteralString] = " AND h.time <= %(until)s"
# As the history of a thing has them (register.queries.single): relations that others recorded to an issuer, too.
_BY_THING: Final[LiteralString] = """ AND h.index IN (
    SELECT index FROM register_happening WHERE uid = %(subject)s::uuid
        AND log_id = (SELECT id FROM ledger_log WHERE origin = %(origin)s)
    UNION SELECT index FROM register_happening WHERE issuer = %(subject)s::uuid
        AND log_id = (SELECT id FROM ledger_log WHERE origin = %(origin)s)
    UNION SELECT recorded_from FROM register_relation WHERE other = %(subject)s::uuid
        AND log_id = (SELECT id FROM ledger_log WHERE origin = %(origin)s)
)"""
# What is about the agency itself names it as its agency, too.
_BY_AGENCY: Final[LiteralString] = " AND h.agency = %(subject)s::uuid"


def list_entries(wanted: Wanted, size: int, query: Mapping[str, Any]) -> Listing:
    """Return a page of our entries under a checkpoint of that size; two queries however many there are."""
    if "after" in query:
        return _list_upwards(wanted, size, query["after"])
    before = min(query.get("before", size), size)
    found = _select(_DOWN, wanted, below=before, above=-1, limit=PAGE + 1)
    rows = tuple(found[:PAGE])
    older = wanted.address(before=rows[-1].index) if len(found) > PAGE else None
    first = rows[0].index if rows else before - 1
    newer = _select(_UP, wanted, below=size, above=first, limit=1) if before < size else []
    return Listing(rows, wanted.address(after=first) if newer else None, older)


def _list_upwards(wanted: Wanted, size: int, after: int) -> Listing:
    found = _select(_UP, wanted, below=size, above=after, limit=PAGE + 1)
    rows = tuple(reversed(found[:PAGE]))
    newer = wanted.address(after=rows[0].index) if len(found) > PAGE else None
    last = rows[-1].index if rows else after + 1
    older = _select(_DOWN, wanted, below=last, above=-1, limit=1)
    return Listing(rows, newer, wanted.address(before=last) if older else None)


def _select(order: LiteralString, wanted: Wanted, **bounds: int) -> list[EventRow]:
    sql = _ROWS
    if wanted.type:
        sql += _BY_TYPE
    if wanted.subject:
        sql += _BY_AGENCY if wanted.agency else _BY_THING
    if wanted.until:
        sql += _BY_DAY
    until = end_of_day(wanted.until) if wanted.until else None
    given = {"origin": settings.ASSAY_ORIGIN, "type": wanted.type, "subject": wanted.subject, "until": until}
    return [EventRow(*row) for row in fetch_all(sql + order, {**given, **bounds})]


_AMENDED: Final = ("accreditation", "agency", "issuer", "programme")
"""What can be amended, and so corrected."""
_MOST_LATER: Final = 200
_LATER: Final[LiteralString] = f"""
    SELECT %(origin)s::text, {EVENT_COLUMNS} FROM register_happening h
    WHERE h.log_id = (SELECT id FROM ledger_log WHERE origin = %(origin)s) AND h.index > %(above)s
        AND h.uid = ANY(%(ids)s::uuid[]) AND h.type = ANY(%(types)s) AND h.quarantine IS NULL
    ORDER BY h.index DESC LIMIT {_MOST_LATER}
"""


def list_later(rows: Sequence[EventRow]) -> list[EventRow]:
    """Return later amendments of the things that entries of one log are about: among them is what corrects these.

    The newest ones of very many; nothing is asked where nothing can be corrected.
    """
    ids = sorted({row.uid for row in rows if row.uid and row.type.partition(".")[0] in _AMENDED})
    if not ids:
        return []
    types = [f"{kind}.amended" for kind in _AMENDED]
    given = {"origin": rows[0].origin, "above": min(row.index for row in rows), "ids": ids, "types": types}
    return [EventRow(*row) for row in fetch_all(_LATER, given)]
