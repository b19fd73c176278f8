"""Loading: just the records that some entries are judged and folded by, as a partial `State`.

One query for all kinds, and a second one where subjects already recorded rest on further records.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from ledger.database import fetch_all
from register.events import Event
from register.models import VERSIONS
from register.records import load
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


class Wanted:
    """Ids by kind, claims and peers' origins that are to be known; ids that are no UUIDs name nothing here."""

    def __init__(self) -> None:
        self.ids: dict[str, dict[str, None]] = defaultdict(dict)
        self.claims: dict[tuple[str, str], None] = {}
        self.origins: dict[str, None] = {}

    def add(self, ids: Iterable[tuple[str, str]]) -> None:
        """Want these records, too."""
        for kind, record_id in ids:
            of_kind = self.ids[kind]
            if record_id not in of_kind and kind != "register" and _UUID.fullmatch(record_id):
                of_kind[record_id] = None


def load_state(origin: str, log_id: int, size: int, time: datetime | None, events: Sequence[Event]) -> State:
    """Return the state after `size` entries as far as the next events look at it."""
    state, wanted = State(origin, size, time), Wanted()
    for event in events:
        needed = needs(event)
        wanted.add(needed.ids)
        wanted.claims.update(dict.fromkeys(needed.claims))
        wanted.origins.update(dict.fromkeys(needed.origins))
    state.adopt(_read(log_id, wanted, with_register=True))
    further = Wanted()
    for kind in tuple(wanted.ids):
        for record in state.table(kind).values():
            further.add(n for n in further_needs(kind, record) if n[1] not in state.table(n[0]))
    if further.ids:
        state.adopt(_read(log_id, further, with_register=False))
    return state


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
    return parts, parameters
