"""ROR records: canonical identifiers, names by language, and a report instead of a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from register.intake.ror import RorFile, RorRecord, read_ror
from register.intake.rows import NotRecognised

DATA = (Path(__file__).parents[3] / "fixtures" / "intake" / "ror_excerpt.csv").read_bytes()
HEADER = "ror,name,country,city,website,status,isni,wikidata,other_names,domains,successor,parent\n"


@pytest.fixture(scope="module")
def ror() -> RorFile:
    return read_ror(DATA)


def pick(file: RorFile, ror: str) -> RorRecord:
    (found,) = [record for record in file.records if record.ror == ror]
    return found


def test_the_excerpt_is_read_without_a_fault(ror: RorFile) -> None:
    assert len(ror.records) == 14
    assert ror.problems == ()


def test_a_record_has_canonical_identifiers_and_names_by_language(ror: RorFile) -> None:
    graz = pick(ror, "https://ror.org/01faaaf77")
    assert (graz.country, graz.city, graz.status, graz.domains) == ("AT", "Graz", "active", ())
    assert (graz.isni, graz.wikidata) == ("0000 0001 2153 9003", "Q622683")
    assert graz.names["en"] == "University of Graz"
    assert graz.names["de"].startswith("Karl-Franzens-Universit")


def test_a_name_without_a_language_stays_an_alias(ror: RorFile) -> None:
    amsterdam = pick(ror, "https://ror.org/04dkp9463")
    assert "UvA" in amsterdam.aliases
    assert amsterdam.domains == ("uva.nl",)
    assert amsterdam.names["nl"] == "Universiteit van Amsterdam"


def test_a_withdrawn_record_names_its_successor_canonically(ror: RorFile) -> None:
    withdrawn = pick(ror, "https://ror.org/03w2cmy34")
    assert (withdrawn.status, withdrawn.successors) == ("withdrawn", ("https://ror.org/03exthx58",))


@pytest.mark.parametrize(
    ("row", "column", "kept"),
    [
        ("https://ror.org/04dkp946,A,NL,B,,active,,,,,,", "ror", 0),
        ("https://ror.org/04dkp9463,A,ZZ,B,,active,,,,,,", "country", 0),
        ("https://ror.org/04dkp9463,,NL,B,,active,,,,,,", "name", 0),
        ("https://ror.org/04dkp9463,A,NL,B,,gone,,,,,,", "status", 0),
        ("https://ror.org/04dkp9463,A,NL,B,,active,0000 0000 0000 0000,,,,,", "isni", 1),
        ("https://ror.org/04dkp9463,A,NL,B,nowhere,active,,,,,,", "website", 1),
        ("https://ror.org/04dkp9463,A,NL,B,,active,,,,,xyz,", "successor", 1),
    ],
)
def test_a_fault_is_reported_and_costs_the_row_only_where_it_must(row: str, column: str, kept: int) -> None:
    file = read_ror((HEADER + row + "\n").encode())
    assert [(problem.line, problem.column, problem.fatal) for problem in file.problems] == [(2, column, not kept)]
    assert len(file.records) == kept


def test_a_record_given_twice_is_read_once_and_reported() -> None:
    row = "https://ror.org/04dkp9463,A,NL,B,,active,,,,,,\n"
    file = read_ror((HEADER + row + row).encode())
    assert len(file.records) == 1
    assert [problem.line for problem in file.problems] == [3]


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(NotRecognised, match="ROR records"):
        read_ror(b"Erasmus Code,PIC\nA,1\n")
