"""Anchored batches in the ledger of a node in memory (tests/peers.py), and receipts from it.

Credentials are digests here; the cast and the keys are those of tests/ledgers.py and tests/peers.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from register.credentials.batch_paths import ALGORITHM
from register.credentials.batch_tree import BatchTree, build_tree
from register.credentials.commitments import commit
from register.credentials.ports import LedgerKeys
from register.credentials.receipts import Receipt
from tests import ledgers
from tests.peers import LOG, WITNESS, Peer

BATCH = ledgers.make_id(0xBA)
KNOWN = LedgerKeys(ledgers.ORIGIN, (str(LOG.verifier),), (str(WITNESS.verifier),))
"""The keys of that node as somebody knows them who has reason to believe them."""


def find_ledger(origin: str) -> LedgerKeys | None:
    """Know that one ledger."""
    return KNOWN if origin == ledgers.ORIGIN else None


def make_digests(count: int, *, of: str = "credential") -> list[bytes]:
    """Return digests of so many credentials, the same in each run."""
    return [sha256(f"{of} {number}".encode()).digest() for number in range(count)]


def make_salt(digest: bytes) -> bytes:
    """Return the salt that a digest has in these tests; real ones are random."""
    return sha256(b"salt" + digest).digest()[:16]


@dataclass(frozen=True)
class Batch:
    """A batch as its issuer holds it: digests, the tree, and the index of the entry that anchors it."""

    peer: Peer
    digests: Sequence[bytes]
    tree: BatchTree
    index: int

    def receipt(self, position: int) -> Receipt:
        """Return the receipt of one of its credentials."""
        digest = self.digests[position]
        entry = self.peer.entries[self.index]
        return Receipt(
            salt=make_salt(digest),
            target=commit(digest, make_salt(digest)),
            root=self.tree.root,
            path=self.tree.find_path(position),
            batch=f"{ledgers.SOURCE}/batches/{BATCH}",
            entry=entry,
            tlog_proof=self.peer.receipt(self.index).encode(),
            keys=(str(LOG.verifier), str(WITNESS.verifier)),
        )


def anchor(peer: Peer, digests: Sequence[bytes], **fields: Any) -> Batch:
    """Let Utopia anchor a batch of these digests; `fields` override what the entry says."""
    tree = build_tree([commit(digest, make_salt(digest)) for digest in digests])
    terms = {"issuer": ledgers.UTOPIA, "root": tree.root.hex(), "count": tree.count, "tree_algorithm": ALGORITHM}
    actor = ledgers.as_issuer(ledgers.UTOPIA)
    step = peer.ledger.say("credentials.anchored", f"/batches/{BATCH}", {**terms, "actor": actor, **fields})
    return Batch(peer, digests, tree, step.index)
