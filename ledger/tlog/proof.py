"""Offline-verifiable receipts: an inclusion proof together with its checkpoint (C2SP tlog-proof, `tlog-proof@v1`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint_note
from ledger.tlog.errors import ProofMalformed
from ledger.tlog.lines import decode_base64, decode_decimal, decode_proof, encode_base64, encode_proof
from ledger.tlog.merkle import check_inclusion, hash_leaf
from ledger.tlog.note import MAX_NOTE_BYTES, VerifierKey
from ledger.tlog.policy import Policy, open_with_policy

HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A receipt as parsed: nothing in it is verified. `extra` is never authenticated."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def format_proof(index: int, hashes: Sequence[bytes], checkpoint: bytes, extra: bytes | None = None) -> str:
    """Write a receipt: header, optional extra, index, inclusion hashes from the leaf's sibling up, the checkpoint."""
    lines = [HEADER]
    if extra is not None:
        lines.append(f"extra {encode_base64(extra)}")
    lines.append(f"index {index}")
    text = "\n".join(lines) + "\n" + encode_proof(hashes) + "\n" + checkpoint.decode()
    if parse_proof(text) != TlogProof(index, tuple(hashes), checkpoint, extra):
        raise ProofMalformed("expected a proof that reads back as itself, got one that does not")
    return text


def parse_proof(data: str | bytes) -> TlogProof:
    """Read a receipt and check its form, the checkpoint's form included; raises `ProofMalformed`."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > MAX_NOTE_BYTES:
        raise ProofMalformed(f"expected a proof of at most {MAX_NOTE_BYTES} bytes, got {len(raw)}")
    head, separator, checkpoint = raw.partition(b"\n\n")
    try:
        if not separator:
            raise ValueError("expected an empty line before the checkpoint, got none; the proof is cut off")
        parse_checkpoint_note(checkpoint)
        return _parse_head(head.decode("ascii").split("\n"), checkpoint)
    except ValueError as error:
        raise ProofMalformed(f"not a {HEADER} proof: {error}") from error


def check_proof(proof: TlogProof, entry: bytes, trust: Policy | Sequence[VerifierKey]) -> SignedCheckpoint:
    """Check that exactly these entry bytes stand at the proof's index in a tree signed by a trusted log.

    With a `Policy` its quorum of witnesses is demanded too; with bare keys only the log's signature is. Raises
    `UnknownKey`, `SignatureInvalid`, `QuorumMissing` or `ProofInvalid`.
    """
    signed = _open(proof.checkpoint, trust)
    head = signed.checkpoint
    check_inclusion(proof.hashes, proof.index, head.size, hash_leaf(entry), head.root)
    return signed


def _open(checkpoint: bytes, trust: Policy | Sequence[VerifierKey]) -> SignedCheckpoint:
    return open_with_policy(checkpoint, trust) if isinstance(trust, Policy) else open_checkpoint(checkpoint, trust)


def _parse_head(lines: list[str], checkpoint: bytes) -> TlogProof:
    extra = None
    if lines.pop(0) != HEADER:
        raise ValueError(f"expected {HEADER} as the first line")
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise ValueError("expected an index line before the hashes")
    index = decode_decimal(lines.pop(0).removeprefix("index "))
    return TlogProof(index, decode_proof(lines), checkpoint, extra)
