"""Names: which of a thing's names to show first, and in which language each is.

A thing is shown by its name in an official language of its country, the reader's own language beside it. Texts are
isolated (`bdi`) and carry their language, so that a name in another script neither reorders the page nor is read out
in the wrong voice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

UNDETERMINED: Final = "und"

_OFFICIAL: Final[Mapping[str, tuple[str, ...]]] = {
    country: tuple(languages.split(","))
    for country, languages in (
        pair.split(":")
        for pair in (
            "AD:ca AL:sq AM:hy AT:de AZ:az BA:bs,hr,sr BE:nl,fr,de BG:bg BY:be,ru CH:de,fr,it,rm CY:el,tr CZ:cs DE:de "
            "DK:da EE:et ES:es,ca,gl,eu FI:fi,sv FR:fr GB:en,cy GE:ka GR:el HR:hr HU:hu IE:en,ga IS:is IT:it KZ:kk,ru "
            "LI:de LT:lt LU:lb,fr,de LV:lv MD:ro ME:cnr,sr MK:mk,sq MT:en,mt NL:nl NO:no,nb,nn PL:pl PT:pt RO:ro "
            "RS:sr RU:ru SE:sv SI:sl SK:sk SM:it TR:tr UA:uk VA:it,la XK:sq,sr"
        ).split()
    )
}
"""Country → its official languages that institutions are named in, the most usual first."""


_KEY: Final = re.compile(r"(?:did:(?:key|jwk):)?[A-Za-z0-9_=-]{40,}(?:#.*)?", re.ASCII)
"""A key or a digest: long, without a break, and nothing that anybody knows by sight."""
_FIRST: Final = 16
_LAST: Final = 6
"""Signs of it that are shown."""


@dataclass(frozen=True, slots=True)
class Name:
    """One name and its language tag; `und` when nobody said which language it is.

    `gloss` says the same in letters the reader knows, where the name itself is in another script.
    """

    text: str
    language: str = UNDETERMINED
    gloss: str = ""

    def __str__(self) -> SafeString:
        """Return it as markup: templates ask for this, not for `__html__`; `text` is the name alone."""
        return self.__html__()

    def __html__(self) -> SafeString:
        """Return the text isolated, with its language."""
        if self.language == UNDETERMINED:
            return format_html("<bdi>{}</bdi>", self.text)
        shown = format_html('<bdi lang="{}">{}</bdi>', self.language, self.text)
        return format_html("{} (<bdi>{}</bdi>)", shown, self.gloss) if self.gloss else shown


def order_names(names: Mapping[str, str], country: str = "", reader: str = "en") -> list[Name]:
    """Return all names, the one to show first at the front, the reader's next; the same text only once."""
    wished = [*_OFFICIAL.get(country, ()), reader, "en"]
    rank = {language: number for number, language in reversed(list(enumerate(wished)))}
    last = len(wished)
    places = {language: (language == UNDETERMINED, rank.get(language, last)) for language in names}
    found: dict[str, Name] = {}
    for language in sorted(names, key=lambda key: places[key]):
        found.setdefault(names[language].casefold(), Name(names[language], language))
    return list(found.values())


def first_name(names: Mapping[str, str], country: str = "", reader: str = "en") -> Name:
    """Return the name to show first; a thing without any is shown by a dash."""
    ordered = order_names(names, country, reader)
    if not ordered:
        return Name("–")
    first = ordered[0]
    gloss = next((name.text for name in ordered[1:] if is_latin(name.text)), "")
    return first if is_latin(first.text) else replace(first, gloss=gloss)


def isolate(text: str) -> SafeString:
    """Return a stranger's text of no known language, isolated."""
    return format_html("<bdi>{}</bdi>", text)


def isolate_value(text: str) -> SafeString:
    """Return a stranger's text within a sentence; of a key or digest, which nobody reads out, both ends.

    All of it is in its `title`, and in the evidence below.
    """
    if not _KEY.fullmatch(text):
        return isolate(text)
    return format_html('<bdi title="{}">{}…{}</bdi>', text, text[:_FIRST], text[-_LAST:])


def is_latin(text: str) -> bool:
    """Tell whether a name begins in Latin letters, by its first letter."""
    letter = next((sign for sign in text if sign.isalpha()), "a")
    return unicodedata.name(letter, "").startswith("LATIN")


def name_record(record: Any) -> Name:
    """Return the name to show of an issuer, agency or programme."""
    names = getattr(record, "names", None) or getattr(record, "titles", {})
    return first_name(names, getattr(record, "country", ""))
