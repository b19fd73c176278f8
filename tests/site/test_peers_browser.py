"""Pages about what peers record in headless Chromium: accessible, narrow enough, quiet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from ledger import publish
from register.api.limits import counters
from tests import factories
from tests.register import peering
from tests.site.test_browser import CHROMIUM, RULES

pytestmark = pytest.mark.browser
SCREENS = [(1280, "light"), (390, "dark"), (320, "light")]
ROR = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}
KEY = "did:web:college.example"


@pytest.fixture
def paths(live_server: LiveServer, tmp_path: Path) -> dict[str, str]:
    """Our register, one that speaks for a neighbour, one that says what it may not, and one in conflict with ours."""
    cache.clear()
    counters().flushdb()
    factories.open_register(("NL", "LU"), name="National register of NL", demonstration=True)
    agency = factories.make_agency(names={"en": "Agency at home"})
    with peering.peer_register(tmp_path, ("BE", "LU"), name="Nationaal register van België") as origin:
        theirs = factories.make_agency(country="BE", names={"nl": "Agentschap in het buitenland"})
        alone = factories.make_issuer(country="BE", names={"nl": "Hogeschool in het buitenland"}, identifiers=[ROR])
        granted = factories.make_accreditation(alone, theirs, scope={"eqf_levels": [6, 7]})
        programme = factories.make_programme(alone, credential_type="micro-credential", eqf_level=6)
        factories.make_key(alone, value=KEY)
        twin = factories.make_issuer(country="LU", identifiers=[{"scheme": "pic", "value": "999974456"}])
        factories.make_accreditation(twin, theirs, scope={"eqf_levels": [8]})
    peering.recognise(origin)
    with peering.peer_register(tmp_path, ("FR",), name="Register of far away") as far:
        told = {"names": {"en": "Claimed university"}, "country": "NL", "identifiers": [ROR]}
        claimed = peering.slip_in(far, "issuer.registered", "issuers", told)
    peering.recognise(far)
    shared = factories.make_issuer(country="LU", identifiers=[{"scheme": "pic", "value": "999974456"}])
    factories.make_accreditation(shared, agency, scope={"eqf_levels": [6]})
    rival = factories.make_issuer(names={"en": "College at home"}, identifiers=[ROR])
    factories.make_key(rival, value=KEY)
    publish.cover(settings.ASSAY_ORIGIN)
    return {
        "peer": f"/issuers/{alone}",
        "two-registers": f"/issuers/{shared}",
        "set-aside": f"/issuers/{claimed}",
        "conflict": f"/issuers/{rival}",
        "agency": f"/agencies/{theirs}",
        "accreditation": f"/accreditations/{granted}",
        "programme": f"/programmes/{programme}",
        "entry": f"/ledger/entries/2?register={origin.replace('/', '%2F')}",
        "search": "/issuers?q=college",
        "agencies": "/agencies",
    }


@pytest.fixture
def browser(paths: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Everything is in the database before the browser starts: it runs a loop, in which Django would ask nothing."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def note_complaints(page: Page) -> list[str]:
    """Return the list that fills with what the page's console says."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    return complaints


def test_every_page_is_accessible_scrolls_only_downwards_and_complains_of_nothing(
    browser: Browser, paths: dict[str, str], live_server: LiveServer
) -> None:
    for name, path in paths.items():
        for width, scheme in SCREENS:
            screen: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            context = browser.new_context(**screen)
            page = context.new_page()
            complaints = note_complaints(page)
            answer = page.goto(live_server.url + path)
            assert answer is not None
            assert answer.status == 200, name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            assert complaints == [], name
            if width != 320:
                found = Axe().run(page, options=RULES).response["violations"]
                faults = [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found]
                assert faults == [], (name, width, scheme)
            context.close()
