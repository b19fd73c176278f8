"""Batch trees: commitments in, root and paths out, built by merkletools (the issuer's side only).

merkletools 1.0.3 is Chainpoint's and Blockcerts' own library. It is used to build and for nothing else: its
`validate_proof` takes an inner node for a leaf, knows no count, and reads a step that names both sides. Checking is
`batch_paths`, which does without it. Its `get_proof` walks all levels for each leaf; a million paths are written here
from its levels instead, what neighbours share only once.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from register.credentials.batch_paths import Step
from register.credentials.errors import CredentialError
from register.sentences import say

_BLOCK_HEIGHT: Final = 6
"""Of a million paths in blocks of 64 each has 6 steps of its own and shares 14: a third of the bytes."""


@dataclass(frozen=True, slots=True)
class BatchTree:
    """A built tree: its levels from the commitments up to the root, each a list of 32-byte hashes."""

    levels: tuple[Sequence[bytes], ...]

    @property
    def root(self) -> bytes:
        """The root."""
        return bytes(self.levels[-1][0])

    @property
    def count(self) -> int:
        """How many commitments there are."""
        return len(self.levels[0])

    def find_path(self, position: int) -> tuple[Step, ...]:
        """Return the path of the commitment at a position, counted from 0; raises IndexError beyond the last."""
        if not 0 <= position < self.count:
            raise IndexError(f"expected a position from 0 to {self.count - 1}, got {position}")
        steps = []
        for level in self.levels[:-1]:
            sibling = position ^ 1
            if sibling < len(level):  # else it is the odd last one, carried up
                steps.append(Step("left" if position & 1 else "right", bytes(level[sibling])))
            position >>= 1
        return tuple(steps)

    def write_blocks(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the paths of 64 commitments at a time, in order, as JSON arrays of steps.

        First the steps that all of them share, those up from the root of the block, then the steps of each up to there.
        """
        height = min(_BLOCK_HEIGHT, len(self.levels) - 1)
        for block in range(len(self.levels[height])):
            texts = [""]
            for level in range(height - 1, -1, -1):
                texts = _spread(self.levels[level], block << (height - level), texts)
            yield f"[{self._write_above(height, block)[1:]}]", [f"[{text[1:]}]" for text in texts]

    def _write_above(self, height: int, position: int) -> str:
        """Write the steps from a node up to the root, each behind a comma."""
        text = ""
        for level in self.levels[height:-1]:
            sibling = position ^ 1
            if sibling < len(level):
                text += _write_step("left" if position & 1 else "right", level[sibling])
            position >>= 1
        return text


def _spread(level: Sequence[bytes], first: int, above: Sequence[str]) -> list[str]:
    """Write the steps from the nodes of a level, from `first` on, given those from their parents."""
    texts = []
    nodes = level[first : first + 2 * len(above)]
    for left, right, text in zip(nodes[::2], nodes[1::2], above, strict=False):
        texts.append(_write_step("right", right) + text)
        texts.append(_write_step("left", left) + text)
    return [*texts, above[-1]] if len(nodes) & 1 else texts


def _write_step(side: str, sibling: bytes) -> str:
    return f',{{"{side}":"{sibling.hex()}"}}'


def build_tree(commitments: Sequence[bytes]) -> BatchTree:
    """Build the tree of `batch_paths.ALGORITHM` over commitments of 32 bytes.

    Raises CredentialError (`empty_batch`, `no_merkletools`), and ValueError for a commitment of another length.
    """
    if not commitments:
        raise CredentialError("empty_batch", say("A batch holds at least one credential; there is none to anchor."))
    if any(len(commitment) != 32 for commitment in commitments):
        raise ValueError("expected commitments of 32 bytes each")
    tools = _load_merkletools()
    tools.add_leaf([commitment.hex() for commitment in commitments])
    tools.make_tree()
    return BatchTree(tuple(reversed(tools.levels)))


def _load_merkletools() -> Any:
    """The one place that imports it. It warns of pysha3, which it does not need: hashlib has had SHA-3 since 3.6."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from merkletools import MerkleTools
    except ImportError:
        raise CredentialError(
            "no_merkletools", say("Building a batch needs merkletools: install assay[anchor].")
        ) from None
    return MerkleTools()
