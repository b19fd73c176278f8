"""Names: the same institution under two spellings folds to one, and folding is a fixed point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.intake.names import fold_name, measure_likeness, tell_language


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PAEDAGOGISCHE HOCHSCHULE NIEDERÖSTERREICH", "Pädagogische Hochschule Niederösterreich"),
        ("UNIVERSITAET GRAZ", "Universität Graz"),
        ("FACHHOCHSCHULE VORARLBERG GMBH", "Fachhochschule Vorarlberg"),
        ("POLITECHNIKA LODZKA", "Politechnika Łódzka"),
        ("UNIVERSITE D'ORLEANS", "Université d’Orléans"),
        ("ISTANBUL UNIVERSITESI", "İstanbul Üniversitesi"),
    ],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)
    assert measure_likeness(one, other) == 1.0


@given(st.text())
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold_name(fold_name(name)) == fold_name(name)


@given(st.text(), st.text())
def test_likeness_is_symmetric_and_within_bounds(one: str, other: str) -> None:
    assert measure_likeness(one, other) == measure_likeness(other, one)
    assert 0.0 <= measure_likeness(one, other) <= 1.0


def test_different_institutions_of_one_town_are_not_alike() -> None:
    assert measure_likeness("Universität Wien", "Technische Universität Wien") < 1.0
    assert measure_likeness("Lycée Louis Pergaud", "Lycée Germaine Tillion Montbéliard") < 0.6


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("University of Graz", "en"),
        ("Universität Graz", "de"),
        ("Università di Camerino", "it"),
        ("KU Leuven", None),
        ("UNIVERSITEIT", "nl"),
        ("Université de Lyon – University of Lyon", None),
    ],
)
def test_a_language_is_told_only_where_words_leave_no_doubt(name: str, language: str | None) -> None:
    assert tell_language(name) == language
