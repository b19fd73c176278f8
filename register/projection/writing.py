"""Writing: a batch's rows go into the tables, in the caller's transaction; newest versions it replaces end first."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final, Self

from psycopg import postgres, sql
from psycopg.adapt import Dumper
from psycopg.pq import Format

from ledger.database import Cursor
from register.models import VERSIONS
from register.projection.batch import Batch
from register.projection.rows import COLUMNS, SHARED, Columns

CLAIM_COLUMNS: Final[Columns] = (
    ("log_id", "int2"),
    ("scheme", "text"),
    ("value", "text"),
    ("issuer", "uuid"),
    ("record", "uuid"),
    ("recorded_from", "int8"),
    ("recorded_until", "int8"),
)
HAPPENING_COLUMNS: Final[Columns] = (
    ("log_id", "int2"),
    ("index", "int8"),
    ("type", "text"),
    ("subject", "text"),
    ("time", "timestamptz"),
    ("uid", "uuid"),
    ("issuer", "uuid"),
    ("agency", "uuid"),
    ("quarantine", "text"),
    ("message", "text"),
)


_FIRST_INSTANT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""From which PostgreSQL counts the microseconds of a timestamptz."""
_MICROSECOND: Final = timedelta(microseconds=1)


@lru_cache(maxsize=8192)
def _encode_uuid(text: str) -> bytes:
    """Return the 16 bytes of an id; one thing is named in many rows."""
    return bytes.fromhex(text.replace("-", ""))


class _UuidText(Dumper):
    """An id as text becomes the 16 bytes of a binary uuid; making a UUID object first would take longer."""

    format = Format.BINARY
    oid = postgres.types["uuid"].oid

    def dump(self, obj: str) -> bytes:
        """Return the bytes."""
        return _encode_uuid(obj)


@lru_cache(maxsize=4096)
def _encode_instant(moment: datetime) -> bytes:
    """Return the binary form of a timestamptz; most rows repeat the dates of another, and all a batch's time."""
    return struct.pack(">q", (moment - _FIRST_INSTANT) // _MICROSECOND)


class _Instant(Dumper):
    """An aware datetime."""

    format = Format.BINARY
    oid = postgres.types["timestamptz"].oid

    def dump(self, obj: datetime) -> bytes:
        """Return the instant's binary form."""
        return _encode_instant(obj)


class _JsonBytes(Dumper):
    """JSON that was encoded before is passed on."""

    format = Format.BINARY
    oid = postgres.types["json"].oid

    def dump(self, obj: bytes) -> bytes:
        """Return the bytes."""
        return obj


@lru_cache(maxsize=4096)
def _encode_array(items: tuple[str | int, ...], element: int) -> bytes:
    """Return the binary form of a one-dimensional array; most records repeat the limits of another."""
    head = struct.pack(">iiIii", 1, 0, element, len(items), 1) if items else struct.pack(">iiI", 0, 0, element)
    encoded = [struct.pack(">h", item) if isinstance(item, int) else item.encode() for item in items]
    return head + b"".join(struct.pack(">i", len(item)) + item for item in encoded)


class _TextArray(Dumper):
    """A tuple of texts."""

    format = Format.BINARY
    oid = postgres.types["text"].array_oid

    def dump(self, obj: tuple[str, ...]) -> bytes:
        """Return the array's binary form."""
        return _encode_array(obj, postgres.types["text"].oid)


class _SmallArray(Dumper):
    """A tuple of small integers."""

    format = Format.BINARY
    oid = postgres.types["int2"].array_oid

    def dump(self, obj: tuple[int, ...]) -> bytes:
        """Return the array's binary form."""
        return _encode_array(obj, postgres.types["int2"].oid)


FEW: Final = 8
"""Up to so many entries are written with INSERT."""

_DUMPERS: Final = (_UuidText, _Instant, _JsonBytes, _TextArray, _SmallArray)


class Writing:
    """Writes one batch at a time, in a thread of its own while the caller works on; whoever leaves it waits.

    Until `wait` returns the connection is the thread's. A fault of PostgreSQL comes out of `wait`.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._thread = ThreadPoolExecutor(1, "projection")
        self._begun: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.shutdown()

    def begin(self, batch: Batch, size: int, time: datetime | None) -> None:
        """Begin to `write` a batch; the one before must have been waited for."""
        self._begun = self._thread.submit(write, self._cursor, batch, size, time)

    def wait(self) -> None:
        """Wait until what was begun is written."""
        if self._begun is not None:
            self._begun.result()
            self._begun = None


def write(cursor: Cursor, batch: Batch, size: int, time: datetime | None) -> None:
    """Write a batch and move the projection's place to `size` entries; its row is locked by the caller.

    Few rows are inserted with one exchange for all statements, many are copied.
    """
    few = len(batch.happenings) <= FEW
    with cursor.connection.pipeline() if few else nullcontext():
        _end_versions(cursor, batch)
        for table, columns, rows in _list_rows(batch):
            (_insert if few else _copy)(cursor, table, columns, rows)
        if batch.words:
            cursor.execute(
                "INSERT INTO register_word SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", (sorted(batch.words),)
            )
        cursor.execute("UPDATE register_cursor SET size = %s, time = %s WHERE log_id = %s", (size, time, batch.log_id))


def _list_rows(batch: Batch) -> list[tuple[str, Columns, Sequence[Sequence[Any]]]]:
    tables: list[tuple[str, Columns, Sequence[Sequence[Any]]]] = [
        (VERSIONS[kind]._meta.db_table, (*SHARED, *COLUMNS[kind]), rows) for kind, rows in batch.versions.items()
    ]
    if batch.claims:
        tables.append(("register_claim", CLAIM_COLUMNS, batch.claims))
    return [*tables, ("register_happening", HAPPENING_COLUMNS, batch.happenings)]


def _end_versions(cursor: Cursor, batch: Batch) -> None:
    for kind, ended in batch.replaced.items():
        table = VERSIONS[kind]._meta.db_table
        cursor.execute(
            f"UPDATE {table} v SET recorded_until = n.until FROM unnest(%s::uuid[], %s::int8[]) AS n(uid, until) "
            "WHERE v.uid = n.uid AND v.log_id = %s AND v.recorded_until IS NULL",
            ([uid for uid, _ in ended], [until for _, until in ended], batch.log_id),
        )
    if batch.claims_given_up:
        cursor.execute(
            "UPDATE register_claim c SET recorded_until = n.until "
            "FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::int8[]) AS n(scheme, value, record, until) "
            "WHERE c.value = n.value AND c.scheme = n.scheme AND c.record = n.record AND c.log_id = %s "
            "AND c.recorded_until IS NULL",
            (*(list(column) for column in zip(*batch.claims_given_up, strict=True)), batch.log_id),
        )


def _insert(cursor: Cursor, table: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> None:
    cursor.executemany(_insert_statement(table, columns), [[_plain(value) for value in row] for row in rows])


def _plain(value: Any) -> Any:
    """Return a value prepared for COPY as an ordinary parameter."""
    if isinstance(value, bytes):
        return value.decode()
    return list(value) if type(value) is tuple else value


@cache
def _insert_statement(table: str, columns: Columns) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    values = sql.SQL(", ").join(sql.SQL(f"%s::{type_name}") for _, type_name in columns)
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), names, values)


def _copy(cursor: Cursor, table: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> None:
    for dumper in _DUMPERS:
        cursor.adapters.register_dumper(None, dumper)
    with cursor.copy(_copy_statement(table, columns)) as copy:
        copy.set_types([type_name for _, type_name in columns])
        for row in rows:
            copy.write_row(row)


@cache
def _copy_statement(table: str, columns: Columns) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table), names)
