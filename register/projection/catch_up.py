"""Catching up: read the stored entries past the cursor, judge and fold them, write the rows, move the cursor.

Nobody hands an event to the projection: what is not in a log cannot be shown. All of it is one transaction, the
caller's or its own; a crash leaves the cursor where it was, and the next call does the work again.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from ledger import reader
from ledger.database import execute, fetch_one
from ledger.errors import UnknownLog
from register.errors import MalformedEvent, Refused, RegisterError
from register.events import Event
from register.projection.batch import Batch
from register.projection.loading import load_state
from register.projection.writing import write
from register.replay import Quarantine, advance, read

CHUNK = 2000
"""Entries projected at a time: bounds memory, and one query loads what so many entries rest on."""

_PLACE = """
    SELECT l.id, l.own, l.size, c.size, c.time FROM register_cursor c JOIN ledger_log l ON l.id = c.log_id
    WHERE l.origin = %s FOR UPDATE OF c
"""


class ProjectionDamaged(RegisterError):
    """The read model claims more entries than the ledger holds."""


class _Place(NamedTuple):
    """A log and how far it is projected; `time` as in models.Cursor."""

    log_id: int
    own: bool
    stored: int
    size: int
    time: datetime | None


def catch_up(origin: str, limit: int | None = None, progress: Callable[[int], None] = lambda done: None) -> int:
    """Bring the read model up to the newest stored entry, or `limit` entries further; return how many were read.

    `progress` is told the size reached. Raises Refused or MalformedEvent (with `position` counted from the cursor)
    when an entry of our own may not stand, so that whoever appended it rolls back; a peer's is set aside with its
    reason. Raises ledger.errors.UnknownLog.
    """
    # No savepoint: whoever catches up within a transaction of his own gives all of it up when an entry may not stand.
    with transaction.atomic(savepoint=False):
        place = _lock_place(origin)
        start = place.size
        end = place.stored if limit is None else min(place.stored, start + limit)
        if start > place.stored:
            raise ProjectionDamaged(
                f"expected at most {place.stored} projected entries of {origin}, got {start}: the ledger is older than "
                "the read model; run manage.py fsck, then manage.py rebuild"
            )
        while place.size < end:
            with without_collector():
                place = _project(origin, place, min(place.size + CHUNK, end), start)
            progress(place.size)
    return place.size - start


@contextmanager
def without_collector() -> Iterator[None]:
    """Let Python's collector rest: entries and rows hold no cycles, and looking for some takes a quarter of the time.

    For one chunk at a time, so that what others leave behind meanwhile is collected soon.
    """
    resting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if resting:
            gc.enable()


def _lock_place(origin: str) -> _Place:
    row = fetch_one(_PLACE, (origin,))
    if row is None:
        execute(
            "INSERT INTO register_cursor (log_id, size) SELECT id, 0 FROM ledger_log WHERE origin = %s "
            "ON CONFLICT DO NOTHING",
            (origin,),
        )
        row = fetch_one(_PLACE, (origin,))
    if row is None:
        raise UnknownLog(f"expected the origin of a log kept here, got {origin}")
    return _Place(*row)


def _project(origin: str, place: _Place, end: int, start: int) -> _Place:
    said = _read_events(origin, place, end, start)
    state = load_state(origin, place.log_id, place.size, place.time, [e for e in said if isinstance(e, Event)])
    batch = Batch(place.log_id, state)
    for event in said:
        try:
            batch.add(advance(state, event, own=place.own), state)
        except Refused as refusal:
            refusal.position = state.size - start
            raise
    write(batch, end, state.time)
    return place._replace(size=end, time=state.time)


def _read_events(origin: str, place: _Place, end: int, start: int) -> list[Event | Quarantine]:
    said: list[Event | Quarantine] = []
    for index, entry in enumerate(reader.read_entries(origin, place.size, end), place.size):
        try:
            said.append(read(entry, own=place.own))
        except MalformedEvent as error:
            error.position = index - start
            raise
    return said
