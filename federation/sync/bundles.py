"""Entries of a remote log in order, fetched ahead of whoever verifies and stores them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from federation.remote import THREADS, RemoteLog
from ledger.tlog.tiles import WIDTH

AHEAD = 2 * THREADS
"""Bundles under way or waiting at a time; one has at most 16 MB, as a rule a hundredth of it."""

BATCH = 2048
"""Entries stored at a time: a batch ends at a multiple of this, so that its consistency proof is short."""

BATCH_BYTES = 4 << 20
"""A batch of long entries ends sooner, after the bundle that reaches this."""


class Batch(NamedTuple):
    """Entries from index `start` on."""

    start: int
    entries: list[bytes]

    @property
    def end(self) -> int:
        """The index after the last one."""
        return self.start + len(self.entries)


@contextmanager
def read_batches(remote: RemoteLog, start: int, stop: int) -> Iterator[Iterator[Batch]]:
    """Yield an iterator over the entries `[start, stop)`; whoever leaves early leaves no request behind.

    The iterator raises `TransportError` and `EntriesInvalid`.
    """
    pool = ThreadPoolExecutor(THREADS, "bundles")
    try:
        yield _gather(_fetch_ahead(pool, remote, start, stop), start, stop)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _fetch_ahead(pool: ThreadPoolExecutor, remote: RemoteLog, start: int, stop: int) -> Iterator[list[bytes]]:
    """Yield what is wanted of each bundle; the first may begin in its middle."""
    waiting: deque[Future[list[bytes]]] = deque()
    for index in range(start // WIDTH, (stop - 1) // WIDTH + 1):
        waiting.append(pool.submit(remote.read_bundle, index, min(WIDTH, stop - index * WIDTH)))
        if len(waiting) == AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _gather(bundles: Iterator[list[bytes]], start: int, stop: int) -> Iterator[Batch]:
    batch, length, skip = Batch(start, []), 0, start % WIDTH
    for bundle in bundles:
        fresh, skip = bundle[skip:], 0
        batch.entries.extend(fresh)
        length += sum(map(len, fresh))
        if batch.end == stop or batch.end % BATCH == 0 or length >= BATCH_BYTES:
            yield batch
            batch, length = Batch(batch.end, []), 0
