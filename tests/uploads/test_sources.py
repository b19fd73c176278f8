"""Sources: what the rules and the payloads object to stands beside the cell that it was read from."""

from __future__ import annotations

import pytest

from register import commands
from register.intake.columns import ACCREDITATIONS, DEQAR, ISSUERS
from register.payloads import EndingTerms
from register.uploads.forms import RowForm
from register.uploads.models import UploadRow
from register.uploads.sources import GRANTED, PROGRAMME, column_of, locate
from tests.factories import OPERATOR
from tests.uploads.conftest import Desk, bring, release
from tests.uploads.tables import HEADER, as_csv, decision

HEAD = ("institution[1].resource[1]", "institution[1].identifier[1]", "agency", "status_id", "decision_id",
        "valid_from", "valid_to", "local_identifier", "programme[1].name_primary", "programme[1].country[1]",
        "programme[2].name_primary", "programme[1].degree_outcome", "programme[1].qf_ehea_level")  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "names", "path", "column"),
    [
        (ACCREDITATIONS, HEADER, "scope.eqf_levels.0", "eqf_levels"),
        (ACCREDITATIONS, HEADER, "report.url", "report_url"),
        (ACCREDITATIONS, HEADER, "report.sha256", "report_sha256"),
        (ACCREDITATIONS, HEADER, "local_identifier", "local_id"),
        (ACCREDITATIONS, HEADER, "contributing_agencies.3", "contributing_agencies"),
        (ACCREDITATIONS, HEADER, "valid_until", "valid_until"),
        (ACCREDITATIONS, ("valid_from", "valid_to"), "valid_until", "valid_to"),
        (ACCREDITATIONS, HEADER, "actor", ""),
        (ACCREDITATIONS, HEADER, "", ""),
        (ISSUERS, ("name_el", "country"), "names.el", "name_el"),
        (ISSUERS, ("name", "country"), "names.und", "name"),
        (ISSUERS, ("name_en", "country"), "names", "name_en"),
        (ISSUERS, ("name", "postcode"), "sites.0", "postcode"),
        (DEQAR, HEAD, "issuer", "institution[1].identifier[1]"),
        (DEQAR, HEAD, "decision", "decision_id"),
        (DEQAR, HEAD, "status", "status_id"),
        (DEQAR, HEAD, "valid_until", "valid_to"),
        (DEQAR, HEAD, "scope.jurisdictions.1", "programme[1].country[1]"),
        (DEQAR, HEAD, "report.url", "file[1].original_location"),
        (DEQAR, HEAD, "actor", ""),
    ],
)
def test_a_field_leads_to_its_column(kind: str, names: tuple[str, ...], path: str, column: str) -> None:
    assert column_of(kind, names, path) == column


def test_of_several_programmes_and_providers_the_one_at_fault_is_named() -> None:
    said = [[PROGRAMME, "a", {}], [PROGRAMME, "b", {}], [GRANTED, "c", {}], [GRANTED, "d", {}]]
    names = (*HEAD, "institution[2].eter_id")
    assert locate(DEQAR, names, said, 1, "titles.und") == "programme[2].name_primary"
    assert locate(DEQAR, names, said, 3, "issuer") == "institution[2].eter_id"
    claims = [["issuer.registered", "a", {"identifiers": [{"scheme": "pic"}, {"scheme": "eter"}]}]]
    assert locate(ISSUERS, ("pic", "eter"), claims, 0, "identifiers.1") == "eter"


def report(issuer: str, **cells: str) -> list[str]:
    row = {"institution[1].resource[1]": "PIC", "institution[1].identifier[1]": issuer, "agency": "AQA",
           "status_id": "1", "decision_id": "1", "valid_from": "2026-01-01", "valid_to": "2031-12-31",
           "programme[1].name_primary": "Harbour Law", "programme[1].degree_outcome": "1",
           "programme[1].qf_ehea_level": "1"} | cells  # fmt: skip
    return [row.get(name, "") for name in HEAD]


def find_field(row: UploadRow) -> str | None:
    """Return the column whose field on the page of the row has what is wrong beside it."""
    upload = row.upload
    (fault,) = (one for one in row.problems if one["fatal"])
    name = RowForm(kind=upload.kind, names=upload.names, cells=row.cells).place_of(fault["column"])
    return upload.names[int(name.removeprefix("cell-"))] if name else None


@pytest.mark.django_db
def test_what_is_wrong_in_deqar_s_table_stands_beside_its_cell(desk: Desk) -> None:
    rows = {
        "institution[1].identifier[1]": report("111111111"),
        "valid_from": report(desk.issuers[1], valid_from="2014-12-31"),  # before the agency was recognised
        "programme[1].country[1]": report(desk.issuers[2], **{"programme[1].country[1]": "DE"}),
        "programme[2].name_primary": report(desk.issuers[3], **{"programme[2].name_primary": "x" * 501}),
        "local_identifier": report(desk.issuers[4], local_identifier="x" * 501),
        "decision_id": report(desk.issuers[5], decision_id="9"),
        "status_id": report(desk.issuers[6], status_id="9"),
    }
    upload = bring(desk, as_csv([*rows.values(), report(desk.issuers[7])], HEAD))
    found = [find_field(row) for row in upload.rows.filter(outcome="refused").order_by("line")]
    assert found == list(rows)


@pytest.mark.django_db
def test_what_a_payload_refuses_stands_beside_its_cell(desk: Desk) -> None:
    row = decision(desk.issuers[0], 1)
    row[HEADER.index("local_id")] = "x" * 501
    upload = bring(desk, as_csv([row]))
    assert find_field(upload.rows.get()) == "local_id"


@pytest.mark.django_db
def test_what_is_refused_by_the_time_it_is_published_stands_beside_its_cell(desk: Desk) -> None:
    upload = bring(desk, as_csv([report(desk.issuers[0]), report(desk.issuers[1])], HEAD))
    terms = upload.rows.get(line=3).said[-1][2]
    closing = EndingTerms.model_validate({"effective_from": "2026-01-01", "reason": "institution_closed"})
    commands.close_issuer(terms["issuer"], closing, actor=OPERATOR)
    release(desk, upload)
    refused = upload.rows.get(outcome="refused")
    assert (refused.line, find_field(refused)) == (3, "institution[1].identifier[1]")
