"""Reading: all records as they were known at one size of the ledger, and its entries, row by row.

Cursors of the server hold what has not been asked for yet, so that memory stays the same however much there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import psycopg
from django.db import connection, transaction

from register.models import VERSIONS

AT_ONCE: Final = 1_000
"""Rows fetched at a time."""

_ENTRIES: Final = """
    SELECT h.index, h.time, h.type, h.subject, h.issuer::text, h.agency::text, convert_from(e.data, 'UTF8')
    FROM register_happening h JOIN ledger_entry e ON e.log_id = h.log_id AND e.index = h.index
    WHERE h.log_id = %(log)s AND h.index >= %(start)s AND h.index < %(size)s ORDER BY h.index
"""


def read_records(kind: str, log_id: int, size: int) -> Iterator[str]:
    """Yield the records of a kind as JSON text, as one log's first `size` entries have it, in the order of their ids.

    What was set aside (quarantine) is not among them.
    """
    table = VERSIONS[kind]._meta.db_table
    counted = "AND v.quarantine IS NULL" if kind in ("issuer", "accreditation") else ""
    sql = (
        f"SELECT v.content::text FROM {table} v WHERE v.log_id = %(log)s AND v.recorded_from < %(size)s "
        f"AND (v.recorded_until IS NULL OR v.recorded_until >= %(size)s) {counted} ORDER BY v.uid, v.recorded_from"
    )
    for (content,) in _stream(sql, {"log": log_id, "size": size}):
        yield content


def read_changes(log_id: int, start: int, size: int) -> Iterator[tuple[Any, ...]]:
    """Yield the entries `[start, size)`: index, time, type, subject, issuer, agency, and the entry's own text."""
    yield from _stream(_ENTRIES, {"log": log_id, "start": start, "size": size})


def _stream(sql: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with transaction.atomic():
        connection.ensure_connection()
        raw: psycopg.Connection[Any] = connection.connection
        with psycopg.ServerCursor(raw, f"open_data_{uuid4().hex}") as cursor:
            cursor.itersize = AT_ONCE
            yield from cursor.execute(sql, parameters)
