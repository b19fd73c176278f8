"""`manage.py rotate_key`: replace the key that signs the ledger, or the witness's, without breaking the log."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from federation.errors import FederationError
from federation.fingerprint import compute_fingerprint
from federation.rotation import OVERLAP, Plan, end_overlap, rotate
from ledger.errors import LedgerError
from ledger.key_files import LOG, WITNESS
from ledger.signer import node_signers
from register.errors import RegisterError


class Command(BaseCommand):
    """Replace keys in steps; after an interruption the same command goes on. Exit 1 when a step could not be done."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which keys, how long both sign, and whether the present one was stolen."""
        parser.add_argument("--log", action="store_true", help="the key that signs checkpoints (the default)")
        parser.add_argument("--witness", action="store_true", help="the key that cosigns, with the time")
        parser.add_argument(
            "--overlap", type=_days, default=OVERLAP, metavar="DAYS", help="days in which both keys sign (default 30)"
        )
        parser.add_argument(
            "--compromised",
            action="store_true",
            help="the present key is in other hands, or lost: the new one signs alone, and the operators of all peers "
            "have to be told by telephone",
        )
        parser.add_argument("--keep", action="store_true", help="keep the file of the replaced key, set aside")
        parser.add_argument("--end-overlap", action="store_true", help="let replaced keys sign no more from now on")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate and say what was done, step by step."""
        if options["end_overlap"]:
            self._end_overlap(options["keep"])
            return
        uses = tuple(use for use in (LOG, WITNESS) if options[use]) or (LOG,)
        plan = Plan(uses, options["overlap"], options["compromised"], options["keep"])
        try:
            rotate(plan, self._tell)
        except (FederationError, LedgerError, RegisterError) as error:
            raise CommandError(str(error)) from error
        self._report(plan)

    def _tell(self, line: str) -> None:
        with suppress(OSError):  # whoever read this has left; the keys are not to be left half replaced for that
            self.stdout.write(line)

    def _end_overlap(self, keep: bool) -> None:
        ended = end_overlap(keep=keep, force=True)
        for vkey in ended:
            self.stdout.write(f"signs no more: {vkey}")
        if not ended:
            self.stdout.write("no replaced key signs any more; nothing to do")

    def _report(self, plan: Plan) -> None:
        vkey = str(node_signers().log.verifier)
        fingerprint = compute_fingerprint(vkey)
        self.stdout.write(
            f"log key      {vkey}\nfingerprint  {fingerprint.grouped}\n             {' '.join(fingerprint.words)}"
        )
        if plan.compromised:
            self.stdout.write(
                "Call the operators of all peers now: they follow the new key only when they have compared this "
                "fingerprint and run `manage.py peer confirm-key`."
            )
        else:
            self.stdout.write("Peers follow by themselves. Back the keys up again: the old backup has the old keys.")


def _days(text: str) -> timedelta:
    days = int(text)
    if not 0 <= days <= 3650:
        raise ValueError(text)
    return timedelta(days=days)
