"""Identifiers: one canonical spelling each; check digits are tested where a scheme demands them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.identifiers import normalise_value
from register.vocabularies import UnknownTerm, load
from register.vocabularies.identifiers import MalformedIdentifier, canonicalise, parse_erasmus

SPELLINGS = [
    ("ror", "04dkp9463", "https://ror.org/04dkp9463"),
    ("ror", "https://ROR.org/04DKP9463/", "https://ror.org/04dkp9463"),
    ("ror", "ror.org/04dkp9463", "https://ror.org/04dkp9463"),
    ("pic", "999 985 126", "999985126"),
    ("oid", "e10208616", "E10208616"),
    ("isni", "0000000507106868", "0000 0005 0710 6868"),
    ("isni", "https://isni.org/isni/0000000507106868", "0000 0005 0710 6868"),
    ("wikidata", "https://www.wikidata.org/wiki/Q214341", "Q214341"),
    ("lei", "5493001KJTIIGC8Y1R12", "5493001KJTIIGC8Y1R12"),
    ("schac", "University.Example.", "university.example"),
    ("did", "did:WEB:university.example", "did:web:university.example"),
    ("eidas", "vatbe-0876866142", "VATBE-0876866142"),
    ("vat", "NL 0012.34.567B01", "NL001234567B01"),
    ("euid", "nlnhr.12345678", "NLNHR.12345678"),
    ("erasmus", "NL\u00a0AMSTERD01", "NL AMSTERD01"),
    ("erasmus", "F PARIS 063", "F PARIS063"),
    ("erasmus", "e  ciuda-r15", "E CIUDA-R15"),
    ("erasmus", "IRLDUBLIN02", "IRLDUBLIN02"),
    ("erasmus", "IRL DUBLIN02", "IRLDUBLIN02"),
    ("erasmus", "LUXLUX-VIL01", "LUXLUX-VIL01"),
    ("national", "  12  34 ", "12 34"),
]


@pytest.mark.parametrize(("scheme", "given_value", "canonical"), SPELLINGS)
def test_a_spelling_becomes_the_canonical_one_and_stays_there(scheme: str, given_value: str, canonical: str) -> None:
    assert canonicalise(scheme, given_value) == (scheme, canonical)
    assert canonicalise(scheme, canonical) == (scheme, canonical)


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("ror", "https://ror.org/4dkp94633"),
        ("ror", "https://ror.org/04dkp946३"),
        ("pic", "12345678"),
        ("oid", "10208616"),
        ("isni", "0000 0005 0710 6869"),
        ("lei", "5493001KJTIIGC8Y1R13"),
        ("did", "did:web:university.example#key-1"),
        ("did", "university.example"),
        ("schac", "no domain"),
        ("erasmus", "BGENT01"),
        ("erasmus", "AMSTERDAM"),
        ("national", ""),
        ("national", "a\x00b"),
        ("national", "\ud800"),
        ("national", "n" * 501),
    ],
)
def test_what_is_no_identifier_of_its_scheme_is_refused_with_a_cure(scheme: str, value: str) -> None:
    with pytest.raises(MalformedIdentifier) as caught:
        canonicalise(scheme, value)
    assert caught.value.expected
    assert caught.value.cure


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(UnknownTerm):
        canonicalise("twitter", "@university")


def test_a_country_settles_an_erasmus_code_written_without_a_blank() -> None:
    assert parse_erasmus("RSPROKUP01", "RS") == "RS PROKUP01"
    assert parse_erasmus("BGENT01", "BE") == "B GENT01"


@given(st.sampled_from(load("identifier-schemes").codes()), st.text())
def test_canonical_forms_are_fixed_points(scheme: str, value: str) -> None:
    try:
        parsed = canonicalise(scheme, value)
    except MalformedIdentifier:
        return
    assert canonicalise(*parsed) == parsed


@pytest.mark.parametrize(("scheme", "canonical"), [(scheme, canonical) for scheme, _, canonical in SPELLINGS])
def test_the_register_keeps_canonical_values_as_they_are(scheme: str, canonical: str) -> None:
    assert normalise_value(scheme, canonical) == canonical
