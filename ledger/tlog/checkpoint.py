"""Checkpoints: a log's signed tree head, with timestamped cosignatures (C2SP tlog-checkpoint, tlog-cosignature).

A log signs each checkpoint with its log key (type 0x01), whose name is the log's origin. A witness key (type 0x04)
adds a cosignature with a POSIX time: "at that time this was the largest consistent tree I had seen".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.tlog.errors import CheckpointMalformed, TlogError, UnknownKey
from ledger.tlog.lines import HASH_SIZE, MAX_UINT63, decode_decimal, decode_hash, encode_base64
from ledger.tlog.merkle import EMPTY_ROOT
from ledger.tlog.note import (
    COSIGNATURE,
    ED25519,
    Note,
    Signature,
    Signer,
    VerifiedSignature,
    VerifierKey,
    format_note,
    open_note,
    parse_note,
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: whose log, how many leaves, which root. Extension lines are kept and mean nothing here."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_UINT63 or len(self.root) != HASH_SIZE:
            raise CheckpointMalformed(
                f"expected a size from 0 to 2^63-1 and a root of 32 bytes, got {self.size} and {len(self.root)} bytes"
            )
        if any(not line or "\n" in line for line in (self.origin, *self.extensions)):
            raise CheckpointMalformed("expected an origin and extension lines of one non-empty line each")


@dataclass(frozen=True, slots=True)
class Cosignature:
    """What a trusted witness key vouched for, and when (POSIX seconds)."""

    name: str
    key: VerifierKey
    time: int


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that a trusted log key signed. `raw` are the exact bytes, unknown lines included.

    `log_signatures` holds one line or more by keys named like the origin; `cosignatures` one per trusted witness
    key, the latest. `verified` are all checked lines.
    """

    checkpoint: Checkpoint
    raw: bytes
    text: str
    log_signatures: tuple[VerifiedSignature, ...]
    cosignatures: tuple[Cosignature, ...]
    verified: tuple[VerifiedSignature, ...]

    @property
    def time(self) -> int | None:
        """The latest time a trusted witness key gave, or None when none cosigned."""
        return max((cosignature.time for cosignature in self.cosignatures), default=None)

    def to_verified_bytes(self) -> bytes:
        """Return the note with the checked lines only: the form to store and to pass on."""
        return format_note(self.text, (item.signature for item in self.verified))


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Write a checkpoint as a note's text."""
    lines = (checkpoint.origin, str(checkpoint.size), encode_base64(checkpoint.root), *checkpoint.extensions)
    return "\n".join(lines) + "\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint from a note's text; raises `CheckpointMalformed`."""
    lines = text.split("\n")
    if lines[-1] or len(lines) < 4 or not all(lines[:-1]):
        raise CheckpointMalformed("expected origin, size, root and extensions on one non-empty line each")
    try:
        return Checkpoint(lines[0], decode_decimal(lines[1]), decode_hash(lines[2]), tuple(lines[3:-1]))
    except ValueError as error:
        raise CheckpointMalformed(f"checkpoint of {lines[0][:80]!r}: {error}") from error


def parse_checkpoint_note(data: bytes) -> tuple[Note, Checkpoint]:
    """Parse a note and the checkpoint in it without verifying anything, to learn the origin it claims."""
    note = parse_note(data)
    return note, parse_checkpoint(note.text)


def sign_checkpoint(checkpoint: Checkpoint, *signers: Signer, time: int | None = None) -> bytes:
    """Sign a checkpoint with the log's keys and, at `time`, with the witness keys among the signers.

    Whoever calls has checked that it is consistent with all signed before. Raises `TlogError` for keys that must
    not sign it: none named like the origin, or the same key twice.
    """
    text = format_checkpoint(checkpoint)
    if parse_checkpoint(text) != checkpoint or (checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT):
        raise CheckpointMalformed(
            "expected a checkpoint that reads back as itself, got one that does not; do not sign it"
        )
    if not any(signer.type == ED25519 for signer in signers):
        raise TlogError("expected a log key (type 1) among the signers; add the log's signer")
    if any(signer.type == ED25519 and signer.name != checkpoint.origin for signer in signers):
        raise TlogError(f"expected log keys named {checkpoint.origin}, got another name; a log signs only its own tree")
    if len({signer.seed for signer in signers}) != len(signers):
        raise TlogError("expected a different key for each signer, got one twice; separate log and witness keys")
    return format_note(text, [_sign(text, signer, time) for signer in signers])


def cosign(text: str, signer: Signer, time: int) -> Signature:
    """Cosign a checkpoint's text at a POSIX time; raises `CheckpointMalformed` when the text is no checkpoint."""
    parse_checkpoint(text)
    return signer.cosign(text, time)


def check_cosignature(text: str, signature: Signature, key: VerifierKey) -> Cosignature:
    """Check one cosignature line over a checkpoint's text and return who gave which time.

    Raises `UnknownKey` when the line is not by this key, `SignatureInvalid` when it does not verify.
    """
    if key.type != COSIGNATURE or (signature.name, signature.key_id) != (key.name, key.key_id):
        raise UnknownKey(f"expected a cosignature by {key.name}+{key.key_id.hex()}, got one by {signature.name[:80]}")
    key.check(text, signature)
    return Cosignature(key.name, key, signature.time)


def add_signatures(data: bytes, signatures: Iterable[Signature]) -> bytes:
    """Return the note with these lines added; a new line replaces older ones of the same name and key ID."""
    note = parse_note(data)
    added = list(signatures)
    replaced = {(signature.name, signature.key_id) for signature in added}
    kept = [signature for signature in note.signatures if (signature.name, signature.key_id) not in replaced]
    return format_note(note.text, [*kept, *added])


def open_checkpoint(data: bytes, keys: Sequence[VerifierKey], origin: str | None = None) -> SignedCheckpoint:
    """Verify a checkpoint against the trusted log and witness keys.

    At least one log key (type 0x01) *named like the origin in the text* must have signed, else `UnknownKey`: a log's
    key says nothing about another log. With `origin`, any other origin is `CheckpointMalformed`.
    """
    opened = open_note(data, keys)
    checkpoint = parse_checkpoint(opened.text)
    if origin is not None and checkpoint.origin != origin:
        raise CheckpointMalformed(f"expected a checkpoint of {origin}, got one of {checkpoint.origin[:80]!r}")
    logs = tuple(v for v in opened.verified if v.key.type == ED25519 and v.key.name == checkpoint.origin)
    if not logs:
        raise UnknownKey(
            f"expected a signature by a log key named {checkpoint.origin[:80]!r}, got only other keys'; check the vkey"
        )
    return SignedCheckpoint(checkpoint, data, opened.text, logs, _latest_cosignatures(opened.verified), opened.verified)


def _latest_cosignatures(verified: Sequence[VerifiedSignature]) -> tuple[Cosignature, ...]:
    latest: dict[VerifierKey, Cosignature] = {}
    for item in verified:
        if item.key.type == COSIGNATURE:
            known = latest.get(item.key)
            if known is None or known.time < item.signature.time:
                latest[item.key] = Cosignature(item.key.name, item.key, item.signature.time)
    return tuple(latest.values())


def _sign(text: str, signer: Signer, time: int | None) -> Signature:
    if signer.type == ED25519:
        return signer.sign(text)
    if time is None:
        raise TlogError("expected the time to cosign at, got none; pass POSIX seconds")
    return signer.cosign(text, time)
