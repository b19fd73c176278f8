"""What a process keeps between requests: right edges, full upper tiles, paths and evidence, each proven by its key.

Nothing is kept by its position alone. An edge is kept under the root it was found to hash to, a tile under its own
root, a path under the root it leads to, evidence under the checkpoint it was checked against, so what is in the cache
stays true whatever happens to the database: a transaction that rolls back, a restored backup, a test. Bounds: 8 edges
of 48 KB (three levels, up to 16 million entries), 96 tiles of 16 KB, 1,024 paths of 1.5 KB, 1,024 pieces of evidence
of 4 KB at most with receipts of 2 KB: 10 MB in all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

from ledger.edge import Edge

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class RecentlyUsed(Generic[K, V]):
    """A dictionary of bounded length that forgets what was not asked for the longest; safe among threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """Return what is kept under the key, or None."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value and forget the oldest one beyond the limit."""
        with self._lock:
            self._items[key] = value
            self._items.move_to_end(key)
            if len(self._items) > self._limit:
                self._items.popitem(last=False)

    def __len__(self) -> int:
        return len(self._items)


edges: RecentlyUsed[tuple[int, bytes], Edge] = RecentlyUsed(8)
"""Edges by tree size and root."""

tiles: RecentlyUsed[bytes, bytes] = RecentlyUsed(96)
"""The stored bytes of full tiles above level 0, by the tile's root."""

paths: RecentlyUsed[tuple[bytes, int, int], tuple[bytes, ...]] = RecentlyUsed(1024)
"""By root of the tree, level and number of a full tile: the part of its entries' inclusion proofs above it."""

LONGEST_KEPT = 4096
"""Bytes of an entry whose evidence is kept: one may have 64 KB, and a thousand of those would fill a worker."""

evidence: RecentlyUsed[tuple[bytes, int], tuple[bytes, str]] = RecentlyUsed(1024)
"""By checkpoint (the note) and index: an entry's bytes and its receipt. Every answer cites the register's entries."""
