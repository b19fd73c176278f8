"""Receipts: portable proofs that entries are in a log (C2SP tlog-proof), checked before they are handed out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import LedgerDamaged, NotCovered
from ledger.nodes import DatabaseNodeReader
from ledger.reader import SignedCheckpointRow, latest_checkpoint
from ledger.tlog.errors import ProofInvalid
from ledger.tlog.lines import encode_proof
from ledger.tlog.merkle import check_inclusion, hash_leaf, prove_inclusions
from ledger.tlog.proof import HEADER


@dataclass(frozen=True, slots=True)
class Evidence:
    """An entry's exact bytes and its receipt (tlog-proof text)."""

    index: int
    data: bytes
    receipt: str


def read_receipts(origin: str, indexes: Sequence[int], checkpoint: SignedCheckpointRow | None = None) -> dict[int, str]:
    """Return the receipts of entries, by index, under the newest checkpoint or the one given.

    Raises as `read_evidence` does.
    """
    return {index: item.receipt for index, item in read_evidence(origin, indexes, checkpoint).items()}


def read_evidence(
    origin: str, indexes: Sequence[int], checkpoint: SignedCheckpointRow | None = None
) -> dict[int, Evidence]:
    """Return entries with their receipts, by index, with two queries however many they are.

    Raises `UnknownLog`, `NotCovered` when the checkpoint does not cover an index, and `LedgerDamaged` when the
    stored bytes do not prove themselves: a receipt that would fail elsewhere never leaves.
    """
    head = checkpoint or latest_checkpoint(origin)
    wanted = list(dict.fromkeys(indexes))
    for index in wanted:
        if not 0 <= index < head.size:
            raise NotCovered(f"expected an entry below the {head.size} signed of {origin}, got {index}; sign first")
    reader = DatabaseNodeReader(head.log_id, head.size, head.root, wanted)
    proofs = prove_inclusions(wanted, head.size, reader)
    if wanted and not reader.data:
        reader.read_nodes(())
    return {
        index: Evidence(index, *_check(reader.data.get(index), index, proof, head))
        for index, proof in zip(wanted, proofs, strict=True)
    }


def _check(data: bytes | None, index: int, proof: Sequence[bytes], head: SignedCheckpointRow) -> tuple[bytes, str]:
    if data is None:
        raise LedgerDamaged(f"expected entry {index} of {head.origin}, found none; run manage.py fsck", "entry", index)
    try:
        check_inclusion(proof, index, head.size, hash_leaf(data), head.root)
    except ProofInvalid as error:
        raise LedgerDamaged(
            f"expected entry {index} of {head.origin} to prove itself, it does not; run manage.py fsck", "entry", index
        ) from error
    return data, _format(index, proof, head.note)


def _format(index: int, proof: Sequence[bytes], note: bytes) -> str:
    """Write what `format_proof` writes, without reading the same checkpoint back once per receipt."""
    return f"{HEADER}\nindex {index}\n{encode_proof(proof)}\n{note.decode()}"
