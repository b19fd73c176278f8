"""The tree's nodes out of the database: one query for a proof, however many nodes and indexes it takes.

Below the right edge every node is a 32-byte slice of a full tile. The edge itself, and full tiles above level 0,
are fetched whole, checked and kept in the process (`ledger.cache`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger import cache
from ledger.database import fetch_all
from ledger.edge import Edge, EdgeRange, edge_ranges
from ledger.errors import LedgerDamaged
from ledger.full_tiles import HASHES_SIZE, ROOT_OFFSET, Place, locate_node
from ledger.tlog.errors import ProofInvalid
from ledger.tlog.lines import HASH_SIZE
from ledger.tlog.merkle import Node
from ledger.tlog.tiles import WIDTH, count_hashes, hash_tile_nodes, split_tile

# Scalar subqueries keep the plan to one index look-up a row whatever the statistics say, and give NULL, not
# silence, for a row that is missing.
_FETCH = """
SELECT 0::smallint, w.n, (
    SELECT substring(t.nodes FROM w.byte FOR 32) FROM ledger_tile t
    WHERE t.log_id = %(log)s AND t.level = w.level AND t.index = w.tile
) FROM unnest(%(slice_levels)s::smallint[], %(slice_tiles)s::bigint[], %(slice_bytes)s::int[])
    WITH ORDINALITY w(level, tile, byte, n)
UNION ALL
SELECT 1::smallint, w.n, (
    SELECT t.nodes FROM ledger_tile t WHERE t.log_id = %(log)s AND t.level = w.level AND t.index = w.tile
) FROM unnest(%(tile_levels)s::smallint[], %(tile_indexes)s::bigint[]) WITH ORDINALITY w(level, tile, n)
UNION ALL
SELECT 2::smallint, 0, (
    SELECT string_agg(e.leaf_hash, ''::bytea ORDER BY e.index) FROM ledger_entry e
    WHERE e.log_id = %(log)s AND e.index >= w.start AND e.index < w.stop
) FROM unnest(%(leaf_starts)s::bigint[], %(leaf_stops)s::bigint[]) w(start, stop)
UNION ALL
SELECT 2::smallint, w.level, (
    SELECT string_agg(substring(t.nodes FROM %(root)s FOR 32), ''::bytea ORDER BY t.index) FROM ledger_tile t
    WHERE t.log_id = %(log)s AND t.level = w.level - 1 AND t.index >= w.start AND t.index < w.stop
) FROM unnest(%(edge_levels)s::smallint[], %(edge_starts)s::bigint[], %(edge_stops)s::bigint[]) w(level, start, stop)
UNION ALL
SELECT 3::smallint, e.index, e.data FROM ledger_entry e
WHERE e.log_id = %(log)s AND e.index = ANY(%(entries)s::bigint[])
"""

_SLICE, _TILE, _EDGE, _ENTRY = range(4)

TileKey = tuple[int, int]


@dataclass(slots=True)
class Wanted:
    """What one query shall bring: slices of full tiles, whole full tiles, the hashes of the edge, entries."""

    slices: list[Place] = field(default_factory=list)
    tiles: list[TileKey] = field(default_factory=list)
    edge: list[EdgeRange] = field(default_factory=list)
    entries: Sequence[int] = ()

    def parameters(self, log_id: int) -> dict[str, Any]:
        """Return the query's parameters; bytes count from 1 in SQL."""
        leaves, above = [e for e in self.edge if e.level == 0], [e for e in self.edge if e.level > 0]
        return {
            "log": log_id,
            "root": ROOT_OFFSET + 1,
            "slice_levels": [place.level for place in self.slices],
            "slice_tiles": [place.tile for place in self.slices],
            "slice_bytes": [place.offset + 1 for place in self.slices],
            "tile_levels": [level for level, _ in self.tiles],
            "tile_indexes": [index for _, index in self.tiles],
            "leaf_starts": [part.start for part in leaves],
            "leaf_stops": [part.stop for part in leaves],
            "edge_levels": [part.level for part in above],
            "edge_starts": [part.start for part in above],
            "edge_stops": [part.stop for part in above],
            "entries": list(self.entries),
        }


class DatabaseNodeReader:
    """A tlog `NodeReader` over one log as it was at `size`.

    With `root`, the root of a signed checkpoint of that size, edge and upper tiles come from the process's cache
    or are checked against the root and kept; without it everything is read afresh, which is what signing wants.
    `entries` are indexes whose bytes the same query shall bring; they are found in `data` after a read.
    Raises `LedgerDamaged` where stored rows are missing or do not lead to the root.
    """

    def __init__(self, log_id: int, size: int, root: bytes | None = None, entries: Sequence[int] = ()) -> None:
        self._log_id = log_id
        self._size = size
        self._root = root
        self._wanted_entries = entries
        self._edge = Edge(0, {}) if size == 0 else cache.edges.get((size, root)) if root is not None else None
        self._tiles: dict[TileKey, bytes] = {}
        self.data: dict[int, bytes] = {}

    def read_nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the nodes' hashes, with one query at most."""
        places = [self._locate(node) for node in nodes]
        wanted = Wanted(entries=self._wanted_entries)
        if self._edge is None:
            wanted.edge = edge_ranges(self._size)
        sliced = self._plan_tiles(places, wanted)
        slices = self._fetch(wanted)
        return [slices[sliced[place]] if place in sliced else self._known_node(place) for place in places]

    def edge(self) -> Edge:
        """Return the right edge, read if it is not known yet."""
        if self._edge is None:
            self.read_nodes(())
        if self._edge is None:
            raise LedgerDamaged(f"expected the right edge of {self._size} entries, found none", "leaf hash")
        return self._edge

    def _locate(self, node: Node) -> Place:
        if node.level < 0 or node.index < 0 or (node.index + 1) << node.level > self._size:
            raise ProofInvalid(f"expected a subtree within {self._size} leaves, got {node}; ask for one it holds")
        return locate_node(node)

    def _is_full(self, level: int, index: int) -> bool:
        return (index + 1) * WIDTH <= count_hashes(level, self._size)

    def _plan_tiles(self, places: Iterable[Place], wanted: Wanted) -> dict[Place, int]:
        """Add to `wanted` what the places need, and return which places are slices, by their number."""
        sliced: dict[Place, int] = {}
        for place in places:
            if not self._is_full(place.level, place.tile):
                continue
            if place.level == 0 or self._root is None:
                if place not in sliced:
                    sliced[place] = len(wanted.slices)
                    wanted.slices.append(place)
            else:
                self._plan_tile((place.level, place.tile), wanted)
        return sliced

    def _plan_tile(self, key: TileKey, wanted: Wanted) -> None:
        """Take a full tile from the cache if the tile above says which one it must be, else ask for it."""
        if key in self._tiles or key in wanted.tiles:
            return
        level, index = key
        if self._is_full(level + 1, index // WIDTH):
            self._plan_tile((level + 1, index // WIDTH), wanted)
        expected = self._expected_root(key)
        known = cache.tiles.get(expected) if expected is not None else None
        if known is None:
            wanted.tiles.append(key)
        else:
            self._tiles[key] = known

    def _expected_root(self, key: TileKey) -> bytes | None:
        """Return what the tile above says this tile's root is, or None while that is not known."""
        above = Place(key[0] + 1, key[1] // WIDTH, 0, key[1] % WIDTH)
        if (above.level, above.tile) in self._tiles:
            return self._known_node(above)
        if self._edge is None or self._is_full(above.level, above.tile):
            return None
        return self._edge.get(above)

    def _known_node(self, place: Place) -> bytes:
        tile = self._tiles.get((place.level, place.tile))
        if tile is not None:
            return tile[place.offset : place.offset + HASH_SIZE]
        node = self._edge.get(place) if self._edge is not None else None
        if node is None:
            raise LedgerDamaged(f"expected a node at {place}, found none; run manage.py fsck", "tile", place.tile)
        return node

    def _fetch(self, wanted: Wanted) -> list[bytes]:
        """Run the query if anything is wanted; keep edge, tiles and entries, return the slices."""
        if not (wanted.slices or wanted.tiles or wanted.edge or wanted.entries):
            return []
        parts: list[dict[int, bytes | None]] = [{}, {}, {}, {}]
        for part, key, value in fetch_all(_FETCH, wanted.parameters(self._log_id)):
            parts[part][key] = value
        if wanted.edge:
            self._admit_edge(wanted.edge, parts[_EDGE])
        for number, key in enumerate(wanted.tiles, 1):
            self._admit_tile(key, parts[_TILE][number])
        self.data |= {index: data for index, data in parts[_ENTRY].items() if data is not None}
        self._wanted_entries = ()
        return [_insist(parts[_SLICE][number], place) for number, place in enumerate(wanted.slices, 1)]

    def _admit_edge(self, ranges: Sequence[EdgeRange], found: dict[int, bytes | None]) -> None:
        """Build the edge; with a signed root, only one that hashes to it, and keep that."""
        hashes = {}
        for part in ranges:
            hashes[part.level] = split_tile(found.get(part.level) or b"")
            if len(hashes[part.level]) != part.stop - part.start:
                raise LedgerDamaged(
                    f"expected hashes {part.start} to {part.stop} of tile level {part.level}, found "
                    f"{len(hashes[part.level])}; run manage.py fsck",
                    "leaf hash" if part.level == 0 else "tile",
                    part.start,
                )
        edge = Edge(self._size, hashes)
        if self._root is not None:
            if edge.root() != self._root:
                raise LedgerDamaged(
                    f"expected stored hashes of {self._size} entries to give the signed root {self._root.hex()}, got "
                    f"{edge.root().hex()}; run manage.py fsck",
                    "leaf hash",
                )
            cache.edges.put((self._size, self._root), edge)
        self._edge = edge

    def _admit_tile(self, key: TileKey, nodes: bytes | None) -> None:
        """Keep a full tile whose nodes follow from its hashes and lead to the tile above."""
        nodes = _insist(nodes, Place(*key, 0, 0))
        expected = self._expected_root(key)
        rows = hash_tile_nodes(split_tile(nodes[:HASHES_SIZE]))
        if b"".join(node for row in rows for node in row) != nodes or expected != rows[-1][0]:
            raise LedgerDamaged(
                f"expected tile {key[1]} of level {key[0]} to lead to the signed root; run manage.py fsck",
                "tile",
                key[1],
            )
        cache.tiles.put(rows[-1][0], nodes)
        self._tiles[key] = nodes


def _insist(value: bytes | None, place: Place) -> bytes:
    if value is None:
        raise LedgerDamaged(
            f"expected tile {place.tile} of level {place.level}, found none; run manage.py fsck", "tile", place.tile
        )
    return value
