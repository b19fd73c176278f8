"""Days in forms: written as people write them, kept as the register keeps them.

A period is half-open in the register; people name its last day. Both ends are days in UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext

from register.intake.cells import BadCell, parse_date
from register.site.dates import last_day


class DayField(forms.DateField):
    """A day: the browser's own picker where it has one, else 2026-03-01, 1.3.2026 or 13/3/2026."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "off"})
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: Any) -> date | None:
        """Return the day; raises ValidationError for what is none, or may be either of two."""
        if isinstance(value, date) or value in self.empty_values:
            return value or None
        try:
            return parse_date(str(value)[:40])
        except BadCell:
            told = gettext("Write a day of the calendar as 2026-03-31.")
            raise forms.ValidationError(told) from None


def until_after(last: date | None) -> str | None:
    """Return where a period ends whose last day is given."""
    return None if last is None else (last + timedelta(days=1)).isoformat()


def day_of(moment: datetime | None) -> date | None:
    """Return the day of an instant in UTC."""
    return None if moment is None else moment.astimezone(UTC).date()


def last_day_of(until: datetime | None) -> date | None:
    """Return the last day of a period that ends there."""
    return None if until is None else last_day(until).astimezone(UTC).date()


def today() -> date:
    """Return the day it is in UTC."""
    return datetime.now(UTC).date()
