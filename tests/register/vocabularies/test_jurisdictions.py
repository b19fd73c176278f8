"""Jurisdictions: one code a place, and a region lies in its country whatever the letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.vocabularies import (
    UnknownTerm,
    country_of,
    is_region_in,
    jurisdiction_chain,
    load,
    parse_jurisdiction,
)

ATU = "http://publications.europa.eu/resource/authority/atu/"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NL", "NL"),
        ("nl", "NL"),
        (" EL ", "GR"),
        ("UK", "GB"),
        ("GRC", "GR"),
        ("XK", "XK"),
        ("https://publications.europa.eu/resource/authority/country/NLD", "NL"),
        ("nl31", "NL31"),
        ("EL30", "EL30"),
        ("http://data.europa.eu/nuts/code/DEA29", "DEA29"),
        ("http://data.europa.eu/nuts/code/EL", "GR"),
        (ATU + "IRL", "IE"),
        (ATU + "NLD_GEM_LAA", "NLD_GEM_LAA"),
        (ATU + "CYM", "UKL"),
        ("CYM", "KY"),
        (ATU + "ENG", "ENG"),
    ],
)
def test_each_spelling_has_one_canonical_code(text: str, code: str) -> None:
    assert parse_jurisdiction(text) == code


@pytest.mark.parametrize(
    "text", ["", "  ", "EUR", ATU + "EUR", "NL99", "Holland", "6", None, 31, "N" * 300, "NL\x00", ATU]
)
def test_what_is_no_jurisdiction_is_refused(text: object) -> None:
    with pytest.raises(UnknownTerm):
        parse_jurisdiction(text)


@pytest.mark.parametrize(
    ("code", "chain"),
    [
        ("NL", ("NL",)),
        ("NL31", ("NL31", "NL3", "NL")),
        ("EL301", ("EL301", "EL30", "EL3", "GR")),
        ("UKM", ("UKM", "GB")),
        ("CYM_UA_ATA", ("CYM_UA_ATA", "UKL", "GB")),
        ("ENG_DS_EREW", ("ENG_DS_EREW", "ENG", "GB")),
        ("AUT_BLD_BURG", ("AUT_BLD_BURG", "AT")),
    ],
)
def test_a_chain_leads_to_the_country(code: str, chain: tuple[str, ...]) -> None:
    assert jurisdiction_chain(code) == chain


@pytest.mark.parametrize("vocabulary", ["nuts", "atu", "countries"])
def test_every_published_place_belongs_to_a_country(vocabulary: str) -> None:
    for concept in load(vocabulary):
        if concept.uri != ATU + "EUR":
            assert country_of(concept.uri) in load("countries"), concept


@given(st.sampled_from([c.code for name in ("nuts", "countries") for c in load(name)]))
def test_parsing_twice_changes_nothing_and_the_chain_narrows(code: str) -> None:
    canonical = parse_jurisdiction(code)
    assert parse_jurisdiction(canonical) == canonical
    chain = jurisdiction_chain(canonical)
    assert chain[0] == canonical
    assert all(is_region_in(canonical, wider) for wider in chain)
    assert not any(is_region_in(wider, canonical) for wider in chain[1:])


def test_a_region_lies_in_its_own_country_only() -> None:
    assert is_region_in("EL30", "GR")
    assert is_region_in("EL30", "EL")
    assert is_region_in("NL31", "NL3")
    assert not is_region_in("NL31", "BE")
    assert not is_region_in("NL", "NL31")
    assert not is_region_in("NL31", "NL32")
