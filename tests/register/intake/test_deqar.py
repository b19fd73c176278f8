"""DEQAR's submission table: columns of all its versions, values by number or name, one row to several decisions."""

from __future__ import annotations

from datetime import date

import pytest

from register.intake.columns import DEQAR, recognise
from register.intake.deqar import Submission, fold, parse_submission
from register.intake.rows import RowProblem

ROW = {
    "agency": "AQA",
    "local_identifier": "A-1",
    "status": "1",
    "decision": "1",
    "valid_from": "15/01/2024",
    "valid_to": "14/01/2030",
    "date_format": "%d/%m/%Y",
    "file[1].original_location": "https://agency.example/report.pdf",
    "file[1].report_language[1]": "eng",
    "institution[1].deqar_id": "DEQARINST5807",
}
PROGRAMME = {
    "programme[1].name_primary": "Law",
    "programme[1].degree_outcome": "Yes",
    "programme[1].qf_ehea_level": "first cycle",
    "programme[1].field_study": "http://data.europa.eu/esco/isced-f/0421",
}


def read(**cells: str) -> tuple[Submission | None, list[RowProblem]]:
    return parse_submission(2, {**ROW, **{fold(name) or name: cell for name, cell in cells.items()}})


def sound(cells: dict[str, str]) -> Submission:
    submission, problems = read(**cells)
    assert submission is not None, problems
    return submission


def fatal(cells: dict[str, str]) -> list[str]:
    submission, problems = read(**cells)
    assert submission is None
    return [problem.column for problem in problems if problem.fatal]


def test_a_report_on_an_institution_becomes_one_accreditation() -> None:
    (row,) = sound({}).accreditations
    assert (row.issuer, row.agency, row.kind) == (("deqar", "DEQARINST5807"), ("name", "AQA"), "institutional")
    assert (row.valid_from, row.valid_until) == (date(2024, 1, 15), date(2030, 1, 15))
    assert (row.activity, row.decision, row.local_id) == ("institutional-obligatory", "positive", "A-1")
    assert (row.report_url, row.report_languages) == ("https://agency.example/report.pdf", ("eng",))


def test_without_an_end_six_years_are_taken_and_a_note_says_so() -> None:
    submission, problems = read(valid_to="", valid_from="29/02/2024")
    assert submission is not None
    assert submission.accreditations[0].valid_until == date(2030, 3, 1)
    assert ["six years" in problem.message for problem in problems] == [True]


def test_a_joint_programme_becomes_an_accreditation_for_each_institution() -> None:
    submission = sound({**PROGRAMME, "institution[2].eter_id": "SE0037"})
    assert [row.issuer for row in submission.accreditations] == [("deqar", "DEQARINST5807"), ("eter", "SE0037")]
    assert {row.kind for row in submission.accreditations} == {"joint_programme"}
    assert submission.accreditations[0].eqf_levels == (6,)
    assert submission.accreditations[0].isced_f == ("0421",)


@pytest.mark.parametrize(
    ("degree", "ects", "level", "expected"),
    [
        ("1", "", "2", "master-degree"),
        ("Yes", "", "third cycle", "doctoral-degree"),
        ("2", "15", "1", "micro-credential"),
        ("no", "7,5", "1", "micro-credential"),
        ("no", "60", "1", None),
        ("", "", "1", None),
    ],
)
def test_what_a_programme_leads_to_follows_degree_and_credits(
    degree: str, ects: str, level: str, expected: str | None
) -> None:
    changed = {"degree_outcome": degree, "workload_ects": ects, "qf_ehea_level": level}
    (programme,) = sound({**PROGRAMME, **{f"programme[1].{key}": cell for key, cell in changed.items()}}).programmes
    assert programme.credential_type == expected


def test_a_micro_credential_has_a_kind_of_its_own() -> None:
    cells = {**PROGRAMME, "programme[1].degree_outcome": "2", "programme[1].workload_ects": "7,5"}
    submission = sound(cells)
    assert submission.accreditations[0].kind == "micro_credential"
    assert submission.programmes[0].ects == "7.5"


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("2015-01-15", "%Y-%m-%d", date(2015, 1, 15)),
        ("04/01/14", "%d/%m/%y", date(2014, 1, 4)),
        ("1.5.2024", "%-d.%-m.%Y", date(2024, 5, 1)),
        ("31/08/2023", "d%/%m/%Y", date(2023, 8, 31)),
        ("2023-08-31", "%d/%m/%Y", date(2023, 8, 31)),
    ],
)
def test_dates_are_read_by_the_format_the_row_names(text: str, pattern: str, expected: date) -> None:
    assert sound({"valid_from": text, "date_format": pattern, "valid_to": ""}).accreditations[0].valid_from == expected


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"status": "3"}, "status"),
        ({"decision": "perhaps"}, "decision"),
        ({"valid_from": "2024/13/01", "date_format": "%Y/%m/%d", "valid_to": ""}, "valid_from"),
        ({"valid_from": "15.01.2024"}, "valid_from"),
        ({"date_format": "%d/%m", "valid_to": ""}, "valid_from"),
        ({"valid_to": "14/01/2020"}, "valid_to"),
        ({"institution[1].deqar_id": ""}, "institution[1].deqar_id"),
        ({"institution[1].deqar_id": "", "institution[1].identifier[1]": "x", "institution[1].resource[1]": "ROR"},
         "institution[1].identifier[1]"),
        ({**PROGRAMME, "programme[1].qf_ehea_level": "4"}, "programme[1].qf_ehea_level"),
        ({**PROGRAMME, "programme[1].field_study": "61"}, "programme[1].field_study"),
        ({**PROGRAMME, "programme[1].workload_ects": "many"}, "programme[1].workload_ects"),
        ({**PROGRAMME, "programme[1].country[1]": "XX"}, "programme[1].country[1]"),
        ({**PROGRAMME, "programme[1].name_primary": ""}, "programme[1].name_primary"),
        ({"file[1].original_location": "our server"}, "file[1].original_location"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named(cells: dict[str, str], column: str) -> None:
    assert fatal(cells) == [column]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("institution[1].deqar_id", "institution[1].deqar_id"),
        ("Institutions[2].ETER_ID", "institution[2].eter_id"),
        ("institution[1].identifier", "institution[1].identifier"),
        ("report_files[1].original_location", "file[1].original_location"),
        ("file[2].report_language[1]", "file[2].report_language[1]"),
        ("activities[1].id", "activity[1].id"),
        ("contributing_agencies[1]", "contributing_agencies[1]"),
        (" programme[3].qf_ehea_level ", "programme[3].qf_ehea_level"),
        ("link", "link[1]"),
        ("favourite_colour", None),
        ("programme[1].colour", None),
    ],
)
def test_columns_of_all_versions_are_known(written: str, canonical: str | None) -> None:
    assert fold(written) == canonical


def test_what_has_no_place_here_is_noted_not_swallowed() -> None:
    _, problems = read(**{"link[1]": "https://agency.example/1", "report_id": "786"})
    assert {problem.column for problem in problems} == {"link[1]", "report_id"}
    assert not any(problem.fatal for problem in problems)


def test_a_table_of_deqar_is_recognised_by_its_header() -> None:
    found = recognise([*ROW, "favourite_colour"])
    assert found.kind == DEQAR
    assert found.names[:-1] == tuple(ROW)
    assert not found.complete
    assert recognise(list(ROW)).complete


def test_lists_of_json_are_read_as_several() -> None:
    submission = sound({"contributing_agencies": "EQ-Arts | 34", "file[1].report_language": "rus"})
    assert submission.accreditations[0].contributing_agencies == (("name", "EQ-Arts"), ("deqar", "34"))
    assert set(submission.accreditations[0].report_languages) == {"eng", "rus"}
