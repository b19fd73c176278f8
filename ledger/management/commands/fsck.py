"""`manage.py fsck`: recompute the ledger from its bytes and name the first difference."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from ledger.errors import LedgerError
from ledger.fsck import Report, check_log
from ledger.logs import LogRow, list_logs
from ledger.signer import read_verifiers


class Command(BaseCommand):
    """Recompute leaf hashes, tiles, frontier, checkpoints, signatures and guard; exit 1 at the first difference."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the origins to check."""
        parser.add_argument("origins", nargs="*", help="logs to check; without any, all that are kept here")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check each log and say in one line what was recomputed."""
        try:
            logs = list_logs()
            unknown = set(options["origins"]) - {log.origin for log in logs}
            if unknown:
                raise CommandError(f"no such log: {', '.join(sorted(unknown))}; known: {[log.origin for log in logs]}")
            for log in logs:
                if not options["origins"] or log.origin in options["origins"]:
                    self.stdout.write(_describe(log, _check(log)))
        except LedgerError as error:
            raise CommandError(str(error)) from error


def _check(log: LogRow) -> Report:
    """Check one log behind a progress bar that only a terminal shows."""
    # The keys of a peer's log are the federation's business: the report says what was not checked.
    keys = read_verifiers() if log.own else ()
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(log.origin, total=log.size)
        return check_log(log.origin, keys, lambda done, total: bar.update(task, completed=done, total=total))


def _describe(log: LogRow, report: Report) -> str:
    unsigned = f"; signatures of {report.unsigned} checkpoints not checked: a peer's" if report.unsigned else ""
    return (
        f"{log.origin}: {report.entries} entries, {report.tiles} full tiles and {report.checkpoints} checkpoints "
        f"follow from the entries' bytes{unsigned}"
    )
