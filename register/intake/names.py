"""Compares names of institutions across lists, languages' accents and spellings: pure, deterministic."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PLAIN = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "a", "œ": "o", "þ": "th", "ð": "d", "ħ": "h"})
_FORMS = """
    ab ag aps as asbl bv doo ead ev eood ggmbh gmbh inc kft limited llc ltd ood ooo oy plc sa sarl sl slu spa sprl srl
    vzw zrt
"""
_SMALL_WORDS = """
    a and at da das de degli dei del dell della delle der des di die do e el en et f for fur i in la las le les los of
    og och os pri the til u und v van voor w we y z za
"""
# Words that only one of Europe's languages has (accents and all); a word that two share tells nothing.
_TELLING_WORDS = {
    "de": "universität hochschule fachhochschule für wissenschaften kunsthochschule",
    "en": "university of sciences academy school business the for",
    "es": "universidad escuela fundación",
    "fr": "université école supérieure nationale études ingénieurs",
    "it": "università scuola accademia degli politecnico",
    "nl": "universiteit hogeschool voor",
    "pl": "uniwersytet politechnika szkoła uczelnia wyższa",
    "ro": "universitatea",
    "hu": "egyetem főiskola",
    "tr": "üniversitesi",
    "fi": "yliopisto ammattikorkeakoulu",
    "hr": "sveučilište veleučilište",
}
_LEGAL_FORMS = frozenset(_FORMS.split())
_FILLERS = frozenset(_SMALL_WORDS.split())
_LANGUAGE_OF = {word: language for language, words in _TELLING_WORDS.items() for word in words.split()}


@lru_cache(maxsize=65536)
def fold_name(name: str) -> str:
    """Give a name without accents, case, punctuation and legal form, `ae oe ue` as `a o u`; a fixed point of itself."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign)).translate(_PLAIN)
    words = [_fold_digraphs(word) for word in re.sub(r"[^\w]+|_", " ", letters).split()]
    return " ".join([word for word in words if word not in _LEGAL_FORMS] or words)


def _fold_digraphs(word: str) -> str:
    while (shorter := re.sub(r"([aou])e", r"\1", word)) != word:
        word = shorter
    return word


@lru_cache(maxsize=65536)
def name_words(name: str) -> frozenset[str]:
    """Give the words of a folded name that carry meaning (articles and prepositions of Europe's languages dropped)."""
    words = frozenset(fold_name(name).split())
    return (words - _FILLERS) or words


def measure_likeness(one: str, other: str) -> float:
    """Give the share of meaningful words two names have in common, 0 to 1 (Jaccard); 1 for equal folded names.

    Where all words of the shorter name, two at least, stand in the longer one, it counts 0.8.
    """
    if fold_name(one) == fold_name(other):
        return 1.0
    first, second = name_words(one), name_words(other)
    common = len(first & second)
    jaccard = common / len(first | second) if first | second else 0.0
    contained = common >= 2 and common == min(len(first), len(second))
    return max(jaccard, 0.8) if contained else jaccard


def tell_language(name: str) -> str | None:
    """Give the language a name is in where its words leave no doubt: words of exactly one language occur in it.

    None for everything else, all-capitals names without their accents among them; no statistics, no country.
    """
    words = re.sub(r"[^\w]+", " ", name.casefold()).split()
    told = {_LANGUAGE_OF[word] for word in words if word in _LANGUAGE_OF}
    return told.pop() if len(told) == 1 else None
