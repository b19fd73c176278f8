"""Fetching what a credential names: DID documents and status lists, from wherever their owners keep them.

The address comes from a stranger's credential, so everything about it is bounded: https to public addresses only,
checked anew at each redirect and at each connection, one deadline for all hops, one size. What was read is kept in
memory for minutes, so that a thousand credentials of one issuer ask for its documents once; credentials themselves
never pass through here.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final, NamedTuple
from urllib.parse import urldefrag, urljoin

import httpcore

from register.credentials.errors import Unreachable
from register.credentials.ports import MOST_BYTES
from register.outgoing.addresses import Reach, Resolve, resolve_name
from register.outgoing.errors import OutgoingError
from register.outgoing.transport import Answer, Client, name_url
from register.sentences import say

SECONDS: Final = 5.0
"""For one fetch with all its redirects."""
MOST_REDIRECTS: Final = 3
KEEP_SECONDS: Final = 300.0
"""How long an answer is used again at most; less if it says so. As long a revocation may stay unseen."""
MOST_KEPT: Final = 256
MOST_KEPT_BYTES: Final = 16 * 1024 * 1024

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_NOT_KEPT: Final = ("no-store", "no-cache", "private")
_MAX_AGE: Final = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,9})")


class _Kept(NamedTuple):
    answer: Answer
    until: float


class Memory:
    """Answers that were read lately, by address: bounded in number, bytes and age; threads may share it.

    `clock` counts seconds and never goes back.
    """

    def __init__(
        self,
        *,
        seconds: float = KEEP_SECONDS,
        most: int = MOST_KEPT,
        most_bytes: int = MOST_KEPT_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds, self._most, self._most_bytes, self._clock = seconds, most, most_bytes, clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def find(self, url: str) -> Answer | None:
        """Return the answer kept for an address, if it is young enough."""
        with self._lock:
            kept = self._kept.get(url)
            if kept is None:
                return None
            if kept.until <= self._clock():
                self._drop(url)
                return None
            self._kept.move_to_end(url)
            return kept.answer

    def keep(self, url: str, answer: Answer) -> None:
        """Keep an answer for as long as it allows, and drop what has not been used for longest."""
        seconds = min(self._seconds, read_max_age(answer.cache_control, self._seconds))
        with self._lock:
            if url in self._kept:
                self._drop(url)
            if seconds <= 0 or len(answer.body) > self._most_bytes:
                return
            self._kept[url] = _Kept(answer, self._clock() + seconds)
            self._bytes += len(answer.body)
            while len(self._kept) > self._most or self._bytes > self._most_bytes:
                self._drop(next(iter(self._kept)))

    def _drop(self, url: str) -> None:
        self._bytes -= len(self._kept.pop(url).answer.body)


def read_max_age(cache_control: str, default: float) -> float:
    """Return for how many seconds an answer may be kept (RFC 9111, section 5.2.2)."""
    said = cache_control.lower()
    if any(word in said for word in _NOT_KEPT):
        return 0
    age = _MAX_AGE.search(said)
    return float(age[1]) if age else default


class Fetcher:
    """Reads public https addresses; the `Fetch` of ports, for a node or a command line. Threads may share it.

    `reach` names networks that may be read although they are not public, also without TLS: clusters on one machine.
    """

    def __init__(
        self,
        reach: Reach | None = None,
        *,
        seconds: float = SECONDS,
        memory: Memory | None = None,
        resolve: Resolve = resolve_name,
        backend: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._reach = reach or Reach()
        self._seconds = seconds
        self._memory = memory or Memory()
        self._client = Client(self._reach, seconds, resolve, backend)

    def __call__(self, url: str, *, limit: int = MOST_BYTES, types: Sequence[str] = ()) -> bytes:
        """Return the body of a 200 answer of at most `limit` bytes, of one of the content types if any are named.

        Raises credentials' Unreachable, whatever went wrong: its code is that of register.outgoing.errors, or
        `not_https`, `too_many_redirects`.
        """
        address = urldefrag(url).url
        answer = self._memory.find(address)
        if answer is None:
            answer = self._read(address, limit)
            self._memory.keep(address, answer)
        if len(answer.body) > limit:
            raise Unreachable(
                "too_large",
                say("expected at most {most} bytes from {address}, got more", most=limit, address=name_url(address)),
            )
        if types and answer.content_type not in types:
            raise Unreachable(
                "unexpected_answer",
                say(
                    "expected {types} from {address}, got {content_type}",
                    types=" or ".join(types),
                    address=name_url(address),
                    content_type=answer.content_type[:60] or say("no type"),
                ),
            )
        return answer.body

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _read(self, url: str, limit: int) -> Answer:
        """Follow redirects to an answer of status 200; every hop has what is left of the one deadline."""
        deadline = time.monotonic() + self._seconds
        here = url
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(here, limit, deadline - time.monotonic())
            if answer.status not in _REDIRECTS or not answer.location:
                return _check_status(answer, here)
            here = urldefrag(_join(here, answer.location)).url
        raise Unreachable(
            "too_many_redirects",
            say(
                "expected at most {most} redirects from {address}, got more",
                most=MOST_REDIRECTS,
                address=name_url(url),
            ),
        )

    def _ask(self, url: str, limit: int, seconds: float) -> Answer:
        if not url.startswith("https://") and not (url.startswith("http://") and self._reach.networks):
            raise Unreachable(
                "not_https", say("expected an https:// address, got {address}; it is not read", address=name_url(url))
            )
        try:
            return self._client.ask("GET", url, limit=limit, seconds=seconds)
        except OutgoingError as error:
            raise Unreachable(error.code, str(error)) from error


def _join(here: str, location: str) -> str:
    """Return where a redirect leads; raises Unreachable for one that is no address."""
    try:
        return urljoin(here, location)
    except ValueError as error:
        raise Unreachable(
            "unexpected_answer", say("expected a redirect from {address} to an address", address=name_url(here))
        ) from error


def _check_status(answer: Answer, url: str) -> Answer:
    if answer.status != 200:
        raise Unreachable(
            "unexpected_answer",
            say("expected status 200 from {address}, got {status}", address=name_url(url), status=answer.status),
        )
    return answer
