"""Straight access to the ledger's rows: psycopg cursors with binary results on Django's own connection.

Hashes and entries are bytes; over Django's text protocol they would travel as hexadecimal and twice as slowly.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import postgres
from psycopg.adapt import Dumper
from psycopg.pq import Format

Cursor = psycopg.Cursor[tuple[Any, ...]]
Row = tuple[Any, ...]
Parameters = tuple[Any, ...] | dict[str, Any]


class ByteaArray(tuple[bytes | None, ...]):
    """A parameter of type bytea[], in binary: psycopg's own lists are looked through several times for their type."""


class _ByteaArrayDumper(Dumper):
    """PostgreSQL's binary form of a one-dimensional array: its head, then each element with its length."""

    format = Format.BINARY
    oid = postgres.types["bytea"].array_oid

    def dump(self, obj: ByteaArray) -> bytes:
        parts = [struct.pack(">iiIii", 1, None in obj, postgres.types["bytea"].oid, len(obj), 1)]
        for item in obj:
            parts.append(b"\xff\xff\xff\xff" if item is None else struct.pack(">i", len(item)) + item)
        return b"".join(parts)


@contextmanager
def open_cursor() -> Iterator[Cursor]:
    """Yield a cursor inside whatever transaction Django has open; errors come out as `django.db` errors.

    Like Django's own cursors it first replaces a connection that a restart of the database has cut off. Not
    `raw.cursor()`: Django sets that to client-side binding, which has no binary results.
    """
    wrapper = _ready()
    with wrapper.wrap_database_errors, _make_cursor(wrapper) as cursor:
        yield cursor


def fetch_one(sql: LiteralString, parameters: Parameters) -> Row | None:
    """Run a query and return its first row, or None."""
    wrapper = _ready()
    with wrapper.wrap_database_errors:
        return _make_cursor(wrapper).execute(sql, parameters).fetchone()


def fetch_all(sql: LiteralString, parameters: Parameters) -> list[Row]:
    """Run a query and return all its rows."""
    wrapper = _ready()
    with wrapper.wrap_database_errors:
        return _make_cursor(wrapper).execute(sql, parameters).fetchall()


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
    wrapper = _ready()
    with wrapper.wrap_database_errors:
        return _make_cursor(wrapper).execute(sql, parameters).rowcount


def _ready() -> BaseDatabaseWrapper:
    """Return this thread's connection, open and fit for use; found once, since `django.db.connection` looks it up
    anew each time it is named.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]
    wrapper.close_if_health_check_failed()
    if wrapper.connection is None:
        wrapper.ensure_connection()
    wrapper.validate_no_broken_transaction()
    return wrapper


def _make_cursor(wrapper: BaseDatabaseWrapper) -> Cursor:
    cursor: Cursor = psycopg.Cursor(wrapper.connection)
    cursor.format = Format.BINARY
    return cursor


psycopg.adapters.register_dumper(ByteaArray, _ByteaArrayDumper)  # before Django copies the adapters for its connections
