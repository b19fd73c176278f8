"""An operator's day in headless Chromium: a colleague is invited, sets an app up, approves, and leaves again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from register.access.models import AuditRecord, Membership
from register.api.limits import counters
from register.queries.cuts import resolve_cut
from register.queries.single import find_record
from tests import factories
from tests.access.pages import code_of
from tests.people import PASSWORD, give_app, make_member
from tests.site.test_browser import CHROMIUM, RULES

pytestmark = pytest.mark.browser
COLLEAGUE = "colleague@nl.example"


@dataclass
class Node:
    """A node that runs, an agency of it, and a browser."""

    browser: Browser
    url: str
    agency: str

    def open(self) -> Page:
        """Return a page of somebody's own browser."""
        return self.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()

    def sign_in(self, page: Page, email: str) -> None:
        """Sign in with password and app."""
        page.goto(f"{self.url}/sign-in")
        page.fill("#id_username", email)
        page.fill("#id_password", PASSWORD)
        page.click("main form:has(#id_password) button")
        page.fill("#id_code", code_of())
        page.keyboard.press("Enter")
        page.wait_for_url("**/operator")


@pytest.fixture
def node(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """Everything is in the database before the browser starts: it runs a loop, in which Django would ask nothing."""
    cache.clear()
    counters().flushdb()
    factories.open_register()
    give_app(make_member("operator").user)
    agency = factories.make_agency(names={"en": "Quality Board"})
    factories.make_accreditation(factories.make_issuer(names={"en": "Harbour College"}), agency)
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Node(browser, live_server.url, agency)
        browser.close()


def look_at(page: Page, name: str) -> None:
    """Insist that a page is accessible and fits a phone."""
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(fault["id"], [part["html"] for part in fault["nodes"]]) for fault in found] == [], (name, width)
    page.set_viewport_size({"width": 1280, "height": 900})


def invite(node: Node, page: Page) -> str:
    """Invite a second operator, who may approve; return the link."""
    page.goto(f"{node.url}/operator/people")
    page.click("text=Invite somebody")
    page.fill("#id_email", COLLEAGUE)
    page.check("input[name=role][value=operator]")
    page.check("#id_approves")
    page.click("main form button")
    look_at(page, "invited")
    found = re.search(r"/invitations/[\w-]+", page.inner_text("main"))
    assert found
    return found[0]


def accept(node: Node, page: Page, link: str) -> None:
    """Accept an invitation and set an app up, as one is led to before the first page of the board."""
    page.goto(node.url + link)
    page.fill("#id_new_password1", PASSWORD)
    page.fill("#id_new_password2", PASSWORD)
    page.click("text=Accept the invitation")
    page.goto(f"{node.url}/operator")
    page.wait_for_url("**/account/second-factor?next=/operator")
    page.click("text=Set up an app")
    page.fill("#id_code", code_of(re.sub(r"\s", "", page.inner_text(".secret"))))
    page.click("text=Add the app")
    page.click("text=I have kept them")
    page.wait_for_url("**/operator")


def withdraw_the_agency(node: Node, page: Page) -> str:
    """Withdraw an agency's recognition as far as one person can; return the draft's address."""
    page.goto(f"{node.url}/operator/agencies")
    page.click("text=Quality Board")
    look_at(page, "agency")
    page.click("text=Withdraw the recognition")
    page.fill("[name=effective_from]", "2025-01-01")
    page.select_option("[name=reason]", "unspecified")
    look_at(page, "withdrawing")
    page.click("text=Go on to the preview")
    page.wait_for_url("**/desk/drafts/*")
    assert "This changes answers about the past" in page.inner_text("main")
    look_at(page, "preview")
    page.click("text=Hand to a second person")
    page.wait_for_selector("text=waits for approval")
    return page.url


def approve(page: Page, draft: str) -> None:
    """Approve a draft, having read it, and hold the receipt."""
    page.goto(draft)
    assert "Harbour College" in page.inner_text("main")
    page.click("text=Approve and publish")
    page.wait_for_selector("text=Published as entry")
    with page.expect_download() as receipt:
        page.click("text=Download the receipt")
    assert receipt.value.suggested_filename.endswith(".tlog-proof")


def test_a_colleague_is_invited_approves_and_is_taken_away(node: Node) -> None:
    mine, theirs = node.open(), node.open()
    node.sign_in(mine, "operator@nl.example")
    accept(node, theirs, invite(node, mine))
    approve(theirs, withdraw_the_agency(node, mine))
    assert find_record("agency", node.agency, resolve_cut()).withdrawal is not None
    mine.goto(f"{node.url}/operator/audit?q={COLLEAGUE}")
    told = mine.inner_text("main")
    for line in ("Invited", "Invitation accepted", "Second factor added", "Draft approved"):
        assert line in told, line
    look_at(mine, "audit")
    leave(node, mine, theirs)


def leave(node: Node, mine: Page, theirs: Page) -> None:
    """Take the colleague's membership away: their session ends with it."""
    mine.goto(f"{node.url}/operator/people?q={COLLEAGUE}")
    mine.click(f"tr:has-text('{COLLEAGUE}') >> text=Change")
    look_at(mine, "person")
    mine.click("summary:has-text('Take it away')")
    mine.click("details[open] >> text=Yes, do it")
    mine.wait_for_selector(f"text={COLLEAGUE} no longer belongs here.")
    theirs.goto(f"{node.url}/operator")
    theirs.wait_for_url("**/sign-in?next=/operator")
    assert not Membership.objects.filter(user__username=COLLEAGUE).exists()
    (line,) = AuditRecord.objects.filter(code="membership_removed")
    assert (line.email, line.about) == ("operator@nl.example", COLLEAGUE)


def test_board_pages_are_reached_by_keyboard_alone(node: Node) -> None:
    page: Any = node.open()
    node.sign_in(page, "operator@nl.example")
    page.goto(f"{node.url}/operator")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "/operator/agencies":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/operator/agencies")
