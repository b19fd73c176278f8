"""A graduate with a phone, in Polish: was my school entitled then, tell me of changes, is this paper good?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nodes import RunningNode
from tests.site.walking import Walk, find_confirmation, open_walk

pytestmark = pytest.mark.browser

SCHOOL = "Demonstration Institute of Technology"
OWN_NAME = "Demonstrationsinstitut für Technologie"
ADDRESS = "graduate@example.org"


@pytest.fixture
def phone(running_node: RunningNode) -> Iterator[Walk]:
    """A phone of 390 pixels that is touched, of somebody who reads Polish, in the dark."""
    url, touch = running_node.entry["url"], {"has_touch": True, "is_mobile": True}
    with open_walk(url, "pl", 390, 844, color_scheme="dark", **touch) as walk:
        yield walk


def test_a_graduate_finds_out_on_a_phone_in_polish(phone: Walk, running_node: RunningNode) -> None:
    find_the_school(phone)
    ask_for_the_day_of_graduation(phone)
    follow_it(phone, running_node)
    check_the_credential(phone)
    read_and_print_the_report(phone)
    assert len(phone.looked_at) == 12


def find_the_school(phone: Walk) -> None:
    phone.page.goto(phone.url)
    assert phone.read("h1") == phone.say("Who may award which credential?")
    phone.look("home")
    phone.page.tap("#q")
    phone.page.keyboard.type("demonstration institut of tecnology")
    phone.page.keyboard.press("Enter")
    phone.page.wait_for_url("**/issuers?q=*")
    phone.look("found")
    phone.page.tap(f".hits li:has-text('{SCHOOL}') a:has-text('{OWN_NAME}')")
    phone.page.wait_for_selector("#verdict")
    assert phone.page.is_visible("section.verdict.bad")
    phone.look("today")


def ask_for_the_day_of_graduation(phone: Walk) -> None:
    """Entitled then, as the register knew then; not so, as it knows today: the revocation reaches back."""
    phone.page.fill("#at", "2025-06-06")
    phone.page.fill("#known", "2026-08-31")
    phone.page.tap(".asof button")
    phone.page.wait_for_url("**at=2025-06-06*")
    assert phone.page.is_visible("section.verdict.good")
    assert "6 czerwca 2025" in phone.read("#verdict")
    assert "31 sierpnia 2026" in phone.read("label[for=known]")
    phone.look("then, as known then")
    phone.page.tap(f".asof a:has-text('{phone.say('Back to today')}')")
    phone.page.fill("#at", "2025-06-06")
    phone.page.tap(".asof button")
    phone.page.wait_for_url("**at=2025-06-06*")
    assert phone.page.is_visible("section.verdict.bad")
    phone.look("then, as known today")


def follow_it(phone: Walk, node: RunningNode) -> None:
    phone.page.tap("a[href^='/follow?issuer=']")
    phone.page.wait_for_url("**/follow?issuer=*")
    phone.look("follow")
    phone.page.fill("input[type=email]", ADDRESS)
    phone.page.tap("main form .buttons button")
    phone.page.wait_for_selector("#done")
    phone.look("asked")
    phone.page.goto(find_confirmation(node.directory, ADDRESS))
    assert OWN_NAME in phone.read("h1")
    phone.page.tap("main form button")
    phone.page.wait_for_selector(".notice.good")
    assert phone.say("Confirmed") in phone.read(".notice.good")
    phone.look("confirmed")
    phone.page.tap("aside button.danger")
    phone.page.wait_for_selector("section.verdict.good #done")
    phone.look("stopped")


def check_the_credential(phone: Walk) -> None:
    phone.page.tap("header nav a[href='/verify']")
    phone.page.wait_for_selector("#hand-in")
    phone.look("check")
    phone.page.tap("button[value=stolen-key-anchored]")
    phone.page.wait_for_selector("#verdict-1")
    assert phone.page.is_visible("section.verdict:is(.good, .warn)")


def read_and_print_the_report(phone: Walk) -> None:
    questions = [one.inner_text().split("\n")[0] for one in phone.page.query_selector_all(".q h3")]
    asked = ("Is it genuine?", "Was the issuer entitled to issue it then?", "Is it still valid?")
    assert all(any(question.startswith(phone.say(one)) for question in questions) for one in asked)
    phone.page.tap(".q:nth-of-type(2) summary")
    assert phone.page.is_visible(".q:nth-of-type(2) .found")
    phone.look("report")
    phone.page.evaluate("window.print = () => { document.title = 'printed' }")
    phone.page.tap("#print")
    assert phone.page.title() == "printed"
    phone.page.emulate_media(media="print", color_scheme="light")
    assert [phone.page.is_visible(one) for one in ("nav", "button", "summary")] == [False] * 3
    assert phone.page.is_visible("#verdict-1")
    phone.look("on paper")
