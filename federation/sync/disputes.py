"""What it means when a root is not the one expected: garbled entries, garbled tiles, or a log with two histories.

Only a log's own two signatures convict it. Tiles authenticated under the newer of two signed roots tell whether it
contains the older one; what cannot be authenticated accuses nobody but whoever served it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from federation import forks
from federation.errors import CheckpointInvalid, EntriesInvalid, PeerFrozen, TransportError
from federation.remote import RemoteLog
from federation.sync.bundles import Batch
from federation.sync.targets import Target
from ledger.reader import SignedCheckpointRow
from ledger.tlog.errors import TlogError
from ledger.tlog.merkle import hash_leaves
from ledger.tlog.tiles import WIDTH, TileReader, split_tile
from register.sentences import cite, say

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

    def settle(self, error: TlogError) -> NoReturn:
        """Find out who is at fault and say so.

        Raises `PeerFrozen` if the log is convicted of a fork, else `EntriesInvalid` against who served this.
        """
        try:
            self._insist_on_signed_entries()
            if self.head is not None:
                forks.examine(self.origin, self.head.note, self.target.note, self.reader, self.remote.base)
        except TlogError as unproven:
            raise EntriesInvalid(
                say(
                    "the tiles that {address} serves do not lead to the root {origin} signed: {fault}",
                    address=self.remote.base,
                    origin=self.origin,
                    fault=cite(unproven),
                )
            ) from error
        raise EntriesInvalid(
            say(
                "entries {first} to {last} of {origin} from {address} do not continue the copy held here: {fault}",
                first=self.batch.start,
                last=self.batch.end,
                origin=self.origin,
                address=self.remote.base,
                fault=cite(error),
            )
        ) from error

    def _insist_on_signed_entries(self) -> None:
        """Raise `EntriesInvalid` naming the first entry that is not in the signed tree."""
        start, hashes = self.batch.start, hash_leaves(self.batch.entries)
        for number in range(start // WIDTH, (self.batch.end - 1) // WIDTH + 1):
            for index, signed in enumerate(split_tile(self.reader.read_tile(0, number)), number * WIDTH):
                if start <= index < self.batch.end and hashes[index - start] != signed:
                    raise EntriesInvalid(
                        say(
                            "entry {index} of {origin} from {address} is not the one it signed; nothing of it was "
                            "stored",
                            index=index,
                            origin=self.origin,
                            address=self.remote.base,
                        )
                    )


def compare_with_newest(origin: str, target: Target, remote: RemoteLog, open_note: Open) -> None:
    """Hold the checkpoint that is being fetched, in vain, against the one shown now: does it still belong to the log?

    Returns when nothing is proven; raises `PeerFrozen` for a log that forked or went back meanwhile.
    """
    with suppress(TransportError, CheckpointInvalid, TlogError):
        newest = open_note(remote.read_checkpoint())
        if newest.root != target.root:
            larger = newest.size > target.size
            tiles = TileReader(newest.size, newest.root, remote.fetch_tiles) if larger else None
            forks.examine(origin, target.note, newest.note, tiles, remote.base)


def compare_with_copy(origin: str, target: Target, shown_by: str) -> None:
    """Hold a checkpoint that is no larger than the newest we have against our copy; returns when they go together.

    Raises `PeerFrozen` for a tree that is no beginning of ours, and for a smaller one that the peer's own witness
    vouched for later than for a larger one.
    """
    judged = forks.judge(forks.open_shown(origin, target.note))
    if judged.fork is not None:
        raise PeerFrozen(forks.say_forked(forks.convict(judged.fork, shown_by)))
