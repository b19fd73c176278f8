"""A batch's tree is the one described, whatever its size, and a path of it leads to one leaf and to nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.credentials.batch_paths import Step, find_position, fold_path
from register.credentials.batch_tree import build_tree
from register.credentials.errors import BadReceipt, CredentialError
from tests.reference import largest_power_of_two_below

ROOT = Path(__file__).parents[3]
SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


def make_leaves(count: int) -> list[bytes]:
    return [sha256(b"leaf %d" % number).digest() for number in range(count)]


def fold_slowly(leaves: Sequence[bytes]) -> bytes:
    """The root as it is described: the largest power of two to the left, the rest to the right."""
    if len(leaves) == 1:
        return leaves[0]
    half = largest_power_of_two_below(len(leaves))
    return sha256(fold_slowly(leaves[:half]) + fold_slowly(leaves[half:])).digest()


def turns(path: Sequence[Step]) -> tuple[str, ...]:
    return tuple(step.side for step in path)


@pytest.mark.parametrize("count", [*range(1, 34), 63, 64, 65, 100, 255, 256, 257, 1000])
def test_the_root_is_that_of_the_tree_as_described(count: int) -> None:
    leaves = make_leaves(count)
    assert build_tree(leaves).root == fold_slowly(leaves)


@given(st.integers(1, 300), st.data())
def test_the_path_of_each_leaf_leads_to_the_root_and_tells_which_leaf_it_is(count: int, data: st.DataObject) -> None:
    leaves = make_leaves(count)
    tree = build_tree(leaves)
    position = data.draw(st.integers(0, count - 1))
    path = tree.find_path(position)
    assert fold_path(leaves[position], path) == tree.root
    assert find_position(path, count) == position


@pytest.mark.parametrize("count", range(1, 18))
def test_a_path_is_the_one_merkletools_gives(count: int) -> None:
    from merkletools import MerkleTools

    leaves, tools = make_leaves(count), MerkleTools()
    tools.add_leaf([leaf.hex() for leaf in leaves])
    tools.make_tree()
    for position in range(count):
        steps = [{step.side: step.sibling.hex()} for step in build_tree(leaves).find_path(position)]
        assert steps == tools.get_proof(position)


@pytest.mark.parametrize("count", range(1, 18))
def test_of_all_turns_only_those_of_its_leaves_fit_a_tree(count: int) -> None:
    accepted = set[tuple[str, ...]]()
    for length in range(7):
        for sides in product(SIDES, repeat=length):
            with suppress(BadReceipt):
                find_position([Step(side, bytes(32)) for side in sides], count)
                accepted.add(sides)
    assert accepted == {turns(build_tree(make_leaves(count)).find_path(position)) for position in range(count)}


def test_leaves_and_inner_nodes_with_paths_of_one_length_are_told_apart() -> None:
    tree = build_tree(make_leaves(3))
    odd_leaf, inner_node = tree.find_path(2), tree.find_path(0)[1:]
    assert len(odd_leaf) == len(inner_node) == 1
    assert fold_path(tree.levels[1][0], inner_node) == tree.root
    assert find_position(odd_leaf, 3) == 2
    with pytest.raises(BadReceipt, match="inner node over 2 of 3"):
        find_position(inner_node, 3)


def test_an_odd_last_one_is_carried_up_and_never_doubled() -> None:
    three = make_leaves(3)
    assert build_tree(three).root != build_tree([*three, three[-1]]).root


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1023, 1024, 1025, 2047, 2048, 2049, 3073, 5001])
def test_paths_written_all_at_once_are_those_found_one_by_one(count: int) -> None:
    tree = build_tree(make_leaves(count))
    written = [json.loads(text) + json.loads(above) for above, texts in tree.write_blocks() for text in texts]
    found = (tree.find_path(position) for position in range(count))
    assert written == [[{step.side: step.sibling.hex()} for step in path] for path in found]


def test_a_batch_of_one_is_its_own_root() -> None:
    (leaf,) = make_leaves(1)
    assert build_tree([leaf]).root == leaf
    assert build_tree([leaf]).find_path(0) == ()


@pytest.mark.parametrize("position", [-1, 5, 10**9])
def test_there_is_no_path_beyond_the_last(position: int) -> None:
    with pytest.raises(IndexError, match="expected a position from 0 to 4"):
        build_tree(make_leaves(5)).find_path(position)


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(CredentialError) as refusal:
        build_tree([])
    assert refusal.value.code == "empty_batch"


def test_commitments_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes each"):
        build_tree([*make_leaves(3), b"short"])


def test_only_building_needs_merkletools() -> None:
    code = """
import sys
sys.modules["merkletools"] = None
from register.credentials import batch_tree, receipts
try:
    batch_tree.build_tree([bytes(32)])
except batch_tree.CredentialError as error:
    print(error.code, error)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("no_merkletools")
    assert "assay[anchor]" in done.stdout
