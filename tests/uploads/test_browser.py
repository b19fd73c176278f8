"""Bulk intake in headless Chromium: a thousand rows as an officer walks them, by the keyboard alone.

Every state of its pages is accessible and narrow enough, in both schemes.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from ledger import publish
from register.models import AccreditationVersion
from register.uploads import checking, handing_in, publishing, standing, tasks
from register.uploads.models import Upload
from tests.desk.test_browser import check, enter, press, tab_to
from tests.people import sign_in
from tests.site.test_browser import CHROMIUM
from tests.uploads.conftest import Desk, bring, open_desk, release
from tests.uploads.tables import HEADER, as_csv, table

pytestmark = pytest.mark.browser

ROWS, WRONG = 1_000, 40


@pytest.fixture
def desk(live_server: LiveServer) -> Desk:
    """A register whose decisions are looked at for remarks, all signed."""
    made = open_desk()
    release(made, bring(made, as_csv(table(made.issuers, 3)[0]), "earlier.csv"))
    standing.catch_up()
    publish.cover(settings.ASSAY_ORIGIN)
    return made


@pytest.fixture
def browser(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """The test does what a worker would do; the pages notice it by themselves."""
    monkeypatch.setattr(tasks, "go_on", lambda task, upload, run: None)
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def officer(desk: Desk, browser: Browser, live_server: LiveServer, client: Client) -> Page:
    """A page of the agency's officer."""
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    return enter(browser, live_server, client)


@pytest.fixture
def approver(desk: Desk, browser: Browser, live_server: LiveServer) -> Page:
    """A dark page of the one who approves."""
    client = Client()
    sign_in(client, "agency", desk.agency, approves=True, email="approver@agency.example")
    return enter(browser, live_server, client, scheme="dark")


def hand_in(page: Page, server: LiveServer, data: bytes, name: str) -> Upload:
    """Hand a file in by the form."""
    page.goto(f"{server.url}/desk/imports")
    page.set_input_files("#id_file", {"name": name, "mimeType": "text/csv", "buffer": data})
    press(page, "main form.card button")
    page.wait_for_url("**/desk/imports/*-*")
    return Upload.objects.latest("created")


def work(upload: Upload) -> None:
    """Do what the worker would do by now."""
    if handing_in.read(upload.pk):
        upload.refresh_from_db()
    checking.check(upload.pk, Upload.objects.get(pk=upload.pk).run)
    publishing.publish(upload.pk)
    upload.refresh_from_db()


def mend(page: Page, line: int, place: int, cell: str) -> None:
    """Mend the row that is shown: from the summary, which has the focus, to the cell, and on to the next row."""
    page.wait_for_url(f"**/rows/{line}")
    assert page.evaluate("document.activeElement.matches('.errors')")
    press(page, f".errors a[href='#id_cell-{place}']")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(cell)
    page.keyboard.press("Enter")


def test_a_thousand_rows_with_forty_wrong_are_mended_and_published_by_two(
    desk: Desk, officer: Page, approver: Page, live_server: LiveServer
) -> None:
    rows, faults = table(desk.issuers, ROWS, WRONG)
    upload = hand_in(officer, live_server, as_csv(rows), "decisions.csv")
    check(officer, "being read")
    work(upload)
    officer.wait_for_selector("text=Hand 960 rows to a second person")
    assert officer.locator("tr.bad").count() <= WRONG
    assert "40" in officer.inner_text(".tabs a[aria-current]")
    check(officer, "tried")
    lines = sorted(faults)
    press(officer, f"a[href$='/rows/{lines[0]}']")
    mend(officer, lines[0], 0, desk.issuers[3])
    mend(officer, lines[1], 0, desk.issuers[4])
    mend(officer, lines[2], 1, "institutional")
    officer.wait_for_url(f"**/rows/{lines[3]}")
    check(officer, "row")
    press(officer, f"main a.btn[href='/desk/imports/{upload.pk}']")
    officer.wait_for_selector("text=Hand 963 rows to a second person")
    press(officer, "form:has([value=publish]) button")
    officer.wait_for_selector("text=It waits for a second person.")
    check(officer, "waiting for somebody else")
    with officer.expect_download() as download:
        press(officer, "a[href$='annotated?rows=faulty']")
    assert {line: column for line, column in faults.items() if line in lines[3:]} == read_refused(download.value.path())
    approver.goto(f"{live_server.url}/desk")
    press(approver, f".hits a[href='/desk/imports/{upload.pk}']")
    approver.wait_for_selector("text=A colleague asks you to look at this.")
    check(approver, "to be approved")
    press(approver, ".discard > summary")
    check(approver, "why it is discarded")
    approver.reload()  # the way on from there leads past all rows
    press(approver, "form:has([value=approve]) button")
    approver.wait_for_selector("text=The rows are being published")
    check(approver, "being published")
    before = AccreditationVersion.objects.count()
    work(upload)
    approver.wait_for_selector("text=963 entries are on record")
    check(approver, "published")
    assert AccreditationVersion.objects.count() - before == 963


def read_refused(path: Path) -> dict[int, str]:
    """Return the line and the column at fault of each row of an annotated file that was refused."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["assay_status"] == "refused"]
    return {int(row["local_id"].removeprefix("A-")) + 2: row["assay_remarks"].partition(":")[0] for row in rows}


def test_columns_are_told_by_the_keyboard(desk: Desk, officer: Page, live_server: LiveServer) -> None:
    header = ["issuer", "kind", "valid_from", "Wirksamkeit", *HEADER[4:]]
    upload = hand_in(officer, live_server, as_csv(table(desk.issuers, 2)[0], header), "columns.csv")
    work(upload)
    officer.wait_for_url("**/columns")
    check(officer, "columns")
    press(officer, "main form.card button")
    officer.wait_for_selector(".errors")
    check(officer, "column not told")
    press(officer, ".errors a")
    officer.keyboard.type("First day")
    press(officer, "main form.card button")
    officer.wait_for_url(f"**/desk/imports/{upload.pk}")
    work(upload)
    officer.wait_for_selector("text=Publish 2 rows")
    assert upload.names[3] == "valid_until"


def test_every_state_of_imports_and_remarks_is_accessible(desk: Desk, officer: Page, live_server: LiveServer) -> None:
    complaints: list[str] = []
    officer.on("console", lambda message: complaints.append(message.text))
    earlier = Upload.objects.get()
    for path in ("/desk/imports", f"/desk/imports/{earlier.pk}", "/desk/remarks", "/desk/remarks?view=cleared"):
        officer.goto(live_server.url + path)
        check(officer, path)
    officer.goto(f"{live_server.url}/desk/imports")
    press(officer, "main form.card button")
    officer.wait_for_selector(".errors")
    check(officer, "no file")
    work(hand_in(officer, live_server, b"\x00\x01 no table", "broken.csv"))
    officer.wait_for_selector("text=This file could not be read")
    check(officer, "failed")
    upload = hand_in(officer, live_server, as_csv(table(desk.issuers, 3)[0]), "earlier.csv")
    work(upload)
    officer.wait_for_selector("text=This very file was handed in before")
    check(officer, "handed in twice")
    press(officer, ".discard > summary")
    press(officer, ".discard button")
    officer.wait_for_url("**/desk/imports")
    officer.goto(f"{live_server.url}/desk/imports/{upload.pk}")
    check(officer, "discarded")
    assert [text for text in complaints if "422" not in text] == []


def test_remarks_are_cleared_by_the_keyboard(desk: Desk, officer: Page, live_server: LiveServer) -> None:
    officer.goto(f"{live_server.url}/desk/remarks")
    open_before = officer.locator("input[name=remark]").count()
    tab_to(officer, "input[name=remark]")
    officer.keyboard.press("Space")
    press(officer, ".card .buttons button:last-child")
    officer.wait_for_selector(".errors")
    check(officer, "no reason")
    tab_to(officer, "#id_reason")
    officer.keyboard.type("Looked at: the report follows.")
    press(officer, ".card .buttons button:last-child")
    officer.wait_for_selector("text=One remark was cleared.")
    assert officer.locator("input[name=remark]").count() == open_before - 1
    officer.goto(f"{live_server.url}/desk/remarks?view=cleared")
    check(officer, "cleared")
    press(officer, "td.doing button")
    officer.wait_for_selector("text=The remark is open again.")
