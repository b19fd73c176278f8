"""The life of a peer: what the operator decides goes on our ledger, and what is followed follows from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from federation import lifecycle, peers
from federation.errors import NotFollowed, PeerFrozen, PeerRefused, UnknownPeer
from federation.introduction import introduce
from federation.models import Following
from federation.sync import follow
from federation.transport import open_client
from federation.witness import cosign
from ledger.logs import get_log
from ledger.tlog.witness import OriginUnknown, format_add_checkpoint
from register.errors import Conflict, Refused
from register.payloads import PeerChanges, PeerEnding
from register.queries.peers import find_register, list_peers
from tests import factories
from tests.federation.strangers import Stranger, confirm, listening, meet_stranger, row_of

ENDING = PeerEnding(reason="agreement_ended")


@pytest.fixture(autouse=True)
def open_node(transactional_db: None) -> None:
    factories.open_register()


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def test_a_confirmed_node_is_on_our_ledger_and_is_followed(queued: list[Any]) -> None:
    stranger = meet_stranger("de", territory=("DE", "LU"))
    row = confirm(stranger, remit=["DE"], max_age_seconds=3600, note="Agreement of 2026")
    (record,) = list_peers()
    assert (record.origin, record.address, record.vkeys) == (stranger.peer.origin, stranger.url, (stranger.vkey,))
    assert (record.territory, record.remit, record.max_age_seconds) == (("DE", "LU"), ("DE",), 3600)
    assert (str(row.peer), row.status, row.remit, row.url) == (record.id, "following", ["DE"], stranger.url)
    assert row.witness_vkeys == [str(stranger.peer.witness.verifier)]
    assert ("federation.follow", (stranger.peer.origin,)) in queued


def test_a_confirmed_node_can_be_followed_at_once() -> None:
    with listening("de") as stranger, open_client() as client:
        lifecycle.confirm(introduce(stranger.url, client, expected=stranger.vkey))
        assert follow(stranger.peer.origin).size_after == len(stranger.peer.entries)
    register = find_register(stranger.peer.origin)
    assert register is not None
    assert register.url == stranger.url


def test_a_peer_is_recognised_once() -> None:
    stranger = meet_stranger("de")
    confirm(stranger)
    before = size()
    with pytest.raises(Conflict, match="a peer already"):
        confirm(stranger)
    assert size() == before


def test_a_remit_outside_the_territory_is_refused_and_nothing_stays() -> None:
    before = size()
    with pytest.raises(Refused, match="FR"):
        confirm(meet_stranger("de"), remit=["DE", "FR"])
    assert (size(), Following.objects.count()) == (before, 0)


def test_terms_are_amended_and_emptied() -> None:
    stranger = meet_stranger("de")
    row = confirm(stranger, max_age_seconds=3600)
    lifecycle.amend(row.peer, PeerChanges(remit=("DE",), max_age_seconds=None))
    row = row_of(stranger)
    assert (row.remit, row.max_age_seconds, row.status) == (["DE"], None, "following")
    lifecycle.amend(row.origin, PeerChanges(remit=None, address="https://other.example"))
    assert (row_of(stranger).remit, row_of(stranger).url) == (None, "https://other.example")


def test_an_amended_peer_is_tried_at_once_however_often_it_failed_before() -> None:
    """The operator gives the new address because the old one fails: the next attempt must not wait for its turn."""
    stranger = meet_stranger("de")
    row = confirm(stranger)
    trouble = {"failures": 9, "next_attempt": timezone.now() + timedelta(minutes=10), "error_code": "unreachable"}
    Following.objects.filter(peer=row.peer).update(**trouble)
    lifecycle.amend(row.peer, PeerChanges(address="https://other.example"))
    row = row_of(stranger)
    assert (row.failures, row.next_attempt, row.error_code) == (0, None, "")


@pytest.mark.parametrize("name", ["vkeys", "witness_vkeys"])
def test_keys_are_not_amended_by_hand(name: str) -> None:
    row = confirm(meet_stranger("de"))
    with pytest.raises(PeerRefused, match="confirm-key"):
        lifecycle.amend(row.peer, PeerChanges.model_validate({name: getattr(row, name)}))


def test_a_paused_peer_is_neither_followed_nor_cosigned_until_it_is_resumed(queued: list[Any]) -> None:
    stranger = meet_stranger("de")
    row, before = confirm(stranger), size()
    assert lifecycle.pause(row.peer, "their disk is full").status == "paused"
    assert (row_of(stranger).status_reason, size()) == ("their disk is full", before)
    with pytest.raises(NotFollowed):
        follow(row.origin)
    with pytest.raises(OriginUnknown):
        cosign(submission(stranger))
    with pytest.raises(PeerRefused, match="resume it"):
        lifecycle.pause(row.peer)
    queued.clear()
    assert lifecycle.resume(row.peer).status == "following"
    assert queued == [("federation.follow", (row.origin,))]
    cosign(submission(stranger))
    with pytest.raises(PeerRefused, match="expected a peer that is paused"):
        lifecycle.resume(row.peer)


def submission(stranger: Stranger) -> bytes:
    return format_add_checkpoint(0, (), stranger.peer.checkpoint())


def test_a_withdrawn_peer_is_no_longer_followed_or_cosigned_and_its_copy_stays() -> None:
    with listening("de") as stranger, open_client() as client:
        lifecycle.confirm(introduce(stranger.url, client))
        follow(stranger.peer.origin)
        row = row_of(stranger)
        lifecycle.withdraw(row.peer, ENDING)
        assert (row_of(stranger).status, row_of(stranger).status_reason) == ("withdrawn", "agreement_ended")
        with pytest.raises(NotFollowed):
            follow(row.origin)
        with pytest.raises(OriginUnknown):
            cosign(submission(stranger))
        assert get_log(row.origin).size == len(stranger.peer.entries)
        with pytest.raises(Conflict):
            lifecycle.withdraw(row.peer, ENDING)
        for act in (lifecycle.pause, lifecycle.resume):
            with pytest.raises(PeerRefused, match="recognise it anew"):
                act(row.peer)


def test_a_withdrawn_peer_can_be_recognised_anew_and_its_copy_is_continued() -> None:
    with listening("de") as stranger, open_client() as client:
        first = lifecycle.confirm(introduce(stranger.url, client))
        follow(stranger.peer.origin)
        lifecycle.withdraw(first.id, ENDING)
        second = lifecycle.confirm(introduce(stranger.url, client), remit=["DE"])
        row = row_of(stranger)
        assert (str(row.peer), row.status, row.remit) == (second.id, "following", ["DE"])
        assert second.id != first.id
        outcome = follow(row.origin)
        assert (outcome.size_before, outcome.done) == (len(stranger.peer.entries), True)


def test_a_frozen_peer_is_followed_again_only_with_a_reason_that_stays_visible() -> None:
    stranger = meet_stranger("de")
    row = confirm(stranger)
    Following.objects.filter(peer=row.peer).update(status="frozen")
    with pytest.raises(PeerFrozen):
        follow(row.origin)
    for act in (lifecycle.pause, lifecycle.resume):
        with pytest.raises(PeerRefused, match="unfreeze it"):
            act(row.peer)
    with pytest.raises(PeerRefused, match="expected a reason"):
        lifecycle.unfreeze(row.peer, "  ")
    lifecycle.unfreeze(row.peer, "a restored backup, they told us on the 3rd")
    assert row_of(stranger).status == "following"
    assert "a restored backup" in row_of(stranger).status_reason


def test_who_is_no_peer_is_said_so() -> None:
    for name in ("00000000-0000-0000-0000-000000000000", "nobody.example/ledger", ""):
        with pytest.raises(UnknownPeer):
            lifecycle.pause(name)


def test_rows_are_made_again_from_the_ledger_and_keep_what_only_they_know() -> None:
    de, fr = meet_stranger("de"), meet_stranger("fr")
    confirm(de, remit=["DE"])
    lifecycle.pause(confirm(fr).peer, "later")
    Following.objects.filter(origin=de.peer.origin).update(seen_size=77, url="https://wrong.example")
    peers.refresh()
    peers.refresh()
    assert (row_of(de).url, row_of(de).seen_size) == (de.url, 77)
    assert row_of(fr).status == "paused"
    Following.objects.all().delete()
    peers.refresh()
    assert {row.origin: row.status for row in Following.objects.all()} == {
        de.peer.origin: "following",
        fr.peer.origin: "following",
    }
