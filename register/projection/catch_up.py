"""Catching up: read the stored entries past the cursor, judge and fold them, write the rows, move the cursor.

Nobody hands an event to the projection: what is not in a log cannot be shown. All of it is one transaction, the
caller's or its own; a crash leaves the cursor where it was, and the next call does the work again.

Many entries go chunk by chunk: while PostgreSQL takes in the rows of one chunk, the next one is judged and the one
after it parsed. What those need is read in between, when the connection is free.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from ledger import reader
from ledger.database import execute, fetch_one, open_cursor
from ledger.errors import UnknownLog
from register.errors import MalformedEvent, Refused, RegisterError
from register.events import Event
from register.projection.batch import Batch
from register.projection.loading import Loader
from register.projection.writing import Writing, write
from register.replay import Quarantine, advance, read
from register.state import State

CHUNK = 1000
"""Entries projected at a time: bounds memory, and one query loads what so many entries rest on."""

_PLACE = """
    SELECT l.id, l.own, l.size, c.size, c.time FROM register_cursor c JOIN ledger_log l ON l.id = c.log_id
    WHERE l.origin = %s FOR UPDATE OF c
"""

CHUNK_BYTES = 2 * 1024 * 1024
"""Bytes of entries projected at a time: long ones make many rows, up to 200 for one that withdraws credentials."""

MOST = 20_000
"""Things looked up, or made, after which all is forgotten and looked up anew: bounds memory."""

Said = Sequence[Event | Quarantine]


class ProjectionDamaged(RegisterError):
    """The read model claims more entries than the ledger holds."""


class _Place(NamedTuple):
    """A log and how far it is projected; `time` as in models.Cursor."""

    log_id: int
    own: bool
    stored: int
    size: int
    time: datetime | None


def catch_up(
    origin: str,
    limit: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
    *,
    covered: int | None = None,
) -> int:
    """Bring the read model up to the newest stored entry, or `limit` entries further; return how many were read.

    Of a peer's log only the first `covered` entries are projected, those under its newest checkpoint: whoever copies
    may be in the middle. `progress` is told the size reached. Raises Refused or MalformedEvent (with `position` counted
    from the cursor) when an entry of our own may not stand, so that whoever appended it rolls back; a peer's is set
    aside with its reason. Raises ledger.errors.UnknownLog.
    """
    # No savepoint: whoever catches up within a transaction of his own gives all of it up when an entry may not stand.
    with transaction.atomic(savepoint=False):
        place = _lock_place(origin)
        end = place.stored if limit is None else min(place.stored, place.size + limit)
        end = end if covered is None else min(end, covered)
        if place.size > place.stored:
            raise ProjectionDamaged(
                f"expected at most {place.stored} projected entries of {origin}, got {place.size}: the ledger is older "
                "than the read model; run manage.py fsck, then manage.py rebuild"
            )
        if place.size < end:
            _project(origin, place, end, progress)
    return max(end - place.size, 0)


@contextmanager
def without_collector() -> Iterator[None]:
    """Let Python's collector rest: entries and rows hold no cycles, and looking for some takes a quarter of the time.

    For one chunk at a time, so that what others leave behind meanwhile is collected soon. Freezing and thawing makes
    all there is old without looking at it; else the collector would look at once, when it may again.
    """
    at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if at_work:
            gc.freeze()
            gc.unfreeze()
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


def _project(origin: str, place: _Place, end: int, progress: Callable[[int], None]) -> None:
    """Take in the entries from the place to `end`; one chunk's rows are written while the next is worked on."""
    entries, loader = _Entries(origin, place, end), Loader(origin, place.log_id, place.size, place.time)
    entries.fetch()
    said = entries.parse()
    _read_ahead(entries, loader, said)
    with open_cursor() as cursor, Writing(cursor) as writing:
        while said:
            with without_collector():
                batch = _judge(said, place, loader.state)
                size, time, said = loader.state.size, loader.state.time, entries.parse()
                writing.wait()
                if said and len(loader) <= MOST:
                    _read_ahead(entries, loader, said)
                    writing.begin(batch, size, time)
                else:
                    write(cursor, batch, size, time)
                    loader = Loader(origin, place.log_id, size, time)
                    _read_ahead(entries, loader, said)
            progress(size)


def _read_ahead(entries: _Entries, loader: Loader, said: Said) -> None:
    """Read what the next events rest on, and the bytes of the chunk after them."""
    if said:
        loader.load(said)
        entries.fetch()


class _Entries:
    """The stored entries of a log from the place to `end`, fetched a chunk ahead of being parsed."""

    def __init__(self, origin: str, place: _Place, end: int) -> None:
        self._origin, self._place, self._end = origin, place, end
        self._next = place.size
        self._fetched: list[bytes] = []

    def fetch(self) -> None:
        """Read the bytes of the next chunk unless some are left; the connection must be free."""
        if self._fetched:
            return
        stop = min(self._next + CHUNK, self._end)
        self._fetched = reader.read_entries(self._origin, self._next, stop)
        self._next = stop

    def _take(self) -> list[bytes]:
        """Return the first of what was fetched, as much as is projected at a time."""
        number, size = 0, 0
        while number < len(self._fetched) and (number == 0 or size + len(self._fetched[number]) <= CHUNK_BYTES):
            size += len(self._fetched[number])
            number += 1
        taken, self._fetched = self._fetched[:number], self._fetched[number:]
        return taken

    def parse(self) -> list[Event | Quarantine]:
        """Parse the next of what was fetched; nothing is left when this is empty."""
        said: list[Event | Quarantine] = []
        first = self._next - len(self._fetched) - self._place.size
        for position, entry in enumerate(self._take(), first):
            try:
                event = read(entry, own=self._place.own)
                said.append(event if self._place.own else refuse_our_name(event))
            except MalformedEvent as error:
                error.position = position
                raise
        return said


def refuse_our_name(event: Event | Quarantine) -> Event | Quarantine:
    """Set aside what a peer says in our name: its things would stand under the addresses of ours."""
    if isinstance(event, Event) and event.source == settings.ASSAY_BASE_URL:
        return Quarantine("source_not_own", f"another register's ledger names this one's address, {event.source}")
    return event


def _judge(said: Said, place: _Place, state: State) -> Batch:
    """Judge and fold a chunk's events, and return the rows that follow from them."""
    batch = Batch(place.log_id, state)
    for event in said:
        try:
            batch.add(advance(state, event, own=place.own), state)
        except Refused as refusal:
            refusal.position = state.size - place.size
            raise
    return batch
