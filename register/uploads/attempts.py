"""Attempts: a dry run or a publication that ends its worker each time is given up, and who handed the file in is told.

Each attempt is counted before it is made, by the one worker that holds the upload's lock (locking). A new mapping, dry
run or release begins to count anew.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import F
from django.utils import timezone

from register.uploads.errors import BrokenOff
from register.uploads.handing_in import MOST_ATTEMPTS
from register.uploads.models import Upload


def count_attempt(upload: UUID, state: str) -> None:
    """Count an attempt at the work that an upload in some state waits for; raises BrokenOff after MOST_ATTEMPTS."""
    waiting = Upload.objects.filter(pk=upload, state=state)
    if waiting.filter(tries__gte=MOST_ATTEMPTS).exists():
        raise BrokenOff
    waiting.update(tries=F("tries") + 1, heard=timezone.now())
