"""One byte altered behind the database's back: `fsck` and `assay audit` against the running node name the place.

The hand is the database's superuser with all triggers asleep (session_replication_role = replica). Each alteration is
undone, so that the next test finds a sound node.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from ledger.full_tiles import make_tile
from ledger.tlog.merkle import hash_leaf
from ledger.tlog.proof import check_proof, parse_proof
from ledger.tlog.tiles import WIDTH, hash_tile_nodes
from tests.faults.machine import Machine
from tests.faults.writers import check_sound, fetch_ledger, post

pytestmark = pytest.mark.services

LEAST: Final = 300
"""Entries that the ledger must have: one full tile and an edge."""

REGISTER_MANY: Final = """
from register import commands
from tests.factories import OPERATOR, issuer_terms
commands.register_issuers([issuer_terms() for _ in range({count})], actor=OPERATOR)
"""


@pytest.fixture
def grown(machine: Machine) -> Machine:
    """The node with a full tile, freshly signed, so that it is not signed again while a test looks."""
    size = fetch_ledger(machine).size
    if size < LEAST:
        done = machine.manage("shell", "-c", REGISTER_MANY.format(count=LEAST - size))
        assert done.returncode == 0, done.stderr
    with machine.client() as client:
        assert post(client, f"fresh-{size}").status_code == 201
    assert fetch_ledger(machine).size > LEAST
    return machine


@contextmanager
def behind_the_back(machine: Machine) -> Iterator[psycopg.Cursor[Any]]:
    """Write as nobody may, in one transaction."""
    with machine.superuser() as database, database.transaction(), database.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor


@contextmanager
def flipped(machine: Machine, table: str, column: str, at: int, where: str) -> Iterator[None]:
    """Flip one bit of one byte of one row for as long as the block lasts."""

    def flip() -> None:
        with behind_the_back(machine) as cursor:
            value = f"set_byte({column}, {at}, get_byte({column}, {at}) # 1)"
            cursor.execute(f"UPDATE {table} SET {column} = {value} WHERE {where}")
            assert cursor.rowcount == 1

    flip()
    try:
        yield
    finally:
        flip()


def insist_that_fsck_names(machine: Machine, what: str) -> None:
    fsck = machine.manage("fsck")
    assert fsck.returncode == 1, fsck.stdout + fsck.stderr
    assert what in fsck.stderr


def insist_that_audit_names(machine: Machine, what: str, *arguments: str) -> None:
    audit = machine.audit(*arguments)
    assert audit.returncode == 1, f"{audit.returncode}: {audit.stdout}{audit.stderr}"
    assert audit.stderr.startswith("FAULT  ")
    assert re.search(what, audit.stderr), audit.stderr


def insist_that_all_is_well(machine: Machine) -> None:
    assert machine.audit().returncode == 0
    fsck = machine.manage("fsck")
    assert fsck.returncode == 0, fsck.stderr


def newest(machine: Machine) -> int:
    return fetch_ledger(machine).size - 1


@pytest.mark.parametrize("place", ["in a full tile", "at the edge"])
def test_byte_of_an_entry(grown: Machine, place: str) -> None:
    index = 7 if place == "in a full tile" else newest(grown)
    with flipped(grown, "ledger_entry", "data", 3, f"index = {index}"):
        insist_that_fsck_names(grown, f"entry {index} does not hash to its leaf hash")
        insist_that_audit_names(grown, rf"\bentry {index}: its bytes do not hash to its leaf")


def test_byte_of_a_leaf_hash_at_the_edge(grown: Machine) -> None:
    index = newest(grown)
    with flipped(grown, "ledger_entry", "leaf_hash", 31, f"index = {index}"):
        insist_that_fsck_names(grown, f"entry {index} does not hash to its leaf hash")
        insist_that_audit_names(grown, rf"\bentry {index}: its bytes do not hash to its leaf")


def test_byte_of_a_leaf_in_a_tile(grown: Machine) -> None:
    with flipped(grown, "ledger_tile", "nodes", 32 * 7 + 3, "level = 0 AND index = 0"):
        insist_that_fsck_names(grown, "tile 0 of level 0 differs from its entries in node 7")
        insist_that_audit_names(grown, r"\bentry 7: its bytes do not hash to its leaf")


def test_byte_of_an_inner_node_of_a_tile(grown: Machine) -> None:
    """Inner nodes are not published: an audit finds all it is told true, but a receipt made of them never leaves."""
    before = fetch_ledger(grown)
    with flipped(grown, "ledger_tile", "nodes", 32 * WIDTH + 3, "level = 0 AND index = 0"), grown.client() as client:
        insist_that_fsck_names(grown, f"tile 0 of level 0 differs from its entries in node {WIDTH}")
        assert grown.audit().returncode == 0
        for index in range(8):
            answer = client.get(f"/ledger/receipt/{index}")
            if answer.status_code == 200:
                check_proof(parse_proof(answer.content), before.entries[index], grown.keys)
            else:
                assert answer.status_code in (500, 503), f"{index}: {answer.status_code}"
        # The node above entries 0 and 1 proves entries 2 and 3.
        assert client.get("/ledger/receipt/2").status_code != 200
        assert client.get("/ledger/receipt/0").status_code == 200


def test_byte_of_a_tiles_root(grown: Machine) -> None:
    with flipped(grown, "ledger_tile", "root", 5, "level = 0 AND index = 0"):
        insist_that_fsck_names(grown, "tile 0 of level 0 has a root that its entries do not give")
        # Whether the node has receipts depends on what its process remembers of the tree's edge.
        insist_that_audit_names(grown, r"the tiles? above (theirs|entries 0 to 255, all of which have receipts)")


@pytest.mark.parametrize("line", [-2, -1], ids=["log", "witness"])
def test_byte_of_a_checkpoints_signature(grown: Machine, line: int) -> None:
    with grown.superuser() as database:
        row = database.execute(
            "SELECT size, time, note FROM ledger_checkpoint ORDER BY size DESC, time DESC"
        ).fetchone()
    assert row is not None
    size, time, note = row
    lines = bytes(note).splitlines(keepends=True)
    at = len(b"".join(lines[:line])) + len(lines[line]) - 40
    with flipped(grown, "ledger_checkpoint", "note", at, f"size = {size} AND time = '{time}'"):
        insist_that_fsck_names(grown, f"checkpoint of {size} entries")
        insist_that_audit_names(grown, "signature")


def test_byte_of_the_logs_frontier(grown: Machine) -> None:
    """Nothing is signed on a tree that does not follow from what is stored."""
    before = fetch_ledger(grown)
    with flipped(grown, "ledger_log", "frontier", 20, "own"):
        insist_that_fsck_names(grown, "frontier")
        assert grown.audit().returncode == 0, "what is published is signed and true"
    assert fetch_ledger(grown) == before


@contextmanager
def forged_alike(machine: Machine, index: int) -> Iterator[None]:
    """Alter an entry's country, its leaf hash and its tile to fit each other for as long as the block lasts."""
    with machine.superuser() as database:
        rows = database.execute(
            "SELECT data, leaf_hash FROM ledger_entry WHERE index < %s ORDER BY index", (WIDTH,)
        ).fetchall()
        (kept,) = database.execute("SELECT root, nodes FROM ledger_tile WHERE level = 0 AND index = 0").fetchall()
    data, leaf_hash = rows[index]
    forged = bytes(data).replace(b'"country":"NL"', b'"country":"DE"')
    assert forged != data
    hashes = [bytes(row[1]) for row in rows]
    hashes[index] = hash_leaf(forged)
    tile = make_tile(0, 0, hash_tile_nodes(hashes))

    def put(entry: bytes, entry_hash: bytes, root: bytes, nodes: bytes) -> None:
        with behind_the_back(machine) as cursor:
            cursor.execute(
                "UPDATE ledger_entry SET data = %s, leaf_hash = %s WHERE index = %s", (entry, entry_hash, index)
            )
            cursor.execute("UPDATE ledger_tile SET root = %s, nodes = %s WHERE level = 0 AND index = 0", (root, nodes))

    put(forged, hashes[index], tile.root, tile.nodes)
    try:
        yield
    finally:
        put(data, leaf_hash, *kept)


def find_forgeable_entry(machine: Machine) -> int:
    entries = fetch_ledger(machine).entries
    return next(index for index, data in enumerate(entries[:WIDTH]) if b'"country":"NL"' in data)


def test_entry_and_tile_altered_alike(grown: Machine) -> None:
    """Entry, leaf hash and tile fit each other: what was signed does not, from the first checkpoint on."""
    index = find_forgeable_entry(grown)
    with grown.superuser() as database:
        row = database.execute("SELECT min(size) FROM ledger_checkpoint WHERE size > %s", (index,)).fetchone()
    assert row is not None
    with forged_alike(grown, index):
        insist_that_fsck_names(grown, f"checkpoint of {row[0]} entries")
        # The tile's root was made to fit, too, so no receipt leads to the signed root. Whether the tile above is the
        # true one depends on what the node's process remembers of the tree's edge.
        insist_that_audit_names(grown, r"in entries 0 to (255, or in the tile|\d+, or in the tiles) above")


def test_nothing_is_signed_upon_an_altered_history(grown: Machine) -> None:
    """A write after entry and tile were altered alike gets no receipt, and the published checkpoint stays."""
    with forged_alike(grown, find_forgeable_entry(grown)), grown.client() as client:
        before = client.get("/ledger/checkpoint").content
        answer = post(client, f"upon-forgery-{before[-20:].hex()}")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert client.get("/ledger/checkpoint").content == before
    insist_that_all_is_well(grown)


def test_history_rewritten_and_signed_anew_is_caught_by_an_earlier_checkpoint(grown: Machine, tmp_path: Path) -> None:
    """Whoever has superuser and keys makes a ledger that is perfect in itself; only an earlier checkpoint tells."""
    with grown.client() as client:
        kept = tmp_path / "checkpoint"
        kept.write_bytes(client.get("/ledger/checkpoint").content)
    assert grown.audit("--since", str(kept)).returncode == 0
    index = find_forgeable_entry(grown)
    forge = [sys.executable, "-m", "tests.faults.forger", str(index)]
    forged = grown.run(forge, DATABASE_URL=grown.superuser_url, ASSAY_DATABASE_ROLE="owner")
    assert forged.returncode == 0, forged.stderr
    insist_that_all_is_well(grown)
    insist_that_audit_names(grown, "history was rewritten", "--since", str(kept))
    # The read model still says what was recorded; the forger forgot it, and a replay does not.
    check = grown.manage("rebuild", "--check")
    assert check.returncode == 1
    assert re.search(rf"register_issuer: row .*, of entry {index}, differs", check.stderr)
    assert grown.manage("rebuild").returncode == 0
    check_sound(grown)
