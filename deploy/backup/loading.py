"""Rows into empty tables, by the table owner's ordinary rights: no trigger rests, no superuser is needed.

The trigger that refuses entries which do not begin at their log's size is satisfied by the order: each log is opened
with size 0, its entries follow in one COPY, then its row gets the size of the backup. Foreign keys are checked before
the end.
"""

from __future__ import annotations

from typing import Any
from zipfile import ZipFile

from psycopg import Cursor, sql

from deploy.backup.archive import DUMP, BackupError, Progress
from deploy.backup.dump import Counter, Rows, unpack
from deploy.roles import list_tables

LOGS = "ledger_log"
MIGRATIONS = "django_migrations"
# Filled by migrate with rows of its own, which give way to the backup's: rights of users name them by number.
DERIVED = ("auth_permission", "django_content_type")


def lock_empty_tables(cursor: Cursor[tuple[Any, ...]]) -> list[str]:
    """Keep everybody else from writing, and return all tables; raises `BackupError` when one has rows of its own."""
    tables = list_tables(cursor.connection)
    for table in tables:
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.Identifier(table)))
    for table in tables:
        found = cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))).fetchone()
        if found and found[0] and table not in (MIGRATIONS, *DERIVED):
            raise BackupError(
                f"expected an empty database, got rows in {table}: a restore replaces nothing; make a new database, "
                "migrate it, and do not start the node before"
            )
    return tables


def load(archive: ZipFile, cursor: Cursor[tuple[Any, ...]], tables: list[str], progress: Progress) -> int:
    """Load all tables but that of the migrations; return the number of rows."""
    for table in DERIVED:
        cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    total = 0
    cursor.execute("CREATE TEMPORARY TABLE restored_log (LIKE public.ledger_log) ON COMMIT DROP")
    with archive.open(DUMP) as dump, unpack(dump, lambda count: None, table=LOGS) as items:
        for item in items:
            if isinstance(item, Rows):
                total += _copy(cursor, "restored_log", item)
    cursor.execute(
        "INSERT INTO ledger_log (id, origin, own, size, frontier) OVERRIDING SYSTEM VALUE"
        " SELECT id, origin, own, 0, frontier FROM restored_log"
    )
    with archive.open(DUMP) as dump, unpack(dump, progress) as items:
        for item in items:
            total += _take(cursor, tables, item)
    cursor.execute(
        "UPDATE ledger_log SET size = r.size, last_time = r.last_time FROM restored_log r WHERE r.id = ledger_log.id"
    )
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute(sql.SQL("ANALYZE {}").format(sql.SQL(", ").join(map(sql.Identifier, tables))))
    return total


def _take(cursor: Cursor[tuple[Any, ...]], tables: list[str], item: Rows | Counter) -> int:
    if isinstance(item, Counter):
        # Unlike setval, this is undone with the transaction.
        name, value = sql.Identifier(item.sequence), sql.Literal(item.following)
        cursor.execute(sql.SQL("ALTER SEQUENCE {} RESTART WITH {}").format(name, value))
        return 0
    if item.table in (LOGS, MIGRATIONS):
        return 0
    if item.table not in tables:
        raise BackupError(f"expected a table of this software in the backup, got {item.table}; nothing was restored")
    return _copy(cursor, item.table, item)


def _copy(cursor: Cursor[tuple[Any, ...]], table: str, rows: Rows) -> int:
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)) as copy:
        for line in rows.lines:
            copy.write(line)
    return cursor.rowcount
