"""Inputs of the desk's forms: terms of vocabularies, languages, another issuer; terms as fields show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from django import forms
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from register import vocabularies
from register.desk.days import day_of, last_day_of
from register.desk.issuer_search import LONGEST, find_issuer, show_issuer
from register.desk.issuer_search import find_issuers as find_offers
from register.desk.rows import UNDETERMINED, Choices
from register.identifiers import parse_identifier
from register.moments import parse_moment
from register.queries.cuts import resolve_cut
from register.queries.filters import Filters
from register.queries.lists import find_issuers, list_issuers
from register.records import IssuerRecord
from register.site.names import name_record
from register.site.words import label

_LANGUAGES: Final = (
    "ar az be bg bs ca cnr cs cy da de el en es et eu fi fr ga gl hr hu hy is it ka kk la lb lt lv mk mt nb nl nn no "
    "pl pt rm ro ru sk sl sq sr sv tr uk"
).split()
"""Languages in which institutions of Europe bear names, and Latin."""

_SHOWN: Final = 8
_ID_BEHIND: Final = re.compile(r"\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)$")


def read_day(moment: str | None) -> date | None:
    """Return the day of a moment as terms have it."""
    return day_of(parse_moment(moment)) if moment else None


def read_last_day(until: str | None) -> date | None:
    """Return the last day of a period that ends at a moment as terms have it."""
    return last_day_of(parse_moment(until)) if until else None


def spell(day: date | None) -> str | None:
    """Return a day as terms have it."""
    return day.isoformat() if day else None


def list_terms(vocabulary: str) -> Choices:
    """Return the terms of a vocabulary by code, in the reader's language and the published order."""
    return [(code, label(vocabulary, code)) for code in vocabularies.load(vocabulary).codes()]


def list_sorted(vocabulary: str) -> Choices:
    """Return the terms of a vocabulary by their words."""
    return sorted(list_terms(vocabulary), key=lambda pair: pair[1].casefold())


def list_fields() -> Choices:
    """Return the fields of study, each with its ISCED-F code, in the order of the codes."""
    return [(code, f"{code} {words}") for code, words in sorted(list_terms("isced-f"))]


PROVIDER_TYPES: Final[Mapping[int, str | Promise]] = {
    1: _("Type 1: formal education, such as a university, college or school"),
    2: _("Type 2: another provider, such as a company, chamber or association"),
}
"""Type of provider, as the register keeps it → its words."""


def list_languages() -> Choices:
    """Return languages by their code, in the reader's language."""
    return _name_languages(get_language() or "en")


def mark_language(text: str, code: str) -> str:
    """Return a text with its language behind, in the reader's language, where it is known."""
    named = dict(list_languages()).get(code, code).removesuffix(f" ({code})")
    return text if code == UNDETERMINED else f"{text} ({named})"


@lru_cache(maxsize=32)
def _name_languages(reader: str) -> Choices:
    try:
        names = Locale.parse(reader, sep="-").languages
    except (ValueError, UnknownLocaleError):
        names = Locale("en").languages
    own = {"cnr": gettext("Montenegrin")}
    named = [(code, f"{names.get(code, own.get(code, code))} ({code})") for code in _LANGUAGES]
    return tuple(sorted(named, key=lambda pair: pair[1].casefold()))


@cache
def _blank() -> tuple[str, str | Promise]:
    return ("", _("choose"))


class TermField(forms.ChoiceField):
    """One term of a vocabulary; empty where it is not required."""

    def __init__(self, vocabulary: str, *, ordered: bool = False, only: Iterable[str] = (), **options: Any) -> None:
        wanted = tuple(only)

        def list_choices() -> list[tuple[str, str | Promise]]:
            terms = list_sorted(vocabulary) if ordered else list_terms(vocabulary)
            return [_blank(), *(pair for pair in terms if not wanted or pair[0] in wanted)]

        super().__init__(choices=list_choices, **options)


class IssuerInput(forms.TextInput):
    """A box in which an issuer is looked for, with those found to choose from: as one types, or once it was sent.

    Beside `NAME`, what was typed, come `NAME-chosen`, an id, and `NAME-asked`, the text that it was offered for:
    of a choice and another text, which was typed after it, the text counts.
    """

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> str:
        """Return the text, or the id that was chosen in brackets."""
        text, chosen = (str(data.get(key) or "").strip() for key in (name, f"{name}-chosen"))
        asked = str(data.get(f"{name}-asked") or "").strip()
        return f"({chosen})" if chosen and text in ("", asked) else text

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Draw the box, with the issuers that its text may mean, or the one that is chosen."""
        text = str(value or "")[:LONGEST]
        named = _ID_BEHIND.search(text)
        chosen = find_issuer(named[1]) if named else None
        found = [show_issuer(chosen)] if chosen else find_offers(text)
        drawn = self.build_attrs(self.attrs, attrs)
        told = {"name": name, "q": "" if chosen else text, "attrs": drawn, "found": found}
        return render_to_string("desk/parts/issuer_input.html", {**told, "chosen": chosen.id if chosen else ""})


class IssuerField(forms.CharField):
    """Another issuer of this register: by name, acronym, id, address or any identifier; its value is the record."""

    widget = IssuerInput

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=300, **options)
        self.error_messages["required"] = _("Choose the institution: search for it, then pick it from the list.")
        self.widget.attrs.update({"class": "wide", "autocomplete": "off", "spellcheck": "false"})

    def clean(self, value: Any) -> IssuerRecord | None:
        """Return the issuer; raises ValidationError that names the choices where several fit."""
        text = super().clean(value)
        if not text:
            return None
        named = _ID_BEHIND.search(text)
        return find_one_issuer(named[1] if named else text, offered=True)


def name_issuer(record: IssuerRecord) -> str:
    """Return how an IssuerField shows an issuer that is chosen: its name with the id behind."""
    return f"{name_record(record).text} ({record.id})"


def find_one_issuer(text: str, *, offered: bool = False) -> IssuerRecord:
    """Return the one issuer that a text names; raises ValidationError for none and for several.

    The error lists them unless they are `offered` beside the field, to choose from.
    """
    cut = resolve_cut()
    found = _by_identifier(text)
    if not found:
        found = list(list_issuers(cut, Filters(timezone.now(), q=text), limit=_SHOWN).items)
        exact = [one for one in found if text.casefold() in _names_of(one)]
        found = exact if len(exact) == 1 else found
    if len(found) == 1:
        return found[0]
    if not found:
        raise forms.ValidationError(gettext("No issuer of this register is called so. Try another name or identifier."))
    if offered:
        raise forms.ValidationError(gettext("Several institutions fit. Choose the one you mean."))
    told = gettext("Several issuers fit. Put in the one you mean as it stands here:")
    raise forms.ValidationError([told, *map(name_issuer, found)])


def _by_identifier(text: str) -> list[IssuerRecord]:
    try:
        return find_issuers(parse_identifier(text), resolve_cut())
    except ValueError:
        return []


def _names_of(record: IssuerRecord) -> set[str]:
    return {name.casefold() for name in [*record.names.values(), record.acronym or ""]}


def read_pairs(rows: Iterable[Mapping[str, str]], key: str, value: str) -> dict[str, str]:
    """Return rows of two columns as a mapping; the last of several rows with one key counts."""
    return {row[key]: row[value] for row in rows}
