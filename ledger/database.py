"""Straight access to the ledger's rows: psycopg cursors with binary results on Django's own connection.

Hashes and entries are bytes; over Django's text protocol they would travel as hexadecimal and twice as slowly.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from django.db import connection
from psycopg.pq import Format

Cursor = psycopg.Cursor[tuple[Any, ...]]
Row = tuple[Any, ...]
Parameters = tuple[Any, ...] | dict[str, Any]


@contextmanager
def open_cursor() -> Iterator[Cursor]:
    """Yield a cursor inside whatever transaction Django has open; errors come out as `django.db` errors.

    Like Django's own cursors it first replaces a connection that a restart of the database has cut off. Not
    `raw.cursor()`: Django sets that to client-side binding, which has no binary results.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    raw: psycopg.Connection[Row] = connection.connection
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.format = Format.BINARY
        yield cursor


def fetch_one(sql: LiteralString, parameters: Parameters) -> Row | None:
    """Run a query and return its first row, or None."""
    with open_cursor() as cursor:
        return cursor.execute(sql, parameters).fetchone()


def fetch_all(sql: LiteralString, parameters: Parameters) -> list[Row]:
    """Run a query and return all its rows."""
    with open_cursor() as cursor:
        return cursor.execute(sql, parameters).fetchall()


def fetch_one_after(
    first: LiteralString, first_parameters: Parameters, sql: LiteralString, parameters: Parameters
) -> Row | None:
    """Run a statement and then a query, in one exchange, and return the query's first row, or None."""
    with open_cursor() as before, open_cursor() as cursor:
        with cursor.connection.pipeline():
            before.execute(first, first_parameters)
            cursor.execute(sql, parameters)
        return cursor.fetchone()


def execute(sql: LiteralString, parameters: Parameters) -> int:
    """Run a statement and return how many rows it touched."""
    with open_cursor() as cursor:
        return cursor.execute(sql, parameters).rowcount
