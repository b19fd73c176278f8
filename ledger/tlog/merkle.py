"""The Merkle tree of RFC 9162 section 2.1: hash, grow, prove and check.

Hashes are 32 raw bytes, sizes and indexes are ints from 0 to 2**63-1. Proving takes a `NodeReader`, so the same
code serves a database, a list in a test and a peer's tiles. Checking needs nothing but its arguments; a check
raises `ProofInvalid` or returns, never a bool.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

from ledger.tlog.errors import NodeMissing, ProofInvalid, TlogError
from ledger.tlog.lines import HASH_SIZE, MAX_UINT63

EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves (RFC 9162 section 2.1.1)."""


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A perfect subtree: the leaves `[index * 2**level, (index + 1) * 2**level)`."""

    level: int
    index: int


class NodeReader(Protocol):
    """Whoever knows the hashes of perfect subtrees: a table, a list, a peer's tiles."""

    def read_nodes(self, nodes: Sequence[Node]) -> Sequence[bytes]:
        """Return one 32-byte hash per node, in the order asked; called at most once per proof."""


Plan = tuple[tuple[Node, ...], ...]
"""The perfect subtrees a proof is made of: one group per proof hash, each group left to right."""


def hash_leaf(data: bytes) -> bytes:
    """Hash an entry: SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def hash_leaves(entries: Iterable[bytes]) -> list[bytes]:
    """Hash many entries at once, as `hash_leaf` does one by one."""
    digest = sha256
    return [digest(b"\x00" + entry).digest() for entry in entries]


def hash_children(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def hash_pairs(hashes: Sequence[bytes]) -> list[bytes]:
    """Hash neighbours two by two into the level above; an odd last one is left out."""
    digest = sha256
    pairs = iter(hashes)
    return [digest(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]


def fold_peaks(peaks: Sequence[bytes]) -> bytes:
    """Hash perfect subtrees that stand side by side, largest first, into one: from the right to the left."""
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = hash_children(peak, root)
    return root


class NewNodes(NamedTuple):
    """The perfect subtrees of one level that a run of leaves completed: indexes `first`, `first + 1`, …"""

    level: int
    first: int
    hashes: list[bytes]


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed to append and to know the root: the perfect subtrees a tree ends in, largest first.

    `size` has one set bit per peak (a compact range from 0). Raises `TlogError` when they do not fit.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_UINT63 or len(self.peaks) != self.size.bit_count():
            raise TlogError(
                f"expected {max(self.size, 0).bit_count()} peaks for a tree of {self.size} leaves, got "
                f"{len(self.peaks)}; rebuild the frontier from the leaf hashes"
            )
        _insist_on_hashes(self.peaks)

    def append(self, leaf_hashes: Sequence[bytes]) -> Frontier:
        """Return the frontier after these leaf hashes."""
        return self.grow(leaf_hashes)[0]

    def grow(self, leaf_hashes: Sequence[bytes]) -> tuple[Frontier, list[NewNodes]]:
        """Append leaf hashes and also return every subtree they completed, level by level from the leaves up.

        The first element of the list is the leaf hashes themselves; a caller that stores nodes stores all of it.
        """
        waiting = dict(zip(_set_bits(self.size), self.peaks, strict=True))
        first, hashes = self.size, list(leaf_hashes)
        grown: list[NewNodes] = []
        level = 0
        while hashes:
            grown.append(NewNodes(level, first, hashes))
            row = [waiting.pop(level), *hashes] if first & 1 else hashes
            if len(row) & 1:
                waiting[level] = row[-1]
            first, hashes, level = first >> 1, hash_pairs(row), level + 1
        size = self.size + len(leaf_hashes)
        return Frontier(size, tuple(waiting[bit] for bit in _set_bits(size))), grown

    def root(self) -> bytes:
        """Return the tree's root."""
        return fold_peaks(self.peaks) if self.peaks else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """Write as 8-byte big-endian size, then the peaks, 32 bytes each, largest first."""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @staticmethod
    def from_bytes(data: bytes) -> Frontier:
        """Read what `to_bytes` wrote; raises `TlogError` unless the length is exact."""
        if len(data) < 8 or (len(data) - 8) % HASH_SIZE:
            raise TlogError(f"expected 8 bytes of size and 32 per peak, got {len(data)} bytes; rebuild the frontier")
        peaks = tuple(data[at : at + HASH_SIZE] for at in range(8, len(data), HASH_SIZE))
        return Frontier(int.from_bytes(data[:8], "big"), peaks)


def cover(start: int, stop: int) -> tuple[Node, ...]:
    """Return the perfect subtrees that make up the leaves `[start, stop)`, left to right, largest first.

    `start` must be a multiple of the largest power of two that fits in, as every RFC 9162 split point is.
    """
    nodes = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return tuple(nodes)


def plan_inclusion(index: int, size: int) -> Plan:
    """Say which subtrees prove that leaf `index` is in the tree of `size` leaves (PATH, RFC 9162 section 2.1.3.1).

    Raises `ProofInvalid` when there is no such leaf.
    """
    if not 0 <= index < size <= MAX_UINT63:
        raise ProofInvalid(f"expected an index below the tree size {size}, got {index}; ask for an entry it holds")
    groups = []
    start, stop = 0, size
    while stop - start > 1:
        split = start + _split(stop - start)
        if index < split:
            groups.append(cover(split, stop))
            stop = split
        else:
            groups.append(cover(start, split))
            start = split
    return tuple(reversed(groups))


def plan_consistency(old: int, new: int) -> Plan:
    """Say which subtrees prove that the first `old` of `new` leaves are unchanged (PROOF, RFC 9162 section 2.1.4.1).

    Nothing is needed from size 0 or to the same size. Raises `ProofInvalid` when `old` exceeds `new`.
    """
    if not 0 <= old <= new <= MAX_UINT63:
        raise ProofInvalid(f"expected an old size from 0 to {new}, got {old}; a log never shrinks")
    if old == 0:
        return ()
    groups = []
    start, stop = 0, new
    while stop != old:
        split = start + _split(stop - start)
        if old <= split:
            groups.append(cover(split, stop))
            stop = split
        else:
            groups.append(cover(start, split))
            start = split
    if start:
        groups.append(cover(start, stop))
    return tuple(reversed(groups))


def prove_inclusion(index: int, size: int, reader: NodeReader) -> list[bytes]:
    """Return the inclusion proof of leaf `index` in the tree of `size` leaves, the leaf's sibling first."""
    return prove_inclusions((index,), size, reader)[0]


def prove_inclusions(indexes: Sequence[int], size: int, reader: NodeReader) -> list[list[bytes]]:
    """Return the inclusion proofs of many leaves with one read."""
    plans = [plan_inclusion(index, size) for index in indexes]
    known = _read(plans, reader)
    return [_fold_plan(plan, known) for plan in plans]


def prove_consistency(old: int, new: int, reader: NodeReader) -> list[bytes]:
    """Return the consistency proof from `old` to `new` leaves; empty from 0 and between equal sizes."""
    plan = plan_consistency(old, new)
    return _fold_plan(plan, _read((plan,), reader))


def read_root(size: int, reader: NodeReader) -> bytes:
    """Return the root of the first `size` leaves with one read."""
    if not 0 <= size <= MAX_UINT63:
        raise ProofInvalid(f"expected a tree size from 0 to 2^63-1, got {size}")
    if size == 0:
        return EMPTY_ROOT
    plan = (cover(0, size),)
    return _fold_plan(plan, _read((plan,), reader))[0]


def root_from_inclusion(proof: Sequence[bytes], index: int, size: int, leaf_hash: bytes) -> bytes:
    """Return the root the proof leads to (RFC 9162 section 2.1.3.2).

    Raises `ProofInvalid` unless the index is in the tree, the proof has exactly the length that index and
    size demand, and all hashes are 32 bytes.
    """
    if not 0 <= index < size <= MAX_UINT63:
        raise ProofInvalid(f"expected an index below the tree size {size}, got {index}; ask for an entry it holds")
    inner, expected = _inclusion_length(index, size)
    _insist_on_length(proof, expected, f"inclusion of {index} in {size}")
    _insist_on_hashes((leaf_hash, *proof))
    digest = sha256
    result = leaf_hash
    for level, sibling in enumerate(proof):
        # Above `inner` the leaf's path runs along the right edge, where every sibling in a proof is a left one.
        if level >= inner or index >> level & 1:
            result = digest(b"\x01" + sibling + result).digest()
        else:
            result = digest(b"\x01" + result + sibling).digest()
    return result


def check_inclusion(proof: Sequence[bytes], index: int, size: int, leaf_hash: bytes, root: bytes) -> None:
    """Check that the leaf hash stands at `index` in the tree of that size and root, or raise `ProofInvalid`."""
    _insist_on_hashes((root,))
    got = root_from_inclusion(proof, index, size, leaf_hash)
    if got != root:
        raise ProofInvalid(
            f"expected the proof to lead entry {index} to root {root.hex()} of {size} leaves, got {got.hex()}; "
            "the entry, the index or the proof is not of this tree"
        )


def check_consistency(proof: Sequence[bytes], old: int, new: int, old_root: bytes, new_root: bytes) -> None:
    """Check that the tree of `new` leaves only appended to the tree of `old` leaves, or raise `ProofInvalid`.

    Between equal sizes, and from size 0, the proof must be empty and the roots must fit (RFC 9162 section 2.1.4.2).
    """
    if not 0 <= old <= new <= MAX_UINT63:
        raise ProofInvalid(f"expected an old size from 0 to {new}, got {old}; a log never shrinks")
    _insist_on_consistency(proof, old, new)
    _insist_on_hashes((old_root, new_root))
    for size, root in ((old, old_root), (new, new_root)):
        if size == 0 and root != EMPTY_ROOT:
            raise ProofInvalid(f"expected the empty tree's root {EMPTY_ROOT.hex()}, got {root.hex()}")
    if old == 0:
        return
    got_old, got_new = _follow_consistency(proof, old, new, old_root) if old < new else (new_root, old_root)
    if got_old != old_root or got_new != new_root:
        raise ProofInvalid(
            f"expected roots {old_root.hex()} of {old} and {new_root.hex()} of {new} leaves, the proof leads to "
            f"{got_old.hex()} and {got_new.hex()}; the proof is garbled or the log forked"
        )


def roots_from_consistency(proof: Sequence[bytes], old: int, new: int, old_root: bytes) -> tuple[bytes, bytes]:
    """Return the roots of `old` and of `new` leaves the proof leads to, for 0 < old < new.

    `old_root` counts only when `old` is a power of two: such a proof leaves it out and begins from it. Raises
    `ProofInvalid` for other sizes, and unless the proof has exactly the length they demand in hashes of 32 bytes.
    """
    if not 0 < old < new <= MAX_UINT63:
        raise ProofInvalid(f"expected an old size from 1 to {new - 1}, got {old}; only those are proven by hashes")
    _insist_on_consistency(proof, old, new)
    _insist_on_hashes((old_root,))
    return _follow_consistency(proof, old, new, old_root)


def _follow_consistency(proof: Sequence[bytes], old: int, new: int, old_root: bytes) -> tuple[bytes, bytes]:
    """Follow a proof of the right length to both roots, for 0 < old < new."""
    shift = (old & -old).bit_length() - 1
    node, last = (old - 1) >> shift, (new - 1) >> shift
    path = proof if node else (old_root, *proof)
    first = second = path[0]
    for sibling in path[1:]:
        if node & 1 or node == last:
            first, second = hash_children(sibling, first), hash_children(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = hash_children(second, sibling)
        node, last = node >> 1, last >> 1
    return first, second


def _inclusion_length(index: int, size: int) -> tuple[int, int]:
    """Return how many levels the path shares nothing with the right edge, and the proof's whole length."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, inner + (index >> inner).bit_count()


def _consistency_length(old: int, new: int) -> int:
    if old in (0, new):
        return 0
    shift = (old & -old).bit_length() - 1
    _, length = _inclusion_length((old - 1) >> shift, ((new - 1) >> shift) + 1)
    return length + (old & (old - 1) != 0)


def _insist_on_consistency(proof: Sequence[bytes], old: int, new: int) -> None:
    _insist_on_length(proof, _consistency_length(old, new), f"consistency of {old} with {new}")
    _insist_on_hashes(proof)


def _read(plans: Iterable[Plan], reader: NodeReader) -> dict[Node, bytes]:
    nodes = list(dict.fromkeys(node for plan in plans for group in plan for node in group))
    if not nodes:
        return {}
    hashes = reader.read_nodes(nodes)
    if len(hashes) != len(nodes) or any(len(value) != HASH_SIZE for value in hashes):
        raise NodeMissing(f"expected {len(nodes)} hashes of 32 bytes, got {len(hashes)}; check the log's stored nodes")
    return dict(zip(nodes, hashes, strict=True))


def _fold_plan(plan: Plan, known: dict[Node, bytes]) -> list[bytes]:
    return [fold_peaks([known[node] for node in group]) for group in plan]


def _insist_on_hashes(hashes: Iterable[bytes]) -> None:
    for value in hashes:
        if len(value) != HASH_SIZE:
            raise ProofInvalid(f"expected hashes of 32 bytes, got one of {len(value)}; never truncate a hash")


def _insist_on_length(proof: Sequence[bytes], expected: int, what: str) -> None:
    if len(proof) != expected:
        raise ProofInvalid(f"expected exactly {expected} hashes to prove the {what}, got {len(proof)}")


def _set_bits(number: int) -> list[int]:
    return [bit for bit in range(number.bit_length() - 1, -1, -1) if number >> bit & 1]


def _split(count: int) -> int:
    """Return the largest power of two smaller than `count` (at least 2)."""
    return 1 << (count - 1).bit_length() - 1
