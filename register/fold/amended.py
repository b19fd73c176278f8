"""What the folds of all kinds share: finding the record, its next version, endings and amended fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from register.amendments import undo
from register.errors import NotFound
from register.events import Event
from register.payloads import Changes
from register.records import Ending, Period, Recorded
from register.rules.refusals import name_kind
from register.sentences import Value, say
from register.state import Change, State


def find(state: State, event: Event) -> Any:
    """Return the record an event is about; raise NotFound when no earlier entry made it."""
    kind = event.kind
    record = state.table(kind).get(event.subject_id)
    if record is None:
        told: dict[str, Value] = {"kind": name_kind(kind), "got": repr(event.subject_id)}
        sentence = say("expected an existing {kind}, got {got}, which no earlier entry makes", **told)
        raise NotFound(f"{kind}_unknown", "", sentence)
    return record


def succeed(event: Event, record: Any, recorded: Recorded, **fields: Any) -> list[Change]:
    """Return the next version of a record: the given fields new, the entry added."""
    version = replace(record, entries=(*record.entries, recorded.index), **fields)
    return [Change(event.kind, record.id, version)]


def ending(event: Event, recorded: Recorded) -> Ending:
    """Return the revocation, withdrawal or closure that an event states."""
    data = event.data
    return Ending(data.effective_from, data.reason, recorded, data.note, data.legal_basis)


def amended_fields(record: Any, data: Changes) -> dict[str, Any]:
    """Return a record's fields as an amendment sets them, and without the ending that a correction takes back."""
    given = data.given()
    for name in ("report", "decision_document"):
        if given.get(name) is not None:
            given[name] = given[name].as_document()
    if "valid_from" in given or "valid_until" in given:
        start = given.pop("valid_from", record.valid.valid_from)
        given["valid"] = Period(start, given.pop("valid_until", record.valid.valid_until))
    return given if data.corrects is None else given | undo(record, data.corrects)
