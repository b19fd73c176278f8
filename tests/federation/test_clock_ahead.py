"""A peer whose clock is ahead: what it records is followed at once, what it says of the time proves nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from federation.errors import CheckpointInvalid
from federation.models import Alert, Cosigned
from federation.sync import follow
from federation.witness import hash_origin, read_cosigned
from ledger import reader
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.note import format_note
from register.trust import judge_freshness
from tests import factories
from tests.federation import cast
from tests.peers import Peer

pytestmark = pytest.mark.django_db

DAY = 86_400
TEXT = {"Content-Type": "text/plain"}
IN_2100 = datetime(2100, 1, 1, tzinfo=UTC)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def peer(db: None) -> Peer:
    factories.open_register()
    return cast.open_country("de", 3)


def read_head(peer: Peer) -> reader.SignedCheckpointRow:
    return reader.latest_checkpoint(peer.origin)


def is_stale(peer: Peer, now: datetime) -> bool:
    return judge_freshness(read_head(peer).time, now, None, DAY, False).stale


def stated(note: bytes, peer: Peer) -> int | None:
    return open_checkpoint(note, [peer.signer.verifier, peer.witness.verifier], peer.origin).time


def open_alert() -> str:
    return Alert.objects.get(code="clock_ahead", settled_at=None).said


def test_what_a_peer_an_hour_ahead_records_is_followed_and_its_time_is_not_believed(peer: Peer) -> None:
    with cast.following(peer):
        follow(peer.origin)
        believed = read_head(peer).second
        peer.signed_at += timedelta(minutes=90, seconds=30)
        cast.grow(peer, 2)
        assert follow(peer.origin).size_after == len(peer.entries)
    cast.insist_on_copy(peer)
    head = read_head(peer)
    assert (head.size, head.second) == (len(peer.entries), believed)
    assert stated(head.note, peer) == int(peer.signed_at.timestamp()), "the note says what it said"
    assert "The clock of Register DE is 90 minutes ahead of ours; one is wrong" in open_alert()
    assert cast.row_of(peer).error_code == ""


def test_what_is_pushed_with_a_time_ahead_is_followed_without_asking(peer: Peer) -> None:
    peer.signed_at += timedelta(hours=3, minutes=30)
    with cast.following(peer):
        cast.submit(peer)
        follow(peer.origin)
        assert "/ledger/checkpoint" not in peer.asked
    cast.insist_on_copy(peer)
    assert "3 hours ahead" in open_alert()


def test_the_year_2100_is_stale_at_once_and_for_ever(peer: Peer, client: Client) -> None:
    peer.signed_at = IN_2100
    with cast.following(peer):
        follow(peer.origin)
        for _ in range(3):
            follow(peer.origin)
    cast.insist_on_copy(peer)
    assert read_head(peer).second == NEVER
    for now in (timezone.now(), timezone.now() + timedelta(days=400), IN_2100 - timedelta(hours=1)):
        assert is_stale(peer, now)
    assert "73 years ahead" in open_alert()
    board: dict[str, Any] = client.get("/federation", headers={"Accept": "application/json"}).json()
    assert [(one["state"], one["fresh"]) for one in board["items"]] == [("stale", False)]


def test_a_time_ahead_does_not_keep_later_honest_ones_out(peer: Peer) -> None:
    peer.signed_at = IN_2100
    with cast.following(peer):
        cast.submit(peer)
        follow(peer.origin)
        peer.signed_at = datetime.now(UTC).replace(microsecond=0)
        cast.submit(peer)
        assert follow(peer.origin).done
        assert read_head(peer).second == peer.signed_at
        assert not is_stale(peer, timezone.now())
        assert not Alert.objects.filter(settled_at=None).exists()
        assert stated(read_cosigned(hash_origin(peer.origin)), peer) == int(peer.signed_at.timestamp())


def test_a_time_ahead_is_believed_once_our_clock_has_reached_it(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.signed_at = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    with cast.following(peer):
        follow(peer.origin)
        assert read_head(peer).second == NEVER
        later = peer.signed_at - timedelta(minutes=1)
        monkeypatch.setattr(timezone, "now", lambda: later)
        follow(peer.origin)
    assert read_head(peer).second == peer.signed_at
    assert not Alert.objects.filter(settled_at=None).exists()


def test_a_time_that_no_calendar_has_is_refused(peer: Peer) -> None:
    text = open_checkpoint(peer.checkpoint(), [peer.signer.verifier]).text
    note = format_note(text, [peer.signer.sign(text), peer.witness.cosign(text, 2**62)])
    peer.respond = {"/ledger/checkpoint": lambda: httpx.Response(200, content=note, headers=TEXT)}
    with cast.following(peer), pytest.raises(CheckpointInvalid, match="year 9999"):
        follow(peer.origin)


def test_our_witness_signs_with_our_own_time(peer: Peer) -> None:
    peer.signed_at = IN_2100
    with cast.following(peer):
        cast.submit(peer)
        follow(peer.origin)
    assert abs(Cosigned.objects.get(origin=peer.origin).time - timezone.now()) < timedelta(minutes=5)


def test_when_several_are_ahead_the_operator_is_sent_to_our_own_clock(peer: Peer) -> None:
    french = cast.open_country("fr")
    with cast.following(peer), cast.following(french):
        for one in (peer, french):
            one.signed_at += timedelta(hours=1)
            follow(one.origin)
    assert "look at our own clock first" in Alert.objects.get(origin=french.origin).message


def test_five_minutes_are_no_matter(peer: Peer) -> None:
    peer.signed_at = (peer.signed_at + timedelta(minutes=4)).replace(microsecond=0)
    with cast.following(peer):
        follow(peer.origin)
    assert read_head(peer).second == peer.signed_at
    assert not Alert.objects.exists()
