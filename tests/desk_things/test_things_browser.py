"""Pages of issuers, keys, programmes and an issuer's own desk in headless Chromium: accessible, narrow, alive."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from ledger import publish
from register import commands
from tests import factories
from tests.desk.test_browser import check, enter
from tests.desk_things.conftest import Desk, open_desk
from tests.people import sign_in
from tests.site.test_browser import CHROMIUM, NARROW, NARROW_RULES, RULES

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(live_server: LiveServer) -> Desk:
    """A college with something of everything."""
    made = open_desk()
    made.programme = factories.make_programme(made.college, credential_type="micro-credential", ects="5")
    made.key = factories.make_key(made.college)
    factories.make_accreditation(made.college, made.agency)
    made.mandate = factories.make_mandate(made.college, made.academy)
    factories.make_batch(made.college, credential_type="micro-credential")
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


def walk(page: Page, server: LiveServer, paths: list[str], complaints: list[str]) -> None:
    """Open pages one after the other; each has to be accessible and no wider than the screen.

    Names, roles and order are the same on a phone, so that only what its width and scheme change is looked at again.
    """
    page.on("console", lambda message: complaints.append(message.text))
    size = page.viewport_size
    assert size is not None
    for path in paths:
        page.goto(server.url + path)
        found = Axe().run(page, options=RULES if size["width"] > NARROW else NARROW_RULES).response["violations"]
        assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path


def test_every_page_is_accessible_and_narrow_enough(
    desk: Desk, browser: Browser, live_server: LiveServer, client: Client
) -> None:
    college, key = f"/desk/issuers/{desk.college}", f"/desk/issuers/{desk.college}/keys"
    deciding = ["/desk/issuers", "/desk/issuers?q=zzzz", "/desk/issuers/new", college, f"{college}/amend"]
    deciding += [f"{college}/close", f"{college}/relate", key, f"{key}/new", f"{key}/{desk.key}/revoke"]
    deciding += ["/desk/programmes", f"/desk/programmes/new?issuer={desk.college}", f"/programmes/{desk.programme}"]
    closed = factories.make_issuer()
    commands.close_issuer(closed, factories.ending("2025-06-01"), actor=factories.OPERATOR)
    deciding += [f"/desk/issuers/{closed}", f"/desk/issuers/{closed}/take-back"]
    own = [
        "/desk/own",
        "/desk/own/accreditations",
        "/desk/mandates",
        "/desk/mandates/new",
        f"/desk/mandates/{desk.mandate}/revoke",
    ]
    own += [
        "/desk/batches",
        "/desk/batches/new",
        "/desk/batches/anchor",
        "/desk/batches/receipts",
        "/desk/credentials",
        "/desk/credentials/revoke",
        "/desk/credentials/reinstate",
    ]
    own += [f"/desk/programmes/{desk.programme}/amend", f"/desk/programmes/{desk.programme}/close"]
    complaints: list[str] = []
    for width, scheme in ((1280, "dark"), (NARROW, "light")):
        sign_in(client, "agency", desk.agency)
        walk(enter(browser, live_server, client, width, scheme), live_server, deciding, complaints)
        sign_in(client, "issuer", desk.college)
        walk(enter(browser, live_server, client, width, scheme), live_server, own, complaints)
    assert complaints == []


def test_look_alikes_and_what_is_missing_are_shown_as_one_goes(
    desk: Desk, browser: Browser, live_server: LiveServer, client: Client
) -> None:
    sign_in(client, "agency", desk.agency)
    page = enter(browser, live_server, client)
    page.goto(live_server.url + "/desk/issuers/new")
    page.select_option("[name=names-0-language]", "en")
    page.fill("[name=names-0-name]", "\u0421ollege of Musik")
    page.select_option("[name=country]", "NL")
    page.click("text=Look for those it resembles")
    page.wait_for_selector("h1:has-text('Is it one of these?')")
    check(page, "look-alikes")
    page.click("text=None of these: go on to the preview")
    page.wait_for_url("**/desk/drafts/*")
    page.goto(f"{live_server.url}/desk/programmes/new?issuer={desk.college}")
    told = page.locator("[data-told][role=status]")
    assert told.inner_text() == "7 of the 11 mandatory elements are missing."
    page.fill("[name=titles-0-title]", "Machining")
    page.fill("[name=hours]", "120")
    page.fill("[name=learning_outcomes-0-text]", "Reads drawings")
    page.select_option("[name=eqf_level]", "4")
    page.select_option("[name=assessment_type]", "quiz")
    page.select_option("[name=participation]", "online")
    assert told.inner_text() == "1 of the 11 mandatory elements is missing."
    page.fill("[name=quality_assurance]", "Internal, by the ESG")
    assert told.inner_text() == "All 11 mandatory elements are stated."
    page.click("text=More titles")
    assert page.evaluate("document.activeElement.name") == "titles-1-language"
    check(page, "programme while typing")
