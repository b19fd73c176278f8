"""Tiles and bundles have the published form, and no unauthenticated hash comes out of a tile reader."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import tiles
from ledger.tlog.errors import ProofInvalid, TileMalformed
from ledger.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    hash_leaves,
    prove_consistency,
    prove_inclusion,
    prove_inclusions,
    read_root,
)
from ledger.tlog.tiles import ENTRIES, Span, Tile, TileReader
from tests import reference
from tests.ledger.tlog.cast import SmallLog, make_entries

LOG = SmallLog(make_entries(600))
SIZES = [1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 600]


def cut(size: int) -> SmallLog:
    return SmallLog(LOG.entries[:size])


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(1, 1234067), "tile/1/x001/x234/067"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(63, 5, 1), "tile/63/005.p/1"),
        (Tile(ENTRIES, 1234, 255), "tile/entries/x001/234.p/255"),
    ],
)
def test_tile_paths_read_back(tile: Tile, path: str) -> None:
    assert tiles.tile_path(tile) == path
    assert tiles.parse_tile_path(path) == tile


@given(st.integers(-1, 63), st.integers(0, 2**55), st.integers(1, 256))
def test_every_tile_path_reads_back(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert tiles.parse_tile_path(tiles.tile_path(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/64/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/x001",
        "tile/0/٠٠٠",
        "tile/0/000\n",
        "",
        "tile/0/" + "x001/" * 500 + "000",
        "tile/entries/../000",
        "tile/8/0/000",
    ],
)
def test_other_tile_paths_are_refused(path: str) -> None:
    with pytest.raises(TileMalformed):
        tiles.parse_tile_path(path)


def test_a_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    by_level: dict[int, list[Tile]] = {}
    for tile in tiles.tiles_for_size(70_000):
        by_level.setdefault(tile.level, []).append(tile)
    assert [len(by_level[level]) for level in sorted(by_level)] == [274, 2, 1]
    assert [by_level[level][-1].width for level in sorted(by_level)] == [112, 17, 1]
    assert all(tile.width == 256 for row in by_level.values() for tile in row[:-1])


def test_a_tree_of_256_has_one_full_tile_and_one_of_width_1() -> None:
    assert list(tiles.tiles_for_size(256)) == [Tile(0, 0), Tile(1, 0, 1)]


@given(st.integers(0, 140_000), st.integers(0, 140_000))
def test_new_tiles_are_those_the_larger_tree_has_and_the_smaller_has_not(a: int, b: int) -> None:
    old, new = sorted((a, b))
    assert list(tiles.new_tiles(old, new)) == sorted(set(tiles.tiles_for_size(new)) - set(tiles.tiles_for_size(old)))


@given(st.integers(0, 200_000))
def test_pitfall_12_no_tile_of_width_zero_exists(size: int) -> None:
    assert all(1 <= tile.width <= 256 for tile in tiles.tiles_for_size(size))
    with pytest.raises(TileMalformed):
        tiles.tile_in_tree(0, (size + 255) // 256, size)


def test_pitfall_12_a_partial_tile_of_level_1_exists_while_its_full_tile_does_not() -> None:
    for size in (300, 65_535):
        tiles.check_tile_exists(Tile(1, 0, 1), size)
        with pytest.raises(TileMalformed):
            tiles.check_tile_exists(Tile(1, 0), size)
    tiles.check_tile_exists(Tile(1, 0), 65_536)


def test_every_partial_of_a_former_size_exists_and_none_of_a_future_one() -> None:
    for width in range(1, 45):
        tiles.check_tile_exists(Tile(0, 1, width), 300)
        tiles.check_tile_exists(Tile(ENTRIES, 1, width), 300)
    with pytest.raises(TileMalformed):
        tiles.check_tile_exists(Tile(0, 1, 45), 300)


def test_nodes_lie_where_the_tiles_say() -> None:
    assert tiles.tile_of_node(Node(0, 300)) == Span(0, 1, 44, 45)
    assert tiles.tile_of_node(Node(7, 3)) == Span(0, 1, 128, 256)
    assert tiles.tile_of_node(Node(8, 3)) == Span(1, 0, 3, 4)
    assert tiles.tile_of_node(Node(17, 1)) == Span(2, 0, 2, 4)


@pytest.mark.parametrize("width", [1, 2, 3, 17, 255, 256])
def test_tile_rows_hold_every_complete_subtree(width: int) -> None:
    rows = tiles.hash_tile_nodes(hash_leaves(LOG.entries[:width]))
    assert [len(row) for row in rows] == [width >> height for height in range(width.bit_length())]
    for height, row in enumerate(rows):
        assert row == [reference.mth(LOG.entries[i << height : (i + 1) << height]) for i in range(len(row))]


@pytest.mark.parametrize("count", [0, 257])
def test_tiles_have_1_to_256_hashes(count: int) -> None:
    with pytest.raises(TileMalformed):
        tiles.hash_tile_nodes([EMPTY_ROOT] * count)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_read_back(entries: list[bytes]) -> None:
    assert tiles.parse_bundle(tiles.format_bundle(entries), len(entries)) == entries


@given(st.lists(st.binary(max_size=9), min_size=2, max_size=9), st.integers(0, 100), st.binary(min_size=1, max_size=4))
def test_pitfall_14_bundles_are_read_to_the_byte(entries: list[bytes], at: int, tail: bytes) -> None:
    data = tiles.format_bundle(entries)
    for altered in (data[: at % len(data)], data + tail):
        with pytest.raises(TileMalformed):
            tiles.parse_bundle(altered, len(entries))
    with pytest.raises(TileMalformed):
        tiles.parse_bundle(data, len(entries) - 1)


def test_entries_of_65535_bytes_fit_and_larger_ones_do_not() -> None:
    longest = [b"a" * 65_535]
    assert tiles.parse_bundle(tiles.format_bundle(longest), 1) == longest
    with pytest.raises(TileMalformed, match="65535"):
        tiles.format_bundle([b"a" * 65_536])


@pytest.mark.parametrize("size", SIZES)
def test_proofs_read_from_tiles_equal_the_reference(size: int) -> None:
    log = cut(size)
    for index in {0, size // 2, size - 1}:
        assert prove_inclusion(index, size, TileReader(size, log.root(), log.fetch)) == log.inclusion(index)
        if index:
            proof = prove_consistency(index, size, TileReader(size, log.root(), log.fetch))
            assert proof == log.consistency(index)
    assert read_root(size, TileReader(size, log.root(), log.fetch)) == log.root()


def test_checked_tiles_are_fetched_once() -> None:
    log = cut(600)
    reader = TileReader(600, log.root(), log.fetch)
    prove_inclusions(range(0, 600, 50), 600, reader)
    prove_inclusion(599, 600, reader)
    assert sorted(log.fetched) == [Tile(0, 0), Tile(0, 1), Tile(0, 2, 88), Tile(1, 0, 2)]


def test_a_checked_tile_gives_the_leaf_hashes_to_hold_entries_against() -> None:
    log = cut(600)
    reader = TileReader(600, log.root(), log.fetch)
    assert reader.read_tile(0, 1) == b"".join(hash_leaves(log.entries[256:512]))
    for level, index in ((0, 3), (2, 0), (ENTRIES, 0)):
        with pytest.raises(TileMalformed):
            reader.read_tile(level, index)


@pytest.mark.parametrize("size", [257, 300, 511, 513, 600])
@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_pitfall_4_no_tile_escapes_authentication(size: int, position: int) -> None:
    """CVE-2026-56865: whichever tile lies, first or last asked for, no hash of it is returned."""
    log = cut(size)
    all_tiles = list(tiles.tiles_for_size(size))
    forged = all_tiles[position % len(all_tiles)]

    def fetch(asked: Sequence[Tile]) -> list[bytes]:
        return [bytes([data[0] ^ 1]) + data[1:] if tile == forged else data
                for tile, data in zip(asked, log.fetch(asked), strict=True)]  # fmt: skip

    for node in [Node(0, size - 1), Node(0, 0), Node(0, 256), Node(8, 0)]:
        reader = TileReader(size, log.root(), fetch)
        asked_before = len(log.fetched)
        try:
            (got,) = reader.read_nodes([node])
        except ProofInvalid:
            continue
        assert got == reference.EntryList(log.entries).read_nodes([node])[0]
        assert forged not in log.fetched[asked_before:]


@given(st.integers(0, 599), st.integers(0, 255), st.integers(0, 3))
def test_pitfall_4_a_forged_hash_anywhere_on_the_way_is_noticed(index: int, at: int, which: int) -> None:
    asked = sorted({Tile(1, 0, 2), Tile(0, 2, 88), tiles.tile_in_tree(0, index // 256, 600)})
    forged = asked[which % len(asked)]
    start = at % forged.width * 32

    def fetch(wanted: Sequence[Tile]) -> list[bytes]:
        return [data[:start] + b"\x00" * 32 + data[start + 32 :] if tile == forged else data
                for tile, data in zip(wanted, LOG.fetch(wanted), strict=True)]  # fmt: skip

    with pytest.raises(ProofInvalid):
        TileReader(600, ROOT_600, fetch).read_nodes([Node(0, index)])


ROOT_600 = LOG.root()


def test_a_tile_that_failed_is_not_kept() -> None:
    lies = [True]

    def fetch(asked: Sequence[Tile]) -> list[bytes]:
        data = LOG.fetch(asked)
        return [b"\x00" * len(item) for item in data] if lies.pop() else data

    lies.insert(0, False)
    reader = TileReader(600, ROOT_600, fetch)
    with pytest.raises(ProofInvalid):
        prove_inclusion(3, 600, reader)
    assert prove_inclusion(3, 600, reader) == LOG.inclusion(3)


@pytest.mark.parametrize("answer", [b"<html>not found</html>", b"", b"a" * 8192, b"a" * 31])
def test_pitfall_13_a_soft_404_is_not_a_tile(answer: bytes) -> None:
    with pytest.raises(TileMalformed):
        TileReader(300, LOG.root(300), lambda asked: [answer for _ in asked]).read_nodes([Node(0, 0)])


def test_a_fetcher_that_returns_too_few_tiles_is_refused() -> None:
    with pytest.raises(TileMalformed, match="tiles from the fetcher"):
        TileReader(300, LOG.root(300), lambda asked: []).read_nodes([Node(0, 0)])


@pytest.mark.parametrize("node", [Node(0, 300), Node(9, 0), Node(0, -1), Node(-1, 0), Node(63, 0)])
def test_nodes_outside_the_tree_are_refused_without_a_fetch(node: Node) -> None:
    log = cut(300)
    with pytest.raises(ProofInvalid):
        TileReader(300, log.root(), log.fetch).read_nodes([node])
    assert log.fetched == []


def test_level_two_tiles_are_read_and_checked() -> None:
    """A tree over 65,536 leaves, its tiles written from what the frontier grew."""
    size = 65_536 + 300
    frontier, grown = Frontier().grow(hash_leaves(make_entries(size)))
    rows = {row.level: row.hashes for row in grown}

    def fetch(asked: Sequence[Tile]) -> list[bytes]:
        return [b"".join(rows[tile.level * 8][tile.index * 256 : tile.index * 256 + tile.width]) for tile in asked]

    nodes = [Node(0, 70), Node(0, size - 1), Node(8, 100), Node(16, 0), Node(12, 3)]
    got = TileReader(size, frontier.root(), fetch).read_nodes(nodes)
    assert got == [rows[node.level][node.index] for node in nodes]

    def forge(asked: Sequence[Tile]) -> list[bytes]:
        return [data if tile != Tile(1, 0) else b"\x01" + data[1:]
                for tile, data in zip(asked, fetch(asked), strict=True)]  # fmt: skip

    with pytest.raises(ProofInvalid):
        TileReader(size, frontier.root(), forge).read_nodes([Node(0, 70)])
