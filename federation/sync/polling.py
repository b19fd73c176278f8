"""Polling: asking the peers that have been silent whether there is news, without a run for each that has none.

Most answers of idle peers are what we hold already. Those are recognised here, many at a time, and cost one request and
a share of two statements; every other peer gets a run of its own.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from federation.errors import FederationError
from federation.models import Following
from federation.peers import Peer, read_peer
from federation.remote import RemoteLog
from federation.sync import record
from federation.sync.targets import is_held
from federation.transport import Client, open_client
from ledger.database import fetch_all
from ledger.logs import SignedCheckpointRow

THREADS: Final = 8
SECONDS: Final = 3.0
"""A peer's deadline here; the run of one that misses it has more time, and asks mirrors."""

# Nothing is left to be done for them: not failing, no checkpoint half fetched or only cosigned, all of it projected.
_AT_REST: Final = """
    SELECT h.size, h.root, h.time, h.note, l.id, l.origin FROM federation_following f
    JOIN ledger_log l ON l.origin = f.origin
    JOIN LATERAL (
        SELECT size, root, time, note FROM ledger_checkpoint WHERE log_id = l.id ORDER BY size DESC, time DESC LIMIT 1
    ) h ON h.size = l.size
    JOIN register_cursor c ON c.log_id = l.id AND c.size = l.size
    LEFT JOIN federation_cosigned w ON w.origin = f.origin
    WHERE f.origin = ANY(%s) AND f.status = 'following' AND f.failures = 0 AND f.error_code = ''
    AND f.pending IS NULL AND coalesce(w.size, 0) <= h.size
"""


def ask_due() -> list[str]:
    """Ask the peers that are due for their checkpoints; return the origins of those that need a run."""
    due = record.claim_due()
    heads = {row[5]: SignedCheckpointRow(*row) for row in fetch_all(_AT_REST, (due,))} if due else {}
    if not heads:
        return due
    peers = [read_peer(row) for row in Following.objects.filter(origin__in=heads)]
    with open_client(seconds=SECONDS) as client, ThreadPoolExecutor(THREADS, "poll") as pool:
        notes = list(pool.map(lambda peer: _ask(client, peer), peers))
    silent = {peer.origin for peer, note in zip(peers, notes, strict=True) if is_held(peer, note, heads[peer.origin])}
    record.keep_silent(silent)
    return [origin for origin in due if origin not in silent]


def _ask(client: Client, peer: Peer) -> bytes:
    """Return what a peer shows, nothing if it fails: its run finds out how."""
    try:
        return RemoteLog(client, f"{peer.url}/ledger").read_checkpoint()
    except FederationError:
        return b""
