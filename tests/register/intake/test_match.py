"""Matching: one to one, each with its reason; what is not certain stays undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.intake.eche import read_eche
from register.intake.match import Ambiguous, Known, Match, NoMatch, Outcome, domain_of, match_institutions
from register.intake.names import fold_name
from register.intake.ror import RorRecord, read_ror
from register.intake.rows import Identifier
from register.vocabularies import load

FIXTURES = Path(__file__).parents[3] / "fixtures" / "intake"
RECORD = RorRecord(
    ror="https://ror.org/04dkp9463",
    names={"en": "University of Examples"},
    aliases=(),
    country="NL",
    city="Teststad",
    domains=("examples.example",),
    website="https://www.examples.example",
    status="active",
    identifiers=(Identifier("ror", "https://ror.org/04dkp9463", "", "ror"), Identifier("isni", "I1", "", "ror")),
    successors=(),
    parents=(),
    line=2,
)
LONG_NAME = "Royal University of Examples"
ISSUER = Known("a", frozenset(), ("UNIVERSITY OF EXAMPLES",), "NL", "TESTSTAD", "http://examples.example/home")


def other_record(**changes: object) -> RorRecord:
    identifiers = (Identifier("ror", "https://ror.org/01faaaf77", "", "ror"),)
    return replace(RECORD, ror="https://ror.org/01faaaf77", identifiers=identifiers, **changes)  # type: ignore[arg-type]


def only(outcomes: list[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome


@pytest.mark.parametrize(
    ("record", "known", "rule"),
    [
        ({}, {"identifiers": frozenset({("ror", "https://ror.org/04dkp9463")}), "names": ("X",)}, "same_ror"),
        ({}, {"identifiers": frozenset({("isni", "I1")}), "names": ("X",), "website": ""}, "shared_identifier"),
        ({}, {}, "domain_and_name"),
        ({}, {"names": ("STICHTING EXAMPLES UNIVERSITY",), "city": "X"}, "domain_and_similar_name"),
        ({}, {"website": ""}, "name_and_city"),
        ({"names": {"en": LONG_NAME}}, {"names": (LONG_NAME,), "website": "", "city": "X"}, "unique_name"),
        ({}, {"names": ("SOMETHING ELSE",)}, "domain_and_city"),
    ],
)  # fmt: skip
def test_each_rule_matches_what_it_says(record: dict[str, object], known: dict[str, object], rule: str) -> None:
    found = only(match_institutions([replace(RECORD, **record)], [replace(ISSUER, **known)]))  # type: ignore[arg-type]
    assert isinstance(found, Match)
    assert (found.rule, found.known.id) == (rule, "a")
    assert found.reason


@pytest.mark.parametrize(
    ("record", "known"),
    [
        ({}, {"country": "BE"}),
        ({"status": "withdrawn"}, {}),
        ({"status": "inactive"}, {"website": ""}),
        ({}, {"names": ("SOMETHING ELSE",), "city": "X"}),
        ({"parents": ("https://ror.org/01faaaf77",)}, {"names": ("SOMETHING ELSE",)}),
        ({"names": {"en": "Academy"}}, {"names": ("Academy",), "website": "", "city": "X"}),
        ({}, {"identifiers": frozenset({("ror", "https://ror.org/01faaaf77")})}),
        ({"domains": ("edu.al",), "website": ""}, {"website": "http://edu.al", "names": ("SOMETHING ELSE",)}),
    ],
)
def test_what_is_not_certain_does_not_match(record: dict[str, object], known: dict[str, object]) -> None:
    found = only(match_institutions([replace(RECORD, **record)], [replace(ISSUER, **known)]))  # type: ignore[arg-type]
    assert isinstance(found, NoMatch)


def test_two_issuers_that_nothing_tells_apart_are_left_alone() -> None:
    found = only(match_institutions([RECORD], [ISSUER, replace(ISSUER, id="b")]))
    assert isinstance(found, Ambiguous)
    assert found.candidates == ("a", "b")


def test_two_records_for_one_issuer_are_left_alone() -> None:
    outcomes = match_institutions([RECORD, other_record()], [ISSUER])
    assert [type(outcome) for outcome in outcomes] == [Ambiguous, Ambiguous]


def test_a_stranger_does_not_win_by_a_weaker_rule_where_a_stronger_one_left_two_in_doubt() -> None:
    doubt = replace(ISSUER, names=("EXAMPLES UNIVERSITY",), city="X")
    stranger = replace(ISSUER, id="c", website="http://elsewhere.example")
    assert isinstance(only(match_institutions([RECORD], [stranger])), Match)
    found = only(match_institutions([RECORD], [doubt, replace(doubt, id="b", city="Y"), stranger]))
    assert isinstance(found, Ambiguous)
    assert found.candidates == ("a", "b")


def test_a_weaker_rule_may_decide_between_the_candidates_of_a_stronger_one() -> None:
    away = replace(ISSUER, id="b", city="ELSEWHERE")
    found = only(match_institutions([RECORD], [ISSUER, away]))
    assert isinstance(found, Match)
    assert (found.rule, found.known.id) == ("name_and_city", "a")


def test_a_hosting_domain_of_a_crowd_says_nothing() -> None:
    crowd = [replace(ISSUER, id=str(number), names=(f"School number {number}",)) for number in range(50)]
    assert isinstance(only(match_institutions([RECORD], crowd)), NoMatch)


def test_what_was_matched_once_matches_again_by_its_ror() -> None:
    first = only(match_institutions([RECORD], [ISSUER]))
    assert isinstance(first, Match)
    pairs = frozenset((one.scheme, one.value) for one in RECORD.identifiers)
    again = only(match_institutions([RECORD], [replace(ISSUER, identifiers=pairs, names=("Renamed",), website="")]))
    assert isinstance(again, Match)
    assert again.rule == "same_ror"


NAMES = st.sampled_from(["University of Examples", "Examples University", "Academy of Arts Teststad", "Other School"])
CITIES = st.sampled_from(["Teststad", "Proefdorp"])
DOMAINS = st.sampled_from(["one.example", "two.example", ""])
RORS = [
    "https://ror.org/04dkp9463",
    "https://ror.org/01faaaf77",
    "https://ror.org/036x5ad56",
    "https://ror.org/02j61yw88",
]


@st.composite
def registers(draw: st.DrawFn) -> tuple[list[RorRecord], list[Known]]:
    records = [
        replace(
            RECORD,
            ror=ror,
            names={"en": draw(NAMES)},
            city=draw(CITIES),
            domains=tuple(filter(None, [draw(DOMAINS)])),
            website="",
            identifiers=(Identifier("ror", ror, "", "ror"),),
            parents=draw(st.sampled_from([(), ("x",)])),
        )
        for ror in draw(st.lists(st.sampled_from(RORS), unique=True, max_size=4))
    ]
    known = [
        Known(str(number), frozenset(), (draw(NAMES),), "NL", draw(CITIES), f"http://{host}" if host else "")
        for number, host in enumerate(draw(st.lists(DOMAINS, max_size=4)))
    ]
    return records, known


@given(registers())
def test_matching_is_one_to_one_complete_and_does_not_depend_on_the_order(
    register: tuple[list[RorRecord], list[Known]],
) -> None:
    records, known = register
    outcomes = match_institutions(records, known)
    assert [outcome.record for outcome in outcomes] == records
    matched = [outcome.known.id for outcome in outcomes if isinstance(outcome, Match)]
    assert len(matched) == len(set(matched))
    shuffled = sorted(records, key=lambda record: record.ror, reverse=True)
    again = {outcome.record.ror: outcome for outcome in match_institutions(shuffled, known[::-1])}
    assert {outcome.record.ror: outcome for outcome in outcomes} == again


@given(registers())
def test_every_match_shares_country_and_a_name_or_a_domain(register: tuple[list[RorRecord], list[Known]]) -> None:
    for outcome in match_institutions(*register):
        if isinstance(outcome, Match):
            record, known = outcome.record, outcome.known
            same_name = fold_name(record.names["en"]) in {fold_name(name) for name in known.names}
            assert record.country == known.country
            assert same_name or domain_of(known.website) in record.domains


def test_the_excerpts_of_both_lists_find_each_other() -> None:
    eche = read_eche((FIXTURES / "eche_traps.csv").read_bytes(), frozenset(load("eche-countries").codes()))
    known = [
        Known(str(number), frozenset(), tuple(one.names.values()), one.country, one.city, one.website)
        for number, one in enumerate(eche.institutions)
    ]
    outcomes = match_institutions(read_ror((FIXTURES / "ror_excerpt.csv").read_bytes()).records, known)
    matched = {outcome.record.ror: outcome.known.names[0] for outcome in outcomes if isinstance(outcome, Match)}
    assert matched["https://ror.org/01faaaf77"] == "UNIVERSITAET GRAZ"
    assert matched["https://ror.org/02j61yw88"] == "ARISTOTELIO PANEPISTIMIO THESSALONIKIS"
    assert "https://ror.org/02tyrky19" not in matched, "Trinity College is not University College Dublin"
    assert "https://ror.org/03w2cmy34" not in matched, "a withdrawn record"
