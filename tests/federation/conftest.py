"""What the federation's tests share: peers may live on loopback, and nobody waits long for a slow one."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from federation import jobs


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
