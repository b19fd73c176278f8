"""Annotated files: the same format, each row with its outcome, nothing in them that acts, good to hand in again."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.test import Client

from register.intake.grids import read_grid
from register.uploads import checking, handing_in, mending, publishing, sweeping
from register.uploads.annotated import write_annotated
from register.uploads.left_behind import hand_in_again
from register.uploads.models import Upload
from tests.people import sign_in
from tests.register.intake.grids.test_grids import as_json, as_ods, as_xlsx
from tests.uploads.conftest import Desk, bring, release
from tests.uploads.tables import HEADER, Cells, as_csv, table

pytestmark = pytest.mark.django_db

EVIL = ["=HYPERLINK(\"http://evil.example\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1+1", "＝1+1"]  # fmt: skip


def as_csv_table(rows: list[list[str]]) -> bytes:
    return as_csv(rows[1:], rows[0])


def rows_with_formulas(desk: Desk) -> list[Cells]:
    rows, _ = table(desk.issuers, len(EVIL))
    for row, text in zip(rows, EVIL, strict=True):
        row[7] = text
    return rows


@pytest.mark.parametrize("write", [as_xlsx, as_ods, as_json])
def test_a_file_comes_back_in_its_format_and_goes_in_again(desk: Desk, write: object) -> None:
    rows, _ = table(desk.issuers, 20, wrong=2)
    upload = bring(desk, write([list(HEADER), *rows]))  # type: ignore[operator]
    again = read_grid(write_annotated(upload))
    assert again.format == upload.format
    assert [cells[: len(HEADER)] for _, cells in again.rows] == [tuple(row) for row in rows]
    assert [cells[-2] for _, cells in again.rows].count("refused") == 2
    second = bring(desk, write_annotated(upload))
    assert second.state == "checked"
    assert second.rows.filter(outcome="refused").count() == 2


def test_csv_holds_nothing_that_a_spreadsheet_computes(desk: Desk) -> None:
    upload = bring(desk, as_csv(rows_with_formulas(desk)))
    lines = read_grid(write_annotated(upload)).rows
    acting = ("=", "+", "-", "@", "\t", "＝")
    defused = [cells[7] for _, cells in lines]
    assert [text.replace("'", "") for text in defused] == EVIL, "they are there, as texts"
    assert all(not cell.lstrip(" ").startswith(acting) for _, cells in lines for cell in cells)


def test_what_was_defused_is_the_same_when_it_comes_again(desk: Desk) -> None:
    first = bring(desk, as_csv(rows_with_formulas(desk)))
    second = bring(desk, write_annotated(first))
    said = [[row.said[0][2].get("local_identifier") for row in one.rows.order_by("line")] for one in (first, second)]
    assert said[0] == said[1]


def test_workbooks_hold_texts_where_formulas_were_written(desk: Desk) -> None:
    upload = bring(desk, as_xlsx([list(HEADER), *rows_with_formulas(desk)]))
    grid = read_grid(write_annotated(upload))
    assert grid.notes == ()
    assert [cells[7] for _, cells in grid.rows][:4] == EVIL[:4]


def test_only_faulty_rows_can_be_asked_for(client: Client, desk: Desk) -> None:
    rows, faults = table(desk.issuers, 20, wrong=2)
    for row in rows:
        row[8] = ""
    upload = bring(desk, as_json([list(HEADER), *rows]))
    upload.rows.exclude(outcome="refused").update(outcome="valid")
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    answer = client.get(f"/desk/imports/{upload.pk}/annotated?rows=faulty")
    assert answer["Content-Disposition"] == 'attachment; filename="decisions-annotated.json"'
    assert len(json.loads(answer.content)) == len(faults)


def test_rows_that_stayed_behind_come_back_and_go_in_again_once_mended(client: Client, desk: Desk) -> None:
    rows, _ = table(desk.issuers, 20, wrong=2)
    upload = release(desk, bring(desk, as_csv(rows)), partial=True)
    sign_in(client, "agency", desk.agency, email=desk.officer.email)
    page = client.get(f"/desk/imports/{upload.pk}").content.decode()
    assert "Download the 2 rows left behind" in page
    left = read_grid(client.get(f"/desk/imports/{upload.pk}/annotated").content)
    assert [cells[: len(HEADER)] for _, cells in left.rows] == [tuple(rows[0]), tuple(rows[10])]
    assert all("issuer: " in cells[-1] for _, cells in left.rows)
    mended = [[desk.issuers[30], *cells[1:]] for _, cells in left.rows]
    second = release(desk, bring(desk, as_csv(mended, left.header), "left.csv"))
    assert (second.written, second.rows.filter(index=None).count()) == (2, 0)
    assert "left behind" not in client.get(f"/desk/imports/{second.pk}").content.decode()
    assert client.get(f"/desk/imports/{second.pk}/annotated").status_code == 404


def test_rows_that_stayed_behind_are_gone_with_the_others_once_they_are_old(client: Client, desk: Desk) -> None:
    upload = release(desk, bring(desk, as_csv(table(desk.issuers, 4, wrong=1)[0])), partial=True)
    Upload.objects.filter(pk=upload.pk).update(changed=upload.changed - 2 * sweeping.KEPT)
    sweeping.forget_old()
    sign_in(client, "agency", desk.agency, email=desk.officer.email)
    assert "left behind" not in client.get(f"/desk/imports/{upload.pk}").content.decode()
    assert client.get(f"/desk/imports/{upload.pk}/annotated").status_code == 404


@pytest.mark.parametrize("write", [as_csv_table, as_xlsx, as_ods, as_json])
def test_what_was_said_of_the_columns_holds_for_the_rows_that_stayed_behind(
    desk: Desk, write: Callable[[list[list[str]]], bytes]
) -> None:
    header = [*HEADER[:3], "Wirksamkeit", *HEADER[4:]]
    upload = bring(desk, write([header, *table(desk.issuers, 20, wrong=2)[0]]))
    assert handing_in.map_columns(upload, "accreditations", HEADER) == ()
    for _ in range(2):  # from what stayed behind rows may stay behind again
        checking.check(upload.pk, upload.run)
        upload.refresh_from_db()
        release(desk, upload, partial=True)
        upload = hand_in_again(desk.officer, upload)
        assert handing_in.read(upload.pk), "it is tried at once"
        upload.refresh_from_db()
        assert (upload.kind, upload.names[:-2]) == ("accreditations", list(HEADER))
        checking.check(upload.pk, upload.run)
        mending.mend(upload, upload.rows.earliest("line"), table(desk.issuers, 1)[0][0])
    assert upload.total == 1


@pytest.mark.parametrize("write", [as_csv_table, as_xlsx, as_ods, as_json])
def test_rows_that_stayed_behind_are_handed_in_once(desk: Desk, write: Callable[[list[list[str]]], bytes]) -> None:
    rows = [list(HEADER), *table(desk.issuers, 4, wrong=1)[0]]
    upload = release(desk, bring(desk, write(rows)), partial=True)
    first = hand_in_again(desk.officer, upload)
    assert hand_in_again(desk.approver, upload) == first
    publishing.discard(desk.officer, first)
    assert hand_in_again(desk.officer, upload) != first
