"""`manage.py backup FILE`: the node's database as of one moment in one file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress

from deploy.backup.archive import BackupError, Manifest
from deploy.backup.snapshot import take_backup
from deploy.operator.last_times import note_last
from deploy.operator.models import BACKUP
from ledger.errors import LedgerError


class Command(BaseCommand):
    """Back up ledger, read model and accounts; the node may go on working. Exit 1 when no backup was made."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and whether private keys go into it."""
        parser.add_argument("file", type=Path, help="where to write it; must not exist")
        parser.add_argument("--with-keys", action="store_true", help="put the node's private keys into it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file and say what is in it."""
        path: Path = options["file"]
        connection.ensure_connection()
        console = Console(stderr=True)
        with Progress(
            "{task.description}", BarColumn(), DownloadColumn(), console=console, disable=not console.is_terminal,
            transient=True,
        ) as bar:  # fmt: skip
            task = bar.add_task("backing up", total=None)
            try:
                made = take_backup(path, options["with_keys"], lambda count: bar.advance(task, count))
            except (BackupError, LedgerError) as error:
                raise CommandError(str(error)) from error
            except DatabaseError as error:
                reason = " ".join(str(error).split())
                raise CommandError(f"the database gave no backup, nothing was written: {reason}") from error
        self._note(path, made)
        self.stdout.write(f"{path}: {made.origin}, {made.tree_size} entries, root {made.root}")
        if made.private_keys:
            self.stdout.write("It holds the node's PRIVATE KEYS: whoever reads it can sign as this node.")
        else:
            self.stdout.write("The private keys are not in it: keep a copy of them elsewhere.")

    def _note(self, path: Path, made: Manifest) -> None:
        """Tell the operator's board; a backup is whole without that."""
        try:
            note_last(BACKUP, file=path.name, entries=made.tree_size, with_keys=made.private_keys)
        except DatabaseError as error:
            self.stderr.write(f"The backup is whole; the operator's board was not told of it: {type(error).__name__}")
