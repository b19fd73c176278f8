"""Background work of the federation; each may run twice, or on two workers at once."""

from __future__ import annotations

import time

from celery import shared_task

from federation import forks, succession, sync
from federation.announcement import announce as announce_newest
from federation.coalescing import Asking, note_start, work_in_turn
from federation.gossip import ask_peers
from federation.transport import open_client

_announcing = Asking("federation.announce", paced=True)


@shared_task(name="federation.announce")
def announce() -> None:
    """Submit our newest checkpoint to the witnesses of all peers who lack it."""
    work_in_turn("federation.announce", lambda: announce_newest())


def announce_soon(origin: str, size: int) -> None:
    """Have a new checkpoint of ours announced; called after each signature, so cheap, and never raises."""
    _announcing.ask()


@shared_task(name="federation.follow")
def follow(origin: str, due: bool = False) -> None:
    """Copy what a peer has signed; what does not fit into one run goes to the end of the queue."""
    note_start("federation.follow", origin)
    if sync.attempt(origin, due):
        follow.delay(origin, due)


@shared_task(name="federation.poll")
def poll() -> None:
    """Ask the peers that were silent for a while; follow those with news, and those that failed and may be tried."""
    for origin in sync.ask_due():
        follow.delay(origin, due=True)


@shared_task(name="federation.refresh")
def refresh() -> None:
    """Take over what peers announced of their keys, and ask those whose key we do not know for it."""
    for origin in succession.refresh_all():
        adopt_keys.delay(origin)


@shared_task(name="federation.adopt_keys")
def adopt_keys(origin: str) -> None:
    """Ask a peer whose checkpoints no known key signs how it came to its key."""
    succession.attempt_adoption(origin)


@shared_task(name="federation.gossip")
def gossip() -> None:
    """Ask each peer what it was shown of one log, another one each minute, and follow what has grown."""
    with open_client() as client:
        for origin in ask_peers(client, int(time.time() // 60)):
            follow.delay(origin)


@shared_task(name="federation.report_forks")
def report_forks() -> None:
    """Put on our ledger what evidence of forks is not on it yet."""
    forks.report_evidence()
