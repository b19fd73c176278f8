"""Another node's copy of a log, over HTTP (C2SP tlog-tiles): the log's own ledger, or a peer's mirror of it.

Nothing read here is verified but its form: a checkpoint is to be opened with known keys, entries are to be hashed into
a signed root, tiles go through `ledger.tlog.tiles.TileReader`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from federation.errors import EntriesInvalid, UnexpectedAnswer
from federation.transport import Client
from ledger.tlog.errors import TileMalformed
from ledger.tlog.lines import HASH_SIZE
from ledger.tlog.tiles import ENTRIES, MAX_ENTRY, WIDTH, Tile, parse_bundle, tile_path
from register.sentences import cite, join

MAX_CHECKPOINT = 32_768
"""Bytes of a checkpoint: 64 signature lines have room in it."""

THREADS = 4
"""Requests to one node at a time."""

_BYTES = ("application/octet-stream",)
_TEXT = ("text/plain",)


class RemoteLog:
    """A log as one node serves it below `base` (no slash at its end); threads may share it."""

    def __init__(self, client: Client, base: str) -> None:
        self.base = base
        self._client = client

    def read_checkpoint(self) -> bytes:
        """Return the newest checkpoint it shows; raises `TransportError`."""
        return self._client.get(f"{self.base}/checkpoint", limit=MAX_CHECKPOINT, types=_TEXT)

    def read_bundle(self, index: int, width: int = WIDTH) -> list[bytes]:
        """Return the first `width` entries of a bundle.

        Raises `TransportError`, and `EntriesInvalid` for a bundle of another form or length.
        """
        tile = Tile(ENTRIES, index, width)
        data, have = self._read(tile, WIDTH * (MAX_ENTRY + 2))
        try:
            return parse_bundle(data, have)[:width]
        except TileMalformed as error:
            raise EntriesInvalid(join([f"{self.base}/{tile_path(tile)}", cite(error)], ": ")) from error

    def fetch_tiles(self, tiles: Sequence[Tile]) -> list[bytes]:
        """Return the bytes of hash tiles, several at a time: what a `TileReader` asks for."""
        if len(tiles) < 2:
            return [self._read_hashes(tile) for tile in tiles]
        with ThreadPoolExecutor(min(THREADS, len(tiles)), "tiles") as pool:
            return list(pool.map(self._read_hashes, tiles))

    def _read_hashes(self, tile: Tile) -> bytes:
        data, have = self._read(tile, WIDTH * HASH_SIZE)
        return data if have == tile.width else data[: tile.width * HASH_SIZE]

    def _read(self, tile: Tile, limit: int) -> tuple[bytes, int]:
        """Return a tile and the width it came in: a partial one may be gone once the full one is there."""
        try:
            return self._get(tile, limit // WIDTH * tile.width), tile.width
        except UnexpectedAnswer as error:
            if error.status not in (404, 410) or tile.width == WIDTH:
                raise
        return self._get(Tile(tile.level, tile.index), limit), WIDTH

    def _get(self, tile: Tile, limit: int) -> bytes:
        return self._client.get(f"{self.base}/{tile_path(tile)}", limit=limit, types=_BYTES)
