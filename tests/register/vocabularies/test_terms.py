"""What people and files write becomes the one code a scope carries, or a refusal."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.vocabularies import UnknownTerm, load, parse_credential_type, parse_eqf, parse_isced_f


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (6, 6),
        ("6", 6),
        (" EQF 6 ", 6),
        ("EQF level 6", 6),
        ("Level 6", 6),
        ("http://data.europa.eu/snb/eqf/6", 6),
        ("https://data.europa.eu/snb/eqf/6", 6),
        ("QF-EHEA short cycle", 5),
        ("QF-EHEA first cycle", 6),
        ("second cycle", 7),
        ("Third", 8),
    ],
)
def test_an_eqf_level_is_read_in_every_usual_spelling(value: object, level: int) -> None:
    assert parse_eqf(value) == level


@pytest.mark.parametrize("value", [0, 9, True, 6.0, "", "0", "9", "06", "VI", "fourth cycle", None, [6], "٦"])
def test_what_is_no_eqf_level_is_refused(value: object) -> None:
    with pytest.raises(UnknownTerm, match="EQF level from 1 to 8"):
        parse_eqf(value)


@pytest.mark.parametrize(
    "value", ["061", " 061 ", "ISCED-F 061", "ISCED-F 2013: 061", "https://data.europa.eu/snb/isced-f/061"]
)
def test_a_field_is_read_in_every_usual_spelling(value: str) -> None:
    assert parse_isced_f(value) == "061"


@pytest.mark.parametrize("value", [61, "6", "61", "61-", "0699999", "0660", "", None, "٠٦١"])
def test_a_field_without_its_leading_zero_or_outside_the_list_is_refused(value: object) -> None:
    with pytest.raises(UnknownTerm, match="leading zero"):
        parse_isced_f(value)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("micro-credential", "micro-credential"),
        ("Micro-credential", "micro-credential"),
        ("microcredential", "micro-credential"),
        ("ceterms:MicroCredential", "micro-credential"),
        ("http://data.europa.eu/snb/credential/6cf8e68c43", "qualification-award"),
        ("Qualification Award", "qualification-award"),
        ("Generic", "generic"),
        ("Transcript of records", "transcript-of-records"),
    ],
)
def test_a_credential_type_is_read_from_code_address_alias_and_label(value: str, code: str) -> None:
    assert parse_credential_type(value) == code


@given(st.sampled_from(["eqf", "isced-f", "credential-types"]), st.data())
def test_canonical_codes_are_their_own_parse(name: str, data: st.DataObject) -> None:
    parse = {"eqf": parse_eqf, "isced-f": parse_isced_f, "credential-types": parse_credential_type}[name]
    code = data.draw(st.sampled_from(load(name).codes()))
    assert str(parse(code)) == code == str(parse(load(name).get(code).uri))


@given(st.one_of(st.text(), st.integers(), st.floats(), st.lists(st.integers())))
def test_no_input_gets_past_the_parsers_but_a_term_of_the_list(value: object) -> None:
    for parse, name in ((parse_eqf, "eqf"), (parse_isced_f, "isced-f"), (parse_credential_type, "credential-types")):
        with suppress(UnknownTerm):
            assert str(parse(value)) in load(name)


@pytest.mark.parametrize("name", ["isced-f", "credential-types"])
def test_codes_that_searches_count_hold_no_space(name: str) -> None:
    assert not any(" " in code for code in load(name).codes())
