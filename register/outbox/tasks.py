"""Background jobs of notices; each may run twice, or on two workers at once."""

from __future__ import annotations

from celery import shared_task

from register.outbox import delivery, expiring, following, purging


@shared_task(name="outbox.follow")
def follow() -> None:
    """Address what our ledger has gained to whoever follows it; what does not fit into one run follows at once."""
    while following.follow():
        pass


@shared_task(name="outbox.deliver")
def deliver() -> None:
    """Send what is due; what does not fit into one run goes to the end of the queue."""
    if delivery.deliver():
        deliver.delay()


@shared_task(name="outbox.expiring")
def find_expiring() -> None:
    """Tell of accreditations that expire in 90 or 30 days."""
    expiring.look()


@shared_task(name="outbox.purge")
def purge() -> None:
    """Forget what is over."""
    purging.purge()
