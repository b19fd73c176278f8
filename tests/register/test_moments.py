"""Moments: one instant has one spelling, and a bare date is its first instant in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.moments import format_instant, format_moment, parse_end_of_moment, parse_moment

moments = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
days = st.dates(date(1000, 1, 1), date(9999, 12, 31))
offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments)
def test_what_is_written_is_read_back(moment: datetime) -> None:
    assert parse_moment(format_moment(moment)) == parse_moment(format_instant(moment)) == moment


@given(days)
def test_a_bare_date_is_its_first_instant_in_utc_and_written_as_a_date(day: date) -> None:
    moment = parse_moment(day.isoformat())
    assert moment == parse_moment(f"{day}T00:00:00Z") == parse_moment(day)
    assert format_moment(moment) == day.isoformat()


@given(days)
def test_a_bare_date_as_transaction_time_is_its_last_instant(day: date) -> None:
    end = parse_end_of_moment(day.isoformat())
    assert format_instant(end) == f"{day}T23:59:59.999999Z"


@given(moments)
def test_an_instant_as_transaction_time_is_itself(moment: datetime) -> None:
    assert parse_end_of_moment(format_instant(moment)) == moment


@given(st.datetimes(datetime(1001, 1, 1), datetime(9998, 12, 31)), offsets)
def test_the_offset_changes_the_spelling_and_not_the_instant(naive: datetime, offset: timezone) -> None:
    moment = naive.replace(tzinfo=offset)
    assert parse_moment(moment.isoformat()) == parse_moment(moment) == moment
    assert parse_moment(moment.isoformat()).tzinfo == UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "2024-1-1",
        "24-01-01",
        "2024-02-30",
        "2023-02-29",
        "2024-13-01",
        "2024-01-01T25:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T23:59:60Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00Z",
        "2024-01-01T00:00:00+2",
        "2024-01-01T00:00:00+24:00",
        "0000-01-01",
        "0999-12-31",
        "1000-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        " 2024-01-01",
        "2024-01-01\n",
        "２０２４-01-01",
        "2024-01-01T00:00:00.1234567Z",
        "now",
        "20240101",
        "2024-W01-1",
    ],
)
def test_what_is_no_date_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a|is not a date|1000 to 9999"):
        parse_moment(text)


@pytest.mark.parametrize("value", [20240101, 1.5, True, None, [], {}, b"2024-01-01"])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected a date"):
        parse_moment(value)


def test_a_time_without_offset_is_refused_also_as_an_object() -> None:
    with pytest.raises(ValueError, match="offset"):
        parse_moment(datetime(2024, 1, 1))


def test_a_time_beyond_the_calendar_in_utc_is_refused_also_as_an_object() -> None:
    with pytest.raises(ValueError, match="1000 to 9999"):
        parse_moment(datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))))


def test_lower_case_and_a_blank_between_date_and_time_are_read() -> None:
    assert (
        parse_moment("2024-01-31t12:00:00z")
        == parse_moment("2024-01-31 12:00:00Z")
        == parse_moment("2024-01-31T13:00:00+01:00")
    )
