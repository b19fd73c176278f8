"""Dates as a reader writes them, with the exact instant beside them for machines.

All instants are UTC. Periods are half-open in the register and in its JSON; in sentences they end with their last day,
as people say it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from register.moments import format_instant, format_moment
from register.records import Period
from register.site.language import spoken
from register.site.remembering import gettext, remember

_DAY: Final = {"en": "j F Y"}
_SHORT_DAY: Final = {"en": "j M Y"}


def spell_day(moment: datetime) -> str:
    """Write the day of an instant in words: `1 June 2026`."""
    return _spell(moment.astimezone(UTC).date(), _DAY.get(_language(), "DATE_FORMAT"))


def spell_short_day(moment: datetime) -> str:
    """Write the day of an instant briefly, for tables: `1 Jun 2026`."""
    return _spell(moment.astimezone(UTC).date(), _SHORT_DAY.get(_language(), "DATE_FORMAT"))


@remember
def _spell(day: date, form: str) -> str:
    """Write a day; remembered by the day alone, since no two pages are asked for at the same instant."""
    return date_format(day, form)


def spell_instant(moment: datetime) -> str:
    """Write an instant to the minute: `1 June 2026, 14:05 UTC`."""
    return f"{spell_day(moment)}, {moment.astimezone(UTC):%H:%M} UTC"


def last_day(until: datetime) -> datetime:
    """Return an instant of the last day before the end of a half-open period."""
    return until - timedelta(microseconds=1)


def lies_ahead(period: Period) -> bool:
    """Tell whether a period without an end has not begun yet today: nobody says `since` of that."""
    start = period.valid_from
    return period.valid_until is None and start is not None and start > datetime.now(UTC)


def spell_period(period: Period) -> str:
    """Write a period by its first and last day: `from 1 January 2020 to 31 December 2031`."""
    return _spell_period(period, lies_ahead(period))


@remember
def _spell_period(period: Period, ahead: bool) -> str:
    start, end = period.valid_from, period.valid_until
    if start and end:
        return gettext("from %(first)s to %(last)s") % {"first": spell_day(start), "last": spell_day(last_day(end))}
    if start:
        return (gettext("from %(first)s on") if ahead else gettext("since %(first)s")) % {"first": spell_day(start)}
    return gettext("until %(last)s") % {"last": spell_day(last_day(end))} if end else gettext("without dates")


@remember
def mark_day(moment: datetime) -> SafeString:
    """Return a `time` element that shows the day and holds the instant as the register writes it."""
    iso = format_moment(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, iso, spell_day(moment))


@remember
def mark_short_day(moment: datetime) -> SafeString:
    """Return a `time` element that shows the day briefly."""
    iso = format_moment(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, iso, spell_short_day(moment))


def mark_instant(moment: datetime) -> SafeString:
    """Return a `time` element that shows day and minute."""
    iso = format_instant(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, iso, spell_instant(moment))


@remember
def mark_end(until: datetime) -> SafeString:
    """Return a `time` element that shows the last day of a period and holds its exclusive end."""
    return mark_until(until, spell_short_day(last_day(until)))


def mark_until(until: datetime, shown: str) -> SafeString:
    """Return a `time` element that holds the exclusive end of a period, however it is spelt."""
    iso = format_moment(until)
    title = gettext("until, not including, %(moment)s") % {"moment": iso}
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, title, shown)


def _language() -> str:
    return (spoken() or "en").partition("-")[0]
