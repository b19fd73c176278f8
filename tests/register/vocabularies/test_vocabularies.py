"""The published lists: complete, well linked, and found under every spelling they promise."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.errors import RegisterError
from register.vocabularies import Concept, UnknownTerm, Vocabulary, load, names

EXPECTED_SIZES = {"countries": 251, "ehea": 49, "eche-countries": 37, "eqf": 8, "isced-f": 220, "nuts": 2160}


def test_every_data_file_is_a_published_vocabulary_and_the_other_way_round() -> None:
    on_disk = {entry.name.removesuffix(".json") for entry in files("register.vocabularies").joinpath("data").iterdir()}
    assert on_disk == set(names())


@pytest.mark.parametrize("name", names())
def test_a_vocabulary_names_source_and_licence_and_has_one_uri_a_concept(name: str) -> None:
    vocabulary = load(name)
    assert vocabulary.name == name
    assert vocabulary.title
    assert vocabulary.source
    assert vocabulary.licence
    uris = [concept.uri for concept in vocabulary]
    assert len(set(uris)) == len(uris) == len(vocabulary) > 0
    assert all(uri.startswith(("http://", "https://", "urn:")) for uri in uris)


@pytest.mark.parametrize("name", names())
def test_code_uri_and_case_variants_find_the_same_concept(name: str) -> None:
    vocabulary = load(name)
    for concept in vocabulary:
        spellings = (concept.code, concept.uri, f" {concept.code} ", concept.uri.replace("http://", "https://"))
        assert all(vocabulary.get(spelling) is concept for spelling in spellings)
        assert concept.label()
        assert concept.label("xx")


@pytest.mark.parametrize("name", names())
def test_broader_and_narrower_mirror_each_other(name: str) -> None:
    vocabulary = load(name)
    for concept in vocabulary:
        chain = vocabulary.broader(concept.code)
        assert chain[0] == concept.code
        assert len(set(chain)) == len(chain)
        assert all(concept.code in vocabulary.broader(child) for child in vocabulary.narrower(concept.code))
        assert (concept.code in vocabulary.narrower(chain[1])) if len(chain) > 1 else concept.broader is None


@pytest.mark.parametrize(("name", "size"), EXPECTED_SIZES.items())
def test_the_lists_have_the_number_of_terms_their_sources_have(name: str, size: int) -> None:
    assert len(load(name)) == size


def test_no_alias_claims_the_code_of_another_concept() -> None:
    for name in names():
        document = json.loads(files("register.vocabularies").joinpath("data", f"{name}.json").read_text("utf-8"))
        taken: dict[str, str] = {}
        for code, value in document.get("concepts", {}).items():
            for alias in value.get("aliases", ()) if isinstance(value, dict) else ():
                assert taken.setdefault(alias.casefold(), code) == code, (name, alias)
                assert alias.upper() == code or alias not in document["concepts"], (name, alias)


def test_isced_f_goes_up_by_prefix_to_the_broad_field() -> None:
    fields = load("isced-f")
    assert fields.broader("0613") == ("0613", "061", "06")
    assert fields.get("http://data.europa.eu/snb/isced-f/0613").labels["en"].startswith("Software")
    assert "061" in fields.narrower("06")


def test_credential_types_narrow_as_published() -> None:
    types = load("credential-types")
    assert types.broader("bachelor-degree")[-2:] == ("qualification-award", "learning-achievement")
    assert types.broader("micro-credential") == ("micro-credential", "learning-achievement")
    assert types.narrower("generic") == (), "a scope that says generic must not open any other type"


def test_greece_and_the_united_kingdom_answer_to_both_of_their_letters() -> None:
    countries = load("countries")
    assert countries.get("EL").code == countries.get("GR").code == countries.get("grc").code == "GR"
    assert countries.get("UK").code == countries.get("GB").code == "GB"
    assert countries.get("http://publications.europa.eu/resource/authority/country/1A0").code == "XK"


def test_groups_lend_their_concepts_from_the_countries() -> None:
    assert load("ehea").get("EL") is load("countries").get("GR")
    assert set(load("eche-countries").codes()) - set(load("ehea").codes()) == {"XK"}
    with pytest.raises(UnknownTerm):
        load("ehea").get("US")


def test_an_unknown_term_says_what_was_expected_what_came_and_what_is_near() -> None:
    with pytest.raises(UnknownTerm) as caught:
        load("credential-types").get("microcredental")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, RegisterError)
    assert caught.value.nearest == ("micro-credential",)
    assert all(part in str(caught.value) for part in ("expected", "microcredental", "did you mean micro-credential?"))


@pytest.mark.parametrize(("term", "near"), [("microcredental", True), ("zzzzzz", False)])
def test_only_programs_are_told_the_address_of_a_list(term: str, near: bool) -> None:
    with pytest.raises(UnknownTerm) as caught:
        load("credential-types").get(term)
    error = caught.value
    assert bool(error.nearest) == near
    assert error.cure
    assert "/api/" not in f"{error}{error.cure}{error.expected}"
    told = error.say_with_list()
    assert told.startswith(str(error))
    assert told.endswith(f"{'?' if near else '.'} The list is published at /api/v1/vocabularies/credential-types.")


def test_an_unknown_vocabulary_is_refused_by_name() -> None:
    with pytest.raises(UnknownTerm, match="isced-f"):
        load("../data/isced-f")


@given(st.one_of(st.text(), st.integers(), st.none(), st.text(min_size=201, max_size=400)))
def test_any_input_is_found_or_refused_and_nothing_else(term: object) -> None:
    with suppress(UnknownTerm):
        assert load("reasons").get(term).code in load("reasons")


def test_a_refusal_repeats_only_the_beginning_of_a_huge_input() -> None:
    with pytest.raises(UnknownTerm) as caught:
        load("reasons").get("x" * 100_000)
    assert len(str(caught.value)) < 500


def test_a_circle_or_an_unknown_parent_is_refused_when_a_vocabulary_is_built() -> None:
    circle = [Concept("a", "urn:a", {"en": "a"}, broader="b"), Concept("b", "urn:b", {"en": "b"}, broader="a")]
    with pytest.raises(ValueError, match="circle"):
        Vocabulary("broken", "Broken", circle)
    with pytest.raises(ValueError, match="unknown"):
        Vocabulary("broken", "Broken", [Concept("a", "urn:a", {"en": "a"}, broader="z")])
