"""Writing our own log again from what others have mirrored of it; the caller has verified every entry.

Entries come back as they were, under the identities they had, so that nothing is said twice. A batch is one
transaction. What a crash leaves is a beginning of the log that our key once signed: the next run continues it, and
meanwhile the rollback guard, which knows the whole, lets nobody append or sign (`federation.recovery`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from federation.sync.bundles import Batch
from federation.sync.storing import CHUNK
from ledger import reader, writer
from ledger.errors import UnknownLog, WrongStart
from ledger.tlog.checkpoint import SignedCheckpoint
from ledger.tlog.merkle import Frontier
from register import events, projection


def open_own() -> None:
    """Make our own log, empty, unless it is there; raises `LedgerError` when its name is that of a peer's copy."""
    writer.open_log(settings.ASSAY_ORIGIN, own=True)


def read_own() -> Frontier:
    """Return the tree of our own log as it is stored, read from its tiles and entries; empty when there is none."""
    try:
        log = reader.get_log(settings.ASSAY_ORIGIN)
    except UnknownLog:
        return Frontier()
    peaks = reader.DatabaseNodeReader(log.id, log.size).edge().peaks() if log.size else ()
    return Frontier(log.size, tuple(peaks))


def append_own(batch: Batch) -> None:
    """Append verified entries where they stood.

    Raises `MalformedEvent` (`position` counted in the batch) for an entry this software cannot read, `WrongStart` when
    somebody wrote meanwhile, `DuplicateEntry`.
    """
    parsed = [events.parse(entry) for entry in batch.entries]
    drafts = [
        writer.Draft(entry, events.identity(event.source, event.id))
        for entry, event in zip(batch.entries, parsed, strict=True)
    ]
    with transaction.atomic():
        locked = writer.lock(settings.ASSAY_ORIGIN, parsed[-1].time if parsed else timezone.now())
        if locked.size != batch.start:
            raise WrongStart(f"expected {batch.start} entries, found {locked.size}: somebody writes to this log")
        writer.append(locked, drafts)


def project_own(progress: Callable[[int], None]) -> None:
    """Bring the read model up to all of our own log, a chunk in a transaction; raises as `projection.catch_up` does."""
    done = projection.catch_up(settings.ASSAY_ORIGIN, CHUNK, progress)
    while done == CHUNK:
        done = projection.catch_up(settings.ASSAY_ORIGIN, CHUNK, progress)


def record_own(signed: SignedCheckpoint, note: bytes, time: int) -> None:
    """Keep the checkpoint that our log once signed over all that came back; `time` is our witness's, POSIX seconds."""
    head = signed.checkpoint
    writer.record_checkpoint(head.origin, head.size, head.root, datetime.fromtimestamp(time, UTC), note)
