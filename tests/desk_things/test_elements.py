"""The 11 mandatory and 5 optional elements of the EU standard in a programme's description."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from register.desk.elements import FIELDS, look_for_elements
from register.payloads import ProgrammeFields
from register.records import Period, ProgrammeRecord

FULL = {
    "titles": {"en": "Machining"},
    "learning_outcomes": [{"text": {"en": "Reads drawings"}}],
    "ects": "5",
    "eqf_level": 4,
    "assessment_type": "quiz",
    "participation": "online",
    "quality_assurance": "Institutional accreditation",
}


def test_all_sixteen_elements_are_told_in_the_order_of_the_standard() -> None:
    standard = json.loads((files("register.credentials") / "data" / "eu-standard.json").read_text())
    found = look_for_elements({})
    assert [one.key for one in found.mandatory] == list(standard["mandatory"])
    assert [one.key for one in found.optional] == list(standard["optional"])
    labels = {**standard["mandatory"], **standard["optional"]}
    assert all(str(one.label) == labels[one.key]["label"] for one in found.elements)


def test_an_empty_description_misses_what_is_not_of_learner_or_issuer() -> None:
    found = look_for_elements({})
    assert [one.key for one in found.missing] == [key for key in FIELDS if key in {one.key for one in found.mandatory}]
    assert found.met == 4


def test_a_full_description_misses_nothing_and_each_field_counts() -> None:
    assert look_for_elements(FULL).missing == ()
    for name in FULL:
        left = {key: value for key, value in FULL.items() if key != name}
        assert len(look_for_elements(left).missing) == 1, name


def test_one_of_several_fields_is_enough_and_emptiness_is_not() -> None:
    hours = {key: value for key, value in FULL.items() if key != "ects"} | {"hours": 120}
    assert look_for_elements(hours).missing == ()
    nothings: tuple[Any, ...] = (None, "", [], {}, ())
    for empty in nothings:
        assert [one.key for one in look_for_elements(FULL | {"learning_outcomes": empty}).missing] == [
            "learning_outcomes"
        ]


def test_elements_name_fields_that_programmes_have_and_are_found_in_records() -> None:
    known = {*ProgrammeFields.model_fields, "titles"}
    assert {name for names in FIELDS.values() for name in names} <= known
    record = ProgrammeRecord(
        id="1", url="u", issuer="2", titles={"en": "A"}, valid=Period(), entries=(1,), eqf_level=6, ects="5"
    )
    stated = {one.key for one in look_for_elements(asdict(record)).elements if one.state == "stated"}
    assert stated == {"title", "workload", "level"}
