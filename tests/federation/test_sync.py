"""Following an honest peer: what is copied, applied and kept, what is asked for, and how runs end and go on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from federation import tasks
from federation.errors import HeldBack, NotFollowed, PeerBusy, PeerFrozen, TooManyEntries, UnknownPeer, Unreachable
from federation.models import Following
from federation.sync import bundles, follow, record, storing
from federation.sync.follow import attempt
from federation.sync.turn import _LOCK_CLASS
from ledger import reader
from ledger.tlog.note import COSIGNATURE
from register.models import Happening
from tests.federation import cast
from tests.locks import held_by_another
from tests.peers import Peer, serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def peer() -> Iterator[Peer]:
    """DE, followed, with a handful of entries."""
    germany = cast.open_country("de", 10)
    with cast.following(germany):
        yield germany


def until_next_attempt(peer: Peer) -> timedelta:
    """How long it is until the poll asks the peer again."""
    moment = cast.row_of(peer).next_attempt
    assert moment is not None
    return moment - timezone.now()


def test_the_first_sync_copies_and_applies_every_entry(peer: Peer) -> None:
    outcome = follow(peer.origin)
    assert (outcome.size_before, outcome.size_after, outcome.done) == (0, len(peer.entries), True)
    assert outcome.source.endswith("/ledger")
    cast.insist_on_copy(peer)
    assert Happening.objects.filter(quarantine=None).count() == len(peer.entries)


def test_the_time_of_a_checkpoint_is_what_the_peers_own_witness_said(peer: Peer) -> None:
    peer.signed_at = timezone.now() - timedelta(hours=3)
    follow(peer.origin)
    assert reader.latest_checkpoint(peer.origin).time.replace(microsecond=0) == peer.signed_at.replace(microsecond=0)


def test_our_witness_cosigns_what_was_fetched_without_a_submission(peer: Peer) -> None:
    follow(peer.origin)
    head = reader.latest_checkpoint(peer.origin)
    assert head.time.microsecond == 1
    assert b"\xe2\x80\x94 register.nl.example" in head.note


def test_new_entries_cost_one_bundle_and_no_tile(peer: Peer) -> None:
    follow(peer.origin)
    cast.grow(peer, 5)
    peer.asked.clear()
    follow(peer.origin)
    assert peer.asked == ["/ledger/checkpoint", f"/ledger/tile/entries/000.p/{len(peer.entries)}"]
    cast.insist_on_copy(peer)


def test_a_submitted_checkpoint_is_followed_without_asking_for_one(peer: Peer) -> None:
    follow(peer.origin)
    cast.grow(peer, 5)
    cast.submit(peer)
    peer.asked.clear()
    follow(peer.origin)
    assert peer.asked == [f"/ledger/tile/entries/000.p/{len(peer.entries)}"]
    cast.insist_on_copy(peer)


def test_nothing_new_changes_nothing_but_when_it_was_heard(peer: Peer) -> None:
    follow(peer.origin)
    before = reader.latest_checkpoint(peer.origin)
    Following.objects.update(heard_at=None)
    peer.asked.clear()
    outcome = follow(peer.origin)
    assert (outcome.size_before, outcome.size_after, outcome.source) == (15, 15, "")
    assert peer.asked == ["/ledger/checkpoint"]
    assert reader.latest_checkpoint(peer.origin) == before
    assert cast.row_of(peer).heard_at is not None


def test_a_refreshed_checkpoint_is_kept_but_not_every_second(peer: Peer) -> None:
    follow(peer.origin)
    first = reader.latest_checkpoint(peer.origin).time
    for seconds, kept in ((5, False), (60, True)):
        peer.signed_at += timedelta(seconds=seconds)
        follow(peer.origin)
        assert (reader.latest_checkpoint(peer.origin).time > first) == kept
    cast.insist_on_copy(peer)


def test_a_checkpoint_with_more_cosignatures_becomes_the_newest(peer: Peer) -> None:
    france = cast.open_country("fr")
    cast.recognise(france, "https://register.fr.example", status="paused")
    cast.submit(peer)
    follow(peer.origin)
    assert reader.latest_checkpoint(peer.origin).time.microsecond == 1
    peer.cosigners.append(france.witness)
    cast.submit(peer)
    peer.asked.clear()
    follow(peer.origin)
    head = reader.latest_checkpoint(peer.origin)
    assert head.time.microsecond == 2
    assert france.witness.name.encode() in head.note
    assert peer.asked == []


def test_lines_of_strangers_are_left_out(peer: Peer) -> None:
    peer.cosigners.append(cast.signer_of("stranger.example/witness", COSIGNATURE))
    follow(peer.origin)
    assert b"stranger" not in reader.latest_checkpoint(peer.origin).note


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """DE with enough entries for several batches."""
    monkeypatch.setattr(bundles, "BATCH", 256)
    germany = cast.open_country("de", 900)
    with cast.following(germany):
        yield germany


def test_a_long_log_comes_in_batches_each_proven(large: Peer) -> None:
    follow(large.origin)
    cast.insist_on_copy(large)
    assert "/ledger/tile/1/000.p/3" in large.asked, "a batch that ends before the checkpoint needs tiles"
    entries = [path for path in large.asked if "/entries/" in path]
    assert len(entries) == len(set(entries)) == 4


def test_a_run_ends_at_its_allowance_and_the_next_goes_on(large: Peer, settings: Any) -> None:
    settings.ASSAY_SYNC_ENTRIES = 512
    outcome = follow(large.origin)
    assert (outcome.size_after, outcome.done) == (512, False)
    assert storing.read_copy(large.origin).head is None
    assert not Happening.objects.exists(), "nothing is shown that no checkpoint covers"
    cast.grow(large, 3)
    large.asked.clear()
    outcome = follow(large.origin)
    assert (outcome.size_before, outcome.done) == (512, True)
    assert "/ledger/checkpoint" not in large.asked, "it goes on to the checkpoint it began with"
    assert not any(path.startswith("/ledger/tile/entries/000") for path in large.asked)
    cast.insist_on_copy(large, 905)
    follow(large.origin)
    cast.insist_on_copy(large)


def test_a_run_without_time_still_moves_on(large: Peer, settings: Any) -> None:
    settings.ASSAY_SYNC_SECONDS = 0
    sizes = [follow(large.origin).size_after for _ in range(4)]
    assert sizes == [256, 512, 768, 905]
    cast.insist_on_copy(large)


def test_what_does_not_fit_into_a_run_is_queued_again(
    large: Peer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.follow, "delay", lambda *args, **kwargs: queue.append(args))
    settings.ASSAY_SYNC_ENTRIES = 512
    tasks.follow(large.origin)
    assert [args[0] for args in queue] == [large.origin]
    tasks.follow(*queue.pop())
    assert queue == []
    cast.insist_on_copy(large)


def test_a_log_longer_than_allowed_is_not_copied(peer: Peer, settings: Any) -> None:
    settings.ASSAY_PEER_MAX_ENTRIES = 10
    with pytest.raises(TooManyEntries, match="at most 10 entries of Register DE, it signed 15"):
        follow(peer.origin)
    assert reader.get_log(peer.origin).size == 0
    assert cast.row_of(peer).error_code == "too_many_entries"


def test_entries_left_unapplied_by_a_crash_are_applied_first(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(storing, "project", lambda origin, until: True)
        follow(peer.origin)
    assert not Happening.objects.exists()
    follow(peer.origin)
    cast.insist_on_copy(peer)
    assert Happening.objects.count() == len(peer.entries)


def test_a_long_copy_is_applied_in_several_runs(large: Peer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "CHUNK", 400)
    settings.ASSAY_SYNC_SECONDS = 0
    counts = []
    for _ in range(6):
        follow(large.origin)
        counts.append((reader.get_log(large.origin).size, Happening.objects.count()))
        cast.grow(large, 1)
    assert counts[:5] == [(256, 0), (512, 0), (768, 0), (905, 400), (905, 800)], "nothing is copied before all applies"
    assert counts[5] == (910, 910)
    cast.insist_on_copy(large, 910)


def test_news_that_came_during_a_run_is_not_left_lying(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    write = record.keep_success

    def write_and_submit(*args: Any) -> None:
        write(*args)
        if len(peer.entries) == 15:
            cast.grow(peer, 1)
            cast.submit(peer)

    monkeypatch.setattr(record, "keep_success", write_and_submit)
    assert follow(peer.origin).size_after == 16
    cast.insist_on_copy(peer)


def test_a_peer_that_pushes_without_end_gets_one_run(
    peer: Peer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ASSAY_SYNC_ENTRIES = 18
    project = storing.project

    def project_and_push(origin: str, until: float) -> bool:
        done = project(origin, until)
        if storing.find_head(origin):
            cast.grow(peer, 1)
            cast.submit(peer)
        return done

    monkeypatch.setattr(storing, "project", project_and_push)
    outcome = follow(peer.origin)
    assert (outcome.size_after, outcome.done) == (18, False)


def test_an_unknown_paused_withdrawn_or_frozen_peer_is_not_followed(peer: Peer) -> None:
    with pytest.raises(UnknownPeer):
        follow("register.xx.example/ledger")
    for status, error in (("paused", NotFollowed), ("withdrawn", NotFollowed), ("frozen", PeerFrozen)):
        Following.objects.update(status=status)
        with pytest.raises(error):
            follow(peer.origin)
        assert attempt(peer.origin) is False
    assert peer.asked == []


@pytest.mark.parametrize(("status", "error"), [("frozen", PeerFrozen), ("paused", NotFollowed)])
def test_a_peer_that_is_frozen_or_paused_during_a_run_is_not_copied_any_further(
    large: Peer, monkeypatch: pytest.MonkeyPatch, status: str, error: type[Exception]
) -> None:
    write = storing.store_batch

    def write_and_stop(*args: Any) -> None:
        write(*args)
        Following.objects.update(status=status)

    monkeypatch.setattr(storing, "store_batch", write_and_stop)
    with pytest.raises(error):
        follow(large.origin)
    assert reader.get_log(large.origin).size == 256
    assert cast.row_of(large).error_code == ("peer_frozen" if status == "frozen" else "")


@pytest.mark.django_db(transaction=True)
def test_one_worker_a_peer(peer: Peer) -> None:
    log_id = storing.open_copy(peer.origin)
    with held_by_another(_LOCK_CLASS, log_id):
        with pytest.raises(PeerBusy):
            follow(peer.origin)
        assert cast.row_of(peer).error_code == "", "another worker is no failure"
        assert attempt(peer.origin) is False
    assert follow(peer.origin).done
    cast.insist_on_copy(peer)


def test_failures_are_kept_in_words_and_cleared_by_success(settings: Any) -> None:
    peer = cast.open_country("de")
    with serve(peer) as gone:
        cast.recognise(peer, gone)
    with serve(peer) as url:
        pauses = []
        for number in range(1, 13):
            with pytest.raises(Unreachable):
                follow(peer.origin)
            row = cast.row_of(peer)
            assert (row.failures, row.error_code) == (number, "unreachable")
            pauses.append(until_next_attempt(peer))
        assert "refused" in row.said_error
        assert pauses[0] < timedelta(seconds=4) < timedelta(minutes=4) < pauses[-1] <= timedelta(minutes=10)
        Following.objects.update(url=url)
        follow(peer.origin)
    row = cast.row_of(peer)
    assert (row.failures, row.error_code, row.said_error) == (0, "", "")
    assert row.succeeded_at is not None


def test_a_peer_that_failed_rests_however_often_it_pushes(peer: Peer) -> None:
    Following.objects.update(failures=3, next_attempt=timezone.now() + timedelta(minutes=5))
    assert attempt(peer.origin) is False
    assert peer.asked == []
    assert attempt(peer.origin, due=True) is False
    cast.insist_on_copy(peer)


def test_an_unforeseen_error_is_kept_without_its_text(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(storing, "store_batch", fail)
    with pytest.raises(ZeroDivisionError):
        follow(peer.origin)
    row = cast.row_of(peer)
    assert (row.error_code, row.failures) == ("unexpected", 1)
    assert "ZeroDivisionError" in row.said_error
    assert "secret" not in row.said_error


def test_the_poll_asks_those_who_are_due_and_once(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tasks.follow, "delay", lambda origin, due: asked.append(origin))
    tasks.poll()
    tasks.poll()
    assert asked == [peer.origin]


def test_the_poll_leaves_alone_who_was_heard_or_rests_or_is_not_followed(peer: Peer, settings: Any) -> None:
    follow(peer.origin)
    pause = until_next_attempt(peer)
    assert timedelta(seconds=0.7 * settings.ASSAY_POLL_SECONDS) < pause
    assert pause < timedelta(seconds=1.3 * settings.ASSAY_POLL_SECONDS)
    assert record.claim_due() == []
    Following.objects.update(next_attempt=timezone.now(), status="frozen")
    assert record.claim_due() == []
    Following.objects.update(status="following")
    assert record.claim_due() == [peer.origin]


def test_a_closed_policy_holds_a_checkpoint_back_until_others_have_seen_it(peer: Peer, settings: Any) -> None:
    settings.ASSAY_COSIGN_POLICY = "closed"
    france = cast.open_country("fr")
    cast.recognise(france, "https://register.fr.example", status="paused")
    with pytest.raises(HeldBack, match="0 of 1"):
        follow(peer.origin)
    row = cast.row_of(peer)
    assert (row.error_code, row.failures, reader.get_log(peer.origin).size) == ("quorum_missing", 0, 0)
    assert attempt(peer.origin) is False, "it may be tried again at any time"
    peer.cosigners.append(france.witness)
    cast.submit(peer)
    assert attempt(peer.origin) is False
    assert cast.row_of(peer).error_code == ""
    cast.insist_on_copy(peer)


def test_a_peer_registers_nothing_in_our_own_log(peer: Peer) -> None:
    follow(peer.origin)
    assert [(log.origin, log.own) for log in reader.list_logs()] == [(peer.origin, False)]
