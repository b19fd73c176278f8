"""A bundle is written in memory that does not grow with the ledger, and its index finds what was filed in it."""

from __future__ import annotations

import gc
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.merkle import Frontier, hash_leaves
from ledger.tlog.tiles import WIDTH, Tile
from register import events
from register.credentials.bundle import index
from register.credentials.bundle.checking import check_whole
from register.credentials.bundle.index import KEY, POSTING, Index, Sorter, hash_key
from register.credentials.bundle.manifest import sign_manifest
from register.credentials.bundle.opening import open_bytes
from register.credentials.bundle.writing import Filed, find_tiles_needed, write_bundle
from tests import bundles, ledgers, peers
from tests.bundles import NOW, draft
from tests.ledgers import SOURCE, START, make_id


@dataclass(frozen=True)
class Long:
    """A ledger of so many issuers, none of which is kept."""

    count: int
    origin: str = ledgers.ORIGIN
    issuers: tuple[str, ...] | None = None

    @property
    def size(self) -> int:
        return self.count

    @property
    def note(self) -> bytes:
        root = Frontier().append(hash_leaves(filed.data for filed in self.read_entries())).root()
        head = Checkpoint(self.origin, self.count, root)
        return sign_checkpoint(head, peers.LOG, peers.WITNESS, time=int(NOW.timestamp()))

    def read_entries(self) -> Iterator[Filed]:
        for number in range(self.count):
            yield Filed(number, self._draft(number))

    def _draft(self, number: int) -> bytes:
        data = {"names": {"en": f"College {number}"}, "country": "NL", "actor": ledgers.OPERATOR}
        return events.draft(
            "issuer.registered" if number else "register.opened",
            event_id=make_id(number),
            source=SOURCE,
            subject=f"{SOURCE}/issuers/{make_id(number)}" if number else SOURCE,
            time=START + timedelta(seconds=number),
            data=data if number else bundles.OPENING,
        )

    def read_times(self) -> Iterator[datetime]:
        return (START + timedelta(seconds=number) for number in range(self.count))

    def read_tile(self, tile: Tile) -> bytes:
        hashes = hash_leaves(filed.data for filed in self.read_entries())
        for _ in range(8 * tile.level):
            hashes = Frontier().grow(hashes)[1][1].hashes
        return b"".join(hashes[tile.index * WIDTH : tile.index * WIDTH + tile.width])


def write(source: Long) -> Iterator[bytes]:
    return write_bundle(draft(source), lambda manifest: sign_manifest(manifest, bundles.STATEMENT))


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 600])
def test_a_ledger_of_any_size_is_written_and_holds(count: int) -> None:
    registers = open_bytes(b"".join(write(Long(count))), now=NOW)
    (checked,) = check_whole(registers, lambda done: None)
    assert checked.whole
    if count > 1:
        assert registers.decide({"issuer": make_id(count - 1)})["chain"]["issuer"]["id"] == make_id(count - 1)


class Plain(Long):
    """Without the work of making tiles: none is read back."""

    @property
    def note(self) -> bytes:
        return b"no checkpoint\n"

    def read_tile(self, tile: Tile) -> bytes:
        return bytes(32 * tile.width)


def test_memory_does_not_grow_with_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Postings beyond a bound go into a file; it is made small here, so that a few thousand entries pass it."""
    monkeypatch.setattr(index, "_RUN", 1_000)
    monkeypatch.setattr(index, "BLOCK", 1_000)

    def reach_peak(count: int) -> int:
        gc.collect()  # what other tests left is not ours
        tracemalloc.start()
        for _ in write(Plain(count)):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    filled = reach_peak(12_000)  # by then every buffer has reached its bound
    assert reach_peak(24_000) < 1.5 * filled


def test_what_is_postponed_to_files_comes_back_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_RUN", 10)
    postings = [hash_key(f"key {n % 37}") + n.to_bytes(POSTING - KEY, "big") for n in range(500)]
    with Sorter() as sorter:
        for start in range(0, 500, 7):
            sorter.add(postings[start : start + 7])
        sorter.add(postings[:20])
        assert list(sorter.read_sorted()) == sorted(set(postings))


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 40))), st.integers(1, 9))
def test_the_index_finds_what_a_dictionary_finds(filed: list[tuple[int, int]], block: int) -> None:
    expected: dict[str, set[int]] = defaultdict(set)
    with Sorter() as sorter:
        for key, entry in filed:
            expected[f"key {key}"].add(entry)
            sorter.add([hash_key(f"key {key}") + entry.to_bytes(POSTING - KEY, "big")])
        postings = list(sorter.read_sorted())
    blocks = [memoryview(b"".join(postings[at : at + block])) for at in range(0, len(postings), block)]
    found = Index(blocks)
    for name in (f"key {number}" for number in range(14)):
        assert found.find(name) == sorted(expected[name])
        assert found.find(name, 2) == sorted(expected[name])[:2]
        for entry in range(41):
            posting = hash_key(name) + entry.to_bytes(POSTING - KEY, "big")
            assert found.holds(posting) == (entry in expected[name])


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000])
def test_the_tiles_needed_for_all_leaves_are_all_tiles(size: int) -> None:
    needed = find_tiles_needed(range((size + WIDTH - 1) // WIDTH), size)
    whole = [(level, at) for level in range(4) for at in range((size >> 8 * level) // WIDTH + 1)]
    assert set(needed) == {(level, at) for level, at in whole if (size >> 8 * level) > at * WIDTH}
