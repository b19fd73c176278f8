"""/verify in headless Chromium on a running node: every state of it, with JavaScript and without, and on paper."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import segno
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from register.credentials.commitments import LABEL
from tests.nodes import RunningNode
from tests.site.test_browser import CHROMIUM, RULES, Visit, screen
from tests.site.test_weight import STATIC

pytestmark = pytest.mark.browser
SCREENS = [(1280, "light"), (390, "dark"), (320, "light")]
SUBMIT = "#hand-in button:not([type])"
CAMERA = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, with a camera that shows a moving pattern."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=CAMERA)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def folder(running_node: RunningNode) -> Path:
    """The demonstration credentials of the node, with their receipts."""
    return running_node.directory / "demonstration"


@pytest.fixture(scope="module")
def url(live_node: dict[str, Any]) -> str:
    return f"{live_node['url']}/verify"


def choose(page: Page, folder: Path, credential: str, receipt: str = "") -> None:
    page.set_input_files("#file", folder / f"{credential}.json")
    if receipt:
        page.set_input_files("#receipt", folder / f"{receipt}.receipt.json")


def hand_in(page: Page, folder: Path, credential: str, receipt: str = "") -> None:
    choose(page, folder, credential, receipt)
    page.click(SUBMIT)
    page.wait_for_selector("#verdict-1")


def open_details(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")


def check_page(visit: Visit, width: int) -> None:
    """Nothing sideways, nothing asked of others, no cookie, no complaint, accessible."""
    page = visit.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.context.cookies() == []
    assert [text for text in visit.complaints if "the server responded with a status of 4" not in text] == []
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == [], width


STATES = ["form", "nothing", "micro-credential", "stolen-key-anchored", "stolen-key-not-anchored", "several"]


def bring_about(page: Page, folder: Path, state: str, tmp_path: Path) -> None:
    if state == "nothing":
        page.click(SUBMIT)
        page.wait_for_selector("#wrong")
    elif state == "several":
        names = ("micro-credential", "micro-credential-altered", "stolen-key-anchored")
        parts = [json.loads((folder / f"{name}.json").read_text()) for name in names]
        context = "https://www.w3.org/ns/credentials/v2"
        holds = {"@context": [context], "type": ["VerifiablePresentation"], "verifiableCredential": parts}
        (tmp_path / "several.json").write_text(json.dumps(holds))
        hand_in(page, tmp_path, "several")
    elif state != "form":
        hand_in(page, folder, state, state if (folder / f"{state}.receipt.json").exists() else "")
        open_details(page)


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_accessible_and_narrow_enough(
    browser: Browser, url: str, folder: Path, state: str, tmp_path: Path
) -> None:
    for width, scheme in SCREENS:
        with Visit(browser, url, **screen(width, scheme)) as visit:
            bring_about(visit.page, folder, state, tmp_path)
            check_page(visit, width)


def test_of_several_reports_the_one_that_is_asked_for_unfolds_and_on_paper_all_are_open(
    browser: Browser, url: str, folder: Path, tmp_path: Path
) -> None:
    for script in (True, False):
        with Visit(browser, url, java_script_enabled=script) as visit:
            page = visit.page
            bring_about(page, folder, "several", tmp_path)
            questions = [page.locator(f"#credential-{number} .q").first for number in (1, 2, 3)]
            assert [one.is_visible() for one in questions] == [True, False, False]
            page.emulate_media(media="print")
            assert [one.is_visible() for one in questions] == [True, True, True]
            page.emulate_media(media="screen")
            page.click('a[href="#credential-2"]')
            if script:
                questions[1].wait_for(state="visible")
            else:
                page.click("#credential-2 > details > summary")
            assert [one.is_visible() for one in questions] == [True, True, False]


STORIES = {
    "micro-credential": ("micro-credential", "Valid"),
    "micro-credential-altered": ("", "Not valid"),
    "micro-credential-revoked": ("micro-credential-revoked", "Not valid"),
    "stolen-key-anchored": ("stolen-key-anchored", "Valid"),
    "stolen-key-not-anchored": ("", "Not valid"),
}


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("name", STORIES)
def test_the_stories_come_out_with_javascript_and_without(
    browser: Browser, url: str, folder: Path, name: str, script: bool
) -> None:
    receipt, verdict = STORIES[name]
    with Visit(browser, url, java_script_enabled=script) as visit:
        hand_in(visit.page, folder, name, receipt)
        assert visit.page.inner_text("#verdict-1").startswith(verdict)
        assert visit.page.is_visible("#print") == script


def test_an_example_is_checked_at_a_click(browser: Browser, url: str) -> None:
    with Visit(browser, url, java_script_enabled=False) as visit:
        visit.page.click("button[value=stolen-key-not-anchored]")
        visit.page.wait_for_selector("#verdict-1")
        assert visit.page.inner_text("#verdict-1") == "Not valid"


def test_the_report_is_taken_home_as_json(browser: Browser, url: str, folder: Path) -> None:
    with Visit(browser, url, java_script_enabled=False) as visit:
        hand_in(visit.page, folder, "micro-credential", "micro-credential")
        with visit.page.expect_download() as download:
            visit.page.click("text=Report as JSON")
        assert download.value.suggested_filename == "verification-report.json"
        told = json.loads(Path(download.value.path()).read_text())
        assert told["questions"]["anchored"]["outcome"] == "pass"


def test_on_paper_the_report_is_whole_and_nothing_is_to_click(browser: Browser, url: str, folder: Path) -> None:
    with Visit(browser, url) as visit:
        hand_in(visit.page, folder, "micro-credential", "micro-credential")
        visit.page.emulate_media(media="print")
        page = visit.page
        assert [page.is_visible(one) for one in ("nav", "button", "summary")] == [False] * 3
        assert [page.is_visible(one) for one in ("#verdict-1", ".q", "#keep time", "#keep", ".code")].count(False) <= 1
        assert re.search(r"Checked \d+ \w+ \d{4}, \d\d:\d\d UTC, when the ledger", page.inner_text("aside"))
        assert page.evaluate("document.querySelector('img.code').naturalWidth") > 0


def test_printing_is_offered(browser: Browser, url: str, folder: Path) -> None:
    with Visit(browser, url) as visit:
        hand_in(visit.page, folder, "micro-credential")
        visit.page.evaluate("window.print = () => { document.title = 'printed' }")
        visit.page.click("#print")
        assert visit.page.title() == "printed"


# ---------- The check that sends nothing ----------


def outcomes(page: Page, place: str) -> dict[str, str]:
    """Return sentence → outcome of a check in the browser."""
    page.wait_for_selector(f"{place} li")
    items = page.query_selector_all(f"{place} li")
    return {item.inner_text().strip(): item.get_attribute("class") or "" for item in items}


def check_privately(visit: Visit, folder: Path, credential: str, receipt: str) -> dict[str, str]:
    choose(visit.page, folder, credential, receipt)
    visit.requests.clear()
    visit.page.click("#private-start")
    return outcomes(visit.page, "#private-result")


def test_a_receipt_is_checked_without_sending_more_than_the_issuer(browser: Browser, url: str, folder: Path) -> None:
    with Visit(browser, url) as visit:
        found = check_privately(visit, folder, "micro-credential", "micro-credential")
        assert list(found.values()) == ["good"] * 7 + ["off"], found
        assert re.search(r"on \d+ [A-Z][a-z]+ \d{4} at \d\d:\d\d UTC", visit.page.inner_text("#private-result"))
        entry = json.loads(json.loads((folder / "micro-credential.receipt.json").read_text())["entry"])
        asked = [one for one in visit.requests if not one.endswith(".svg")]
        (only,) = asked
        assert only.partition("/api/")[2] == f"v1/issuers/{entry['data']['issuer']}/withdrawals?limit=200"


def test_a_revocation_is_found_without_telling_which(browser: Browser, url: str, folder: Path) -> None:
    with Visit(browser, url) as visit:
        found = check_privately(visit, folder, "micro-credential-revoked", "micro-credential-revoked")
        assert found["It was revoked or suspended."] == "bad"
        commitment = json.loads((folder / "micro-credential-revoked.receipt.json").read_text())["proof"]["targetHash"]
        assert not any(commitment in asked for asked in visit.requests)


def test_a_receipt_of_another_credential_is_noticed(browser: Browser, url: str, folder: Path) -> None:
    for credential in ("micro-credential-altered", "stolen-key-anchored"):
        with Visit(browser, url) as visit:
            found = check_privately(visit, folder, credential, "micro-credential")
            assert found["The receipt belongs to another credential, or one of the two was changed."] == "bad"
            assert not any("/api/" in asked for asked in visit.requests), "nobody is asked about what does not hold"


def swap(text: str) -> str:
    return ("0" if text[0] != "0" else "1") + text[1:]


def change_receipt(told: dict[str, Any], what: str) -> None:
    if what == "salt":
        told["salt"] = swap(told["salt"])
    elif what == "path":
        side, hashed = next(iter(told["proof"]["path"][0].items()))
        told["proof"]["path"][0] = {side: swap(hashed)}
    elif what == "inner node":
        told["proof"] |= {"targetHash": told["proof"]["merkleRoot"], "path": []}
    elif what == "entry":
        told["entry"] = told["entry"].replace('"count":', '"count":1')
    elif what == "batch":
        told["batch"] = swap(told["batch"])
    elif what == "signature":
        lines = told["tlog_proof"].split("\n")
        place = next(number for number, line in enumerate(lines) if line.startswith("— "))
        dash, name, blob = lines[place].split(" ")
        lines[place] = f"{dash} {name} {blob[:20]}{'A' if blob[20] != 'A' else 'B'}{blob[21:]}"
        told["tlog_proof"] = "\n".join(lines)
    elif what == "format":
        told["format"] = "another"


CHANGED = {
    "salt": "The receipt belongs to another credential, or one of the two was changed.",
    "path": "Its path does not lead to the root of the batch.",
    "inner node": "Its path does not lead to the root of the batch.",
    "entry": "The entry is not under the checkpoint.",
    "batch": "The entry in the receipt does not name this root.",
    "signature": "The checkpoint is not signed by the ledger’s key.",
    "format": "This file is not a receipt, or is damaged.",
}


@pytest.mark.parametrize("what", CHANGED)
def test_the_browser_notices_a_changed_receipt(
    browser: Browser, url: str, folder: Path, what: str, tmp_path: Path
) -> None:
    told = json.loads((folder / "micro-credential.receipt.json").read_text())
    change_receipt(told, what)
    (tmp_path / "changed.receipt.json").write_text(json.dumps(told))
    (tmp_path / "credential.json").write_text((folder / "micro-credential.json").read_text())
    with Visit(browser, url) as visit:
        found = check_privately(visit, tmp_path, "credential", "changed")
        assert found.get(CHANGED[what]) == "bad", found
        assert not any("/api/" in asked for asked in visit.requests)


def test_an_unknown_ledger_is_not_vouched_for(browser: Browser, url: str, folder: Path) -> None:
    with Visit(browser, url) as visit:
        visit.page.evaluate("document.querySelector('#ledgers span').dataset.origin = 'elsewhere'")
        found = check_privately(visit, folder, "micro-credential", "micro-credential")
        assert found["Not checked: nobody here vouches for this ledger. Its key came with the receipt."] == "off"
        assert not any("/api/" in asked for asked in visit.requests)


def test_what_the_browser_cannot_read_or_was_not_given_is_said(
    browser: Browser, url: str, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "prose.json").write_text("Dear Sir or Madam")
    (tmp_path / "some.receipt.json").write_text((folder / "micro-credential.receipt.json").read_text())
    with Visit(browser, url) as visit:
        visit.page.click("#private-start")
        assert list(outcomes(visit.page, "#private-result").values()) == ["off"]
        found = check_privately(visit, tmp_path, "prose", "some")
        assert "the browser reads JSON and JWT only" in " ".join(found)


def test_a_receipt_that_was_handed_in_is_checked_on_the_report(browser: Browser, url: str, folder: Path) -> None:
    with Visit(browser, url) as visit:
        hand_in(visit.page, folder, "micro-credential", "micro-credential")
        visit.page.click(".receipt-check button")
        found = outcomes(visit.page, ".receipt-check")
        assert list(found.values()) == ["off", *["good"] * 6, "off"], found
        assert next(iter(found)).startswith("Not checked: that the receipt belongs to this credential")


def test_the_browser_makes_commitments_as_the_node_does() -> None:
    script = (STATIC / "verify.js").read_text()
    assert json.dumps(LABEL.decode()) in script


# ---------- Handing in ----------


def test_a_file_is_dropped_or_pasted(browser: Browser, url: str) -> None:
    make = "const data = new DataTransfer(); data.items.add(new File(['{}'], 'dropped.json'));"
    drop = "document.getElementById('drop').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true }))"
    paste = "document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, cancelable: true }))"
    for act in (drop, paste):
        with Visit(browser, url) as visit:
            visit.page.evaluate(f"(() => {{ {make} {act} }})()")
            assert visit.page.evaluate("document.getElementById('file').files[0].name") == "dropped.json"
            assert visit.page.inner_text("#hand-in-said") == "Chosen: dropped.json"


def test_a_file_too_large_is_noticed_before_it_is_sent(browser: Browser, url: str, tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 9_000_000)
    with Visit(browser, url) as visit:
        visit.page.set_input_files("#file", large)
        visit.requests.clear()
        visit.page.click(SUBMIT)
        assert visit.page.evaluate("document.getElementById('file').validationMessage").startswith(
            "This file is larger"
        )
        assert visit.requests == []


def test_what_is_wrong_takes_the_focus(browser: Browser, url: str) -> None:
    with Visit(browser, url) as visit:
        visit.page.fill("#text", "https://university.example/credentials/1")
        visit.page.click(SUBMIT)
        visit.page.wait_for_selector("#wrong")
        assert visit.page.evaluate("document.activeElement.id") == "wrong"
        visit.page.keyboard.press("Tab")
        visit.page.keyboard.press("Enter")
        assert visit.page.evaluate("location.hash") == "#text"
        assert not any("university.example" in asked for asked in visit.requests)


def test_the_keyboard_alone_is_enough(browser: Browser, url: str, folder: Path) -> None:
    with Visit(browser, url) as visit:
        visit.page.focus("#text")
        visit.page.keyboard.insert_text((folder / "micro-credential-altered.json").read_text())
        for _ in range(2):
            visit.page.keyboard.press("Tab")
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_selector("#verdict-1")
        visit.page.focus(".q summary")
        visit.page.keyboard.press("Enter")
        assert visit.page.is_visible(".q details[open] > p")


DETECTOR = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(view) { return view.videoWidth ? [{ rawValue: window.shown }] : []; }
};
"""


@pytest.mark.parametrize(
    ("shown", "said"),
    [("eyJhbGciOiJFZERTQSJ9.e30.c2ln", "The code was read"), ("https://university.example/1", "None is opened")],
)
def test_a_code_is_scanned_where_the_browser_can(browser: Browser, url: str, shown: str, said: str) -> None:
    with Visit(browser, "about:blank") as visit:
        visit.page.add_init_script(DETECTOR + f"window.shown = {json.dumps(shown)};")
        visit.page.goto(url)
        visit.page.click("#scan-start")
        visit.page.wait_for_selector(f"#hand-in-said:has-text('{said}')")
        assert (visit.page.input_value("#text") == shown) == (not shown.startswith("https"))
        assert visit.page.evaluate("document.getElementById('scan-view').srcObject.active") is False
        assert not any("university.example" in asked for asked in visit.requests)


def test_scanning_is_not_offered_where_the_browser_cannot(browser: Browser, url: str) -> None:
    with Visit(browser, "about:blank") as visit:
        visit.page.add_init_script("delete window.BarcodeDetector")
        visit.page.goto(url)
        assert not visit.page.is_visible("#scan-start")
        assert visit.page.is_visible("text=a photograph of its QR code")


def test_a_photograph_of_a_code_is_handed_in(browser: Browser, url: str, folder: Path, tmp_path: Path) -> None:
    document = json.loads((folder / "micro-credential.json").read_text())
    segno.make(json.dumps(document, separators=(",", ":")), error="l").save(str(tmp_path / "code.png"), scale=4)
    with Visit(browser, url, java_script_enabled=False) as visit:
        visit.page.set_input_files("#file", tmp_path / "code.png")
        visit.page.click(SUBMIT)
        visit.page.wait_for_selector("#verdict-1")
        assert "in a QR code" in visit.page.inner_text("main")


def test_a_body_too_large_is_answered_with_a_page(browser: Browser, url: str, tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 9_000_000)
    with Visit(browser, url, java_script_enabled=False) as visit:
        visit.page.set_input_files("#file", large)
        visit.page.click(SUBMIT)
        visit.page.wait_for_selector("#wrong")
        assert visit.page.inner_text("#wrong") == "What you sent is too large"


def test_the_top_of_a_page_takes_two_lines_on_a_phone_and_the_rest_is_in_a_menu(browser: Browser, url: str) -> None:
    """Without a script: where most go stands there, the rest opens by touch or key and stays on the screen."""
    tops = "nodes => nodes.filter(node => node.checkVisibility()).map(node => node.getBoundingClientRect().top)"
    for width in (390, 320):
        with Visit(browser, url, **screen(width, "light"), java_script_enabled=False, locale="el") as visit:
            rows = visit.page.eval_on_selector_all(".top nav > a, .top nav > details > summary", tops)
            assert len(rows) == 3
            assert max(rows) - min(rows) < 8
            assert visit.page.eval_on_selector(".top .wrap", "node => node.getBoundingClientRect().height") < 160
            link = visit.page.locator(".top nav a[href='/ledger']")
            assert not link.is_visible()
            visit.page.focus(".top nav summary")
            visit.page.keyboard.press("Enter")
            link.wait_for(state="visible")
            place = link.bounding_box()
            assert place is not None
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= width
            link.click()
            visit.page.wait_for_url("**/ledger")


def test_on_a_desktop_all_links_at_the_top_stand_in_one_row(browser: Browser, url: str) -> None:
    with Visit(browser, url, **screen(1280, "light")) as visit:
        boxes = [link.bounding_box() for link in visit.page.query_selector_all(".top nav a")]
        assert len(boxes) == 9
        assert len({box and round(box["y"]) for box in boxes} - {None}) == 1
        assert not visit.page.is_visible(".top nav summary")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_menu_of_a_phone_is_accessible_while_it_is_open(browser: Browser, url: str, scheme: str) -> None:
    with Visit(browser, url, **screen(320, scheme)) as visit:
        visit.page.click(".top nav summary")
        visit.page.wait_for_selector(".top nav a[href='/ledger']", state="visible")
        assert Axe().run(visit.page, options=RULES).response["violations"] == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320
