"""Countersignatures of our own log: lines of other nodes' witnesses, kept, and put under our newest checkpoint.

Rows of checkpoints are never changed, so a fuller note is a further row of the same size and root. Its `time` is the
second of our own witness's line and, in microseconds, the number of lines that are not this node's: the fullest note of
a second is the newest row, and receipts are written under it from then on. Where nobody has countersigned, the
microseconds are none, as `publish` writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from ledger.database import execute, fetch_one
from ledger.errors import NotCovered
from ledger.logs import SignedCheckpointRow
from ledger.signer import read_verifiers
from ledger.tlog.checkpoint import add_signatures, open_checkpoint
from ledger.tlog.note import Signature, VerifierKey, parse_note

MAX_LINES = 16
"""Signature lines in a note of ours. Readers must accept sixteen and may refuse more (C2SP signed-note, Signatures)."""

_LOCK_CLASS = 0x7F11
"""First key of the advisory lock of those who add lines; the second is the log's id."""

_NEWEST_OF_TREE = """
    SELECT c.size, c.root, c.time, c.note, l.id, l.origin FROM ledger_log l
    JOIN ledger_checkpoint c ON c.log_id = l.id
    WHERE l.origin = %s AND l.own AND c.size = %s AND c.root = %s ORDER BY c.time DESC LIMIT 1
"""


class Lines(NamedTuple):
    """A note's signature lines: those of this node's keys, and all others, one a key."""

    own: tuple[Signature, ...]
    others: tuple[Signature, ...]


def attach(origin: str, size: int, root: bytes, lines: Sequence[Signature]) -> SignedCheckpointRow:
    """Keep witnesses' lines under our checkpoint of that tree and return the newest, fullest row of it.

    The caller has verified each line (type 0x04) under a key it trusts. A line replaces an older one of its key; lines
    under our own keys are passed over, and a second one of a name for one second (another key, or another signature of
    the same, which Ed25519 lets its owner make). All others are kept as cosignatures; the note takes as many as
    `MAX_LINES` allows, first come. Raises `NotCovered` when we signed no such tree, and `RuntimeError` inside a
    transaction, whose commit it would keep from waiting for the disk. Losing the rows in a crash is harmless: the next
    announcement brings the lines again.
    """
    with transaction.atomic(durable=True):
        head = _lock(origin, size, root)
        keys = read_verifiers()
        known = {(key.name, key.key_id) for key in keys}
        fresh = {(line.name, line.key_id): line for line in lines if (line.name, line.key_id) not in known}
        fresh = {key: line for key, line in fresh.items() if _keep(head, line)}
        present = split_lines(head.note, keys)
        others = {(line.name, line.key_id): line for line in present.others} | fresh
        room = max(MAX_LINES - len(present.own), 0)
        fitting = list(others.values())[:room]
        note = add_signatures(head.note, fitting)
        if note == head.note:
            return head
        time = datetime.fromtimestamp(_own_second(head, keys), UTC) + timedelta(microseconds=len(fitting))
        return _store(head._replace(time=time, note=note))


def split_lines(note: bytes, own_keys: Sequence[VerifierKey]) -> Lines:
    """Tell which of a note's lines name this node's keys and which do not; nothing is verified."""
    known = {(key.name, key.key_id) for key in own_keys}
    lines = parse_note(note).signatures
    own = tuple(line for line in lines if (line.name, line.key_id) in known)
    return Lines(own, tuple(line for line in lines if (line.name, line.key_id) not in known))


def find_line(log_id: int, size: int, line: Signature) -> bool:
    """Tell whether exactly this line was kept as a cosignature of that size."""
    row = fetch_one(
        "SELECT 1 FROM ledger_cosignature WHERE log_id = %s AND size = %s AND key_name = %s AND line = %s",
        (log_id, size, line.name, line.line.encode()),
    )
    return row is not None


def _lock(origin: str, size: int, root: bytes) -> SignedCheckpointRow:
    """Take the lock of those who add lines, let the commit not wait for the disk, and read the newest row."""
    execute(
        "SELECT set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(%s, id)::text "
        "FROM ledger_log WHERE origin = %s",
        (_LOCK_CLASS, origin),
    )
    row = fetch_one(_NEWEST_OF_TREE, (origin, size, root))
    if row is None:
        raise NotCovered(f"expected our own checkpoint of {origin} of {size} entries and root {root.hex()}, found none")
    return SignedCheckpointRow(*row)


def _own_second(head: SignedCheckpointRow, keys: Sequence[VerifierKey]) -> int:
    """Return the second of our own witness's line, which every checkpoint we signed carries."""
    time = open_checkpoint(head.note, keys, head.origin).time
    if time is None:
        raise NotCovered(f"expected our own cosignature under the checkpoint of {head.origin} of {head.size} entries")
    return time


def _keep(head: SignedCheckpointRow, line: Signature) -> bool:
    """Keep a line as a cosignature; tell whether it is the one kept of its name and second."""
    time = datetime.fromtimestamp(line.time, UTC)
    added = execute(
        "INSERT INTO ledger_cosignature (log_id, size, key_name, time, root, line) "
        "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (head.log_id, head.size, line.name, time, head.root, line.line.encode()),
    )
    return bool(added) or find_line(head.log_id, head.size, line)


def _store(row: SignedCheckpointRow) -> SignedCheckpointRow:
    """Insert the fuller note; where that second has one of as many lines already, that one stays."""
    execute(
        "INSERT INTO ledger_checkpoint (log_id, size, time, root, note) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        (row.log_id, row.size, row.time, row.root, row.note),
    )
    kept = fetch_one(_NEWEST_OF_TREE, (row.origin, row.size, row.root))
    return SignedCheckpointRow(*kept) if kept else row
