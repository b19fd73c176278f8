"""What both walks through the public site need: keyboard, letter box, and an eye on each page."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.utils import translation
from playwright.sync_api import FileChooser, Page, sync_playwright

from tests.site.test_browser import CHROMIUM, RULES, SEEN

FOCUSED = "document.activeElement"
LOCALES = {"de": "de-DE", "pl": "pl-PL"}


def say(language: str, words: str, **values: Any) -> str:
    """Return a text of ours as the reader's language has it."""
    with translation.override(language):
        return translation.gettext(words) % values if values else translation.gettext(words)


@contextmanager
def open_walk(url: str, language: str, width: int, height: int, **window: Any) -> Iterator[Walk]:
    """Open a browser for somebody who reads a language, at a window of some pixels; `window` as Playwright has it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view: Any = {"width": width, "height": height}
        context = browser.new_context(viewport=view, locale=LOCALES[language], **window)
        yield Walk(context.new_page(), url, language, width)
        browser.close()


@dataclass
class Walk:
    """One reader on one page after the other; `looked_at` are the pages that were checked on the way."""

    page: Page
    url: str
    language: str
    width: int
    looked_at: list[str] = field(default_factory=list)

    def say(self, words: str, **values: Any) -> str:
        """Return a text of ours in the reader's language."""
        return say(self.language, words, **values)

    def look(self, what: str) -> None:
        """The page speaks the reader's language, fits the window, and is accessible."""
        assert self.page.evaluate("document.documentElement.lang") == self.language, what
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.width, what
        found = Axe().run(self.page, options=RULES).response["violations"]
        assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == [], what
        self.looked_at.append(what)

    def read(self, place: str) -> str:
        """Return what stands at a place."""
        return self.page.inner_text(place)

    def tab_to(self, selector: str, most: int = 90) -> None:
        """Press the tabulator until something has the focus, which must be seen at each step."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            assert self.page.evaluate(SEEN), self.page.evaluate(f"{FOCUSED}.outerHTML")
            if self.page.evaluate(f"(selector) => {FOCUSED}.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} was not reached by {most} steps of the tabulator")

    def choose_file(self, selector: str, path: Path) -> None:
        """Go to a field for files by the tabulator, press Enter and choose one.

        Somebody must listen long before: Chromium is told then to hand choosers over, and a key may overtake that.
        """
        self.page.on("filechooser", ignore_chooser)
        self.tab_to(selector)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Enter")
        chooser.value.set_files(path)

    def enter(self, selector: str, most: int = 90) -> None:
        """Go to something by the tabulator and press Enter."""
        self.tab_to(selector, most)
        self.page.keyboard.press("Enter")


def ignore_chooser(chooser: FileChooser) -> None:
    """Let whoever waits for a chooser deal with it."""


def find_confirmation(directory: Path, address: str) -> str:
    """Return the link that asks an address to confirm; a node without a mail server keeps its mails as files."""
    for _ in range(120):
        for path in directory.rglob("*.eml"):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = mail.get_body(("plain",))
            link = re.search(r"https?://\S+/follow/\S+/confirm\?key=\S+", body.get_content() if body else "")
            if address in str(mail["To"]) and link:
                return link[0]
        time.sleep(0.5)
    raise AssertionError(f"no mail to {address} within a minute")
