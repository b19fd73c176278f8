"""The ECHE list: every trap of the real edition, in an excerpt of it and a few made-up rows (fixtures/intake)."""

from __future__ import annotations

from pathlib import Path

import pytest

from register.intake.eche import EcheFile, read_eche
from register.intake.rows import Institution, NotRecognised
from register.vocabularies import load

DATA = (Path(__file__).parents[3] / "fixtures" / "intake" / "eche_traps.csv").read_bytes()
EVERYWHERE = frozenset(load("eche-countries").codes())


@pytest.fixture(scope="module")
def eche() -> EcheFile:
    return read_eche(DATA, EVERYWHERE)


def pick(file: EcheFile, name: str) -> Institution:
    (found,) = [one for one in file.institutions if one.names["und"] == name]
    return found


def values(institution: Institution) -> dict[str, str]:
    return {one.scheme: one.value for one in institution.identifiers}


def test_every_row_is_accounted_for(eche: EcheFile) -> None:
    fatal = {problem.line for problem in eche.problems if problem.fatal}
    lines = [line for one in eche.institutions for line in one.lines]
    assert eche.rows_read == 31
    assert len(lines) == len(set(lines)) == 31 - len(fatal)
    assert not fatal & set(lines)


def test_greece_is_gr_and_its_original_stays(eche: EcheFile) -> None:
    thessaloniki = pick(eche, "ARISTOTELIO PANEPISTIMIO THESSALONIKIS")
    assert thessaloniki.country == "GR"
    assert thessaloniki.original["Country Cd"] == "EL"


def test_erasmus_codes_get_one_spelling_and_keep_their_original(eche: EcheFile) -> None:
    codes = {one.original: one.value for i in eche.institutions for one in i.identifiers if one.scheme == "erasmus"}
    assert codes["A  GRAZ01"] == "A GRAZ01"
    assert codes["F\u00a0 BESANCO36"] == "F BESANCO36"
    assert codes["F  PARIS 063"] == "F PARIS063"
    assert codes["DK FREDERICIA 01"] == "DK FREDERICIA01"
    assert codes["RSPROKUP01"] == "RS PROKUP01"
    assert codes["IRLDUBLIN02"] == "IRLDUBLIN02"


def test_a_code_of_another_country_does_not_move_the_institution(eche: EcheFile) -> None:
    limburg = pick(eche, "Transnationale Universiteit Limburg")
    assert (limburg.country, values(limburg)["erasmus"]) == ("NL", "B DIEPENB07")


def test_a_missing_oid_leaves_the_other_identifiers(eche: EcheFile) -> None:
    assert set(values(pick(eche, "KOLEGJI UNIVERSUM O.P"))) == {"pic", "erasmus"}


def test_an_oid_of_two_schools_belongs_to_neither_and_is_reported_at_both(eche: EcheFile) -> None:
    one, other = pick(eche, "Lycée Germaine TILLION Montbéliard"), pick(eche, "Lycee Louis Pergaud")
    assert "oid" not in values(one) | values(other)
    reported = [problem for problem in eche.problems if problem.value == "E10099124"]
    assert [problem.line for problem in reported] == [one.source_line, other.source_line]


def test_an_institution_listed_twice_is_one_with_both_rows_identifiers(eche: EcheFile) -> None:
    barcelona = pick(eche, "Institut de Seguretat i Mobilitat de Barcelona Guineueta")
    assert len(barcelona.lines) == 2
    assert {one.value for one in barcelona.identifiers if one.scheme == "pic"} == {"946783924", "870975708"}
    assert str(barcelona.period[1]) == "2029-12-31", "the longer charter counts"
    assert "Transitory Charter" in barcelona.originals[1].values()


def test_schools_of_one_name_in_two_towns_stay_two(eche: EcheFile) -> None:
    assert len([one for one in eche.institutions if one.names["und"] == "IES ANTONIO MACHADO"]) == 2


def test_names_in_capitals_are_kept_as_written(eche: EcheFile) -> None:
    assert pick(eche, "UNIVERSITEIT VAN AMSTERDAM").names == {"und": "UNIVERSITEIT VAN AMSTERDAM"}


def test_addresses_lose_line_breaks_and_zero_width_spaces(eche: EcheFile) -> None:
    baskent = pick(eche, "BASKENT UNIVERSITESI")
    assert baskent.street.startswith("BAGLICA KAMPUSU FATIH SULTAN MAHALLESI UNIVERSITE CADDESI")
    assert pick(eche, "ECOLE DE GESTION ET DE COMMERCE DE LA MARTINIQUE").street.startswith("C/O")


def test_websites_are_made_absolute(eche: EcheFile) -> None:
    assert pick(eche, "FACHHOCHSCHULE VORARLBERG GMBH").website == "http://www.fhv.at"
    assert pick(eche, "UNIVERSITE DE PERPIGNAN").website == "http://www.univ-perp.fr"
    assert pick(eche, "PANEPISTIMIO IOANNINON").website == "http://www.uoi.gr"


def test_a_mail_address_is_left_out_everywhere(eche: EcheFile) -> None:
    school = pick(eche, "Demonstration School of Examples 1")
    assert school.website == ""
    assert "@" not in repr(eche), "neither the institution nor the report may repeat it"


@pytest.mark.parametrize(
    ("number", "column", "fatal"),
    [
        (1, "Website Url", False),
        (4, "PIC", False),
        (5, "Erasmus Eche Start", False),
        (6, "Website Url", False),
        (7, "Erasmus Eche End", False),
    ],
)
def test_a_value_at_fault_is_left_out_and_reported(eche: EcheFile, number: int, column: str, fatal: bool) -> None:
    school = pick(eche, f"Demonstration School of Examples {number}")
    (problem,) = [problem for problem in eche.problems if problem.line == school.source_line]
    assert (problem.column, problem.fatal) == (column, fatal)
    assert problem.cure


def test_a_row_without_country_or_name_is_left_out_and_reported(eche: EcheFile) -> None:
    fatal = [problem for problem in eche.problems if problem.fatal]
    assert [problem.column for problem in fatal] == ["Country Cd", "Legal Name"]
    assert fatal[0].value == "ZZ"


def test_rows_outside_the_territory_are_counted_and_no_errors() -> None:
    dutch = read_eche(DATA, frozenset({"NL"}))
    assert {one.country for one in dutch.institutions} == {"NL"}
    assert dutch.left_out["FR"] == 6
    assert dutch.left_out["GR"] == 2
    assert {problem.value for problem in dutch.problems if problem.fatal} == {"ZZ", ""}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_list_reads_the_same_in_other_encodings(eche: EcheFile, encoding: str) -> None:
    assert read_eche(DATA.decode().encode(encoding), EVERYWHERE) == eche


def test_reading_twice_gives_the_same(eche: EcheFile) -> None:
    assert read_eche(DATA, EVERYWHERE) == eche


@pytest.mark.parametrize("data", [b"", b"name,country\nA,NL\n", b"{}", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_another_kind_of_file_is_refused(data: bytes) -> None:
    with pytest.raises(NotRecognised, match="ECHE list"):
        read_eche(data, EVERYWHERE)
