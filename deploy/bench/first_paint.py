"""First paint: from asking for the page of an issuer on a slow phone until Chromium shows the first of it.

A whole node as `deploy/up` starts it, with its compressed static files and the demonstration data; Debian's Chromium
with a phone's screen and an empty cache each time, slowed by the DevTools protocol (`Emulation.setCPUThrottlingRate`,
`Network.emulateNetworkConditions`). The paint is the browser's own `first-contentful-paint` (Paint Timing, W3C).
The protocol delays each answer and bounds its bytes; the making of connections it leaves as quick as it is here.
"""

from __future__ import annotations

from typing import Any, Final

import httpx
from playwright.sync_api import Browser, sync_playwright

from deploy.bench.cluster import run_cluster
from deploy.bench.result import Numbers, Reach, Result, median, spread

FULL, QUICK = 15, 2
"""Rounds: the yardstick, then the page."""

CHROMIUM: Final = "/usr/bin/chromium"
ISSUER: Final = "Demonstration University"
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
PROCESSOR: Final = 4
SLOW_4G: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
"""Milliseconds, and bytes a second: what Lighthouse calls slow 4G."""

PAINTED: Final = """() => new Promise((done) => {
  const told = (list) => list.getEntriesByName('first-contentful-paint').forEach((one) => done(one.startTime));
  new PerformanceObserver(told).observe({ type: 'paint', buffered: true });
})"""


def measure(quick: bool) -> Result:
    """Alternate: a line of plain text, then the page, each by a browser that has never been there."""
    rounds = QUICK if quick else FULL
    with run_cluster(1, demonstration=True) as cluster, sync_playwright() as playwright:
        url = cluster.entries[0]["url"].rstrip("/")
        addresses = (f"{url}/healthz", _find_issuer(url))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        # The first round fills the caches of programs and templates in every process.
        painted = [tuple(_paint(browser, address) for address in addresses) for _ in range(rounds + 1)][1:]
        browser.close()
    plain, pages = ([one[place] for one in painted] for place in (0, 1))
    return Result(
        f"milliseconds to the first paint of an issuer's page, processor ÷ {PROCESSOR}, slow 4G, nothing kept",
        "the same of a line of plain text from the same node",
        [page / line for line, page in painted],
        [Reach("median of milliseconds", "at_most", 1000, median(pages))],
        _describe(pages),
        _describe(plain),
    )


def _find_issuer(url: str) -> str:
    """Return the address of the page of an issuer of the demonstration."""
    found = httpx.get(f"{url}/issuers", params={"q": ISSUER}, headers={"Accept": "application/json"}, timeout=60)
    return str(found.raise_for_status().json()["items"][0]["url"])


def _paint(browser: Browser, address: str) -> float:
    """Return the milliseconds from asking until the first paint."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": PROCESSOR})
    protocol.send("Network.enable")
    protocol.send("Network.emulateNetworkConditions", SLOW_4G)
    page.goto(address)
    painted = float(page.evaluate(PAINTED))
    context.close()
    return painted


def _describe(milliseconds: list[float]) -> Numbers:
    return {"milliseconds": median(milliseconds), "spread": spread(milliseconds)}
