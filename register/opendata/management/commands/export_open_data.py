"""`manage.py export_open_data`: the whole register as files, now and not only at night."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from register.opendata.errors import OpenDataError
from register.opendata.exporting import export
from register.opendata.published import root


class Command(BaseCommand):
    """Write an export that belongs to the newest checkpoint. Exit 1 when none was made."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, and say where it lies and what is in it."""
        console = Console(stderr=True)
        with Progress(
            "{task.description}", "{task.completed:,.0f} rows", console=console, disable=not console.is_terminal,
            transient=True,
        ) as bar:  # fmt: skip
            task = bar.add_task("exporting", total=None)
            try:
                made = export(lambda table, rows: bar.update(task, advance=rows, description=table))
            except (OpenDataError, OSError) as error:
                raise CommandError(f"no export was made: {error}") from error
        for one in made.manifest.files:
            self.stdout.write(f"{one.sha256}  {one.name}  {one.rows} rows, {one.bytes} bytes")
        self.stdout.write(f"{root() / made.name}: {made.manifest.origin}, {made.size} entries")
