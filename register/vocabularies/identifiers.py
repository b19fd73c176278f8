"""Identifiers of organisations in their one canonical spelling, so that the same identifier always compares equal.

| scheme | canonical form | source |
|---|---|---|
| ror | `https://ror.org/0abcdef12` | ror.org, "ROR identifier pattern" |
| pic | 9 digits | EU funding and tenders portal |
| oid | `E` and 8 digits | Erasmus+ and European Solidarity Corps organisation registration |
| erasmus | letters and place with number, one blank between: `NL AMSTERD01`; `IRLCORK01` | ECHE list |
| isni | four groups of four, checksum tested: `0000 0005 0710 6868` | ISO 27729 (check digit ISO/IEC 7064 MOD 11-2) |
| wikidata | `Q648838` | wikidata.org |
| lei | 20 upper-case characters, checksum tested | ISO 17442 (ISO/IEC 7064 MOD 97-10) |
| schac | lower-case domain | SCHAC 1.5.0, schacHomeOrganization |
| did | as given, method in lower case | W3C DID 1.0, section 3.1 |
| eidas, vat, euid | upper case without blanks | ETSI EN 319 412-1, 5.1.4; Directive 2006/112/EC; (EU) 2021/1042 |
| any other scheme of the list | blanks at the ends removed, runs of blanks made one | |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from register import sentences
from register.errors import RegisterError
from register.vocabularies.loading import load

MAX_IDENTIFIER = 500
_ERASMUS_SPLIT = re.compile(r"([A-Z]{1,3})\s+([A-Z](?:[A-Z0-9 -]*[A-Z-])?\s*[0-9]{1,4})")
_ERASMUS_JOINED = re.compile(r"([A-Z][A-Z-]*)([0-9]{1,4})")
# Letters of Erasmus codes that are not the ISO country code (the rest are).
_ERASMUS_LETTERS = {
    "AT": "A",
    "BE": "B",
    "DE": "D",
    "ES": "E",
    "FI": "SF",
    "FR": "F",
    "GB": "UK",
    "GR": "G",
    "IE": "IRL",
    "IT": "I",
    "LU": "LUX",
    "NO": "N",
    "PT": "P",
    "SE": "S",
}


class MalformedIdentifier(RegisterError, ValueError):
    """A value that is no identifier of its scheme; `expected`, `got` and `cure` say it in words."""

    def __init__(self, scheme: str, got: object, expected: str, cure: str = "") -> None:
        self.scheme = scheme
        self.got = str(got)[:MAX_IDENTIFIER]
        self.expected = expected
        self.cure = cure or sentences.say("Look it up at its source.")
        told = {"expected": expected, "got": repr(self.got), "cure": self.cure}
        super().__init__(sentences.say("expected {expected}, got {got}: {cure}", **told))


def canonicalise(scheme: str, value: object) -> tuple[str, str]:
    """Give the canonical (scheme, value); raise `UnknownTerm` for the scheme, `MalformedIdentifier` for the value."""
    code = load("identifier-schemes").get(scheme).code
    text = " ".join(value.split()) if isinstance(value, str) and len(value) <= MAX_IDENTIFIER else ""
    if not text or not text.isprintable():
        expected = sentences.say("printable text of 1 to {most} characters", most=MAX_IDENTIFIER)
        raise MalformedIdentifier(code, value, expected)
    return code, _parsers().get(code, str)(text)


def parse_erasmus(text: str, country: str | None = None) -> str:
    """Give an Erasmus code with one blank after its country letters; `country` (ISO alpha-2) settles one without any.

    The ECHE list pads the letters to three signs, so that `IRL…` and `LUX…` are joined; they stay so. Any other code
    without a blank is read with a country only: `BGENT01` may be Belgian or Bulgarian.
    """
    code = " ".join(text.upper().split())
    split = _ERASMUS_SPLIT.fullmatch(code)
    if split:
        return _join_letters(split[1], split[2].replace(" ", ""))
    if _ERASMUS_JOINED.fullmatch(code):
        known = _ERASMUS_LETTERS.get(country, country) if country else None
        for letters in filter(None, (known, "IRL", "LUX")):
            if code.startswith(letters) and _ERASMUS_SPLIT.fullmatch(f"{letters} {code[len(letters) :]}"):
                return _join_letters(letters, code[len(letters) :])
    expected = sentences.say("an Erasmus code such as 'NL AMSTERD01'")
    raise MalformedIdentifier("erasmus", text, expected, sentences.say("Put the country letters first."))


def _join_letters(letters: str, place: str) -> str:
    return letters + place if len(letters) == 3 else f"{letters} {place}"


def _parse_ror(text: str) -> str:
    # The check digits are not demanded: a record with a mistyped one is to be found and mended, not kept out.
    tail = re.sub(r"^(https?://)?(www\.)?ror\.org/|^ror:", "", text.lower()).rstrip("/")
    if re.fullmatch(r"0[a-z0-9]{6}[0-9]{2}", tail):
        return f"https://ror.org/{tail}"
    raise MalformedIdentifier("ror", text, sentences.say("a ROR ID such as https://ror.org/04dkp9463"))


def _parse_isni(text: str) -> str:
    digits = re.sub(r"^(https?://)?(www\.)?isni\.org/(isni/)?|^isni:?|[\s-]", "", text.lower()).upper()
    if re.fullmatch(r"[0-9]{15}[0-9X]", digits):
        total = 0
        for digit in digits[:15]:
            total = (total + int(digit)) * 2
        if "0123456789X"[(12 - total % 11) % 11] == digits[15]:
            return " ".join(digits[start : start + 4] for start in range(0, 16, 4))
    expected = sentences.say("16 digits (the last may be X) with a valid check digit")
    raise MalformedIdentifier("isni", text, expected)


def _parse_lei(text: str) -> str:
    code = text.replace(" ", "").upper()
    if re.fullmatch(r"[A-Z0-9]{18}[0-9]{2}", code) and int("".join(str(int(sign, 36)) for sign in code)) % 97 == 1:
        return code
    expected = sentences.say("a Legal Entity Identifier: 20 characters with valid check digits")
    raise MalformedIdentifier("lei", text, expected)


def _parse_did(text: str) -> str:
    match = re.fullmatch(r"did:([A-Za-z0-9]+):([A-Za-z0-9._%:-]*[A-Za-z0-9._%-])", text)
    if match is None:
        expected = sentences.say("a DID such as did:web:university.example, without path or fragment")
        raise MalformedIdentifier("did", text, expected)
    return f"did:{match[1].lower()}:{match[2]}"


def _parse_schac(text: str) -> str:
    domain = text.lower().removesuffix(".")
    if re.fullmatch(r"(?=.{3,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", domain):
        return domain
    raise MalformedIdentifier("schac", text, sentences.say("a domain such as university.example"))


def _by_pattern(scheme: str, pattern: str, expected: str, prefix: str = "", drop: str = " ") -> Callable[[str], str]:
    def parse(text: str) -> str:
        given = re.sub(prefix, "", text, flags=re.IGNORECASE) if prefix else text
        code = "".join(sign for sign in given.upper() if sign not in drop)
        if re.fullmatch(pattern, code) is None:
            raise MalformedIdentifier(scheme, text, expected)
        return code

    return parse


@cache
def _parsers() -> dict[str, Callable[[str], str]]:
    return {
        "ror": _parse_ror,
        "isni": _parse_isni,
        "lei": _parse_lei,
        "did": _parse_did,
        "schac": _parse_schac,
        "erasmus": parse_erasmus,
        "pic": _by_pattern("pic", r"[0-9]{9}", sentences.say("a PIC of 9 digits")),
        "oid": _by_pattern("oid", r"E[0-9]{8}", sentences.say("an OID: E and 8 digits")),
        "wikidata": _by_pattern(
            "wikidata",
            r"Q[1-9][0-9]*",
            sentences.say("a Wikidata item such as Q648838"),
            r"^https?://(www\.)?wikidata\.org/(wiki|entity)/",
        ),
        "eidas": _by_pattern(
            "eidas", r"[A-Z0-9:]{5}-?[!-~]+", sentences.say("an organisation identifier such as VATBE-0876866142")
        ),
        "vat": _by_pattern(
            "vat", r"[A-Z]{2}[A-Z0-9+*]{2,13}", sentences.say("a VAT number with its country letters"), drop=" .-"
        ),
        "euid": _by_pattern("euid", r"[A-Z]{2}[A-Z0-9]*\.[!-~]+", sentences.say("a EUID such as NLNHR.12345678")),
    }
