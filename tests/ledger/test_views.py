"""The ledger over HTTP: a monitor that knows C2SP alone can follow it and prove everything."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.test import Client
from django.urls import path

from ledger import cache, publish, views, writer
from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.tlog.merkle import check_inclusion, hash_leaf, hash_leaves, prove_inclusion, read_root
from ledger.tlog.proof import check_proof, parse_proof
from ledger.tlog.tiles import ENTRIES, Tile, TileReader, parse_bundle, tile_path, tiles_for_size
from tests.ledger.writing import PEER, append, change, keys, make_entry, origin

pytestmark = pytest.mark.django_db
FOREVER = "public, max-age=31536000, immutable"

urlpatterns = [
    path("mirror/checkpoint", views.checkpoint, {"origin": PEER}),
    path("mirror/tile/<path:path>", views.tile, {"origin": PEER}),
]


@pytest.fixture
def head(client: Client) -> SignedCheckpoint:
    """A log of 700 entries, as its checkpoint over HTTP says."""
    for step in (200, 400, 100):
        append(step)
        publish.publish(origin())
    return open_checkpoint(client.get("/ledger/checkpoint").content, keys(), origin())


def test_checkpoint_is_the_newest_and_never_cached(client: Client, head: SignedCheckpoint) -> None:
    answer = client.get("/ledger/checkpoint")
    assert head.checkpoint.size == 700
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_monitor_rebuilds_the_tree_from_tiles_and_bundles(client: Client, head: SignedCheckpoint) -> None:
    def fetch(tiles: Sequence[Tile]) -> list[bytes]:
        return [client.get(f"/ledger/{tile_path(tile)}").content for tile in tiles]

    size, root = head.checkpoint.size, head.checkpoint.root
    reader = TileReader(size, root, fetch)
    assert read_root(size, reader) == root
    entries: list[bytes] = []
    for index, width in ((0, 256), (1, 256), (2, 188)):
        entries += parse_bundle(fetch([Tile(ENTRIES, index, width)])[0], width)
    assert entries == [make_entry(number) for number in range(700)]
    assert b"".join(hash_leaves(entries[:256])) == reader.read_tile(0, 0)
    for index in (0, 255, 256, 699):
        check_inclusion(prove_inclusion(index, size, reader), index, size, hash_leaf(entries[index]), root)


def test_every_tile_of_every_signed_size_is_served(client: Client, head: SignedCheckpoint) -> None:
    for size in (200, 600, 700):
        for tile in tiles_for_size(size):
            answer = client.get(f"/ledger/{tile_path(tile)}")
            assert (answer.status_code, len(answer.content)) == (200, 32 * tile.width)
            assert answer["Content-Type"] == "application/octet-stream"
            assert answer["Cache-Control"] == FOREVER
            bundle = Tile(ENTRIES, tile.index, tile.width)
            if tile.level == 0:
                assert len(parse_bundle(client.get(f"/ledger/{tile_path(bundle)}").content, tile.width)) == tile.width


def test_receipt_verifies(client: Client, head: SignedCheckpoint) -> None:
    for index in (0, 400, 699):
        answer = client.get(f"/ledger/receipt/{index}")
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        check_proof(parse_proof(answer.content), make_entry(index), keys())


@pytest.mark.parametrize(
    "address",
    [
        "tile/0/002",
        "tile/0/002.p/189",
        "tile/0/003.p/1",
        "tile/1/000",
        "tile/1/000.p/3",
        "tile/2/000.p/1",
        "tile/entries/002",
        "tile/entries/002.p/189",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000/",
        "tile/0/../0/000",
        "tile/data/000",
        "tile/0/000.p/01",
        "tile/0/٠٠٠",
        "tile/0/" + "x999/" * 30 + "000",
        "receipt/700",
        "receipt/-1",
        "receipt/01",
        "receipt/1e3",
        "receipt/99999999999999999999",
        "receipt/9223372036854775807",
        "checkpoint/",
    ],
)
def test_what_is_not_signed_or_not_spelled_so_is_not_found(
    client: Client, head: SignedCheckpoint, address: str
) -> None:
    assert client.get(f"/ledger/{address}").status_code == 404


def test_what_is_not_found_says_so_in_a_sentence_that_is_not_cached(client: Client, head: SignedCheckpoint) -> None:
    answer = client.get("/ledger/tile/0/002")
    assert "covers 700 entries" in answer.content.decode()
    assert (answer["Cache-Control"], answer["Access-Control-Allow-Origin"]) == ("no-store", "*")


def test_entries_not_yet_signed_are_not_served(client: Client) -> None:
    assert client.get("/ledger/checkpoint").status_code == 404
    append(3)
    for address in ("checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3", "receipt/0"):
        assert client.get(f"/ledger/{address}").status_code == 404
    publish.publish(origin())
    append(1)
    assert client.get("/ledger/tile/entries/000.p/3").status_code == 200
    assert client.get("/ledger/tile/entries/000.p/4").status_code == 404


@pytest.mark.parametrize("address", ["checkpoint", "tile/0/000", "tile/entries/000", "receipt/5"])
def test_only_get_and_head_and_no_cookie(client: Client, head: SignedCheckpoint, address: str) -> None:
    for method in (client.post, client.put, client.patch, client.delete):
        answer = method(f"/ledger/{address}")
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    full, empty = client.get(f"/ledger/{address}"), client.head(f"/ledger/{address}")
    assert (empty.status_code, empty.content) == (200, b"")
    assert empty["Content-Type"] == full["Content-Type"]
    assert not full.cookies
    assert "Cookie" not in full.get("Vary", "")


def test_mirrored_log_is_served_by_the_same_views(client: Client, settings: object) -> None:
    settings.ROOT_URLCONF = __name__  # type: ignore[attr-defined]
    append(1)
    publish.publish(origin())
    head = publish.cover(origin())
    writer.open_log(PEER, own=False)
    writer.extend(PEER, 0, [b"one", b"two"])
    assert client.get("/mirror/checkpoint").status_code == 404
    writer.record_checkpoint(PEER, 2, bytes(32), head.time, b"the note as it came\n")
    assert client.get("/mirror/checkpoint").content == b"the note as it came\n"
    assert client.get("/mirror/tile/entries/000.p/2").content == b"\x00\x03one\x00\x03two"
    assert client.get("/mirror/tile/0/000.p/2").content == b"".join(hash_leaves([b"one", b"two"]))


def test_altered_entry_is_never_served_with_a_receipt(
    client: Client, head: SignedCheckpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "evidence", cache.RecentlyUsed(8))  # what was proven before stays true
    change("ledger_entry", "data = 'forged'", "index = 5")
    client.raise_request_exception = False
    assert client.get("/ledger/receipt/5").status_code == 500
    assert client.get("/ledger/receipt/6").status_code == 200
