"""Writing a bundle: ledgers in, the bytes of the file out, never more of them in memory than one member takes.

What the members are, in a folder a ledger: `checkpoint` (the signed note as it is), `entries/FIRST.gz` (32 entries or
fewer: index as 8 bytes, length as 2, bytes), `index/N` (see index.py), `tile/…` (the hash tiles of C2SP tlog-tiles that
prove them), `times/FIRST.gz` (8 bytes an entry of the whole ledger: microseconds since 1970, to cut it at an instant).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple, Protocol, TypeVar

from ledger.tlog.merkle import cover
from ledger.tlog.tiles import WIDTH, Tile, tile_in_tree, tile_of_node, tile_path
from register.credentials.bundle.archive import ArchiveWriter, pack
from register.credentials.bundle.index import Sorter, list_postings
from register.credentials.bundle.manifest import FORMAT, BundledLedger, Manifest
from register.events import parse
from register.key_chain import Handover

ENTRIES: Final = 32
"""Entries in one member: an answer unpacks a dozen members, and smaller ones unpack sooner and compress worse."""

TIMES: Final = 8_192
BEFORE_ALL: Final = -(1 << 63)
"""The time of an entry that was set aside before any was applied: known at every instant."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MARKING: Final = frozenset({"issuer.registered", "accreditation.granted"})
OUTSIDE_TERRITORY: Final = "outside_territory"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filed:
    """An entry as the register took it: `set_aside` is the code for which a peer's counts for nothing."""

    index: int
    data: bytes
    set_aside: str | None = None


class LedgerSource(Protocol):
    """One ledger as a node holds it, up to the checkpoint it goes out under."""

    @property
    def origin(self) -> str:
        """The ledger's name."""
        ...

    @property
    def size(self) -> int:
        """How many entries the checkpoint covers."""
        ...

    @property
    def note(self) -> bytes:
        """The checkpoint with its signatures."""
        ...

    @property
    def issuers(self) -> tuple[str, ...] | None:
        """The issuers it can answer about (see BundledLedger); None: all."""
        ...

    def read_entries(self) -> Iterator[Filed]:
        """Yield the entries that go into the bundle, ascending."""
        ...

    def read_times(self) -> Iterator[datetime | None]:
        """Yield the time of every entry below the size: its own, or that of the last applied; None before any."""
        ...

    def read_tile(self, tile: Tile) -> bytes:
        """Return a hash tile."""
        ...


class Order(NamedTuple):
    """What a bundle is made of: the ledgers, the node's own first, and what the manifest says (see Manifest)."""

    node: str
    made_at: datetime
    issuers: tuple[str, ...] | None
    freshness_seconds: int
    ledgers: Sequence[LedgerSource]
    handover: tuple[Handover, ...] = ()


def write_bundle(order: Order, sign: Callable[[Manifest], bytes]) -> Iterator[bytes]:
    """Yield the bytes of a bundle. What the sources raise ends it before its manifest, so that nothing opens it."""
    archive = ArchiveWriter()
    ledgers = []
    for number, source in enumerate(order.ledgers):
        written = _LedgerWriter(str(number), source, archive)
        yield from written.write()
        ledgers.append(
            BundledLedger(
                origin=source.origin,
                own=number == 0,
                folder=str(number),
                size=source.size,
                entries=written.count,
                issuers=source.issuers,
            )
        )
    manifest = Manifest(
        format=FORMAT,
        node=order.node,
        made_at=order.made_at,
        issuers=order.issuers,
        freshness_seconds=order.freshness_seconds,
        ledgers=tuple(ledgers),
        handover=order.handover,
        members=tuple(archive.members),
    )
    yield archive.finish(sign(manifest))


class _LedgerWriter:
    """Writes one ledger's members; `count` is how many entries there were."""

    def __init__(self, folder: str, source: LedgerSource, archive: ArchiveWriter) -> None:
        self._folder = folder
        self._source = source
        self._archive = archive
        self._tiles: set[int] = set()
        self.count = 0

    def write(self) -> Iterator[bytes]:
        """Yield the bytes of all of them."""
        yield self._add("checkpoint", self._source.note)
        with Sorter() as sorter:
            for chunk in split_every(self._source.read_entries(), ENTRIES):
                yield self._add_entries(chunk, sorter)
            for number, block in enumerate(sorter.read_blocks()):
                yield self._add(f"index/{number:06d}", block)
        for level, index in find_tiles_needed(self._tiles, self._source.size):
            tile = tile_in_tree(level, index, self._source.size)
            yield self._add(tile_path(tile), self._source.read_tile(tile))
        for number, times in enumerate(split_every(self._source.read_times(), TIMES)):
            packed = pack(b"".join(map(write_time, times)))
            yield self._add(f"times/{number * TIMES:012d}.gz", packed)

    def _add(self, name: str, content: bytes) -> bytes:
        return self._archive.add(f"{self._folder}/{name}", content)

    def _add_entries(self, chunk: Sequence[Filed], sorter: Sorter) -> bytes:
        for filed in chunk:
            self._tiles.add(filed.index // WIDTH)
            sorter.add(file_entry(filed))
        self.count += len(chunk)
        framed = [
            filed.index.to_bytes(8, "big") + len(filed.data).to_bytes(2, "big") + filed.data for filed in chunk
        ]  # fmt: skip
        return self._add(f"entries/{chunk[0].index:012d}.gz", pack(b"".join(framed)))


def file_entry(filed: Filed) -> list[bytes]:
    """Return the postings of an entry: none for one that was set aside, unless it left a record marked so."""
    if filed.set_aside is None:
        return list_postings(parse(filed.data), filed.index)
    if filed.set_aside != OUTSIDE_TERRITORY:
        return []
    event = parse(filed.data)
    return list_postings(event, filed.index, marked=True) if event.type in _MARKING else []


def find_tiles_needed(leaf_tiles: Iterable[int], size: int) -> list[tuple[int, int]]:
    """Return level and index of the tiles that prove the leaves of some tiles: these, all above, the right edge."""
    needed = {(span.level, span.index) for span in map(tile_of_node, cover(0, size))}
    for leaf_tile in leaf_tiles:
        level, index = 0, leaf_tile
        while (level, index) not in needed:
            needed.add((level, index))
            level, index = level + 1, index // WIDTH
    return sorted(needed)


def split_every(items: Iterable[T], count: int) -> Iterator[list[T]]:
    """Yield items in lists of so many; the last one may be shorter."""
    remaining = iter(items)
    while chunk := list(islice(remaining, count)):
        yield chunk


def write_time(moment: datetime | None) -> bytes:
    """Write an instant as 8 bytes."""
    return to_microseconds(moment).to_bytes(8, "big", signed=True)


def to_microseconds(moment: datetime | None) -> int:
    """Return the microseconds since 1970, or BEFORE_ALL."""
    return BEFORE_ALL if moment is None else (moment - _EPOCH) // _MICROSECOND
