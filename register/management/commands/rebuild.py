"""`manage.py rebuild`: replay the ledgers into the read model and say whether it was equal; or `--check` only."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress, TaskID

from register.projection import replaying


class Command(BaseCommand):
    """Replay all entries of all logs. Exit 1 if `--check` finds a row that is not what the ledger says."""

    help = "Replay the ledgers into the read model and say whether the rows were equal."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--check`."""
        parser.add_argument("--check", action="store_true", help="compare only and change nothing; exit 1 if different")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, report, and exit 1 when a check found a difference."""
        with Progress(console=Console(stderr=True), transient=True) as bar:
            tasks: dict[str, TaskID] = {}

            def show(origin: str, size: int) -> None:
                task = tasks.setdefault(origin, bar.add_task(origin, total=None))
                bar.update(task, completed=size, description=f"{origin}: {size} entries")

            found = replaying.check(show) if options["check"] else replaying.rebuild(show)
        if found is None:
            self.stdout.write("The read model is equal to what the ledgers say.")
            return
        where = f"{found.table}: row {found.key}, of entry {found.index}, {found.what}"
        if options["check"]:
            raise CommandError(f"The read model is not what the ledgers say. First difference: {where}.", returncode=1)
        self.stdout.write(f"The read model was not what the ledgers say and is rebuilt. First difference: {where}.")
