"""A node as the command line sees it: an address that answers over HTTP and is believed in nothing.

Answers are bounded in size and time, redirects are not followed, and whatever goes wrong is a `NodeError` with one
sentence. The node's keys come from `--vkey` when given, else from the node itself, which the report then says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx

from deploy.cli.keys import Keys, KeysUnusable, read_keys
from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.tlog.tiles import MAX_ENTRY, WIDTH, Tile, tile_path

MAX_JSON: Final = 32 << 20
MAX_TILE: Final = (MAX_ENTRY + 2) * WIDTH
MAX_NOTE: Final = 1 << 20
_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
_FETCHERS: Final = 4


class NodeError(Exception):
    """A node could not be asked, or answered in a way that cannot be used; nothing was concluded from it.

    `status` is that of an answer other than 200, None when there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Node:
    """One register over HTTP."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        try:
            parts = urlsplit(url)
            sound = parts.scheme in ("http", "https") and bool(httpx.URL(url).host)
        except (httpx.InvalidURL, ValueError):
            sound = False
        if not sound:
            raise NodeError(f"expected an address such as https://register.nl.example, got {url!r}")
        self.url = url.rstrip("/")
        self._http = httpx.Client(timeout=_TIMEOUT, follow_redirects=False, transport=transport, trust_env=False)
        self._pool = ThreadPoolExecutor(_FETCHERS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._http.close()

    def get(self, path: str, limit: int, *, params: Mapping[str, str] | None = None, accept: str = "*/*") -> bytes:
        """Fetch bytes from below the node's address; raises NodeError for anything but a 200 within `limit` bytes."""
        try:
            with self._http.stream("GET", self.url + path, params=params, headers={"Accept": accept}) as response:
                body = read_bounded(response, limit)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NodeError(f"{self.url} could not be asked: {type(error).__name__}: {error}") from error
        if response.status_code != 200:
            told = f"{self.url}{path} answered {response.status_code}{_describe_problem(body)}"
            raise NodeError(told, response.status_code)
        return body

    def get_json(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Fetch a JSON object."""
        body = self.get(path, MAX_JSON, params=params, accept="application/json")
        try:
            answer = httpx.Response(200, content=body).json()
        except (ValueError, RecursionError) as error:
            raise NodeError(f"{self.url}{path} did not answer with JSON") from error
        if not isinstance(answer, dict):
            raise NodeError(f"{self.url}{path} answered with {type(answer).__name__} where an object was expected")
        return answer

    def read_keys(self, vkey: str | None) -> Keys:
        """Learn the node's origin and keys; with `vkey` the log key is that one, or one that follows from it."""
        told = self.get_json("/.well-known/assay.json")
        try:
            return read_keys(told, vkey)
        except KeysUnusable as error:
            raise NodeError(str(error)) from error

    def read_checkpoint(self, keys: Keys) -> SignedCheckpoint:
        """Fetch the newest checkpoint and verify its signatures; raises TlogError when they do not hold."""
        return open_checkpoint(self.get("/ledger/checkpoint", MAX_NOTE), keys.all, keys.origin)

    def fetch_tiles(self, tiles: Sequence[Tile]) -> list[bytes]:
        """Fetch tiles or entry bundles, a few at a time."""
        return list(self._pool.map(lambda tile: self.get(f"/ledger/{tile_path(tile)}", MAX_TILE), tiles))


def read_bounded(response: httpx.Response, limit: int) -> bytes:
    """Return the body of an answer that is being streamed; raises NodeError beyond `limit` bytes."""
    parts, total = [], 0
    for part in response.iter_bytes(1 << 16):
        total += len(part)
        if total > limit:
            raise NodeError(f"{response.url.host} sent more than {limit} bytes; expected less")
        parts.append(part)
    return b"".join(parts)


def _describe_problem(body: bytes) -> str:
    """Return the sentence of a problem+json body, shortened and without control characters, or nothing."""
    try:
        problem = httpx.Response(400, content=body[:65536]).json()
        detail = str(problem["detail"])[:300]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return ": " + "".join(c for c in detail if c.isprintable())
