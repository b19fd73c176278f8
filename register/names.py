"""Words of names: how a name in any script becomes plain words to search by, and letters that people can read.

Every character is written in Latin letters (anyascii), in lower case, without marks, so that `Αθηνών`, `Athinon` and
`athinón` are one word. A later version of anyascii may spell some differently: run `manage.py rebuild` after it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from anyascii import anyascii

_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHE = re.compile("['’ʼ`]")
_LONGEST = 60
_WITHOUT_VOWELS = ("ARABIC", "HEBREW", "SYRIAC")


def words_of(*texts: str | None) -> list[str]:
    """Return the distinct words of some texts, sorted; what an apostrophe parts is there joined, too (`laquila`)."""
    given = [text for text in texts if text]
    joined = [_APOSTROPHE.sub("", text) for text in given if _APOSTROPHE.search(text)]
    return sorted({word for text in given + joined for word in split_words(text)})


def split_words(text: str) -> list[str]:
    """Return the words of a text in its order; none is longer than 60 letters."""
    plain = text if text.isascii() else anyascii(text)
    return [word[:_LONGEST] for word in _WORD.findall(plain.lower())]


@lru_cache(maxsize=8192)
def write_in_latin(text: str) -> str:
    """Return a text of another script in Latin letters, for people who cannot read it; empty where there are none.

    It spells, it does not translate, and it is nobody's name: shown beside the name and never kept. What is written
    without vowels, as Arabic and Hebrew are, stays as it is: nobody could read `jm`h`.
    """
    letters = [sign for sign in text if sign.isalpha()]
    if not letters or any(unicodedata.name(sign, "").startswith(_WITHOUT_VOWELS) for sign in letters):
        return ""
    spelt = anyascii(text).strip()
    return spelt[:1].upper() + spelt[1:]


def words_of_record(record: Any) -> list[str]:
    """Return the words by which a record is found: its names or titles in all languages, acronym and former names."""
    former: Iterable[Any] = getattr(record, "former_names", ())
    names = getattr(record, "names", None) or getattr(record, "titles", {})
    return words_of(*names.values(), getattr(record, "acronym", None), *(name.name for name in former))
