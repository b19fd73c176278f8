"""Jurisdictions: countries and regions as scopes name them, and which lies inside which.

A canonical jurisdiction code is one of
- an ISO 3166-1 alpha-2 country code (`NL`; Greece is `GR`, the United Kingdom `GB`, Kosovo `XK`),
- a NUTS code of three to five characters (`NL31`; Greek ones keep Eurostat's `EL30`, which belongs to `GR`),
- an EU administrative territorial unit with an underscore (`NLD_GEM_LAA`), or `ENG`: England has no NUTS code.
Scotland, Wales and Northern Ireland are NUTS `UKM`, `UKL` and `UKN`, also where the ATU names them.
"""

from __future__ import annotations

from functools import cache

from register import sentences
from register.vocabularies.concepts import UnknownTerm
from register.vocabularies.loading import load

ATU_PREFIX = "http://publications.europa.eu/resource/authority/atu/"
NUTS_PREFIXES = ("http://data.europa.eu/nuts/code/", "http://data.europa.eu/nuts/")
NUTS_COUNTRIES = {"EL": "GR", "UK": "GB"}
NATIONS = {"SCT": "UKM", "CYM": "UKL", "NIR": "UKN"}  # an ATU nation and the NUTS 1 region of the same borders


def parse_jurisdiction(text: object) -> str:
    """Give the canonical code of a country or region from a code, URI or alias; raise `UnknownTerm` otherwise."""
    if not isinstance(text, str) or not text.strip() or len(text) > 200:
        raise _unknown(text)
    given = text.strip().replace("https://", "http://", 1)
    if given.startswith(ATU_PREFIX):
        return _from_atu(given.removeprefix(ATU_PREFIX))
    for prefix in NUTS_PREFIXES:
        given = given.removeprefix(prefix)
    code = given if given.startswith("http://") else given.upper()
    return _find(code, text)


def jurisdiction_chain(code: str) -> tuple[str, ...]:
    """Give a jurisdiction and everything it lies in, narrowest first, ending with the country's alpha-2 code.

    Raises `UnknownTerm` for what `parse_jurisdiction` refuses.
    """
    return _climb(parse_jurisdiction(code))


@cache  # keyed by canonical codes only, so that no spelling of a stranger's makes it grow
def _climb(canonical: str) -> tuple[str, ...]:
    if canonical in load("countries"):
        return (canonical,)
    if canonical in load("nuts"):
        regions = load("nuts").broader(canonical)
        return (*(region for region in regions if len(region) > 2), _country_of_nuts(canonical))
    nation = load("atu").broader(canonical)[1]
    return (canonical, *_climb(_from_atu(nation)))


def country_of(code: str) -> str:
    """Give the ISO 3166-1 alpha-2 code of the country a jurisdiction belongs to."""
    return jurisdiction_chain(code)[-1]


def is_region_in(region: str, country_or_region: str) -> bool:
    """Say whether the first jurisdiction is the second or lies inside it; raise `UnknownTerm` for unknown codes."""
    return parse_jurisdiction(country_or_region) in jurisdiction_chain(region)


def _find(code: str, got: str) -> str:
    countries, nuts, atu = load("countries"), load("nuts"), load("atu")
    if code in nuts and len(code) > 2:
        return code
    if code in atu and ("_" in code or code == "ENG"):
        return code
    try:
        return countries.get(code).code
    except UnknownTerm:
        first, second = (nuts, countries) if 3 <= len(code) <= 5 else (countries, nuts)
        nearest = dict.fromkeys(first.nearest(code) + second.nearest(code))
        raise _unknown(got, tuple(nearest)[:3]) from None


def _unknown(got: object, nearest: tuple[str, ...] = ()) -> UnknownTerm:
    expected = sentences.say(
        "an ISO 3166-1 country code such as NL, a NUTS code such as NL31, or an EU country, NUTS or ATU address"
    )
    return UnknownTerm("countries", got, expected, nearest)


def _from_atu(tail: str) -> str:
    unit = load("atu").get(tail).code
    if unit in NATIONS:
        return NATIONS[unit]
    return unit if "_" in unit or unit == "ENG" else _find(unit, unit)


def _country_of_nuts(code: str) -> str:
    return NUTS_COUNTRIES.get(code[:2], code[:2])
