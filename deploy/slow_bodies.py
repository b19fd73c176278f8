"""Bodies: one that drips is answered 408 instead of holding a thread for hours, one that breaks off 400.

The server reads a body while the application asks for it, in one of its few threads, and a read waits for all bytes
asked for, without a time limit and without a way to interrupt it. So a body is asked for in pieces that double, from
one byte on, and between two pieces the time it took is compared with what `Pace` allows: a drip is found out within
about twice the grace, and an ordinary body costs a dozen short reads. A client that falls silent is not found out
before it sends again or hangs up: that is for the proxy in front. Refused: reading in another thread and answering
without it, since granian 2.8 serves nobody else while a body it has answered is still being read.

Of a connection that breaks off the server gives what had come, as if that were all, and half a form is a form: nothing
shorter than was declared reaches the application (RFC 9112, 8: an incomplete message).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

LARGEST_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a body may take: `grace` seconds, and one more for every `rate` bytes, at most `longest` seconds."""

    grace: int
    rate: int
    longest: int

    def seconds_for(self, received: int) -> float:
        """Return how long a body may have been under way of which so many bytes have come."""
        return min(self.grace + received / self.rate, self.longest)

    def times(self, factor: int) -> Pace:
        """Return the pace of a body that may take so many times as long."""
        return replace(self, longest=self.longest * factor)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a body was not taken (RFC 9457)."""

    title: str
    status: int
    code: str
    detail: str


_TOO_SLOW = Problem(
    "body too slow",
    408,
    "body_too_slow",
    "The body did not arrive in time; nothing was done. Send it again over a better connection.",
)
_INCOMPLETE = Problem(
    "body incomplete",
    400,
    "body_incomplete",
    "The body ended before its declared length; nothing was done. Send it again.",
)


class BodyDeadline:
    """WSGI middleware: the application finds the whole body at hand, or its client is told why not (RFC 9110, 15.5).

    Up to `most` bytes it is in memory; up to what `largest` allows a request it is in a file without a name, which goes
    with the request, and may take as many times longer. Longer bodies are left alone: the application refuses them by
    their declared length, unread.
    """

    def __init__(
        self, application: Application, pace: Pace, most: int, largest: Callable[[Environ], int] | None = None
    ) -> None:
        self._application = application
        self._pace = pace
        self._most = most
        self._largest = largest or (lambda environ: most)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:  # noqa: D102  WSGI
        declared = environ.get("CONTENT_LENGTH") or "0"
        if not (declared.isascii() and declared.isdecimal()) or not 0 < int(declared) <= self._largest(environ):
            return self._application(environ, start_response)
        length = int(declared)
        body: IO[bytes] = BytesIO() if length <= self._most else TemporaryFile()  # noqa: SIM115  goes with the request
        received = read_body(environ["wsgi.input"], length, self._pace.times(-(-length // self._most)), body)
        if received is None:
            return _answer(start_response, _TOO_SLOW)
        if received < length:
            return _answer(start_response, _INCOMPLETE)
        body.seek(0)
        environ["wsgi.input"] = body
        return self._application(environ, start_response)


def read_body(source: IO[bytes], length: int, pace: Pace, body: IO[bytes]) -> int | None:
    """Write the next `length` bytes into `body`, or as many as there are, and return how many there were.

    None once they come more slowly than `pace` allows.
    """
    start, received, piece = time.monotonic(), 0, 1
    while received < length:
        part = source.read(min(piece, length - received))
        if not part:
            break
        body.write(part)
        received += len(part)
        piece = min(2 * piece, LARGEST_PIECE)
        if received < length and time.monotonic() - start > pace.seconds_for(received):
            return None
    return received


def _answer(start_response: StartResponse, problem: Problem) -> list[bytes]:
    """Answer with a problem (RFC 9457) and end the connection."""
    body = json.dumps({"type": "about:blank", **asdict(problem)}).encode()
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Connection", "close"),
    ]
    start_response(f"{problem.status} {HTTPStatus(problem.status).phrase}", headers)
    return [body]
