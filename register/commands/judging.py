"""Judging: what of many things would be refused if they were said now, without a lock and without writing anything.

The very rules of a write, over the state that a write would load; so a dry run of ten thousand rows names every refused
one in one pass and keeps nobody waiting. Between now and the write others may say something: the write judges again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from ledger.reader import get_log
from register import events
from register.commands.recording import Intent, data_of
from register.errors import MalformedEvent, Refused
from register.events import Event
from register.ids import new_ids
from register.payloads import Actor
from register.projection.catch_up import without_collector
from register.projection.loading import Loader
from register.replay import advance
from register.state import Change, State

Group = Sequence[Intent]
Refusal = Refused | MalformedEvent


class Judge:
    """What one actor might say next, judged as if all that was not refused had been said before.

    The state is that of the ledger when the judge was made; `position` of a refusal counts within its group.
    """

    def __init__(self, actor: Actor) -> None:
        log = get_log(settings.ASSAY_ORIGIN)
        self._said_by = actor.model_dump(mode="json", exclude_none=True)
        self._time: datetime = max(timezone.now(), log.last_time or timezone.now())
        self._loader = Loader(log.origin, log.id, log.size, log.last_time)

    @property
    def size(self) -> int:
        """How many entries of the ledger the state knows, those judged since among them."""
        return self._loader.state.size

    @property
    def state(self) -> State:
        """What it judges by."""
        return self._loader.state

    def foresee(self, intent: Intent) -> tuple[Change, ...]:
        """Return what one intent would change, and take that in; raises Refused and MalformedEvent."""
        parsed = self._parse([intent])
        if isinstance(parsed, MalformedEvent):
            raise parsed
        self._loader.load(parsed)
        (event,) = parsed
        return advance(self._loader.state, event, own=True).changes

    def judge(self, groups: Sequence[Group]) -> list[Refusal | None]:
        """Return for each group of intents why it would be refused, None where it would not.

        Intents of a group stand or fall together. One query for all that they rest on, or two: give them some hundreds
        at a time.
        """
        with without_collector():
            parsed = [self._parse(group) for group in groups]
            self._loader.load(event for one in parsed if isinstance(one, list) for event in one)
            return [one if isinstance(one, MalformedEvent) else self._check(one) for one in parsed]

    def _parse(self, group: Group) -> list[Event] | MalformedEvent:
        found = []
        for position, (intent, event_id) in enumerate(zip(group, new_ids(len(group)), strict=True)):
            try:
                found.append(events.parse(self._draft(intent, event_id)))
            except MalformedEvent as error:
                error.position = position
                return error
        return found

    def _draft(self, intent: Intent, event_id: str) -> bytes:
        source = settings.ASSAY_BASE_URL
        data = {**data_of(intent.data), "actor": self._said_by}
        return events.draft(
            intent.type, event_id=event_id, source=source, subject=source + intent.path, time=self._time, data=data
        )

    def _check(self, group: list[Event]) -> Refused | None:
        for position, event in enumerate(group):
            try:
                advance(self._loader.state, event, own=True)
            except Refused as refusal:
                refusal.position = position
                return refusal
        return None
