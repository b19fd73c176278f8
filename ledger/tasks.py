"""Background work on the ledger; each may run twice, or on two workers at once."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ledger import fsck, publish


@shared_task(name="ledger.republish")
def republish() -> int:
    """Sign our newest tree with the present time if its checkpoint is older than `ASSAY_REFRESH_SECONDS`."""
    age = timedelta(seconds=getattr(settings, "ASSAY_REFRESH_SECONDS", 300))
    return publish.refresh(settings.ASSAY_ORIGIN, age).size


@shared_task(name="ledger.scrub")
def scrub() -> int:
    """Recompute tonight's part of our log from its bytes, and return how many entries that were."""
    return fsck.scrub(settings.ASSAY_ORIGIN, timezone.now().toordinal())
