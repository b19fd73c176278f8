"""Letters that look alike: skeletons of names and hosts, words that mix scripts, and a host's own part. Pure.

Two texts whose skeletons are equal can be taken for each other (Unicode Technical Standard 39, section 4). The tables
are those of `confusable-homoglyphs` and `publicsuffixlist`.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Final
from urllib.parse import urlsplit

from confusable_homoglyphs import categories
from confusable_homoglyphs.confusables import confusables_data
from publicsuffixlist import PublicSuffixList

_OF_NO_SCRIPT: Final = frozenset({"COMMON", "INHERITED"})
_MARKS: Final = str.maketrans("", "", "\u200e\u200f\u200c\u200d\u00ad\u200b\u2060")
"""Signs that show as nothing: directions, joiners, soft hyphen, spaces of no width."""


@lru_cache(maxsize=4096)
def draw_skeleton(text: str) -> str:
    """Return a text with each letter replaced by the one it looks like, without accents and in lower case.

    For comparing only: it is not fit to be shown.
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    drawn = "".join(_prototype(sign) for sign in plain.translate(_MARKS)).casefold()
    return " ".join("".join(_prototype(sign) for sign in drawn).split())


@lru_cache(maxsize=4096)
def _prototype(sign: str) -> str:
    """Return the letter that stands for all that look like this one: of a group, the one with several others."""
    alike: list[str] = [one["c"].translate(_MARKS) for one in confusables_data.get(sign, ())]
    if len(alike) != 1:
        return sign
    other = alike[0]
    if len(confusables_data.get(other, ())) > 1:
        return other
    return min(sign, other, key=lambda one: (not one.isascii(), one))


def find_mixed_words(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the words of a text whose letters are of several scripts, each with the names of the scripts."""
    found = []
    for word in text.split():
        scripts = sorted({name for sign in word if (name := categories.alias(sign)) not in _OF_NO_SCRIPT})
        if len(scripts) > 1:
            found.append((word, tuple(name.replace("_", " ").capitalize() for name in scripts)))
    return tuple(found)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def own_domain(website: str | None) -> str:
    """Return the part of a web address that somebody registered (`uni.ac.uk` of `www.cs.uni.ac.uk`), in Unicode.

    Empty for no address, an IP address and a bare public suffix.
    """
    try:
        host = (urlsplit(website or "").hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
    own = _suffixes().privatesuffix(host) if "." in host and not host.replace(".", "").isdecimal() else None
    return ".".join(_read_label(label) for label in own.split(".")) if own else ""


def _read_label(label: str) -> str:
    """Return a label as browsers show it; one that cannot be decoded stays as it is."""
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label
