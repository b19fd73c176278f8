"""RFC 9162 section 2.1 written down as it stands there: recursive, slow and obvious.

The fast code in `ledger.tlog.merkle` is held against this. Trees are lists of entries (bytes).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from ledger.tlog.merkle import Node


def largest_power_of_two_below(n: int) -> int:
    """Return k with k < n <= 2k, for n > 1."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(entries: Sequence[bytes]) -> bytes:
    """MTH(D[n]), section 2.1.1."""
    if len(entries) == 0:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = largest_power_of_two_below(len(entries))
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n]), section 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = largest_power_of_two_below(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def proof(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n]), section 2.1.4.1, for 0 < m < n."""
    return subproof(m, entries, True)


def subproof(m: int, entries: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), section 2.1.4.1."""
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = largest_power_of_two_below(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


class EntryList:
    """A `NodeReader` over a list of entries; `reads` counts how often it was asked."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = entries
        self.reads = 0

    def read_nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Hash each perfect subtree from its entries; one that is not complete is a bug of the asker."""
        self.reads += 1
        return [self._hash(node) for node in nodes]

    def _hash(self, node: Node) -> bytes:
        start, stop = node.index << node.level, (node.index + 1) << node.level
        assert stop <= len(self.entries), f"{node} is not complete in a tree of {len(self.entries)}"
        return mth(self.entries[start:stop])
