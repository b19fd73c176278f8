"""Pages of a running node in headless Chromium: accessible, narrow enough, quiet, and able to check a proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
NARROW_RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable"]},
}
"""What another width and another scheme can change; names, roles and order are the same in both."""
WIDE, NARROW = 1280, 320
PAGES = [
    "home", "search", "narrowed", "nothing", "figures", "countries", "country", "no-country", "changes", "entitled",
    "revoked", "known-before", "merged", "closed", "keys", "agencies", "agency", "accreditation", "programme",
    "ledger", "checkpoints", "entry", "design", "federation", "absent", "misread", "nowhere", "docs",
    "all", "suspended", "never", "ledger-narrowed", "ledger-nothing", "agencies-nothing", "open-data", "follow",
    "follow-nothing", "sign-in",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; its own sandbox does not work for root in a container."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def paths(live_node: dict[str, Any]) -> dict[str, str]:
    """Name of a page → its address, found in the demonstration data as a reader would."""
    with httpx.Client(base_url=live_node["url"], headers={"Accept": "application/json"}, timeout=60) as node:

        def find(kind: str, **query: str) -> dict[str, Any]:
            items: list[dict[str, Any]] = node.get(f"/{kind}", params=query).raise_for_status().json()["items"]
            return items[0]

        def issuer(name: str) -> str:
            return f"/issuers/{find('issuers', q=name)['id']}"

        def follow(name: str) -> str:
            return f"/follow?issuer={find('issuers', q=name)['id']}"

        revoked = find("ledger", type="accreditation.revoked")
        institute = issuer("Demonstration Institute of Technology")
        return {
            "home": "/",
            "search": "/issuers?q=demonstration",
            "narrowed": "/issuers?country=NL&level=6&field=09&at=2025-06-01",
            "nothing": "/issuers?q=zzzzzzzz&country=NL",
            "figures": "/figures",
            "countries": "/countries",
            "country": "/countries/NL",
            "no-country": "/countries/JP",
            "changes": f"{institute}/changes?from=2024-06-01",
            "entitled": issuer("Demonstration University"),
            "revoked": institute,
            "known-before": f"{institute}?at=2025-06-01&known_at=2026-08-31",
            "merged": issuer("Demonstration College of Arts"),
            "closed": issuer("Demonstration Evening College"),
            "keys": issuer("Demonstration Business School"),
            "agencies": "/agencies",
            "agency": f"/agencies/{find('agencies', q='Demonstration Quality Agency')['id']}",
            "accreditation": f"/accreditations/{revoked['subject'].rpartition('/')[2]}",
            "programme": f"/programmes/{find('api/v1/programmes', q='data literacy')['id']}",
            "ledger": "/ledger",
            "checkpoints": "/ledger/checkpoints",
            "design": "/design",
            "federation": "/federation",
            "entry": f"/ledger/entries/{revoked['index']}",
            "absent": "/issuers/01890a5d-ac96-774b-bcce-b302099a8057",
            "misread": "/issuers?country=Nowhere",
            "nowhere": "/nowhere",
            "docs": "/api/docs",
            "all": "/issuers",
            "suspended": issuer("Demonstration University of Applied Sciences") + "?at=2024-04-01",
            "never": issuer("Demonstration Credential Services"),
            "ledger-narrowed": "/ledger?type=accreditation.revoked&until=2030-01-01",
            "ledger-nothing": "/ledger?type=key.bound&until=2001-01-01",
            "agencies-nothing": "/agencies?q=zzzzzzzz",
            "open-data": "/open-data",
            "follow": follow("Demonstration University"),
            "follow-nothing": "/follow?issuer=01890a5d-ac96-774b-bcce-b302099a8057",
            "sign-in": "/sign-in",
        }


SEEN = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return shown && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
}"""
"""Whether what has the focus shows it, and stands in the window."""


class Visit:
    """A page that was opened, with what it asked for and what the browser complained about."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def screen(width: int, scheme: str) -> dict[str, Any]:
    return {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_scrolls_only_downwards_and_asks_nobody_else(
    browser: Browser, live_node: dict[str, Any], paths: dict[str, str], name: str
) -> None:
    url = live_node["url"]
    with Visit(browser, url + paths[name], **screen(WIDE, "light")) as visit:
        for width, rules in ((WIDE, RULES), (NARROW, NARROW_RULES)):
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, width
            if name == "docs" and width == NARROW:
                continue  # a thousand nodes of one and the same kind
            found = Axe().run(visit.page, options=rules).response["violations"]
            assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == [], width
            visit.page.set_viewport_size({"width": NARROW, "height": 900})
            visit.page.emulate_media(color_scheme="dark")
        assert [asked for asked in visit.requests if not asked.startswith(f"{url}/")] == []
        assert [text for text in visit.complaints if "the server responded with a status of 40" not in text] == []
        guarded = ["csrf"] if name in ("follow", "sign-in") else []
        assert [cookie["name"].rpartition("_")[2] for cookie in visit.context.cookies()] == guarded


def outcomes(page: Page) -> dict[str, str]:
    """Return how each check ended, by the words it is said in."""
    page.click("#check-start")
    page.wait_for_selector("#check-result li")
    items = page.query_selector_all("#check-result li")
    return {item.inner_text().strip(): item.get_attribute("class") or "" for item in items}


def test_the_browser_checks_an_entrys_proof(browser: Browser, live_node: dict[str, Any], paths: dict[str, str]) -> None:
    with Visit(browser, live_node["url"] + paths["entry"]) as visit:
        found = outcomes(visit.page)
        assert list(found.values()) == ["good", "good", "good", "off"], found
        assert not visit.page.is_visible("#check-off")
        assert any("has signed the checkpoint" in words for words in found)
        assert any("Not checked: that the key is really this register’s" in words for words in found)


def test_a_browser_that_cannot_check_says_so(
    browser: Browser, live_node: dict[str, Any], paths: dict[str, str]
) -> None:
    """Over plain HTTP browsers give pages no `crypto.subtle`."""
    with Visit(browser, live_node["url"] + paths["entry"]) as visit:
        visit.page.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined })")
        visit.page.reload()
        assert not visit.page.is_visible("#check-start")
        assert "over HTTPS" in visit.page.inner_text("#check-off")


ENTRY = "document.getElementById('entry-bytes')"
RECEIPT = "document.getElementById('receipt')"
KEY = "document.getElementById('check').dataset"
CHANGES = {
    "entry": (f"{ENTRY}.textContent = {ENTRY}.textContent.replace('fraud', 'freud')", "good bad good off"),
    "place": (f"{RECEIPT}.textContent = {RECEIPT}.textContent.replace(/^index \\d+/m, 'index 3')", "good bad good off"),
    "size": (f"{RECEIPT}.textContent = {RECEIPT}.textContent.replace(/\\n(\\d+)\\n/, '\\n9$1\\n')", "good bad bad off"),
    "receipt": (f"{RECEIPT}.textContent = 'nonsense'", "good bad bad"),
    "key": (f"{KEY}.vkey = {KEY}.vkey.replace('+', 'x+')", "good good bad off"),
}


@pytest.mark.parametrize("changed", CHANGES)
def test_the_browser_notices_what_was_changed(
    browser: Browser, live_node: dict[str, Any], paths: dict[str, str], changed: str
) -> None:
    change, expected = CHANGES[changed]
    with Visit(browser, live_node["url"] + paths["entry"]) as visit:
        visit.page.evaluate(change)
        assert " ".join(outcomes(visit.page).values()) == expected


def test_every_entry_of_the_ledger_checks_at_its_edges(browser: Browser, live_node: dict[str, Any]) -> None:
    size = int(httpx.get(f"{live_node['url']}/ledger/checkpoint").text.split("\n")[1])
    for index in {0, 1, 255, 256, 511, 512, size - 2, size - 1}:
        with Visit(browser, f"{live_node['url']}/ledger/entries/{index}") as visit:
            assert list(outcomes(visit.page).values()) == ["good", "good", "good", "off"], index


def test_without_javascript_everything_but_the_check_is_there(
    browser: Browser, live_node: dict[str, Any], paths: dict[str, str]
) -> None:
    with Visit(browser, live_node["url"] + paths["entry"], java_script_enabled=False) as visit:
        assert not visit.page.is_visible("#check-start")
        assert visit.page.is_visible("#check-off")
        assert visit.page.is_visible("text=Download the receipt")
    with Visit(browser, live_node["url"] + paths["revoked"], java_script_enabled=False) as visit:
        assert visit.page.is_visible("text=Not entitled today")
        visit.page.fill("#at", "2024-06-01")
        visit.page.click("button:text-is('Show')")
        visit.page.wait_for_url("**?at=2024-06-01*")
        assert "Entitled on 1 June 2024" in visit.page.inner_text("#verdict")


def test_the_keyboard_reaches_the_content_first(browser: Browser, live_node: dict[str, Any]) -> None:
    with Visit(browser, live_node["url"]) as visit:
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.className") == "skip"
        visit.page.keyboard.press("Enter")
        assert visit.page.evaluate("document.activeElement.id") == "main"
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.id") == "q"
        visit.page.keyboard.type("Demonstration University")
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_url("**/issuers?q=Demonstration+University")
        assert visit.page.is_visible("text=may award bachelor, master and doctoral credentials")


LARGE = "document.documentElement.style.fontSize = '200%'"
TURNED = "document.documentElement.dir = 'rtl'"
CROSSED = """() => [...document.querySelectorAll('main :is(a, button, input, select, h1, h2)')]
  .filter((one) => !one.closest('.scroll, pre, .visually-hidden, .skip'))
  .filter((one) => one.getBoundingClientRect().width)
  .filter((one) => one.getBoundingClientRect().left < -1 || one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 120))"""
"""What the reader cannot reach: it stands outside the window, and not in a place that scrolls by itself."""


@pytest.mark.parametrize("name", ["home", "search", "entitled", "country", "figures", "ledger", "open-data", "follow"])
def test_pages_keep_in_the_window_with_large_letters_and_from_right_to_left(
    browser: Browser, live_node: dict[str, Any], paths: dict[str, str], name: str
) -> None:
    options = {"reduced_motion": "reduce", "forced_colors": "active", **screen(640, "light")}
    with Visit(browser, live_node["url"] + paths[name], **options) as visit:
        for change in (LARGE, TURNED):
            visit.page.evaluate(change)
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= 640, change
            assert visit.page.evaluate(CROSSED) == [], change
        moving = "document.getAnimations().length"
        assert visit.page.evaluate(moving) == 0


@pytest.mark.parametrize("name", ["entitled", "narrowed", "verify"])
def test_focus_is_seen_on_everything_that_takes_it(
    browser: Browser, live_node: dict[str, Any], paths: dict[str, str], name: str
) -> None:
    with Visit(browser, live_node["url"] + paths.get(name, f"/{name}"), **screen(WIDE, "dark")) as visit:
        reached: list[str] = []
        for _ in range(200):
            visit.page.keyboard.press("Tab")
            place = visit.page.evaluate("document.activeElement.outerHTML")
            if place.startswith("<body") or place in reached[:-1]:
                break
            reached += [place] if place not in reached else []  # a field for days takes the focus several times
            assert visit.page.evaluate(SEEN), place
        assert len(reached) > 15


def test_print_leaves_out_what_paper_cannot_use(
    browser: Browser, live_node: dict[str, Any], paths: dict[str, str]
) -> None:
    with Visit(browser, live_node["url"] + paths["entitled"] + "?at=2024-06-06", **screen(WIDE, "dark")) as visit:
        visit.page.emulate_media(media="print", color_scheme="dark")
        assert not visit.page.is_visible("nav")
        assert not visit.page.is_visible("form")
        assert visit.page.is_visible("#verdict")
        assert visit.page.is_visible("text=Demonstration data.")
        assert visit.page.inner_text("dl.on-paper dd:nth-of-type(1)") == "6 June 2024"
        colour = "getComputedStyle(document.querySelector('.verdict p')).color"
        ground = "getComputedStyle(document.body).backgroundColor"
        assert visit.page.evaluate(f"[{colour}, {ground}]") == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
