"""A node in memory that really signs a real ledger, answers like one over HTTP, and can lie in every way we fear.

The honest one serves the ledger it was given; each lie is a field or a method of its own, so that a test names the lie
it tells. `transport()` answers httpx directly; `serve` lets it listen on a port of loopback, where it can misbehave as
a server, too.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import httpx

from ledger.tlog.checkpoint import Checkpoint, sign_checkpoint
from ledger.tlog.merkle import hash_leaves
from ledger.tlog.note import COSIGNATURE, Signer
from ledger.tlog.proof import format_proof
from ledger.tlog.tiles import ENTRIES, WIDTH, Tile, format_bundle, parse_tile_path
from register.knowledge import gather, replay_proven
from register.replay import replay
from register.state import State
from register.trust import Facts, decide, format_decision, judge_freshness, parse_question
from tests import ledgers, reference

URL: Final = "https://register.nl.example"
LOG: Final = Signer.generate(ledgers.ORIGIN, sha256(b"test key of the peer's log").digest())
WITNESS: Final = Signer.generate(
    "register.nl.example/witness", sha256(b"test key of the peer's witness").digest(), COSIGNATURE
)
STRANGER: Final = Signer.generate(ledgers.ORIGIN, sha256(b"test key of a stranger").digest())
OPENING: Final = {**ledgers.OPENING, "vkey": str(LOG.verifier), "witness_vkey": str(WITNESS.verifier)}

Answer = dict[str, Any]


def _say_honestly(answer: Answer) -> Answer:
    return answer


def _serve_honestly(tile: Tile, data: bytes) -> bytes:
    return data


def open_peer(**settings: Any) -> Peer:
    """Return an honest node with the whole cast of tests/ledgers.py registered."""
    return Peer(ledgers.open_ledger(opening=OPENING, **settings))


@dataclass
class Peer:
    """A node. `signed_at` is when it last signed; `signer` its log key; the rest are lies, all untold at first."""

    ledger: ledgers.Ledger
    signed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    signer: Signer = LOG
    witness: Signer = WITNESS
    origin: str = ledgers.ORIGIN
    cosigners: list[Signer] = field(default_factory=list)
    """Other witnesses whose lines its checkpoint carries."""
    served: list[bytes] | None = None
    """Entries it serves in bundles, when they are not those of its tree."""
    withheld: frozenset[int] = frozenset()
    """Entries it leaves out of what it answers from."""
    rewrite: Callable[[Answer], Answer] = _say_honestly
    """What it makes of an honest answer."""
    alter_tile: Callable[[Tile, bytes], bytes] = _serve_honestly
    respond: Mapping[str, Callable[[], httpx.Response]] = field(default_factory=dict)
    """Paths that it answers in a way of its own."""
    misbehave: Mapping[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    """Paths that it answers on the connection itself, when it listens on a port."""
    mirrors: list[Peer] = field(default_factory=list)
    """Peers whose logs it serves below `/mirror/`."""
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    """Bytes of all bodies it sent on a port."""

    @property
    def entries(self) -> list[bytes]:
        """The entries its tree is made of."""
        return self.ledger.entries

    def checkpoint(self, size: int | None = None) -> bytes:
        """Its signed checkpoint, cosigned at `signed_at`."""
        count = len(self.entries) if size is None else size
        return self.sign(Checkpoint(self.origin, count, reference.mth(self.entries[:count])))

    def sign(self, head: Checkpoint) -> bytes:
        """Sign any checkpoint as its own, with the witnesses at hand."""
        return sign_checkpoint(
            head, self.signer, self.witness, *self.cosigners, time=int(self.signed_at.timestamp())
        )  # fmt: skip

    def receipt(self, index: int) -> str:
        """Its receipt for an entry."""
        return format_proof(index, reference.path(index, self.entries), self.checkpoint())

    def answer(self, params: Mapping[str, str]) -> Answer:
        """Its answer to a trust question: honest over the entries it does not withhold, then rewritten."""
        now = datetime.now(UTC)
        asked = parse_question(params, now)
        size = self._cut(asked.known_instant, asked.known_size.size if asked.known_size else None)
        kept = [entry for index, entry in enumerate(self.entries[:size]) if index not in self.withheld]
        state = replay(ledgers.ORIGIN, kept) if not self.withheld else self._replay_with_gaps(size)
        age, stale = judge_freshness(self.signed_at, now, asked.known_instant, 86_400, asked.pinned)
        known = gather(
            state, asked.question.issuer, asked.question.key, own=True, checkpoint_size=len(self.entries),
            checkpoint_time=self.signed_at, age_seconds=age, stale=stale, limit_seconds=86_400,
        )  # fmt: skip
        decision = decide(asked.known_as({ledgers.ORIGIN: size}), Facts((known.facts,), {ledgers.ORIGIN: known.asked}))
        return self.rewrite(format_decision(decision, [self.evidence(c.index) for c in decision.cites]))

    def _cut(self, instant: datetime | None, size: int | None) -> int:
        if size is not None:
            return size
        times = [step.event.time for step in self.ledger.steps if step.event is not None]
        return sum(1 for time in times if instant is None or time <= instant)

    def _replay_with_gaps(self, size: int) -> State:
        shown = {i: entry for i, entry in enumerate(self.entries[:size]) if i not in self.withheld}
        return replay_proven(ledgers.ORIGIN, shown, size)

    def evidence(self, index: int) -> Answer:
        """One entry with its receipt, as answers carry it."""
        event = self.ledger.steps[index].event
        return {
            "origin": ledgers.ORIGIN,
            "index": index,
            "type": event.type if event else None,
            "data": self.entries[index].decode(),
            "receipt": self.receipt(index),
        }

    def transport(self) -> httpx.MockTransport:
        """Return what httpx asks instead of a network."""
        return httpx.MockTransport(self._handle)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if path in self.respond:
            return self.respond[path]()
        if path == "/.well-known/assay.json":
            told = {
                "origin": self.origin,
                "vkey": str(self.signer.verifier),
                "witness_vkey": str(self.witness.verifier),
            }
            return httpx.Response(200, json=told)
        if path == "/api/v1/trust":
            return httpx.Response(200, content=json.dumps(self.answer(dict(request.url.params))))
        for base, peer in (("/ledger/", self), *((peer.mirror_path, peer) for peer in self.mirrors)):
            if path.startswith(base):
                return peer.answer_file(path.removeprefix(base))
        return httpx.Response(404, json={"detail": "no such thing"})

    @property
    def mirror_path(self) -> str:
        """Where other nodes serve its log."""
        return f"/mirror/{sha256(self.origin.encode()).hexdigest()}/"

    def answer_file(self, name: str) -> httpx.Response:
        """Answer a request for a file of its log."""
        if name == "checkpoint":
            return httpx.Response(200, content=self.checkpoint(), headers={"Content-Type": "text/plain; charset=utf-8"})
        if name.startswith("tile/"):
            data = self.read_tile(parse_tile_path(name))
            return httpx.Response(200, content=data, headers={"Content-Type": "application/octet-stream"})
        return httpx.Response(404, json={"detail": "no such file"})

    def read_tile(self, tile: Tile) -> bytes:
        """The bytes it serves for a tile or entry bundle."""
        first = tile.index * WIDTH
        if tile.level == ENTRIES:
            entries = self.served if self.served is not None else self.entries
            return self.alter_tile(tile, format_bundle(entries[first : first + tile.width]))
        step = WIDTH**tile.level
        rows = [self.entries[(first + i) * step : (first + i + 1) * step] for i in range(tile.width)]
        hashes = hash_leaves(self.entries)[first : first + tile.width] if tile.level == 0 else map(reference.mth, rows)
        return self.alter_tile(tile, b"".join(hashes))


@contextmanager
def serve(peer: Peer) -> Iterator[str]:
    """Let a peer listen on a port of loopback and yield its address; entries go out compressed, as nodes send them."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(peer))
    server.daemon_threads = True
    listening = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    listening.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        listening.join()


def _handler_of(peer: Peer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            if self.path in peer.misbehave:
                peer.misbehave[self.path](self)
                self.close_connection = True
                return
            request = httpx.Request(self.command, f"http://{self.headers['Host']}{self.path}", content=body)
            self._send(peer._handle(request))

        def _send(self, answer: httpx.Response) -> None:
            content = answer.content
            headers = {"Content-Type": answer.headers.get("Content-Type", "application/octet-stream")}
            if "/tile/entries/" in self.path and "gzip" in self.headers.get("Accept-Encoding", ""):
                content, headers["Content-Encoding"] = gzip.compress(content, 4), "gzip"
            if "Location" in answer.headers:
                headers["Location"] = answer.headers["Location"]
            peer.sent += len(content)
            self.send_response(answer.status_code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: what was asked is in `asked`."""

    return Handler
