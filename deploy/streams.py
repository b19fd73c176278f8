"""Answers that are sent while they are made: few at a time in each process, so that slow readers stop no others.

The server takes the next piece of a streamed answer when its reader has taken those before, and holds one of its few
threads until the last. Eight readers who read nothing would end a node of eight threads. So each process sends at most
`ASSAY_STREAMS` of them at a time, and to one address all but one of these; whoever comes then is told when to come
back. Answers that are made whole hold no thread, nor do files that fit into the buffers of the connection. To whoever
asks for the head alone nothing is sent, so nothing is made. What only signed-in people get takes a turn of its own, one
in each process: strangers that hold all others keep no officer from the record, and an account of which somebody else
knows the password holds one thread at most. Static files come from further out (WhiteNoise) and take none.

A turn ends with its answer; one whose reader has fallen silent ends when the connection does, as nothing can interrupt
the server's writing: that is for the proxy in front, as with silent bodies (deploy/slow_bodies.py).
"""

from __future__ import annotations

import logging
import weakref
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from deploy.refusals import refuse
from register.access.addresses import is_of_this_machine, name_subject, read_address

log = logging.getLogger(__name__)

RETRY: Final = 10
"""Seconds after which to ask again."""

SMALL: Final = 32 * 1024
"""Bytes that the buffers of a connection take at once, whoever reads at its other end.

Of a reader that takes nothing Linux takes ten segments with their bookkeeping: some 40 KB on Ethernet (on loopback,
where a segment has 64 KiB, two MB), and granian 2.8 another 8 KiB. What is larger holds a thread until it is read.
"""

SIGNED_IN: Final = frozenset({"/operator/audit", "/desk/audit"})
"""Addresses that stream to signed-in people alone."""


class Turns:
    """The answers under way in this process, by whom they are for; safe among threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: Counter[str] = Counter()
        self._returned: deque[str] = deque()

    def take(self, subject: str, most: int) -> Callable[[], None] | None:
        """Return what gives a new turn back, however often it is called; None where all are taken.

        An empty subject is somebody who cannot be told from others, and counted with all alone.
        """
        with self._lock:
            self._count_returned()
            if self._taken.total() >= most or (subject and self._taken[subject] >= max(1, most - 1)):
                return None
            self._taken[subject] += 1
        return self._make_return(subject)

    def _make_return(self, subject: str) -> Callable[[], None]:
        held = [subject]

        def give_back() -> None:
            # The garbage collector may call this in the middle of `take`, in the thread that holds the lock.
            with suppress(IndexError):
                self._returned.append(held.pop())

        return give_back

    def _count_returned(self) -> None:
        while self._returned:
            self._taken[self._returned.popleft()] -= 1
        self._taken += Counter()  # forgets who has none


turns: Final = Turns()
turns_of_people: Final = Turns()


class FewStreams:
    """Middleware: 503 with Retry-After for a streamed answer that finds no turn; the answer is dropped unmade."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:  # noqa: D102  the protocol of a middleware
        response = self.get_response(request)
        if not response.streaming:
            return response
        if request.method == "HEAD":
            response.streaming_content = ()  # type: ignore[attr-defined]  # what was to be sent is closed with it
            return response
        if _is_small(response):
            return response
        if request.path_info in SIGNED_IN:
            give_back = turns_of_people.take("", 1)
        else:
            give_back = turns.take(_subject(request), settings.ASSAY_STREAMS)
        if give_back is None:
            log.warning("a download is refused: others are under way")
            return _refuse_instead(request, response)
        response._resource_closers.append(give_back)  # type: ignore[attr-defined]  # as Django's own, for files
        weakref.finalize(response, give_back)  # an answer that nobody sends is not closed
        return response


def _refuse_instead(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the refusal; the answer in whose place it stands is closed with it, as closing ends the request."""
    refusal = refuse(request, 503, "busy", RETRY)
    refusal._resource_closers.append(response.close)  # type: ignore[attr-defined]
    return refusal


def _subject(request: HttpRequest) -> str:
    address = read_address(request)
    return "" if is_of_this_machine(address) else name_subject(address)


def _is_small(response: HttpResponseBase) -> bool:
    length = response.headers.get("Content-Length", "")
    return length.isdecimal() and int(length) <= SMALL
