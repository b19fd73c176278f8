"""Rules that several kinds share: what is referred to exists, periods, territory, amendments and corrections."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from register.amendments import entries_to_undo, stated_scopes
from register.errors import NotFound, Refused
from register.events import Event
from register.records import IssuerRecord, RegisterRecord
from register.rules.refusals import UNDOING_REASONS, name_kind, name_refusal
from register.sentences import Coded, Term, Terms, Written, say
from register.state import State


def find(state: State, kind: str, record_id: str, field: str) -> Any:
    """Return a record that the entry refers to; raise NotFound naming the field."""
    record = state.table(kind).get(record_id)
    if record is None:
        sentence = say("expected an existing {kind}, got {got}; register it first", kind=name_kind(kind), got=record_id)
        raise NotFound(f"{kind}_unknown", field, sentence)
    return record


def find_issuer(state: State, record_id: str, field: str = "issuer") -> IssuerRecord:
    """Return an issuer whose own registration counts."""
    issuer: IssuerRecord = find(state, "issuer", record_id, field)
    if issuer.quarantine:
        why = name_refusal(issuer.quarantine)
        raise Refused(issuer.quarantine, field, say("the issuer's own registration does not count: {why}", why=why))
    return issuer


def find_open_issuer(state: State, record_id: str, until: datetime | None, field: str = "issuer") -> IssuerRecord:
    """Return an issuer for something that lasts until `until`; a closed one only takes what ended before it closed."""
    issuer = find_issuer(state, record_id, field)
    if issuer.closure and (until is None or until > issuer.closure.effective_from):
        closed = Written(issuer.closure.effective_from)
        sentence = say("the issuer closed on {day}; give an end before that, or its successor", day=closed)
        raise Refused("issuer_closed", field, sentence)
    return issuer


def overlap(
    a_from: datetime | None, a_until: datetime | None, b_from: datetime | None, b_until: datetime | None
) -> bool:
    """Tell whether two half-open spans share an instant; None is open."""
    a_ends_first = a_until is not None and b_from is not None and a_until <= b_from
    b_ends_first = b_until is not None and a_from is not None and b_until <= a_from
    return not (a_ends_first or b_ends_first)


def check_territory(state: State, countries: tuple[str, ...], field: str) -> None:
    """Refuse countries for which this register may not speak."""
    register = state.register
    if register is None:
        raise Refused("register_not_opened", "", say("expected a register that has been opened by its entry 0"))
    for country in countries:
        if country not in register.territory:
            sentence = say(
                "this register speaks for {territory}, got {country}; record it at the register of that country",
                territory=_name_some(register),
                country=Coded(country, Term("countries", country)),
            )
            raise Refused("outside_territory", field, sentence)


def _name_some(register: RegisterRecord) -> Coded:
    codes = ", ".join(register.territory[:12]) + ("…" if len(register.territory) > 12 else "")
    return Coded(codes, Terms("countries", tuple(register.territory)))


def check_amendment(event: Event, record: Any) -> None:
    """Refuse an amendment that changes nothing, empties a period, or corrects what it may not."""
    data, given = event.data, event.data.given()
    undone = data.corrects in entries_to_undo(record)
    if data.corrects is not None:
        _check_correction(data, record, undone)
    if not given and not undone:
        raise Refused(
            "nothing_changes", "", say("expected at least one field with a new value, got none; say what changes")
        )
    if "valid_from" in given or "valid_until" in given:
        start = given.get("valid_from", record.valid.valid_from)
        _check_period(start, given.get("valid_until", record.valid.valid_until))


def _check_period(start: datetime | None, end: datetime | None) -> None:
    if start is not None and end is not None and end <= start:
        sentence = say(
            "expected an end after {start}, got {end}; give a later one", start=Written(start), end=Written(end)
        )
        raise Refused("period", "valid_until", sentence)


def _check_correction(data: Any, record: Any, undone: bool) -> None:
    if data.corrects not in record.entries:
        sentence = say(
            "expected one of this thing's own entries {entries}, got {got}",
            entries=_list_some(record.entries),
            got=data.corrects,
        )
        raise Refused("corrects_unknown", "corrects", sentence)
    if undone and data.reason not in UNDOING_REASONS:
        sentence = say(
            "to take back an ending, suspension or reinstatement give one of {reasons}; got {got}",
            reasons=name_reasons(*sorted(UNDOING_REASONS)),
            got=name_reasons(data.reason) if data.reason else Coded("none", say("no reason")),
        )
        raise Refused("reason_does_not_undo", "reason", sentence)
    if "scope" in data.given():
        _check_corrected_scope(data, record)


def _check_corrected_scope(data: Any, record: Any) -> None:
    stated = stated_scopes(record)
    if data.corrects not in stated:
        sentence = say(
            "expected an entry whose scope still holds, one of {entries}, got {got}; "
            "correct that one, also where a correction was wrong",
            entries=_list_some(tuple(stated)),
            got=data.corrects,
        )
        raise Refused("corrects_unknown", "corrects", sentence)
    start = stated[data.corrects] or record.valid.valid_from
    if data.effective_from is not None and start is not None and _moves(data.effective_from, start, data, record):
        sentence = say(
            "a correction holds from the date of the entry it corrects ({start}), got {got}; leave the date out",
            start=Written(start),
            got=Written(data.effective_from),
        )
        raise Refused("effective_outside_period", "effective_from", sentence)


def _moves(effective_from: datetime, start: datetime, data: Any, record: Any) -> bool:
    return effective_from > start if data.corrects == record.entries[0] else effective_from != start


def name_reasons(*codes: str) -> Coded:
    """Return reasons of the list as programs write them, told by their labels."""
    return Coded(", ".join(codes), Terms("reasons", codes))


def _list_some(entries: tuple[int, ...]) -> str:
    return ", ".join(str(index) for index in entries[:12]) + ("…" if len(entries) > 12 else "")


def check_extension(record: Any, data: Any, state: State) -> None:
    """Refuse to lengthen something of an issuer beyond the day the issuer closed."""
    given = data.given()
    end = record.valid.valid_until
    if "valid_until" in given and end is not None and (given["valid_until"] is None or given["valid_until"] > end):
        find_open_issuer(state, record.issuer, given["valid_until"], "valid_until")
