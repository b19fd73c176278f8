"""HTTP to strangers: short, bounded, to checked addresses only, and suspicious of every answer.

Redirects are followed by nobody here, and there are no cookies and no proxies from the environment. Each request has
one deadline for everything from the name's resolution to the last byte, and a rate below which it ends sooner; each
answer has a size that it may not pass, packed or unpacked. Whatever goes wrong is an `OutgoingError` with a sentence
for people.
"""

from __future__ import annotations

import re
import ssl
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult

import httpcore

from register.outgoing.addresses import CheckedBackend, Reach, Resolve, Turn, resolve_name, split_url
from register.outgoing.errors import TooLarge, TooSlow, UnexpectedAnswer, Unreachable
from register.sentences import Said, Value, cite, say

MIN_RATE = 1024
"""Bytes a second below which a body is given up, once it has been coming for a quarter of the deadline.

How long a busy node thinks before it answers is the deadline's affair alone.
"""

_HTML = ("text/html", "application/xhtml+xml")
_HEADERS = ((b"User-Agent", b"assay"), (b"Accept-Encoding", b"gzip"))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose status the caller judges; `content_type` without parameters, in lower case.

    A redirect has no body that is read; `location` is where it points, as it says.
    """

    status: int
    content_type: str
    body: bytes
    location: str = ""
    cache_control: str = ""
    retry_after: str = ""


class Client:
    """Connections to strangers, reused; threads may share it.

    `seconds` is the deadline of each request; `resolve` and `backend` stand for the system's resolver and sockets.
    """

    def __init__(
        self,
        reach: Reach,
        seconds: float,
        resolve: Resolve = resolve_name,
        backend: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._turn = Turn()
        self._seconds = seconds
        self._backend = CheckedBackend(self._turn, reach, resolve, backend or httpcore.SyncBackend())
        self._pool = httpcore.ConnectionPool(
            ssl_context=read_trust_store(), max_connections=32, keepalive_expiry=15, network_backend=self._backend
        )

    def get(self, url: str, *, limit: int, types: Sequence[str] = ()) -> bytes:
        """Return the body of a 200 answer of at most `limit` bytes, of one of the content types if any are named.

        Raises subclasses of `OutgoingError` alone; HTML is never what a program says to another.
        """
        answer = self._ask_itself("GET", url, None, (), limit)
        if answer.status != 200:
            raise UnexpectedAnswer(
                say("expected status 200 from {address}, got {status}", address=name_url(url), status=answer.status),
                answer.status,
            )
        if answer.content_type in _HTML or (types and answer.content_type not in types):
            raise UnexpectedAnswer(
                say(
                    "expected {types} from {address}, got {content_type}; is this the address of a node?",
                    types=" or ".join(types) or say("no web page"),
                    address=name_url(url),
                    content_type=answer.content_type[:60] or say("no content type"),
                ),
                answer.status,
            )
        return answer.body

    def post(self, url: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        """Send a body and return the answer, whatever its status; a redirect is `UnexpectedAnswer`."""
        headers = ((b"Content-Type", content_type.encode("ascii")),)
        return self._ask_itself("POST", url, body, headers, limit)

    def ask(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
        *,
        limit: int,
        seconds: float | None = None,
    ) -> Answer:
        """Return the answer to one request, whatever its status, also a redirect; raises `OutgoingError`."""
        parts = split_url(url)
        allowed = self._seconds if seconds is None else seconds
        self._turn.deadline, self._turn.secure = time.monotonic() + allowed, parts.scheme == "https"
        try:
            with self._pool.stream(
                method, _encode(parts), headers=[(b"Host", parts.netloc.encode()), *_HEADERS, *headers], content=body,
                extensions={"timeout": {"pool": max(allowed, 0)}},
            ) as response:  # fmt: skip
                return self._read(response, url, limit, allowed)
        except httpcore.TimeoutException as error:
            raise TooSlow(
                say(
                    "expected {address} to answer within {seconds} s, it did not",
                    address=name_url(url),
                    seconds=f"{self._seconds:g}",
                )
            ) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
            raise Unreachable(
                say(
                    "expected an answer from {address}, the connection failed: {fault}",
                    address=name_url(url),
                    fault=_reason(error),
                )
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
        self._backend.close()

    def _ask_itself(
        self, method: str, url: str, body: bytes | None, headers: Sequence[tuple[bytes, bytes]], limit: int
    ) -> Answer:
        answer = self.ask(method, url, body, headers, limit=limit)
        if 300 <= answer.status < 400:
            raise UnexpectedAnswer(
                say(
                    "expected an answer from {address} itself, got a redirect ({status}); give the final address",
                    address=name_url(url),
                    status=answer.status,
                ),
                answer.status,
            )
        return answer

    def _read(self, response: httpcore.Response, url: str, limit: int, seconds: float) -> Answer:
        headers = {name.lower(): value.decode("ascii", "replace") for name, value in response.headers}
        media = headers.get(b"content-type", "").partition(";")[0].strip().lower()
        if 300 <= response.status < 400:
            return Answer(response.status, media, b"", location=headers.get(b"location", ""))
        body = _Body(url, limit, headers.get(b"content-encoding", ""))
        if headers.get(b"content-length", "0").isdecimal() and int(headers.get(b"content-length", "0")) > limit:
            raise body.too_large()
        begun = time.monotonic()
        for chunk in response.iter_stream():
            body.add(chunk)
            elapsed = time.monotonic() - begun
            if elapsed > seconds / 4 and body.received < elapsed * MIN_RATE:
                raise TooSlow(
                    say(
                        "expected at least {least} bytes a second from {address}, got fewer",
                        least=MIN_RATE,
                        address=name_url(url),
                    )
                )
        told = {"cache_control": headers.get(b"cache-control", ""), "retry_after": headers.get(b"retry-after", "")}
        return Answer(response.status, media, body.whole(), **told)


class _Body:
    """A body as it comes in, unpacked on the way and never longer than allowed."""

    def __init__(self, url: str, limit: int, coding: str) -> None:
        if coding.lower() not in ("", "identity", "gzip"):
            raise UnexpectedAnswer(
                say(
                    "expected gzip or no encoding from {address}, got {coding}",
                    address=name_url(url),
                    coding=repr(coding[:40]),
                ),
                200,
            )
        self._url = url
        self._limit = limit
        self._unpack = zlib.decompressobj(31) if coding.lower() == "gzip" else None
        self._pieces: list[bytes] = []
        self._length = 0
        self.received = 0

    def add(self, chunk: bytes) -> None:
        self.received += len(chunk)
        if self.received > self._limit:
            raise self.too_large()
        if self._unpack is not None:
            try:
                chunk = self._unpack.decompress(chunk, self._limit - self._length + 1)
            except zlib.error as error:
                raise Unreachable(
                    say("expected gzip from {address}, got something else", address=name_url(self._url))
                ) from error
        self._length += len(chunk)
        if self._length > self._limit:
            raise self.too_large()
        self._pieces.append(chunk)

    def whole(self) -> bytes:
        """Return all of it; raises `Unreachable` for gzip that ends too early or goes on after its end."""
        if self._unpack is not None and self.received and (not self._unpack.eof or self._unpack.unused_data):
            raise Unreachable(
                say("expected one whole gzip stream from {address}, got another length", address=name_url(self._url))
            )
        return b"".join(self._pieces)

    def too_large(self) -> TooLarge:
        return TooLarge(
            say(
                "expected at most {most} bytes from {address}, got more",
                most=self._limit,
                address=name_url(self._url),
            )
        )


@lru_cache(maxsize=1)
def read_trust_store() -> ssl.SSLContext:
    """The system's certificate authorities (SSL_CERT_FILE names others); read once, it takes some 20 ms."""
    return ssl.create_default_context()


def _encode(parts: SplitResult) -> httpcore.URL:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = (parts.hostname or "").encode("ascii")
    return httpcore.URL(scheme=parts.scheme.encode(), host=host, port=parts.port, target=target.encode())


def name_url(url: str) -> str:
    """Return a URL as error messages show it."""
    return url if len(url) <= 160 else url[:160] + "…"


_SYSTEM: Final[Mapping[str, Said]] = {
    f"{said}": said
    for said in (
        say("Connection refused"),
        say("Connection reset by peer"),
        say("Network is unreachable"),
        say("No route to host"),
        say("certificate has expired"),
        say("self-signed certificate"),
        say("unable to get local issuer certificate"),
    )
}
"""What the system and its TLS library say most often, as sentences that can be told in any language."""

_MISMATCH: Final = re.compile(r"Hostname mismatch, certificate is not valid for '([^']*)'\.")


def _reason(error: Exception) -> Value:
    """Return why a connection failed, in a few words of the system's, not the peer's."""
    cause: BaseException = error
    while not isinstance(cause, OSError) and (cause.__cause__ or cause.__context__):
        cause = cause.__cause__ or cause.__context__ or cause
    if isinstance(cause, ssl.SSLCertVerificationError):
        return say("its certificate is not valid ({fault})", fault=_quote_system(str(cause.verify_message)))
    if isinstance(cause, ssl.SSLError):
        return say("TLS could not be agreed on")
    if isinstance(cause, OSError):
        return _quote_system(cause.strerror or type(cause).__name__)
    return say("it was cut off, or the answer is not HTTP")


def _quote_system(text: str) -> Value:
    """Return what the system says as a sentence, if it is a usual one; else in its English."""
    if mismatch := _MISMATCH.fullmatch(text):
        return say("Hostname mismatch, certificate is not valid for '{host}'.", host=mismatch[1])
    return _SYSTEM.get(text) or cite(text)
