"""An admissions officer at a desk, in German, by the keyboard alone: entitled then? tell us of changes; is it good?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nodes import RunningNode
from tests.site.walking import Walk, find_confirmation, open_walk

pytestmark = pytest.mark.browser

SCHOOL = "Demonstration University of Applied Sciences"
ADDRESS = "admissions@example.org"


@pytest.fixture
def desk(running_node: RunningNode) -> Iterator[Walk]:
    """A desktop's window, of somebody who reads German and has no mouse."""
    with open_walk(running_node.entry["url"], "de", 1280, 900, reduced_motion="reduce") as walk:
        yield walk


def test_an_admissions_officer_decides_at_a_desk_in_german_by_the_keyboard(
    desk: Walk, running_node: RunningNode
) -> None:
    find_the_school(desk)
    ask_for_the_day_of_the_diploma(desk)
    follow_it(desk, running_node)
    check_the_credential(desk, running_node)
    read_and_print_the_report(desk)
    assert len(desk.looked_at) == 11


def find_the_school(desk: Walk) -> None:
    desk.page.goto(desk.url)
    assert desk.read("h1") == desk.say("Who may award which credential?")
    desk.look("home")
    desk.enter(".skip")
    desk.tab_to("#q")
    desk.page.keyboard.type(SCHOOL)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/issuers?q=*")
    desk.look("found")
    desk.enter(".hits a:first-child")
    desk.page.wait_for_selector("#verdict")
    assert desk.page.is_visible("section.verdict.good")
    desk.look("today")


def ask_for_the_day_of_the_diploma(desk: Walk) -> None:
    """Suspended in April 2024. Day and month are the same: a browser asks for them in an order of its own."""
    desk.enter(".skip")
    desk.tab_to("#at")
    desk.page.keyboard.type("04042024")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**at=2024-04-04*")
    assert "4. April 2024" in desk.read("#verdict")
    assert desk.page.is_visible("section.verdict:is(.bad, .warn)")
    desk.look("then")
    desk.enter("a[href*='/changes?']")
    desk.page.wait_for_url("**/changes?to=2024-04-04")
    desk.look("changes")
    desk.page.go_back()


def follow_it(desk: Walk, node: RunningNode) -> None:
    desk.enter("a[href^='/follow?issuer=']")
    desk.page.wait_for_url("**/follow?issuer=*")
    desk.look("follow")
    desk.tab_to("input[type=email]")
    desk.page.keyboard.type("admissions")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector(".errors")
    assert desk.page.evaluate("document.activeElement.matches('.errors')")
    desk.look("what is wrong")
    desk.enter(".errors a")
    assert desk.page.evaluate("document.activeElement.type") == "email"
    desk.page.keyboard.press("Control+A")
    desk.page.keyboard.type(ADDRESS)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("#done")
    desk.page.goto(find_confirmation(node.directory, ADDRESS))
    desk.look("to confirm")
    desk.enter("main form button")
    desk.page.wait_for_selector(".notice.good")
    assert desk.say("Confirmed") in desk.read(".notice.good")


def check_the_credential(desk: Walk, node: RunningNode) -> None:
    desk.enter("header nav a[href='/verify']")
    desk.page.wait_for_selector("#hand-in")
    desk.look("check")
    for field, file in (("#file", "micro-credential.json"), ("#receipt", "micro-credential.receipt.json")):
        desk.choose_file(field, node.directory / "demonstration" / file)
    desk.enter("#hand-in button:not([type])")
    desk.page.wait_for_selector("#verdict-1")
    assert desk.page.is_visible("section.verdict:is(.good, .warn)")


def read_and_print_the_report(desk: Walk) -> None:
    for number in range(1, 5):
        desk.enter(f".q:nth-of-type({number}) summary")
        assert desk.page.evaluate("document.activeElement.parentElement.open")
    desk.look("report")
    desk.page.evaluate("window.print = () => { document.title = 'printed' }")
    desk.enter("#print")
    assert desk.page.title() == "printed"
    desk.page.emulate_media(media="print")
    assert [desk.page.is_visible(one) for one in ("nav", "button", "summary")] == [False] * 3
    desk.look("on paper")
