"""Evidence: what a node's answer proves, checked entry by entry against a signed checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deploy.cli.node import Keys
from ledger.tlog.checkpoint import SignedCheckpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.proof import check_proof, parse_proof


class Unproven(Exception):
    """An answer whose proofs do not hold, or do not lead to what it says; nothing of it is believed."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Entries that are proven to stand in the ledger, by index, and the newest checkpoint that covers them."""

    entries: Mapping[int, bytes]
    size: int
    signed: SignedCheckpoint | None

    @property
    def checkpoint_time(self) -> datetime | None:
        """When the node's witness key last vouched for the checkpoint."""
        time = self.signed.time if self.signed else None
        return datetime.fromtimestamp(time, UTC) if time is not None else None


def check_evidence(answer: Mapping[str, Any], keys: Keys) -> Proven:
    """Verify every receipt of an answer; raises Unproven at the first that does not hold."""
    entries: dict[int, bytes] = {}
    newest: SignedCheckpoint | None = None
    for item in _items(answer):
        index, data, signed = _check_item(item, keys)
        if entries.setdefault(index, data) != data:
            raise Unproven(f"two different entries are offered for index {index}")
        if newest is None or signed.checkpoint.size >= newest.checkpoint.size:
            newest = signed
    size = _known_size(answer, keys.origin)
    if newest is not None and not max(entries) < size <= newest.checkpoint.size:
        raise Unproven(f"the answer speaks of {size} entries; its proofs cover others")
    return Proven(entries, size, newest)


def _items(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    items = answer.get("evidence")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Unproven("the answer carries no list of evidence")
    return items


def _check_item(item: Mapping[str, Any], keys: Keys) -> tuple[int, bytes, SignedCheckpoint]:
    origin, index, data, receipt = (item.get(name) for name in ("origin", "index", "data", "receipt"))
    if origin != keys.origin:
        raise Unproven(f"evidence from {str(origin)[:100]!r} cannot be checked with the key of {keys.origin}")
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
