"""Logs with two histories: faces of one node that share its keys and its first entries, and no later ones.

A face is a whole peer (tests/peers.py) that is honest in itself. What makes a liar of it is that the other face exists:
it takes the first one's place on its port (`Stage`), or is what another peer was shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx

from tests import ledgers, peers
from tests.peers import Peer


def split(peer: Peer) -> Peer:
    """Return a second face of a peer: the same keys and, so far, the same entries."""
    return replace(peer, ledger=deepcopy(peer.ledger), asked=[], mirrors=[], respond={})


def diverge(peer: Peer, count: int) -> None:
    """Let a face register issuers that no other face has."""
    country = peer.origin.removeprefix("register.")[:2].upper()
    for number in range(len(peer.entries), len(peer.entries) + count):
        ledgers.register(peer.ledger, ledgers.make_id(0xA00000 + number), country=country)


def go_back(peer: Peer, size: int, later: timedelta) -> Peer:
    """Return a face as a restored backup makes one: fewer entries, signed at a later time."""
    ledger = deepcopy(peer.ledger)
    del ledger.entries[size:]
    return replace(peer, ledger=ledger, signed_at=peer.signed_at + later, asked=[], respond={})


def show_cosigned(witness: Peer, origin: str, note: bytes | None) -> None:
    """Have a peer's witness show a note as what it cosigned last of a log; None: it never heard of it."""
    path = f"/witness/{sha256(origin.encode()).hexdigest()}/checkpoint"
    text = {"Content-Type": "text/plain; charset=utf-8"}
    answer = httpx.Response(404) if note is None else httpx.Response(200, content=note, headers=text)
    witness.respond = {**witness.respond, path: lambda: answer}


@dataclass
class Stage:
    """One address at which one face after the other can stand."""

    url: str
    face: Peer

    def _handle(self, request: httpx.Request) -> httpx.Response:
        return self.face._handle(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.face, name)


@contextmanager
def stage(peer: Peer) -> Iterator[Stage]:
    """Let a peer listen at an address where other faces can take its place."""
    standing = Stage("", peer)
    with peers.serve(standing) as url:  # type: ignore[arg-type]  # a peer to whoever asks it
        standing.url = url
        yield standing
