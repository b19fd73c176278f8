"""`manage.py recover URL …`: bring the ledger of a node lost for good back from its peers' mirrors."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeRemainingColumn

from federation.errors import FederationError
from federation.recovery import Recovered, Request, recover
from federation.transport import open_client
from ledger.errors import LedgerError
from register.errors import RegisterError

NOT_SIGNING = 3


class Command(BaseCommand):
    """Recover into a migrated, empty database of the same names. Exit 1: refused; 3: all is back but the keys.

    An interrupted recovery goes on with the same command; until it ends the node writes nothing.
    """

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the mirrors, the keys, and whether a known loss is accepted."""
        parser.add_argument("urls", nargs="+", metavar="URL", help="a peer's address, or that of a mirror (…/mirror/…)")
        parser.add_argument(
            "--vkey", action="append", default=[], metavar="VKEY",
            help="a log key of the lost node (default: those in ASSAY_KEYS_DIR); may be given several times",
        )  # fmt: skip
        parser.add_argument(
            "--accept-loss", action="store_true",
            help="go on although a peer's witness has seen entries that no mirror holds; peers will report a fork",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Recover, say what came back and what did not, and exit 3 while the node cannot sign on."""
        found = self._recover(Request(options["urls"], options["vkey"], options["accept_loss"]))
        self.stdout.write(f"{found.size} entries are back, {found.size - found.before} of them by this run.")
        if found.lost:
            self.stdout.write(
                f"{found.lost} entries that a witness has seen are lost. Whoever has a receipt of one can prove it; "
                "tell your peers before this node writes."
            )
        else:
            self.stdout.write(
                "Nobody asked has seen more. What was acknowledged in the last moments and reached no peer is lost "
                "all the same: only the holder of its receipt can show it."
            )
        self.stdout.write(
            "This node's witness has forgotten what it cosigned for others; manage.py rotate_key --witness lets it "
            "begin under a new key."
        )
        for remark in found.remarks:
            self.stdout.write(remark)
        if found.hindrances:
            raise CommandError(" ".join(found.hindrances), returncode=NOT_SIGNING)

    def _recover(self, request: Request) -> Recovered:
        console = Console(stderr=True)
        columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
            tasks: dict[str, TaskID] = {}

            def show(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done)

            try:
                with open_client() as client:
                    return recover(request, client, show)
            except (FederationError, LedgerError, RegisterError) as error:
                raise CommandError(str(error)) from error
