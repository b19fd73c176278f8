"""Audit: replay somebody's whole public ledger and believe nothing on the way. Pure; the caller fetches.

Each entry is compared with the leaf hash in its tile, each tile with the tile above it up to the signed root, and
every entry is judged by the rules in the order of the ledger. The first fault ends the audit and names the index
(register/fault_location.py). While some entries are judged, the next ones are fetched and compared in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import datetime

from ledger.tlog.checkpoint import SignedCheckpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.merkle import Frontier, Node, hash_leaves
from ledger.tlog.tiles import ENTRIES, WIDTH, FetchTiles, TileReader, parse_bundle, split_tile, tile_in_tree
from register.errors import MalformedEvent, Refused
from register.events import parse
from register.fault_location import AuditFault, Prove, locate
from register.replay import advance
from register.state import State

__all__ = ["AuditFault", "Audited", "Cut", "audit"]

_Part = tuple[list[bytes], list[bytes]]

SEGMENT = 64
"""Bundles (of 256 entries) whose leaf hashes are read together, and checked by the tiles above them."""

TOGETHER = 4
"""Bundles fetched at once, and as many are held while they are judged. One may have 16 MB when all its entries are as
long as can be, so this bounds memory."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit established: the register as its ledger says, under which checkpoint.

    `known` is the register as it was at the cut asked for, the same as `state` when none was.
    """

    state: State
    known: State
    signed: SignedCheckpoint


Cut = Callable[[int, datetime], bool]
"""Tells of an entry's index and time whether it is still among what was known."""


def audit(
    signed: SignedCheckpoint,
    fetch: FetchTiles,
    *,
    since: SignedCheckpoint | None = None,
    cut: Cut | None = None,
    prove: Prove | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Audited:
    """Replay the ledger under a signed checkpoint; `fetch` returns tiles and entry bundles by coordinates.

    `fetch` is called from another thread, once at a time. With `since`, the tree must also be a continuation of that
    earlier checkpoint; with `cut`, the state before the first entry beyond it is kept too; `prove` helps to say which
    entry is at fault. Raises AuditFault at the first fault; errors of `fetch` and `prove` pass through.
    """
    head = signed.checkpoint
    state, frontier = State(head.origin), Frontier()
    replayed = _Replayed(state, cut)
    _check_since(since, signed)
    try:
        with ThreadPoolExecutor(1, "audit") as thread:
            for entries, hashes in _one_ahead(_read(signed, fetch), thread):
                frontier = _check_since_root(frontier, hashes, since)
                replayed.extend(entries)
                progress(state.size)
    except TlogError as error:
        raise locate(signed, _segment_at(state.size, head.size), fetch, replayed.extend, prove, error) from error
    if frontier.root() != head.root:
        raise AuditFault(None, f"the {head.size} entries do not hash to the signed root; the ledger or its tiles lie")
    return Audited(state, replayed.known or state, signed)


def _check_since(since: SignedCheckpoint | None, signed: SignedCheckpoint) -> None:
    if since is None:
        return
    old, new = since.checkpoint, signed.checkpoint
    if old.origin != new.origin:
        raise AuditFault(None, f"expected an earlier checkpoint of {new.origin}, got one of {old.origin}")
    if old.size > new.size:
        raise AuditFault(None, f"the ledger shrank: {old.size} entries were signed before, {new.size} are now")


def _check_since_root(frontier: Frontier, hashes: Sequence[bytes], since: SignedCheckpoint | None) -> Frontier:
    """Grow the tree by some leaves, comparing its root on the way with that of the earlier checkpoint."""
    if since is not None and frontier.size <= since.checkpoint.size <= frontier.size + len(hashes):
        old = since.checkpoint
        if frontier.append(hashes[: old.size - frontier.size]).root() != old.root:
            raise AuditFault(None, f"history was rewritten: the first {old.size} entries are not those signed before")
    return frontier.append(hashes)


def _one_ahead(parts: Iterator[_Part], thread: ThreadPoolExecutor) -> Iterator[_Part]:
    """Yield the parts, the next one being made in the thread meanwhile."""
    coming = thread.submit(next, parts, None)
    while part := coming.result():
        coming = thread.submit(next, parts, None)
        yield part


def _segment_at(size: int, end: int) -> range:
    """Return the bundles from that of entry `size` on whose tiles are read together."""
    first, bundles = size // WIDTH, (end + WIDTH - 1) // WIDTH
    return range(first, min(first - first % SEGMENT + SEGMENT, bundles))


def _read(signed: SignedCheckpoint, fetch: FetchTiles) -> Iterator[_Part]:
    """Yield all entries and their leaf hashes, few bundles at a time."""
    size = signed.checkpoint.size
    for start in range(0, size, SEGMENT * WIDTH):
        yield from _read_segment(signed, fetch, _segment_at(start, size))


def _read_segment(signed: SignedCheckpoint, fetch: FetchTiles, numbers: range) -> Iterator[_Part]:
    """Yield entries and their leaf hashes, few bundles at a time, compared with tiles checked up to the root."""
    head = signed.checkpoint
    reader = TileReader(head.size, head.root, fetch)
    bundles = [tile_in_tree(ENTRIES, number, head.size) for number in numbers]
    reader.read_nodes([Node(0, number * WIDTH) for number in numbers])
    for start in range(0, len(bundles), TOGETHER):
        some = bundles[start : start + TOGETHER]
        entries, hashes = list[bytes](), list[bytes]()
        for tile, content in zip(some, fetch(some), strict=True):
            entries += parse_bundle(content, tile.width)
            hashes += split_tile(reader.read_tile(0, tile.index))
        _check_leaves(some[0].index * WIDTH, entries, hashes)
        yield entries, hashes


def _check_leaves(first: int, entries: Sequence[bytes], expected: Sequence[bytes]) -> None:
    for index, (got, leaf) in enumerate(zip(hash_leaves(entries), expected, strict=True), first):
        if got != leaf:
            raise AuditFault(index, "its bytes do not hash to its leaf in the signed tree; it was altered")


class _Replayed:
    """The growing state, and a copy of it from before the first entry beyond the cut."""

    def __init__(self, state: State, cut: Cut | None) -> None:
        self.known: State | None = None
        self._state = state
        self._cut = cut

    def extend(self, entries: Sequence[bytes]) -> None:
        """Judge and fold further entries; raises AuditFault naming the index of the first that may not stand there."""
        for entry in entries:
            index = self._state.size
            try:
                event = parse(entry)
                self._keep_known(index, event.time)
                advance(self._state, event, own=True)
            except MalformedEvent as error:
                raise AuditFault(index, f"is no event this software can read: {error}") from error
            except Refused as refusal:
                raise AuditFault(index, f"breaks the rules ({refusal.code}): {refusal.message}") from refusal

    def _keep_known(self, index: int, time: datetime) -> None:
        if self._cut is not None and self.known is None and not self._cut(index, time):
            self.known = _copy(self._state)


def _copy(state: State) -> State:
    """Copy a state's tables; the records in them are immutable and shared."""
    copied = {f.name: getattr(state, f.name) for f in fields(state)}
    tables = {name: dict(value) for name, value in copied.items() if isinstance(value, dict)}
    for name in ("claims", "of_issuer"):
        tables[name] = {key: dict(value) for key, value in copied[name].items()}
    return State(**{**copied, **tables})
