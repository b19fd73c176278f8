"""Loading: just the records that some entries are judged and folded by, as a partial `State` that grows chunk by chunk.

One query for all kinds, and a second one where subjects already recorded rest on further records. What a state holds
is never loaded again: its newest versions may not have been written yet.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from ledger.database import fetch_all
from register.events import Event
from register.models import VERSIONS
from register.records import load
from register.replay import Quarantine
from register.state import Change, State, further_needs, needs

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TABLES: Final = {kind: model._meta.db_table for kind, model in VERSIONS.items()}

# `LATERAL (… OFFSET 0)` keeps these index look-ups: during a bulk write the planner knows nothing of the new rows.
_REGISTER: Final = (
    "SELECT 'register', content::text FROM register_register WHERE log_id = %s AND recorded_until IS NULL"
)
_BY_ID: Final = """
    SELECT '{kind}', f.content::text FROM unnest(%s::uuid[]) AS n(uid), LATERAL (
        SELECT v.content FROM {table} v WHERE v.uid = n.uid AND v.log_id = %s AND v.recorded_until IS NULL OFFSET 0
    ) f
"""
_BY_CLAIM: Final = """
    SELECT '{kind}', f.content::text FROM unnest(%s::text[], %s::text[]) AS n(scheme, value), LATERAL (
        SELECT c.{column} AS uid FROM register_claim c WHERE c.value = n.value AND c.scheme = n.scheme
        AND c.log_id = %s AND c.recorded_until IS NULL OFFSET 0
    ) c, LATERAL (
        SELECT v.content FROM {table} v WHERE v.uid = c.uid AND v.log_id = %s AND v.recorded_until IS NULL OFFSET 0
    ) f
"""
_BY_ORIGIN: Final = """
    SELECT 'peer', f.content::text FROM unnest(%s::text[]) AS n(origin), LATERAL (
        SELECT v.content FROM register_peer v WHERE v.log_id = %s AND v.origin = n.origin AND v.recorded_until IS NULL
        ORDER BY v.recognised DESC LIMIT 1
    ) f
"""
_BY_ROOT: Final = """
    SELECT 'batch', f.content::text FROM unnest(%s::uuid[], %s::text[]) AS n(issuer, root), LATERAL (
        SELECT v.content FROM register_batch v WHERE v.issuer = n.issuer AND v.root = n.root AND v.log_id = %s
        AND v.recorded_until IS NULL OFFSET 0
    ) f
"""


class Wanted:
    """Ids by kind, claims, peers' origins and roots of batches to be known; ids that are no UUIDs name nothing here."""

    def __init__(self) -> None:
        self.ids: dict[str, dict[str, None]] = defaultdict(dict)
        self.claims: dict[tuple[str, str], None] = {}
        self.origins: dict[str, None] = {}
        self.roots: dict[tuple[str, str], None] = {}

    def add(self, ids: Iterable[tuple[str, str]], known: Wanted) -> None:
        """Want these records, too, but for those in `known`."""
        for kind, record_id in ids:
            if record_id not in known.ids[kind] and kind != "register" and _UUID.fullmatch(record_id):
                self.ids[kind][record_id] = None
                known.ids[kind][record_id] = None

    def claim(self, claims: Iterable[tuple[str, str]], known: Wanted) -> None:
        """Want whoever makes these claims, too, but for those in `known`."""
        for claim in claims:
            if claim not in known.claims:
                self.claims[claim] = known.claims[claim] = None

    def follow(self, origins: Iterable[str], known: Wanted) -> None:
        """Want the peers of these origins, too, but for those in `known`."""
        for origin in origins:
            if origin not in known.origins:
                self.origins[origin] = known.origins[origin] = None

    def anchor(self, roots: Iterable[tuple[str, str]], known: Wanted) -> None:
        """Want the batches of these issuers and roots, too, but for those in `known`."""
        for root in roots:
            if root not in known.roots:
                self.roots[root] = known.roots[root] = None


class Loader:
    """A partial state that grows, and what was looked up for it already, found or not.

    The state must have taken in all events it was loaded for before it is loaded for more; the rows that follow from
    the newest of them may still be on their way into the tables.
    """

    def __init__(self, origin: str, log_id: int, size: int, time: datetime | None) -> None:
        self.state = State(origin, size, time)
        self._log_id = log_id
        self._asked = Wanted()
        self._opened = False

    def __len__(self) -> int:
        """Return how many things it was asked for."""
        return sum(map(len, self._asked.ids.values()))

    def load(self, said: Iterable[Event | Quarantine]) -> None:
        """Add to the state what the next events look at and it does not hold."""
        wanted = Wanted()
        for event in said:
            if isinstance(event, Event):
                needed = needs(event)
                wanted.add(needed.ids, self._asked)
                wanted.claim(needed.claims, self._asked)
                wanted.follow(needed.origins, self._asked)
                wanted.anchor(needed.roots, self._asked)
        found = self._adopt(_read(self._log_id, wanted, with_register=not self._opened))
        self._opened = True
        further = Wanted()
        for kind, _, record in found:
            further.add(further_needs(kind, record), self._asked)
        if further.ids:
            self._adopt(_read(self._log_id, further, with_register=False))

    def _adopt(self, found: Iterable[Change]) -> list[Change]:
        """Take over what the state lacks: its own versions are newer than any in the tables."""
        fresh = [change for change in found if change.id not in self.state.table(change.kind)]
        self.state.adopt(fresh)
        return fresh


def _read(log_id: int, wanted: Wanted, *, with_register: bool) -> list[Change]:
    """Read newest versions, in the order of each record's first entry, which is the order a full replay has them in."""
    parts, parameters = _name_queries(log_id, wanted, with_register=with_register)
    rows = fetch_all(" UNION ALL ".join(parts), tuple(parameters)) if parts else []
    # An issuer may be wanted by its id and by a claim.
    found = [(kind, load(kind, content)) for kind, content in dict.fromkeys(rows)]
    changes = [Change(kind, record.id, record) for kind, record in found]
    return sorted(changes, key=lambda change: change.record.entries[0])


def _name_queries(log_id: int, wanted: Wanted, *, with_register: bool) -> tuple[list[str], list[Any]]:
    parts: list[str] = []
    parameters: list[Any] = []
    if with_register:
        parts.append(_REGISTER)
        parameters.append(log_id)
    for kind, ids in wanted.ids.items():
        if not ids:
            continue
        parts.append(_BY_ID.format(kind=kind, table=_TABLES[kind]))
        parameters += [list(ids), log_id]
    if wanted.claims:
        schemes, values = (list(part) for part in zip(*wanted.claims, strict=True))
        for kind, column in (("issuer", "issuer"), ("key", "record")):
            parts.append(_BY_CLAIM.format(kind=kind, column=column, table=_TABLES[kind]))
            parameters += [schemes, values, log_id, log_id]
    if wanted.origins:
        parts.append(_BY_ORIGIN)
        parameters += [list(wanted.origins), log_id]
    if wanted.roots:
        issuers, roots = (list(part) for part in zip(*wanted.roots, strict=True))
        parts.append(_BY_ROOT)
        parameters += [issuers, roots, log_id]
    return parts, parameters
