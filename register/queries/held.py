"""What issuers hold at an instant, in brief: for lists and files, with one query however many are asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from register.queries.cuts import Cut
from register.queries.filters import accreditation_state
from register.queries.selecting import known_only, select

Place = tuple[int, str]
"""The log and id of an issuer."""


@dataclass(slots=True)
class Held:
    """The accreditations of an issuer that are in force, put together; an absent limit adds nothing to a set.

    `unlimited` are the names of limits that one of them does not set. `until` is the last end, None where one is open.
    """

    count: int = 0
    agencies: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    levels: set[int] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    unlimited: set[str] = field(default_factory=set)
    since: datetime | None = None
    until: datetime | None = None
    open: bool = False

    def add(self, row: Sequence[Any]) -> None:
        """Take in one accreditation: agency, kind, levels, fields, types, its first instant and its end."""
        agency, kind, levels, fields, types, start, end = row
        self.count += 1
        self.agencies.add(str(agency))
        self.kinds.add(str(kind))
        sets: tuple[tuple[str, set[Any], Any], ...] = (
            ("levels", self.levels, levels),
            ("fields", self.fields, fields),
            ("types", self.types, types),
        )
        for name, into, limit in sets:
            if limit is None:
                self.unlimited.add(name)
            else:
                into.update(limit)
        if isinstance(start, datetime):
            self.since = min(self.since or start, start)
        self.open = self.open or end is None
        if isinstance(end, datetime):
            self.until = max(self.until or end, end)


def list_held(places: Iterable[Place], at: datetime, cut: Cut) -> dict[Place, Held]:
    """Return what each issuer holds that is in force at an instant; those that hold nothing are left out."""
    wanted = list(places)
    conditions = known_only("a", cut)
    conditions.add("a.quarantine IS NULL AND a.decision IN ('positive', 'positive_with_conditions')")
    conditions.add(accreditation_state("a", "in_force"), at=at)
    rows = select(
        "SELECT a.log_id, a.issuer::text, a.agency::text, a.accreditation_kind, a.eqf_levels, a.isced_f, "
        "a.credential_types, a.valid_from, a.valid_until "
        "FROM unnest(%(logs)s::smallint[], %(uids)s::uuid[]) AS n(log_id, uid) "
        f"JOIN register_accreditation a ON a.issuer = n.uid AND a.log_id = n.log_id WHERE {conditions.joined()}",
        {**conditions.parameters, "logs": [one[0] for one in wanted], "uids": [one[1] for one in wanted]},
    )
    found: dict[Place, Held] = {}
    for log_id, uid, *row in rows:
        found.setdefault((log_id, uid), Held()).add(row)
    return found
