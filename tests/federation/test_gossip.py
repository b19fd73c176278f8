"""Peers that compare what they were shown find what no reader alone can: a log with a face for each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from federation import forks, gossip, sync, tasks
from federation.errors import CheckpointInvalid, PeerFrozen
from federation.models import Alert, Evidence, Following, Sighting
from federation.peers import Peer as Recognised
from federation.peers import find_peer
from federation.transport import Client, open_client
from ledger import publish, reader
from ledger.signer import node_signers
from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.fork import check_fork, parse_fork
from tests import factories
from tests.federation import cast
from tests.federation.cast import row_of
from tests.federation.test_forks import open_faces
from tests.liars import show_cosigned, split

LATER = timedelta(minutes=1)


@pytest.fixture
def client(db: None) -> Iterator[Client]:
    with open_client() as opened:
        yield opened


def ask_about_everything(client: Client) -> list[str]:
    """Talk to everybody about everything once."""
    turns = Following.objects.count()
    return sorted({origin for turn in range(turns) for origin in gossip.ask_peers(client, turn)})


def test_equivocation_is_found_by_gossip_alone(client: Client) -> None:
    """DE shows us one history and FR another; each is perfect in itself."""
    shown_to_us, shown_to_fr = open_faces(9, 7)
    fr = cast.open_country("fr")
    show_cosigned(fr, shown_to_us.origin, shown_to_fr.checkpoint())
    with cast.following(shown_to_us), cast.following(fr):
        sync.follow(shown_to_us.origin)
        assert ask_about_everything(client) == []
    evidence = Evidence.objects.get()
    keys = [shown_to_us.signer.verifier]
    assert check_fork(parse_fork(bytes(evidence.proof)), keys).older.checkpoint.size == 7
    assert (evidence.kind, evidence.said_shown_by) == ("inconsistent", "Register FR")
    assert (row_of(shown_to_us).status, row_of(fr).status) == ("frozen", "following")
    assert reader.get_log(shown_to_us.origin).size == 9


@pytest.mark.parametrize("ours", [6, 8])
def test_a_second_history_longer_than_ours_is_convicted_by_the_tiles_of_who_was_shown_it(
    client: Client, ours: int
) -> None:
    shown_to_us, shown_to_fr = open_faces(ours, 12)
    fr = cast.open_country("fr", mirrors=[shown_to_fr])
    show_cosigned(fr, shown_to_us.origin, shown_to_fr.checkpoint())
    with cast.following(shown_to_us), cast.following(fr):
        sync.follow(shown_to_us.origin)
        assert ask_about_everything(client) == [shown_to_us.origin]
        ask_about_everything(client)
    evidence = Evidence.objects.get()
    proven = check_fork(parse_fork(bytes(evidence.proof)), [shown_to_us.signer.verifier])
    assert (proven.older.checkpoint.size, proven.newer.checkpoint.size) == (ours, 12)
    assert row_of(shown_to_us).status == "frozen"


def test_a_second_history_whose_tiles_nobody_shows_is_convicted_once_our_copy_is_as_long(client: Client) -> None:
    shown_to_us, shown_to_fr = open_faces(6, 8)
    fr = cast.open_country("fr")
    show_cosigned(fr, shown_to_us.origin, shown_to_fr.checkpoint())
    with cast.following(shown_to_us), cast.following(fr):
        sync.follow(shown_to_us.origin)
        ask_about_everything(client)
        ask_about_everything(client)
        assert Evidence.objects.count() == 0
        cast.grow(shown_to_us, 4)
        shown_to_us.signed_at += LATER
        with pytest.raises(PeerFrozen):
            sync.follow(shown_to_us.origin)
    assert Evidence.objects.get().kind == "inconsistent"
    assert row_of(shown_to_us).status == "frozen"


def test_a_second_history_that_is_kept_alive_is_convicted_by_its_times(client: Client) -> None:
    """Ours is the shorter one, and its witness vouches for it after it vouched for the longer one."""
    shown_to_us, shown_to_fr = open_faces(6, 8)
    shown_to_us.signed_at += LATER
    fr = cast.open_country("fr")
    show_cosigned(fr, shown_to_us.origin, shown_to_fr.checkpoint())
    with cast.following(shown_to_us), cast.following(fr):
        sync.follow(shown_to_us.origin)
        ask_about_everything(client)
    assert Evidence.objects.get().kind == "rolled_back"


def test_a_signed_tree_out_of_everybodys_reach_is_an_alert_when_its_log_shows_less_for_long(client: Client) -> None:
    shown_to_us, shown_to_fr = open_faces(6, 8)
    fr = cast.open_country("fr")
    show_cosigned(fr, shown_to_us.origin, shown_to_fr.checkpoint())
    with cast.following(shown_to_us), cast.following(fr):
        sync.follow(shown_to_us.origin)
        ask_about_everything(client)
        ask_about_everything(client)
        assert Alert.objects.count() == 0
        Sighting.objects.update(seen_at=datetime.now(UTC) - gossip.PATIENCE - LATER)
        ask_about_everything(client)
        alert = Alert.objects.get()
        assert (alert.origin, alert.code) == (shown_to_us.origin, "withheld")
        assert "Register FR was shown 8 entries" in alert.said
        fr.mirrors = [shown_to_fr]
        ask_about_everything(client)
    assert {alert.code for alert in Alert.objects.filter(settled_at=None)} == {"fork"}


def test_an_honest_log_that_is_ahead_of_us_is_news_and_compared_once_it_is_copied(client: Client) -> None:
    de, fr = cast.open_country("de"), cast.open_country("fr")
    with cast.following(de), cast.following(fr):
        sync.follow(de.origin)
        cast.grow(de, 5)
        de.signed_at += LATER
        show_cosigned(fr, de.origin, de.checkpoint())
        assert ask_about_everything(client) == [de.origin]
        assert (row_of(de).seen_size, Sighting.objects.get().compared) == (10, False)
        sync.follow(de.origin)
        assert gossip.compare_sightings(de.origin) == 0
        assert Sighting.objects.get().compared
        assert ask_about_everything(client) == []
    assert (Evidence.objects.count(), Alert.objects.count()) == (0, 0)


def test_the_task_follows_what_has_grown_and_the_other_one_reports(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    de, fr = cast.open_country("de"), cast.open_country("fr")
    followed: list[str] = []
    monkeypatch.setattr(tasks.follow, "delay", followed.append)
    with cast.following(de), cast.following(fr):
        sync.follow(de.origin)
        cast.grow(de, 5)
        de.signed_at += LATER
        show_cosigned(fr, de.origin, de.checkpoint())
        for minute in (0, 60):
            monkeypatch.setattr(tasks, "time", SimpleNamespace(time=lambda now=minute: now))
            tasks.gossip()
    assert followed == [de.origin]
    tasks.report_forks()


def test_what_was_compared_costs_two_queries_until_something_else_is_shown(
    client: Client, django_assert_num_queries: Any
) -> None:
    de, fr = cast.open_country("de"), cast.open_country("fr")
    with cast.following(de), cast.following(fr):
        sync.follow(de.origin)
        note = de.checkpoint()
        shower = find_peer(fr.origin)
        assert not gossip.note_sighting(shower, de.origin, note)
        with django_assert_num_queries(2):  # the sighting, the log's keys
            gossip.note_sighting(shower, de.origin, note)


@pytest.mark.parametrize("lie", ["stranger", "altered", "another log", "page"])
def test_what_a_peer_makes_up_about_a_log_is_refused_and_not_kept(
    client: Client, lie: str, caplog: pytest.LogCaptureFixture
) -> None:
    de, fr = cast.open_country("de"), cast.open_country("fr")
    made_up = {
        "stranger": sign_checkpoint(Checkpoint(de.origin, 5, bytes(32)), cast.signer_of(de.origin, number=2)),
        "altered": de.checkpoint().replace(b"\n5\n", b"\n6\n"),
        "another log": fr.checkpoint(),
        "page": b"hello",
    }
    show_cosigned(fr, de.origin, made_up[lie])
    with cast.following(de), cast.following(fr), caplog.at_level(logging.WARNING):
        sync.follow(de.origin)
        assert ask_about_everything(client) == []
        with pytest.raises(CheckpointInvalid):
            gossip.note_sighting(find_peer(fr.origin), de.origin, made_up[lie])
    assert "refused" in caplog.text
    assert (Sighting.objects.count(), Evidence.objects.count(), Alert.objects.count()) == (0, 0, 0)


def test_a_peer_that_does_not_answer_holds_nobody_up(client: Client) -> None:
    shown_to_us, shown_to_fr = open_faces(9, 7)
    fr, be = cast.open_country("fr"), cast.open_country("be")
    show_cosigned(fr, shown_to_us.origin, shown_to_fr.checkpoint())
    with cast.following(shown_to_us), cast.following(fr):
        cast.recognise(be, "http://127.0.0.1:9")
        sync.follow(shown_to_us.origin)
        ask_about_everything(client)
    assert row_of(shown_to_us).status == "frozen"


def test_frozen_and_paused_peers_are_neither_asked_nor_asked_about(client: Client) -> None:
    de, fr, be = (cast.open_country(code) for code in ("de", "fr", "be"))
    with cast.following(de), cast.following(fr, status="frozen"), cast.following(be, status="paused"):
        gossip.ask_peers(client, 0)
    assert (fr.asked, be.asked) == ([], [])
    assert [path.startswith("/witness/") for path in de.asked] == [True]


@given(st.integers(1, 12), st.integers(0, 10**9))
def test_everybody_is_asked_about_everything_in_as_many_turns_as_there_are_peers(count: int, first: int) -> None:
    peers = [cast_peer(number) for number in range(count)]
    asked = [tuple(question) for turn in range(first, first + count) for question in gossip.choose(peers, turn)]
    origins = [settings.ASSAY_ORIGIN, *(peer.origin for peer in peers)]
    assert len(asked) == len(set(asked)) == count * count
    assert set(asked) == {(peer, origin) for peer in peers for origin in origins if origin != peer.origin}


def cast_peer(number: int) -> Recognised:
    return Recognised(UUID(int=number), f"log{number}.example/ledger", "", "", (), (), (), None, None, "following")


# our own log ---------------------------------------------------------------------------------------------------------


def own_note(size: int, root: bytes) -> bytes:
    signers = node_signers()
    return sign_checkpoint(
        Checkpoint(settings.ASSAY_ORIGIN, size, root), signers.log, signers.witness, time=1_790_000_000
    )


def test_a_peer_that_cosigned_another_history_of_our_own_log_makes_an_alert(client: Client) -> None:
    factories.open_register()
    factories.make_issuer()
    publish.cover(settings.ASSAY_ORIGIN)
    de = cast.open_country("de")
    show_cosigned(de, settings.ASSAY_ORIGIN, own_note(2, bytes(32)))
    with cast.following(de):
        assert gossip.ask_peers(client, 0) == []
    assert (Alert.objects.get().code, Evidence.objects.get().shown_by) == ("own_fork", "Register DE")
    assert row_of(de).status == "following"


def test_a_peer_that_cosigned_our_own_history_makes_none(client: Client) -> None:
    factories.open_register()
    head = publish.cover(settings.ASSAY_ORIGIN)
    de = cast.open_country("de")
    show_cosigned(de, settings.ASSAY_ORIGIN, head.note)
    factories.make_issuer()
    publish.cover(settings.ASSAY_ORIGIN)
    with cast.following(de):
        assert gossip.ask_peers(client, 0) == []
    assert (Alert.objects.count(), Sighting.objects.get().compared) == (0, True)


def test_our_own_longer_history_elsewhere_is_convicted_by_the_tiles_of_who_was_shown_it(client: Client) -> None:
    """A stolen key, or an old backup that runs here: the operator has to decide which."""
    factories.open_register()
    publish.cover(settings.ASSAY_ORIGIN)
    de, thief = cast.open_country("de"), split(cast.open_country("nl"))
    signers = node_signers()
    thief.signer, thief.witness = signers.log, signers.witness
    thief.signed_at -= timedelta(hours=1)
    de.mirrors = [thief]
    show_cosigned(de, settings.ASSAY_ORIGIN, thief.checkpoint())
    with cast.following(de):
        ask_about_everything(client)
        ask_about_everything(client)
    assert {alert.code for alert in Alert.objects.all()} == {"own_fork"}
    assert Evidence.objects.get().origin == settings.ASSAY_ORIGIN
    assert forks.report_evidence() == 0
