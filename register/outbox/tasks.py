"""Background jobs of notices; each may run twice, or on two workers at once."""

from __future__ import annotations

from celery import shared_task

from register.outbox import delivery, expiring, following, purging


@shared_task(name="outbox.deliver")
def deliver() -> None:
    """Address what our ledger has gained, and send what is due; what is left over goes to the end of the queue."""
    more = following.follow()
    if delivery.deliver() or more:
        deliver.delay()


@shared_task(name="outbox.expiring")
def find_expiring() -> None:
    """Tell of accreditations that expire in 90 or 30 days."""
    expiring.look()


@shared_task(name="outbox.purge")
def purge() -> None:
    """Forget what is over."""
    purging.purge()
