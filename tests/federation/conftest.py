"""What the federation's tests share: peers may live on loopback, and nobody waits long for a slow one."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client

from register import jobs
from tests.federation.people import as_operator
from tests.federation.strangers import Stranger, listening
from tests.people import sign_in


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.ASSAY_PEER_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.ASSAY_PEER_SECONDS = 2


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """Tasks put on the queue, instead of a broker that nobody empties."""
    asked: list[tuple[str, tuple[Any, ...]]] = []
    monkeypatch.setattr(jobs, "enqueue", lambda task, *args, countdown=None: asked.append((task, args)))
    return asked


@pytest.fixture
def operator() -> Client:
    """An operator on the pages."""
    return as_operator()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    """A node that nobody here has met."""
    with listening("de", territory=("DE", "LU")) as met:
        yield met


@pytest.fixture
def second() -> Client:
    """Another operator, who may approve."""
    client = Client()
    sign_in(client, "operator", approves=True)
    return client
