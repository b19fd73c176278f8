"""`assay import` of spreadsheets and accreditation documents: through the rules, all of it or nothing."""

from __future__ import annotations

import csv
import io

import pytest
from django.conf import settings

from ledger.reader import get_log
from register.intake.holdings import read_holdings
from register.intake.imports import Report, import_file
from register.intake.rows import NotRecognised
from register.models import AccreditationVersion, ProgrammeVersion
from tests.factories import make_agency, make_issuer, open_register, verify_command
from tests.register.intake.grids.test_grids import as_xlsx
from tests.register.intake.test_deqar import PROGRAMME, ROW
from tests.register.intake.test_elm import document

pytestmark = pytest.mark.django_db


@pytest.fixture
def register(db: None) -> None:
    open_register(("NL", "BE"))
    make_agency(acronym="AQA", names={"en": "Invented Agency"})
    for number in ("DEQARINST5807", "DEQARINST5808"):
        make_issuer(identifiers=[{"scheme": "deqar", "value": number}])


def bring(kind: str, data: bytes, **options: object) -> Report:
    return verify_command(lambda: import_file(kind, data, **options))  # type: ignore[arg-type]


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def as_deqar(*rows: dict[str, str]) -> bytes:
    header = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *([row.get(name, "") for name in header] for row in rows)])
    return text.getvalue().encode()


def test_a_table_of_deqar_is_recorded_with_its_programmes(register: None) -> None:
    joint = {**ROW, **PROGRAMME, "institution[2].deqar_id": "5808", "local_identifier": "A-2"}
    report = bring("deqar-csv", as_deqar(ROW, joint))
    assert not report.refused
    assert dict(report.counts) == {"rows read": 2, "granted": 3, "programmes described": 1}
    programme = str(ProgrammeVersion.objects.get().uid)
    decisions = [str(row.content) for row in AccreditationVersion.objects.all()]
    assert sum(programme in decision for decision in decisions) == 2
    assert sum("joint_programme" in decision for decision in decisions) == 2


def test_one_wrong_row_of_deqar_s_keeps_all_out(register: None) -> None:
    before = size()
    report = bring("deqar-csv", as_deqar(ROW, {**ROW, "institution[1].deqar_id": "DEQARINST9999"}))
    assert report.refused
    assert [problem.column for problem in report.problems if problem.fatal] == ["institution[1]"]
    assert size() == before


def test_columns_that_deqar_does_not_have_are_named(register: None) -> None:
    report = bring("deqar-csv", as_deqar({**ROW, "favourite_colour": "blue"}))
    assert not report.refused
    assert any(problem.column == "favourite_colour" for problem in report.problems)


def test_a_workbook_is_read_as_its_csv_would_be(register: None) -> None:
    header = ["Issuer", "Kind", "Valid from", "EQF level", "Agency"]
    rows = [header, ["deqar:DEQARINST5807", "institutional", "2024-01-01", "6", "AQA"]]
    report = bring("xlsx", as_xlsx(rows))
    assert dict(report.counts) == {"rows read": 1, "granted": 1}


def test_an_unknown_column_of_a_workbook_is_refused_by_name(register: None) -> None:
    rows = [["issuer", "kind", "valid_from", "colour"], ["deqar:DEQARINST5807", "institutional", "2024-01-01", "blue"]]
    with pytest.raises(NotRecognised, match="colour"):
        bring("xlsx", as_xlsx(rows))


def test_an_accreditation_document_registers_the_college_once(register: None) -> None:
    report = bring("elm-xml", document())
    assert dict(report.counts) == {"accreditations read": 1, "registered": 1, "granted": 1}
    again = bring("elm-xml", document())
    assert dict(again.counts) == {"accreditations read": 1, "granted": 1}
    issuers = read_holdings(get_log(settings.ASSAY_ORIGIN).id).issuers.values()
    assert sum("Invented College" in issuer.names.values() for issuer in issuers) == 1


def test_an_agency_that_nobody_recognised_records_nothing(register: None) -> None:
    before = size()
    report = bring("elm-xml", document(agent=""))
    assert report.refused
    assert size() == before
    assert not bring("elm-xml", document(agent=""), agency="AQA").refused
