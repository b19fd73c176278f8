"""One worker a peer, and only while it is to be followed.

Whoever follows a peer holds an advisory lock of its database session. The lock is gone when the session is, however the
worker ends. If a session is replaced in the middle of a run (a restart of the database), two workers may meet:
`writer.extend` lets only one of them continue the copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError

from federation.errors import NotFollowed, PeerBusy, PeerFrozen
from federation.peers import FOLLOWING, FROZEN
from ledger.database import execute, fetch_one
from register.sentences import say

_LOCK_CLASS = 0x7F20
"""First key of the advisory locks of followers; the second is the log's id."""


@contextmanager
def take_turn(origin: str, log_id: int) -> Iterator[None]:
    """Be the one who follows this log until the block ends; raises `PeerBusy` at once when somebody else does."""
    row = fetch_one("SELECT pg_try_advisory_lock(%s, %s)", (_LOCK_CLASS, log_id))
    if row is None or not row[0]:
        raise PeerBusy(f"another worker follows {origin} right now")
    try:
        yield
    finally:
        with suppress(DatabaseError):  # a session that broke has taken its lock along
            execute("SELECT pg_advisory_unlock(%s, %s)", (_LOCK_CLASS, log_id))


def check_status(name: str, status: str) -> None:
    """Check that a peer in this status is to be followed; raises `PeerFrozen` or `NotFollowed`."""
    if status == FROZEN:
        raise PeerFrozen(
            say("{peer} is frozen at its last consistent state; see /federation for the evidence", peer=name)
        )
    if status != FOLLOWING:
        raise NotFollowed(f"{name} is {status}; resume it to go on")
