"""Evidence: what a node's answer proves, checked entry by entry against a signed checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deploy.cli.keys import Keys
from ledger.tlog.checkpoint import SignedCheckpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.proof import check_proof, parse_proof
from register.events import parse
from register.records import RegisterRecord
from register.trust import AskedQuestion


class Unproven(Exception):
    """An answer whose proofs do not hold, or do not lead to what it says; nothing of it is believed."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Entries that are proven to stand in the ledger, by index, and the one checkpoint that covers them all."""

    entries: Mapping[int, bytes]
    size: int
    signed: SignedCheckpoint | None

    @property
    def checkpoint_time(self) -> datetime | None:
        """When the node's witness key last vouched for the checkpoint."""
        return read_time(self.signed) if self.signed else None


def read_time(signed: SignedCheckpoint) -> datetime | None:
    """Return the time of a checkpoint's newest trusted cosignature; one beyond the calendar is no time."""
    try:
        return None if signed.time is None else datetime.fromtimestamp(signed.time, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def check_evidence(answer: Mapping[str, Any], keys: Keys) -> Proven:
    """Verify every receipt of an answer for entries of one ledger; raises Unproven at the first that does not hold.

    All of a ledger must be under one checkpoint: one that forked could otherwise prove a half of the answer in each
    history.
    """
    entries: dict[int, bytes] = {}
    head: SignedCheckpoint | None = None
    for item in _items(answer):
        if item.get("origin") != keys.origin:
            continue
        index, data, signed = check_item(item, keys)
        if entries.setdefault(index, data) != data:
            raise Unproven(f"two different entries are offered for index {index}")
        if head is not None and signed.checkpoint != head.checkpoint:
            raise Unproven(
                f"entries of {keys.origin} are proven under different checkpoints; expected one for the whole answer"
            )
        head = signed
    size = _known_size(answer, keys.origin)
    if head is not None and not max(entries) < size <= head.checkpoint.size:
        raise Unproven(f"the answer speaks of {size} entries; its proofs cover others")
    return Proven(entries, size, head)


def list_origins(answer: Mapping[str, Any]) -> list[str]:
    """Return the ledgers from which an answer brings evidence, each once."""
    return list(dict.fromkeys(str(item.get("origin")) for item in _items(answer)))


def check_transaction_time(proven: Proven, asked: AskedQuestion, origin: str) -> None:
    """Raise Unproven unless the answer rests on the entries that the question's transaction time lets it use.

    Where an instant, or the size of another ledger, cuts this one is the node's word; that no entry used is later
    than an instant can be seen here. An answer about everything now held must use all that its checkpoint covers.
    """
    named = asked.known_size if asked.known_size and asked.known_size.origin == origin else None
    if named is not None and named.size != proven.size:
        raise Unproven(f"asked as of {named.size} entries, the node answered from {proven.size}")
    if not asked.pinned and proven.signed is not None and proven.size != proven.signed.checkpoint.size:
        raise Unproven(f"the node answered from {proven.size} of {proven.signed.checkpoint.size} entries it signed")
    for index, entry in proven.entries.items():
        if asked.known_instant is not None and parse(entry).time > asked.known_instant:
            raise Unproven(f"entry {index} was recorded after the transaction time asked")


def check_own_keys(register: RegisterRecord | None, keys: Keys) -> None:
    """Raise Unproven unless the keys that sign and cosign are those that the ledger itself names, or follow from them.

    A pinned log key alone would not do: the time of a checkpoint is the witness key's word, and whoever holds no key
    of the node could cosign an old checkpoint with a witness of their own.
    """
    if register is None:
        return
    for said, used in ((register.vkey, keys.log), (register.witness_vkey, keys.witness)):
        if said not in {str(key) for key in used} | keys.former:
            raise Unproven(f"the register {register.id} says that it signs with {said}, but another one signs")


def _items(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    items = answer.get("evidence")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Unproven("the answer carries no list of evidence")
    return items


def check_item(item: Mapping[str, Any], keys: Keys) -> tuple[int, bytes, SignedCheckpoint]:
    """Verify one piece of evidence and return its index, its entry and the checkpoint; raises Unproven."""
    index, data, receipt = (item.get(name) for name in ("index", "data", "receipt"))
    if not isinstance(data, str) or not isinstance(receipt, str):
        raise Unproven("a piece of evidence lacks its entry or its receipt")
    try:
        proof, raw = parse_proof(receipt), data.encode()
        signed = check_proof(proof, raw, keys.all)
    except (TlogError, UnicodeEncodeError) as error:
        raise Unproven(f"the receipt for entry {index} does not hold: {error}") from error
    if proof.index != index:
        raise Unproven(f"the receipt offered for entry {index} is one for entry {proof.index}")
    return proof.index, raw, signed


def _known_size(answer: Mapping[str, Any], origin: str) -> int:
    question = answer.get("question")
    known = question.get("known_at") if isinstance(question, dict) else None
    size = known.get(origin) if isinstance(known, dict) else None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Unproven("the answer does not say as far as which ledger it knows")
    return size
