"""Marks: small pieces of markup that lists repeat, as filters: a template for each costs more than what it writes."""

from __future__ import annotations

from typing import Protocol

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from register.records import Period
from register.site.dates import lies_ahead, mark_end, mark_short_day
from register.site.markup import escape, escape_unless_safe
from register.site.remembering import gettext, remember


class Tagged(Protocol):
    """What a tag is made of; see words.Standing."""

    @property
    def tone(self) -> str:
        """The class that colours it."""

    @property
    def symbol(self) -> str:
        """The id of its symbol."""

    @property
    def words(self) -> str | Promise:
        """What it says."""


def mark_tag(standing: Tagged) -> SafeString:
    """Return how something stands as a tag: symbol and words."""
    words = escape_unless_safe(str(standing.words))
    symbol = f'<svg aria-hidden="true"><use href="#{standing.symbol}"/></svg>'
    return mark_safe(f'<span class="tag {standing.tone}">{symbol}{words}</span>')


def mark_period(period: Period) -> SafeString:
    """Return a period by its first and last day, briefly, for tables."""
    return _mark_period(period, lies_ahead(period))


@remember
def _mark_period(period: Period, ahead: bool) -> SafeString:
    start, end = period.valid_from, period.valid_until
    first = format_html('<span class="nowrap">{}{}</span>', mark_short_day(start), " –" if end else "") if start else ""
    last = format_html('<span class="nowrap">{}</span>', mark_end(end)) if end else ""
    if start and end:
        return format_html("{} {}", first, last)
    if start and ahead:
        return mark_safe(escape(gettext("from %(first)s on")) % {"first": first})
    if start:
        return format_html("{} {}", gettext("since"), first)
    return format_html("{} {}", gettext("until"), last) if end else SafeString("")
