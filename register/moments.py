"""Instants: how a date or date-time is read, compared and written (RFC 3339).

A bare date means its first instant in UTC, and an instant that is the first of a UTC day is written as a
bare date; so `2024-01-01` and `2024-01-01T00:00:00Z` are one and the same moment everywhere.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from register import sentences

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_FIRST_YEAR = 1000


def parse_moment(value: object) -> datetime:
    """Read a date or RFC 3339 date-time as an aware UTC datetime; raise ValueError saying what was expected."""
    if type(value) is str:
        return _read_text(value)
    if isinstance(value, datetime):
        return _in_utc(value)
    if isinstance(value, date):
        return _check_year(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if isinstance(value, str):
        return _read_text(str(value))
    raise ValueError(sentences.say("expected a date such as 2024-01-31, got {got}", got=type(value).__name__))


@lru_cache(maxsize=4096)  # the same days come again and again; an entry's own time, with a batch
def _read_text(text: str) -> datetime:
    if not (_DATE.fullmatch(text) or _DATE_TIME.fullmatch(text)):
        sentence = sentences.say(
            "expected a date such as 2024-01-31 or 2024-01-31T12:00:00Z, got {got}", got=repr(text[:40])
        )
        raise ValueError(sentence)
    try:
        if len(text) == 10:
            moment = datetime(int(text[:4]), int(text[5:7]), int(text[8:10]), tzinfo=UTC)
        else:
            moment = datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        sentence = sentences.say(
            "{got} is not a date of the calendar: {why}", got=repr(text), why=sentences.cite(error)
        )
        raise ValueError(sentence) from None
    return _check_year(moment)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(sentences.say("expected a time with an offset, such as 2024-01-31T12:00:00Z"))
    try:
        return _check_year(value.astimezone(UTC))
    except OverflowError:
        raise ValueError(_say_years(value)) from None


def _check_year(moment: datetime) -> datetime:
    if moment.year < _FIRST_YEAR:
        raise ValueError(_say_years(moment))
    return moment


def _say_years(got: datetime) -> str:
    first = str(_FIRST_YEAR)
    return sentences.say("expected a year from {first} to 9999, got {got}", first=first, got=got.isoformat())


def parse_end_of_moment(text: str) -> datetime:
    """Read a transaction time: a bare date is its last instant in UTC, anything else as `parse_moment`."""
    moment = parse_moment(text)
    return end_of_day(moment) if len(text) == 10 else moment


def end_of_day(moment: datetime) -> datetime:
    """Return the last instant of the UTC day of an instant."""
    return datetime.combine(moment.astimezone(UTC).date(), time.max, UTC)


@lru_cache(maxsize=4096)  # equal instants are written alike, whatever their offsets
def format_instant(moment: datetime) -> str:
    """Write an instant in full RFC 3339 UTC, with microseconds only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def format_moment(moment: datetime) -> str:
    """Write a moment the short way: as a bare date when it is the first instant of a UTC day."""
    text = format_instant(moment)
    return text[:10] if text.endswith("T00:00:00Z") else text


Moment = Annotated[
    datetime,
    BeforeValidator(parse_moment),
    PlainSerializer(format_moment, return_type=str),
    WithJsonSchema(
        {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}], "examples": ["2024-01-31"]}
    ),
]
Instant = Annotated[
    datetime,
    BeforeValidator(parse_moment),
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
