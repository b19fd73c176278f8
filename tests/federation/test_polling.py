"""The poll: a peer that shows what we hold costs one request and no run; whatever else is the case, it is followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.utils import timezone

from federation.models import Following
from federation.sync import ask_due, follow
from ledger.database import execute
from ledger.reader import get_log
from tests.federation import cast
from tests.peers import Peer

pytestmark = pytest.mark.django_db


@pytest.fixture
def peer() -> Iterator[Peer]:
    """DE, followed and copied, and due to be asked."""
    germany = cast.open_country("de", 3)
    with cast.following(germany):
        follow(germany.origin)
        let_be_due()
        germany.asked.clear()
        yield germany


def let_be_due() -> None:
    Following.objects.update(next_attempt=timezone.now() - timedelta(seconds=1), heard_at=None)


def test_a_silent_peer_is_asked_once_and_heard_and_left_alone_until_the_next_poll(peer: Peer) -> None:
    assert ask_due() == []
    assert ask_due() == []
    assert peer.asked == ["/ledger/checkpoint"]
    row = cast.row_of(peer)
    assert row.heard_at is not None
    assert row.next_attempt is not None
    assert row.next_attempt > timezone.now() + timedelta(seconds=30)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_silent_peer_is_asked_again_in_time_when_the_databases_clock_is_another(peer: Peer, hours: int) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
        let_be_due()
        assert ask_due() == []
        row = cast.row_of(peer)
        assert row.heard_at == timezone.now()
        assert row.next_attempt is not None
        assert timedelta(seconds=30) < row.next_attempt - timezone.now() < timedelta(seconds=90)


def test_silent_peers_are_asked_together_and_only_those_with_news_are_followed(peer: Peer) -> None:
    france = cast.open_country("fr", 2)
    with cast.following(france):
        follow(france.origin)
        let_be_due()
        cast.grow(france, 1)
        assert ask_due() == [france.origin]


def refresh(peer: Peer) -> None:
    peer.signed_at += timedelta(seconds=60)


def fail(peer: Peer) -> None:
    peer.respond = {"/ledger/checkpoint": lambda: httpx.Response(503)}


def fail_before(peer: Peer) -> None:
    Following.objects.update(failures=1)


def complain_before(peer: Peer) -> None:
    Following.objects.update(error_code="quorum_missing")


def interrupt(peer: Peer) -> None:
    Following.objects.update(pending=peer.checkpoint())


def submit_more_and_hide_it(peer: Peer) -> None:
    """Our witness was shown more, the task that should have followed was lost, and a cache shows the old checkpoint."""
    old = peer.checkpoint()
    cast.grow(peer, 1)
    cast.submit(peer)
    peer.respond = {
        "/ledger/checkpoint": lambda: httpx.Response(200, content=old, headers={"Content-Type": "text/plain"})
    }


def crash_before_projecting(peer: Peer) -> None:
    execute("UPDATE register_cursor SET size = size - 1 WHERE log_id = %s", (get_log(peer.origin).id,))


@pytest.mark.parametrize(
    "happen", [refresh, fail, fail_before, complain_before, interrupt, submit_more_and_hide_it, crash_before_projecting]
)
def test_everything_but_silence_is_followed(peer: Peer, happen: Callable[[Peer], None]) -> None:
    happen(peer)
    assert ask_due() == [peer.origin]


def test_who_is_not_followed_is_not_asked(peer: Peer) -> None:
    Following.objects.update(status="paused")
    assert ask_due() == []
    assert peer.asked == []
