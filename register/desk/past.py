"""What a change does to answers, date by date: the same question before and after, over all of time. Pure.

Answers are constant between two dates at which something begins or ends, so asking on each such date is asking on all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from register.records import AccreditationRecord, AgencyRecord, IssuerRecord, KeyRecord, Recorded, RelationRecord
from register.scope import LIMITS, Scope, limit_covers
from register.trust import RegisterFacts

MOST_DATES: Final = 160
"""Dates on which answers are compared."""

MOST_WORK: Final = 10_000
"""Dates times accreditations that are looked at for one page: about half a second."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the register answers about an issuer from one date on: whether it is entitled, to what, and if not, why.

    `grants` holds the scope and decision of the accreditations that count, the widest ones. Two answers with other
    words, or in another tone, alone are the same answer.
    """

    decision: str
    codes: tuple[str, ...]
    grants: frozenset[tuple[Scope, str]] = frozenset()
    words: str = dataclasses.field(default="", compare=False)
    tone: Literal["good", "warn", "bad", "off"] = dataclasses.field(default="off", compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """From `since` (included) to `until` (excluded, None: for good) the answer is another one."""

    since: datetime
    until: datetime | None
    before: Answer
    after: Answer

    def reaches_back(self, now: datetime) -> bool:
        """Whether answers about the past change."""
        return self.since < now


def keep_widest(grants: Iterable[tuple[Scope, str]]) -> frozenset[tuple[Scope, str]]:
    """Return what several grants let through without those that lie within another one of no lesser decision.

    Whoever asks is answered by the widest one; that a narrower one comes or goes changes nothing for them.
    """
    every = set(grants)
    return frozenset(one for one in every if not any(_lies_within(one, other) for other in every if other != one))


def _lies_within(inner: tuple[Scope, str], outer: tuple[Scope, str]) -> bool:
    if outer[1] != inner[1] and outer[1] != "positive":
        return False
    return all(_limits_within(limit, inner[0], outer[0]) for limit in LIMITS.values())


def _limits_within(limit: str, inner: Scope, outer: Scope) -> bool:
    narrow, wide = inner.limit(limit), outer.limit(limit)
    return wide is None or (narrow is not None and all(limit_covers(limit, wide, value) for value in narrow))


def compare(dates: Sequence[datetime], before: Sequence[Answer], after: Sequence[Answer]) -> tuple[Change, ...]:
    """Return the spans in which two series of answers differ; `dates` ascend, each answer holds until the next one."""
    changes: list[Change] = []
    ends: list[datetime | None] = [*dates[1:], None]
    for since, until, old, new in zip(dates, ends, before, after, strict=True):
        if old == new:
            continue
        last = changes[-1] if changes else None
        if last is not None and (last.until, last.before, last.after) == (since, old, new):
            changes[-1] = dataclasses.replace(last, until=until)
        else:
            changes.append(Change(since, until, old, new))
    return tuple(changes)


def find_dates(registers: Sequence[RegisterFacts], now: datetime, only: str | None = None) -> list[datetime]:
    """Return all dates at which something that bears on answers begins or ends, `now` among them, ascending.

    With `only`, the id of a record, those of that record alone: of an issuer with very many accreditations.
    """
    found = {now}
    for register in registers:
        for record in _records(register):
            if only is None or record.id == only:
                found.update(_walk(record))
    return sorted(found)


def too_many(dates: Sequence[datetime], registers: Sequence[RegisterFacts]) -> bool:
    """Tell whether a page would wait too long for answers on all these dates."""
    held = max((len(register.accreditations) for register in registers), default=0)
    return len(dates) > min(MOST_DATES, MOST_WORK // max(held, 1))


def _records(
    register: RegisterFacts,
) -> Iterator[AccreditationRecord | AgencyRecord | IssuerRecord | KeyRecord | RelationRecord]:
    yield from register.accreditations
    yield from register.agencies.values()
    yield from register.issuers.values()
    yield from register.relations
    yield from register.keys


def _walk(value: Any) -> Iterator[datetime]:
    """Yield the dates inside a record; when something was recorded changes no answer about a date."""
    if isinstance(value, datetime):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _walk(one)
    elif dataclasses.is_dataclass(value) and not isinstance(value, (Recorded, Scope)):
        for field in dataclasses.fields(value):
            yield from _walk(getattr(value, field.name))
