"""Signing: after a write has committed, derive the new root from stored hashes, check it, sign it, store it.

Never inside the writer's transaction: what is signed must not be able to roll back. One signer at a time, and what
it signs covers everything committed, so that writers who arrive together share one signature.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from ledger import cache, guard
from ledger.database import Row, execute, fetch_one, fetch_one_after
from ledger.errors import InconsistentHistory, LedgerDamaged, NotCovered, UnknownLog
from ledger.logs import SignedCheckpointRow
from ledger.nodes import DatabaseNodeReader
from ledger.signer import node_signers
from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.errors import ProofInvalid
from ledger.tlog.merkle import Frontier, check_consistency, prove_consistency, read_root

_LOCK_CLASS = 0x7F10
"""First key of the advisory locks of signers; the second is the log's id."""

_TURN = "SELECT set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(%s, %s)::text"

_STATE = """
    SELECT l.id, l.size, l.frontier, c.size, c.root, c.time, c.note FROM ledger_log l
    LEFT JOIN LATERAL (
        SELECT size, root, time, note FROM ledger_checkpoint WHERE log_id = l.id ORDER BY size DESC, time DESC LIMIT 1
    ) c ON true WHERE l.origin = %s AND l.own
"""


class _State(NamedTuple):
    """What is committed of our log, and its newest checkpoint."""

    log_id: int
    size: int
    frontier: bytes
    signed: SignedCheckpointRow | None


def publish(origin: str, size: int | None = None, now: datetime | None = None) -> bytes:
    """Return a signed checkpoint (the note) that covers `size` entries, or all that is committed.

    Raises as `cover` does.
    """
    return cover(origin, size, now).note


def cover(origin: str, size: int | None = None, now: datetime | None = None) -> SignedCheckpointRow:
    """Return a stored checkpoint that covers the first `size` entries (default: all committed), signing if needed.

    A writer that names the size it needs is served by whoever signed past it meanwhile. Raises `RuntimeError`
    inside a transaction, `UnknownLog`, `NotCovered` when that many are not committed, `KeyUnusable`,
    `GuardUnreadable`, and, with the evidence and before anything is signed, `LedgerDamaged`, `InconsistentHistory` or
    `RolledBack`.
    """
    state = _read_state(origin)
    needed = state.size if size is None else size
    if needed > state.size:
        raise NotCovered(f"expected {needed} committed entries of {origin}, found {state.size}; sign after the commit")
    if state.signed is not None and state.signed.size >= needed:
        return state.signed
    with transaction.atomic(durable=True):
        state = _wait_for_turn(origin, state.log_id)
        if state.signed is not None and state.signed.size >= needed:
            return state.signed
        signed = _sign(origin, state, now or timezone.now())
    _tell(signed)
    return signed


def refresh(origin: str, older_than: timedelta, now: datetime | None = None) -> SignedCheckpointRow:
    """Sign the newest tree again with a new time if its checkpoint is older than that; raises as `cover` does.

    A log that is silent and one that is cut off look alike unless the checkpoint's time moves on.
    """
    moment = now or timezone.now()
    with transaction.atomic(durable=True):
        state = _wait_for_turn(origin, _read_state(origin).log_id)
        if state.signed is not None and state.signed.size == state.size and moment - state.signed.time < older_than:
            return state.signed
        signed = _sign(origin, state, moment)
    _tell(signed)
    return signed


def _tell(signed: SignedCheckpointRow) -> None:
    """Call what `ASSAY_AFTER_SIGNING` names, a function of origin and size that neither waits nor raises.

    A setting, since whoever passes checkpoints on stands above the ledger.
    """
    if name := getattr(settings, "ASSAY_AFTER_SIGNING", ""):
        import_string(name)(signed.origin, signed.size)


def _wait_for_turn(origin: str, log_id: int) -> _State:
    """Take the signers' lock until this transaction ends, and return what is committed once it is held.

    The commit of this transaction shall not wait for the disk. Losing the row in a crash is harmless: the entries it
    covers are durable, the guard file remembers the note durably, and signing the same tree again gives the same
    signature (Ed25519 is deterministic).
    """
    row = fetch_one_after(_TURN, (_LOCK_CLASS, log_id), _STATE, (origin,))
    return _as_state(origin, row)


def _read_state(origin: str) -> _State:
    return _as_state(origin, fetch_one(_STATE, (origin,)))


def _as_state(origin: str, row: Row | None) -> _State:
    if row is None:
        raise UnknownLog(f"expected our own log {origin}, found none; open it first")
    log_id, size, frontier, signed_size, root, time, note = row
    signed = None if note is None else SignedCheckpointRow(signed_size, root, time, note, log_id, origin)
    return _State(log_id, size, frontier, signed)


def _sign(origin: str, state: _State, now: datetime) -> SignedCheckpointRow:
    """Derive, check against everything signed before, sign, store and remember."""
    reader = DatabaseNodeReader(state.log_id, state.size)
    root = read_root(state.size, reader)
    if Frontier.from_bytes(state.frontier) != Frontier(state.size, reader.edge().peaks()):
        raise LedgerDamaged(f"expected the frontier of {origin} to be its stored nodes; run manage.py fsck", "frontier")
    _check_extends(origin, state, root, reader)
    signers = node_signers()
    seconds = int(max(now, state.signed.time).timestamp()) if state.signed else int(now.timestamp())
    with guard.hold(origin) as held:
        held.check(state.size, root, lambda size: _root_at(state, size), state.signed is None)
        seconds = max(seconds, held.time)
        note = sign_checkpoint(Checkpoint(origin, state.size, root), *signers.all, time=seconds)
        signed = SignedCheckpointRow(state.size, root, datetime.fromtimestamp(seconds, UTC), note, state.log_id, origin)
        _store(signed)
        held.remember(note)
    cache.edges.put((state.size, root), reader.edge())
    return signed


def _root_at(state: _State, size: int) -> bytes:
    """Return the stored tree's root at an earlier size; that of the newest checkpoint has just been checked."""
    if state.signed is not None and state.signed.size == size:
        return state.signed.root
    return read_root(size, DatabaseNodeReader(state.log_id, size))


def _check_extends(origin: str, state: _State, root: bytes, reader: DatabaseNodeReader) -> None:
    """Raise `InconsistentHistory` unless the stored tree extends the newest checkpoint."""
    signed = state.signed
    if signed is None:
        return
    try:
        if signed.size > state.size:
            raise ProofInvalid(f"the stored log ends at {state.size}")
        proof = prove_consistency(signed.size, state.size, reader)
        check_consistency(proof, signed.size, state.size, signed.root, root)
    except ProofInvalid as error:
        raise InconsistentHistory(
            f"expected {state.size} stored entries of {origin} to extend the {signed.size} signed, they do not: "
            f"{error}; nothing is signed, run manage.py fsck",
            signed.note,
            state.size,
            root,
        ) from error


def _store(signed: SignedCheckpointRow) -> None:
    execute(
        "INSERT INTO ledger_checkpoint (log_id, size, time, root, note) VALUES (%s, %s, %s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        (signed.log_id, signed.size, signed.time, signed.root, signed.note),
    )
