"""Telling: a sentence of the register in the reader's language, as markup for pages or as plain text.

A `Said` is translated by its template; its values are written as the reader writes them: dates, labels of vocabularies,
sentences within sentences. Texts that strangers wrote are escaped and isolated. What nobody translated is told in
English and marked so, whole: half a sentence in each language helps nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext, ngettext_lazy

from register.moments import format_moment
from register.sentences import (
    NO_TERMS,
    OPEN_DATE,
    SHOWN,
    Coded,
    English,
    LastDay,
    Minute,
    Named,
    Said,
    Term,
    Terms,
    Time,
    Value,
    Written,
    fill,
    has_words,
    is_midnight,
    label,
    measure,
)
from register.site import dates, words
from register.site.language import speak, spoken
from register.site.names import first_name, isolate_value

_say: Final = gettext
"""For templates that stand elsewhere; deploy/catalogues.py gathers them there, and not from here."""

_SPANS: Final = {
    "year": ngettext_lazy("%(count)d year", "%(count)d years", "count"),
    "day": ngettext_lazy("%(count)d day", "%(count)d days", "count"),
    "hour": ngettext_lazy("%(count)d hour", "%(count)d hours", "count"),
    "minute": ngettext_lazy("%(count)d minute", "%(count)d minutes", "count"),
    "second": ngettext_lazy("%(count)d second", "%(count)d seconds", "count"),
}

Write = Callable[[Value], str]


def tell(text: str, *, capital: bool = False) -> SafeString:
    """Return a sentence as markup; a plain text is English, and marked as such for readers of other languages.

    With `capital` it begins with one, also where a program's answer would not.
    """
    if isinstance(text, SafeString):
        return text
    if not isinstance(text, Said):
        return _mark_english(escape(text))
    template = _translate(text.template)
    if template is None:
        with speak("en"):
            written = tell(text, capital=capital)
        return _mark_english(written)
    return mark_safe(fill(escape(capfirst(template) if capital else template), text.values, _mark))


def tell_plainly(text: str) -> str:
    """Return a sentence as plain text: for files, e-mails and attributes of elements."""
    if not isinstance(text, Said):
        return text
    template = _translate(text.template)
    return text if template is None else fill(template, text.values, spell)


def spell(value: Value) -> str:
    """Write a value as plain text in the reader's language."""
    match value:
        case str():
            return tell_plainly(value)
        case Named():
            return first_name(value.names, value.country).text if value.names else tell_plainly(value.otherwise)
        case Coded():
            return spell(value.value)
        case English():
            return value.text
        case Minute() | Written() | LastDay() | date() | timedelta():
            return _spell_time(value)
        case Term():
            return label(value, words.label)
        case Terms():
            told = [label(Term(value.vocabulary, code), words.label) for code in value.codes]
            return _list(told) or _say(NO_TERMS)
        case None:
            return _say(OPEN_DATE)
        case int():
            return words.spell_count(value)
        case _:
            return str(value)


def _spell_time(value: Time) -> str:
    match value:
        case Minute() | Written():
            return _spell_moment(value.moment)
        case LastDay():
            return _spell_time(value.told)
        case datetime():
            return _spell_moment(value)
        case date():
            return _spell_day(value)
        case timedelta():
            number, unit = measure(value)
            return str(_SPANS[unit] % {"count": number})


def _list(told: list[str]) -> str:
    """Return terms with commas between, as the English sentence has them."""
    more = len(told) - SHOWN
    if more <= 0:
        return ", ".join(told)
    shown = ", ".join(told[:SHOWN])
    return ngettext("%(shown)s and %(count)d more", "%(shown)s and %(count)d more", more) % {
        "shown": shown,
        "count": more,
    }


def _mark(value: Value) -> SafeString:
    """Write a value as markup: what strangers wrote is isolated, an instant is there for machines too."""
    match value:
        case Said():
            return tell(value)
        case str():
            return isolate_value(value)
        case Minute() | Written():
            return _mark_moment(value.moment, spell(value))
        case LastDay():
            return dates.mark_until(value.moment, spell(value))
        case Named():
            return first_name(value.names, value.country).__html__() if value.names else _mark(value.otherwise)
        case Coded():
            return _mark(value.value)
        case English():
            return _mark_english(escape(value.text))
        case datetime():
            return _mark_moment(value, spell(value))
        case _:
            return escape(spell(value))


def _mark_moment(moment: datetime, spelt: str) -> SafeString:
    iso = format_moment(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', iso, iso, spelt)


def _spell_moment(moment: datetime) -> str:
    """Write an instant to the minute; its seconds stand beside it for machines, and in a program's answer."""
    return dates.spell_day(moment) if is_midnight(moment.astimezone(UTC)) else dates.spell_instant(moment)


def _spell_day(day: date) -> str:
    return dates.spell_day(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _translate(template: str) -> str | None:
    """Return a template in the reader's language; None where the catalogue does not hold it."""
    if _language() == "en" or not has_words(template):
        return template
    translated = _say(template)
    return None if translated == template else translated


def _mark_english(markup: str) -> SafeString:
    """Isolate a text that is English, and say so to readers of other languages."""
    shown = mark_safe(markup)
    return format_html("<bdi>{}</bdi>", shown) if _language() == "en" else format_html('<bdi lang="en">{}</bdi>', shown)


def _language() -> str:
    return (spoken() or "en").partition("-")[0]
