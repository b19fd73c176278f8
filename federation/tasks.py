"""Background work of the federation; each may run twice, or on two workers at once."""

from __future__ import annotations

from celery import shared_task

from federation import sync


@shared_task(name="federation.follow")
def follow(origin: str, due: bool = False) -> None:
    """Copy what a peer has signed; what does not fit into one run goes to the end of the queue."""
    if sync.attempt(origin, due):
        follow.delay(origin, due)


@shared_task(name="federation.poll")
def poll() -> None:
    """Put the peers on the queue that failed and may be tried again, or have said nothing for a while."""
    for origin in sync.claim_due():
        follow.delay(origin, due=True)
