"""`manage.py guard`: show what this machine has signed last, or accept another database deliberately."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ledger import guard
from ledger.errors import LedgerError, NotCovered
from ledger.logs import latest_checkpoint


class Command(BaseCommand):
    """Show or replace the rollback guard of our own log."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the decision to accept, which must repeat the origin."""
        parser.add_argument(
            "--accept",
            metavar="ORIGIN",
            help="go on from the checkpoint the database has; whoever saw a newer one will report a fork",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print guard and database side by side; with --accept, let the database win."""
        origin = settings.ASSAY_ORIGIN
        stored = _newest_note(origin)
        if options["accept"] is None:
            self.stdout.write(f"guard    {guard.guard_path(origin)}\n{_show(guard.read(origin))}")
            self.stdout.write(f"database\n{_show(stored)}")
            return
        if options["accept"] != origin:
            raise CommandError(f"expected --accept {origin}, got {options['accept']}; nothing was changed")
        try:
            kept = guard.accept(origin, stored)
        except LedgerError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"accepted\n{_show(stored)}")
        if kept:
            self.stdout.write(f"what was remembered is kept in {kept}: tell your peers, they may hold it too")


def _newest_note(origin: str) -> bytes | None:
    try:
        return latest_checkpoint(origin).note
    except NotCovered:
        return None


def _show(note: bytes | None) -> str:
    return "  nothing signed\n" if note is None else "".join(f"  {line}\n" for line in note.decode().splitlines())
