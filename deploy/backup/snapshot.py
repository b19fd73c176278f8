"""Taking a backup: the database as of one moment, what its ledger is at that moment, and the keys if asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from deploy.backup.archive import DUMP, KEYS, MANIFEST, BackupError, Manifest, Progress, add_part, create_archive
from deploy.backup.dump import dump_database
from ledger.database import execute, fetch_one
from ledger.errors import NotCovered, UnknownLog
from ledger.logs import get_log, latest_checkpoint
from ledger.nodes import DatabaseNodeReader
from ledger.tlog.merkle import read_root

REPLACED = ".replaced"
"""Ending of a key that gave way to one from a backup."""


class Head(NamedTuple):
    """What our own log is in the database one looks at: size, root in hexadecimal, newest note."""

    size: int
    root: str
    note: str | None


def take_backup(path: Path, with_keys: bool, progress: Progress = lambda count: None) -> Manifest:
    """Write a backup to a file that must not exist yet; the node may go on working meanwhile.

    Raises `BackupError`, `LedgerError`. Constant memory; the snapshot is held for as long as pg_dump runs.
    """
    with create_archive(path) as archive, _snapshot() as snapshot:
        head = read_head()
        with closing(dump_database(raw_connection(), snapshot, progress)) as chunks:
            parts = {DUMP: add_part(archive, DUMP, chunks)}
        if with_keys:
            parts |= {KEYS + key.name: add_part(archive, KEYS + key.name, [key.read_bytes()]) for key in list_keys()}
        manifest = Manifest(
            software=version("assay"),
            postgresql=str(raw_connection().info.server_version),
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            origin=settings.ASSAY_ORIGIN,
            base_url=settings.ASSAY_BASE_URL,
            tree_size=head.size,
            root=head.root,
            checkpoint=head.note,
            migrations=list_migrations(),
            private_keys=with_keys,
            parts=parts,
        )
        add_part(archive, MANIFEST, [manifest.model_dump_json(indent=1).encode()])
    return manifest


def read_head() -> Head:
    """Return size, root (from stored hashes) and newest checkpoint of our own log; raises `BackupError` without one."""
    origin = settings.ASSAY_ORIGIN
    try:
        log = get_log(origin)
    except UnknownLog:
        raise BackupError(f"the database holds no ledger {origin}: the register was never opened here") from None
    try:
        note = latest_checkpoint(origin).note.decode()
    except NotCovered:
        note = None
    return Head(log.size, read_root(log.size, DatabaseNodeReader(log.id, log.size)).hex(), note)


def list_migrations() -> list[str]:
    """Return what has been applied to the database, as `app.name`."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def list_keys() -> list[Path]:
    """Return the node's key files, without those half written or replaced by an earlier restore."""
    paths = (path for path in Path(settings.ASSAY_KEYS_DIR).iterdir() if path.is_file())
    return sorted(path for path in paths if not path.name.startswith(".") and path.suffix != REPLACED)


def raw_connection() -> psycopg.Connection[Any]:
    """Return psycopg's connection beneath Django's."""
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    return raw


@contextmanager
def _snapshot() -> Iterator[str]:
    """See one state of the database throughout, and yield the name by which pg_dump sees the same."""
    with transaction.atomic(durable=True):
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", ())
        row = fetch_one("SELECT pg_export_snapshot()", ())
        assert row
        yield row[0]
