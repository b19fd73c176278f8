"""Mirrors: what we hold of a peer is served like its own ledger, and others' mirrors stand in for one that is away."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client

from federation.errors import EntriesInvalid, Unreachable
from federation.models import Following
from federation.remote import RemoteLog
from federation.sync import bundles, follow
from federation.transport import open_client
from federation.witness import hash_origin
from ledger import publish
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.merkle import prove_inclusion
from ledger.tlog.proof import check_proof, parse_proof
from ledger.tlog.tiles import Tile, TileReader, parse_bundle, tile_path
from tests import factories
from tests.federation import cast
from tests.peers import Peer, serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def peer() -> Iterator[Peer]:
    """DE, followed and copied."""
    germany = cast.open_country("de", 300)
    with cast.following(germany):
        follow(germany.origin)
        yield germany


def test_the_mirror_serves_what_the_peer_signed_with_our_cosignature(peer: Peer, client: Client) -> None:
    answer = client.get(f"{peer.mirror_path}checkpoint")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    signed = open_checkpoint(answer.content, [peer.signer.verifier, peer.witness.verifier], peer.origin)
    assert signed.checkpoint.size == len(peer.entries)
    assert b"register.nl.example" in answer.content


def test_the_mirrors_tiles_and_receipts_prove_the_peers_entries(peer: Peer, client: Client) -> None:
    keys = [peer.signer.verifier, peer.witness.verifier]
    head = open_checkpoint(client.get(f"{peer.mirror_path}checkpoint").content, keys).checkpoint

    def fetch(tiles: Any) -> list[bytes]:
        return [client.get(peer.mirror_path + tile_path(tile)).content for tile in tiles]

    assert prove_inclusion(270, head.size, TileReader(head.size, head.root, fetch))
    assert parse_bundle(client.get(f"{peer.mirror_path}tile/entries/000").content, 256) == peer.entries[:256]
    proof = parse_proof(client.get(f"{peer.mirror_path}receipt/270").content)
    check_proof(proof, peer.entries[270], keys)


def test_an_early_entry_is_also_proven_under_the_oldest_checkpoint_that_covers_it(peer: Peer, client: Client) -> None:
    """Who knows only the key of that time can follow the next one from there."""
    first, peer.signed_at = len(peer.entries), peer.signed_at + timedelta(seconds=20)
    cast.grow(peer, 5)
    follow(peer.origin)
    keys = [peer.signer.verifier, peer.witness.verifier]
    for index, size in ((2, first), (first - 1, first), (first, first + 5)):
        answer = client.get(f"{peer.mirror_path}first-receipt/{index}")
        assert check_proof(parse_proof(answer.content), peer.entries[index], keys).checkpoint.size == size
    for absent in (f"{first + 5}", "x", "-1"):
        assert client.get(f"{peer.mirror_path}first-receipt/{absent}").status_code == 404


def test_what_is_not_copied_is_not_found(peer: Peer, client: Client) -> None:
    stranger = cast.open_country("fr").mirror_path
    for path in (f"{stranger}checkpoint", f"{stranger}tile/0/000", f"{stranger}receipt/0", "/mirror/xyz/checkpoint"):
        assert client.get(path).status_code == 404
    for name in ("tile/entries/001.p/200", "tile/0/x001/000", "tile/../000", "receipt/305", "receipt/x"):
        assert client.get(peer.mirror_path + name).status_code == 404
    assert client.post(f"{peer.mirror_path}checkpoint").status_code == 405


def test_our_own_ledger_is_no_mirror(client: Client) -> None:
    origin = factories.open_register().origin
    publish.publish(origin)
    assert client.get(f"/mirror/{hash_origin(origin)}/checkpoint").status_code == 404
    assert client.get("/ledger/checkpoint").status_code == 200


def test_a_copy_stays_served_whatever_becomes_of_the_peer(peer: Peer, client: Client) -> None:
    for status in ("paused", "frozen", "withdrawn"):
        Following.objects.update(status=status)
        assert client.get(f"{peer.mirror_path}checkpoint").status_code == 200


def test_entries_without_a_checkpoint_are_not_served(client: Client, settings: Any) -> None:
    settings.ASSAY_SYNC_ENTRIES = 256
    germany = cast.open_country("de", 300)
    with cast.following(germany):
        assert follow(germany.origin).done is False
    assert client.get(f"{germany.mirror_path}tile/entries/000").status_code == 404
    assert client.get(f"{germany.mirror_path}checkpoint").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("br", False),
        ("", False),
    ],
)
def test_bundles_are_packed_for_whoever_accepts_it(peer: Peer, client: Client, accepted: str, packed: bool) -> None:
    answer = client.get(f"{peer.mirror_path}tile/entries/001.p/49", headers={"Accept-Encoding": accepted})
    assert answer.has_header("Content-Encoding") == packed
    assert "Accept-Encoding" in answer["Vary"]
    data = gzip.decompress(answer.content) if packed else answer.content
    assert parse_bundle(data, 49) == peer.entries[256:]
    assert len(answer.content) < 5000 or not packed


def test_hashes_are_not_packed(peer: Peer, client: Client) -> None:
    assert not client.get(f"{peer.mirror_path}tile/0/000", headers={"Accept-Encoding": "gzip"}).has_header(
        "Content-Encoding"
    )


@pytest.fixture
def france(peer: Peer) -> Iterator[Peer]:
    """FR, followed, which mirrors DE."""
    other = cast.open_country("fr", mirrors=[peer])
    with cast.following(other):
        yield other


def shut_down(peer: Peer) -> None:
    """Let a peer go off the network for good."""
    with serve(peer) as gone:
        Following.objects.filter(origin=peer.origin).update(url=gone)


def test_when_the_origin_is_down_checkpoint_and_entries_come_from_a_mirror(peer: Peer, france: Peer) -> None:
    shut_down(peer)
    cast.grow(peer, 20)
    outcome = follow(peer.origin)
    assert outcome.size_after == len(peer.entries)
    assert peer.mirror_path.rstrip("/") in outcome.source
    cast.insist_on_copy(peer)
    row = cast.row_of(peer)
    assert (row.failures, row.error_code, row.source) == (1, "unreachable", outcome.source)


def test_when_the_origin_serves_bad_entries_they_come_from_a_mirror(peer: Peer, france: Peer) -> None:
    cast.grow(peer, 20)
    behind = cast.open_country("de", 320)
    assert behind.entries == peer.entries
    france.mirrors = [behind]
    peer.served = [*peer.entries[:310], b"forged", *peer.entries[311:]]
    outcome = follow(peer.origin)
    assert "/mirror/" in outcome.source
    cast.insist_on_copy(peer)
    assert cast.row_of(peer).error_code == "entries_invalid", "the operator reads what the origin served"


def test_a_mirror_is_believed_no_more_than_the_origin(peer: Peer, france: Peer) -> None:
    shut_down(peer)
    cast.grow(peer, 20)
    peer.served = [*peer.entries[:310], b"forged", *peer.entries[311:]]
    with pytest.raises((EntriesInvalid, Unreachable)):
        follow(peer.origin)
    cast.insist_on_copy(peer, 305)


def test_a_mirror_that_knows_no_more_is_no_help(peer: Peer, france: Peer) -> None:
    shut_down(peer)
    with pytest.raises(Unreachable):
        follow(peer.origin)
    row = cast.row_of(peer)
    assert (row.failures, row.error_code) == (1, "unreachable")


def test_an_old_mirror_is_no_rollback(peer: Peer, france: Peer) -> None:
    shut_down(peer)
    france.mirrors = [cast.open_country("de", 100, signed_at=peer.signed_at)]
    with pytest.raises(Unreachable):
        follow(peer.origin)
    assert cast.row_of(peer).status == "following"


def test_a_new_node_copies_a_lost_one_from_a_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "BATCH", 256)
    lost = cast.open_country("de", 700)
    other = cast.open_country("fr", mirrors=[lost])
    with cast.following(other):
        with serve(lost) as gone:
            cast.recognise(lost, gone)
        follow(lost.origin)
    cast.insist_on_copy(lost)


def test_a_partial_tile_that_is_gone_is_cut_from_the_full_one() -> None:
    germany = cast.open_country("de", 300)
    partial = ("/ledger/tile/entries/000.p/15", "/ledger/tile/0/000.p/15")
    germany.respond = dict.fromkeys(partial, lambda: httpx.Response(404))
    with serve(germany) as url, open_client() as client:
        remote = RemoteLog(client, f"{url}/ledger")
        assert remote.read_bundle(0, 15) == germany.entries[:15]
        assert len(remote.fetch_tiles([Tile(0, 0, 15)])[0]) == 15 * 32
