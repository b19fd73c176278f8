"""Who signed a checkpoint: the log, this node's own witness, and others, by the names on the note's lines.

Names alone, as they stand; that they are genuine is for those to check who hold the witnesses' keys.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.tlog.checkpoint import parse_checkpoint_note
from register.records import RegisterRecord


@dataclass(frozen=True, slots=True)
class Signers:
    """Names of those who signed: others than the log and this node's own witness, and whether the latter did."""

    own_witness: bool
    others: tuple[str, ...]


def list_signers(note: bytes, register: RegisterRecord | None) -> Signers:
    """Return who signed a checkpoint's note."""
    parsed, checkpoint = parse_checkpoint_note(note)
    names = dict.fromkeys(signature.name for signature in parsed.signatures)
    witness = register.witness_vkey.partition("+")[0] if register else ""
    others = tuple(name for name in names if name not in (checkpoint.origin, witness))
    return Signers(witness in names, others)
