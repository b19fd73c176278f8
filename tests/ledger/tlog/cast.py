"""The fixed cast of the log tests: keys made from known seeds, and a small signed log in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.merkle import hash_leaves
from ledger.tlog.note import COSIGNATURE, ED25519, Signer
from ledger.tlog.tiles import ENTRIES, WIDTH, Tile, format_bundle
from tests import reference

ORIGIN = "log.example/register"
OTHER_ORIGIN = "log.example/other"
TIME = 1_790_000_000


def make_signer(name: str, key_type: int = ED25519, label: str = "") -> Signer:
    """Make the test key of that name; never a key anybody uses."""
    return Signer.generate(name, sha256(f"test key {name} {key_type} {label}".encode()).digest(), key_type)


LOG = make_signer(ORIGIN)
OTHER_LOG = make_signer(OTHER_ORIGIN)
WITNESS = make_signer("witness.example/w1", COSIGNATURE)
SECOND_WITNESS = make_signer("witness.example/w2", COSIGNATURE)
KEYS = (LOG.verifier, WITNESS.verifier)


def make_entries(count: int, label: str = "entry") -> list[bytes]:
    """Make entries that differ by index and label."""
    return [f"{label} {index}".encode() for index in range(count)]


@dataclass
class SmallLog:
    """A log in memory: entries, and what a server would publish of them."""

    entries: Sequence[bytes]
    signer: Signer = LOG
    fetched: list[Tile] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many entries it holds."""
        return len(self.entries)

    def root(self, size: int | None = None) -> bytes:
        """The root by the reference."""
        return reference.mth(self.entries[: self.size if size is None else size])

    def checkpoint(self, size: int | None = None, time: int | None = TIME) -> bytes:
        """The signed checkpoint, cosigned by `WITNESS` unless `time` is None."""
        head = Checkpoint(self.signer.name, self.size if size is None else size, self.root(size))
        return sign_checkpoint(head, self.signer, *([] if time is None else [WITNESS]), time=time)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The consistency proof by the reference, empty where none is due."""
        size = self.size if new is None else new
        return reference.proof(old, self.entries[:size]) if 0 < old < size else []

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The inclusion proof by the reference."""
        return reference.path(index, self.entries[: self.size if size is None else size])

    def read_tile(self, tile: Tile) -> bytes:
        """The bytes of a tile or bundle."""
        hashes, level = hash_leaves(self.entries), max(tile.level, 0)
        first = tile.index * WIDTH
        if tile.level == ENTRIES:
            return format_bundle(self.entries[first : first + tile.width])
        step = WIDTH**level
        if level == 0:
            return b"".join(hashes[first : first + tile.width])
        rows = [self.entries[(first + i) * step : (first + i + 1) * step] for i in range(tile.width)]
        return b"".join(reference.mth(row) for row in rows)

    def fetch(self, tiles: Sequence[Tile]) -> list[bytes]:
        """Serve tiles as a peer would, noting which were asked for."""
        self.fetched.extend(tiles)
        return [self.read_tile(tile) for tile in tiles]
