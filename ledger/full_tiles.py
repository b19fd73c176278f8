"""The bytes of a stored full tile: its 256 hashes and the nodes above them, so that any node is one slice.

Rows lie one after the other from the hashes (height 0, 256 of them) to the two children of the root (height 7): 510
nodes of 32 bytes. The root stands in a column of its own, because the tile above is made of the roots of 256 rows.
Tiles are stored once they are full; what stands in a partial one is computed from the level below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ledger.tlog.lines import HASH_SIZE
from ledger.tlog.merkle import NewNodes, Node
from ledger.tlog.tiles import HEIGHT, WIDTH, count_hashes, hash_tile_nodes

HASHES_SIZE = WIDTH * HASH_SIZE


class FullTile(NamedTuple):
    """A row of the tile table: `number` is the tile's index in its level."""

    level: int
    number: int
    root: bytes
    nodes: bytes


class Place(NamedTuple):
    """Where a node lies: tile level, tile number in it, height in the tile (0 to 7), position in that row."""

    level: int
    tile: int
    height: int
    position: int

    @property
    def offset(self) -> int:
        """The first byte of the node in a stored full tile."""
        return (2 * WIDTH - (2 * WIDTH >> self.height) + self.position) * HASH_SIZE


def locate_node(node: Node) -> Place:
    """Return where a node lies. A full tile's root is hash 0 to 255 of the tile above, not looked for in its own."""
    level, height = divmod(node.level, HEIGHT)
    tile, position = divmod(node.index, WIDTH >> height)
    return Place(level, tile, height, position)


def make_tile(level: int, number: int, rows: Sequence[Sequence[bytes]]) -> FullTile:
    """Return a full tile from its nine rows, as `hash_tile_nodes` gives them."""
    return FullTile(level, number, rows[-1][0], b"".join([node for row in rows[:-1] for node in row]))


ReadHashes = Callable[[int, int, int], Sequence[bytes]]
"""`(level, start, stop)` -> the stored hashes of that tile level in that range."""


def complete_tiles(old: int, new: int, grown: Sequence[NewNodes], read_hashes: ReadHashes) -> Iterator[FullTile]:
    """Yield the tiles that become full as a log grows from `old` to `new` entries, lower levels first.

    `grown` is what `Frontier.grow` returned. The hashes a tile held before come from `read_hashes`, once per
    level at most; a tile that is wholly new is cut out of `grown` without hashing anything twice.
    """
    level = 0
    while (have := count_hashes(level, new) // WIDTH) > 0:
        had = count_hashes(level, old)
        for index in range(had // WIDTH, have):
            first = index * WIDTH
            if first < had:
                added = grown[HEIGHT * level].hashes[: first + WIDTH - had]
                rows = hash_tile_nodes([*read_hashes(level, first, had), *added])
            else:
                rows = [_cut(grown[HEIGHT * level + height], first >> height, WIDTH >> height) for height in range(9)]
            yield make_tile(level, index, rows)
        level += 1


def _cut(row: NewNodes, first: int, count: int) -> list[bytes]:
    return row.hashes[first - row.first : first - row.first + count]
