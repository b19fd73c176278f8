"""Amendments: how a scope comes to have a history in valid time, and what a correction may take back.

A record's scope is told as statements in the order of recording, each with the date from which it holds; at an instant
the last statement counts whose date is not after it. A record keeps those statements that still hold somewhere: the
newest as `scope`, the earlier ones in `former_scopes`, each with the date until which it holds and the entry that
stated what came next. A correction replaces what one entry said and leaves its date and all others as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from register.errors import Refused
from register.records import AccreditationRecord, AgencyRecord, FormerScope, Recorded, scope_at
from register.scope import UNRESTRICTED, Scope
from register.sentences import say

ENDINGS = ("revocation", "withdrawal", "closure")
"""Fields of records that hold the entry by which a thing ended."""


def day_of(moment: datetime) -> datetime:
    """Return the first instant of a moment's UTC day."""
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def stated_scopes(record: AgencyRecord | AccreditationRecord) -> Mapping[int, datetime | None]:
    """Return the entries whose scope still holds somewhere, and from when; None is from the beginning."""
    return {record.entries[0]: None} | {former.recorded.index: former.until for former in record.former_scopes}


def restate_scope(record: AgencyRecord | AccreditationRecord, data: Any, recorded: Recorded) -> dict[str, Any]:
    """Return the fields `scope` and `former_scopes` after an amendment or a correction that gives a scope."""
    stated = data.scope or UNRESTRICTED
    if data.corrects is not None:
        return _correct_scope(record, data.corrects, stated)
    start = data.effective_from or day_of(recorded.time)
    before = scope_at(record.scope, record.former_scopes, start - datetime.resolution)
    kept = tuple(former for former in record.former_scopes if former.until < start)
    return {"scope": stated, "former_scopes": (*kept, FormerScope(start, before, recorded))}


def _correct_scope(record: AgencyRecord | AccreditationRecord, corrects: int, stated: Scope) -> dict[str, Any]:
    stated_by = list(stated_scopes(record))
    if corrects not in stated_by:  # the rules refuse this; a few entries proven by themselves may not obey them
        sentence = say("expected an entry whose scope still holds, got {got}", got=corrects)
        raise Refused("corrects_unknown", "corrects", sentence)
    position = stated_by.index(corrects)
    if position == len(record.former_scopes):
        return {"scope": stated}
    former = list(record.former_scopes)
    former[position] = replace(former[position], scope=stated)
    return {"former_scopes": tuple(former)}


def entries_to_undo(record: Any) -> frozenset[int]:
    """Return the entries that a correction takes back: endings, suspensions and reinstatements now in force."""
    endings = [getattr(record, name, None) for name in ENDINGS]
    found = {ending.recorded.index for ending in endings if ending is not None}
    for span in getattr(record, "suspensions", ()):
        found |= {span.recorded.index} | ({span.lifted.index} if span.lifted else set())
    return frozenset(found)


def undo(record: Any, index: int) -> dict[str, Any]:
    """Return the fields of a record without what the entry at `index` ended, suspended or reinstated."""
    undone: dict[str, Any] = {}
    for name in ENDINGS:
        ending = getattr(record, name, None)
        if ending is not None and ending.recorded.index == index:
            undone[name] = None
    if isinstance(record, AccreditationRecord):
        spans = (s for s in record.suspensions if s.recorded.index != index)
        undone["suspensions"] = tuple(
            replace(s, effective_until=None, lifted=None) if s.lifted and s.lifted.index == index else s for s in spans
        )
    return undone
