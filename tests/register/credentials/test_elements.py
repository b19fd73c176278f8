"""Elements of the EU standard, the Common Microcredential Framework, and where both are read from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.credentials.elements import find_elements, follow, list_elements, read_path
from register.credentials.presented import Claims
from register.credentials.profile import fit_profile, read_ects, read_hours
from tests.credential_forge import badge
from tests.sealed import make_edc

SHARED = Path(__file__).parents[4] / "shared" / "data" / "microcredential" / "eu_standard_elements.json"
ELM, BADGE = Claims("elm", eqf_level=6), Claims("openbadge", eqf_level=6)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=12,
)


def present(document: dict[str, Any], claims: Claims) -> set[str]:
    found = find_elements(document, claims)
    return {one["key"] for kind in found.values() for one in kind if one["present"]}


def test_the_standard_has_eleven_mandatory_and_five_optional_elements() -> None:
    for model in ("elm", "openbadge"):
        kinds = [element.kind for element in list_elements(model)]
        assert (kinds.count("mandatory"), kinds.count("optional")) == (11, 5)


def test_the_elements_are_those_of_the_standard() -> None:
    if not SHARED.exists():
        assert [element.key for element in list_elements("elm")][:3] == ["learner", "title", "issuer_country"]
        return
    told = json.loads(SHARED.read_text())
    keys = [one["key"] for kind in ("mandatory", "optional") for one in told[kind]]
    assert [element.key for element in list_elements("elm")] == keys


def test_a_badge_states_what_it_states() -> None:
    stated = present(badge(), BADGE)
    assert stated == {"learner", "title", "awarding_body", "date_of_issue", "learning_outcomes", "level",
                      "further_information"}  # fmt: skip


def test_a_sealed_credential_states_what_it_states() -> None:
    assert present(make_edc(), ELM) == {"title", "issuer_country", "awarding_body", "date_of_issue", "level"}


def test_an_empty_value_states_nothing() -> None:
    empties: tuple[Any, ...] = (None, "", [], {}, [[]], [""])
    for empty in empties:
        assert "title" not in present(badge(credentialSubject={"achievement": {"name": empty}}), BADGE)


def slow_follow(value: Any, steps: tuple[str, ...]) -> list[Any]:
    if isinstance(value, list):
        return [found for one in value for found in slow_follow(one, steps)]
    if not steps:
        return [value]
    return slow_follow(value[steps[0]], steps[1:]) if isinstance(value, dict) and steps[0] in value else []


@given(VALUES, st.lists(st.sampled_from("abc"), max_size=3))
def test_a_path_leads_where_the_plain_reading_leads(value: Any, steps: list[str]) -> None:
    path = read_path(".".join(steps)) if steps else read_path("a")._replace(steps=())
    assert follow(value, path) == slow_follow(value, path.steps)


@given(st.dictionaries(st.sampled_from(["credentialSubject", "issuer", "evidence", "issued"]), VALUES, max_size=4))
def test_one_walk_finds_what_each_path_finds(document: dict[str, Any]) -> None:
    expected = set()
    for element in list_elements("openbadge"):
        for path in element.paths:
            for value in follow(document, path):
                stated = value.startswith(path.prefix) if path.prefix and isinstance(value, str) else not path.prefix
                expected |= {element.key} if stated and value not in (None, "", {}) else set()
    assert present(document, BADGE) == expected


UNVERIFIED = {"idVerification": {"prefLabel": {"en": "Unsupervised without ID Verification"}}}


def micro(**changes: Any) -> dict[str, Any]:
    """Return a credential that fits the framework, with one part of it changed."""
    ects = {"framework": {"id": "http://data.europa.eu/snb/education-credit/6fcec5c5af"}, "point": "5"}
    parts: dict[str, Any] = {
        "volumeOfLearning": "PT125H", "creditPoint": ects, "learningOutcome": [{"title": "Reads maps"}],
    }  # fmt: skip
    specified = {name: value for name, value in (parts | changes).items() if value is not None}
    proven = {"idVerification": {"prefLabel": {"en": "Supervised online with ID verification"}}}
    return {"credentialSubject": {"hasClaim": {"specifiedBy": specified, "provenBy": changes.get("provenBy", proven)}}}


def test_a_credential_that_states_all_of_it_fits_the_framework() -> None:
    assert fit_profile(micro(), ELM) == {"name": "Common Microcredential Framework", "fits": True, "missing": []}


@pytest.mark.parametrize(
    ("document", "claims", "word"),
    [
        (micro(volumeOfLearning="PT60H"), ELM, "workload: 60 hours"),
        (micro(volumeOfLearning="PT151H"), ELM, "workload: 151 hours"),
        (micro(creditPoint={"framework": {"id": "other"}, "point": "5"}), ELM, "academic credit"),
        (micro(creditPoint=None), ELM, "academic credit"),
        (micro(), Claims("elm", eqf_level=3), "level: EQF 3"),
        (micro(), Claims("elm"), "level: no EQF level"),
        (micro(learningOutcome=None), ELM, "learning outcomes"),
        (micro(provenBy={}), ELM, "assessment"),
        (micro(provenBy={"title": "Exam"}), ELM, "identity"),
        (
            micro(provenBy={"idVerification": {"prefLabel": {"en": "Unsupervised without ID Verification"}}}),
            ELM,
            "identity",
        ),
    ],
)
def test_what_is_missing_is_named(document: dict[str, Any], claims: Claims, word: str) -> None:
    found = fit_profile(document, claims)
    assert not found["fits"]
    assert any(one.startswith(word) for one in found["missing"]), found


def test_levels_four_and_five_fit_with_credits() -> None:
    assert fit_profile(micro(), Claims("elm", eqf_level=5))["fits"]


@pytest.mark.parametrize(
    ("text", "hours"),
    [("PT100H", 100), ("PT90M", 1.5), ("PT1H30M", 1.5), ("P60M", None), ("P1M", None), ("P5D", None), ("x", None)],
)
def test_only_hours_and_minutes_are_hours_of_study(text: str, hours: float | None) -> None:
    assert read_hours(micro(volumeOfLearning=text)) == hours


@pytest.mark.parametrize("point", ["NaN?", "", None, [], {}, "9" * 50])
def test_credits_that_are_no_number_are_none(point: Any) -> None:
    ects = {"framework": {"id": "http://data.europa.eu/snb/education-credit/6fcec5c5af"}, "point": point}
    assert read_ects(micro(creditPoint=ects)) is None
