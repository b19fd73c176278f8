"""`assay audit` replays a public ledger and names the first entry that is not as it must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.merkle import hash_leaf
from ledger.tlog.note import COSIGNATURE, Signer
from ledger.tlog.tiles import ENTRIES, WIDTH, Tile
from register.audit import audit
from tests import ledgers
from tests.cli.conftest import Ask
from tests.ledgers import grant, make_id
from tests.peers import LOG, STRANGER, Peer, open_peer

THIEF = Signer.generate("thief.example/witness", bytes(range(32)), COSIGNATURE)
MANY = 600  # three bundles, two full tiles


@pytest.fixture(scope="module")
def long_ledger() -> ledgers.Ledger:
    ledger = open_peer().ledger
    for number in range(MANY - len(ledger.entries)):
        grant(ledger, make_id(10_000 + number))
    return ledger


@pytest.fixture
def peer(long_ledger: ledgers.Ledger) -> Peer:
    return Peer(long_ledger)


def test_a_sound_ledger_passes(ask: Ask, peer: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(peer, "audit", "URL", "--vkey", str(LOG.verifier)) == 0
    shown = capsys.readouterr().out
    assert f"{MANY} entries" in shown
    assert "3 issuers" in shown


@pytest.mark.parametrize("index", [0, 1, 255, 256, 511, 512, MANY - 1])
def test_an_altered_entry_is_named(ask: Ask, peer: Peer, index: int, capsys: pytest.CaptureFixture[str]) -> None:
    altered = list(peer.entries)
    altered[index] = altered[index][:-2] + b" }"
    peer.served = altered
    assert ask(peer, "audit", "URL") == 1
    assert f"entry {index}:" in capsys.readouterr().err


@pytest.mark.parametrize(("level", "tile"), [(0, 0), (0, 1), (0, 2), (1, 0)])
def test_an_altered_tile_is_a_fault(ask: Ask, peer: Peer, level: int, tile: int) -> None:
    def alter(asked: Tile, data: bytes) -> bytes:
        return bytes([data[0] ^ 1]) + data[1:] if (asked.level, asked.index) == (level, tile) else data

    peer.alter_tile = alter
    assert ask(peer, "audit", "URL") == 1


def alter_alike(peer: Peer, index: int, entry: bytes) -> None:
    """Serve another entry, in a tile that fits it: only what is above the tile, or a receipt, tells."""
    peer.served = [*peer.entries[:index], entry, *peer.entries[index + 1 :]]
    at = index % WIDTH * 32

    def alter(asked: Tile, data: bytes) -> bytes:
        altered = (asked.level, asked.index) == (0, index // WIDTH)
        return data[:at] + hash_leaf(entry) + data[at + 32 :] if altered else data

    peer.alter_tile = alter


def give_receipts(peer: Peer) -> None:
    """Answer with the receipts of the entries that its tree is made of."""

    def answer(index: int) -> Callable[[], httpx.Response]:
        return lambda: httpx.Response(200, text=peer.receipt(index))

    peer.respond = {f"/ledger/receipt/{index}": answer(index) for index in range(len(peer.entries))}


@pytest.mark.parametrize("index", [0, 7, 300, MANY - 1])
def test_an_altered_leaf_of_a_tile_is_named(
    ask: Ask, peer: Peer, index: int, capsys: pytest.CaptureFixture[str]
) -> None:
    at = index % WIDTH * 32

    def alter(asked: Tile, data: bytes) -> bytes:
        altered = (asked.level, asked.index) == (0, index // WIDTH)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] if altered else data

    peer.alter_tile = alter
    assert ask(peer, "audit", "URL") == 1
    assert f"entry {index}: its bytes do not hash to its leaf in the served tile" in capsys.readouterr().err


@pytest.mark.parametrize("index", [20, 255, 300, MANY - 1])
def test_of_an_entry_altered_with_its_tile_the_missing_receipt_names_the_index(
    ask: Ask, peer: Peer, index: int, capsys: pytest.CaptureFixture[str]
) -> None:
    alter_alike(peer, index, peer.entries[index].replace(b'"valid_from":"2024', b'"valid_from":"2023'))
    give_receipts(peer)
    assert ask(peer, "audit", "URL") == 1
    assert f"entry {index}: it was altered" in capsys.readouterr().err


@pytest.mark.parametrize(("index", "range_"), [(20, "0 to 255"), (300, "256 to 511"), (MANY - 1, f"0 to {MANY - 1}")])
def test_without_receipts_the_tree_names_the_entries_of_a_full_tile(
    ask: Ask, peer: Peer, index: int, range_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alter_alike(peer, index, peer.entries[index].replace(b'"valid_from":"2024', b'"valid_from":"2023'))
    peer.respond = {f"/ledger/receipt/{at}": lambda: httpx.Response(503) for at in range(MANY)}
    assert ask(peer, "audit", "URL") == 1
    assert f"in entries {range_}, or in the tile" in capsys.readouterr().err


def test_an_entry_altered_with_its_tile_against_the_rules_is_named(
    ask: Ask, peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    alter_alike(peer, 300, peer.entries[300].replace(ledgers.UTOPIA.encode(), ledgers.NOBODY.encode()))
    assert ask(peer, "audit", "URL") == 1
    assert "entry 300: breaks the rules (issuer_unknown)" in capsys.readouterr().err


def test_an_altered_tile_above_sound_entries_says_so(ask: Ask, peer: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    give_receipts(peer)
    peer.alter_tile = lambda tile, data: data[:32] + bytes(32) if (tile.level, tile.index) == (1, 0) else data
    assert ask(peer, "audit", "URL") == 1
    assert "in the tiles above entries 256 to 511, all of which have receipts" in capsys.readouterr().err


def test_a_receipt_of_another_entry_proves_nothing(ask: Ask, peer: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    alter_alike(peer, 20, peer.entries[20].replace(b'"valid_from":"2024', b'"valid_from":"2023'))
    receipt = peer.receipt(30)
    peer.respond = {f"/ledger/receipt/{at}": lambda: httpx.Response(200, text=receipt) for at in range(WIDTH)}
    assert ask(peer, "audit", "URL") == 1
    assert "in entries 0 to 29, 31 to 255" in capsys.readouterr().err


def test_a_cut_bundle_is_a_fault(ask: Ask, peer: Peer) -> None:
    peer.alter_tile = lambda tile, data: data[:-1] if tile.level == ENTRIES else data
    assert ask(peer, "audit", "URL") == 1


def test_an_entry_against_the_rules_is_named_though_the_tree_is_sound(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    peer = open_peer()
    forged = peer.ledger.draft("accreditation.granted", make_id(70), {**ledgers.GRANT, "agency": ledgers.NOBODY})
    index = _smuggle(peer, forged)
    assert ask(peer, "audit", "URL") == 1
    assert f"entry {index}: breaks the rules" in capsys.readouterr().err


def test_an_entry_nobody_can_read_is_named(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    peer = open_peer()
    index = _smuggle(peer, b"{}")
    assert ask(peer, "audit", "URL") == 1
    assert f"entry {index}: is no event" in capsys.readouterr().err


def test_a_witness_the_ledger_does_not_name_gives_no_time(
    ask: Ask, peer: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"origin": ledgers.ORIGIN, "vkey": str(LOG.verifier), "witness_vkey": str(THIEF.verifier)}
    peer.respond = {"/.well-known/assay.json": lambda: httpx.Response(200, json=told)}
    assert ask(peer, "audit", "URL", "--vkey", str(LOG.verifier)) == 1
    assert "another one signs" in capsys.readouterr().err


def test_few_bundles_are_held_at_once(long_ledger: ledgers.Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle may have 16 MB: a hostile node must not fill the auditor's memory with a segment of them."""
    monkeypatch.setattr("register.audit.TOGETHER", 2)
    peer, asked = Peer(long_ledger), list[int]()

    def fetch(tiles: Sequence[Tile]) -> list[bytes]:
        asked.extend([len(tiles)] if tiles[0].level == ENTRIES else [])
        return [peer.read_tile(tile) for tile in tiles]

    audit(open_checkpoint(peer.checkpoint(), [LOG.verifier]), fetch)
    assert asked == [2, 1]


def _smuggle(peer: Peer, entry: bytes) -> int:
    """Put an entry into the tree that the rules would have refused."""
    peer.entries.append(entry)
    return len(peer.entries) - 1


def test_a_checkpoint_of_another_key_is_a_fault(ask: Ask, peer: Peer) -> None:
    stranger = replace(peer, signer=STRANGER)
    assert ask(stranger, "audit", "URL", "--vkey", str(LOG.verifier)) == 1


def test_a_node_that_signs_with_a_key_it_did_not_open_with_is_a_fault(ask: Ask, peer: Peer) -> None:
    assert ask(replace(peer, signer=STRANGER), "audit", "URL") == 1


def test_a_ledger_that_continues_an_earlier_checkpoint_passes(ask: Ask, peer: Peer, tmp_path: Path) -> None:
    for size in (1, 255, 256, 300, MANY):
        kept = tmp_path / f"{size}.checkpoint"
        kept.write_bytes(peer.checkpoint(size))
        assert ask(peer, "audit", "URL", "--since", str(kept)) == 0


def test_rewritten_history_is_caught_by_an_earlier_checkpoint(
    ask: Ask, peer: Peer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.checkpoint"
    kept.write_bytes(peer.checkpoint(300))
    other = open_peer()
    for number in range(MANY):
        grant(other.ledger, make_id(20_000 + number))
    assert ask(other, "audit", "URL") == 0
    assert ask(other, "audit", "URL", "--since", str(kept)) == 1
    assert "history was rewritten" in capsys.readouterr().err


def test_a_ledger_that_shrank_is_caught(ask: Ask, peer: Peer, tmp_path: Path) -> None:
    kept = tmp_path / "kept.checkpoint"
    kept.write_bytes(peer.checkpoint())
    assert ask(open_peer(), "audit", "URL", "--since", str(kept)) == 1


def test_a_node_that_does_not_answer_is_an_input_error(ask: Ask, peer: Peer) -> None:
    peer.respond = {"/ledger/checkpoint": lambda: httpx.Response(503)}
    assert ask(peer, "audit", "URL") == 2
