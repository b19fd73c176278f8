"""Names of issuers: does the name in a credential belong to the issuer the register knows, or does it only look so?

A name proves nothing, so nothing is ever looked up by it; but people read names. Letters of other alphabets that look
alike (UTS #39, section 4: confusables; section 5: mixed scripts) are told apart here as far as the alphabets that
European names are written in go: Latin, Cyrillic and Greek.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_ALPHABETS: Final = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
_CYRILLIC: Final = dict(zip("аеорсухіјѕһԁԛԝвкмнт", "aeopcyxijshdqwbkmht", strict=True))
_GREEK: Final = dict(zip("ανοριυκτχεβημζ", "avopiuktxebhmz", strict=True))
_SIGNS: Final = {"0": "o", "1": "l", "|": "l", "ı": "i", "’": "'", "‐": "-", "–": "-", "ł": "l", "ø": "o"}
_LOOKS: Final = str.maketrans(_CYRILLIC | _GREEK | _SIGNS)


def compare_names(said: str, known: Iterable[str]) -> str | None:
    """Return the code of what is odd about a name, None when the register knows it.

    `name_imitates`: it mixes alphabets that look alike. `name_looks_like`: it only looks like a known one.
    `names_differ`: it is another name.
    """
    names = [*known]
    if any(_fold(said) == _fold(name) for name in names):
        return None
    if mixes_alphabets(said):
        return "name_imitates"
    if any(_skeleton(said) == _skeleton(name) for name in names):
        return "name_looks_like"
    return "names_differ"


@lru_cache(maxsize=1024)
def _fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@lru_cache(maxsize=1024)
def _skeleton(name: str) -> str:
    """Return a name as it looks: letters that look alike become one, accents and invisible signs go."""
    decomposed = unicodedata.normalize("NFKD", _fold(name))
    seen = (sign for sign in decomposed if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf")
    return "".join(seen).translate(_LOOKS)


@lru_cache(maxsize=1024)
def mixes_alphabets(name: str) -> bool:
    """Tell whether one word of a name holds letters of more than one alphabet, or signs that cannot be seen."""
    if any(unicodedata.category(sign) == "Cf" for sign in name):
        return True
    return any(len({_alphabet(sign) for sign in word if sign.isalpha()} - {None}) > 1 for word in name.split())


def _alphabet(letter: str) -> str | None:
    named = unicodedata.name(letter, "")
    return next((alphabet for alphabet in _ALPHABETS if named.startswith(alphabet)), None)
