"""Our own spreadsheets: every cell at fault is reported, a row at fault is left out whole, nothing is guessed."""

from __future__ import annotations

from datetime import date

import pytest

from register.intake.rows import NotRecognised
from register.intake.tables import AccreditationTable, IssuerTable, read_accreditations, read_issuers, read_table

ISSUERS = (
    "name_en;name_nl;country;provider_type;website;ror;pic;Erasmus code\r\n"
    "University of Amsterdam;Universiteit van Amsterdam;NL;1;www.uva.nl;04dkp9463;999985708;NL\u00a0AMSTERD01\r\n"
    ";Demonstratieschool;UK;2;;;;\r\n"
).encode()
ACCREDITATIONS = (
    b"issuer,agency,kind,credential_types,eqf_levels,isced_f,jurisdictions,valid_from,valid_until,decision,report_url\n"
    b"ror:04dkp9463,pic:999999999,institutional,,6 7,061|0711,EL30 NL,01.02.2024,2030-02-01,positive with conditions,\n"
    b"NL AMSTERD01,,programme,micro-credential|Diploma Supplement,first cycle,,,2024-02-01,,,www.uva.nl/report\n"
)


def test_issuers_are_read_with_canonical_identifiers_and_names_by_language() -> None:
    table = read_issuers(ISSUERS)
    assert table.problems == ()
    amsterdam, school = table.institutions
    assert amsterdam.names == {"en": "University of Amsterdam", "nl": "Universiteit van Amsterdam"}
    assert {(one.scheme, one.value) for one in amsterdam.identifiers} == {
        ("ror", "https://ror.org/04dkp9463"),
        ("pic", "999985708"),
        ("erasmus", "NL AMSTERD01"),
    }
    assert (school.names, school.country, school.provider_type) == ({"nl": "Demonstratieschool"}, "GB", 2)


def test_accreditations_are_read_into_canonical_scopes() -> None:
    table = read_accreditations(ACCREDITATIONS)
    assert [problem.message for problem in table.problems] == []
    first, second = table.accreditations
    assert first.issuer == ("ror", "https://ror.org/04dkp9463")
    assert (first.eqf_levels, first.isced_f, first.jurisdictions) == ((6, 7), ("061", "0711"), ("EL30", "NL"))
    assert (first.valid_from, first.valid_until) == (date(2024, 2, 1), date(2030, 2, 1))
    assert first.decision == "positive_with_conditions"
    assert (second.issuer, second.agency) == (("erasmus", "NL AMSTERD01"), None)
    assert second.credential_types == ("micro-credential", "diploma-supplement")
    assert (second.eqf_levels, second.jurisdictions, second.decision) == ((6,), (), "positive")
    assert second.report_url == "http://www.uva.nl/report"


def test_a_table_is_told_by_its_header() -> None:
    assert isinstance(read_table(ISSUERS), IssuerTable)
    assert isinstance(read_table(ACCREDITATIONS), AccreditationTable)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("issuer", ""),
        ("issuer", "ror:04dkp946"),
        ("issuer", "nobody"),
        ("kind", "gold"),
        ("eqf_levels", "9"),
        ("isced_f", "61"),
        ("jurisdictions", "Atlantis"),
        ("credential_types", "medal"),
        ("valid_from", "03/04/2024"),
        ("valid_from", ""),
        ("valid_until", "2024-01-01"),
        ("decision", "maybe"),
        ("report_sha256", "abc"),
        ("report_url", "secretary@agency.example"),
    ],
)
def test_a_cell_at_fault_leaves_its_row_out_and_says_why(column: str, cell: str) -> None:
    cells = {"issuer": "pic:999985708", "kind": "institutional", "valid_from": "2024-01-01", column: cell}
    good = {
        name: {"issuer": "E10209442", "kind": "programme", "valid_from": "2024-01-01"}.get(name, "") for name in cells
    }
    data = "\n".join(";".join(row) for row in (cells, cells.values(), good.values())).encode()
    table = read_accreditations(data)
    assert [row.line for row in table.accreditations] == [3]
    assert [(problem.line, problem.column, problem.fatal) for problem in table.problems] == [(2, column, True)]
    assert all(problem.cure for problem in table.problems)


def test_every_fault_of_a_row_is_reported_at_once() -> None:
    table = read_issuers(b"name_en,country,ror,provider_type\n,XX,abc,3\n")
    assert {problem.column for problem in table.problems} == {"name", "country", "ror", "provider_type"}
    assert table.institutions == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"name_en,country,colour\nA,NL,red\n", "colour"),
        (b"name_en\nA\n", "country"),
        (b"country\nNL\n", "name_en"),
        (b"", "country"),
    ],
)
def test_a_table_with_a_missing_or_unknown_column_is_refused_by_name(data: bytes, message: str) -> None:
    with pytest.raises(NotRecognised, match=message):
        read_issuers(data)


def test_a_limit_in_an_unknown_column_is_never_ignored() -> None:
    with pytest.raises(NotRecognised, match="eqf_lvl"):
        read_accreditations(b"issuer,kind,valid_from,eqf_lvl\npic:999985708,institutional,2024-01-01,6\n")
