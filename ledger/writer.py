"""The one door through which entries enter a log: append to our own, extend the copy of a peer's.

Everything happens in the caller's transaction, under the lock of the log's row, so indexes are dense and in
commit order, and a transaction that fails leaves nothing. After the commit, `ledger.publish` signs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction

from ledger.database import ByteaArray, execute, fetch_one, open_cursor
from ledger.errors import (
    DuplicateEntry,
    EntryTooLarge,
    LedgerDamaged,
    LedgerError,
    LockNotHeld,
    UnknownLog,
    WrongStart,
)
from ledger.full_tiles import FullTile, complete_tiles
from ledger.stored import read_hashes
from ledger.tlog.merkle import Frontier, hash_leaves
from ledger.tlog.tiles import MAX_ENTRY

FEW = 64
"""Up to so many entries are stored by one statement; more are copied."""


class Draft(NamedTuple):
    """An entry to be: its exact bytes and the 32-byte identity (SHA-256) no other entry of the log may have."""

    data: bytes
    identity: bytes


@dataclass(slots=True)
class LockedLog:
    """A log whose row this transaction holds. `time` is for the entries appended now: it never decreases.

    `append` advances `size`, so that one transaction may append several times.
    """

    log_id: int
    origin: str
    size: int
    time: datetime
    frontier: Frontier


def open_log(origin: str, own: bool) -> int:
    """Make the log of that origin unless it exists, and return its id.

    Raises `LedgerError` if a log of the other kind has the origin.
    """
    execute(
        "INSERT INTO ledger_log (origin, own, size, frontier) VALUES (%s, %s, 0, %s) ON CONFLICT (origin) DO NOTHING",
        (origin, own, Frontier().to_bytes()),
    )
    row = fetch_one("SELECT id, own FROM ledger_log WHERE origin = %s", (origin,))
    if row is None or row[1] != own:
        raise LedgerError(f"expected {origin} to be {_kind(own)} log, it is kept as the other kind")
    return int(row[0])


def lock(origin: str, now: datetime) -> LockedLog:
    """Lock our own log until the transaction ends; waits for other writers.

    `now` is the caller's clock, with a time zone; behind the newest entry's time it is raised to that. Raises
    `UnknownLog`, and `LockNotHeld` outside a transaction.
    """
    if now.tzinfo is None:
        raise LedgerError("expected a time with a time zone, got a naive one; use django.utils.timezone.now()")
    log_id, size, frontier, last_time = _lock_row(origin, own=True)
    return LockedLog(log_id, origin, size, max(now, last_time) if last_time else now, frontier)


def append(locked: LockedLog, drafts: Sequence[Draft]) -> range:
    """Append entries to the locked log and return their indexes.

    Raises `EntryTooLarge`, or `DuplicateEntry` naming the entry that has the identity; either leaves the log
    and the transaction as they were.
    """
    identities = [draft.identity for draft in drafts]
    _check_identities(identities)
    return _grow(locked, [draft.data for draft in drafts], identities, locked.time)


def extend(origin: str, start: int, entries: Sequence[bytes]) -> range:
    """Append entries that the caller has verified under a peer's checkpoint to our copy of its log.

    They must begin at our copy's size, else `WrongStart` (another worker was faster, or entries are missing).
    """
    with transaction.atomic():
        log_id, size, frontier, _ = _lock_row(origin, own=False)
        if start != size:
            raise WrongStart(
                f"expected entries of {origin} from index {size}, got them from {start}; read its size again"
            )
        locked = LockedLog(log_id, origin, size, datetime.min, frontier)
        return _grow(locked, list(entries), [None] * len(entries), None)


def record_checkpoint(origin: str, size: int, root: bytes, time: datetime, note: bytes) -> None:
    """Keep a checkpoint of a peer that the caller verified and cosigned at `time`; the same one twice is one row."""
    execute(
        "INSERT INTO ledger_checkpoint (log_id, size, time, root, note) "
        "SELECT id, %s, %s, %s, %s FROM ledger_log WHERE origin = %s ON CONFLICT DO NOTHING",
        (size, time, root, note, origin),
    )


def _kind(own: bool) -> str:
    return "our own" if own else "a peer's"


def _lock_row(origin: str, own: bool) -> tuple[int, int, Frontier, datetime | None]:
    if not connection.in_atomic_block:
        raise LockNotHeld("expected a transaction around the lock, got none; use transaction.atomic()")
    row = fetch_one(
        "SELECT id, size, frontier, last_time FROM ledger_log WHERE origin = %s AND own = %s FOR UPDATE", (origin, own)
    )
    if row is None:
        raise UnknownLog(f"expected {_kind(own)} log {origin}, found none; open it first")
    log_id, size, frontier, last_time = row
    return log_id, size, Frontier.from_bytes(frontier), last_time


def _check_identities(identities: Sequence[bytes]) -> None:
    if any(len(identity) != 32 for identity in identities):
        raise LedgerError("expected identities of 32 bytes (SHA-256), got another length")
    if len(set(identities)) == len(identities):
        return
    twice = Counter(identities).most_common(1)[0][0]
    raise DuplicateEntry("expected each entry once, got one twice in a batch; leave one out", twice, None)


def _grow(
    locked: LockedLog, entries: list[bytes], identities: Sequence[bytes | None], last_time: datetime | None
) -> range:
    """Store entries, the tiles they fill and the log's new size; the row's old size guards against a lost lock."""
    longest = max(map(len, entries), default=0)
    if longest > MAX_ENTRY:
        raise EntryTooLarge(f"expected entries of at most {MAX_ENTRY} bytes, got one of {longest}; shorten it")
    if not entries:
        return range(locked.size, locked.size)
    leaf_hashes = hash_leaves(entries)
    frontier, grown = locked.frontier.grow(leaf_hashes)

    def read_stored(level: int, start: int, stop: int) -> Sequence[bytes]:
        return read_hashes(locked.log_id, level, start, stop)

    tiles = list(complete_tiles(locked.size, frontier.size, grown, read_stored))
    if len(entries) <= FEW:
        _insert_few(locked, entries, leaf_hashes, identities, frontier, last_time)
        _copy_tiles(locked, tiles)
    else:
        _copy_many(locked, entries, leaf_hashes, identities, frontier, tiles, last_time)
    added = range(locked.size, frontier.size)
    locked.size, locked.frontier = frontier.size, frontier
    return added


def _insert_few(
    locked: LockedLog,
    entries: Sequence[bytes],
    leaf_hashes: Sequence[bytes],
    identities: Sequence[bytes | None],
    frontier: Frontier,
    last_time: datetime | None,
) -> None:
    """Store entries and the log's new size in one exchange, by the function of migration 0004."""
    arrays = (ByteaArray(entries), ByteaArray(leaf_hashes), ByteaArray(identities))
    row = fetch_one(
        "SELECT ledger_append(%s::int2, %s::int8, %b, %b, %b, %s, %s)",
        (locked.log_id, locked.size, *arrays, frontier.to_bytes(), last_time),
    )
    if row is None or row[0] is None:
        _raise_duplicate(locked, identities)
    elif not row[0]:
        raise _lock_lost(locked)


def _copy_many(
    locked: LockedLog,
    entries: Sequence[bytes],
    leaf_hashes: Sequence[bytes],
    identities: Sequence[bytes | None],
    frontier: Frontier,
    tiles: Sequence[FullTile],
    last_time: datetime | None,
) -> None:
    """Copy in a savepoint, so that a duplicate among many leaves the caller's transaction usable."""
    try:
        with transaction.atomic():
            _copy_entries(locked, entries, leaf_hashes, identities)
            _finish(locked, frontier, tiles, last_time)
    except IntegrityError as error:
        if "ledger_entry_identity" not in str(error):
            raise
        _raise_duplicate(locked, identities)


def _copy_entries(
    locked: LockedLog, entries: Sequence[bytes], leaf_hashes: Sequence[bytes], identities: Sequence[bytes | None]
) -> None:
    statement = "COPY ledger_entry (log_id, index, data, leaf_hash, identity) FROM STDIN (FORMAT BINARY)"
    with open_cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int2", "int8", "bytea", "bytea", "bytea"])
        write, log_id = copy.write_row, locked.log_id
        for row in zip(range(locked.size, locked.size + len(entries)), entries, leaf_hashes, identities, strict=True):
            write((log_id, *row))


def _finish(locked: LockedLog, frontier: Frontier, tiles: Sequence[FullTile], last_time: datetime | None) -> None:
    _copy_tiles(locked, tiles)
    updated = execute(
        "UPDATE ledger_log SET size = %s, frontier = %s, last_time = coalesce(%s, last_time) "
        "WHERE id = %s AND size = %s",
        (frontier.size, frontier.to_bytes(), last_time, locked.log_id, locked.size),
    )
    if updated != 1:
        raise _lock_lost(locked)


def _copy_tiles(locked: LockedLog, tiles: Sequence[FullTile]) -> None:
    if not tiles:
        return
    statement = "COPY ledger_tile (log_id, level, index, root, nodes) FROM STDIN (FORMAT BINARY)"
    with open_cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int2", "int2", "int8", "bytea", "bytea"])
        for tile in tiles:
            copy.write_row((locked.log_id, *tile))


def _lock_lost(locked: LockedLog) -> LockNotHeld:
    return LockNotHeld(f"expected {locked.origin} to be locked at size {locked.size}; lock it in this transaction")


def _raise_duplicate(locked: LockedLog, identities: Sequence[bytes | None]) -> None:
    row = fetch_one(
        "SELECT index, identity FROM ledger_entry WHERE log_id = %s AND identity = ANY(%s) ORDER BY index LIMIT 1",
        (locked.log_id, list(identities)),
    )
    if row is None:
        raise LedgerDamaged(
            "expected the entry that makes this one a duplicate, found none; run manage.py fsck", "entry"
        )
    raise DuplicateEntry(f"expected a new entry, entry {row[0]} says the same already; nothing to do", row[1], row[0])
