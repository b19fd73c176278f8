"""Selecting: conditions, order and paging that all lists share.

Lists go by the id of the record (ids of version 7 ascend with the time of their making), which is also the cursor: a
page begins after the last id of the page before, so that it costs the same however far one has read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, cast

from ledger.database import fetch_all
from register.errors import NotUnderstood
from register.models import VERSIONS
from register.queries.cuts import Cut
from register.records import load
from register.sentences import say

MOST: Final = 200
"""The largest page."""

NO_ID: Final = say("expected an id such as 01890a5d-ac96-774b-bcce-b302099a8057")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items of a list; `next` is the cursor with which to ask for those after them, None at the end.

    `origins` says of each item whose register it is from, where a list is of several registers. `candidates` are the
    ids and logs of all that a search by name has ranked; None where nothing was ranked.
    """

    items: list[Item]
    next: str | None = None
    origins: list[str] = field(default_factory=list)
    candidates: list[tuple[str, int]] | None = None


@dataclass(slots=True)
class Conditions:
    """Conditions to be joined by AND, with their named parameters."""

    parts: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)

    def add(self, condition: str, **parameters: Any) -> None:
        """Require one more thing."""
        self.parts.append(condition)
        self.parameters |= parameters

    def joined(self) -> str:
        """Return the conditions as SQL."""
        return " AND ".join(f"({part})" for part in self.parts) or "true"


def known_only(kind_alias: str, cut: Cut) -> Conditions:
    """Return conditions that begin with: known at the cut."""
    condition, parameters = cut.known(kind_alias)
    return Conditions([condition], parameters)


def read_page(kind: str, conditions: Conditions, after: str | None, limit: int, cut: Cut | None = None) -> Page[Any]:
    """Return the records of a kind (alias `v`) that meet the conditions, in the order of their ids, after a cursor.

    `cut` names the registers where the list is of several. Two of them may use one id, so the cursor then holds the
    log, too.
    """
    limit = max(1, min(limit, MOST))
    several = cut is not None and bool(cut.peers)
    if after is not None:
        _begin_after(conditions, after, several)
    table = VERSIONS[kind]._meta.db_table
    order = "v.uid, v.log_id" if several else "v.uid"
    sql = (
        f"SELECT v.uid::text, v.log_id, v.content::text FROM {table} v WHERE {conditions.joined()} "
        f"ORDER BY {order} LIMIT %(limit)s"
    )
    rows = select(sql, {**conditions.parameters, "limit": limit + 1})
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = None if last is None else f"{last[0]}.{last[1]}" if several else last[0]
    origins = [cut.origin_of(log_id) for _, log_id, _ in rows[:limit]] if cut is not None else []
    return Page([load(kind, content) for *_, content in rows[:limit]], cursor, origins)


def _begin_after(conditions: Conditions, after: str, several: bool) -> None:
    uid, _, log = after.partition(".")
    given = {"after": read_uid(uid, "after")}
    if log and not (log.isascii() and log.isdecimal() and len(log) < 10):
        raise NotUnderstood("invalid", "after", say("after: expected the cursor of an earlier page of this very list"))
    if several and log:
        conditions.add("(v.uid, v.log_id) > (%(after)s::uuid, %(after_log)s::bigint)", **given, after_log=int(log))
    else:
        conditions.add("v.uid > %(after)s::uuid", **given)


def select(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a query that this package composed of its own constants and return its rows."""
    return fetch_all(sql, cast(Any, parameters))


def is_uid(text: str) -> bool:
    """Tell whether a text is spelt as an id."""
    return _UUID.fullmatch(text.lower()) is not None


def read_uid(text: str, name: str) -> str:
    """Return an id in its canonical spelling; raise NotUnderstood naming the parameter."""
    if not is_uid(text):
        raise NotUnderstood("invalid", name, say("{name}: {fault}", name=name, fault=NO_ID))
    return text.lower()
