"""Ways in which a server can misbehave on a connection; each takes the request's handler and writes what it likes."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

BOMB = gzip.compress(bytes(20 << 20), 9)
"""20 MB of nothing, packed into 20 KB."""

Misbehaviour = Callable[[BaseHTTPRequestHandler], None]


def start(handler: BaseHTTPRequestHandler, status: int = 200, **headers: str) -> None:
    """Send the head of an answer: bytes, unless told otherwise."""
    handler.send_response(status)
    for name, value in {"Content_Type": "application/octet-stream", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def pour(handler: BaseHTTPRequestHandler) -> None:
    """Never stop sending."""
    start(handler)
    try:
        while True:
            handler.wfile.write(b"\0" * 65_536)
    except OSError:
        return


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte, wait, and so on."""
    start(handler, Content_Length="80")
    try:
        for _ in range(80):
            handler.wfile.write(b"\0")
            time.sleep(0.1)
    except OSError:
        return


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    """Begin an answer and never come to its body."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(80):
            handler.wfile.write(b"X-%d: y\r\n" % number)
            time.sleep(0.1)
    except OSError:
        return


def ponder(handler: BaseHTTPRequestHandler) -> None:
    """Think for a while, then give a short answer, as a busy node does."""
    time.sleep(2)
    start(handler, Content_Length="4")
    handler.wfile.write(b"here")


def hang(handler: BaseHTTPRequestHandler) -> None:
    """Say nothing for longer than anybody waits in a test."""
    time.sleep(6)


def break_off(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent."""
    start(handler, Content_Length="100")
    handler.wfile.write(b"half")


def explode(handler: BaseHTTPRequestHandler) -> None:
    """Send little that unpacks to much."""
    start(handler, Content_Length=str(len(BOMB)), Content_Encoding="gzip")
    handler.wfile.write(BOMB)


def cut_gzip(handler: BaseHTTPRequestHandler) -> None:
    """Send gzip that ends before its end."""
    packed = gzip.compress(b"not all of this arrives" * 20)[:-12]
    start(handler, Content_Length=str(len(packed)), Content_Encoding="gzip")
    handler.wfile.write(packed)


def babble(handler: BaseHTTPRequestHandler) -> None:
    """Speak another protocol."""
    handler.wfile.write(b"220 mail.example ESMTP\r\n")


def redirect(location: str) -> Misbehaviour:
    """Send whoever asks elsewhere."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start(handler, 302, Location=location, Content_Length="0")

    return answer


def say(body: bytes, status: int = 200, **headers: str) -> Misbehaviour:
    """Answer with this."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start(handler, status, Content_Length=str(len(body)), **headers)
        handler.wfile.write(body)

    return answer
