"""Audit: replay somebody's whole public ledger and believe nothing on the way. Pure; the caller fetches.

Each entry is compared with the leaf hash in its tile, each tile with the tile above it up to the signed root, and
every entry is judged by the rules in the order of the ledger. The first fault ends the audit and names the index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from ledger.tlog.checkpoint import SignedCheckpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.merkle import Frontier, Node, hash_leaves
from ledger.tlog.tiles import ENTRIES, WIDTH, FetchTiles, Tile, TileReader, parse_bundle, split_tile, tile_in_tree
from register.errors import MalformedEvent, Refused, RegisterError
from register.events import parse
from register.replay import advance
from register.state import State

SEGMENT = 64
"""Bundles (of 256 entries) whose leaf hashes are read together, and checked by the tiles above them."""

TOGETHER = 8
"""Bundles fetched at once. One may have 16 MB when all its entries are as long as can be, so this bounds memory."""


class AuditFault(RegisterError):
    """The first thing in a ledger that is not as it must be; `index` is the entry's, or None for the whole tree."""

    def __init__(self, index: int | None, message: str) -> None:
        super().__init__(message if index is None else f"entry {index}: {message}")
        self.index = index


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
    progress: Callable[[int], None] = lambda done: None,
) -> Audited:
    """Replay the ledger under a signed checkpoint; `fetch` returns tiles and entry bundles by coordinates.

    With `since`, the tree must also be a continuation of that earlier checkpoint; with `cut`, the state before the
    first entry beyond it is kept too. Raises AuditFault at the first fault; errors of `fetch` pass through.
    """
    head = signed.checkpoint
    state, frontier = State(head.origin), Frontier()
    replayed = _Replayed(state, cut)
    _check_since(since, signed)
    bundles = (head.size + WIDTH - 1) // WIDTH
    for start in range(0, bundles, SEGMENT):
        for entries in _read_segment(signed, fetch, range(start, min(start + SEGMENT, bundles))):
            frontier = _check_since_root(frontier, entries, since)
            replayed.extend(entries)
            progress(state.size)
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


def _check_since_root(frontier: Frontier, entries: Sequence[bytes], since: SignedCheckpoint | None) -> Frontier:
    """Grow the tree by a bundle, comparing its root on the way with that of the earlier checkpoint."""
    hashes = hash_leaves(entries)
    if since is not None and frontier.size <= since.checkpoint.size <= frontier.size + len(hashes):
        old = since.checkpoint
        if frontier.append(hashes[: old.size - frontier.size]).root() != old.root:
            raise AuditFault(None, f"history was rewritten: the first {old.size} entries are not those signed before")
    return frontier.append(hashes)


def _read_segment(signed: SignedCheckpoint, fetch: FetchTiles, numbers: range) -> Iterator[list[bytes]]:
    """Yield the entries of some bundles, each compared with its leaf hash in a tile checked up to the root."""
    head = signed.checkpoint
    reader = TileReader(head.size, head.root, fetch)
    bundles = [tile_in_tree(ENTRIES, number, head.size) for number in numbers]
    try:
        reader.read_nodes([Node(0, number * WIDTH) for number in numbers])
        for start in range(0, len(bundles), TOGETHER):
            some = bundles[start : start + TOGETHER]
            for tile, content in zip(some, fetch(some), strict=True):
                yield _check_bundle(tile, content, reader)
    except TlogError as error:
        first = numbers.start * WIDTH
        raise AuditFault(None, f"in entries {first} to {min(numbers.stop * WIDTH, head.size) - 1}: {error}") from error


def _check_bundle(tile: Tile, content: bytes, reader: TileReader) -> list[bytes]:
    entries = parse_bundle(content, tile.width)
    expected = split_tile(reader.read_tile(0, tile.index))
    for position, got in enumerate(hash_leaves(entries)):
        if got != expected[position]:
            index = tile.index * WIDTH + position
            raise AuditFault(index, "its bytes do not hash to its leaf in the signed tree; it was altered")
    return entries


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
