"""Single records: one thing as it is or was known, several by their ids, a thing's history, how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from register.errors import NotFound
from register.models import VERSIONS
from register.queries.cuts import Cut
from register.queries.lists import EVENT_COLUMNS, EventRow
from register.queries.selecting import MOST, Conditions, Page, is_uid, known_only, read_uid, select
from register.records import load
from register.rules.refusals import name_kind
from register.sentences import Value, say


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One entry of a thing's history; `record` is the thing as it was after it, None where another thing changed."""

    event: EventRow
    record: Any


def find_record(kind: str, record_id: str, cut: Cut) -> Any:
    """Return a record as the cut knows it; raises NotFound (`…_unknown`) when it knows none of that id."""
    found = find_records(kind, [record_id], cut)
    if not found:
        told: dict[str, Value] = {"kind": name_kind(kind), "id": repr(record_id[:60]), "origin": cut.origin}
        raise NotFound(f"{kind}_unknown", "", say("there is no {kind} {id} in {origin} at that time", **told))
    return found[record_id.lower()]


def find_records(kind: str, ids: Sequence[str], cut: Cut) -> dict[str, Any]:
    """Return the records of some ids by id, with one query; ids that name nothing are left out."""
    conditions = known_only("v", cut)
    conditions.add("v.uid = ANY (%(ids)s::uuid[])", ids=[text.lower() for text in ids if is_uid(text)])
    table = VERSIONS[kind]._meta.db_table
    rows = select(f"SELECT v.content::text FROM {table} v WHERE {conditions.joined()}", conditions.parameters)
    return {record.id: record for (content,) in rows for record in (load(kind, content),)}


def read_history(kind: str, record_id: str, cut: Cut, after: int | None = None, limit: int = 50) -> Page[HistoryItem]:
    """Return what happened to a thing, newest first: its own entries, and for an issuer all that concern it.

    `after` is the index that ended the page before. Entries set aside (quarantine) are among them.
    """
    uid, limit = read_uid(record_id, "id"), max(1, min(limit, MOST))
    conditions = Conditions(
        ["h.log_id = %(log)s AND h.index < %(size)s"], {"log": cut.log_id, "size": cut.size, "uid": uid}
    )
    # Another register may use the same id: only this log's entries concern the thing.
    concerned = "SELECT index FROM register_happening WHERE uid = %(uid)s::uuid AND log_id = %(log)s"
    if kind == "issuer":
        concerned += (
            " UNION SELECT index FROM register_happening WHERE issuer = %(uid)s::uuid AND log_id = %(log)s"
            " UNION SELECT recorded_from FROM register_relation WHERE other = %(uid)s::uuid AND log_id = %(log)s"
        )
    conditions.add(f"h.index IN ({concerned})")
    if after is not None:
        conditions.add("h.index < %(after)s", after=after)
    rows = select(
        f"SELECT {EVENT_COLUMNS}, v.content::text FROM register_happening h "
        f"LEFT JOIN {VERSIONS[kind]._meta.db_table} v "
        f"ON v.uid = %(uid)s::uuid AND v.log_id = h.log_id AND v.recorded_from = h.index "
        f"WHERE {conditions.joined()} ORDER BY h.index DESC LIMIT %(limit)s",
        {**conditions.parameters, "limit": limit + 1},
    )
    items = [
        HistoryItem(EventRow(cut.origin, *row[:-1]), load(kind, row[-1]) if row[-1] else None) for row in rows[:limit]
    ]
    return Page(items, str(items[-1].event.index) if len(rows) > limit else None)


_NOT_COUNTED: Final = ("register", "withdrawal", "credential")
"""Kinds that pages do not count: there may be millions, and counting reads them all."""


def count_records(cut: Cut) -> dict[str, int]:
    """Return how many things of each kind the cut knows, but for withdrawals of credentials."""
    known, parameters = cut.known("v")
    kinds = [kind for kind in VERSIONS if kind not in _NOT_COUNTED]
    counts = ", ".join(
        f"(SELECT count(*) FROM {VERSIONS[kind]._meta.db_table} v WHERE {known}) AS {kind}" for kind in kinds
    )
    (row,) = select(f"SELECT {counts}", parameters)
    return dict(zip(kinds, row, strict=True))
