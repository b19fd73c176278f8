"""Writing: copies of peers' logs, their checkpoints, and the read model behind them. Nothing else of sync writes these.

A batch is one transaction. The checkpoint is recorded with the last batch that it covers, and only then are entries
projected, so nothing is shown that has no signed checkpoint over it. What a crash leaves: entries verified under the
pending checkpoint, which the next run continues; or a complete copy not yet projected, which the next run projects
before anything else. A long copy is projected in several runs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import transaction

from federation.models import Following
from federation.sync.bundles import Batch
from federation.sync.targets import Target
from federation.sync.turn import check_status
from ledger import reader, writer
from ledger.database import fetch_one
from ledger.errors import NotCovered
from ledger.tlog.merkle import Frontier
from register import projection

CHUNK = 2000
"""Entries projected in one transaction."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Our copy of a peer's log: its tree as stored, and the newest checkpoint we hold of it."""

    log_id: int
    frontier: Frontier
    head: reader.SignedCheckpointRow | None

    @property
    def size(self) -> int:
        """How many entries are stored; more than the checkpoint covers while a larger one is being fetched."""
        return self.frontier.size


def open_copy(origin: str) -> int:
    """Make an empty copy unless there is one; return the log's id."""
    return writer.open_log(origin, own=False)


def read_copy(origin: str) -> Copy:
    """Return what is stored, its frontier read from the tiles and entries themselves."""
    log = reader.get_log(origin)
    peaks = reader.DatabaseNodeReader(log.id, log.size).edge().peaks() if log.size else ()
    return Copy(log.id, Frontier(log.size, tuple(peaks)), find_head(origin))


def read_size(origin: str) -> int:
    """Return how many entries are stored."""
    return reader.get_log(origin).size


def store_batch(origin: str, batch: Batch, reached: Target | None) -> None:
    """Store verified entries and, with the last of them, the checkpoint they lead to.

    Raises `ledger.errors.WrongStart` when another worker was faster, and as `store_checkpoint` does.
    """
    with transaction.atomic():
        _insist_on_following(origin)
        writer.extend(origin, batch.start, batch.entries)
        if reached is not None:
            store_checkpoint(origin, reached)


def store_checkpoint(origin: str, target: Target) -> None:
    """Keep a checkpoint whose entries are stored; it is no longer pending.

    Raises `PeerFrozen` or `NotFollowed` for a peer that was convicted or paused while it was being followed.
    """
    with transaction.atomic():
        _insist_on_following(origin)
        writer.record_checkpoint(origin, target.size, target.root, target.time, target.note)
        Following.objects.filter(origin=origin, pending=target.note).update(pending=None)


def _insist_on_following(origin: str) -> None:
    """Hold the peer's row until the transaction ends: whoever freezes it then waits, or has been first."""
    row = fetch_one("SELECT name, status FROM federation_following WHERE origin = %s FOR SHARE", (origin,))
    check_status(*row if row else (origin, "withdrawn"))


def project(origin: str, until: float) -> bool:
    """Bring the read model up to the newest checkpoint of the copy; return whether it is.

    Stops after a chunk when `until`, a moment of the monotonic clock, has passed.
    """
    head = find_head(origin)
    if head is None:
        return True
    while projection.catch_up(origin, CHUNK, covered=head.size) == CHUNK:
        if time.monotonic() > until:
            return False
    return True


def find_head(origin: str) -> reader.SignedCheckpointRow | None:
    """Return the newest checkpoint held of a peer's log, if there is one."""
    try:
        return reader.latest_checkpoint(origin)
    except NotCovered:
        return None
