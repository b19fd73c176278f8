"""Checkpoints to follow: opened with the keys we know, dated by the peer's own witness, told from what is known.

The time of a peer's checkpoint is the second in the cosignature of the peer's own witness: freshness is what the peer
itself last vouched for, never our clock. Its microseconds count the further witnesses that cosigned, so that the
fullest note of a second is the newest row of `ledger_checkpoint`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from federation.cosigners import MAX_AHEAD, keep_cosignatures, list_cosigners
from federation.errors import CheckpointInvalid
from federation.peers import Peer
from ledger.reader import SignedCheckpointRow
from ledger.signer import read_verifiers
from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.note import COSIGNATURE, Note, Signature, VerifierKey, format_note, parse_note

REFRESH_STEP = timedelta(seconds=10)
"""A checkpoint of the same size, no fuller, is kept only when it is so much newer: peers must not fill our disk."""


@dataclass(frozen=True, slots=True)
class Target:
    """A verified checkpoint of a peer. `note` holds verified lines only; `time` as in this module's docstring."""

    size: int
    root: bytes
    time: datetime
    note: bytes
    signed: SignedCheckpoint

    def adds_to(self, head: SignedCheckpointRow | None) -> bool:
        """Tell whether it is worth keeping beside the newest checkpoint we hold."""
        if head is None or self.size != head.size:
            return head is None or self.size > head.size
        fuller = self.time.microsecond > head.time.microsecond and self.time > head.time
        return self.root != head.root or fuller or self.time >= head.time + REFRESH_STEP


def read_target(peer: Peer, note: bytes, now: datetime) -> Target:
    """Open a checkpoint that somebody showed as this peer's; raises `CheckpointInvalid`.

    The log's own lines must verify. Of all others those that verify under keys we know are kept (the peer's witnesses,
    other peers', ours): anybody can add a line, and a bad one says nothing about the log.
    """
    try:
        signed = open_checkpoint(note, peer.keys, peer.origin)
    except TlogError as error:
        raise CheckpointInvalid(f"the checkpoint shown for {peer.origin} is refused: {error}") from error
    head = signed.checkpoint
    if head.extensions:
        raise CheckpointInvalid(
            f"expected origin, size and root in the checkpoint of {peer.origin}, got {len(head.extensions)} lines more"
        )
    seconds = int(now.timestamp())
    lines = parse_note(note)
    own = keep_cosignatures(lines, peer.witness_keys, seconds)
    others = keep_cosignatures(lines, _other_witnesses(peer), seconds)
    kept = format_note(signed.text, [*(item.signature for item in signed.log_signatures), *own, *others])
    return Target(head.size, head.root, _date(peer, lines, own, len(others)), kept, signed)


def _other_witnesses(peer: Peer) -> tuple[VerifierKey, ...]:
    own = [key for key in read_verifiers() if key.type == COSIGNATURE]
    return tuple(key for key in dict.fromkeys((*own, *list_cosigners())) if key not in peer.witness_keys)


def _date(peer: Peer, note: Note, own: tuple[Signature, ...], further: int) -> datetime:
    if own:
        return datetime.fromtimestamp(max(line.time for line in own), UTC).replace(microsecond=further)
    names = {(key.name, key.key_id) for key in peer.witness_keys}
    if any((line.name, line.key_id) in names for line in note.signatures):
        raise CheckpointInvalid(
            f"expected a valid cosignature by the witness of {peer.name}, not more than {MAX_AHEAD} s ahead of our "
            "clock, got another; one of the two clocks may be wrong"
        )
    raise CheckpointInvalid(
        f"expected a cosignature by the witness of {peer.name} in its checkpoint, got none; its age is unknown"
    )
