"""Parsers from what people and files write to the canonical codes of scopes: EQF level, field and credential type."""

from __future__ import annotations

import re

from register import sentences
from register.vocabularies.concepts import UnknownTerm
from register.vocabularies.loading import load

_ISCED_F = re.compile(r"(?:ISCED-?F?\s*(?:2013)?\s*:?\s*)?([0-9]{2,4})", re.IGNORECASE)
_ISCED_F_URI = re.compile(r"https?://data\.europa\.eu/snb/isced-f/([0-9]{2,4})")
_CYCLE = re.compile(r"(?:qf[- ]?ehea[\s:,-]*)?(short|first|second|third)(?:[ -]cycle)?", re.IGNORECASE)
_CYCLE_LEVELS = {"short": 5, "first": 6, "second": 7, "third": 8}


def parse_eqf(value: object) -> int:
    """Give the EQF level 1 to 8 from 6, "6", "EQF 6", "Level 6", its URI or "QF-EHEA first cycle"; else `UnknownTerm`.

    QF-EHEA short, first, second and third cycle stand at EQF levels 5, 6, 7 and 8.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 8:
        return value
    if isinstance(value, str):
        cycle = _CYCLE.fullmatch(" ".join(value.split())) if len(value) < 60 else None
        if cycle:
            return _CYCLE_LEVELS[cycle[1].lower()]
        try:
            return int(load("eqf").get(value).code)
        except UnknownTerm:
            pass
    expected = sentences.say("an EQF level from 1 to 8, its URI, or a QF-EHEA cycle (short, first, second, third)")
    raise UnknownTerm("eqf", value, expected)


def parse_isced_f(value: object) -> str:
    """Give the ISCED-F 2013 code, a string of 2, 3 or 4 digits with its leading zero; else `UnknownTerm`.

    Numbers are refused: a spreadsheet that made 61 of `061` or `0061` has lost which field was meant.
    """
    fields = load("isced-f")
    if isinstance(value, str) and len(value) <= 80:
        match = _ISCED_F.fullmatch(value.strip()) or _ISCED_F_URI.fullmatch(value.strip())
        if match and match[1] in fields:
            return match[1]
    expected = sentences.say(
        "an ISCED-F 2013 code of 2, 3 or 4 digits as text, with its leading zero (such as 061), or its URI"
    )
    raise UnknownTerm("isced-f", value, expected, fields.nearest(value))


def parse_credential_type(value: object) -> str:
    """Give the code of a credential type from its code, URI, alias or English label; else `UnknownTerm`."""
    types = load("credential-types")
    try:
        return types.get(value).code
    except UnknownTerm:
        given = " ".join(value.split()).casefold() if isinstance(value, str) else ""
        found = next((concept.code for concept in types if concept.label().casefold() == given), None)
        if found is None:
            raise
        return found
