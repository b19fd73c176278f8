"""The committed vectors hold, and are what their maker makes."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.tlog import canonical, merkle, note, proof, tiles, witness
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.errors import TlogError
from tests.ledger.tlog import vectors
from tests.ledger.tlog.cast import WITNESS
from tests.ledger.tlog.vectors import Case


def check_roots(case: Case) -> None:
    leaves = merkle.hash_leaves(bytes.fromhex(leaf) for leaf in case["leaves"])
    assert merkle.Frontier().append(leaves).root().hex() == case["root"]


def check_inclusion(case: Case) -> None:
    path = [bytes.fromhex(value) for value in case["proof"]]
    leaf, root = bytes.fromhex(case["leaf_hash"]), bytes.fromhex(case["root"])
    merkle.check_inclusion(path, case["index"], case["size"], leaf, root)


def check_consistency(case: Case) -> None:
    path = [bytes.fromhex(value) for value in case["proof"]]
    old_root, new_root = bytes.fromhex(case["old_root"]), bytes.fromhex(case["new_root"])
    merkle.check_consistency(path, case["old"], case["new"], old_root, new_root)


def check_tiles(case: Case) -> None:
    if "path" in case:
        assert tiles.tile_path(tiles.parse_tile_path(case["path"])) == case["path"]
        return
    found = list(tiles.tiles_for_size(case["size"]))
    assert len(found) == case["tiles"]
    assert [tiles.tile_path(tile) for tile in found if tile.width < tiles.WIDTH] == case["partial"]


def trusted(case: Case) -> list[note.VerifierKey]:
    return [note.parse_vkey(vkey) for vkey in case["vkeys"]]


def check_notes(case: Case) -> None:
    note.open_note(case["note"].encode(), trusted(case))


def check_checkpoints(case: Case) -> None:
    signed = open_checkpoint(case["note"].encode(), trusted(case))
    head = signed.checkpoint
    got = {"origin": head.origin, "size": head.size, "root": head.root.hex(), "time": signed.time}
    assert got == {key: case[key] for key in got}


def check_proofs(case: Case) -> None:
    proof.check_proof(proof.parse_proof(case["proof"]), bytes.fromhex(case["entry"]), trusted(case))


def check_add_checkpoint(case: Case) -> None:
    if case["valid"]:
        decide(case)
        return
    with pytest.raises(witness.WitnessRefusal) as caught:
        decide(case)
    assert caught.value.status == case["status"]
    raise caught.value


def decide(case: Case) -> None:
    last = witness.Cosigned(case["last_size"], bytes.fromhex(case["last_root"]))
    request = witness.parse_add_checkpoint(case["body"].encode())
    witness.decide_add_checkpoint(request, trusted(case), last, WITNESS.verifier)


def check_canonical(case: Case) -> None:
    data = case["text"].encode("utf-8", "surrogatepass")
    assert canonical.encode(canonical.decode(data)) == data


CHECKS = {
    "roots": check_roots,
    "inclusion": check_inclusion,
    "consistency": check_consistency,
    "tiles": check_tiles,
    "notes": check_notes,
    "checkpoints": check_checkpoints,
    "proofs": check_proofs,
    "add_checkpoint": check_add_checkpoint,
    "canonical": check_canonical,
}
CASES: list[Any] = [
    pytest.param(file, case, id=f"{file}: {case['name']}") for file in CHECKS for case in vectors.read(file)
]


@pytest.mark.parametrize(("file", "case"), CASES)
def test_vector(file: str, case: Case) -> None:
    if case["valid"]:
        CHECKS[file](case)
        return
    with pytest.raises(TlogError):
        CHECKS[file](case)


@pytest.mark.parametrize("file", sorted(vectors.MAKERS))
def test_committed_vectors_are_what_their_maker_makes(file: str) -> None:
    assert (vectors.FOLDER / f"{file}.json").read_text() == vectors.build(file)


def test_every_vector_file_is_checked_and_every_name_is_unique() -> None:
    assert {path.stem for path in vectors.FOLDER.glob("*.json")} == set(CHECKS) == set(vectors.MAKERS)
    for file in CHECKS:
        names = [case["name"] for case in vectors.read(file)]
        assert len(set(names)) == len(names)


def test_the_root_of_the_eight_known_leaves_is_the_published_one() -> None:
    published = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert vectors.read("roots")[8]["root"] == published
