"""Words: states, scopes and terms of the vocabularies as plain text, with the symbol and tone each state has.

A state never speaks by colour alone: its tone goes with a symbol of its own shape and with words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from register import vocabularies
from register.scope import Scope
from register.site.language import spoken
from register.site.remembering import gettext, remember

Tone = Literal["good", "warn", "bad", "off"]
Words = str | Promise

SYMBOLS: Final[Mapping[Tone, str]] = {"good": "ok", "warn": "note", "bad": "no", "off": "dash"}
"""Tone → the symbol drawn with it (templates/site/parts/symbols.html)."""

_PLAIN: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae"})
"""Letters whose mark no normalisation parts from them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How something stands, as a tag: tone and words."""

    tone: Tone
    words: Words

    @property
    def symbol(self) -> str:
        """The id of its symbol."""
        return SYMBOLS[self.tone]


STATES: Final[Mapping[str, Standing]] = {
    "in_force": Standing("good", _("in force")),
    "recognised": Standing("good", _("recognised")),
    "registered": Standing("good", _("registered")),
    "not_yet_valid": Standing("off", _("not yet in force")),
    "expired": Standing("off", _("expired")),
    "suspended": Standing("warn", _("suspended")),
    "revoked": Standing("bad", _("revoked")),
    "withdrawn": Standing("bad", _("withdrawn")),
    "closed": Standing("off", _("closed")),
    "superseded": Standing("off", _("replaced by a newer key")),
    "compromised": Standing("bad", _("compromised")),
    "unspecified": Standing("bad", pgettext_lazy("credential", "revoked")),
    "anchored": Standing("good", _("anchored")),
    "reinstated": Standing("good", _("reinstated")),
    "pending": Standing("off", _("not yet in force")),
}
"""The states of register.api.resources in words."""

_LEVELS: Final[Mapping[int, Words]] = {
    5: _("short-cycle"),
    6: _("bachelor"),
    7: _("master"),
    8: _("doctoral"),
}
"""EQF levels that stand for a cycle of higher education (QF-EHEA)."""

_AWARDS: Final[Mapping[str, Words]] = {
    "generic": _("generic credentials"),
    "learning-activity": _("records of learning activities"),
    "certificate-of-attendance": _("certificates of attendance"),
    "learning-achievement": _("records of learning achievements"),
    "micro-credential": _("micro-credentials"),
    "course-certificate": _("course certificates"),
    "qualification-award": _("qualifications"),
    "vocational-qualification": _("vocational qualifications"),
    "professional-qualification": _("professional qualifications"),
    "higher-education-degree": _("higher education degrees"),
    "short-cycle-degree": _("short-cycle degrees"),
    "bachelor-degree": _("bachelor’s degrees"),
    "master-degree": _("master’s degrees"),
    "doctoral-degree": _("doctoral degrees"),
    "diploma-supplement": _("diploma supplements"),
    "certificate-supplement": _("certificate supplements"),
    "transcript-of-records": _("transcripts of records"),
    "learning-entitlement": _("learning entitlements"),
}
"""Credential types, as many of them are named in a sentence."""

_PLACES: Final = ("countries", "nuts", "atu")
_WITH_ARTICLE: Final = frozenset({"Netherlands", "United Kingdom", "Vatican City", "Czech Republic"})
_SHOWN: Final = 6
_USUAL: Final = 32


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a scope: what it is about, and what it lets through; nothing listed means no limit."""

    label: Words
    terms: tuple[str, ...]
    unlimited: Words
    link: str = ""


def label(vocabulary: str, code: str | int) -> str:
    """Return a term's label in the reader's language; a code the list does not hold stands for itself."""
    text = str(code)
    return _label(vocabulary, text) if text in vocabularies.load(vocabulary) else text


@remember
def _label(vocabulary: str, code: str) -> str:
    term = vocabularies.load(vocabulary).get(code)
    language = (spoken() or "en").partition("-")[0]
    if language in term.labels or vocabulary not in vocabularies.TRANSLATED:
        return term.label(language)
    return pgettext(vocabulary, term.label())


def label_place(code: str) -> str:
    """Return the name of a country or region."""
    for vocabulary in _PLACES:
        if code in vocabularies.load(vocabulary):
            return label(vocabulary, code)
    return code


def order_plainly(name: str) -> str:
    """Return a name's place in the alphabet, letters with marks beside those without, as readers look for them."""
    plain = unicodedata.normalize("NFKD", name.casefold()).translate(_PLAIN)
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def spell_count(number: int) -> str:
    """Write a number with its thousands grouped, as the reader's language does."""
    return number_format(number, use_l10n=True, force_grouping=True)


def label_field(code: str) -> str:
    """Return a field of study with its ISCED-F code."""
    return f"{label('isced-f', code)} ({code})"


def join_words(parts: Iterable[str], most: int = _SHOWN) -> str:
    """Return `a, b and c`; of a longer list the beginning and how many more there are."""
    shown = list(parts)
    if len(shown) > most:
        more = len(shown) - most
        return ngettext("%(shown)s and %(count)d more", "%(shown)s and %(count)d more", more) % {
            "shown": ", ".join(shown[:most]),
            "count": more,
        }
    if len(shown) < 2:
        return "".join(shown)
    return gettext("%(first)s and %(last)s") % {"first": ", ".join(shown[:-1]), "last": shown[-1]}


def spell_levels(levels: Sequence[int]) -> str:
    """Return EQF levels as people say them: `EQF level 6`, `EQF levels 5 to 7`, `EQF levels 5 and 7`."""
    ordered = sorted(levels)
    if len(ordered) == 1:
        return gettext("EQF level %(level)d") % {"level": ordered[0]}
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return gettext("EQF levels %(first)d to %(last)d") % {"first": ordered[0], "last": ordered[-1]}
    return gettext("EQF levels %(levels)s") % {"levels": join_words(map(str, ordered), 8)}


def spell_place(code: str) -> str:
    """Return `in the Netherlands`."""
    name = label_place(code)
    article = "the " if (spoken() or "en").startswith("en") and name in _WITH_ARTICLE else ""
    return gettext("in %(place)s") % {"place": article + name}


def spell_scope(scope: Scope) -> str:
    """Return a scope in one phrase: `EQF levels 6 and 7, all fields, in the Netherlands`."""
    return _spell_usual_scope(scope) if _is_usual(scope) else _spell_scope(scope)


def _is_usual(scope: Scope) -> bool:
    """Tell whether a scope is worth remembering: few limits, and none that only one accreditation has."""
    limits = (scope.credential_types, scope.eqf_levels, scope.isced_f, scope.jurisdictions)
    return scope.programmes is None and sum(len(limit or ()) for limit in limits) <= _USUAL


@remember
def _spell_usual_scope(scope: Scope) -> str:
    return _spell_scope(scope)


def _spell_scope(scope: Scope) -> str:
    parts = [spell_levels(scope.eqf_levels) if scope.eqf_levels else gettext("all levels")]
    if scope.credential_types:
        parts.append(join_words(label("credential-types", code) for code in scope.credential_types))
    fields = [label_field(code) for code in scope.isced_f or ()]
    parts.append(join_words(fields, 3) if fields else gettext("all fields"))
    if scope.programmes:
        count = len(scope.programmes)
        parts.append(ngettext("%(count)d named programme", "%(count)d named programmes", count) % {"count": count})
    if scope.jurisdictions:
        parts.append(_spell_places(scope.jurisdictions))
    return ", ".join(parts)


def _spell_places(codes: Sequence[str]) -> str:
    first = spell_place(codes[0])
    rest = [label_place(code) for code in codes[1:]]
    return join_words([first, *rest], 3)


def spell_award(scope: Scope) -> str:
    """Return what a scope lets an issuer award, for a headline: `bachelor and master credentials`."""
    return _spell_award(scope.credential_types or (), tuple(sorted(scope.eqf_levels or ())))


@remember
def _spell_award(types: tuple[str, ...], levels: tuple[int, ...]) -> str:
    if types:
        return join_words([str(_AWARDS.get(code, code)) for code in types], 3)
    if not levels:
        return gettext("credentials of every level")
    if all(level in _LEVELS for level in levels):
        return gettext("%(cycles)s credentials") % {"cycles": join_words(str(_LEVELS[level]) for level in levels)}
    return gettext("credentials at %(levels)s") % {"levels": spell_levels(levels)}


def list_limits(scope: Scope) -> list[Limit]:
    """Return the limits of a scope one by one, for a page that shows all of it."""
    return [
        Limit(_("Levels"), tuple(_level_words(level) for level in scope.eqf_levels or ()), _("all levels")),
        Limit(
            _("Credential types"),
            tuple(label("credential-types", code) for code in scope.credential_types or ()),
            _("all types"),
        ),
        Limit(_("Fields of study"), tuple(label_field(code) for code in scope.isced_f or ()), _("all fields")),
        Limit(
            _("Countries and regions"),
            tuple(label_place(code) for code in scope.jurisdictions or ()),
            _("wherever its register may speak for"),
        ),
    ]


def _level_words(level: int) -> str:
    cycle = _LEVELS.get(level)
    words = gettext("EQF level %(level)d") % {"level": level}
    return f"{words} ({cycle})" if cycle else words
