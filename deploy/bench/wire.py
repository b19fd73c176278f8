"""Wire: counts what comes in over the connections of `federation.transport`, bodies apart from heads, as sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import httpcore

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class CountingBackend(httpcore.NetworkBackend):
    """Opens plain connections and counts answers and the bytes of their bodies (compressed, as sent) and heads."""

    def __init__(self) -> None:
        self.answers = self.bodies = self.heads = 0
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect."""
        return CountedStream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options), self)


class CountedStream(httpcore.NetworkStream):
    """One connection; `head` is what has come of an answer's head, `left` what is to come of its body."""

    def __init__(self, stream: httpcore.NetworkStream, counts: CountingBackend) -> None:
        self._stream = stream
        self._counts = counts
        self._head = b""
        self._left = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        part = self._stream.read(max_bytes, timeout)
        self._count(part)
        return part

    def _count(self, part: bytes) -> None:
        while part:
            if not self._left:
                part = self._end_head(part)
            body = part[: self._left]
            self._counts.bodies += len(body)
            self._left -= len(body)
            part = part[len(body) :]

    def _end_head(self, part: bytes) -> bytes:
        """Take in what belongs to a head and return what follows it; raises RuntimeError without a length in it."""
        head, end, rest = (self._head + part).partition(b"\r\n\r\n")
        if not end:
            self._head += part
            return b""
        found = _LENGTH.search(head)
        if found is None:
            raise RuntimeError(f"expected an answer that tells its length, got {head[:300]!r}")
        self._counts.answers += 1
        self._counts.heads += len(head) + len(end)
        self._head, self._left = b"", int(found[1])
        return rest

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks of sockets."""
        return self._stream.get_extra_info(info)
