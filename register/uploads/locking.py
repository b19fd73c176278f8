"""One worker at an upload: a lock of the session, which a killed worker's connection gives back by its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from ledger.database import execute, fetch_one


@contextmanager
def alone(upload: UUID) -> Iterator[bool]:
    """Yield whether nobody else is at work on the upload; then nobody else is until the end."""
    key = (int.from_bytes(upload.bytes[8:], "big", signed=True),)
    row = fetch_one("SELECT pg_try_advisory_lock(%s)", key)
    mine = bool(row and row[0])
    try:
        yield mine
    finally:
        if mine:
            execute("SELECT pg_advisory_unlock(%s)", key)
