"""A node in memory that anchors batches: it listens on a port, checks the token, and judges by the register's rules.

Its ledger, keys and cosignatures are those of tests/peers.py. `before` is called with the path of each request before
that is answered, so that a test may stop whoever asks at that point.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from register.errors import Refused
from tests import ledgers
from tests.peers import Peer, open_peer

TOKEN = "token-of-utopia"
Answer = tuple[int, Any]


def _go_on(point: str) -> None:
    """Let a request through."""


@dataclass
class AnchoringNode:
    """The node. `posted` are the bodies that reached it, `before` and `after` hooks around the recording of a batch."""

    peer: Peer = field(default_factory=open_peer)
    posted: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[str], None] = _go_on
    after: Callable[[str], None] = _go_on
    peers: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    """Paths that it answers otherwise than an honest node."""

    @property
    def batches(self) -> list[tuple[int, Any]]:
        """The batches in its ledger: index and event."""
        steps = enumerate(self.peer.ledger.steps)
        return [(at, step.event) for at, step in steps if step.event and step.event.type == "credentials.anchored"]

    def answer(self, method: str, target: str, token: str, body: bytes) -> Answer:
        """Answer one request."""
        path = urlsplit(target).path
        self.before(f"{method} {path}")
        if path in self.answers:
            return self.answers[path]
        if method == "POST":
            return self._anchor(token, json.loads(body))
        if path == "/api/v1/batches":
            return 200, {"items": self._find(parse_qs(urlsplit(target).query)), "next": None}
        if path == "/api/v1/peers":
            return 200, {"items": self.peers, "next": None}
        if path.startswith("/api/v1/events/"):
            index = int(path.rpartition("/")[2])
            return 200, self.peer.evidence(index)
        if path.startswith("/ledger/receipt/"):
            return 200, self.peer.receipt(int(path.rpartition("/")[2]))
        return 200, self.peer._handle(httpx.Request("GET", f"http://node{target}")).json()

    def _anchor(self, token: str, body: dict[str, Any]) -> Answer:
        self.posted.append(body)
        if token != f"Bearer {TOKEN}":
            return 401, {"code": "not_authenticated", "detail": "A valid token is needed."}
        batch = ledgers.make_id(0xBA00 + len(self.batches))
        try:
            self.peer.ledger.say("credentials.anchored", f"/batches/{batch}", body | {"actor": _utopia()})
        except Refused as refusal:
            return 409, {"code": refusal.code, "detail": refusal.message}
        self.after("recorded")
        return 201, {"id": batch}

    def _find(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        return [
            {"url": event.subject, "register": self.peer.origin, "recorded": {"index": at}}
            for at, event in self.batches
            if [event.data.root] == query["root"] and [event.data.issuer] == query["issuer"]
        ]


def _utopia() -> dict[str, str]:
    return ledgers.as_issuer(ledgers.UTOPIA)


@contextmanager
def serve(node: AnchoringNode) -> Iterator[str]:
    """Let a node listen on a port of loopback and yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(node))
    server.daemon_threads = True
    listening = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    listening.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        listening.join()


def _handler_of(node: AnchoringNode) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            status, told = node.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            content = told.encode() if isinstance(told, str) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: what was asked is kept."""

    return Handler
