"""Bringing a backup back into an empty database: all of it, checked, in one transaction, or nothing.

What was loaded is recomputed from the ledger's bytes, and the read model replayed from the ledger, before the commit: a
backup is only somebody's file. The rollback guard is never touched; `find_hindrance` says what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Literal, NamedTuple

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction

from deploy.backup.archive import BackupError, Manifest, Progress, open_archive
from deploy.backup.keyfiles import insist_on_keys, keys_in_place
from deploy.backup.loading import load, lock_empty_tables
from deploy.backup.snapshot import list_migrations, read_head
from ledger import guard
from ledger.database import open_cursor
from ledger.errors import GuardUnreadable, LedgerDamaged, RolledBack
from ledger.fsck import check_log
from ledger.logs import get_log, list_logs
from ledger.nodes import DatabaseNodeReader
from ledger.signer import read_verifiers
from ledger.tlog.checkpoint import parse_checkpoint_note
from ledger.tlog.merkle import read_root

Step = Literal["verifying", "loading", "checking"]
"""What a restore is at: the file, then the rows of it in the database, then what they say."""


class Restored(NamedTuple):
    """What came back: the manifest, rows loaded, what was checked in a line each, and why nothing is signed, if so."""

    manifest: Manifest
    rows: int
    checked: list[str]
    hindrance: str | None


def restore_backup(path: Path, with_keys: bool, progress: Progress, say: Callable[[Step], None]) -> Restored:
    """Verify a backup, load it into the empty database, check what was loaded, commit.

    Raises `BackupError`, `LedgerError` and database errors; then nothing was changed. `say` hears each step.
    """
    say("verifying")
    with open_archive(path, progress) as (archive, manifest):
        _insist_on_same_node(manifest)
        with keys_in_place(archive, manifest, with_keys), transaction.atomic(durable=True), open_cursor() as cursor:
            insist_on_keys(manifest)
            tables = lock_empty_tables(cursor)
            say("loading")
            rows = load(archive, cursor, tables, progress)
            say("checking")
            checked = _check(manifest)
    return Restored(manifest, rows, checked, find_hindrance(manifest.origin, manifest.tree_size, manifest.checkpoint))


def find_hindrance(origin: str, size: int, note: str | None) -> str | None:
    """Return why this machine will not sign on from the stored log, in words for an operator, or None if it will."""
    accept = f"manage.py guard --accept {origin}"
    try:
        with guard.hold(origin) as held:
            reader = DatabaseNodeReader(get_log(origin).id, size)
            held.check(size, read_root(size, reader), _root_at(origin), note is None)
    except RolledBack as error:
        newest = parse_checkpoint_note(error.signed)[1].size
        if newest > size:
            lost = f"entry that this machine has signed: {size}"
            if newest - size > 1:
                lost = f"entries that this machine has signed: {size} to {newest - 1}"
            return (
                f"This backup misses {newest - size} {lost}. Restore "
                f"a newer backup or fetch them from a peer; if they are lost for good and your peers know, {accept}."
            )
        return f"This machine has signed another history of {origin}: find its backup, or, if this is it, {accept}."
    except GuardUnreadable:
        return (
            "This machine does not know what this ledger has signed last. Put the guard of the old machine into "
            f"{settings.ASSAY_GUARD_DIR}; if it is lost and your peers have seen nothing newer, {accept}."
        )
    return None


def _root_at(origin: str) -> Callable[[int], bytes]:
    return lambda size: read_root(size, DatabaseNodeReader(get_log(origin).id, size))


def _insist_on_same_node(manifest: Manifest) -> None:
    """Raise unless the backup is of this node and its tables are those of this software."""
    for name, theirs in (("ASSAY_ORIGIN", manifest.origin), ("ASSAY_BASE_URL", manifest.base_url)):
        ours = getattr(settings, name)
        if ours != theirs:
            raise BackupError(
                f"expected a backup of {name}={ours}, got one of {theirs}; set {name} to restore that one"
            )
    applied = set(list_migrations())
    if missing := sorted(set(manifest.migrations) - applied):
        raise BackupError(f"expected migration {missing[0]} here as in the backup (Assay {manifest.software}); migrate")
    if further := sorted(applied - set(manifest.migrations)):
        raise BackupError(
            f"the backup (Assay {manifest.software}) was made before migration {further[0]}: make the empty database "
            "with the software of that time, restore, then migrate"
        )


def _check(manifest: Manifest) -> list[str]:
    """Recompute and replay what was loaded; return what was found, or raise `BackupError` at the first difference."""
    head = read_head()
    if head != (manifest.tree_size, manifest.root, manifest.checkpoint):
        raise BackupError(f"expected the ledger of {manifest.tree_size} entries that the manifest names, got another")
    replayed = StringIO()
    checked = []
    try:
        for log in list_logs():
            report = check_log(log.origin, read_verifiers() if log.own else (), guarded=False)
            unsigned = f", signatures of {report.unsigned} not checked: a peer's" if report.unsigned else ""
            checked.append(f"{log.origin}: {report.entries} entries, {report.checkpoints} checkpoints sound{unsigned}")
        call_command("rebuild", check=True, stdout=replayed)
    except (LedgerDamaged, CommandError) as error:
        raise BackupError(f"the backup is not what a ledger says, nothing was restored: {error}") from error
    return [*checked, replayed.getvalue().strip()]
