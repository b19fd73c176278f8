"""What a peer shows again is recognised by its lines, without verifying them once more; anything else is opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from federation.peers import Peer
from federation.sync.targets import is_held
from ledger.logs import SignedCheckpointRow
from ledger.tlog.checkpoint import add_signatures, cosign
from ledger.tlog.note import COSIGNATURE, Signer, parse_note
from tests import ledgers, peers

NOW = 1_700_000_000
OTHER = Signer.generate("register.fr.example/witness", b"f" * 32, COSIGNATURE)
THIRD = Signer.generate("register.be.example/witness", b"b" * 32, COSIGNATURE)


def sign(size: int = 3, time: int = NOW) -> bytes:
    shown = peers.open_peer()
    shown.signed_at = datetime.fromtimestamp(time, UTC)
    return shown.checkpoint(size)


def with_line(note: bytes, signer: Signer) -> bytes:
    return add_signatures(note, [cosign(parse_note(note).text, signer, NOW)])


def hold(note: bytes, time: int = NOW) -> SignedCheckpointRow:
    return SignedCheckpointRow(3, b"r" * 32, datetime.fromtimestamp(time, UTC).replace(microsecond=1), note, 2, "o")


@pytest.fixture
def peer() -> Peer:
    """The peer as we know it."""
    return Peer(
        id=uuid4(), origin=ledgers.ORIGIN, name="NL", url=peers.URL, keys=(peers.LOG.verifier,),
        witness_keys=(peers.WITNESS.verifier,), territory=("NL",), remit=None, max_age_seconds=None, status="following",
    )  # fmt: skip


def test_the_same_note_and_one_with_fewer_lines_are_held(peer: Peer) -> None:
    held = hold(with_line(sign(), OTHER))
    assert is_held(peer, with_line(sign(), OTHER), held)
    assert is_held(peer, sign(), held)


def test_nothing_is_held_of_a_log_that_is_new(peer: Peer) -> None:
    assert not is_held(peer, sign(), None)


@pytest.mark.parametrize(
    "note",
    [sign(4), sign(time=NOW + 1), sign(time=NOW - 1), with_line(sign(), THIRD), b"no note", b""],
    ids=["larger", "later", "earlier", "another line", "no note", "nothing"],
)
def test_whatever_says_something_else_is_opened(peer: Peer, note: bytes) -> None:
    assert not is_held(peer, note, hold(with_line(sign(), OTHER)))


def test_a_forged_line_is_not_taken_for_the_one_that_was_verified(peer: Peer) -> None:
    forger = Signer.generate(peers.WITNESS.name, b"x" * 32, COSIGNATURE)
    assert not is_held(peer, with_line(sign(), forger), hold(sign()))


def test_lines_of_keys_that_were_given_up_since_are_opened(peer: Peer) -> None:
    assert not is_held(replace(peer, keys=(peers.STRANGER.verifier,)), sign(), hold(sign()))
    assert not is_held(replace(peer, witness_keys=(OTHER.verifier,)), sign(), hold(sign()))


def test_a_time_that_was_not_believed_when_it_was_stored_is_looked_at_again(peer: Peer) -> None:
    assert not is_held(peer, sign(), hold(sign(), time=NOW - 3_600))
