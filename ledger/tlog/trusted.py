"""What is trusted of one log, as a state machine without I/O: bytes in, an exception or the next state out.

A state is keyed by the origin and keys *configured* for the log, never by what a server says of itself. It holds the
latest verified checkpoint and, behind or level with it, the frontier of the entries accepted so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.tlog.errors import InconsistentCheckpoints, ProofInvalid, Rollback, Stale, TlogError
from ledger.tlog.merkle import EMPTY_ROOT, Frontier, NodeReader, check_consistency, hash_leaves, read_root
from ledger.tlog.note import VerifierKey
from ledger.tlog.tiles import MAX_ENTRY


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """One log as trusted now: `size` and `root` are signed by it, `note` proves that, `frontier` holds its entries.

    `note` contains only lines that verified, so it always opens again under the same keys. `time` is the latest
    trusted cosignature time in it (POSIX seconds), None without one.
    """

    origin: str
    keys: tuple[VerifierKey, ...]
    size: int = 0
    root: bytes = EMPTY_ROOT
    note: bytes | None = None
    time: int | None = None
    frontier: Frontier = field(default_factory=Frontier)


def resume(origin: str, keys: Sequence[VerifierKey], note: bytes | None, frontier: Frontier) -> TrustedLog:
    """Rebuild a state from what was stored, verifying the note again; `keys` must include keys since retired.

    Raises as `open_checkpoint` does, and `TlogError` when more entries were accepted than the note signs.
    """
    state = TrustedLog(origin, tuple(keys), frontier=frontier)
    if note is not None:
        state = _adopt(state, open_checkpoint(note, keys, origin))
    if frontier.size > state.size:
        raise TlogError(f"expected at most {state.size} accepted entries, got {frontier.size}; restore both together")
    if frontier.size == state.size and frontier.root() != state.root:
        raise ProofInvalid(f"expected accepted entries of {origin} to hash to {state.root.hex()}; replay them from 0")
    return state


def advance(state: TrustedLog, note: bytes, proof: Sequence[bytes] = ()) -> TrustedLog:
    """Take the log's next checkpoint: same size (a refresh) with no proof, or larger with a consistency proof.

    From a state without checkpoint the proof is empty: the configured keys are all there is to go by. Raises as
    `open_checkpoint` does; `Rollback` for a smaller tree; `InconsistentCheckpoints`, with both notes, when
    the trees do not belong together. A refresh with an older time than known leaves the state as it is.
    """
    signed = open_checkpoint(note, state.keys, state.origin)
    head = signed.checkpoint
    newer = signed.to_verified_bytes()
    if head.size < state.size:
        raise Rollback(
            f"expected {state.origin} to have at least {state.size} entries as signed before, got {head.size}; "
            "the log was rolled back or an old checkpoint is served: keep both notes",
            state.note,
            newer,
        )
    try:
        check_consistency(proof, state.size, head.size, state.root, head.root)
    except ProofInvalid as error:
        # From size 0 there is no history to contradict: what failed is the request itself.
        if state.size == 0:
            raise
        forked = head.size == state.size and head.root != state.root
        raise InconsistentCheckpoints(str(error), state.note, newer, proof, conclusive=forked) from error
    if head.size == state.size and state.note is not None and (signed.time or 0) < (state.time or 0):
        return state
    return _adopt(state, signed)


def accept_entries(state: TrustedLog, start: int, entries: Sequence[bytes], proof: Sequence[bytes] = ()) -> TrustedLog:
    """Accept a run of entries that follows the accepted ones, once it is shown to be of the signed tree.

    When the run ends before the checkpoint, `proof` is the consistency proof from its end to the checkpoint's size.
    Every entry is hashed into the frontier, so none can differ from what the root commits to. Raises `ProofInvalid`
    and accepts nothing otherwise.
    """
    if start != state.frontier.size or start + len(entries) > state.size:
        raise ProofInvalid(
            f"expected entries from {state.frontier.size} up to {state.size}, got {start} to {start + len(entries)}; "
            "continue where the accepted entries end"
        )
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise ProofInvalid(f"expected entries of at most {MAX_ENTRY} bytes, got a longer one")
    frontier = state.frontier.append(hash_leaves(entries))
    try:
        check_consistency(proof, frontier.size, state.size, frontier.root(), state.root)
    except ProofInvalid as error:
        raise ProofInvalid(
            f"entries {start} to {frontier.size} of {state.origin} are not those it signed: {error}"
        ) from error
    return replace(state, frontier=frontier)


def check_prefix(older: SignedCheckpoint, newer: SignedCheckpoint, reader: NodeReader) -> None:
    """Check two signed checkpoints against each other with nodes already authenticated up to the newer root.

    `reader` must be a `TileReader` of the newer checkpoint, or as trustworthy: then a difference convicts the log and
    raises a conclusive `InconsistentCheckpoints`.
    """
    if older.checkpoint.origin != newer.checkpoint.origin or older.checkpoint.size > newer.checkpoint.size:
        raise TlogError("expected an older and a newer checkpoint of one log; pass them in order")
    root = newer.checkpoint.root
    if older.checkpoint.size < newer.checkpoint.size:
        root = read_root(older.checkpoint.size, reader)
    if root != older.checkpoint.root:
        raise InconsistentCheckpoints(
            f"expected the first {older.checkpoint.size} entries of {older.checkpoint.origin} to hash to "
            f"{older.checkpoint.root.hex()} as signed before, got {root.hex()}; the log forked",
            older.to_verified_bytes(),
            newer.to_verified_bytes(),
            (),
            conclusive=True,
        )


def check_freshness(signed: SignedCheckpoint, now: int, max_age: int, *, witnesses: int = 1, skew: int = 60) -> int:
    """Return the checkpoint's age in seconds, by the `witnesses`-th latest cosignature, or raise `Stale`.

    `now` is POSIX seconds. Times more than `skew` seconds ahead are refused: they would keep a dead log fresh.
    """
    times = sorted((cosignature.time for cosignature in signed.cosignatures), reverse=True)
    if len(times) < max(witnesses, 1):
        raise Stale(
            f"expected a time by {max(witnesses, 1)} trusted witness keys, got {len(times)}; freshness is unknown"
        )
    if times[0] > now + skew:
        raise Stale(f"expected no time after now, got one {times[0] - now} s ahead; check the clocks")
    age = max(now - times[max(witnesses, 1) - 1], 0)
    if age > max_age:
        raise Stale(f"expected a checkpoint at most {max_age} s old, got one of {age} s; newer entries may be withheld")
    return age


def check_clock(last: int | None, now: int) -> None:
    """Raise `Stale` when the clock is behind the time last signed: a log must not sign with a time gone back."""
    if last is not None and now < last:
        raise Stale(f"expected a time not before the last signed {last}, got {now}; set the clock before signing")


def _adopt(state: TrustedLog, signed: SignedCheckpoint) -> TrustedLog:
    head = signed.checkpoint
    return replace(state, size=head.size, root=head.root, note=signed.to_verified_bytes(), time=signed.time)
