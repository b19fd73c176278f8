"""The federation's pages in headless Chromium, with a peer in every state: accessible, narrow enough, quiet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from register.api.limits import counters
from tests import factories
from tests.access.pages import code_of
from tests.federation import cast
from tests.federation.people import as_operator
from tests.federation.states import make_all_states
from tests.people import PASSWORD

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SCREENS = [(1280, "light"), (320, "dark"), (390, "light")]
AUDITED = SCREENS[:2]
"""Axe takes its time; a third width changes the layout of nothing it looks at."""


class Site:
    """A node with peers in all states, its address, and a browser for readers or the operator."""

    def __init__(self, browser: Browser, url: str, session: str, peers: dict[str, str]) -> None:
        self.browser, self.url, self.session, self.peers = browser, url, session, peers

    def visit(self, path: str, *, operator: bool = False, **options: Any) -> Page:
        context = self.browser.new_context(**options)
        if operator:
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": self.session, "url": self.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.url + path)
        return page


@pytest.fixture
def site(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Everything is in the database before the browser starts: it runs a loop, in which Django would ask nothing."""
    cache.clear()
    counters().flushdb()
    factories.open_register(demonstration=True)
    peers = {name: f"/federation/peers/{cast.row_of(peer).peer}" for name, peer in make_all_states().items()}
    session = as_operator().cookies[settings.SESSION_COOKIE_NAME].value
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Site(browser, live_server.url, session, peers)
        browser.close()


def list_pages(site: Site) -> dict[str, tuple[str, bool]]:
    """Name of a page → its address, and whether the operator looks at it."""
    peers = site.peers
    return {
        "board": ("/federation", False),
        "board-operator": ("/federation", True),
        "sign-in": ("/sign-in", False),
        "countersigned": (peers["countersigned"], False),
        "frozen": (peers["frozen"], False),
        "new": (peers["new"], False),
        "failing-operator": (peers["failing"], True),
        "aside": (peers["aside"], False),
        "quarantine": (f"{peers['aside']}/quarantine", False),
        "withdraw": (f"{peers['fresh']}/withdraw", True),
        "amend": (f"{peers['fresh']}/amend", True),
        "resume": (f"{peers['paused']}/resume", True),
        "add": ("/federation/add", True),
    }


def test_every_page_is_accessible_scrolls_only_downwards_and_complains_of_nothing(site: Site) -> None:
    for name, (path, operator) in list_pages(site).items():
        for width, scheme in SCREENS:
            screen: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            page = site.visit(path, operator=operator, **screen)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            assert site.complaints == [], name
            if (width, scheme) in AUDITED:
                found = Axe().run(page, options=RULES).response["violations"]
                faults = [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found]
                assert faults == [], (name, width, scheme)
            page.context.close()


def test_an_operator_signs_in_and_pauses_a_peer_by_keyboard_and_without_javascript(site: Site) -> None:
    page = site.visit(f"{site.peers['fresh']}/pause", java_script_enabled=False)
    page.focus("#id_username")
    page.keyboard.type("operator@nl.example")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/second-factor")
    page.focus("#id_code")
    page.keyboard.type(code_of())
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{site.peers['fresh']}/pause")
    page.focus("#id_reason")
    page.keyboard.type("maintenance")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Pause?")
    page.keyboard.press("Tab")
    page.focus("text=Yes, do it")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{site.peers['fresh']}")
    assert page.inner_text("#verdict") == "Paused"
    assert page.is_visible("text=It is paused.")


def test_what_is_wrong_with_a_form_takes_the_focus(site: Site) -> None:
    page = site.visit(f"{site.peers['fresh']}/withdraw", operator=True, viewport={"width": 390, "height": 900})
    page.click("text=Go on")
    page.wait_for_selector("text=Something is not right yet")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    page.click("[role=alert] a")
    assert page.url.endswith("#id_reason")
    assert page.is_visible(".field >> text=Choose a reason.")
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []


def test_paper_gets_the_graph_the_table_and_no_forms(site: Site) -> None:
    page = site.visit("/federation", operator=True)
    page.emulate_media(media="print")
    assert page.is_visible(".graph .wide")
    assert page.is_visible("table.peers")
    assert not page.is_visible("form")
    assert not page.is_visible("text=Add a peer")
