"""Reading a log: its entries, the nodes of its tree, its checkpoints and receipts.

Everything read here may be uncommitted if the caller's own transaction appended it; what is signed is committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ledger.database import fetch_all, fetch_one
from ledger.errors import LedgerDamaged, NotCovered, UnknownLog
from ledger.stored import read_hashes

CHUNK = 1024
"""Entries fetched at a time from large ranges."""


class LogRow(NamedTuple):
    """A log as its row says: `size` entries, `last_time` of the newest own entry (None in a peer's)."""

    id: int
    origin: str
    own: bool
    size: int
    last_time: datetime | None


class SignedCheckpointRow(NamedTuple):
    """A stored checkpoint: `note` verbatim, `time` the second in this node's own cosignature."""

    size: int
    root: bytes
    time: datetime
    note: bytes
    log_id: int
    origin: str


def get_log(origin: str) -> LogRow:
    """Return a log's row; raises `UnknownLog`."""
    row = fetch_one("SELECT id, origin, own, size, last_time FROM ledger_log WHERE origin = %s", (origin,))
    if row is None:
        raise UnknownLog(f"expected the origin of a log kept here, got {origin}; see manage.py fsck for the list")
    return LogRow(*row)


def list_logs() -> list[LogRow]:
    """Return all logs kept here, our own first."""
    return [
        LogRow(*row)
        for row in fetch_all("SELECT id, origin, own, size, last_time FROM ledger_log ORDER BY own DESC, id", ())
    ]


def read_entry(origin: str, index: int) -> bytes:
    """Return the bytes of one entry; raises `NotCovered` when the log has no such entry."""
    return read_entries(origin, index, index + 1)[0]


def read_entries(origin: str, start: int, end: int) -> list[bytes]:
    """Return the bytes of the entries `[start, end)`; raises `NotCovered` when the log is shorter."""
    return list(stream_entries(origin, start, end))


def stream_entries(origin: str, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of the entries `[start, end)` without holding more than `CHUNK` of them in memory.

    Raises `NotCovered` when the log ends before `end`, `LedgerDamaged` when it should hold an entry and does not.
    """
    log = get_log(origin)
    if not 0 <= start <= end <= log.size:
        raise NotCovered(f"expected entries of {origin} below its size {log.size}, got {start} to {end}")
    for at in range(start, end, CHUNK):
        stop = min(at + CHUNK, end)
        rows = fetch_all(
            "SELECT data FROM ledger_entry WHERE log_id = %s AND index >= %s AND index < %s ORDER BY index",
            (log.id, at, stop),
        )
        if len(rows) != stop - at:
            raise LedgerDamaged(
                f"expected {stop - at} entries of {origin} from {at}, found {len(rows)}; run manage.py fsck",
                "entry",
                at,
            )
        for row in rows:
            yield row[0]


def read_leaf_hashes(origin: str, start: int, end: int) -> list[bytes]:
    """Return the leaf hashes of the entries `[start, end)` as they are stored; raises as `stream_entries` does."""
    log = get_log(origin)
    if not 0 <= start <= end <= log.size:
        raise NotCovered(f"expected leaf hashes of {origin} below its size {log.size}, got {start} to {end}")
    return read_hashes(log.id, 0, start, end)


def find_entry(origin: str, identity: bytes) -> int | None:
    """Return the index of the own entry with that identity, or None."""
    row = fetch_one(
        "SELECT index FROM ledger_entry WHERE log_id = (SELECT id FROM ledger_log WHERE origin = %s) AND identity = %s",
        (origin, identity),
    )
    return None if row is None else int(row[0])


_NEWEST = """
    SELECT c.size, c.root, c.time, c.note, l.id, l.origin FROM ledger_log l
    JOIN LATERAL (
        SELECT size, root, time, note FROM ledger_checkpoint WHERE log_id = l.id ORDER BY size DESC, time DESC LIMIT 1
    ) c ON true WHERE l.origin = %s
"""
_FIRST_COVERING = """
    SELECT c.size, c.root, c.time, c.note, l.id, l.origin FROM ledger_log l
    JOIN LATERAL (
        SELECT size, root, time, note FROM ledger_checkpoint WHERE log_id = l.id AND size >= %s
        ORDER BY size, time LIMIT 1
    ) c ON true WHERE l.origin = %s
"""


def latest_checkpoint(origin: str) -> SignedCheckpointRow:
    """Return the newest checkpoint of a log; raises `NotCovered` while there is none."""
    return _found(fetch_one(_NEWEST, (origin,)), origin, 0)


def first_checkpoint_covering(origin: str, size: int) -> SignedCheckpointRow:
    """Return the oldest checkpoint of at least that size; raises `NotCovered` while there is none."""
    return _found(fetch_one(_FIRST_COVERING, (size, origin)), origin, size)


def _found(row: Sequence[object] | None, origin: str, size: int) -> SignedCheckpointRow:
    if row is None:
        raise NotCovered(f"expected a signed checkpoint of {origin} of at least {size} entries, found none; sign first")
    return SignedCheckpointRow(*row)  # type: ignore[arg-type]
