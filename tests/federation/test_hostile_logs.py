"""Peers whose ledgers lie: for each lie what this node does, what its operator reads, and that others are followed on.

DE was followed honestly up to entry 15 before it begins to lie; FR stays honest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Lock
from typing import Any, NamedTuple

import httpx
import pytest

from federation.errors import EntriesInvalid, PeerFrozen, TooLarge
from federation.models import Evidence
from federation.sync import bundles, follow
from federation.sync.follow import attempt
from ledger import reader
from ledger.tlog.checkpoint import Checkpoint, format_checkpoint
from ledger.tlog.lines import HASH_SIZE
from ledger.tlog.merkle import hash_leaf
from ledger.tlog.note import COSIGNATURE, format_note
from ledger.tlog.tiles import ENTRIES, Tile
from tests import reference
from tests.federation import cast
from tests.peers import Peer

pytestmark = pytest.mark.django_db
TRUSTED = 15


class Lie(NamedTuple):
    """What a peer does, the code under which it is kept, words its operator reads, how many entries we then hold."""

    tell: Callable[[Peer], None]
    code: str
    words: str
    holds: int = TRUSTED


def later(peer: Peer) -> None:
    peer.signed_at += timedelta(minutes=1)


def roll_back(peer: Peer) -> None:
    later(peer)
    del peer.ledger.entries[12:]


def show_an_old_checkpoint(peer: Peer) -> None:
    peer.signed_at -= timedelta(minutes=1)
    del peer.ledger.entries[12:]


def rewrite(peer: Peer, index: int, growth: int) -> None:
    later(peer)
    cast.grow(peer, growth)
    peer.ledger.entries[index] = peer.ledger.entries[index].replace(b"College", b"Colleye")


def fork_and_grow(peer: Peer) -> None:
    rewrite(peer, 12, 5)


def fork_at_the_same_size(peer: Peer) -> None:
    rewrite(peer, 12, 0)


def fork_behind_and_shrink(peer: Peer) -> None:
    rewrite(peer, 3, 0)
    peer.signed_at -= timedelta(hours=1)
    del peer.ledger.entries[12:]


def alter(entry: bytes) -> bytes:
    return entry.replace(b"College", b"Colleye")


def serve_an_altered_entry(peer: Peer) -> None:
    cast.grow(peer, 5)
    peer.served = [*peer.entries[:17], alter(peer.entries[17]), *peer.entries[18:]]


def alter_the_tile_alike(peer: Peer) -> None:
    serve_an_altered_entry(peer)
    assert peer.served is not None
    forged, at = hash_leaf(peer.served[17]), 17 * HASH_SIZE

    def forge(tile: Tile, data: bytes) -> bytes:
        return data[:at] + forged + data[at + HASH_SIZE :] if tile.level == 0 else data

    peer.alter_tile = forge


def shape_bundles(shape: Callable[[bytes], bytes]) -> Callable[[Peer], None]:
    """Grow by five entries and serve bundles in another form."""

    def tell(peer: Peer) -> None:
        cast.grow(peer, 5)
        peer.alter_tile = lambda tile, data: shape(data) if tile.level == ENTRIES else data

    return tell


def serve_swapped_entries(peer: Peer) -> None:
    cast.grow(peer, 5)
    peer.served = [*peer.entries[:15], peer.entries[16], peer.entries[15], *peer.entries[17:]]


def serve_one_entry_less(peer: Peer) -> None:
    cast.grow(peer, 5)
    peer.served = peer.entries[:-1]


def show(note: Callable[[Peer], bytes]) -> Callable[[Peer], None]:
    """Grow by an entry and show this for a checkpoint."""

    def tell(peer: Peer) -> None:
        cast.grow(peer, 1)
        shown = note(peer)
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        peer.respond = {"/ledger/checkpoint": lambda: httpx.Response(200, content=shown, headers=headers)}

    return tell


def spoil_signature(peer: Peer) -> bytes:
    return cast.open_country("de", 3).checkpoint().split(b"\n\n")[0] + b"\n\n" + peer.checkpoint().split(b"\n\n")[1]


def sign_with_another_key(peer: Peer) -> bytes:
    return replace(peer, signer=cast.signer_of(peer.origin, number=2)).checkpoint()


def show_another_log(peer: Peer) -> bytes:
    return cast.open_country("fr").checkpoint()


def add_extension_lines(peer: Peer) -> bytes:
    return peer.sign(Checkpoint(peer.origin, 16, reference.mth(peer.entries), ("extra", "lines")))


def leave_the_witness_out(peer: Peer) -> bytes:
    text = format_checkpoint(Checkpoint(peer.origin, 16, reference.mth(peer.entries)))
    return format_note(text, [peer.signer.sign(text)])


def cosign_by_another_witness(peer: Peer) -> bytes:
    return replace(peer, witness=cast.signer_of(peer.witness.name, COSIGNATURE, number=2)).checkpoint()


def claim_size(size: str) -> Callable[[Peer], bytes]:
    def note(peer: Peer) -> bytes:
        text = (
            f"{peer.origin}\n{size}\n{format_checkpoint(Checkpoint('x', 1, reference.mth(peer.entries))).split()[2]}\n"
        )
        moment = int(peer.signed_at.timestamp())
        lines = [peer.signer.sign(text), peer.witness.cosign(text, moment)]
        return (text + "\n" + "".join(line.line for line in lines)).encode()

    return note


def babble(peer: Peer) -> bytes:
    return b"We moved.\n"


LIES = {
    "rolls back": Lie(roll_back, "peer_frozen", "rolled_back"),
    "shows an old checkpoint": Lie(show_an_old_checkpoint, "checkpoint_invalid", "an old one of 12"),
    "forks and grows": Lie(fork_and_grow, "peer_frozen", "inconsistent"),
    "forks at the same size": Lie(fork_at_the_same_size, "peer_frozen", "same_size"),
    "forks and shows a smaller tree": Lie(fork_behind_and_shrink, "peer_frozen", "inconsistent"),
    "alters an entry": Lie(serve_an_altered_entry, "entries_invalid", "entry 17 .* is not the one it signed"),
    "alters entry and tile alike": Lie(alter_the_tile_alike, "entries_invalid", "do not lead to the root"),
    "swaps entries": Lie(serve_swapped_entries, "entries_invalid", "entry 15 .* is not the one it signed"),
    "leaves an entry out": Lie(serve_one_entry_less, "entries_invalid", "got 19 and a cut"),
    "truncates a bundle": Lie(shape_bundles(lambda data: data[:-1]), "entries_invalid", "got 19 and a cut"),
    "adds to a bundle": Lie(shape_bundles(lambda data: data + b"\0"), "entries_invalid", "1 bytes more"),
    "serves an empty bundle": Lie(shape_bundles(lambda data: b""), "entries_invalid", "got 0 and a cut"),
    "lies about lengths": Lie(shape_bundles(lambda data: b"\xff\xff" + data[2:]), "entries_invalid", "a cut"),
    "counts lengths from the end": Lie(
        shape_bundles(lambda data: data[::-1]), "entries_invalid", "expected 20 entries"
    ),
    "serves a bundle beyond all bounds": Lie(shape_bundles(lambda data: bytes(2_000_000)), "too_large", "at most 13"),
    "signs another text": Lie(show(spoil_signature), "checkpoint_invalid", "was altered or signed by another key"),
    "signs with another key": Lie(show(sign_with_another_key), "checkpoint_invalid", "check the configured key"),
    "shows another log": Lie(show(show_another_log), "checkpoint_invalid", "refused"),
    "adds extension lines": Lie(show(add_extension_lines), "checkpoint_invalid", "2 lines more"),
    "leaves its witness out": Lie(show(leave_the_witness_out), "checkpoint_invalid", "its age is unknown"),
    "lets another witness cosign": Lie(show(cosign_by_another_witness), "checkpoint_invalid", "its age is unknown"),
    "claims a size without growth": Lie(show(claim_size("20")), "entries_invalid", "expected 20 entries"),
    "claims 2^63 entries": Lie(show(claim_size(str(2**63))), "checkpoint_invalid", "from 0 to 2\\^63-1"),
    "claims 2^63 - 1 entries": Lie(show(claim_size(str(2**63 - 1))), "too_many_entries", "ASSAY_PEER_MAX_ENTRIES"),
    "claims a size with a leading zero": Lie(show(claim_size("016")), "checkpoint_invalid", "without leading zero"),
    "babbles": Lie(show(babble), "checkpoint_invalid", "no signatures"),
}


@pytest.fixture
def honest() -> Iterator[Peer]:
    """FR, followed, honest to the end."""
    france = cast.open_country("fr", 3)
    with cast.following(france):
        yield france


@pytest.fixture
def liar(honest: Peer) -> Iterator[Peer]:
    """DE, followed up to `TRUSTED` entries."""
    germany = cast.open_country("de", 10)
    with cast.following(germany):
        follow(germany.origin)
        cast.insist_on_copy(germany, TRUSTED)
        yield germany


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_is_refused_said_in_words_and_keeps_nobody_else_back(lie: Lie, liar: Peer, honest: Peer) -> None:
    truth = list(liar.entries)
    lie.tell(liar)
    assert attempt(liar.origin) is False, "nothing is raised into the queue, nothing is started again at once"
    row = cast.row_of(liar)
    assert row.error_code == lie.code, row.said_error
    assert row.failures == 1
    assert re.search(lie.words, row.said_error), row.said_error
    assert reader.read_entries(liar.origin, 0, lie.holds) == truth[: lie.holds]
    assert reader.get_log(liar.origin).size == lie.holds, "nothing of it is stored"
    assert reader.latest_checkpoint(liar.origin).size == lie.holds
    assert row.status == ("frozen" if lie.code == "peer_frozen" else "following")
    assert follow(honest.origin).done
    cast.insist_on_copy(honest)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A few hundred entries make several batches, and several runs."""
    monkeypatch.setattr(bundles, "BATCH", 256)
    settings.ASSAY_SYNC_ENTRIES = 512


@pytest.mark.usefixtures("small_batches")
def test_an_altered_tile_stops_a_long_sync_where_it_is(honest: Peer) -> None:
    peer = cast.open_country("de", 1000)
    peer.alter_tile = lambda tile, data: data[:-1] + bytes([data[-1] ^ 1]) if tile.level == 1 else data
    with cast.following(peer):
        with pytest.raises(EntriesInvalid, match=r"do not lead to the root register\.de\.example/ledger signed"):
            follow(peer.origin)
        assert reader.get_log(peer.origin).size == 0
        assert follow(honest.origin).done
        peer.alter_tile = lambda tile, data: data
        while not follow(peer.origin).done:
            pass
    cast.insist_on_copy(peer)


@pytest.mark.usefixtures("small_batches")
def test_a_tile_longer_than_its_tree_is_refused() -> None:
    peer = cast.open_country("de", 1000)
    peer.alter_tile = lambda tile, data: data if tile.level == ENTRIES else data + bytes(32)
    with cast.following(peer), pytest.raises(TooLarge, match="/tile/"):
        follow(peer.origin)
    assert reader.get_log(peer.origin).size == 0


@pytest.mark.usefixtures("small_batches")
def test_a_log_that_forks_while_it_is_being_copied_is_convicted_by_both_checkpoints() -> None:
    peer = cast.open_country("de", 1000)
    with cast.following(peer):
        assert follow(peer.origin).done is False
        rewrite(peer, 3, 300)
        with pytest.raises(PeerFrozen, match="two histories"):
            follow(peer.origin)
    evidence = Evidence.objects.get(origin=peer.origin)
    assert evidence.kind == "inconsistent"
    assert (b"\n1005\n" in bytes(evidence.older), b"\n1305\n" in bytes(evidence.newer)) == (True, True)


@pytest.mark.usefixtures("small_batches")
def test_a_log_that_goes_back_while_it_is_being_copied_is_convicted() -> None:
    peer = cast.open_country("de", 1000)
    with cast.following(peer):
        assert follow(peer.origin).done is False
        later(peer)
        del peer.ledger.entries[600:]
        with pytest.raises(PeerFrozen, match="rolled_back"):
            follow(peer.origin)
    assert reader.get_log(peer.origin).size == 512


def test_a_fork_older_than_our_trust_is_found_in_a_mirror_of_the_other_history(honest: Peer) -> None:
    shown_to_us, shown_to_others = cast.open_country("de", 10), cast.open_country("de", 10)
    rewrite(shown_to_others, 3, 5)
    with cast.following(shown_to_us):
        follow(shown_to_us.origin)
        shown_to_us.respond = {"/ledger/checkpoint": lambda: httpx.Response(503)}
        honest.mirrors.append(shown_to_others)
        with pytest.raises(PeerFrozen):
            follow(shown_to_us.origin)
    assert Evidence.objects.get(origin=shown_to_us.origin).kind == "inconsistent"
    assert follow(honest.origin).done
    assert reader.get_log(shown_to_us.origin).size == TRUSTED


@pytest.mark.usefixtures("small_batches")
def test_a_peer_that_writes_faster_than_anybody_copies_gets_its_turn_and_no_more(honest: Peer) -> None:
    peer = cast.open_country("de", 600)
    read, writing = peer.read_tile, Lock()

    def read_and_grow(tile: Tile) -> bytes:
        with writing:
            cast.grow(peer, 256)
        return read(tile)

    peer.read_tile = read_and_grow  # type: ignore[method-assign]
    with cast.following(peer):
        outcomes = [follow(peer.origin) for _ in range(3)]
        assert follow(honest.origin).done
    assert [outcome.size_after - outcome.size_before for outcome in outcomes[:2]] == [512, 93]
    assert all(outcome.size_after - outcome.size_before <= 512 + 256 for outcome in outcomes)
    cast.insist_on_copy(honest)
