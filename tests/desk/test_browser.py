"""The desk in headless Chromium: a decision by the keyboard alone, every state accessible and narrow enough."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from ledger import publish
from register.desk import drafts, preview
from register.desk.models import Draft
from register.models import AccreditationVersion
from tests import factories
from tests.desk.conftest import Desk, make_desk
from tests.people import sign_in
from tests.site.test_browser import CHROMIUM, NARROW, NARROW_RULES, RULES

pytestmark = pytest.mark.browser
MOST_TABS = 60


@pytest.fixture
def desk(live_server: LiveServer) -> Desk:
    """A register in which an accreditation ends soon and a revocation waits, all signed."""
    made = make_desk()
    held = factories.make_accreditation(made.issuer, made.agency, valid_until="2026-12-31", scope={"isced_f": ["091"]})
    draft = drafts.save(
        made.officer, "revoke_accreditation", held, {"effective_from": "2025-06-01", "reason": "quality"}
    )
    drafts.submit(made.officer, draft, preview.digest_now(made.officer.actor, draft))
    drafts.choose_four_eyes(made.officer, ["bind_key"])
    publish.cover(settings.ASSAY_ORIGIN)
    return made


@pytest.fixture
def browser(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Everything is in the database before the browser starts: it runs a loop, in which Django would ask nothing."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def enter(browser: Browser, server: LiveServer, client: Client, width: int = 1280, scheme: str = "light") -> Page:
    """Return a page of whoever the client is signed in as."""
    screen = {"width": width, "height": 900}
    context: BrowserContext = browser.new_context(viewport=screen, color_scheme=scheme)  # type: ignore[arg-type]
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": server.url}])
    return context.new_page()


def check(page: Page, name: str) -> None:
    """Insist that what is shown is accessible and no wider than the screen; then in the other scheme, on a phone.

    Names, roles and order are the same there, so that only what width and scheme change is looked at again.
    """
    before = page.viewport_size
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert before is not None
    _insist(page, RULES, name)
    page.emulate_media(color_scheme="light" if dark else "dark")
    page.set_viewport_size({"width": NARROW, "height": 900})
    _insist(page, NARROW_RULES, f"{name}, narrow and {'light' if dark else 'dark'}")
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size(before)


def _insist(page: Page, rules: Any, name: str) -> None:
    found = Axe().run(page, options=rules).response["violations"]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == [], name
    size = page.viewport_size
    assert size is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is where it should be."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"expected to reach {selector} by Tab")


def press(page: Page, selector: str) -> None:
    """Go there by Tab and press Enter."""
    tab_to(page, selector)
    page.keyboard.press("Enter")


def test_a_decision_is_recorded_by_the_keyboard_alone(
    desk: Desk, browser: Browser, live_server: LiveServer, client: Client
) -> None:
    sign_in(client, "agency", desk.agency, email="officer@board.example")
    page = enter(browser, live_server, client)
    page.goto(live_server.url + "/desk/decisions/new")
    page.keyboard.type("Mil Acadmy")
    page.wait_for_selector("#found input[name=issuer]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#id_valid_until")
    page.keyboard.type("12312031")
    assert page.inner_text("#id_valid_until + .spelt") == "31 December 2031"
    tab_to(page, "input[name=eqf_levels][value='6']")
    page.keyboard.press("Space")
    check(page, "filled in")
    tab_to(page, "button[name=preview]:not([tabindex])")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/drafts/*")
    check(page, "preview")
    press(page, ".skip[href='#steps']")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "submit"
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Published as entry")
    check(page, "published")
    row = AccreditationVersion.objects.get(issuer=desk.other_issuer)
    assert (row.eqf_levels, row.valid_until is not None and row.valid_until.year) == ([6], 2032)


def test_an_error_takes_the_focus_and_leads_to_its_field(
    desk: Desk, browser: Browser, live_server: LiveServer, client: Client
) -> None:
    sign_in(client, "agency", desk.agency, email="officer@board.example")
    page = enter(browser, live_server, client, 390, "dark")
    page.goto(live_server.url + "/desk/decisions/new")
    page.keyboard.press("Enter")
    tab_to(page, "button[name=preview]:not([tabindex])")
    page.keyboard.press("Enter")
    page.wait_for_selector(".errors")
    check(page, "errors")
    assert page.evaluate("document.activeElement.matches('.errors')")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_issuer"


def test_every_page_of_the_approver_is_accessible(
    desk: Desk, browser: Browser, live_server: LiveServer, client: Client
) -> None:
    sign_in(client, "agency", desk.agency, approves=True, email="approver@board.example")
    held = AccreditationVersion.objects.get(recorded_until=None)
    waiting = Draft.objects.get(verb="revoke_accreditation")
    base = f"/desk/accreditations/{held.uid}"
    paths = ["/desk", "/desk/drafts", "/desk/four-eyes", "/desk/accreditations", f"/desk/drafts/{waiting.pk}"]
    paths += [base, f"{base}/amend", f"{base}/revoke", f"{base}/correct?entry={held.recorded_from}"]
    complaints: list[str] = []
    page = enter(browser, live_server, client, scheme="dark")
    page.on("console", lambda message: complaints.append(message.text))
    for path in paths:
        page.goto(live_server.url + path)
        check(page, path)
    assert complaints == []


def test_a_revocation_is_drafted_by_one_and_approved_by_another(
    desk: Desk, browser: Browser, live_server: LiveServer, client: Client
) -> None:
    """The walk of an officer and of an approver, by the keyboard alone, up to the receipt."""
    held = factories.make_accreditation(desk.other_issuer, desk.agency, valid_from="2024-01-01")
    publish.cover(settings.ASSAY_ORIGIN)
    approver = Client()
    sign_in(client, "agency", desk.agency, email="officer@board.example")
    sign_in(approver, "agency", desk.agency, approves=True, email="approver@board.example")
    page = enter(browser, live_server, client)
    page.goto(f"{live_server.url}/desk/accreditations/{held}")
    press(page, "a.danger")
    page.wait_for_url("**/revoke")
    tab_to(page, "#id_effective_from")
    page.keyboard.type("06012025")
    tab_to(page, "[name=reason]")
    page.keyboard.press("ArrowDown")
    check(page, "revocation filled in")
    press(page, "main form.form .buttons button")
    page.wait_for_url("**/desk/drafts/*")
    assert "1 June 2025" in page.inner_text("main")
    check(page, "preview of a revocation")
    press(page, "button[value=hand-over]")
    page.wait_for_selector("text=It waits for a second person.")
    check(page, "waits")
    second = enter(browser, live_server, approver, scheme="dark")
    second.goto(f"{live_server.url}/desk")
    check(second, "home of the approver")
    press(second, f"a[href='{page.url.removeprefix(live_server.url)}']")
    second.wait_for_selector("text=A colleague asks you to look at this.")
    check(second, "to be approved")
    press(second, "button[value=approve]")
    second.wait_for_selector("text=Published as entry")
    check(second, "approved")
    with second.expect_download() as receipt:
        press(second, "a[download]")
    assert receipt.value.suggested_filename.endswith(".tlog-proof")
    row = AccreditationVersion.objects.get(uid=held, recorded_until=None)
    assert row.revoked_from is not None
    second.goto(f"{live_server.url}/issuers/{desk.other_issuer}?at=2025-07-01")
    assert "revoked" in second.inner_text(".verdict")
