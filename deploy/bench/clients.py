"""Clients: a process that keeps some connections to a web server busy and times each answer.

`ask` starts it: `python -m deploy.bench.clients FILE` reads what to ask from FILE (JSON) and prints what came of it.
One thread with one selector: every client sends its next request as soon as its last one is answered.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MOST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Answers:
    """What some clients got: answers in how many seconds, each one's time in milliseconds, bytes of one body."""

    count: int
    seconds: float
    milliseconds: list[float]
    body_bytes: int

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.count / self.seconds


def get(path: str, **headers: str) -> tuple[str, str]:
    """Return a request to read, ready for `ask`."""
    return _head("GET", path, headers), ""


def post(path: str, body: Any, **headers: str) -> tuple[str, str]:
    """Return a request to write JSON, ready for `ask`."""
    text = json.dumps(body)
    return _head("POST", path, {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}), text


def _head(method: str, path: str, headers: Mapping[str, str]) -> str:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json", *lines, "", ""])


def ask(
    url: str, requests: Sequence[tuple[str, str]], clients: int, seconds: float, count: int = 0, status: int = 200
) -> Answers:
    """Let clients ask in their own process, for some seconds or (if given) until `count` answers.

    Requests are taken in turn, over and over. Raises RuntimeError when an answer has another status.
    """
    parts = urlsplit(url)
    plan = {
        "address": [parts.hostname, parts.port],
        "requests": ["".join(request) for request in requests],
        "clients": clients,
        "seconds": seconds,
        "count": count,
        "status": status,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        argv = [sys.executable, "-m", "deploy.bench.clients", file.name]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"clients of {url} failed: {done.stderr[-2000:]}")
    return Answers(**json.loads(done.stdout))


@dataclass(slots=True)
class _Client:
    """One connection: the request under way, when it was sent, and what has arrived of its answer."""

    socket: socket.socket
    sent: float = 0.0
    arrived: bytearray = field(default_factory=bytearray)
    expected: int = 0

    def send(self, request: bytes) -> None:
        self.arrived.clear()
        self.expected = 0
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self, status: bytes) -> bool:
        """Take what has come and tell whether the answer is whole; raises RuntimeError for another status."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise RuntimeError("the server closed a connection")
        self.arrived += part
        if not self.expected:
            self.expected = _read_length(self.arrived, status)
        return bool(self.expected) and len(self.arrived) >= self.expected


def _read_length(arrived: bytearray, status: bytes) -> int:
    """Return how long the whole answer will be, 0 while its head is not there."""
    end = arrived.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = bytes(arrived[:end]).lower()
    if not head.startswith(b"http/1.1 " + status):
        raise RuntimeError(f"expected status {status.decode()}, got {bytes(arrived[:1500])!r}")
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    return end + 4 + length


def run(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Ask as planned, in this process."""
    status = str(plan["status"]).encode()
    requests = cycle([request.encode() for request in plan["requests"]])
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        clients = [_connect(tuple(plan["address"]), selector) for _ in range(plan["clients"])]
        start = time.perf_counter()
        for client in clients:
            client.send(next(requests))
        for client in _ready(selector):
            if not client.receive(status):
                continue
            now = time.perf_counter()
            times.append((now - client.sent) * 1000)
            if len(times) >= plan["count"] > 0 or (plan["count"] == 0 and now - start >= plan["seconds"]):
                break
            client.send(next(requests))
        seconds = time.perf_counter() - start
        body = client.expected
        for client in clients:
            client.socket.close()
    return {"count": len(times), "seconds": seconds, "milliseconds": times, "body_bytes": body}


def _connect(address: tuple[Any, ...], selector: selectors.BaseSelector) -> _Client:
    client = _Client(socket.create_connection(address, timeout=MOST_WAIT))
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    selector.register(client.socket, selectors.EVENT_READ, client)
    return client


def _ready(selector: selectors.BaseSelector) -> Iterator[_Client]:
    """Yield clients for whom something has arrived, without end."""
    while True:
        found = selector.select(MOST_WAIT)
        if not found:
            raise RuntimeError(f"no answer within {MOST_WAIT:g} s")
        for key, _ in found:
            yield key.data


if __name__ == "__main__":
    print(json.dumps(run(json.loads(Path(sys.argv[1]).read_text()))))
