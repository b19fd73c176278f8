"""Batch trees: commitments in, root and paths out, built by merkletools (the issuer's side only).

merkletools 1.0.3 is Chainpoint's and Blockcerts' own library. It is used to build and for nothing else: its
`validate_proof` takes an inner node for a leaf, knows no count, and reads a step that names both sides. Checking is
`batch_paths`, which does without it. Its `get_proof` walks all levels for each leaf; a million paths are written here
from its levels instead, what neighbours share only once.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from register.credentials.batch_paths import Step
from register.credentials.errors import CredentialError


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


def build_tree(commitments: Sequence[bytes]) -> BatchTree:
    """Build the tree of `batch_paths.ALGORITHM` over commitments of 32 bytes.

    Raises CredentialError (`empty_batch`, `no_merkletools`), and ValueError for a commitment of another length.
    """
    if not commitments:
        raise CredentialError("empty_batch", "A batch holds at least one credential; there is none to anchor.")
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
        raise CredentialError("no_merkletools", "Building a batch needs merkletools: install assay[anchor].") from None
    return MerkleTools()
