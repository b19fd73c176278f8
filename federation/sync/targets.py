"""Checkpoints to follow: opened with the keys we know, dated by the peer's own witness, told from what is known.

The time of a peer's checkpoint is the second in the cosignature of the peer's own witness: freshness is what the peer
itself last vouched for, never our clock. Its microseconds count the further witnesses that cosigned, so that the
fullest note of a second is the newest row of `ledger_checkpoint`.

A second more than `MAX_AHEAD` ahead of our clock proves no freshness: such a checkpoint is followed like any other, but
its row keeps the time that the peer last vouched for believably (1970 if it never did). So it grows stale as if it had
said nothing, and any believable time is newer, whatever came before. The note keeps what was stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from federation.cosigners import MAX_AHEAD, keep_cosignatures, keep_own_lines, list_cosigners
from federation.errors import CheckpointInvalid
from federation.peers import Peer
from ledger.errors import NotCovered
from ledger.reader import SignedCheckpointRow, latest_checkpoint
from ledger.signer import read_verifiers
from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.note import COSIGNATURE, Note, Signature, VerifierKey, format_note, parse_note
from register.sentences import cite, say

REFRESH_STEP = timedelta(seconds=10)
"""A checkpoint of the same size, no fuller, is kept only when it is so much newer: peers must not fill our disk."""

LAST_SECOND: Final = 253_370_764_800
"""POSIX seconds of the beginning of 9999: whoever shows a later time cannot say which it is."""


@dataclass(frozen=True, slots=True)
class Target:
    """A verified checkpoint of a peer. `note` holds verified lines only; `time` as in this module's docstring.

    `ahead` is by how many seconds its stated time is ahead of our clock, 0 for one that is believed.
    """

    size: int
    root: bytes
    time: datetime
    note: bytes
    signed: SignedCheckpoint
    ahead: int = 0

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
        raise CheckpointInvalid(
            say("the checkpoint shown for {origin} is refused: {fault}", origin=peer.origin, fault=cite(error))
        ) from error
    head = signed.checkpoint
    if head.extensions:
        raise CheckpointInvalid(
            say(
                "expected origin, size and root in the checkpoint of {origin}, got {count} lines more",
                origin=peer.origin,
                count=len(head.extensions),
            )
        )
    seconds = int(now.timestamp())
    lines = parse_note(note)
    own = keep_own_lines(lines, peer.witness_keys, seconds)
    others = keep_cosignatures(lines, _other_witnesses(peer), seconds)
    kept = format_note(signed.text, [*(item.signature for item in signed.log_signatures), *own, *others])
    stated = _read_time(peer, lines, own)
    ahead = stated - seconds if stated > seconds + MAX_AHEAD else 0
    time = _read_last_time(peer.origin) if ahead else datetime.fromtimestamp(stated, UTC)
    return Target(head.size, head.root, time.replace(microsecond=len(others)), kept, signed, ahead)


def is_held(peer: Peer, note: bytes, head: SignedCheckpointRow | None) -> bool:
    """Tell whether a note says nothing but what our newest checkpoint of the peer says: the same tree, no further line.

    What is stored was verified, so nothing is verified again: most of what an idle peer shows is this. A note without a
    line of a log key and a witness key in force, or of a time that was not believed then, is to be opened all the same.
    """
    if head is None:
        return False
    try:
        shown, held = parse_note(note), parse_note(head.note)
    except TlogError:
        return False
    if shown.text != held.text or not set(shown.signatures) <= set(held.signatures):
        return False
    logs, witnesses = ({(key.name, key.key_id) for key in keys} for keys in (peer.keys, peer.witness_keys))
    times = [line.time for line in shown.signatures if (line.name, line.key_id) in witnesses]
    signed = any((line.name, line.key_id) in logs for line in shown.signatures)
    return signed and bool(times) and max(times) <= head.time.timestamp()


def _other_witnesses(peer: Peer) -> tuple[VerifierKey, ...]:
    own = [key for key in read_verifiers() if key.type == COSIGNATURE]
    return tuple(key for key in dict.fromkeys((*own, *list_cosigners())) if key not in peer.witness_keys)


def _read_last_time(origin: str) -> datetime:
    """Return when a log's witness last vouched for it believably, as far as we hold it; else the beginning of time."""
    try:
        return latest_checkpoint(origin).second
    except NotCovered:
        return datetime.fromtimestamp(0, UTC)


def _read_time(peer: Peer, note: Note, own: tuple[Signature, ...]) -> int:
    """Return the second that the peer's own witness states; raises `CheckpointInvalid` without one."""
    if own:
        stated = max(line.time for line in own)
        if stated > LAST_SECOND:
            raise CheckpointInvalid(
                say(
                    "expected a time before the year 9999 in the checkpoint of {peer}, got {time}",
                    peer=peer.name,
                    time=stated,
                )
            )
        return stated
    names = {(key.name, key.key_id) for key in peer.witness_keys}
    if any((line.name, line.key_id) in names for line in note.signatures):
        raise CheckpointInvalid(
            say(
                "expected a valid cosignature by the witness of {peer} under its checkpoint, got one that does not "
                "verify",
                peer=peer.name,
            )
        )
    raise CheckpointInvalid(
        say(
            "expected a cosignature by the witness of {peer} in its checkpoint, got none; its age is unknown",
            peer=peer.name,
        )
    )
