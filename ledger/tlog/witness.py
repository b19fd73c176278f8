"""The witness protocol's `add-checkpoint` as pure functions (C2SP tlog-witness).

Whoever serves it parses the body, locks the origin's row, decides, stores, answers, in one transaction: two requests
from the same base must not both be cosigned.

| condition, in this order | error | status |
|---|---|---|
| body malformed | `RequestMalformed` | 400 |
| origin unknown | `OriginUnknown` | 404 |
| no valid signature by a trusted key, or a bad one | `SignatureRefused` | 403 |
| old size above the checkpoint's | `OldSizeTooLarge` | 400 |
| old size not the one last cosigned | `OldSizeConflict` | 409, with that size |
| wrong empty root, proof or root | `CheckpointRefused` | 422 |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ledger.tlog.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, parse_checkpoint_note
from ledger.tlog.errors import ProofInvalid, TlogError
from ledger.tlog.lines import decode_decimal, decode_proof, encode_proof
from ledger.tlog.merkle import EMPTY_ROOT, check_consistency
from ledger.tlog.note import COSIGNATURE, Note, Signature, VerifiedSignature, VerifierKey, open_note
from ledger.tlog.note import parse_signature_lines as parse_lines

MAX_BODY = 16 * 1024
SIZE_TYPE = "text/x.tlog.size"


class WitnessRefusal(TlogError):
    """Base of the reasons for not cosigning; `status` is the HTTP status of the answer."""

    status: ClassVar[int] = 400


class RequestMalformed(WitnessRefusal):
    """The body is not `old N`, proof lines, an empty line and a checkpoint."""


class OriginUnknown(WitnessRefusal):
    """No trusted key is configured for the checkpoint's origin."""

    status = 404


class SignatureRefused(WitnessRefusal):
    """No trusted key of the origin signed, or a line under one does not verify."""

    status = 403


class OldSizeTooLarge(WitnessRefusal):
    """The old size exceeds the checkpoint's size."""


class OldSizeConflict(WitnessRefusal):
    """The old size is not the size last cosigned; `body` tells it, as `text/x.tlog.size`."""

    status = 409

    def __init__(self, message: str, size: int) -> None:
        super().__init__(message)
        self.size = size
        self.body = b"%d\n" % size


class CheckpointRefused(WitnessRefusal):
    """The checkpoint is signed but not shown to extend the one last cosigned: keep `signed` and `proof` as evidence."""

    status = 422

    def __init__(self, message: str, signed: SignedCheckpoint, proof: Sequence[bytes]) -> None:
        super().__init__(message)
        self.signed = signed
        self.proof = tuple(proof)


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A parsed request: nothing in it is verified, the checkpoint's origin included."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes
    checkpoint: Checkpoint

    @property
    def origin(self) -> str:
        """The origin the checkpoint claims: find its keys and its last state by it."""
        return self.checkpoint.origin


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness remembers of a log: size and root of the checkpoint it cosigned last."""

    size: int = 0
    root: bytes = EMPTY_ROOT


def format_add_checkpoint(old_size: int, proof: Iterable[bytes], note: bytes) -> bytes:
    """Write a request body; a body no witness would accept raises `RequestMalformed`."""
    body = f"old {old_size}\n{encode_proof(proof)}\n".encode() + note
    parse_add_checkpoint(body)
    return body


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Read a request body of at most 16 KiB and 63 proof lines; raises `RequestMalformed`."""
    if len(body) > MAX_BODY:
        raise RequestMalformed(f"expected a body of at most {MAX_BODY} bytes, got {len(body)}")
    head, separator, note = body.partition(b"\n\n")
    try:
        first, *rows = head.decode("ascii").split("\n")
        if not separator or not first.startswith("old "):
            raise ValueError("expected 'old N', proof lines, an empty line and a checkpoint")
        _, checkpoint = parse_checkpoint_note(note)
        return AddCheckpoint(decode_decimal(first.removeprefix("old ")), decode_proof(rows), note, checkpoint)
    except ValueError as error:
        raise RequestMalformed(f"not an add-checkpoint request: {error}") from error


def decide_add_checkpoint(
    request: AddCheckpoint, keys: Sequence[VerifierKey], last: Cosigned, witness: VerifierKey
) -> SignedCheckpoint:
    """Decide whether to cosign: returns what to store (`to_verified_bytes`) and to sign (`text`), or raises.

    `keys` are the trusted log keys of the request's origin (none: unknown origin), `last` is the state read under
    the lock that also guards the store. A log that has the name or the key of the witness itself is refused as
    unknown: its signatures and the witness's would no longer be separate statements.
    """
    own = request.origin == witness.name or any(key.public_key == witness.public_key for key in keys)
    if own or not keys:
        raise OriginUnknown(
            f"expected a log this witness follows, got {request.origin[:80]!r}; ask its operator to add it"
        )
    signed = _open(request, keys)
    head = signed.checkpoint
    if request.old_size > head.size:
        raise OldSizeTooLarge(f"expected an old size of at most {head.size}, got {request.old_size}")
    if request.old_size != last.size:
        raise OldSizeConflict(f"expected old size {last.size}, got {request.old_size}; prove from there", last.size)
    try:
        check_consistency(request.proof, last.size, head.size, last.root, head.root)
    except ProofInvalid as error:
        raise CheckpointRefused(str(error), signed, request.proof) from error
    return signed


def format_cosignatures(signatures: Sequence[Signature]) -> bytes:
    """Write the body of the 200 answer: signature lines only."""
    return "".join(signature.line for signature in signatures).encode()


def parse_cosignatures(body: bytes, text: str, keys: Sequence[VerifierKey]) -> tuple[VerifiedSignature, ...]:
    """Read a witness's 200 answer for the checkpoint text sent, keeping only lines verified under trusted keys.

    Raises `NoteMalformed`, `SignatureInvalid`, or `UnknownKey` when no trusted witness key cosigned.
    """
    if len(body) > MAX_BODY:
        raise RequestMalformed(f"expected an answer of at most {MAX_BODY} bytes, got {len(body)}")
    witness_keys = [key for key in keys if key.type == COSIGNATURE]
    return open_note(Note(text, parse_lines(body)), witness_keys).verified


def parse_conflict(body: bytes) -> int | None:
    """Read a 409 answer: the size the witness cosigned last, or None for a body that does not say.

    Some witnesses answer a bare 409 where the text asks for 422: without a size there is nothing to retry from.
    """
    try:
        return decode_decimal(body.decode("ascii").removesuffix("\n"))
    except ValueError:
        return None


def _open(request: AddCheckpoint, keys: Sequence[VerifierKey]) -> SignedCheckpoint:
    try:
        return open_checkpoint(request.note, keys, request.origin)
    except TlogError as error:  # two keys that share a name and key ID, too, which whoever rotates to them can make
        raise SignatureRefused(str(error)) from error
