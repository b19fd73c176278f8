"""Recompute a log from the bytes of its entries, and name the first stored thing that does not follow from them.

Leaf hashes, full tiles with their inner nodes, the frontier, dense indexes, each checkpoint's root and signatures,
countersignatures, and the guard file. Memory stays the same however long the log is: entries pass by 256 at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from heapq import merge
from typing import Any, NamedTuple

from django.db import connection, transaction

from ledger import guard
from ledger.cosigning import find_line, split_lines
from ledger.database import execute, fetch_all, fetch_one
from ledger.errors import LedgerDamaged
from ledger.full_tiles import FullTile, make_tile
from ledger.logs import LogRow, get_log
from ledger.tlog.checkpoint import open_checkpoint, parse_checkpoint_note
from ledger.tlog.errors import TlogError
from ledger.tlog.lines import HASH_SIZE
from ledger.tlog.merkle import Frontier, hash_leaf
from ledger.tlog.note import VerifierKey
from ledger.tlog.tiles import WIDTH, count_hashes, hash_tile_nodes

NIGHTS = 30
"""Nights in which `scrub` comes round."""

_PAGE = 1000

Progress = Callable[[int, int], None]
"""`(entries checked, entries in the log)`."""


class Report(NamedTuple):
    """What was recomputed and found equal. `unsigned` counts checkpoints whose signatures no key given could check."""

    entries: int
    tiles: int
    checkpoints: int
    unsigned: int


class _Claim(NamedTuple):
    """Somebody's word that the tree of that size has that root: a checkpoint row's, or the guard's."""

    size: int
    time: datetime | None
    root: bytes
    note: bytes
    what: str


def check_log(
    origin: str, keys: Sequence[VerifierKey], progress: Progress | None = None, guarded: bool = True
) -> Report:
    """Recompute a log in one snapshot of the database; writers may go on meanwhile.

    `keys` verify the checkpoints: the log's own keys, present and former, and our witness's. Without `guarded` the
    guard file is left out: a restore reports it by itself. Raises `UnknownLog`, or `LedgerDamaged` with the first
    difference in a sentence.
    """
    known = guard.read(origin) if guarded else None  # before the snapshot, which is then no older
    with _snapshot():
        log = get_log(origin)
        claims = _Claims(log, keys, merge(_checkpoints(log.id), _guard_claim(known), key=lambda claim: claim.size))
        tiles = _Tiles(log.id)
        frontier = Frontier()
        claims.check(frontier, [])
        for start in range(0, log.size, WIDTH):
            leaf_hashes = _check_entries(log, start, min(start + WIDTH, log.size))
            frontier = claims.check(frontier, leaf_hashes)
            tiles.add(0, leaf_hashes)
            if progress:
                progress(frontier.size, log.size)
        claims.finish(frontier)
        _check_ends(log, frontier)
    return Report(log.size, tiles.checked, claims.checked, claims.unsigned)


def scrub(origin: str, night: int) -> int:
    """Check one thirtieth of a log's entries against their leaf hashes and tiles; return how many that were.

    The part follows from the night's number. Raises as `check_log` does.
    """
    log = get_log(origin)
    full = log.size // WIDTH
    first, last = (full * part // NIGHTS for part in (night % NIGHTS, night % NIGHTS + 1))
    for number in range(first, last):
        leaf_hashes = _check_entries(log, number * WIDTH, (number + 1) * WIDTH)
        _check_tile(log.id, make_tile(0, number, hash_tile_nodes(leaf_hashes)))
    return (last - first) * WIDTH


@contextmanager
def _snapshot() -> Iterator[None]:
    """See one state of the database throughout, unless the caller's own transaction decides that."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", ())
        yield


def _check_entries(log: LogRow, start: int, stop: int) -> list[bytes]:
    """Return the leaf hashes of entries `[start, stop)`, computed from their bytes and equal to the stored ones."""
    rows = fetch_all(
        "SELECT index, data, leaf_hash FROM ledger_entry "
        "WHERE log_id = %s AND index >= %s AND index < %s ORDER BY index",
        (log.id, start, stop),
    )
    leaf_hashes = []
    for expected, (index, data, stored) in enumerate(rows, start):
        if index != expected:
            raise LedgerDamaged(f"entry {expected} is missing: the next one stored is {index}", "entry", expected)
        leaf_hash = hash_leaf(data)
        if leaf_hash != stored:
            raise LedgerDamaged(
                f"entry {index} does not hash to its leaf hash: its bytes give {leaf_hash.hex()}, "
                f"stored is {stored.hex()}",
                "entry",
                index,
            )
        leaf_hashes.append(leaf_hash)
    if len(rows) != stop - start:
        raise LedgerDamaged(
            f"entry {start + len(rows)} is missing: the log should have {log.size}", "entry", start + len(rows)
        )
    return leaf_hashes


class _Tiles:
    """Full tiles recomputed as hashes pass by, each level's waiting ones at most 256."""

    def __init__(self, log_id: int) -> None:
        self._log_id = log_id
        self._waiting: list[list[bytes]] = []
        self._numbers: list[int] = []
        self.checked = 0

    def add(self, level: int, hashes: Sequence[bytes]) -> None:
        """Take the next hashes of a level, at most one tile of them, and compare the tile they fill."""
        if level == len(self._waiting):
            self._waiting.append([])
            self._numbers.append(0)
        self._waiting[level].extend(hashes)
        if len(self._waiting[level]) < WIDTH:
            return
        tile = make_tile(level, self._numbers[level], hash_tile_nodes(self._waiting[level]))
        _check_tile(self._log_id, tile)
        self._waiting[level] = []
        self._numbers[level] += 1
        self.checked += 1
        self.add(level + 1, [tile.root])


def _check_tile(log_id: int, tile: FullTile) -> None:
    row = fetch_one(
        "SELECT root, nodes FROM ledger_tile WHERE log_id = %s AND level = %s AND index = %s",
        (log_id, tile.level, tile.number),
    )
    name = f"tile {tile.number} of level {tile.level}"
    if row is None:
        raise LedgerDamaged(f"{name} is missing: its entries are all there", "tile", tile.number)
    root, nodes = row
    if nodes != tile.nodes:
        wrong = next(
            at for at in range(0, len(tile.nodes), HASH_SIZE) if nodes[at : at + 32] != tile.nodes[at : at + 32]
        )
        raise LedgerDamaged(f"{name} differs from its entries in node {wrong // HASH_SIZE}", "tile", tile.number)
    if root != tile.root:
        raise LedgerDamaged(f"{name} has a root that its entries do not give", "tile", tile.number)


class _Claims:
    """Checkpoints and the guard, by size, held against the tree as it grows."""

    def __init__(self, log: LogRow, keys: Sequence[VerifierKey], claims: Iterator[_Claim]) -> None:
        self._log = log
        self._keys = keys
        self._claims = claims
        self._next = next(claims, None)
        self.checked = 0
        self.unsigned = 0

    def check(self, frontier: Frontier, leaf_hashes: Sequence[bytes]) -> Frontier:
        """Return the frontier after these leaf hashes, having checked every claim about the sizes on the way."""
        end = frontier.size + len(leaf_hashes)
        start = frontier.size
        while self._next is not None and self._next.size <= end:
            frontier = frontier.append(leaf_hashes[frontier.size - start : self._next.size - start])
            self._check(self._next, frontier.root())
            self._next = next(self._claims, None)
        return frontier.append(leaf_hashes[frontier.size - start :])

    def finish(self, frontier: Frontier) -> None:
        """Refuse a claim about a larger tree than is stored."""
        if self._next is not None:
            raise LedgerDamaged(
                f"{self._next.what} of {self._next.size} entries was signed, only {frontier.size} are stored: "
                "entries are lost",
                self._next.what,
                self._next.size,
            )

    def _check(self, claim: _Claim, root: bytes) -> None:
        when = f" ({claim.time:%Y-%m-%dT%H:%M:%SZ})" if claim.time else ""
        name = f"{claim.what} of {claim.size} entries{when}"
        if claim.root != root:
            raise LedgerDamaged(
                f"{name} has root {claim.root.hex()}, the entries give {root.hex()}", claim.what, claim.size
            )
        try:
            head = parse_checkpoint_note(claim.note)[1]
            if (head.origin, head.size, head.root) != (self._log.origin, claim.size, claim.root):
                raise LedgerDamaged(f"{name}: its note is about another tree than its row", claim.what, claim.size)
            if self._keys:
                self._check_signatures(claim, name)
            else:
                self.unsigned += 1
        except TlogError as error:
            raise LedgerDamaged(f"{name}: {error}", claim.what, claim.size) from error
        self.checked += claim.what == "checkpoint"

    def _check_signatures(self, claim: _Claim, name: str) -> None:
        signed = open_checkpoint(claim.note, self._keys, self._log.origin)
        if self._log.own and claim.time:
            self._check_row(claim, claim.time, signed.time, name)

    def _check_row(self, claim: _Claim, said: datetime, time: int | None, name: str) -> None:
        """Check what the row of an own checkpoint says of its note: our second, and the lines of others.

        The keys of others are the federation's business; here each of their lines must be one that was verified.
        """
        others = split_lines(claim.note, self._keys).others
        if (time, len(others)) != (int(said.timestamp()), said.microsecond):
            raise LedgerDamaged(
                f"{name} is cosigned for another time, or by another number of nodes, than its row says",
                claim.what,
                claim.size,
            )
        for line in others:
            if not find_line(self._log.id, claim.size, line):
                raise LedgerDamaged(
                    f"{name} has a line of {line.name} that was never kept as its cosignature", claim.what, claim.size
                )


def _checkpoints(log_id: int) -> Iterator[_Claim]:
    """Yield a log's checkpoints by size and time, a page at a time."""
    after: tuple[Any, ...] = (-1, datetime.min.replace(tzinfo=UTC))
    while rows := fetch_all(
        "SELECT size, time, root, note FROM ledger_checkpoint WHERE log_id = %s AND (size, time) > (%s, %s) "
        "ORDER BY size, time LIMIT %s",
        (log_id, *after, _PAGE),
    ):
        for size, time, root, note in rows:
            yield _Claim(size, time, root, note, "checkpoint")
        after = rows[-1][:2]


def _guard_claim(note: bytes | None) -> Iterator[_Claim]:
    if note is not None:
        head = parse_checkpoint_note(note)[1]
        yield _Claim(head.size, None, head.root, note, "guard")


def _check_ends(log: LogRow, frontier: Frontier) -> None:
    """Check that nothing is stored beyond the log's size, and that its row fits its entries."""
    row = fetch_one("SELECT frontier FROM ledger_log WHERE id = %s", (log.id,))
    if row is None or row[0] != frontier.to_bytes():
        raise LedgerDamaged("the log's frontier does not follow from its entries", "frontier", log.size)
    row = fetch_one("SELECT max(index) FROM ledger_entry WHERE log_id = %s", (log.id,))
    if row is not None and row[0] is not None and row[0] >= log.size:
        raise LedgerDamaged(f"entry {log.size} is stored beyond the log's {log.size} entries", "entry", log.size)
    for level, number in fetch_all(
        "SELECT level, max(index) FROM ledger_tile WHERE log_id = %s GROUP BY level", (log.id,)
    ):
        if (number + 1) * WIDTH > count_hashes(level, log.size):
            raise LedgerDamaged(f"tile {number} of level {level} is stored, its entries are not", "tile", number)
