"""The command line, asked against nodes in memory."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from deploy.cli import main
from tests.peers import URL, Peer

Ask = Callable[..., int]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return how to run the command line against a peer instead of a network; gives the exit code."""

    def run(peer: Peer, *argv: str) -> int:
        client = httpx.Client
        answering = {"transport": peer.transport()}
        monkeypatch.setattr(httpx, "Client", lambda **options: client(**{**options, **answering}))
        try:
            return main([text.replace("URL", URL) for text in argv])
        finally:
            monkeypatch.undo()

    return run
