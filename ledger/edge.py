"""The right edge of a tree: its partial tiles, one per level at most, computed from the hashes in them.

A tree of `size` leaves has at tile level L `size >> 8L` hashes; the last `that % 256` of them are in no full tile.
All the tree's peaks lie in these partial tiles, so an edge knows the root.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ledger.full_tiles import Place, locate_node
from ledger.tlog.lines import HASH_SIZE
from ledger.tlog.merkle import EMPTY_ROOT, cover, fold_peaks
from ledger.tlog.tiles import WIDTH, count_hashes, hash_tile_nodes


class EdgeRange(NamedTuple):
    """The hashes `[start, stop)` of a tile level that are in its partial tile."""

    level: int
    start: int
    stop: int


def edge_ranges(size: int) -> list[EdgeRange]:
    """Return the partial tiles of a tree of that size, lowest level first; a level may have none."""
    ranges = []
    level = 0
    while count := count_hashes(level, size):
        if count % WIDTH:
            ranges.append(EdgeRange(level, count - count % WIDTH, count))
        level += 1
    return ranges


class Edge:
    """The nodes of a tree's partial tiles, as the rows `hash_tile_nodes` gives, each row one bytes object."""

    def __init__(self, size: int, hashes: Mapping[int, Sequence[bytes]]) -> None:
        """`hashes` holds for each level of `edge_ranges(size)` its hashes."""
        self.size = size
        self._tiles: dict[tuple[int, int], list[bytes]] = {
            (part.level, part.start // WIDTH): [b"".join(row) for row in hash_tile_nodes(hashes[part.level])]
            for part in edge_ranges(size)
        }

    def get(self, place: Place) -> bytes | None:
        """Return the node at a place, or None when the place is in a full tile."""
        rows = self._tiles.get((place.level, place.tile))
        if rows is None:
            return None
        at = place.position * HASH_SIZE
        return rows[place.height][at : at + HASH_SIZE]

    def peaks(self) -> tuple[bytes, ...]:
        """Return the perfect subtrees the tree ends in, largest first, as a `Frontier` holds them."""
        peaks = [self.get(locate_node(node)) for node in cover(0, self.size)]
        return tuple(peak for peak in peaks if peak is not None)

    def root(self) -> bytes:
        """Return the tree's root, folded from its peaks."""
        peaks = self.peaks()
        return fold_peaks(peaks) if peaks else EMPTY_ROOT
