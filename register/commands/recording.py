"""Recording: what is said becomes entries of this register's own ledger, and rows of the read model.

A write is one transaction: lock the log, draft the events with the locked time, append them, catch up the read model
from the stored entries, which judges each by the rules. A refusal rolls all of it back. After the commit the log is
signed, so that a receipt can be had. Many intents share one lock, one COPY and one signature, and so do single ones
that threads of this process say at the same time (register/shared_turn.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from psycopg_pool import PoolTimeout
from pydantic import BaseModel

from ledger import guard, publish, reader, writer
from ledger.logs import SignedCheckpointRow
from register import events, projection
from register.ids import new_ids
from register.payloads import Actor, Amending
from register.shared_turn import SharedTurn, Take


@dataclass(frozen=True, slots=True)
class Intent:
    """One event to be said: its type, the id of its subject, the path of the subject's address, and its data."""

    type: str
    id: str
    path: str
    data: BaseModel | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """One entry that was written: the kind, id and address of its subject, and its place in the ledger.

    `head` is the checkpoint that covers it, where it was signed before this was returned.
    """

    kind: str
    id: str
    url: str
    origin: str
    index: int
    type: str
    head: SignedCheckpointRow | None = field(default=None, compare=False, repr=False)


Clock = Callable[[], datetime]
Also = Callable[[list[Written]], None]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one caller says in a write that others may share."""

    intents: Sequence[Intent]
    actor: Actor
    also: Also | None


@dataclass(slots=True)
class _Write:
    """A write under way: whose parts are in it, whether all is said that its commit decides about, its checkpoint."""

    parts: Sequence[_Part] = ()
    said: bool = False
    committed: bool = False
    head: SignedCheckpointRow | None = None

    def note_commit(self) -> None:
        self.committed = True

    def may_stand(self, error: Exception) -> bool:
        """Tell whether it may be committed in spite of the error: what PostgreSQL refuses at the commit is not."""
        return self.committed or (self.said and not isinstance(error, IntegrityError))


def record(
    intents: Sequence[Intent], *, actor: Actor, clock: Clock = timezone.now, also: Also | None = None
) -> list[Written]:
    """Write all intents or none, and say where they stand; `also` runs in the same transaction, before it commits.

    Raises Refused or MalformedEvent (their `position` counts intents from 0) and the errors of ledger.writer; then
    nothing was written. After the commit (of the outermost transaction) the log is signed.
    """
    if not intents:
        return []
    return _write(_Write(), lambda: [_Part(intents, actor, also)], clock)[0]


def _write(write: _Write, take: Take[_Part], clock: Clock) -> list[list[Written]]:
    """Write all parts or none; return what was written for each."""
    origin = settings.ASSAY_ORIGIN
    with transaction.atomic():
        transaction.on_commit(write.note_commit)
        locked = writer.lock(origin, clock())
        guard.check_not_behind(origin, locked.size)
        start, write.parts = locked.size, take()  # after the wait for the lock, during which more may have come
        writer.append(locked, [draft for part in write.parts for draft in _draft(part, locked.time)])
        projection.catch_up(origin)
        written = _locate(write.parts, origin, start)
        for part, places in zip(write.parts, written, strict=True):
            if part.also is not None:
                part.also(places)
        transaction.on_commit(lambda: _sign(write, origin, locked.size))
        write.said = True
    return [[replace(place, head=write.head) for place in places] for places in written]


def _sign(write: _Write, origin: str, size: int) -> None:
    write.head = publish.cover(origin, size)


def _write_together(take: Take[_Part]) -> list[list[Written] | Exception]:
    """Write what several callers say as one; where one of them spoils that, each by itself."""
    write = _Write()
    try:
        written = _write(write, take, timezone.now)
    except (OperationalError, InterfaceError, PoolTimeout):
        raise
    except Exception as error:
        # What may be committed is not said twice: then whatever went wrong went wrong for all.
        if write.may_stand(error) or len(write.parts) < 2:
            raise
        return [_write_alone(part) for part in write.parts]
    if write.head is not None:
        reader.read_evidence(write.head.origin, [place.index for places in written for place in places], write.head)
    return list(written)


def _write_alone(part: _Part) -> list[Written] | Exception:
    try:
        return record(part.intents, actor=part.actor, also=part.also)
    except Exception as error:
        return error


_writers: Final = SharedTurn(_write_together)


def _draft(part: _Part, time: datetime) -> list[writer.Draft]:
    source = settings.ASSAY_BASE_URL
    said_by = part.actor.model_dump(mode="json", exclude_none=True)
    drafts = []
    for intent, event_id in zip(part.intents, new_ids(len(part.intents)), strict=True):
        data = {**data_of(intent.data), "actor": said_by}
        entry = events.draft(
            intent.type, event_id=event_id, source=source, subject=source + intent.path, time=time, data=data
        )
        drafts.append(writer.Draft(entry, events.identity(source, event_id)))
    return drafts


def data_of(said: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry says of some terms: fields that were set, in canonical values.

    A null is kept where setting it means something, which is at the top of `…Changes`; within a value it is left out.
    """
    if not isinstance(said, BaseModel):
        return dict(said)
    if not isinstance(said, Amending):
        return said.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return {name: _without_nulls(value) for name, value in said.model_dump(mode="json", exclude_unset=True).items()}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _locate(parts: Sequence[_Part], origin: str, start: int) -> list[list[Written]]:
    """Say for each part where its entries stand, the first one at `start`."""
    indexes = count(start)
    return [[_written(intent, origin, next(indexes)) for intent in part.intents] for part in parts]


def _written(intent: Intent, origin: str, index: int) -> Written:
    kind = events.kind_of(intent.type)
    return Written(kind, intent.id, settings.ASSAY_BASE_URL + intent.path, origin, index, intent.type)


def receipts_for(written: Iterable[Written]) -> dict[int, str]:
    """Return the receipts (tlog-proof text) of entries just written, by index; signs first if nobody has yet."""
    places = list(written)
    if not places:
        return {}
    origin, last = places[0].origin, max(places, key=lambda place: place.index)
    head = last.head or publish.cover(origin, last.index + 1)
    return reader.read_receipts(origin, [place.index for place in places], head)


def record_one(intent: Intent, actor: Actor, also: Also | None) -> Written:
    """Write one intent, together with those of other threads; `also` may then run in one of them, and twice.

    Raises as `record` does.

    Within a transaction of the caller's own nobody else's words have a place, and its lock would bar their turn.
    """
    if connection.in_atomic_block:
        return record([intent], actor=actor, also=also)[0]
    return _writers.ask(_Part((intent,), actor, also))[0]
