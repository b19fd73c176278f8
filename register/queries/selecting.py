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

MOST: Final = 200
"""The largest page."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items of a list; `next` is the cursor with which to ask for those after them, None at the end."""

    items: list[Item]
    next: str | None = None


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


def read_page(kind: str, conditions: Conditions, after: str | None, limit: int) -> Page[Any]:
    """Return the records of a kind (alias `v`) that meet the conditions, in the order of their ids, after a cursor."""
    limit = max(1, min(limit, MOST))
    if after is not None:
        conditions.add("v.uid > %(after)s::uuid", after=read_uid(after, "after"))
    table = VERSIONS[kind]._meta.db_table
    sql = (
        f"SELECT v.uid::text, v.content::text FROM {table} v WHERE {conditions.joined()} ORDER BY v.uid LIMIT %(limit)s"
    )
    rows = select(sql, {**conditions.parameters, "limit": limit + 1})
    more = rows[limit - 1][0] if len(rows) > limit else None
    return Page([load(kind, content) for _, content in rows[:limit]], more)


def select(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a query that this package composed of its own constants and return its rows."""
    return fetch_all(sql, cast(Any, parameters))


def is_uid(text: str) -> bool:
    """Tell whether a text is spelt as an id."""
    return _UUID.fullmatch(text.lower()) is not None


def read_uid(text: str, name: str) -> str:
    """Return an id in its canonical spelling; raise NotUnderstood naming the parameter."""
    if not is_uid(text):
        raise NotUnderstood("invalid", name, f"{name}: expected an id such as 01890a5d-ac96-774b-bcce-b302099a8057")
    return text.lower()
