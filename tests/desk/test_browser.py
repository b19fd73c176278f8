"""The desk in headless Chromium: a decision by the keyboard alone, every state accessible and narrow enough."""

from __future__ import annotations

import os
from collections.abc import Iterator

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
from tests.site.test_browser import CHROMIUM, RULES

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
    """Insist that what is shown is accessible and no wider than the screen."""
    found = Axe().run(page, options=RULES).response["violations"]
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


def test_a_decision_is_recorded_by_the_keyboard_alone(
    desk: Desk, browser: Browser, live_server: LiveServer, client: Client
) -> None:
    sign_in(client, "agency", desk.agency, email="officer@board.example")
    page = enter(browser, live_server, client)
    page.goto(live_server.url + "/desk/decisions/new")
    page.keyboard.type("Mil Acadmy")
    page.wait_for_selector("#found input[name=issuer]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    tab_to(page, "#id_valid_until")
    page.keyboard.type("12312031")
    tab_to(page, "input[name=eqf_levels][value='6']")
    page.keyboard.press("Space")
    check(page, "filled in")
    tab_to(page, "button[name=preview]:not([tabindex])")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/drafts/*")
    check(page, "preview")
    tab_to(page, "button[value=submit]")
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
    for width, scheme in ((1280, "dark"), (320, "light")):
        page = enter(browser, live_server, client, width, scheme)
        page.on("console", lambda message: complaints.append(message.text))
        for path in paths:
            page.goto(live_server.url + path)
            check(page, f"{path} at {width}")
    assert complaints == []
