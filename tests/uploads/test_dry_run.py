"""The dry run: every row judged, the ledger untouched, and the same when it is done again."""

from __future__ import annotations

import pytest
from django.conf import settings

from ledger.reader import get_log
from register.intake.rows import read_problem
from register.uploads import checking, handing_in
from register.uploads.models import CHECKED, FAILED, GOOD, MAPPING, Upload, UploadRow
from register.uploads.naming import name_issuers
from tests.factories import make_agency
from tests.uploads.conftest import Desk, bring
from tests.uploads.tables import HEADER, as_csv, table

pytestmark = pytest.mark.django_db


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def fatal_columns(upload: Upload) -> dict[int, str]:
    rows = upload.rows.filter(outcome="refused").order_by("line")
    return {row.line: next(one["column"] for one in row.problems if one["fatal"]) for row in rows}


def test_of_a_thousand_rows_the_forty_wrong_ones_are_named_with_their_columns(desk: Desk) -> None:
    rows, faults = table(desk.issuers, 1_000, wrong=40)
    before = size()
    upload = bring(desk, as_csv(rows))
    assert upload.state == CHECKED
    assert (upload.total, upload.done) == (1_000, 1_000)
    assert fatal_columns(upload) == faults
    assert upload.rows.filter(outcome__in=GOOD).count() == 960
    assert size() == before


def test_every_refused_row_says_what_to_do(desk: Desk) -> None:
    rows, _ = table(desk.issuers, 10, wrong=10)
    upload = bring(desk, as_csv(rows))
    for row in upload.rows.filter(outcome="refused"):
        assert all(problem["message"] for problem in row.problems), row.line
    told = {row.line: read_problem(row.problems[0]) for row in upload.rows.all()}
    assert "2024-01-01" in told[6].cure
    assert "not recognised" in told[11].message


def test_a_dry_run_done_again_finds_the_same(desk: Desk) -> None:
    rows, _ = table(desk.issuers, 50, wrong=10)
    upload = bring(desk, as_csv(rows))
    first = list(upload.rows.order_by("line").values("line", "outcome", "problems", "remarks"))
    handing_in.begin_run(upload, [CHECKED])
    checking.check(upload.pk, upload.run)
    assert list(upload.rows.order_by("line").values("line", "outcome", "problems", "remarks")) == first


def test_a_dry_run_that_was_overtaken_by_another_stops(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 5)[0]))
    handing_in.begin_run(upload, [CHECKED])
    UploadRow.objects.filter(upload=upload).update(outcome="")
    checking.check(upload.pk, upload.run - 1)
    assert not upload.rows.exclude(outcome="").exists()


def test_rows_that_say_the_same_are_remarked_upon(desk: Desk) -> None:
    rows, _ = table(desk.issuers, 3)
    upload = bring(desk, as_csv([*rows, rows[0]]))
    last = upload.rows.get(line=5)
    assert last.outcome == "remarked"
    assert "line 2 of this file says the same" in [read_problem(problem).message for problem in last.problems]


def test_a_row_that_another_row_of_the_file_makes_impossible_is_refused(desk: Desk) -> None:
    cells = [["College A", "NL", "123456789"], ["College B", "NL", "123456789"]]
    upload = bring(desk, as_csv(cells, ("name_en", "country", "pic")), "issuers.csv")
    assert upload.kind == "issuers"
    assert fatal_columns(upload) == {3: "pic"}
    assert "123456789" in read_problem(upload.rows.get(line=3).problems[0]).message


def test_columns_that_nobody_recognises_wait_for_a_person(desk: Desk) -> None:
    header = ["issuer", "kind", "valid_from", "Wirksamkeit", *HEADER[4:]]
    upload = bring(desk, as_csv(table(desk.issuers, 3)[0], header))
    assert upload.state == MAPPING
    names = [*upload.names]
    assert names[3] == ""
    assert handing_in.map_columns(upload, "accreditations", ["issuer", *names[1:3], "issuer", *names[4:]]) == (
        "twice:issuer",
    )
    names[3] = "valid_until"
    assert handing_in.map_columns(upload, "accreditations", names) == ()
    checking.check(upload.pk, upload.run)
    upload.refresh_from_db()
    assert upload.state == CHECKED
    assert upload.rows.filter(outcome__in=GOOD).count() == 3


def test_another_agency_s_decisions_are_refused_row_by_row(desk: Desk) -> None:
    make_agency(acronym="OTHER")
    rows = [[*table(desk.issuers, 1)[0][0], agency] for agency in ("AQA", "OTHER", "NOBODY")]
    upload = bring(desk, as_csv(rows, (*HEADER, "agency")))
    assert fatal_columns(upload) == {3: "agency", 4: "agency"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"issuer,kind,valid_from\n", "no rows"),
        (b"\x00\x01binary", "binary data"),
        (b"[1, 2]", "list"),
        (b"PK\x03\x04broken", "damaged"),
    ],
)
def test_what_is_no_table_says_so_and_leaves_no_bytes(desk: Desk, data: bytes, said: str) -> None:
    upload = bring(desk, data)
    assert upload.state == FAILED
    assert said in upload.said_trouble
    assert not upload.pieces.exists()


def test_deqar_s_table_is_refused_in_the_column_that_names_the_provider_and_names_the_others(desk: Desk) -> None:
    header = ["agency", "activity_type", "status", "decision", "valid_from", "valid_to", "local_identifier",
              "institution[1].identifier[1]", "institution[1].resource[1]"]  # fmt: skip
    good = ["AQA", "institutional", "1", "positive", "2026-01-01", "2031-12-31", "D-1", desk.issuers[0], "PIC"]
    wrong = [*good[:6], "D-2", "111111111", "PIC"]
    late = [*good[:4], "someday", "2031-12-31", "D-3", desk.issuers[1], "PIC"]
    upload = bring(desk, as_csv([good, wrong, late], header))
    rows = list(upload.rows.order_by("line"))
    assert [row.outcome for row in rows] == ["remarked", "refused", "refused"]
    assert [one["column"] for one in rows[1].problems if one["fatal"]] == ["institution[1].identifier[1]"]
    names = name_issuers(upload, rows)
    assert [[one.text for one in names[row.pk]] for row in rows] == [
        [f"College {desk.issuers[0]}"], [], [f"College {desk.issuers[1]}"],
    ]  # fmt: skip
