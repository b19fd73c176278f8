"""Where a fault of the tree lies: which entry it is when a ledger's tiles do not lead to its signed root. Pure.

Nothing here establishes that anything is sound; the fault is certain before. Everything served for the range at fault
is looked at again, unverified, for the first thing that contradicts another: an entry and its leaf, an entry and the
rules, a full tile and the hash above it. Where entries and their tile were altered alike, nothing in them does: then
the tree names the 256 entries of a full tile, and of the partial tiles at its edge, which only the signed root vouches
for, no part. Each entry's receipt is asked for, which proves those it verifies for; a node whose own nodes were
altered, too, has none to give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from ledger.tlog.checkpoint import SignedCheckpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.lines import HASH_SIZE
from ledger.tlog.merkle import hash_leaves
from ledger.tlog.tiles import ENTRIES, WIDTH, FetchTiles, hash_tile_nodes, parse_bundle, split_tile, tile_in_tree
from register.errors import RegisterError

Prove = Callable[[int, bytes], None]
"""Asks for the receipt of an entry; raises TlogError unless it proves these bytes at this index."""

Judge = Callable[[Sequence[bytes]], None]
"""Judges the next entries; raises AuditFault at the first that may not stand there."""


class AuditFault(RegisterError):
    """The first thing in a ledger that is not as it must be; `index` is the entry's, or None for the whole tree."""

    def __init__(self, index: int | None, message: str) -> None:
        super().__init__(message if index is None else f"entry {index}: {message}")
        self.index = index


def locate(
    signed: SignedCheckpoint, numbers: range, fetch: FetchTiles, judge: Judge, prove: Prove | None, error: TlogError
) -> AuditFault:
    """Return the fault behind an error in the tiles above some bundles, with the index where it can be known."""
    size = signed.checkpoint.size
    try:
        for number in numbers:
            entries, leaves = _fetch_both(number, size, fetch)
            _compare(number, entries, leaves)
            judge(entries)
            if not _fits_above(number, size, leaves, fetch):
                return _blame(number, entries, _list_unproven(number, entries, prove), error)
        found = _search(numbers, size, fetch, prove, error)
    except AuditFault as fault:
        return fault
    except TlogError as further:
        found, error = None, further
    return found or AuditFault(
        None,
        f"in entries 0 to {size - 1}, or in the tiles above them: what is served fits together but not the signed "
        f"root, and no receipts tell more ({error})",
    )


def _search(numbers: range, size: int, fetch: FetchTiles, prove: Prove | None, error: TlogError) -> AuditFault | None:
    """Look for entries without receipt, bundle by bundle, unless not even the newest of each has one."""

    def read(number: int) -> list[bytes]:
        return _fetch_both(number, size, fetch)[0]

    def has_receipts(number: int) -> bool:
        entries = read(number)
        return _is_proven(number * WIDTH + len(entries) - 1, entries[-1], prove)

    if any(has_receipts(number) for number in numbers):
        for number in numbers:
            entries = read(number)
            if unproven := _list_unproven(number, entries, prove):
                return _blame(number, entries, unproven, error)
    return None


def _fetch_both(number: int, size: int, fetch: FetchTiles) -> tuple[list[bytes], list[bytes]]:
    tiles = [tile_in_tree(level, number, size) for level in (ENTRIES, 0)]
    bundle, leaves = fetch(tiles)
    return parse_bundle(bundle, tiles[0].width), split_tile(leaves)


def _compare(number: int, entries: Sequence[bytes], leaves: Sequence[bytes]) -> None:
    for position, got in enumerate(hash_leaves(entries)):
        if leaves[position : position + 1] != [got]:
            index = number * WIDTH + position
            raise AuditFault(index, "its bytes do not hash to its leaf in the served tile; one of them was altered")


def _fits_above(number: int, size: int, leaves: Sequence[bytes], fetch: FetchTiles) -> bool:
    """Tell whether a full tile is what the tile above it says; of a partial one no tile says anything."""
    if len(leaves) < WIDTH:
        return True
    (above,) = fetch([tile_in_tree(1, number // WIDTH, size)])
    place = number % WIDTH * HASH_SIZE
    return hash_tile_nodes(leaves)[-1] == [above[place : place + HASH_SIZE]]


def _list_unproven(number: int, entries: Sequence[bytes], prove: Prove | None) -> list[int]:
    first = number * WIDTH
    return [first + at for at, entry in enumerate(entries) if not _is_proven(first + at, entry, prove)]


def _blame(number: int, entries: Sequence[bytes], unproven: Sequence[int], error: TlogError) -> AuditFault:
    """Name those entries of a bundle, all fitting their tile and within the rules, for which no receipt vouches."""
    first, last = number * WIDTH, number * WIDTH + len(entries) - 1
    if len(unproven) == 1:
        return AuditFault(unproven[0], "it was altered, and its leaf with it; all others of its tile have receipts")
    if not unproven:
        return AuditFault(None, f"in the tiles above entries {first} to {last}, all of which have receipts: {error}")
    others = "no receipt proves any of them" if len(unproven) == len(entries) else "receipts prove the others"
    return AuditFault(
        None,
        f"in entries {_list_runs(unproven)}, or in the tile above theirs: they fit their own tile, so the tree cannot "
        f"say which was altered, and {others} ({error})",
    )


def _is_proven(index: int, entry: bytes, prove: Prove | None) -> bool:
    if prove is None:
        return False
    try:
        prove(index, entry)
    except TlogError:
        return False
    return True


def _list_runs(indexes: Sequence[int]) -> str:
    runs = [[index for _, index in run] for _, run in groupby(enumerate(indexes), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
