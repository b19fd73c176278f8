"""Accounts in headless Chromium: from the invitation to a passkey; every page accessible and narrow enough."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from register.access.invitations import invite
from register.access.models import Membership
from register.api.limits import counters
from tests import factories
from tests.access.pages import code_of, noted
from tests.people import PASSWORD, give_app, make_member
from tests.site.test_browser import CHROMIUM, NARROW_RULES, RULES

pytestmark = pytest.mark.browser

EMAIL = "new@agency.example"
OPERATOR_PAGES = (
    "/account",
    "/account/second-factor",
    "/account/second-factor/codes",
    "/account/password",
    "/account/sessions",
    "/account/tokens",
    "/operator/people",
    "/operator/people/invite",
    "/operator/people/{member}",
    "/operator/audit",
)
APPROVER_PAGES = ("/desk/people", "/desk/people/invite", "/desk/audit", "/desk/notices", "/operator")
PUBLIC_PAGES = ("/sign-in", "/password", "/password/x/y", "/invitations/nothing")


class Site:
    """A running node, the link of an invitation, and a browser."""

    def __init__(self, browser: Browser, url: str, link: str, member: int) -> None:
        self.browser, self.url, self.link, self.member = browser, url, link, member

    def open(self, **options: Any) -> Page:
        """Return a page of a browser of its own; what it complains of fails the test."""
        page = self.browser.new_context(**options).new_page()
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def sign_in(self, page: Page, email: str) -> None:
        """Fill in the form of e-mail and password."""
        page.goto(f"{self.url}/sign-in")
        page.fill("#id_username", email)
        page.fill("#id_password", PASSWORD)
        page.click("main button")


@pytest.fixture
def site(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Everything is in the database before the browser starts: it runs a loop, in which Django would ask nothing."""
    cache.clear()
    counters().flushdb()
    factories.open_register()
    give_app(make_member("operator").user)
    agency = factories.make_agency()
    member = make_member("agency", agency)
    give_app(make_member("agency", agency, approves=True).user)
    _row, secret = invite(None, EMAIL, "agency", agency)
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        # Passkeys belong to a name; the live server's own address is one.
        yield Site(browser, live_server.url.replace("127.0.0.1", "localhost"), f"/invitations/{secret}", member.pk)
        browser.close()


def look_at(site: Site, page: Page, name: str) -> None:
    """Insist that a page is accessible, fits a phone and complains of nothing."""
    for width, scheme, rules in ((1280, "light", RULES), (320, "dark", NARROW_RULES)):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        found = Axe().run(page, options=rules).response["violations"]
        assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == [], (name, width)
    assert site.complaints == [], name
    page.set_viewport_size({"width": 1280, "height": 900})


def test_from_the_invitation_to_a_passkey_that_signs_in(site: Site) -> None:
    page = site.open()
    page.goto(site.url + site.link)
    look_at(site, page, "invitation")
    page.fill("#id_new_password1", PASSWORD)
    page.fill("#id_new_password2", PASSWORD)
    page.click("text=Accept the invitation")
    page.wait_for_url("**/account")
    page.goto(f"{site.url}/desk")
    page.wait_for_url("**/account/second-factor?next=/desk")
    look_at(site, page, "no factor")
    page.click("text=Set up an app")
    look_at(site, page, "app")
    page.go_back()
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    device = devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    page.click("text=Add a passkey")
    look_at(site, page, "passkey")
    page.fill("#id_name", "Work laptop")
    page.click("text=Add the passkey")
    page.wait_for_selector("text=Keep these recovery codes")
    look_at(site, page, "recovery codes")
    page.click("text=I have kept them")
    page.wait_for_url("**/desk")
    page.goto(f"{site.url}/account")
    page.locator("header details", has_text="Sign out").locator("summary").click()
    page.click("text=Sign out")
    site.sign_in(page, EMAIL)
    page.wait_for_url("**/sign-in/second-factor")
    look_at(site, page, "second factor")
    page.click("text=Use passkey")
    page.wait_for_url("**/desk")
    sign_in_by_passkey_alone(site, page, devices, device)
    assert Membership.objects.filter(user__username=EMAIL).exists()


def sign_in_by_passkey_alone(site: Site, page: Page, devices: Any, device: str) -> None:
    """Sign in without e-mail and password; not where the device does not check who uses it."""
    page.context.clear_cookies()
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.goto(f"{site.url}/sign-in?next=/desk/drafts")
    look_at(site, page, "sign in")
    page.click("text=Sign in with a passkey")
    page.wait_for_selector("form[data-passkey] [role=alert]:not([hidden])")
    look_at(site, page, "passkey that does not fit")
    page.goto(f"{site.url}/desk/drafts")
    page.wait_for_url("**/sign-in?next=/desk/drafts")
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.click("text=Sign in with a passkey")
    page.wait_for_url("**/desk/drafts")
    signed_in = noted("signed_in")[-1]
    assert (signed_in.email, signed_in.facts["how"], signed_in.facts["second_factor"]) == (
        EMAIL,
        "webauthn",
        "webauthn",
    )


def test_an_app_is_set_up_without_javascript(site: Site) -> None:
    page = site.open(java_script_enabled=False)
    page.goto(site.url + site.link)
    page.fill("#id_new_password1", PASSWORD)
    page.fill("#id_new_password2", PASSWORD)
    page.click("text=Accept the invitation")
    page.goto(f"{site.url}/account/second-factor/app")
    secret = re.sub(r"\s", "", page.inner_text(".secret"))
    page.fill("#id_code", code_of(secret))
    page.click("text=Add the app")
    assert page.locator(".recovery li").count() == 10


def test_every_page_of_the_account_and_of_people_is_accessible_and_fits_a_phone(site: Site) -> None:
    page = site.open()
    site.sign_in(page, "operator@nl.example")
    page.fill("#id_code", "000000")
    page.click("text=Sign in >> nth=-1")
    look_at(site, page, "wrong code")
    page.fill("#id_code", code_of())
    page.keyboard.press("Enter")
    page.wait_for_url("**/operator")
    for path in OPERATOR_PAGES:
        page.goto(site.url + path.format(member=site.member))
        look_at(site, page, path)
    page.click("header .person details summary")
    look_at(site, page, "menu")


def test_every_page_of_an_approver_and_before_signing_in_is_accessible_and_fits_a_phone(site: Site) -> None:
    page = site.open()
    for path in PUBLIC_PAGES:
        page.goto(site.url + path)
        look_at(site, page, path)
    site.sign_in(page, "nobody@nl.example")
    page.wait_for_selector(".errors")
    look_at(site, page, "wrong password")
    site.sign_in(page, "approver@nl.example")
    page.fill("#id_code", code_of())
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    for path in APPROVER_PAGES:
        page.goto(site.url + path)
        look_at(site, page, path)
    page.goto(f"{site.url}/desk/people/invite")
    page.fill("#id_email", "colleague@agency.example")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=colleague@agency.example is invited")
    look_at(site, page, "invited")
