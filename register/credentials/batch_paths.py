"""Paths: from a commitment up to the root of its batch, and which leaf of the tree that is.

The tree of `ALGORITHM` over n commitments of 32 bytes, in the order of the batch: neighbours are hashed two by two into
the level above, SHA-256(left || right); an odd last one is carried up as it is, never doubled; so on until one is left,
the root. That is what merkletools 1.0.3 builds (the tree of Chainpoint 2 and Blockcerts), and it has the shape of the
tree of RFC 9162 section 2.1: left of each node lies the largest power of two that is smaller than its leaves.

What the tree itself does not keep apart is kept apart here. A leaf is a commitment, the hash of more than 64 bytes that
begin with a label; a node is the hash of 64. And in a tree of n leaves every node has a sequence of turns of its own
from the root: a path is accepted only if its turns end at a leaf, so its length and the count have to fit, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from register.credentials.errors import BadReceipt
from register.sentences import say

ALGORITHM: Final = "merkletools-sha256-v1"
"""The value of `tree_algorithm` in `credentials.anchored` for the trees described above."""


class Step(NamedTuple):
    """One step of a path, the one at the leaf first: the sibling's hash, and on which side it stands."""

    side: Literal["left", "right"]
    sibling: bytes


def fold_path(leaf: bytes, path: Sequence[Step]) -> bytes:
    """Return the root to which a path leads."""
    node = leaf
    for side, sibling in path:
        node = sha256(sibling + node if side == "left" else node + sibling).digest()
    return node


def find_position(path: Sequence[Step], count: int) -> int:
    """Return which leaf of a tree of `count` a path belongs to, counted from 0.

    Raises BadReceipt (`not_a_leaf`) when its turns end elsewhere: at an inner node, or beyond a leaf.
    """
    first, leaves = 0, count
    for side, _ in reversed(path):
        if leaves < 2:
            raise BadReceipt(
                "not_a_leaf",
                say("The path is longer than any of a batch of {count}; the receipt is forged.", count=count),
            )
        half = 1 << (leaves - 1).bit_length() - 1
        if side == "left":
            first, leaves = first + half, leaves - half
        else:
            leaves = half
    if leaves != 1:
        raise BadReceipt(
            "not_a_leaf",
            say(
                "The path starts at an inner node over {leaves} of {count} in the batch; a receipt is for one.",
                leaves=leaves,
                count=count,
            ),
        )
    return first
