"""Who serves a log: the peer itself, and when that fails the mirrors of other peers, in random order.

What a mirror serves is verified exactly like what the origin serves, so it need not be trusted.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from federation.peers import Peer, list_peers
from federation.remote import RemoteLog
from federation.transport import Client
from federation.witness import hash_origin

MOST_MIRRORS = 3
"""Mirrors asked in one run: more would only tell how many there are."""


def list_sources(client: Client, peer: Peer) -> Iterator[RemoteLog]:
    """Yield the log as the peer serves it, then as up to `MOST_MIRRORS` other peers mirror it."""
    yield RemoteLog(client, f"{peer.url}/ledger")
    others = [other for other in list_peers("following") if other.origin != peer.origin]
    for other in random.sample(others, min(MOST_MIRRORS, len(others))):
        yield RemoteLog(client, f"{other.url}/mirror/{hash_origin(peer.origin)}")
