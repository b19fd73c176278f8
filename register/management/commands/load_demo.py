"""`load_demo`: fills a register that has just been opened with the demonstration data the project carries."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ledger.reader import get_log
from register.intake.demonstration import load_demonstration
from register.intake.demonstration_credentials import load_credentials


class Command(BaseCommand):
    """Load the demonstration data unless the ledger holds more than its first entry."""

    help = "Loads the demonstration data into a register that has only been opened."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load all of the past or nothing, then what happens now; a second run finds entries and leaves them alone."""
        size = get_log(settings.ASSAY_ORIGIN).size
        if size > 1:
            self.stdout.write(f"The ledger has {size} entries already; the past was not loaded again.")
        else:
            self.stdout.write(f"Demonstration data loaded: {load_demonstration()} entries.")
        self.stdout.write(f"Demonstration credentials: {load_credentials()} entries.")
