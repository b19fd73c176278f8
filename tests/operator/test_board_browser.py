"""The operator's board of a running node in headless Chromium: accessible, narrow enough, and telling what is so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.site.test_browser import CHROMIUM, NARROW, RULES, WIDE, screen

pytestmark = pytest.mark.browser

PAGES = (
    "/operator",
    "/operator/settings",
    "/operator/quarantine",
    "/operator/imports",
    "/operator/agencies",
    "/operator/agencies/new",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def open_board(browser: Browser, node: dict[str, Any], width: int, scheme: str) -> Page:
    """Sign the demonstration's operator in and return the page on which the board begins."""
    login = next(one for one in node["logins"] if one["role"] == "operator")
    page = browser.new_context(**screen(width, scheme)).new_page()
    page.goto(f"{node['url']}/sign-in?next=/operator")
    page.fill("input[type=email]", login["email"])
    page.fill("input[type=password]", login["password"])
    page.click("main form button")
    page.wait_for_url(f"{node['url']}/operator")
    return page


def test_the_board_is_accessible_and_scrolls_only_downwards(browser: Browser, live_node: dict[str, Any]) -> None:
    for width, scheme in ((WIDE, "light"), (NARROW, "dark")):
        page = open_board(browser, live_node, width, scheme)
        for address in PAGES:
            page.goto(live_node["url"] + address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
            found = Axe().run(page, options=RULES).response["violations"]
            assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == [], address
        page.context.close()


def test_the_board_of_a_running_node_sees_its_worker_and_its_queue(browser: Browser, live_node: dict[str, Any]) -> None:
    page = open_board(browser, live_node, 1280, "light")
    told = page.request.get(f"{live_node['url']}/operator", headers={"Accept": "application/json"}).json()
    states = {one["code"]: one["state"] for one in told["gauges"]}
    for code in ("ledger", "checkpoint", "guard", "redis", "queue", "workers", "database", "keys"):
        assert states[code] == "well", (code, told)
    page.context.close()
