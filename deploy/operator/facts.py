"""What the database says of itself and of our log, for the board; each function one or two short queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

from django.conf import settings

from ledger.database import fetch_all, fetch_one


@dataclass(frozen=True, slots=True)
class LogFacts:
    """Our log: entries, how many the read model lacks, entries that no checkpoint covers yet."""

    size: int
    behind: int
    unsigned: int


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The database: bytes, open connections and the most there may be, seconds of the oldest open transaction."""

    size: int
    connections: int
    most: int
    oldest: int


_LOG: Final[LiteralString] = """
    SELECT l.size, l.size - coalesce(c.size, 0), l.size - coalesce((
        SELECT max(k.size) FROM ledger_checkpoint k WHERE k.log_id = l.id), 0)
    FROM ledger_log l LEFT JOIN register_cursor c ON c.log_id = l.id WHERE l.origin = %s
"""
_DATABASE: Final[LiteralString] = """
    SELECT pg_database_size(current_database()),
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
        current_setting('max_connections')::int,
        (SELECT coalesce(extract(epoch FROM now() - min(xact_start)), 0)::bigint FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend')
"""
_TABLES: Final[LiteralString] = """
    SELECT relname::text, pg_total_relation_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT 5
"""
_ENDING_KEYS: Final[LiteralString] = """
    SELECT count(*) FILTER (WHERE v.valid_until > now()), count(*) FILTER (WHERE v.valid_until <= now())
    FROM register_key v JOIN ledger_log l ON l.id = v.log_id
    WHERE l.origin = %s AND v.recorded_until IS NULL AND v.revoked_from IS NULL
        AND v.valid_until > now() - interval '30 days' AND v.valid_until < now() + interval '30 days'
"""


def read_log() -> LogFacts | None:
    """Return how our log stands; None before the register was opened."""
    row = fetch_one(_LOG, (settings.ASSAY_ORIGIN,))
    return LogFacts(*row) if row else None


def read_database() -> DatabaseFacts:
    """Return how the database stands; roles without rights on others' sessions see counts, no more."""
    row = fetch_one(_DATABASE, ())
    assert row is not None
    return DatabaseFacts(*row)


def list_largest() -> list[tuple[str, int]]:
    """Return the largest tables with their indexes, in bytes."""
    return [(name, size) for name, size in fetch_all(_TABLES, ())]


def count_ending_keys() -> tuple[int, int]:
    """Return how many issuers' keys end within 30 days, and how many ended in the 30 days before."""
    row = fetch_one(_ENDING_KEYS, (settings.ASSAY_ORIGIN,))
    assert row is not None
    return row[0], row[1]
