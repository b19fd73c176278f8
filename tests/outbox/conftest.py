"""A register that people follow, and a program that takes webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from register.outbox import following, subscriptions, webhooks
from register.outbox.following import begin
from register.outbox.models import Subscription
from register.outbox.subscriptions import Wish
from tests import factories

ADDRESS = "reader@university.example"


@dataclass
class Followed:
    """Ids of an agency and two issuers it may accredit, in a register whose past was told to nobody."""

    agency: str
    issuer: str
    other: str


@pytest.fixture
def followed(transactional_db: None) -> Followed:
    cache.clear()
    factories.open_register()
    agency = factories.make_agency(names={"en": "Agency of tests"})
    issuer = factories.make_issuer(names={"en": "College of tests"})
    other = factories.make_issuer(names={"en": "Other college"})
    begin()
    return Followed(agency, issuer, other)


def follow_topic(topic: str, address: str = ADDRESS, **fields: Any) -> Subscription:
    """Return a confirmed subscription."""
    made = subscriptions.subscribe(Wish(topic, address, **{"rhythm": "at_once", **fields}))
    assert made is not None
    Subscription.objects.filter(pk=made.pk).update(confirmation_sent=made.asked)
    return subscriptions.activate(Subscription.objects.get(pk=made.pk))


def happen(followed: Followed) -> str:
    """Grant an accreditation and let the followers' notices of it be made; return its id."""
    granted = factories.make_accreditation(followed.issuer, followed.agency)
    following.follow()
    return granted


def due_again() -> None:
    """Let no follower wait any longer for the next attempt."""
    Subscription.objects.update(next_try=timezone.now() - timedelta(seconds=1))


@dataclass
class Taken:
    """One request that the program took."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A program at a web address: what it took, and the status it answers with; it echoes what it was sent."""

    url: str
    taken: list[Taken] = field(default_factory=list)
    status: int = 200
    location: str = ""
    retry_after: str = ""
    echo: bool = True


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.ASSAY_WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    webhooks.open_client.cache_clear()
    made = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.taken.append(Taken({name.lower(): value for name, value in self.headers.items()}, body))
            said = body if made.echo else b"{}"
            self.send_response(made.status)
            if made.location:
                self.send_header("Location", made.location)
            if made.retry_after:
                self.send_header("Retry-After", made.retry_after)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/notices"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    webhooks.open_client.cache_clear()


@pytest.fixture
def reader() -> Client:
    return Client()
