"""One ledger of a bundle: its entries, each proven under the checkpoint when it is looked at, and what they fold to.

Nothing is unpacked, parsed or proven but what a question asks for; what was, is kept for the next question.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from struct import Struct
from typing import Any, Final

from ledger.tlog.checkpoint import open_checkpoint, parse_checkpoint_note
from ledger.tlog.errors import ProofInvalid, TlogError
from ledger.tlog.lines import encode_proof
from ledger.tlog.merkle import Node, hash_leaf, prove_inclusion
from ledger.tlog.note import VerifierKey
from ledger.tlog.proof import HEADER
from ledger.tlog.tiles import (
    HEIGHT,
    WIDTH,
    FetchTiles,
    Tile,
    TileReader,
    hash_tile_nodes,
    split_tile,
    tile_in_tree,
    tile_of_node,
    tile_path,
)
from register import fold
from register.credentials.bundle.archive import Archive
from register.credentials.bundle.index import Index, name_mark
from register.credentials.bundle.manifest import BundledLedger
from register.credentials.bundle.writing import OUTSIDE_TERRITORY, TIMES
from register.credentials.errors import BadBundle
from register.errors import RegisterError
from register.events import Event, parse
from register.records import Recorded
from register.state import Change, State

_KEPT: Final = 20_000
"""Entries that are kept for the next question; beyond that all are forgotten at once."""

MOST_BLOCKS: Final = 400
"""Unpacked members, and tiles with their nodes, that are kept likewise."""

_FRAME: Final = Struct(">QH")
"""What stands before an entry: its index and its length."""

_FIRST: Final = re.compile(r"/([0-9]{12})\.gz\Z", re.ASCII)


class Rows:
    """Hashes of a ledger's nodes (a NodeReader), each tile checked up to the root once and its nodes kept.

    The partial tiles of the right edge are checked by TileReader; a full one here, against the tile above, as computing
    its nodes gives its root anyway.
    """

    def __init__(self, size: int, root: bytes, fetch: FetchTiles) -> None:
        self._size = size
        self._edge = TileReader(size, root, fetch)
        self._fetch = fetch
        self._rows: dict[tuple[int, int], list[list[bytes]]] = {}
        self._paths: dict[int, list[bytes]] = {}

    def read_leaf(self, index: int) -> bytes:
        """Return the hash of a leaf."""
        return self.read_rows(0, index // WIDTH)[0][index % WIDTH]

    def read_nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the nodes' hashes; raises as TileReader does."""
        return [self._read_node(node) for node in nodes]

    def prove(self, index: int) -> list[bytes]:
        """Return the inclusion proof of a leaf; those of one full tile share what lies above it."""
        tile, at = divmod(index, WIDTH)
        if (tile + 1) * WIDTH > self._size:
            return prove_inclusion(index, self._size, self)
        if tile not in self._paths:
            if len(self._paths) > MOST_BLOCKS:
                self._paths = {}
            self._paths[tile] = prove_inclusion(index, self._size, self)[HEIGHT:]
        rows = self.read_rows(0, tile)
        return [*(rows[height][at >> height ^ 1] for height in range(HEIGHT)), *self._paths[tile]]

    def _read_node(self, node: Node) -> bytes:
        span = tile_of_node(node)
        width = span.stop - span.start
        return self.read_rows(span.level, span.index)[width.bit_length() - 1][span.start // width]

    def read_rows(self, level: int, index: int) -> list[list[bytes]]:
        """Return the nodes inside a tile, row by row; raises ProofInvalid when it does not lead to the root."""
        rows = self._rows.get((level, index))
        if rows is None:
            if len(self._rows) > MOST_BLOCKS:
                self._rows = {}
            rows = self._rows[level, index] = self._check(tile_in_tree(level, index, self._size))
        return rows

    def _check(self, tile: Tile) -> list[list[bytes]]:
        if tile.width < WIDTH:
            return hash_tile_nodes(split_tile(self._edge.read_tile(tile.level, tile.index)))
        above, at = divmod(tile.index, WIDTH)
        expected = self.read_rows(tile.level + 1, above)[0][at]
        rows = hash_tile_nodes(split_tile(self._fetch([tile])[0]))
        if len(rows[0]) != WIDTH or rows[-1] != [expected]:
            raise ProofInvalid(f"expected {tile_path(tile)} to hash to {expected.hex()}, as the tile above says")
        return rows


class Ledger:
    """A ledger as far as a bundle holds it. What does not hold together raises BadBundle, whenever it is found.

    Entries are proven under the bundle's checkpoint, and that is worth nothing before `confirm` has checked who signed
    it. `time` is when the register's own witness last vouched for it.
    """

    def __init__(self, archive: Archive, described: BundledLedger) -> None:
        self.origin = described.origin
        self.size = described.size
        self.count = described.entries
        self.issuers = None if described.issuers is None else frozenset(described.issuers)
        self.time: datetime | None = None
        self._archive = archive
        self._folder = described.folder
        self.note = bytes(archive.view(f"{self._folder}/checkpoint"))
        self.index = Index([archive.view(name) for name in archive.list_names(f"{self._folder}/index/")])
        self._rows = Rows(self.size, self._read_root(), self._fetch)
        self._blocks = {_read_first(name): name for name in archive.list_names(f"{self._folder}/entries/")}
        self._firsts = sorted(self._blocks)
        self._unpacked: dict[str, Mapping[int, bytes]] = {}
        self._entries: dict[int, bytes] = {}
        self._events: dict[int, Event] = {}
        self._found: dict[str, list[int]] = {}

    def _read_root(self) -> bytes:
        """Return the root that the checkpoint names, whoever signed it."""
        try:
            head = parse_checkpoint_note(self.note)[1]
        except TlogError as error:
            raise BadBundle(
                "damaged", f"the checkpoint of {self.origin} in the bundle cannot be read: {error}"
            ) from None
        if (head.origin, head.size) != (self.origin, self.size):
            raise BadBundle(
                "altered", f"expected a checkpoint of {self.size} entries of {self.origin}, got another one"
            )
        return head.root

    def confirm(self, log: Sequence[VerifierKey], witness: Sequence[VerifierKey]) -> None:
        """Check that one of these keys of the ledger signed the checkpoint, and take its time from its witness."""
        try:
            signed = open_checkpoint(self.note, [*log, *witness], self.origin)
            self.time = None if signed.time is None else datetime.fromtimestamp(signed.time, UTC)
        except TlogError as error:
            raise BadBundle(
                "not_signed", f"the checkpoint of {self.origin} is not signed as it should: {error}"
            ) from None
        except (ValueError, OverflowError, OSError):
            self.time = None  # beyond the calendar

    def read_all(self) -> Iterator[tuple[int, bytes]]:
        """Yield every entry of the bundle, proven, without keeping any."""
        for first in self._firsts:
            block = split_entries(self._archive.unpack(self._blocks[first]), self._blocks[first])
            for index, entry in block.items():
                self._check_proven(index, entry)
                yield index, entry

    def find(self, key: str) -> list[int]:
        """Return the entries that the index files under a key, ascending."""
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self.index.find(key)
            if len(self._found) > _KEPT:
                self._found = {}
        return found

    def read_entry(self, index: int) -> bytes:
        """Return the bytes of an entry, proven; raises BadBundle when it is not here or not the ledger's."""
        known = self._entries.get(index)
        if known is None:
            known = self._read_proven(index)
            if len(self._entries) > _KEPT:
                self._entries, self._events = {}, {}
            self._entries[index] = known
        return known

    def read_event(self, index: int) -> Event:
        """Return an entry that the index names, parsed."""
        known = self._events.get(index)
        if known is None:
            entry = self.read_entry(index)
            try:
                known = self._events[index] = parse(entry)
            except RegisterError as error:
                raise BadBundle("damaged", f"entry {index} of {self.origin} cannot be read: {error}") from None
        return known

    def prove(self, index: int) -> str:
        """Return the receipt of an entry (C2SP tlog-proof) under the bundle's checkpoint."""
        return f"{HEADER}\nindex {index}\n{encode_proof(self._rows.prove(index))}\n{self.note.decode()}"

    def replay(self, indexes: Iterable[int], size: int) -> State:
        """Fold entries into what the ledger knew of them when it had `size`; see knowledge.replay_proven.

        Differs from that only where a peer's record is marked because its register may not speak for its country:
        that follows from all its entries, so the bundle says it.
        """
        state = State(self.origin)
        for index in sorted(indexes):
            if index < size:
                state.adopt(self._fold(index, state))
        state.size = size
        return state

    def _fold(self, index: int, state: State) -> list[Change]:
        event = self.read_event(index)
        try:
            changes = fold.changes_of(event, Recorded(index, event.time), state)
        except RegisterError as error:
            message = f"entry {index} of {self.origin} rests on one that the bundle leaves out: {error}"
            raise BadBundle("incomplete", message) from None
        if not self.find(name_mark(index)):
            return changes
        return [Change(kind, id_, _mark(record)) for kind, id_, record in changes]

    def count_until(self, moment: int) -> int:
        """Return how many entries the ledger had at an instant, in microseconds since 1970."""
        low, high = 0, self.size
        while low < high:
            middle = (low + high) // 2
            if self.read_time(middle) <= moment:
                low = middle + 1
            else:
                high = middle
        return low

    def read_time(self, index: int) -> int:
        """Return the time of an entry in microseconds since 1970, as the register took it."""
        first = index // TIMES * TIMES
        times = self._unpack(f"{self._folder}/times/{first:012d}.gz", split_times)
        if index not in times:
            raise BadBundle("damaged", f"the bundle lacks the time of entry {index} of {self.origin}")
        return int.from_bytes(times[index], "big", signed=True)

    def _read_proven(self, index: int) -> bytes:
        at = bisect_right(self._firsts, index) - 1
        block = self._unpack(self._blocks[self._firsts[at]], split_entries) if at >= 0 else {}
        if index not in block or index >= self.size:
            raise BadBundle("incomplete", f"the bundle leaves out entry {index} of {self.origin}, which it names")
        self._check_proven(index, block[index])
        return block[index]

    def _check_proven(self, index: int, entry: bytes) -> None:
        try:
            proven = self._rows.read_leaf(index) == hash_leaf(entry)
        except TlogError as error:
            raise BadBundle("unproven", f"entry {index} of {self.origin} cannot be proven: {error}") from None
        if not proven:
            raise BadBundle("unproven", f"entry {index} in the bundle is not the one that stands in {self.origin}")

    def _unpack(self, name: str, split: Callable[[bytes, str], Mapping[int, bytes]]) -> Mapping[int, bytes]:
        known = self._unpacked.get(name)
        if known is None:
            if len(self._unpacked) > MOST_BLOCKS:
                self._unpacked = {}
            known = self._unpacked[name] = split(self._archive.unpack(name), name)
        return known

    def _fetch(self, tiles: Sequence[Tile]) -> list[bytes]:
        return [bytes(self._archive.view(f"{self._folder}/{tile_path(tile)}")) for tile in tiles]


def split_entries(block: bytes, name: str) -> dict[int, bytes]:
    """Cut a block of entries into these, by index; raises BadBundle."""
    entries: dict[int, bytes] = {}
    at, last, end = 0, -1, len(block)
    while at + _FRAME.size <= end:
        index, length = _FRAME.unpack_from(block, at)
        start = at + _FRAME.size
        at = start + length
        if index <= last:
            break
        entries[index] = block[start:at]
        last = index
    if at != end:
        raise BadBundle("damaged", f"{name} in the bundle holds no entries one after the other")
    return entries


def split_times(block: bytes, name: str) -> dict[int, bytes]:
    """Cut a block of times into these, by index."""
    first = _read_first(name)
    return {first + at // 8: block[at : at + 8] for at in range(0, len(block) - 7, 8)}


def _read_first(name: str) -> int:
    """Return the index that a member's name ends with."""
    found = _FIRST.search(name)
    if found is None:
        raise BadBundle("damaged", f"expected a name that ends in an index, got {name[:80]!r} in the bundle")
    return int(found[1])


def _mark(record: Any) -> Any:
    return replace(record, quarantine=OUTSIDE_TERRITORY)
