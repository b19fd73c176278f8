"""Names: which of a thing's names to show first, and in which language each is.

A thing is shown by its name in an official language of its country, the reader's own language beside it. One in
letters that the reader may not know is followed by a recorded name in letters known to them, in parentheses; where none
is recorded, by its own letters written in Latin ones, in brackets and said to be that, since it is nobody's name. Texts
are isolated (`bdi`) and carry their language, so that a name in another script neither reorders the page nor is read
out in the wrong voice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from register.names import write_in_latin
from register.site.language import spoken
from register.site.markup import escape
from register.site.remembering import gettext

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


_SCRIPTS: Final[Mapping[str, str]] = {"el": "GREEK"}
"""Language of readers → the script that they read besides the Latin one, as Unicode names its letters."""

_KEY: Final = re.compile(r"(?:did:(?:key|jwk):)?[A-Za-z0-9_=-]{40,}(?:#.*)?", re.ASCII)
"""A key or a digest: long, without a break, and nothing that anybody knows by sight."""
_FIRST: Final = 16
_LAST: Final = 6
"""Signs of it that are shown."""


@dataclass(frozen=True, slots=True)
class Name:
    """One name and its language tag; `und` when nobody said which language it is.

    Where its letters may be unknown to the reader, `gloss` is another recorded name in letters they know, and without
    any, `letters` is this one written in Latin letters: for people to read, never to be recorded or given to programs.
    """

    text: str
    language: str = UNDETERMINED
    gloss: Name | None = None
    letters: str = ""

    @property
    def own(self) -> SafeString:
        """The name alone as markup: isolated, with its language."""
        spoken_in = "" if self.language == UNDETERMINED else f' lang="{escape(self.language)}"'
        return mark_safe(f"<bdi{spoken_in}>{escape(self.text)}</bdi>")

    @property
    def spelt(self) -> SafeString:
        """The same in Latin letters as markup, named as that; BCP 47 has a subtag for it: `el-Latn`."""
        return format_html(
            '<span class="letters">[<span class="visually-hidden">{} </span><bdi lang="{}-Latn">{}</bdi>]</span>',
            gettext("in Latin letters:"),
            self.language.partition("-")[0],
            self.letters,
        )

    def __str__(self) -> SafeString:
        """Return it as markup: templates ask for this, not for `__html__`; `text` is the name alone."""
        return self.__html__()

    def __html__(self) -> SafeString:
        """Return the name, and what makes it readable."""
        if self.gloss:
            return format_html("{} ({})", self.own, self.gloss.own)
        return format_html("{} {}", self.own, self.spelt) if self.letters else self.own


def order_names(names: Mapping[str, str], country: str = "", reader: str | None = None) -> list[Name]:
    """Return all names, the one to show first at the front, the reader's next; the same text only once.

    The first is spelt in Latin letters where the reader may read none of them. Without a `reader` it is whoever the
    page is made for.
    """
    reader = reader or _read_language()
    found: dict[str, Name] = {}
    for language in _order_languages(tuple(names), country, reader):
        found.setdefault(names[language].casefold(), Name(names[language], language))
    ordered = list(found.values())
    if ordered and not any(is_readable(name.text, reader) for name in ordered):
        ordered[0] = replace(ordered[0], letters=write_in_latin(ordered[0].text))
    return ordered


@lru_cache(maxsize=4096)
def _order_languages(names: tuple[str, ...], country: str, reader: str) -> tuple[str, ...]:
    """Return the languages of names: the country's first of them, the reader's, the country's others, English."""
    official = [language for language in _OFFICIAL.get(country, ()) if language in names]
    wished = [*official[:1], reader, *official[1:], "en"]
    rank = {language: number for number, language in reversed(list(enumerate(wished)))}
    return tuple(sorted(names, key=lambda language: (language == UNDETERMINED, rank.get(language, len(wished)))))


def first_name(names: Mapping[str, str], country: str = "", reader: str | None = None) -> Name:
    """Return the name to show first; a thing without any is shown by a dash."""
    reader = reader or _read_language()
    ordered = order_names(names, country, reader)
    if not ordered:
        return Name("–")
    first = ordered[0]
    if first.letters or is_readable(first.text, reader):
        return first
    # Letters that are not spelt in Latin ones (Arabic, Hebrew, Syriac) may have nothing beside them.
    return replace(first, gloss=next((name for name in ordered[1:] if is_readable(name.text, reader)), None))


def pick_text(texts: Mapping[str, str]) -> Name:
    """Return a text, no name, in the language nearest to the reader's; a dash without any."""
    ordered = order_names(texts)
    return replace(ordered[0], letters="") if ordered else Name("–")


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


def is_readable(text: str, reader: str = "en") -> bool:
    """Tell whether a name is in letters that a reader knows, Latin ones or their own, by its first letter."""
    if text.isascii():
        return True
    letter = next((sign for sign in text if sign.isalpha()), "a")
    return letter.isascii() or unicodedata.name(letter, "").partition(" ")[0] in ("LATIN", _SCRIPTS.get(reader))


def name_record(record: Any, reader: str | None = None) -> Name:
    """Return the name to show of an issuer, agency or programme."""
    names = getattr(record, "names", None) or getattr(record, "titles", {})
    return first_name(names, getattr(record, "country", ""), reader)


def _read_language() -> str:
    return (spoken() or "en").partition("-")[0]
