"""Work goes to the queue, and a broker that is away or hangs neither fails nor holds up whoever asks for it."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator

import pytest
from celery import current_app
from django.conf import settings
from redis import Redis

from register.jobs import BROKER_FAULTS, enqueue, enqueue_if_possible

pytestmark = pytest.mark.services
QUEUE = "assay"


@pytest.fixture(autouse=True)
def queued() -> None:
    """Here the broker is asked."""


@pytest.fixture
def redis() -> Iterator[Redis]:
    client = Redis.from_url(settings.REDIS_URL)
    client.delete(QUEUE)
    yield client
    client.delete(QUEUE)
    client.close()


@pytest.fixture
def silent_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A broker that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(current_app.conf, "broker_url", f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        yield


def test_a_task_is_on_the_queue_with_its_arguments(redis: Redis) -> None:
    enqueue("federation.follow", "register.de.example/ledger")
    enqueue("federation.announce", countdown=5)
    waiting = [json.loads(message)["headers"] for message in redis.lrange(QUEUE, 0, -1)]
    assert [(header["task"], header["argsrepr"]) for header in reversed(waiting)] == [
        ("federation.follow", "('register.de.example/ledger',)"),
        ("federation.announce", "()"),
    ]
    assert waiting[0]["eta"] is not None


def test_a_broker_that_is_away_is_logged_and_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
    with pytest.raises(BROKER_FAULTS):
        enqueue("federation.follow", "register.de.example/ledger")
    with caplog.at_level(logging.WARNING):
        enqueue_if_possible("federation.follow", "register.de.example/ledger")
    assert "federation.follow is not started" in caplog.text


def test_a_broker_that_hangs_is_given_up(silent_broker: None) -> None:
    asking = threading.Thread(target=enqueue_if_possible, args=("federation.follow", "x"), daemon=True)
    asking.start()
    asking.join(20)
    assert not asking.is_alive()
