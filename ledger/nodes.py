"""The tree's nodes out of the database: one query for a proof, however many nodes and indexes it takes.

A node is a slice of a full tile or lies in the right edge. Full tiles are fetched whole: measured, one 16 KB row is
cheaper than the eight slices a proof takes from it. The edge, and full tiles above level 0, are checked and kept in
the process (`ledger.cache`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger import cache
from ledger.database import fetch_all
from ledger.edge import Edge, EdgeRange, edge_ranges
from ledger.errors import LedgerDamaged
from ledger.full_tiles import HASHES_SIZE, Place, locate_node, make_tile
from ledger.tlog.errors import ProofInvalid
from ledger.tlog.lines import HASH_SIZE
from ledger.tlog.merkle import Node
from ledger.tlog.tiles import HEIGHT, WIDTH, count_hashes, hash_tile_nodes, split_tile

# Parts of a result: (part, key, bytes). Lists travel as PostgreSQL array literals: psycopg would give a list of
# small and one of large numbers different types, and each mixture would be planned anew. Behind (SELECT …) the
# planner cannot see them, so one plan serves all; planning costs more than running it.
_TILES_AND_ENTRIES = """
SELECT 0::smallint, t.index, t.nodes FROM ledger_tile t
WHERE t.log_id = %(log)s AND t.level = 0 AND t.index = ANY((SELECT %(leaf_tiles)s::bigint[])::bigint[])
UNION ALL
SELECT 1::smallint, e.index, e.data FROM ledger_entry e
WHERE e.log_id = %(log)s AND e.index = ANY((SELECT %(entries)s::bigint[])::bigint[])
"""

# Scalar subqueries keep the plan to index look-ups whatever the statistics say, and give NULL, not silence, for
# rows that are missing.
_EVERYTHING = (
    _TILES_AND_ENTRIES
    + """
UNION ALL
SELECT 2::smallint, w.n, (
    SELECT t.nodes FROM ledger_tile t WHERE t.log_id = %(log)s AND t.level = w.level AND t.index = w.tile
) FROM unnest((SELECT %(tile_levels)s::smallint[]), (SELECT %(tile_numbers)s::bigint[]))
    WITH ORDINALITY w(level, tile, n)
UNION ALL
SELECT 3::smallint, 0, (
    SELECT string_agg(e.leaf_hash, ''::bytea ORDER BY e.index) FROM ledger_entry e
    WHERE e.log_id = %(log)s AND e.index >= w.start AND e.index < w.stop
) FROM unnest((SELECT %(leaf_starts)s::bigint[]), (SELECT %(leaf_stops)s::bigint[])) w(start, stop)
UNION ALL
SELECT 3::smallint, w.level, (
    SELECT string_agg(t.root, ''::bytea ORDER BY t.index) FROM ledger_tile t
    WHERE t.log_id = %(log)s AND t.level = w.level - 1 AND t.index >= w.start AND t.index < w.stop
) FROM unnest(
    (SELECT %(edge_levels)s::smallint[]), (SELECT %(edge_starts)s::bigint[]), (SELECT %(edge_stops)s::bigint[])
) w(level, start, stop)
"""
)

_LEAF_TILE, _ENTRY, _UPPER_TILE, _EDGE = range(4)

TileKey = tuple[int, int]


@dataclass(slots=True)
class Wanted:
    """What one query shall bring: full tiles (level, number), the hashes of the edge, entries."""

    tiles: dict[TileKey, None] = field(default_factory=dict)
    edge: list[EdgeRange] = field(default_factory=list)
    entries: Sequence[int] = ()

    def fetch(self, log_id: int) -> list[dict[int, bytes | None]]:
        """Run the query, the short one if it suffices, and return its parts; key is a number or index."""
        parts: list[dict[int, bytes | None]] = [{}, {}, {}, {}]
        if not (self.tiles or self.edge or self.entries):
            return parts
        upper = self.upper_tiles()
        parameters: dict[str, object] = {
            "log": log_id,
            "leaf_tiles": _literal(number for level, number in self.tiles if level == 0),
            "entries": _literal(self.entries),
        }
        if upper or self.edge:
            parameters |= self._edge_parameters() | {
                "tile_levels": _literal(level for level, _ in upper),
                "tile_numbers": _literal(number for _, number in upper),
            }
        for part, key, value in fetch_all(_EVERYTHING if upper or self.edge else _TILES_AND_ENTRIES, parameters):
            parts[part][key] = value
        return parts

    def upper_tiles(self) -> list[TileKey]:
        """Return the tiles above level 0, in the order asked for."""
        return [key for key in self.tiles if key[0] > 0]

    def _edge_parameters(self) -> dict[str, object]:
        leaves, above = [e for e in self.edge if e.level == 0], [e for e in self.edge if e.level > 0]
        return {
            "leaf_starts": _literal(part.start for part in leaves),
            "leaf_stops": _literal(part.stop for part in leaves),
            "edge_levels": _literal(part.level for part in above),
            "edge_starts": _literal(part.start for part in above),
            "edge_stops": _literal(part.stop for part in above),
        }


class DatabaseNodeReader:
    """A tlog `NodeReader` over one log as it was at `size`.

    With `root`, the root of a signed checkpoint of that size, edge and upper tiles come from the process's cache
    or are checked against the root and kept; without it everything is read afresh, which is what signing wants.
    `entries` are indexes whose bytes the same query shall bring, found in `data` after a read; `leaf_tiles` are
    numbers of full tiles of level 0 it shall bring for `read_siblings`.
    Raises `LedgerDamaged` where stored rows are missing or do not lead to the root.
    """

    def __init__(
        self,
        log_id: int,
        size: int,
        root: bytes | None = None,
        entries: Sequence[int] = (),
        leaf_tiles: Iterable[int] = (),
    ) -> None:
        self._log_id = log_id
        self._size = size
        self._root = root
        self._wanted = Wanted(dict.fromkeys((0, number) for number in leaf_tiles), [], entries)
        self._edge = Edge(0, {}) if size == 0 else cache.edges.get((size, root)) if root is not None else None
        self._tiles: dict[TileKey, bytes] = {}
        self.data: dict[int, bytes] = {}

    def read_nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the nodes' hashes, with one query at most."""
        places = [self._locate(node) for node in nodes]
        wanted, self._wanted = self._wanted, Wanted()
        if self._edge is None:
            wanted.edge = edge_ranges(self._size)
        for key in dict.fromkeys((place.level, place.tile) for place in places):
            if self._is_full(*key):
                self._plan_tile(key, wanted)
        self._fetch(wanted)
        return [self._known_node(place) for place in places]

    def read_siblings(self, index: int) -> list[bytes]:
        """Return the first eight hashes of an entry's inclusion proof, out of its full tile fetched before."""
        number, position = divmod(index, WIDTH)
        tile = self._tiles[0, number]
        offsets = [Place(0, number, height, position >> height ^ 1).offset for height in range(HEIGHT)]
        return [tile[at : at + HASH_SIZE] for at in offsets]

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

    def _is_full(self, level: int, number: int) -> bool:
        return (number + 1) * WIDTH <= count_hashes(level, self._size)

    def _plan_tile(self, key: TileKey, wanted: Wanted) -> None:
        """Take a full tile from the cache if the tile above says which one it must be, else ask for it."""
        if key in self._tiles or key in wanted.tiles:
            return
        level, number = key
        known = None
        if level > 0 and self._root is not None:
            if self._is_full(level + 1, number // WIDTH):
                self._plan_tile((level + 1, number // WIDTH), wanted)
            expected = self._expected_root(key)
            known = cache.tiles.get(expected) if expected is not None else None
        if known is None:
            wanted.tiles[key] = None
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

    def _fetch(self, wanted: Wanted) -> None:
        """Run the query if anything is wanted; keep edge, tiles and entries."""
        parts = wanted.fetch(self._log_id)
        if wanted.edge:
            self._admit_edge(wanted.edge, parts[_EDGE])
        for number, key in enumerate(wanted.upper_tiles(), 1):
            self._admit_tile(key, parts[_UPPER_TILE][number])
        for key in wanted.tiles:
            if key[0] == 0:
                self._tiles[key] = _insist(parts[_LEAF_TILE].get(key[1]), key)
        self.data |= {index: data for index, data in parts[_ENTRY].items() if data is not None}

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

    def _admit_tile(self, key: TileKey, found: bytes | None) -> None:
        """Keep a full upper tile; with a signed root, only one that leads to it, and keep that in the process.

        Tiles of level 0 are not checked here: 255 hashes for a few nodes. What is proven with them is.
        """
        nodes = _insist(found, key)
        if self._root is not None:
            tile = make_tile(*key, hash_tile_nodes(split_tile(nodes[:HASHES_SIZE])))
            if tile.nodes != nodes or tile.root != self._expected_root(key):
                raise LedgerDamaged(
                    f"expected tile {key[1]} of level {key[0]} to lead to the signed root; run manage.py fsck",
                    "tile",
                    key[1],
                )
            cache.tiles.put(tile.root, nodes)
        self._tiles[key] = nodes


def _insist(value: bytes | None, key: TileKey) -> bytes:
    if value is None:
        raise LedgerDamaged(f"expected tile {key[1]} of level {key[0]}, found none; run manage.py fsck", "tile", key[1])
    return value


def _literal(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"
