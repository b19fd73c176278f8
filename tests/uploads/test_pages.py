"""Pages of bulk intake: from the file to its entries in a browser without JavaScript, and who may do what."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import trans_real

from ledger.reader import read_entry
from ledger.tlog import canonical
from register.uploads import checking, handing_in, mending, publishing, tasks
from register.uploads.models import CHECKED, LEFT_OUT, PUBLISHED, REFUSED, REMARKED, Upload, UploadRow
from tests.people import sign_in
from tests.uploads.conftest import Desk, bring, open_desk, release
from tests.uploads.tables import HEADER, as_csv, table

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object) -> list[tuple[str, str, int]]:
    """Instead of a broker: what was queued."""
    queued: list[tuple[str, str, int]] = []
    monkeypatch.setattr(tasks, "go_on", lambda task, upload, run: queued.append((task, upload, run)))
    return queued


def officer(client: Client, desk: Desk) -> Client:
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    return client


def approver(desk: Desk) -> Client:
    client = Client()
    sign_in(client, "agency", desk.agency, approves=True, email="approver@agency.example")
    return client


def test_a_refused_row_is_told_in_the_language_of_who_reads_it_and_its_cell_is_isolated(
    client: Client, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer(client, desk)
    rows, _ = table(desk.issuers, 3)
    rows[0][HEADER.index("valid_from")] = "<b>gestern</b>"
    upload = bring(desk, as_csv(rows))
    UploadRow.objects.filter(upload=upload, line=3).update(
        outcome="refused",
        problems=[{"column": "kind", "value": "", "message": "an old {text}", "cure": "Do it.", "fatal": True}],
    )
    for template, translated in {
        "expected a date, got {got}": "Datum erwartet, nicht {got}",
        "Write the date as yyyy-mm-dd.": "Schreiben Sie das Datum als JJJJ-MM-TT.",
    }.items():
        monkeypatch.setitem(trans_real.translation("de")._catalog._catalogs[0], template, translated)  # type: ignore[attr-defined]
    page = client.get(f"/desk/imports/{upload.pk}", headers={"Accept-Language": "de"}).content.decode()
    cell = "<bdi>&#x27;&lt;b&gt;gestern&lt;/b&gt;&#x27;</bdi>"
    assert f"Datum erwartet, nicht {cell}. Schreiben Sie das Datum als JJJJ-MM-TT." in page
    assert '<bdi lang="en">an old {text}</bdi>. <bdi lang="en">Do it.</bdi>' in page
    mending = client.get(f"/desk/imports/{upload.pk}/rows/2", headers={"Accept-Language": "de"}).content.decode()
    assert f"Datum erwartet, nicht {cell}" in mending
    annotated = client.get(f"/desk/imports/{upload.pk}/annotated", headers={"Accept-Language": "de"}).content
    assert "valid_from: Datum erwartet, nicht '<b>gestern</b>'. Schreiben" in annotated.decode("utf-8-sig")


def hand_in(client: Client, data: bytes, name: str = "decisions.csv") -> Upload:
    answer = client.post("/desk/imports", {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 303, answer.content.decode()
    upload = Upload.objects.latest("created")
    assert answer["Location"] == f"/desk/imports/{upload.pk}"
    return upload


def work(upload: Upload) -> None:
    """Do what the worker would do by now."""
    if handing_in.read(upload.pk):
        upload.refresh_from_db()
    checking.check(upload.pk, Upload.objects.get(pk=upload.pk).run)
    publishing.publish(upload.pk)
    upload.refresh_from_db()


def step(client: Client, upload: Upload, name: str, **fields: str) -> int:
    digest = publishing.digest_of(upload)
    return client.post(f"/desk/imports/{upload.pk}/step", {"step": name, "digest": digest, **fields}).status_code


def test_a_file_is_handed_in_mended_and_published(client: Client, desk: Desk) -> None:
    officer(client, desk)
    upload = hand_in(client, as_csv(table(desk.issuers, 30, wrong=1)[0]))
    waiting = client.get(f"/desk/imports/{upload.pk}").content.decode()
    assert 'http-equiv="refresh"' in waiting
    work(upload)
    page = client.get(f"/desk/imports/{upload.pk}").content.decode()
    assert "no issuer of this register has this identifier" in page
    assert "Hand 29 rows to a second person" in page
    assert f'href="/desk/imports/{upload.pk}/rows/2">Mend one after the other' in page
    row = client.get(f"/desk/imports/{upload.pk}/rows/2").content.decode()
    assert 'value="pic:111111111"' in row
    cells = {f"cell-{place}": cell for place, cell in enumerate(upload.rows.get(line=2).cells)}
    wrong = client.post(f"/desk/imports/{upload.pk}/rows/2", {"step": "mend", **cells, "cell-2": "someday"})
    assert wrong.status_code == 422
    assert "expected a date" in wrong.content.decode()
    mended = client.post(f"/desk/imports/{upload.pk}/rows/2", {"step": "mend", **cells, "cell-0": desk.issuers[3]})
    assert mended.status_code == 303
    assert step(client, upload, "publish") == 303
    work(upload)
    assert upload.state == PUBLISHED
    done = client.get(f"/desk/imports/{upload.pk}").content.decode()
    assert "30 entries are on record" in done


def test_what_waits_is_approved_by_another_person(client: Client, desk: Desk) -> None:
    officer(client, desk)
    upload = hand_in(client, as_csv(table(desk.issuers, 30, wrong=3)[0]))
    work(upload)
    assert step(client, upload, "publish") == 409
    assert step(client, upload, "publish", partial="1") == 303
    assert step(client, upload, "approve") == 403
    second = approver(desk)
    assert "Approve and publish" in second.get(f"/desk/imports/{upload.pk}").content.decode()
    assert second.post(f"/desk/imports/{upload.pk}/step", {"step": "approve", "digest": "0" * 64}).status_code == 409
    assert step(second, upload, "approve") == 303
    work(upload)
    assert upload.written == 27


def test_columns_are_told_by_hand(client: Client, desk: Desk) -> None:
    officer(client, desk)
    header = ["issuer", "kind", "valid_from", "Wirksamkeit", *HEADER[4:]]
    upload = hand_in(client, as_csv(table(desk.issuers, 2)[0], header))
    work(upload)
    assert client.get(f"/desk/imports/{upload.pk}")["Location"].endswith("/columns")
    page = client.get(f"/desk/imports/{upload.pk}/columns").content.decode()
    assert "Wirksamkeit" in page
    assert "Not recognised." in page
    told = {f"column-{place}": name for place, name in enumerate(HEADER)}
    refused = client.post(f"/desk/imports/{upload.pk}/columns", {"kind": "accreditations", **told, "column-0": "-"})
    assert refused.status_code == 422
    assert "“Issuer”, which is needed" in refused.content.decode()
    unsaid = client.post(f"/desk/imports/{upload.pk}/columns", {"kind": "accreditations", **told, "column-3": ""})
    assert (unsaid.status_code, "leave it out." in unsaid.content.decode()) == (422, True)
    assert client.post(f"/desk/imports/{upload.pk}/columns", {"kind": "accreditations", **told}).status_code == 303
    work(upload)
    assert upload.rows.filter(outcome="remarked").count() == 2


DEQAR_HEADER = ("institution[1].resource[1]", "institution[1].identifier[1]", "agency", "activity_type", "status",
                "decision", "valid_from", "valid_to", "local_identifier")  # fmt: skip


def test_columns_of_deqar_are_told_by_hand(client: Client, desk: Desk) -> None:
    officer(client, desk)
    named = {"institution[1].identifier[1]": "PIC of the provider", "valid_from": "Valid from date"}
    header = [named.get(name, name) for name in DEQAR_HEADER]
    row = ["PIC", desk.issuers[0], "AQA", "institutional", "1", "positive", "2026-01-01", "2031-12-31", "D-1"]
    upload = hand_in(client, as_csv([row], header))
    work(upload)
    page = client.get(f"/desk/imports/{upload.pk}/columns").content.decode()
    assert '<option value="valid_from">valid_from *</option>' in page
    assert '<optgroup label="institution[2]">' in page
    assert '<option value="programme[1].name_primary">' in page
    told = {f"column-{place}": name for place, name in enumerate(DEQAR_HEADER)} | {
        "kind": "deqar",
        "column-1": "institution[1].identifier",
    }
    lacking = client.post(f"/desk/imports/{upload.pk}/columns", told | {"column-6": "-"})
    assert (lacking.status_code, "“valid_from”, which is needed" in lacking.content.decode()) == (422, True)
    assert client.post(f"/desk/imports/{upload.pk}/columns", told).status_code == 303
    work(upload)
    assert upload.rows.get().outcome == REMARKED
    again = client.get(f"/desk/imports/{upload.pk}/columns").content.decode()
    assert again.count('<option value="institution[1].identifier[1]" selected>') == 0
    assert again.count(" selected>") == len(DEQAR_HEADER) + 1


def test_a_table_of_deqar_with_a_thousand_columns_has_a_page(client: Client, desk: Desk) -> None:
    officer(client, desk)
    header = [*DEQAR_HEADER, *(f"programme[{n}].name_primary" for n in range(1, 400)), *(f"x{n}" for n in range(500))]
    upload = hand_in(client, as_csv([["x"] * len(header)], header))
    work(upload)
    page = client.get(f"/desk/imports/{upload.pk}/columns").content.decode()
    assert '<option value="programme[399].name_primary" selected>' in page
    assert page.count("<option") < 100 * len(header)


def test_a_name_in_a_language_that_is_not_offered_stays_what_was_recognised(client: Client, desk: Desk) -> None:
    officer(client, desk)
    upload = hand_in(client, as_csv([["Högskolan", "SE", "x"]], ["name_sv", "country", "Färg"]), "issuers.csv")
    work(upload)
    page = client.get(f"/desk/imports/{upload.pk}/columns").content.decode()
    assert '<option value="name_sv" selected>Name (Swedish)</option>' in page


def test_a_term_that_is_in_no_list_says_which_are_and_no_address_of_programs(client: Client, desk: Desk) -> None:
    officer(client, desk)
    row = [*table(desk.issuers, 1)[0][0], "bachelor-degree|mastr-degree|zzzzzz"]
    upload = bring(desk, as_csv([row], (*HEADER, "credential_types")))
    page = client.get(f"/desk/imports/{upload.pk}/rows/2").content.decode()
    assert "Did you mean <bdi>master-degree" in page
    assert "<code>bachelor-degree</code>" in page
    assert "/api/" not in page[page.index("<main") : page.index("</main")]


def test_rows_that_stayed_behind_are_mended_as_an_import_of_their_own(client: Client, desk: Desk) -> None:
    officer(client, desk)
    first = release(desk, bring(desk, as_csv(table(desk.issuers, 20, wrong=2)[0])), partial=True)
    page = client.get(f"/desk/imports/{first.pk}").content.decode()
    assert "2 refused rows stayed behind" in page
    assert "?rows=refused#rows" in page
    assert step(client, first, "mend_left") == 303
    second = Upload.objects.latest("created")
    work(second)
    assert (second.name, second.total, second.state) == ("decisions-annotated.csv", 2, CHECKED)
    for line in (2, 3):
        cells = {f"cell-{place}": cell for place, cell in enumerate(second.rows.get(line=line).cells)}
        client.post(f"/desk/imports/{second.pk}/rows/{line}", {"step": "mend", **cells, "cell-0": desk.issuers[40]})
    assert step(client, second, "publish") == 303
    work(second)
    assert (second.state, second.written) == (PUBLISHED, 2)
    assert step(client, second, "mend_left") == 409
    assert step(client, bring(desk, as_csv(table(desk.issuers, 3, wrong=1)[0])), "mend_left") == 409


def test_all_that_is_wrong_with_a_cell_stands_beside_it(client: Client, desk: Desk) -> None:
    officer(client, desk)
    row = table(desk.issuers, 1)[0][0]
    row[HEADER.index("eqf_levels")] = "11|12"
    upload = bring(desk, as_csv([row]))
    page = client.get(f"/desk/imports/{upload.pk}/rows/2").content.decode()
    beside = page[page.index('<p class="wrong"') :].partition("</p>")[0]
    assert all(f"got '{level}'" in re.sub("<[^>]*>", "", html.unescape(beside)) for level in ("11", "12"))


def test_the_same_file_again_is_published_only_when_it_is_meant(client: Client, desk: Desk) -> None:
    officer(client, desk)
    data = as_csv(table(desk.issuers, 2)[0])
    first = hand_in(client, data)
    work(first)
    step(client, first, "publish")
    work(first)
    second = hand_in(client, data)
    work(second)
    assert "This very file was handed in before" in client.get(f"/desk/imports/{second.pk}").content.decode()
    assert step(client, second, "publish") == 400
    assert step(client, second, "publish", again="1") == 303


def test_another_organisation_s_file_is_not_there(client: Client, desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    sign_in(client, "agency", "0197e2c4-0000-7000-8000-000000000009", approves=True, email="stranger@other.example")
    for rest in ("", "/progress", "/annotated", "/columns", "/rows/2"):
        assert client.get(f"/desk/imports/{upload.pk}{rest}").status_code == 404, rest
    assert step(client, upload, "discard") == 404


@pytest.mark.parametrize("role", ["issuer", "auditor"])
def test_only_agencies_and_operators_import(client: Client, desk: Desk, role: str) -> None:
    sign_in(client, role, "0197e2c4-0000-7000-8000-000000000009" if role == "issuer" else "")
    assert client.get("/desk/imports").status_code == 403
    assert client.get("/desk/remarks").status_code == 403


def test_nobody_without_a_session_gets_in(client: Client, desk: Desk) -> None:
    assert client.get("/desk/imports")["Location"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "The file is empty."),
        ("a.pdf", b"%PDF-1.7", "a PDF file"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "before 2007"),
    ],
)
def test_what_is_no_table_is_refused_beside_its_field(
    client: Client, desk: Desk, name: str, data: bytes, said: str
) -> None:
    answer = officer(client, desk).post("/desk/imports", {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Upload.objects.exists()


def test_progress_is_told_to_scripts(client: Client, desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 7)[0]))
    told = officer(client, desk).get(f"/desk/imports/{upload.pk}/progress").json()
    assert told == {"state": "checked", "done": 7, "total": 7, "at_work": False}


def test_queries_of_a_page_do_not_grow_with_the_rows(client: Client, desk: Desk) -> None:
    officer(client, desk)
    taken = []
    for number in (3, 60):
        upload = bring(desk, as_csv(table(desk.issuers, number)[0]))
        client.get(f"/desk/imports/{upload.pk}")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/desk/imports/{upload.pk}?rows=all")
        taken.append(len(queries))
    assert taken[0] == taken[1]


def test_rows_are_named_by_their_issuers_whether_or_not_they_are_refused(client: Client, desk: Desk) -> None:
    officer(client, desk)
    rows, _ = table(desk.issuers, 3)
    rows[0][HEADER.index("kind")] = "wrong"
    rows[1][HEADER.index("issuer")] = "pic:111111111"
    upload = bring(desk, as_csv(rows))
    page = client.get(f"/desk/imports/{upload.pk}?rows=all").content.decode()
    named = [f"College {pic}" in page for pic in desk.issuers[:3]]
    assert named == [True, False, True]
    row = client.get(f"/desk/imports/{upload.pk}/rows/2").content.decode()
    assert f"College {desk.issuers[0]}" in row
    assert '<option value="institutional">' in row
    for line in (2, 3):
        mending.leave_out(upload, upload.rows.get(line=line))
    release(desk, upload)
    done = client.get(f"/desk/imports/{upload.pk}").content.decode()
    assert f"College {desk.issuers[2]}" in done


def test_names_of_issuers_do_not_grow_the_queries_of_a_published_file(client: Client, desk: Desk) -> None:
    officer(client, desk)
    taken = []
    for number in (2, 20):
        upload = release(desk, bring(desk, as_csv(table(desk.issuers, number)[0])))
        client.get(f"/desk/imports/{upload.pk}")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/desk/imports/{upload.pk}")
        taken.append(len(queries))
    assert taken[0] == taken[1]


def test_a_second_person_is_shown_the_rows_that_would_go_on_record(client: Client, desk: Desk) -> None:
    officer(client, desk)
    upload = hand_in(client, as_csv(table(desk.issuers, 10, wrong=2)[0]))
    work(upload)
    assert '/rows/2">Mend<' in client.get(f"/desk/imports/{upload.pk}").content.decode()
    step(client, upload, "publish", partial="1")
    page = approver(desk).get(f"/desk/imports/{upload.pk}").content.decode()
    shown = page[page.index('class="tabs"') :]
    assert 'aria-current="page">With a remark' in shown
    assert "expected" not in shown


def test_a_colleague_s_file_is_discarded_only_with_a_reason(client: Client, desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    second = approver(desk)
    assert 'name="reason"' in second.get(f"/desk/imports/{upload.pk}").content.decode()
    assert step(second, upload, "discard") == 400
    assert step(second, upload, "discard", reason="It is last year’s list.") == 303
    page = officer(client, desk).get(f"/desk/imports/{upload.pk}").content.decode()
    assert "approver@agency.example discarded it:" in page
    assert "It is last year’s list." in page


def test_what_waits_is_shown_row_by_row_in_words_and_as_the_bytes_that_are_then_written(
    client: Client, desk: Desk
) -> None:
    officer(client, desk)
    upload = hand_in(client, as_csv(table(desk.issuers, 6, wrong=1)[0]))
    work(upload)
    step(client, upload, "publish", partial="1")
    second = approver(desk)
    page = second.get(f"/desk/imports/{upload.pk}").content.decode()
    for pic in desk.issuers[1:6]:
        assert f"College {pic}</bdi> by <bdi" in page
    assert page.count("from 1 May 2026 to 30 April 2031") == 5
    assert f'href="/desk/imports/{upload.pk}/rows/3"' in page
    row = second.get(f"/desk/imports/{upload.pk}/rows/3").content.decode()
    assert "Reference of the agency</dt><dd>A-1" in row
    assert "EQF" in row
    assert 'value="mend"' not in row
    assert 'value="leave_out"' not in row
    assert f'rel="prev" href="/desk/imports/{upload.pk}/rows/2"' not in row
    assert f'rel="next" href="/desk/imports/{upload.pk}/rows/4"' in row
    shown = html.unescape(row.split('<pre class="bytes" tabindex="0">')[1].split("</pre>")[0])
    for wanted in ("mend", "leave_out", "take_in"):
        assert second.post(f"/desk/imports/{upload.pk}/rows/3", {"step": wanted}).status_code == 409, wanted
    step(second, upload, "approve")
    work(upload)
    index = upload.rows.get(line=3).index
    assert index is not None
    assert canonical.encode(json.loads(read_entry(settings.ASSAY_ORIGIN, index))["data"]).decode() == shown
    assert second.get(f"/desk/imports/{upload.pk}/rows/3").status_code == 404


def test_a_tried_row_says_what_it_would_record_and_one_that_is_refused_or_left_out_nothing(
    client: Client, desk: Desk
) -> None:
    officer(client, desk)
    upload = bring(desk, as_csv(table(desk.issuers, 4, wrong=1)[0]))
    mending.leave_out(upload, upload.rows.get(line=4))
    shown = [client.get(f"/desk/imports/{upload.pk}/rows/{line}").content.decode() for line in (2, 3, 4)]
    assert ["What will be recorded" in page for page in shown] == [False, True, False]
    assert 'value="mend"' in shown[1]


def test_a_new_issuer_is_told_by_its_names_before_it_is_there(client: Client, desk: Desk) -> None:
    officer(client, desk)
    header, row = (
        ("country", "name_en", "city", "website"),
        ["NL", "Harbour <b>College</b>", "Delft", "https://h.example"],
    )
    upload = bring(desk, as_csv([row], header), "issuers.csv")
    page = client.get(f"/desk/imports/{upload.pk}/rows/2").content.decode()
    said = page[page.index('id="said"') : page.index("The bytes that go on the ledger")]
    assert "Issuer registered" in said
    assert "Harbour &lt;b&gt;College&lt;/b&gt;</bdi>, Netherlands." in said
    assert "Delft" in said


def test_queries_of_rows_that_wait_do_not_grow_with_them(client: Client, desk: Desk) -> None:
    taken = []
    second = approver(desk)
    for number in (2, 20):
        upload = bring(desk, as_csv(table(desk.issuers, number)[0]))
        Upload.objects.filter(pk=upload.pk).update(state="waiting")
        second.get(f"/desk/imports/{upload.pk}")
        with CaptureQueriesContext(connection) as queries:
            second.get(f"/desk/imports/{upload.pk}")
        taken.append(len(queries))
    assert taken[0] == taken[1]


@pytest.mark.parametrize(("state", "offered"), [("reading", True), ("checking", True), ("publishing", False)])
def test_a_file_can_be_discarded_while_it_is_tried_and_not_while_it_is_published(
    client: Client, desk: Desk, state: str, offered: bool
) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    Upload.objects.filter(pk=upload.pk).update(state=state)
    page = officer(client, desk).get(f"/desk/imports/{upload.pk}").content.decode()
    assert ('value="discard"' in page) == offered
    assert step(client, upload, "discard") == (303 if offered else 409)
    assert upload.rows.exists() != offered


def test_a_page_that_loads_itself_again_can_be_held(client: Client, desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    Upload.objects.filter(pk=upload.pk).update(state="checking")
    officer(client, desk)
    assert 'href="?still=1"' in client.get(f"/desk/imports/{upload.pk}").content.decode()
    assert 'http-equiv="refresh"' not in client.get(f"/desk/imports/{upload.pk}?still=1").content.decode()


def test_columns_say_why_a_file_came_back_to_them_and_it_can_be_discarded_there(client: Client, desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    Upload.objects.filter(pk=upload.pk).update(state="mapping", trouble="It was broken off.")
    page = officer(client, desk).get(f"/desk/imports/{upload.pk}/columns").content.decode()
    assert "It was broken off." in page
    assert step(client, upload, "discard") == 303


@pytest.mark.django_db(transaction=True)
def test_rows_are_left_out_and_taken_in_again_where_no_transaction_is_open(
    client: Client, transactional_db: None
) -> None:
    desk = open_desk()
    upload = bring(desk, as_csv(table(desk.issuers, 3, wrong=1)[0]))
    officer(client, desk)
    path = f"/desk/imports/{upload.pk}/rows/2"
    assert client.post(path, {"step": "leave_out"}).status_code == 303
    assert upload.rows.get(line=2).outcome == LEFT_OUT
    assert client.post(path, {"step": "take_in"}).status_code == 303
    assert upload.rows.get(line=2).outcome == REFUSED


def test_rows_are_paged(client: Client, desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 35)[0]))
    officer(client, desk)
    first = client.get(f"/desk/imports/{upload.pk}?rows=all").content.decode()
    assert "?rows=all&amp;after=26" in first
    second = client.get(f"/desk/imports/{upload.pk}?rows=all&after=26").content.decode()
    assert second.count("/rows/") == 10
    assert client.get(f"/desk/imports/{upload.pk}?after=x").status_code == 400
