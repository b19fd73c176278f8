"""Signed logs in memory, over the same leaves or of their own, each with its own keys, that submit to witnesses."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.merkle import Node, hash_leaves, hash_pairs, prove_consistency, read_root
from ledger.tlog.note import COSIGNATURE, Signer
from ledger.tlog.witness import format_add_checkpoint


class Tree:
    """A Merkle tree, kept whole; reads nodes as `ledger.tlog.merkle` asks for them."""

    def __init__(self, entries: Iterable[bytes]) -> None:
        self._levels = [hash_leaves(entries)]
        while len(self._levels[-1]) > 1:
            self._levels.append(hash_pairs(self._levels[-1]))

    def read_nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hashes of perfect subtrees."""
        return [self._levels[node.level][node.index] for node in nodes]

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` leaves."""
        return read_root(size, self)


@dataclass(frozen=True)
class SignedLog:
    """The log of a node of that name: its origin, the keys of log and witness, and its tree."""

    name: str
    origin: str
    log: Signer
    witness: Signer
    tree: Tree

    def sign(self, size: int, now: float | None = None) -> bytes:
        """Return its checkpoint of that size, with the line of its own witness."""
        head = Checkpoint(self.origin, size, self.tree.root(size))
        return sign_checkpoint(head, self.log, self.witness, time=int(now or time.time()))

    def submit(self, old: int, size: int) -> bytes:
        """Return the body that asks a witness, which cosigned `old` last, to cosign `size`."""
        proof = prove_consistency(old, size, self.tree) if old else ()
        return format_add_checkpoint(old, proof, self.sign(size))


def make_log(name: str, tree: Tree) -> SignedLog:
    """Return the log of a node, with keys that follow from the node's name."""
    origin, witness = f"{name}/ledger", f"{name}/witness"
    seeds = [sha256(text.encode()).digest() for text in (origin, witness)]
    return SignedLog(
        name, origin, Signer.generate(origin, seeds[0]), Signer.generate(witness, seeds[1], COSIGNATURE), tree
    )


def describe_peer(log: SignedLog, url: str) -> dict[str, str]:
    """Return what it takes to recognise the log's node at an address (`deploy.bench.acquaintance`)."""
    keys = {"vkey": str(log.log.verifier), "witness_vkey": str(log.witness.verifier)}
    return {"origin": log.origin, "name": f"Register {log.name}", "url": url, **keys}
