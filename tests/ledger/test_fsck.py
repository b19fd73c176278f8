"""One byte changed anywhere behind the database's back, and fsck names the place."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from ledger import fsck, guard, publish, writer
from ledger.errors import LedgerDamaged
from ledger.reader import read_leaf_hashes
from ledger.tlog.merkle import Frontier
from ledger.tlog.note import ED25519, Signer
from tests.ledger.writing import PEER, append, change, keys, make_entry, origin, remove

pytestmark = pytest.mark.django_db
FLIP = "{column} = set_byte({column}, {at}, get_byte({column}, {at}) # 1)"


@pytest.fixture
def written() -> None:
    """700 entries in three signed steps: two full tiles and an edge."""
    for step in (200, 400, 100):
        append(step)
        publish.publish(origin())


def flip(table: str, column: str, at: int, where: str = "true") -> None:
    assert change(table, FLIP.format(column=column, at=at), where) >= 1


def find_damage() -> LedgerDamaged:
    with pytest.raises(LedgerDamaged) as found:
        fsck.check_log(origin(), keys())
    return found.value


def test_sound_log_is_reported_with_what_was_recomputed(written: None) -> None:
    seen: list[tuple[int, int]] = []
    report = fsck.check_log(origin(), keys(), lambda done, total: seen.append((done, total)))
    assert report == fsck.Report(entries=700, tiles=2, checkpoints=3, unsigned=0)
    assert seen == [(256, 700), (512, 700), (700, 700)]


def test_empty_log_is_sound() -> None:
    append(0)
    assert fsck.check_log(origin(), keys()) == fsck.Report(0, 0, 0, 0)
    publish.publish(origin())
    assert fsck.check_log(origin(), keys()) == fsck.Report(0, 0, 1, 0)


def test_level_one_tile_is_recomputed_too() -> None:
    append(65_500)
    append(100)
    publish.publish(origin())
    assert fsck.check_log(origin(), keys()).tiles == 257
    flip("ledger_tile", "nodes", 9000, "level = 1")
    assert "tile 0 of level 1 differs from its entries in node 281" in str(find_damage())


@pytest.mark.parametrize("index", [0, 255, 256, 699])
def test_byte_of_an_entry(written: None, index: int) -> None:
    flip("ledger_entry", "data", 3, f"index = {index}")
    damage = find_damage()
    assert (damage.what, damage.index) == ("entry", index)
    assert f"entry {index} does not hash to its leaf hash" in str(damage)


@pytest.mark.parametrize("index", [1, 511, 650])
def test_byte_of_a_leaf_hash(written: None, index: int) -> None:
    flip("ledger_entry", "leaf_hash", 31, f"index = {index}")
    assert find_damage().index == index


@pytest.mark.parametrize("index", [300, 650])
def test_entry_and_leaf_hash_changed_together(written: None, index: int) -> None:
    change("ledger_entry", "data = 'forged', leaf_hash = sha256('\\x00'::bytea || 'forged'::bytea)", f"index = {index}")
    damage = find_damage()
    expected = ("tile", 1) if index < 512 else ("checkpoint", 700)
    assert (damage.what, damage.index) == expected


def test_first_of_two_changes_is_named(written: None) -> None:
    flip("ledger_entry", "data", 0, "index IN (40, 300)")
    assert find_damage().index == 40


@pytest.mark.parametrize("at", [0, 8191, 8192, 16_319])
def test_byte_of_a_tile(written: None, at: int) -> None:
    flip("ledger_tile", "nodes", at, "index = 1")
    damage = find_damage()
    assert (damage.what, damage.index) == ("tile", 1)
    assert f"node {at // 32}" in str(damage)


def test_byte_of_a_tiles_root(written: None) -> None:
    flip("ledger_tile", "root", 5, "index = 0")
    assert "tile 0 of level 0 has a root" in str(find_damage())


@pytest.mark.parametrize("size", [200, 600, 700])
def test_byte_of_a_checkpoints_root(written: None, size: int) -> None:
    flip("ledger_checkpoint", "root", 5, f"size = {size}")
    damage = find_damage()
    assert (damage.what, damage.index) == ("checkpoint", size)


@pytest.mark.parametrize("line", [-2, -1], ids=["of the log", "of the witness"])
def test_byte_of_a_signature(written: None, line: int) -> None:
    note = publish.publish(origin())
    lines = note.splitlines(keepends=True)
    at = note.index(lines[line]) + len(lines[line]) - 40
    flip("ledger_checkpoint", "note", at, "size = 700")
    damage = find_damage()
    assert (damage.what, damage.index) == ("checkpoint", 700)


def test_note_of_another_checkpoint(written: None) -> None:
    change(
        "ledger_checkpoint",
        "note = (SELECT note FROM ledger_checkpoint WHERE size = 200)",
        "size = 600",
    )
    assert "checkpoint of 600 entries" in str(find_damage())
    assert "another tree than its row" in str(find_damage())


def test_time_of_a_checkpoint(written: None) -> None:
    change("ledger_checkpoint", "time = time + interval '1 second'", "size = 700")
    assert "cosigned for another time" in str(find_damage())


def test_checkpoint_by_another_key(written: None) -> None:
    other = Signer.generate(origin(), bytes(range(32)), ED25519).verifier
    with pytest.raises(LedgerDamaged, match="checkpoint of 200 entries"):
        fsck.check_log(origin(), [other])


@pytest.mark.parametrize("index", [0, 300, 699])
def test_missing_entry(written: None, index: int) -> None:
    remove("ledger_entry", f"index = {index}")
    assert f"entry {index} is missing" in str(find_damage())


def test_missing_tile(written: None) -> None:
    remove("ledger_tile", "index = 1")
    assert "tile 1 of level 0 is missing" in str(find_damage())


def test_entry_beyond_the_end(written: None) -> None:
    change("ledger_log", "size = 699", "own")
    damage = find_damage()
    assert "checkpoint of 700 entries was signed, only 699 are stored" in str(damage)


def test_entries_and_checkpoints_beyond_the_end(written: None) -> None:
    remove("ledger_checkpoint", "size > 600")
    guard.guard_path(origin()).unlink()
    change("ledger_log", "size = 600", "own")
    assert "frontier" in str(find_damage())
    frontier = Frontier().append(read_leaf_hashes(origin(), 0, 600)).to_bytes().hex()
    change("ledger_log", f"frontier = '\\x{frontier}'", "own")
    damage = find_damage()
    assert (damage.what, damage.index) == ("entry", 600)


def test_tile_without_entries(written: None) -> None:
    change("ledger_tile", "index = 2", "index = 1")
    assert "tile 1 of level 0 is missing" in str(find_damage())


def test_tile_beyond_the_end(written: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_tile (log_id, level, index, root, nodes) "
            "SELECT log_id, level, 2, root, nodes FROM ledger_tile WHERE index = 1"
        )
    assert "tile 2 of level 0 is stored, its entries are not" in str(find_damage())


def test_byte_of_the_frontier(written: None) -> None:
    flip("ledger_log", "frontier", 20, "own")
    assert find_damage().what == "frontier"


def test_guard_that_remembers_another_tree(written: None) -> None:
    other = guard.read(origin())
    assert other is not None
    remove("ledger_checkpoint", "size > 200")
    append(1)
    change("ledger_entry", "data = 'x', leaf_hash = sha256('\\x00'::bytea || 'x'::bytea)", "index = 650")
    damage = find_damage()
    assert (damage.what, damage.index) == ("guard", 700)


def test_log_of_a_peer_is_recomputed_and_its_signatures_reported_unchecked(written: None) -> None:
    writer.open_log(PEER, own=False)
    entries = [make_entry(number) for number in range(300)]
    writer.extend(PEER, 0, entries)
    out = StringIO()
    call_command("fsck", stdout=out)
    first, second = out.getvalue().splitlines()
    assert first.startswith(f"{origin()}: 700 entries, 2 full tiles and 3 checkpoints follow")
    assert second.startswith(f"{PEER}: 300 entries, 1 full tiles and 0 checkpoints follow")


def test_command_fails_with_the_sentence(written: None) -> None:
    flip("ledger_entry", "data", 0, "index = 77")
    with pytest.raises(CommandError, match="entry 77 does not hash"):
        call_command("fsck")
    with pytest.raises(CommandError, match=r"no such log: none\.example"):
        call_command("fsck", "none.example")


def test_checkpoints_by_a_former_key_verify(written: None, tmp_path: Path) -> None:
    keys_of_before = Path(settings.ASSAY_KEYS_DIR)
    rotated = tmp_path / "keys"
    shutil.copytree(keys_of_before, rotated)
    former = Signer.from_text((rotated / "log.key").read_text().strip()).verifier
    (rotated / "log.key").write_text(Signer.generate(origin(), bytes(32), ED25519).to_text())
    settings.ASSAY_KEYS_DIR = rotated
    try:
        with pytest.raises(CommandError, match="checkpoint of 200"):
            call_command("fsck")
        (rotated / "former.vkeys").write_text(f"{former}\n")
        call_command("fsck", stdout=StringIO())
    finally:
        settings.ASSAY_KEYS_DIR = keys_of_before


def scrub_a_month() -> int:
    return sum(fsck.scrub(origin(), night) for night in range(1000, 1030))


def test_scrub_comes_round_all_full_tiles_in_thirty_nights(written: None) -> None:
    assert scrub_a_month() == 512
    flip("ledger_entry", "data", 0, "index = 300")
    with pytest.raises(LedgerDamaged, match="entry 300"):
        scrub_a_month()
