from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from register.moments import parse_moment
from register.records import Period
from register.site import dates

JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def test_a_day_is_written_as_people_write_it_with_the_instant_beside_it() -> None:
    assert dates.spell_day(JUNE) == "1 June 2026"
    assert dates.mark_day(JUNE) == '<time datetime="2026-06-01" title="2026-06-01">1 June 2026</time>'
    assert "14:05 UTC" in dates.mark_instant(datetime(2026, 6, 1, 14, 5, tzinfo=UTC))


def test_a_period_ends_with_its_last_day() -> None:
    period = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC))
    assert dates.spell_period(period) == "from 1 January 2020 to 31 December 2031"
    assert 'datetime="2032-01-01"' in dates.mark_end(datetime(2032, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (JUNE.replace(year=2020), None, "since 1 June 2020"),
        (JUNE.replace(year=2999), None, "from 1 June 2999 on"),
        (None, JUNE, "until 31 May 2026"),
        (None, None, "without dates"),
    ],
)
def test_an_open_period_says_which_side_is_open(start: datetime | None, end: datetime | None, words: str) -> None:
    assert dates.spell_period(Period(start, end)) == words


def test_dates_are_written_in_utc_and_in_the_language_in_force() -> None:
    assert dates.spell_day(parse_moment("2026-05-31T23:30:00-02:00")) == "1 June 2026"
    with translation.override("de"):
        assert dates.spell_day(JUNE) == "1. Juni 2026"


@given(st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_the_last_day_lies_before_the_end_and_less_than_a_day_before_it(end: datetime) -> None:
    assert timedelta(0) < end - dates.last_day(end) < timedelta(days=1)
