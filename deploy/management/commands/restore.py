"""`manage.py restore FILE`: bring a backup back into an empty database, all of it or nothing."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress

from deploy.backup.archive import BackupError
from deploy.backup.restoration import Restored, Step, restore_backup
from ledger.errors import LedgerError

NOT_SIGNING = 3


class Command(BaseCommand):
    """Restore into a migrated, empty database. Exit 1: nothing was changed; 3: restored, but nothing is signed yet."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and whether its private keys are wanted."""
        parser.add_argument("file", type=Path, help="a file that manage.py backup made")
        parser.add_argument("--with-keys", action="store_true", help="put its private keys into ASSAY_KEYS_DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, say what was found, and exit 3 when the rollback guard stops the node from signing."""
        restored = self._restore(options["file"], options["with_keys"])
        manifest = restored.manifest
        self.stdout.write(f"restored {manifest.origin} as of {manifest.made_at}: {restored.rows} rows")
        for line in restored.checked:
            self.stdout.write(line)
        if restored.hindrance:
            raise CommandError(
                f"The data are restored, but nothing is signed. {restored.hindrance}", returncode=NOT_SIGNING
            )

    def _restore(self, path: Path, with_keys: bool) -> Restored:
        connection.ensure_connection()
        console = Console(stderr=True)
        with Progress(
            "{task.description}", BarColumn(), DownloadColumn(), console=console, disable=not console.is_terminal,
            transient=True,
        ) as bar:  # fmt: skip
            size = path.stat().st_size if path.exists() else None
            task = bar.add_task("", total=size)

            def show(step: Step) -> None:
                bar.reset(task, description=step)
                if step == "checking":
                    bar.stop()  # replaying has a bar of its own

            try:
                return restore_backup(
                    path,
                    with_keys,
                    lambda count: bar.advance(task, count),
                    show,
                )
            except (BackupError, LedgerError) as error:
                raise CommandError(str(error)) from error
            except DatabaseError as error:
                reason = " ".join(str(error).split())
                raise CommandError(f"the database refused the backup, nothing was restored: {reason}") from error
