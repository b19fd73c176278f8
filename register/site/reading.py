"""Reading what pages need beside register.queries: the register itself, names together, the newest entries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, LiteralString

from django.conf import settings

from ledger.database import fetch_all, fetch_one
from ledger.errors import NotCovered, UnknownLog
from ledger.logs import SignedCheckpointRow, latest_checkpoint
from register import records
from register.queries.cuts import Cut
from register.queries.lists import EVENT_COLUMNS, EventRow
from register.queries.selecting import is_uid, known_only, select
from register.queries.single import count_records
from register.records import MandateRecord, ProgrammeRecord, RegisterRecord
from register.site.directory import Directory, Listed
from register.site.names import Name, first_name


def newest_checkpoint(origin: str = "") -> SignedCheckpointRow | None:
    """Return the newest checkpoint of a log, by default our own; None before the first."""
    try:
        return latest_checkpoint(origin or settings.ASSAY_ORIGIN)
    except (NotCovered, UnknownLog):
        return None


def read_register() -> RegisterRecord | None:
    """Return what the register says of itself; None before it is opened."""
    row = fetch_one(
        "SELECT v.content::text FROM register_register v JOIN ledger_log l ON l.id = v.log_id "
        "WHERE l.origin = %s AND v.recorded_until IS NULL",
        (settings.ASSAY_ORIGIN,),
    )
    return _load_register(row[0]) if row else None


@lru_cache(maxsize=4)
def _load_register(content: str) -> RegisterRecord:
    record: RegisterRecord = records.load("register", content)
    return record


MOST_MANDATES: Final = 100
MOST_PROGRAMMES: Final = 30
"""What an issuer's page shows of each."""

# The log as a subquery: joined, the planner would not know that rows come in the order of their index, and read all.
_NEWEST: Final[LiteralString] = f"""
    SELECT %(origin)s::text, {EVENT_COLUMNS} FROM register_happening h
    WHERE h.log_id = (SELECT id FROM ledger_log WHERE origin = %(origin)s) AND h.index < %(before)s
        AND (%(type)s::text IS NULL OR h.type = %(type)s)
    ORDER BY h.index DESC LIMIT %(limit)s
"""
_NOTABLE: Final[LiteralString] = f"""
    SELECT DISTINCT ON (h.type) l.origin, {EVENT_COLUMNS}
    FROM ledger_log l JOIN register_cursor c ON c.log_id = l.id
    JOIN register_happening h ON h.log_id = l.id AND h.index >= c.size - %(within)s
    WHERE l.origin = %(origin)s AND h.type = ANY(%(types)s) ORDER BY h.type, h.index DESC
"""


def list_newest(before: int, entry_type: str | None, limit: int, origin: str = "") -> list[EventRow]:
    """Return the newest entries of a log, by default our own, below an index, of one type or of all."""
    given = {"origin": origin or settings.ASSAY_ORIGIN, "before": before, "type": entry_type, "limit": limit}
    return [EventRow(*row) for row in fetch_all(_NEWEST, given)]


def list_notable(types: Sequence[str], within: int) -> list[EventRow]:
    """Return the newest entry of each type among the last `within` entries, the newest first."""
    given = {"origin": settings.ASSAY_ORIGIN, "types": list(types), "within": within}
    found = [EventRow(*row) for row in fetch_all(_NOTABLE, given)]
    return sorted(found, key=lambda row: -row.index)


def read_surroundings(issuer: str, cut: Cut) -> tuple[list[MandateRecord], list[ProgrammeRecord]]:
    """Return the mandates given to an issuer and the programmes it offers, as the cut knows them; one query.

    Of very many the first, and one more than a page shows.
    """
    conditions = known_only("v", cut)
    conditions.parameters["issuer"] = issuer
    known = conditions.joined()
    rows = select(
        f"(SELECT 'mandate', v.content::text FROM register_mandate v WHERE {known} AND v.sealer = %(issuer)s::uuid "
        f"ORDER BY v.uid LIMIT {MOST_MANDATES + 1}) UNION ALL "
        f"(SELECT 'programme', v.content::text FROM register_programme v WHERE {known} AND v.issuer = %(issuer)s::uuid "
        f"ORDER BY v.uid LIMIT {MOST_PROGRAMMES + 1})",
        conditions.parameters,
    )
    found: dict[str, list[Any]] = {"mandate": [], "programme": []}
    for kind, content in rows:
        found[kind].append(records.load(kind, content))
    return found["mandate"], found["programme"]


_NAMED: Final[LiteralString] = """
    SELECT log_id, kind, uid::text, country, names FROM (
        SELECT 'agency' AS kind, log_id, uid, country, content->>'names' AS names FROM register_agency
        WHERE uid = ANY(%(ids)s::uuid[]) AND recorded_until IS NULL
        UNION ALL SELECT 'issuer', log_id, uid, country, content->>'names' FROM register_issuer
        WHERE uid = ANY(%(ids)s::uuid[]) AND recorded_until IS NULL
        UNION ALL SELECT 'programme', log_id, uid, '', content->>'titles' FROM register_programme
        WHERE uid = ANY(%(ids)s::uuid[]) AND recorded_until IS NULL
    ) named WHERE
"""


def read_directory(ids: Iterable[str | None], origin: str = "") -> Directory:
    """Return the names of a register's agencies, issuers and programmes among some ids, as they are now; one query."""
    wanted = sorted({thing for thing in ids if thing is not None and is_uid(thing)})
    if not wanted:
        return Directory()
    one = " log_id = (SELECT id FROM ledger_log WHERE origin = %(origin)s)"
    rows = fetch_all(_NAMED + one, {"ids": wanted, "origin": origin or settings.ASSAY_ORIGIN})
    return Directory({uid: Listed(kind, _name(names, country)) for _, kind, uid, country, names in rows})


def read_directories(places: Iterable[tuple[int, str]]) -> Mapping[int, Directory]:
    """Return the names of things of several logs, by log id and id: a directory for each log; one query."""
    wanted = sorted(set(places))
    listed: dict[int, dict[str, Listed]] = {log: {} for log, _ in wanted}
    if wanted:
        logs, ids = zip(*wanted, strict=True)
        named = " (log_id, uid) IN (SELECT * FROM unnest(%(logs)s::int[], %(ids)s::uuid[]))"
        for log, kind, uid, country, names in fetch_all(_NAMED + named, {"logs": list(logs), "ids": list(ids)}):
            listed[log][uid] = Listed(kind, _name(names, country))
    return {log: Directory(found) for log, found in listed.items()}


def _name(names: str, country: str) -> Name:
    return first_name(json.loads(names), country)


@lru_cache(maxsize=8)
def count_at(cut: Cut, root: bytes) -> dict[str, int]:
    """Return how many records of each kind a cut knows; `root` is of the tree it was taken under.

    Counting a large table takes a while, and under one root the answer is always the same.
    """
    return count_records(cut)
