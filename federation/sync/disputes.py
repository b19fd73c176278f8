"""What it means when a root is not the one expected: garbled entries, garbled tiles, or a log with two histories.

Only a log's own two signatures convict it. Tiles authenticated under the newer of two signed roots tell whether it
contains the older one; what cannot be authenticated accuses nobody but whoever served it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from federation.errors import CheckpointInvalid, EntriesInvalid, TransportError
from federation.remote import RemoteLog
from federation.sync.bundles import Batch
from federation.sync.targets import Target
from ledger.reader import DatabaseNodeReader, SignedCheckpointRow
from ledger.tlog.errors import TlogError
from ledger.tlog.merkle import NodeReader, hash_leaves, read_root
from ledger.tlog.tiles import WIDTH, TileReader, split_tile

Open = Callable[[bytes], Target]
"""Verifies a checkpoint of the log in question; raises `CheckpointInvalid`."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A batch served by `remote` that does not continue our copy up to the signed `target`."""

    origin: str
    head: SignedCheckpointRow | None
    target: Target
    reader: TileReader
    remote: RemoteLog
    batch: Batch

    def settle(self, open_note: Open, error: TlogError) -> NoReturn:
        """Find out who is at fault and say so.

        Raises `PeerFrozen` if the log is convicted of a fork, else `EntriesInvalid` against who served this.
        """
        try:
            self._insist_on_signed_entries()
            if self.head is not None:
                examine(self.origin, self.head.note, self.target.note, self.reader)
        except TlogError as unproven:
            self._compare_with_newest(open_note)
            raise EntriesInvalid(
                f"the tiles that {self.remote.base} serves do not lead to the root {self.origin} signed: {unproven}"
            ) from error
        raise EntriesInvalid(
            f"entries {self.batch.start} to {self.batch.end} of {self.origin} from {self.remote.base} do not continue "
            f"the copy held here: {error}"
        ) from error

    def _insist_on_signed_entries(self) -> None:
        """Raise `EntriesInvalid` naming the first entry that is not in the signed tree."""
        start, hashes = self.batch.start, hash_leaves(self.batch.entries)
        for number in range(start // WIDTH, (self.batch.end - 1) // WIDTH + 1):
            for index, signed in enumerate(split_tile(self.reader.read_tile(0, number)), number * WIDTH):
                if start <= index < self.batch.end and hashes[index - start] != signed:
                    raise EntriesInvalid(
                        f"entry {index} of {self.origin} from {self.remote.base} is not the one it signed; "
                        "nothing of it was stored"
                    )

    def _compare_with_newest(self, open_note: Open) -> None:
        """Look whether the checkpoint shown now belongs to the tree of the one we are after."""
        try:
            newest = open_note(self.remote.read_checkpoint())
            if newest.size >= self.target.size and newest.root != self.target.root:
                tiles = TileReader(newest.size, newest.root, self.remote.fetch_tiles)
                examine(self.origin, self.target.note, newest.note, tiles)
        except (TransportError, CheckpointInvalid, EntriesInvalid, TlogError):
            return  # nothing is proven: the complaint about the tiles stands


def compare_with_copy(origin: str, head: SignedCheckpointRow, target: Target) -> None:
    """Hold a checkpoint that is no larger than the newest we have against our copy, which is all authenticated.

    Returns when they agree. Raises `PeerFrozen` for another root of that size, and for a smaller tree that the peer's
    own witness vouched for later than for the larger one.
    """
    if target.size == head.size and target.root == head.root:
        return
    copy = DatabaseNodeReader(head.log_id, head.size, head.root)
    root = head.root if target.size == head.size else read_root(target.size, copy)
    if root != target.root:
        examine(origin, target.note, head.note, copy)
    elif target.time.replace(microsecond=0) > head.time:
        examine(origin, head.note, target.note, copy)


def examine(origin: str, older: bytes, newer: bytes, reader: NodeReader) -> None:
    """Have two signed checkpoints judged; returns when they prove nothing, raises `PeerFrozen` when they convict."""
    from federation import forks

    forks.examine(origin, older, newer, reader)
