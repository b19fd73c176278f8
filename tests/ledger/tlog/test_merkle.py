"""The Merkle tree agrees with the naive reference and refuses every altered proof."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import merkle
from ledger.tlog.errors import NodeMissing, ProofInvalid, TlogError
from ledger.tlog.merkle import EMPTY_ROOT, Frontier, Node
from tests import reference

ENTRIES = [b"entry %d" % i for i in range(70)]
READER = reference.EntryList(ENTRIES)
ROOTS = [reference.mth(ENTRIES[:n]) for n in range(len(ENTRIES) + 1)]
LEAVES = merkle.hash_leaves(ENTRIES)

sizes = st.integers(1, len(ENTRIES))
pairs = sizes.flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n)))
mutations = st.sampled_from(["flip", "drop first", "drop last", "double", "append", "prepend", "swap", "truncate"])


def mutate(proof: list[bytes], how: str, at: int) -> list[bytes]:
    """Return the proof altered; when there is nothing to alter, a hash too many."""
    if not proof or how == "append":
        return [*proof, ROOTS[3]]
    at %= len(proof)
    changes = {
        "flip": [*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]],
        "drop first": proof[1:],
        "drop last": proof[:-1],
        "double": [*proof[: at + 1], proof[at], *proof[at + 1 :]],
        "prepend": [ROOTS[3], *proof],
        "swap": [*proof[:at], ROOTS[5], *proof[at + 1 :]],
        "truncate": [*proof[:at], proof[at][:16], *proof[at + 1 :]],
    }
    return changes[how]


def test_root_equals_the_reference_for_every_size() -> None:
    for size in range(len(ENTRIES) + 1):
        assert Frontier().append(LEAVES[:size]).root() == ROOTS[size]
        assert merkle.read_root(size, READER) == ROOTS[size]


def test_pitfall_12_empty_tree_has_the_hash_of_nothing_as_its_root() -> None:
    assert Frontier().root() == EMPTY_ROOT == merkle.read_root(0, READER)
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.lists(st.integers(0, 20), max_size=8))
def test_appending_in_any_portions_gives_the_same_tree(portions: list[int]) -> None:
    frontier, at = Frontier(), 0
    for portion in portions:
        frontier = frontier.append(LEAVES[at : at + portion])
        at = min(at + portion, len(LEAVES))
    assert frontier == Frontier().append(LEAVES[:at])
    assert frontier.root() == ROOTS[at]


@given(pairs)
def test_growing_returns_exactly_the_subtrees_that_became_complete(pair: tuple[int, int]) -> None:
    old, new = pair
    _, grown = Frontier().append(LEAVES[:old]).grow(LEAVES[old:new])
    got = {(level, first + i): value for level, first, hashes in grown for i, value in enumerate(hashes)}
    expected = {
        (level, index): reference.mth(ENTRIES[index << level : (index + 1) << level])
        for level in range(new.bit_length())
        for index in range(old >> level, new >> level)
    }
    assert got == expected


@given(sizes)
def test_frontier_survives_its_bytes(size: int) -> None:
    frontier = Frontier().append(LEAVES[:size])
    assert Frontier.from_bytes(frontier.to_bytes()) == frontier


@pytest.mark.parametrize("data", [b"", b"\x00" * 7, b"\x00" * 40, (3).to_bytes(8, "big") + b"a" * 32, b"\xff" * 8])
def test_frontier_bytes_of_the_wrong_length_are_refused(data: bytes) -> None:
    with pytest.raises(TlogError):
        Frontier.from_bytes(data)


def test_frontier_refuses_peaks_that_do_not_fit_its_size() -> None:
    with pytest.raises(TlogError, match="expected 2 peaks"):
        replace(Frontier().append(LEAVES[:4]), size=3)


@given(pairs)
def test_inclusion_proof_equals_the_reference_and_verifies(pair: tuple[int, int]) -> None:
    index, size = pair
    proof = merkle.prove_inclusion(index, size, READER)
    assert proof == reference.path(index, ENTRIES[:size])
    merkle.check_inclusion(proof, index, size, LEAVES[index], ROOTS[size])


@given(pairs)
def test_consistency_proof_equals_the_reference_and_verifies(pair: tuple[int, int]) -> None:
    old, new = pair
    proof = merkle.prove_consistency(old, new, READER)
    assert proof == (reference.proof(old, ENTRIES[:new]) if old else [])
    merkle.check_consistency(proof, old, new, ROOTS[old], ROOTS[new])


@given(pairs, mutations, st.integers(0, 10))
def test_altered_inclusion_proof_is_refused(pair: tuple[int, int], how: str, at: int) -> None:
    index, size = pair
    proof = mutate(reference.path(index, ENTRIES[:size]), how, at)
    with pytest.raises(ProofInvalid):
        merkle.check_inclusion(proof, index, size, LEAVES[index], ROOTS[size])


@given(pairs, mutations, st.integers(0, 10))
def test_altered_consistency_proof_is_refused(pair: tuple[int, int], how: str, at: int) -> None:
    old, new = pair
    proof = mutate(reference.proof(old, ENTRIES[:new]) if old else [], how, at)
    with pytest.raises(ProofInvalid):
        merkle.check_consistency(proof, old, new, ROOTS[old], ROOTS[new])


@given(pairs, st.integers(0, len(ENTRIES) - 1))
def test_inclusion_proof_holds_for_no_other_index(pair: tuple[int, int], other: int) -> None:
    index, size = pair
    proof = reference.path(index, ENTRIES[:size])
    if other != index:
        with pytest.raises(ProofInvalid):
            merkle.check_inclusion(proof, other, size, LEAVES[index], ROOTS[size])


@given(pairs, sizes)
def test_proofs_hold_for_no_other_root(pair: tuple[int, int], other: int) -> None:
    index, size = pair
    if other == size:
        return
    with pytest.raises(ProofInvalid):
        merkle.check_inclusion(reference.path(index, ENTRIES[:size]), index, size, LEAVES[index], ROOTS[other])
    if index:
        proof = reference.proof(index, ENTRIES[:size])
        with pytest.raises(ProofInvalid):
            merkle.check_consistency(proof, index, size, ROOTS[index], ROOTS[other])


def test_pitfall_1_rewritten_history_is_not_consistent() -> None:
    forged = [*ENTRIES[:4], b"another entry", *ENTRIES[5:20]]
    with pytest.raises(ProofInvalid):
        merkle.check_consistency(reference.proof(10, forged), 10, 20, ROOTS[10], reference.mth(forged))


def test_pitfall_3_inner_node_does_not_pass_as_a_leaf() -> None:
    inner = reference.mth(ENTRIES[:2])
    proof = reference.path(0, ENTRIES[:4])[1:]
    with pytest.raises(ProofInvalid):
        merkle.check_inclusion(proof, 0, 4, inner, ROOTS[4])
    children = merkle.hash_leaf(ENTRIES[0]) + merkle.hash_leaf(ENTRIES[1])
    assert merkle.hash_leaf(children) != inner


def test_pitfall_3_repeating_the_last_leaf_changes_the_root() -> None:
    three = Frontier().append(LEAVES[:3])
    assert three.root() != three.append(LEAVES[2:3]).root()


def test_pitfall_3_power_of_two_consistency_proof_takes_no_old_root_and_nothing_over_length() -> None:
    proof = reference.proof(8, ENTRIES[:20])
    merkle.check_consistency(proof, 8, 20, ROOTS[8], ROOTS[20])
    for longer in ([ROOTS[8], *proof], [*proof, ROOTS[8]]):
        with pytest.raises(ProofInvalid, match="expected exactly"):
            merkle.check_consistency(longer, 8, 20, ROOTS[8], ROOTS[20])


def test_pitfall_6_truncated_hashes_are_refused_everywhere() -> None:
    proof = reference.path(3, ENTRIES[:8])
    with pytest.raises(ProofInvalid, match="32 bytes"):
        merkle.check_inclusion(proof, 3, 8, LEAVES[3][:16], ROOTS[8])
    with pytest.raises(ProofInvalid, match="32 bytes"):
        merkle.check_inclusion(proof, 3, 8, LEAVES[3], ROOTS[8][:16])
    with pytest.raises(ProofInvalid, match="32 bytes"):
        Frontier().append([LEAVES[0][:16]])


def test_a_single_leaf_needs_no_proof_and_no_read() -> None:
    reader = reference.EntryList(ENTRIES)
    assert merkle.prove_inclusion(0, 1, reader) == []
    assert merkle.prove_consistency(5, 5, reader) == []
    assert reader.reads == 0


@pytest.mark.parametrize("count", [1, 3, 40])
def test_many_proofs_take_one_read(count: int) -> None:
    reader = reference.EntryList(ENTRIES)
    proofs = merkle.prove_inclusions(range(count), 50, reader)
    assert proofs == [reference.path(index, ENTRIES[:50]) for index in range(count)]
    assert reader.reads == 1


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (0, 2**63)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(ProofInvalid):
        merkle.plan_inclusion(index, size)
    with pytest.raises(ProofInvalid):
        merkle.check_inclusion([], index, size, LEAVES[0], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5), (1, 2**63)])
def test_a_shrinking_tree_is_refused(old: int, new: int) -> None:
    with pytest.raises(ProofInvalid):
        merkle.plan_consistency(old, new)
    with pytest.raises(ProofInvalid):
        merkle.check_consistency([], old, new, ROOTS[0], ROOTS[1])


def test_size_zero_is_consistent_only_with_the_empty_root_and_no_proof() -> None:
    merkle.check_consistency([], 0, 7, EMPTY_ROOT, ROOTS[7])
    merkle.check_consistency([], 0, 0, EMPTY_ROOT, EMPTY_ROOT)
    for arguments in (([ROOTS[1]], 0, 7, EMPTY_ROOT), ([], 0, 7, ROOTS[1])):
        with pytest.raises(ProofInvalid):
            merkle.check_consistency(*arguments, ROOTS[7])
    with pytest.raises(ProofInvalid):
        merkle.check_consistency([], 0, 0, EMPTY_ROOT, ROOTS[1])


def test_equal_sizes_need_equal_roots() -> None:
    merkle.check_consistency([], 7, 7, ROOTS[7], ROOTS[7])
    with pytest.raises(ProofInvalid):
        merkle.check_consistency([], 7, 7, ROOTS[7], ROOTS[6])


def test_the_largest_trees_are_planned_with_few_nodes() -> None:
    size = 2**63 - 1
    assert len(merkle.plan_inclusion(0, size)) == 63
    assert len(merkle.plan_consistency(2**62, size)) == 1
    assert len(merkle.plan_consistency(1, size)) == 63


class ShortReader:
    """Answers with what it was given, whatever was asked."""

    def __init__(self, answer: list[bytes]) -> None:
        self.answer = answer

    def read_nodes(self, nodes: object) -> list[bytes]:
        """Ignore the question."""
        return self.answer


@pytest.mark.parametrize("answer", [[], [LEAVES[0]], [LEAVES[0], b"short"]])
def test_a_reader_that_returns_too_little_is_an_error(answer: list[bytes]) -> None:
    with pytest.raises(NodeMissing):
        merkle.prove_inclusion(0, 4, ShortReader(answer))


def test_cover_is_left_to_right_and_largest_first() -> None:
    assert merkle.cover(0, 7) == (Node(2, 0), Node(1, 2), Node(0, 6))
    assert merkle.cover(8, 11) == (Node(1, 4), Node(0, 10))
