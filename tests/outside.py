"""The web as tests have it: pages by address, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from register.credentials.errors import Unreachable
from register.credentials.ports import MOST_BYTES


class Web:
    """Answers from a table and remembers what was asked for."""

    def __init__(self, pages: Mapping[str, Any]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    def __call__(self, url: str, *, limit: int = MOST_BYTES, types: Sequence[str] = ()) -> bytes:
        """Return the page as it is, or the JSON of what is not bytes."""
        self.asked.append(url)
        if url not in self.pages:
            raise Unreachable("unreachable", f"{url} does not answer")
        page = self.pages[url]
        return page if isinstance(page, bytes) else json.dumps(page).encode()


def fetch_nothing(url: str, *, limit: int = MOST_BYTES, types: Sequence[str] = ()) -> bytes:
    """A web that nobody may ask."""
    raise AssertionError(f"nothing had to be fetched, but {url} was")
