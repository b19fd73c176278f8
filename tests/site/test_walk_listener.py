"""Somebody who hears the pages: what Chromium tells a screen reader, in the order in which it is read out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.nodes import RunningNode
from tests.site.test_browser import CHROMIUM

pytestmark = pytest.mark.browser

LEVELS = "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].filter(h => h.checkVisibility()).map(h => +h.tagName[1])"
NAMED = "link|button|img|textbox|searchbox|combobox|checkbox|radio|region|navigation"
NAMELESS = re.compile(rf"^ *- (?:{NAMED})(?:$|:| \[)", re.M)
DESCRIBED = """document.activeElement.getAttribute('aria-describedby').split(' ')
    .map(id => document.getElementById(id).innerText).join(' ')"""


@pytest.fixture
def page(running_node: RunningNode) -> Iterator[Page]:
    """A window whose addresses are the node's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(base_url=running_node.entry["url"], locale="en-GB").new_page()
        browser.close()


def listen(page: Page, place: str = "body") -> str:
    """Return what is read out, one element a line; whatever one may use or jump to has a name."""
    heard = page.locator(place).aria_snapshot()
    assert NAMELESS.findall(heard) == []
    levels = page.evaluate(LEVELS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels)), levels
    return heard


def in_order(heard: str, *told: str) -> None:
    """Assert that lines that match these patterns are heard one after the other."""
    place = 0
    for pattern in told:
        found = re.compile(pattern, re.M).search(heard, place)
        assert found, f"{pattern} is not heard after the {place}th character of:\n{heard}"
        place = found.end()


def test_a_listener_finds_an_institution_and_hears_the_verdict_first(page: Page) -> None:
    page.goto("/")
    in_order(
        listen(page),
        '- link "Skip to content"', "- banner:", '- navigation "Main":', "- main:", 'heading "Who may award',
        "- search:",
        'searchbox "Name in any language, or any identifier"', 'button "Search"', "- contentinfo:",
    )  # fmt: skip
    page.get_by_role("searchbox").fill("Demonstratie-universiteit")
    page.get_by_role("button", name="Search").click()
    in_order(
        listen(page, "main"), 'heading "Issuers" \\[level=1\\]', 'region "Names like', "issuers? match",
        'heading "Demonstratie-universiteit" \\[level=3\\]', "may award bachelor",
    )  # fmt: skip
    page.get_by_role("link", name="Demonstratie-universiteit", exact=True).click()
    in_order(
        listen(page, "main"), 'heading "Demonstratie-universiteit" \\[level=1\\]', 'region "Entitled today to award',
        'textbox "As of', 'textbox "As the register knew on',
        'img "Timeline of accreditations from \\d{4} to \\d{4}; the same',
        'heading "Accreditations"', 'columnheader "State today"', 'rowheader "Institutional accreditation',
        'heading "History"', 'heading "Proof"',
    )  # fmt: skip


def test_a_listener_hears_what_a_drawing_shows_as_a_table(page: Page) -> None:
    page.goto("/figures")
    heard = listen(page, "main")
    drawings = re.findall(r"""^ *- '?img "(.+?)"'?""", heard, re.M)
    assert len(drawings) > 5
    assert heard.count("the figures as a table") >= len(drawings)


def test_a_listener_checks_a_credential_and_hears_verdict_then_the_four_answers(page: Page) -> None:
    page.goto("/verify")
    listen(page)
    page.locator("button[name=example][value=stolen-key-not-anchored]").click()
    in_order(
        listen(page, "main"), "- heading .* \\[level=1\\]", 'heading "Not valid"', 'heading "Is it genuine\\? ',
        'heading "Was the issuer entitled to issue it then\\? no"',
        'heading "Is it still valid\\?', 'heading "Is it anchored\\?',
    )  # fmt: skip


def test_a_listener_at_the_desk_hears_what_is_wrong_and_where(page: Page, running_node: RunningNode) -> None:
    officer: dict[str, Any] = next(login for login in running_node.entry["logins"] if login["role"] == "agency")
    page.goto("/sign-in")
    listen(page)
    page.get_by_role("textbox", name="E-mail").fill(officer["email"])
    page.get_by_label("Password").fill(officer["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    page.goto("/desk/decisions/new")
    page.get_by_role("button", name="Preview").click()
    page.wait_for_selector("[role=alert]")
    in_order(
        listen(page, "main"), 'alert "Something is not right yet"', 'link "Institution"',
        'searchbox "Name in any language, acronym or identifier" \\[invalid\\]',
    )  # fmt: skip
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    page.get_by_role("alert").get_by_role("link", name="Institution").click()
    assert "Choose the institution" in page.evaluate(DESCRIBED)
