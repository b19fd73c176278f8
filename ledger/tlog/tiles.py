"""Tiles: the tree as immutable files of up to 256 hashes, and bundles of up to 256 entries (C2SP tlog-tiles).

Tile `index` of `level` L holds, as hash i, the perfect subtree of 256**L leaves that starts at leaf
(256 * index + i) * 256**L. Entry bundles share the coordinates of level 0 and have the level `ENTRIES` here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ledger.tlog.errors import ProofInvalid, TileMalformed
from ledger.tlog.lines import HASH_SIZE, MAX_UINT63
from ledger.tlog.merkle import EMPTY_ROOT, Node, cover, fold_peaks, hash_pairs

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRIES = -1
MAX_ENTRY = 0xFFFF

_MAX_PATH = 64
_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Coordinates of a tile or, at level `ENTRIES`, of an entry bundle; partial when `width` is under 256."""

    level: int
    index: int
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class Span:
    """Where a node lies: it is the root over the hashes `[start, stop)` of the tile at `level` and `index`."""

    level: int
    index: int
    start: int
    stop: int


def tile_path(tile: Tile) -> str:
    """Return the path below a log's prefix, such as `tile/0/x001/x234/067.p/5`."""
    index, groups = tile.index, f"{tile.index % 1000:03d}"
    while index := index // 1000:
        groups = f"x{index % 1000:03d}/{groups}"
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    return f"tile/{level}/{groups}" + (f".p/{tile.width}" if tile.width != WIDTH else "")


def parse_tile_path(path: str) -> Tile:
    """Read what `tile_path` writes and nothing else; raises `TileMalformed`."""
    found = _PATH.fullmatch(path) if len(path) <= _MAX_PATH else None
    if found:
        level = ENTRIES if found["level"] == "entries" else int(found["level"])
        index = int(found["index"].replace("/", "").replace("x", ""))
        tile = Tile(level, index, int(found["width"] or WIDTH))
        if tile.width <= WIDTH and tile_path(tile) == path:
            return tile
    raise TileMalformed(
        f"expected tile/<0-63 or entries>/<x001/234>[.p/<1-255>], got {path[:_MAX_PATH]!r}; see C2SP tlog-tiles"
    )


def count_hashes(level: int, size: int) -> int:
    """Return how many hashes a tree of `size` leaves has at a tile level (entries, for `ENTRIES`)."""
    return size >> HEIGHT * max(level, 0)


def tile_in_tree(level: int, index: int, size: int) -> Tile:
    """Return the tile as a tree of `size` leaves has it: full, or partial at the right edge.

    Raises `TileMalformed` when that tree has no such tile; a tile of width 0 does not exist.
    """
    width = min(count_hashes(level, size) - index * WIDTH, WIDTH)
    if index < 0 or width <= 0:
        raise TileMalformed(f"expected a tile of the tree of {size} leaves, got level {level} index {index}")
    return Tile(level, index, width)


def check_tile_exists(tile: Tile, size: int) -> None:
    """Raise `TileMalformed` unless a tree of `size` leaves, or one it grew from, has this very tile."""
    if tile.width > tile_in_tree(tile.level, tile.index, size).width:
        raise TileMalformed(f"expected a tile of the tree of {size} leaves, got {tile_path(tile)}; fetch a checkpoint")


def tiles_for_size(size: int) -> Iterator[Tile]:
    """Yield all hash tiles of a tree, level by level, the partial one last in its level."""
    return new_tiles(0, size)


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """Yield the hash tiles, full and partial, that a tree of `new` leaves has and one of `old` has not."""
    level = 0
    while have := count_hashes(level, new):
        had = count_hashes(level, old)
        if have > had:
            for index in range(had // WIDTH, (have - 1) // WIDTH + 1):
                yield tile_in_tree(level, index, new)
        level += 1


def tile_of_node(node: Node) -> Span:
    """Return the tile that holds a node and the hashes in it that the node is the root of."""
    level, height = divmod(node.level, HEIGHT)
    first = node.index << height
    start = first % WIDTH
    return Span(level, first // WIDTH, start, start + (1 << height))


def hash_tile_nodes(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Return every complete subtree inside a tile, row by row: the hashes themselves, their parents, and so on.

    A full tile gives nine rows of 256, 128, … 1 hashes, the last being its root; a partial one ends earlier.
    """
    if not 0 < len(hashes) <= WIDTH:
        raise TileMalformed(f"expected 1 to {WIDTH} hashes in a tile, got {len(hashes)}")
    rows = [list(hashes)]
    while len(rows[-1]) > 1:
        rows.append(hash_pairs(rows[-1]))
    return rows


def hash_span(data: bytes, span: Span) -> bytes:
    """Return the hash of a node from the bytes of its tile; raises `TileMalformed` when the tile is too narrow."""
    if len(data) < span.stop * HASH_SIZE:
        raise TileMalformed(f"expected a tile of at least {span.stop} hashes, got {len(data)} bytes")
    return _perfect_root(split_tile(data[span.start * HASH_SIZE : span.stop * HASH_SIZE]))


def split_tile(data: bytes) -> list[bytes]:
    """Cut a tile's bytes into its hashes; raises `TileMalformed` unless the length is a multiple of 32."""
    if len(data) % HASH_SIZE:
        raise TileMalformed(f"expected 32 bytes per hash, got a tile of {len(data)} bytes")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def format_bundle(entries: Sequence[bytes]) -> bytes:
    """Write entries one after the other, each behind its length as a big-endian uint16."""
    if not 0 < len(entries) <= WIDTH:
        raise TileMalformed(f"expected 1 to {WIDTH} entries in a bundle, got {len(entries)}")
    longest = max(map(len, entries))
    if longest > MAX_ENTRY:
        raise TileMalformed(f"expected entries of at most {MAX_ENTRY} bytes, got {longest}; split or shorten it")
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def parse_bundle(data: bytes, width: int) -> list[bytes]:
    """Read exactly `width` entries and nothing after them; raises `TileMalformed`."""
    if not 0 < width <= WIDTH:
        raise TileMalformed(f"expected a width from 1 to {WIDTH}, got {width}")
    entries: list[bytes] = []
    at, end = 0, len(data)
    for _ in range(width):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise TileMalformed(f"expected {width} entries in the bundle, got {len(entries)} and a cut; fetch it again")
        entries.append(data[start:at])
    if at != end:
        raise TileMalformed(f"expected {width} entries in the bundle, got {end - at} bytes more; fetch it again")
    return entries


FetchTiles = Callable[[Sequence[Tile]], Sequence[bytes]]
"""Returns the bytes of each tile asked for, in order, cut to the tile's width; raises its own errors."""


class TileReader:
    """A `NodeReader` over somebody else's tiles: no hash leaves it that does not lead to the given root.

    Every tile is checked up to the root of a signed checkpoint: the partial tiles of the right edge together
    must hash to it, and each full tile must hash to its place in the tile above. There is no shortcut for tiles
    that come first (CVE-2026-56865). Checked tiles are kept for the reader's life; use one reader per checkpoint.
    """

    def __init__(self, size: int, root: bytes, fetch: FetchTiles) -> None:
        if not 0 <= size <= MAX_UINT63:
            raise ProofInvalid(f"expected a tree size from 0 to 2^63-1, got {size}")
        self._size = size
        self._root = root
        self._fetch = fetch
        self._checked: dict[tuple[int, int], bytes] = {}

    def read_nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the nodes' hashes, with one fetch for all tiles that are still missing.

        Raises `ProofInvalid` for a node outside the tree or a tile that does not lead to the root, and
        `TileMalformed` for one of the wrong length.
        """
        spans = [self._locate(node) for node in nodes]
        self._admit([(span.level, span.index) for span in spans])
        return [hash_span(self._checked[span.level, span.index], span) for span in spans]

    def read_tile(self, level: int, index: int) -> bytes:
        """Return a checked tile, for instance the leaf hashes to compare a bundle's entries with."""
        if level < 0:
            raise TileMalformed(
                f"expected a level from 0 to 63, got {level}; entry bundles are checked by their hashes"
            )
        tile_in_tree(level, index, self._size)
        self._admit([(level, index)])
        return self._checked[level, index]

    def _locate(self, node: Node) -> Span:
        if node.level < 0 or node.index < 0 or (node.index + 1) << node.level > self._size:
            raise ProofInvalid(f"expected a subtree within the {self._size} leaves of the checkpoint, got {node}")
        return tile_of_node(node)

    def _admit(self, wanted: Sequence[tuple[int, int]]) -> None:
        """Fetch and check what is not yet known, parents first; only checked tiles are kept."""
        missing = sorted(self._with_parents(wanted) - self._checked.keys(), reverse=True)
        if not missing:
            return
        tiles = [tile_in_tree(level, index, self._size) for level, index in missing]
        data = self._fetch(tiles)
        if len(data) != len(tiles):
            raise TileMalformed(f"expected {len(tiles)} tiles from the fetcher, got {len(data)}")
        for tile, content in zip(tiles, data, strict=True):
            if len(content) != tile.width * HASH_SIZE:
                raise TileMalformed(
                    f"expected {tile.width * HASH_SIZE} bytes for {tile_path(tile)}, got {len(content)}; "
                    "an error page or a re-encoded tile is not a tile"
                )
        if not self._checked:
            self._check_edge(tiles, data)
        for tile, content in zip(tiles, data, strict=True):
            if tile.width == WIDTH:
                self._check_against_parent(tile, content)
            self._checked[tile.level, tile.index] = content

    def _with_parents(self, wanted: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return the tiles asked for, all tiles above them, and the partial tiles of the right edge."""
        needed = {(span.level, span.index) for span in map(tile_of_node, cover(0, self._size))}
        for level, index in wanted:
            while (level, index) not in needed:
                needed.add((level, index))
                level, index = level + 1, index // WIDTH
        return needed

    def _check_edge(self, tiles: Sequence[Tile], data: Sequence[bytes]) -> None:
        """Check that the partial tiles, which no tile above vouches for, hash to the root."""
        partial = {(tile.level, tile.index): content for tile, content in zip(tiles, data, strict=True)}
        spans = map(tile_of_node, cover(0, self._size))
        peaks = [hash_span(partial[span.level, span.index], span) for span in spans]
        root = fold_peaks(peaks) if peaks else EMPTY_ROOT
        if root != self._root:
            raise ProofInvalid(
                f"expected the tiles of {self._size} leaves to hash to {self._root.hex()}, got {root.hex()}; "
                "a tile is wrong or not of this checkpoint"
            )

    def _check_against_parent(self, tile: Tile, content: bytes) -> None:
        above, position = self._checked[tile.level + 1, tile.index // WIDTH], tile.index % WIDTH
        expected = above[position * HASH_SIZE : (position + 1) * HASH_SIZE]
        got = _perfect_root(split_tile(content))
        if got != expected:
            raise ProofInvalid(
                f"expected {tile_path(tile)} to hash to {expected.hex()} as the tile above says, got {got.hex()}; "
                "fetch it again from the log"
            )


def _perfect_root(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = hash_pairs(hashes)
    return hashes[0]
