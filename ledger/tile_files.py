"""The files of a log as other people's monitors read it (C2SP tlog-tiles), made from rows when asked for.

Only what the newest signed checkpoint covers is given out. Partial tiles are given for any width under it, so those
of every size that was ever signed stay available.
"""

from __future__ import annotations

from ledger.database import fetch_one
from ledger.errors import LedgerDamaged, NotCovered
from ledger.full_tiles import HASHES_SIZE
from ledger.logs import SignedCheckpointRow, latest_checkpoint
from ledger.reader import read_entries
from ledger.stored import read_hashes
from ledger.tlog.errors import TileMalformed
from ledger.tlog.tiles import ENTRIES, WIDTH, Tile, check_tile_exists, format_bundle


def read_tile(origin: str, tile: Tile) -> bytes:
    """Return a tile's hashes, 32 bytes each; raises `UnknownLog`, `NotCovered` or `LedgerDamaged`."""
    head = _insist_on_cover(origin, tile)
    start = tile.index * WIDTH
    if tile.width < WIDTH:
        return b"".join(read_hashes(head.log_id, tile.level, start, start + tile.width))
    row = fetch_one(
        "SELECT substring(nodes FOR %s) FROM ledger_tile WHERE log_id = %s AND level = %s AND index = %s",
        (HASHES_SIZE, head.log_id, tile.level, tile.index),
    )
    if row is None:
        raise LedgerDamaged(f"expected tile {tile} of {origin}, found none; run manage.py fsck", "tile", tile.index)
    return bytes(row[0])


def read_bundle(origin: str, tile: Tile) -> bytes:
    """Return an entry bundle (a `Tile` of level `ENTRIES`); raises as `read_tile` does."""
    _insist_on_cover(origin, tile)
    start = tile.index * WIDTH
    return format_bundle(read_entries(origin, start, start + tile.width))


def read_tile_file(origin: str, tile: Tile) -> bytes:
    """Return the bytes of the file a tile's path names: hashes, or entries."""
    return read_bundle(origin, tile) if tile.level == ENTRIES else read_tile(origin, tile)


def _insist_on_cover(origin: str, tile: Tile) -> SignedCheckpointRow:
    head = latest_checkpoint(origin)
    try:
        check_tile_exists(tile, head.size)
    except TileMalformed as error:
        raise NotCovered(f"the newest checkpoint of {origin} covers {head.size} entries: {error}") from error
    return head
