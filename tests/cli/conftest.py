"""The command line, asked against nodes in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.cli import main, node
from tests.peers import URL, Peer

Ask = Callable[..., int]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return how to run the command line against a peer instead of a network; gives the exit code."""

    def run(peer: Peer, *argv: str) -> int:
        client = node.httpx.Client
        monkeypatch.setattr(
            node.httpx, "Client", lambda **options: client(**{**options, "transport": peer.transport()})
        )
        try:
            return main([text.replace("URL", URL) for text in argv])
        finally:
            monkeypatch.undo()

    return run
