"""What is known of a log as a whole: its row and its signed checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ledger.database import fetch_all, fetch_one
from ledger.errors import NotCovered, UnknownLog


class LogRow(NamedTuple):
    """A log as its row says: `size` entries, `last_time` of the newest own entry (None in a peer's)."""

    id: int
    origin: str
    own: bool
    size: int
    last_time: datetime | None


class SignedCheckpointRow(NamedTuple):
    """A stored checkpoint: `note` verbatim, `time` the second in the cosignature of the log's own witness.

    Its microseconds tell notes of one second apart, the one with most lines being the newest (see
    `ledger.cosigning`); they are no part of the time: `second` leaves them out.
    """

    size: int
    root: bytes
    time: datetime
    note: bytes
    log_id: int
    origin: str

    @property
    def second(self) -> datetime:
        """When the log's own witness vouched for it."""
        return self.time.replace(microsecond=0)


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


_NEWEST = """
    SELECT c.size, c.root, c.time, c.note, l.id, l.origin FROM ledger_log l
    JOIN LATERAL (
        SELECT size, root, time, note FROM ledger_checkpoint WHERE log_id = l.id ORDER BY size DESC, time DESC LIMIT 1
    ) c ON true WHERE l.origin = %s
"""
_FIRST_COVERING = """
    SELECT c.size, c.root, c.time, c.note, l.id, l.origin FROM ledger_log l
    JOIN LATERAL (
        SELECT size, date_trunc('second', time) AS second FROM ledger_checkpoint WHERE log_id = l.id AND size >= %s
        ORDER BY size, time LIMIT 1
    ) f ON true
    JOIN LATERAL (
        SELECT size, root, time, note FROM ledger_checkpoint
        WHERE log_id = l.id AND size = f.size AND time < f.second + interval '1 second' ORDER BY time DESC LIMIT 1
    ) c ON true WHERE l.origin = %s
"""


def latest_checkpoint(origin: str) -> SignedCheckpointRow:
    """Return the newest checkpoint of a log; raises `NotCovered` while there is none."""
    return _found(fetch_one(_NEWEST, (origin,)), origin, 0)


def first_checkpoint_covering(origin: str, size: int) -> SignedCheckpointRow:
    """Return the oldest checkpoint of at least that size, its fullest note; raises `NotCovered` while there is none."""
    return _found(fetch_one(_FIRST_COVERING, (size, origin)), origin, size)


def _found(row: Sequence[object] | None, origin: str, size: int) -> SignedCheckpointRow:
    if row is None:
        raise NotCovered(f"expected a signed checkpoint of {origin} of at least {size} entries, found none; sign first")
    return SignedCheckpointRow(*row)  # type: ignore[arg-type]
