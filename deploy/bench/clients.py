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
    given = {"Accept": "application/json", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""])


def send(path: str, text: str, **headers: str) -> tuple[str, str]:
    """Return a request to send some text, ready for `ask`."""
    length = str(len(text.encode()))
    return _head("POST", path, {"Content-Type": "text/plain; charset=utf-8", "Content-Length": length, **headers}), text


def ask(
    url: str, requests: Sequence[tuple[str, str]], clients: int, seconds: float, count: int = 0, status: int = 200
) -> Answers:
    """Let clients ask in their own process, for some seconds or (if given) until `count` answers.

    Requests are taken in turn, over and over. Raises RuntimeError when an answer has another status.
    """
    return _start(url, [requests], clients=clients, seconds=seconds, count=count, status=status, again=True)


def ask_each(url: str, sequences: Sequence[Sequence[tuple[str, str]]], status: int = 200) -> Answers:
    """Let as many clients as there are sequences ask, each what is in its own and in that order, once.

    Raises RuntimeError when an answer has another status.
    """
    count = sum(map(len, sequences))
    return _start(url, sequences, clients=len(sequences), seconds=0.0, count=count, status=status, again=False)


def _start(url: str, sequences: Sequence[Sequence[tuple[str, str]]], **plan: float) -> Answers:
    parts = urlsplit(url)
    requests = [["".join(request) for request in sequence] for sequence in sequences]
    address = [parts.hostname, parts.port]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"address": address, "requests": requests, **plan}, file)
        file.flush()
        argv = [sys.executable, "-m", "deploy.bench.clients", file.name]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"clients of {url} failed: {done.stderr[-2000:]}")
    return Answers(**json.loads(done.stdout))


@dataclass(slots=True)
class _Client:
    """One connection: what it is to ask, when it asked last, and what has arrived of the answer."""

    socket: socket.socket
    requests: Iterator[bytes]
    sent: float = 0.0
    arrived: bytearray = field(default_factory=bytearray)
    expected: int = 0

    def send_next(self) -> None:
        """Send the next request, if there is one left."""
        request = next(self.requests, None)
        if request is None:
            return
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
    sequences = [[request.encode() for request in sequence] for sequence in plan["requests"]]
    # One of which clients take in turn, over and over; or one for each.
    requests = [cycle(sequences[0])] * plan["clients"] if plan["again"] else list(map(iter, sequences))
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        clients = [_connect(tuple(plan["address"]), selector, own) for own in requests]
        start = time.perf_counter()
        for client in clients:
            client.send_next()
        for client in _ready(selector):
            if not client.receive(status):
                continue
            now = time.perf_counter()
            times.append((now - client.sent) * 1000)
            if len(times) >= plan["count"] > 0 or (plan["count"] == 0 and now - start >= plan["seconds"]):
                break
            client.send_next()
        seconds = time.perf_counter() - start
        body = client.expected
        for client in clients:
            client.socket.close()
    return {"count": len(times), "seconds": seconds, "milliseconds": times, "body_bytes": body}


def _connect(address: tuple[Any, ...], selector: selectors.BaseSelector, requests: Iterator[bytes]) -> _Client:
    client = _Client(socket.create_connection(address, timeout=MOST_WAIT), requests)
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
