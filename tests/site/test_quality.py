"""How quality assurance works in a country: said of what is on record, and of nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

from register.records import AgencyRecord
from register.records.shared import Period
from register.scope import UNRESTRICTED
from register.site.names import Name
from register.site.quality import ActiveAgency, describe_quality
from register.site.words import STATES

COUNTS = {
    "held": {"": 9},
    "open_ended": {"": 2},
    "conditions": {"": 1},
    "kind": {"programme": 4, "institutional": 5},
    "kind_duty": {"institutional obligatory": 5, "programme voluntary": 3, "programme ": 1},
    "standard": {"ESG 2015": 7, "": 1, "A": 1},
    "years": {"6": 7},
    "since": {"2019-03-01": 9},
}


def make_agency(country: str, number: int, *, start: int = 2015, state: str = "recognised") -> ActiveAgency:
    valid = Period(datetime(start, 1, 1, tzinfo=UTC), None)
    record = AgencyRecord("id", "url", {"en": country}, country, UNRESTRICTED, valid, (1,))
    return ActiveAgency(record, Name(country), number, country != "NL", STATES[state])


def test_kinds_are_told_with_what_was_required_by_law_of_each() -> None:
    quality = describe_quality(COUNTS, [make_agency("NL", 9)], [])
    told = [(kind.code, kind.number, [(str(words), number) for words, number in kind.duties]) for kind in quality.kinds]
    assert told == [
        ("institutional", 5, [("required by law", 5)]),
        ("programme", 4, [("voluntary", 3), ("not stated", 1)]),
    ]


def test_length_standard_and_age_are_those_of_what_is_in_force() -> None:
    quality = describe_quality(COUNTS, [make_agency("NL", 9)], [])
    assert (quality.years, quality.ended, quality.open_ended, quality.conditions) == (6, 7, 2, 1)
    assert quality.since == datetime(2019, 3, 1, tzinfo=UTC)
    assert (quality.standards, quality.unstated_standard) == ([("ESG 2015", 7), ("A", 1)], 1)


def test_standards_beyond_the_first_are_counted_together() -> None:
    many = {"standard": {f"Standard {number}": 10 - number for number in range(8)}}
    quality = describe_quality(many, [], [])
    assert [name for name, _number in quality.standards] == [f"Standard {number}" for number in range(5)]
    assert quality.more_standards == 5 + 4 + 3


def test_agencies_from_abroad_are_told_and_only_those_at_home_and_recognised_are_counted_as_such() -> None:
    active = [make_agency("NL", 4, start=2018), make_agency("BE", 5)]
    idle = [make_agency("NL", 0, start=2016), make_agency("NL", 0, start=2010, state="withdrawn")]
    quality = describe_quality(COUNTS, active, idle)
    assert (quality.agencies, quality.abroad, [one.record.country for one in quality.foreign]) == (2, 5, ["BE"])
    assert (quality.recognised, quality.recognised_since) == (2, datetime(2016, 1, 1, tzinfo=UTC))


def test_of_a_country_without_accreditations_nothing_is_said() -> None:
    quality = describe_quality({}, [], [])
    assert (quality.agencies, quality.kinds, quality.years, quality.since, quality.standards) == (0, [], None, None, [])
