"""What is read from rows is what a list of the same entries gives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import LiteralString

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import cache, publish, reader, writer
from ledger.database import Parameters, Row, fetch_all
from ledger.errors import LedgerDamaged, NotCovered, UnknownLog
from ledger.nodes import DatabaseNodeReader
from ledger.tlog.errors import ProofInvalid
from ledger.tlog.merkle import (
    Frontier,
    NewNodes,
    Node,
    check_consistency,
    check_inclusion,
    hash_leaf,
    hash_leaves,
    prove_consistency,
    prove_inclusion,
    prove_inclusions,
    read_root,
)
from ledger.tlog.proof import check_proof, format_proof, parse_proof
from tests import reference
from tests.ledger.writing import PEER, append, change, keys, make_entry, origin, remove

pytestmark = pytest.mark.django_db
SIZE = 66_000
PEERS = count()


class GrownNodes:
    """A `NodeReader` over all nodes of a tree in memory."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self._rows: list[NewNodes] = Frontier().grow(hash_leaves(entries))[1]

    def read_nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Look each node up."""
        return [self._rows[node.level].hashes[node.index] for node in nodes]


@pytest.fixture
def nothing_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has read nothing yet; what it knew would stay true, whatever is altered."""
    for name in ("edges", "tiles", "paths", "evidence"):
        monkeypatch.setattr(cache, name, cache.RecentlyUsed(8))


def log_id() -> int:
    return reader.get_log(origin()).id


def test_entries_come_in_order_over_the_edge_of_a_chunk() -> None:
    append(2 * reader.CHUNK + 5)
    assert reader.read_entries(origin(), 3, 2 * reader.CHUNK + 4) == [
        make_entry(number) for number in range(3, 2 * reader.CHUNK + 4)
    ]
    assert reader.read_entries(origin(), 5, 5) == []


@pytest.mark.parametrize(("start", "end"), [(0, 11), (10, 11), (-1, 2), (5, 4)])
def test_entries_outside_the_log_are_not_covered(start: int, end: int) -> None:
    append(10)
    with pytest.raises(NotCovered):
        reader.read_entries(origin(), start, end)
    with pytest.raises(NotCovered):
        reader.read_leaf_hashes(origin(), start, end)


def test_missing_entry_is_damage_not_a_short_answer() -> None:
    append(10)
    remove("ledger_entry", "index = 4")
    with pytest.raises(LedgerDamaged, match="fsck"):
        reader.read_entries(origin(), 0, 10)


def test_unknown_log_is_named() -> None:
    with pytest.raises(UnknownLog, match=r"none\.example"):
        reader.read_entry("none.example", 0)
    with pytest.raises(NotCovered, match=r"none\.example"):
        reader.latest_checkpoint("none.example")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_reader_equals_a_list_for_random_sizes(data: st.DataObject) -> None:
    peer = f"peer{next(PEERS)}.example/ledger"
    steps = data.draw(st.lists(st.integers(1, 300), min_size=1, max_size=4))
    entries = [make_entry(number) for number in range(sum(steps))]
    identifier = writer.open_log(peer, own=False)
    for at, step in enumerate(steps):
        writer.extend(peer, sum(steps[:at]), entries[sum(steps[:at]) : sum(steps[:at]) + step])
    size = data.draw(st.integers(1, len(entries)))
    older, index = data.draw(st.integers(1, size)), data.draw(st.integers(0, size - 1))
    rooted = DatabaseNodeReader(identifier, size, reference.mth(entries[:size]))
    for stored in (DatabaseNodeReader(identifier, size), rooted):
        assert read_root(size, stored) == reference.mth(entries[:size])
        assert prove_inclusion(index, size, stored) == reference.path(index, entries[:size])
        if older < size:
            assert prove_consistency(older, size, stored) == reference.proof(older, entries[:size])


def test_proofs_across_the_edges_of_tiles_and_levels() -> None:
    append(SIZE)
    entries = [make_entry(number) for number in range(SIZE)]
    known = GrownNodes(entries)
    for size in (1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, SIZE):
        root = read_root(size, known)
        indexes = sorted({0, size // 2, size - 1, min(255, size - 1), min(256, size - 1), max(size - 256, 0)})
        for stored in (DatabaseNodeReader(log_id(), size), DatabaseNodeReader(log_id(), size, root)):
            assert read_root(size, stored) == root
            for index, proof in zip(indexes, prove_inclusions(indexes, size, stored), strict=True):
                check_inclusion(proof, index, size, hash_leaf(entries[index]), root)
            for old in {1, size // 3 or 1, max(size - 1, 1), size}:
                check_consistency(prove_consistency(old, size, stored), old, size, read_root(old, known), root)


def test_proof_is_one_query_however_many_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    append(700)
    publish.publish(origin())
    asked: list[str] = []

    def counted(sql: LiteralString, parameters: Parameters) -> list[Row]:
        asked.append(sql)
        return fetch_all(sql, parameters)

    monkeypatch.setattr("ledger.nodes.fetch_all", counted)
    assert len(reader.read_evidence(origin(), range(0, 700, 7))) == 100
    assert len(asked) == 1


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_receipts_verify_with_the_entry_and_the_nodes_key_alone(size: int) -> None:
    append(size)
    publish.publish(origin())
    indexes = sorted({0, size // 2, size - 1})
    evidence = reader.read_evidence(origin(), indexes)
    assert sorted(evidence) == indexes
    for index in indexes:
        assert evidence[index].data == make_entry(index)
        proof = parse_proof(evidence[index].receipt)
        assert proof.index == index
        assert check_proof(proof, make_entry(index), keys()).checkpoint.size == size
        assert evidence[index].receipt == format_proof(index, proof.hashes, proof.checkpoint)
    assert reader.read_receipts(origin(), indexes) == {index: item.receipt for index, item in evidence.items()}


def test_receipt_under_an_earlier_checkpoint() -> None:
    append(3)
    publish.publish(origin())
    append(400)
    publish.publish(origin())
    first = reader.first_checkpoint_covering(origin(), 2)
    assert first.size == 3
    proof = parse_proof(reader.read_receipts(origin(), [1], first)[1])
    assert check_proof(proof, make_entry(1), keys()).checkpoint.size == 3
    with pytest.raises(NotCovered, match="below the 3 signed"):
        reader.read_receipts(origin(), [3], first)


def test_receipt_of_what_is_not_signed_yet_is_refused() -> None:
    append(2)
    with pytest.raises(NotCovered):
        reader.read_receipts(origin(), [0])
    publish.publish(origin())
    append(1)
    with pytest.raises(NotCovered):
        reader.read_receipts(origin(), [2])
    assert reader.read_receipts(origin(), []) == {}


@pytest.mark.parametrize("index", [3, 290, 555])
def test_altered_entry_gets_no_receipt(index: int) -> None:
    append(600)
    publish.publish(origin())
    change("ledger_entry", "data = 'forged'", f"index = {index}")
    with pytest.raises(LedgerDamaged, match=f"entry {index}"):
        reader.read_receipts(origin(), [index])


@pytest.mark.parametrize("seen_before", [[], [300], [256, 300]], ids=str)
def test_altered_tile_gives_no_receipt_and_its_neighbours_still_do(
    nothing_cached: None, seen_before: list[int]
) -> None:
    append(600)
    publish.publish(origin())
    reader.read_receipts(origin(), seen_before)
    cache.evidence = cache.RecentlyUsed(8)
    change("ledger_tile", "nodes = overlay(nodes placing '\\x00'::bytea from 40)", "index = 1")
    with pytest.raises(LedgerDamaged, match="entry 256"):
        reader.read_receipts(origin(), [256])
    assert set(reader.read_receipts(origin(), [0, 599])) == {0, 599}


def test_evidence_proven_before_stays_true_and_is_given_under_its_own_checkpoint_only(nothing_cached: None) -> None:
    append(600)
    publish.publish(origin())
    first = reader.read_evidence(origin(), [0, 300])
    change("ledger_entry", "data = 'forged'", "index = 300")
    assert reader.read_evidence(origin(), [300, 0, 300]) == first
    change("ledger_entry", "data = 'forged'", "index = 301")
    with pytest.raises(LedgerDamaged, match="entry 301"):
        reader.read_evidence(origin(), [300, 301])
    change("ledger_entry", f"data = '\\x{make_entry(300).hex()}'::bytea", "index = 300")
    append(1)
    publish.publish(origin())
    later = reader.read_evidence(origin(), [300])[300]
    assert later.data == first[300].data
    assert check_proof(parse_proof(later.receipt), make_entry(300), keys()).checkpoint.size == 601


def test_evidence_of_a_long_entry_is_given_but_not_kept(nothing_cached: None) -> None:
    append(1)
    long = b"x" * (cache.LONGEST_KEPT + 1)
    with transaction.atomic():
        writer.append(writer.lock(origin(), timezone.now()), [writer.Draft(long, bytes(32))])
    publish.publish(origin())
    assert reader.read_evidence(origin(), [0, 1])[1].data == long
    assert len(cache.evidence) == 1


@pytest.mark.parametrize("column", ["nodes", "root"])
def test_altered_upper_tile_is_found_against_the_signed_root(nothing_cached: None, column: str) -> None:
    append(SIZE)
    publish.publish(origin())
    change("ledger_tile", f"{column} = overlay({column} placing '\\x00'::bytea from 9)", "level = 1")
    cache.edges = cache.RecentlyUsed(8)
    with pytest.raises(LedgerDamaged, match=r"tile 0 of level 1|signed root"):
        reader.read_receipts(origin(), [700])
    if column == "nodes":
        assert set(reader.read_receipts(origin(), [SIZE - 1])) == {SIZE - 1}


def test_altered_leaf_hash_at_the_edge_is_found_against_the_signed_root(nothing_cached: None) -> None:
    append(600)
    publish.publish(origin())
    change("ledger_entry", "leaf_hash = sha256('other')", "index = 570")
    cache.edges = cache.RecentlyUsed(8)
    with pytest.raises(LedgerDamaged, match="signed root"):
        reader.read_receipts(origin(), [599])


def test_node_outside_the_tree_is_refused() -> None:
    append(10)
    stored = DatabaseNodeReader(log_id(), 10)
    for node in (Node(0, 10), Node(4, 0), Node(0, -1), Node(-1, 0)):
        with pytest.raises(ProofInvalid):
            stored.read_nodes([node])


def test_cache_is_bounded_and_forgets_the_oldest() -> None:
    kept: cache.RecentlyUsed[int, str] = cache.RecentlyUsed(2)
    for key in (1, 2):
        kept.put(key, str(key))
    assert kept.get(1) == "1"
    kept.put(3, "3")
    assert (len(kept), kept.get(1), kept.get(2), kept.get(3)) == (2, "1", None, "3")


def test_cached_edge_does_not_outlive_the_tree_it_belongs_to() -> None:
    """Two logs of one size, as after a rolled back transaction: each is proven by its own nodes."""
    append(5)
    publish.publish(origin())
    reader.read_receipts(origin(), [1])
    writer.open_log(PEER, own=False)
    entries = [b"other %d" % number for number in range(5)]
    writer.extend(PEER, 0, entries)
    stored = DatabaseNodeReader(reader.get_log(PEER).id, 5, reference.mth(entries))
    assert prove_inclusion(1, 5, stored) == reference.path(1, entries)
