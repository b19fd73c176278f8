"""Simulator: a process that is many peers of one node at once, and costs that node what as many real ones would.

`python -m deploy.bench.simulator FILE` reads its plan from FILE (JSON), listens on addresses of loopback, a peer each,
and lives until its input ends. Every peer

- answers for its log of one entry, a register's opening, which it signs anew and submits twice to the node's witness
  every `refresh` seconds, the second time with the lines of fourteen other witnesses;
- cosigns what the node submits, deciding as a witness does, and fetches the entries that are new to it;
- every `ask` seconds asks the node for its checkpoint, as peers do that have heard nothing, and for gossip.

What peers do for themselves alone (hashing, storing, applying) is left out: it costs the node nothing. Connections are
made anew for each errand, as real peers make them; there is no TLS.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from deploy.bench.signed_logs import SignedLog, Tree, describe_peer, make_log
from ledger.tlog.checkpoint import add_signatures, cosign
from ledger.tlog.note import Signature, parse_note, parse_signature_lines, parse_vkey
from ledger.tlog.tiles import ENTRIES, WIDTH, Tile, format_bundle, tile_path
from ledger.tlog.witness import (
    Cosigned,
    OldSizeConflict,
    WitnessRefusal,
    decide_add_checkpoint,
    format_add_checkpoint,
    format_cosignatures,
    parse_add_checkpoint,
)
from register import events
from register.ids import new_id

OTHER_LINES = 14
"""Lines of other witnesses in a peer's fuller note: with its own two they are as many as a node puts there."""

TEXT, BYTES, SIZE = "text/plain; charset=utf-8", "application/octet-stream", "text/x.tlog.size"


class Answer(NamedTuple):
    """An answer over HTTP."""

    status: int
    content_type: str
    body: bytes


def open_entry(log: SignedLog, url: str) -> bytes:
    """Return the first entry of a peer's ledger: its opening."""
    said = {
        "name": f"Register {log.name}",
        "territory": ["DE"],
        "operator": "nobody",
        "vkey": str(log.log.verifier),
        "witness_vkey": str(log.witness.verifier),
        "statement_jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43},
        "actor": {"role": "node"},
    }
    now = datetime.now(UTC)
    return events.draft("register.opened", event_id=new_id(), source=url, subject=url, time=now, data=said)


def make_peers(count: int, port: int) -> list[tuple[SignedLog, str]]:
    """Return the peers of a simulation, the same in each process: their logs and addresses."""
    names = [f"127.0.{1 + number // 200}.{1 + number % 200}:{port}" for number in range(count)]
    return [(make_log(name, Tree([])), f"http://{name}") for name in names]


@contextmanager
def run_simulator(node: Mapping[str, Any], count: int, port: int, **pace: float) -> Iterator[list[dict[str, str]]]:
    """Simulate `count` peers of a node (its entry in `nodes.json`) and yield them as they are to be recognised."""
    plan = {"node": {name: node[name] for name in ("url", "origin", "vkey")}, "count": count, "port": port, **pace}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        argv = [sys.executable, "-m", "deploy.bench.simulator", file.name]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            if not process.stdout.readline():
                raise RuntimeError("the simulator did not start; what it says is above")
            yield [describe_peer(log, url) for log, url in make_peers(count, port)]


class Simulation:
    """All peers of one process, and the node they have in common; `done` counts what went to it and came back."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.url, self.origin = plan["node"]["url"], plan["node"]["origin"]
        self.keys = [parse_vkey(plan["node"]["vkey"])]
        self.refresh, self.ask, self.port = plan["refresh"], plan["ask"], plan["port"]
        self.peers = [Peer(self, log, url) for log, url in make_peers(plan["count"], plan["port"])]
        self.by_address = {peer.url.removeprefix("http://").split(":")[0]: peer for peer in self.peers}
        self.by_hash = {sha256(peer.log.origin.encode()).hexdigest(): peer for peer in self.peers}
        self.done: Counter[str] = Counter()

    async def run(self) -> None:
        """Serve until the input ends."""
        await asyncio.start_server(self._serve, list(self.by_address), self.port, backlog=500)
        print("ready", flush=True)
        errands = [asyncio.create_task(act()) for peer in self.peers for act in (peer.keep_fresh, peer.keep_asking)]
        await asyncio.to_thread(sys.stdin.read)
        for errand in errands:
            errand.cancel()
        print(f"simulated peers: {dict(self.done)}", file=sys.stderr, flush=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = self.by_address[writer.get_extra_info("sockname")[0]]
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                answer = peer.answer(method, path, await reader.readexactly(_read_length(head)))
                lines = f"Content-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}\r\n"
                writer.write(f"HTTP/1.1 {answer.status} -\r\n{lines}\r\n".encode() + answer.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the node has done with us, or the simulation is over
        finally:
            writer.close()

    async def go(self, what: str, *requests: tuple[str, str, bytes]) -> list[bytes]:
        """Send requests over a connection of their own; return the bodies, counting answers by status."""
        parts, found = urlsplit(self.url), []
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            for method, path, body in requests:
                head = f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept-Encoding: gzip\r\n"
                kind = f"Content-Type: {TEXT}\r\nContent-Length: {len(body)}\r\n" if body else ""
                writer.write(f"{head}{kind}\r\n".encode() + body)
                told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                found.append(await reader.readexactly(_read_length(told)))
                self.done[f"{what} {told.split(' ', 2)[1]}"] += 1
        except (OSError, asyncio.IncompleteReadError):
            self.done[f"{what} failed"] += 1
        finally:
            writer.close()
        return found


class Peer:
    """One simulated peer: its log of one entry, and what its witness cosigned of the node's."""

    def __init__(self, simulation: Simulation, log: SignedLog, url: str) -> None:
        self.entry = open_entry(log, url)
        self.log = make_log(log.name, Tree([self.entry]))
        self.url = url
        self.all = simulation
        self.note = self.log.sign(1)
        self.last, self.seen, self.fetched = Cosigned(), b"", 0
        self.errands: set[asyncio.Task[None]] = set()

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Answer a request of the node's."""
        if method == "POST" and path == "/witness/add-checkpoint":
            return self._cosign(body)
        if path == "/ledger/checkpoint":
            return Answer(200, TEXT, self.note)
        if path == f"/ledger/{tile_path(Tile(ENTRIES, 0, 1))}":
            return Answer(200, BYTES, format_bundle([self.entry]))
        if path.startswith("/witness/"):
            return self._show(path.split("/")[2])
        return Answer(404, TEXT, b"no such thing\n")

    def _cosign(self, body: bytes) -> Answer:
        try:
            request = parse_add_checkpoint(body)
            keys = self.all.keys if request.origin == self.all.origin else []
            signed = decide_add_checkpoint(request, keys, self.last, self.log.witness.verifier)
        except OldSizeConflict as conflict:
            return Answer(409, SIZE, conflict.body)
        except WitnessRefusal as refusal:
            return Answer(refusal.status, TEXT, f"{refusal}\n".encode())
        line = cosign(signed.text, self.log.witness, int(time.time()))
        self.last, self.seen = Cosigned(signed.checkpoint.size, signed.checkpoint.root), request.note
        if signed.checkpoint.size > self.fetched:
            self._begin_fetching(self.fetched, signed.checkpoint.size)
        return Answer(200, TEXT, format_cosignatures([line]))

    def _begin_fetching(self, start: int, stop: int) -> None:
        self.fetched = stop
        errand = asyncio.create_task(self._fetch(start, stop))
        self.errands.add(errand)
        errand.add_done_callback(self.errands.discard)

    async def _fetch(self, start: int, stop: int) -> None:
        numbers = range(start // WIDTH, (stop - 1) // WIDTH + 1)
        tiles = [Tile(ENTRIES, number, min(WIDTH, stop - number * WIDTH)) for number in numbers]
        await self.all.go("bundle", *(("GET", f"/ledger/{tile_path(tile)}", b"") for tile in tiles))

    def _show(self, digest: str) -> Answer:
        """Show what this peer's witness cosigned last of a log: the node's, or another simulated one's."""
        if digest == sha256(self.all.origin.encode()).hexdigest() and self.seen:
            return Answer(200, TEXT, self.seen)
        if digest in self.all.by_hash:
            return Answer(200, TEXT, self.all.by_hash[digest].note)
        return Answer(404, TEXT, b"not cosigned here\n")

    async def keep_fresh(self) -> None:
        """Sign the log anew every so often and submit it, alone and with the others' lines."""
        await asyncio.sleep(self.all.refresh * random.random())
        cosigned = 0
        while True:
            self.note = self.log.sign(1)
            for lines in ((), self._gather_lines()):
                self.note = add_signatures(self.note, lines)
                body = format_add_checkpoint(cosigned, (), self.note)
                for answer in await self.all.go("submission", ("POST", "/witness/add-checkpoint", body)):
                    cosigned = self._read_cosigned(answer) or cosigned
            await asyncio.sleep(self.all.refresh)

    def _read_cosigned(self, answer: bytes) -> int | None:
        """Return the size the node's witness has now cosigned: 1 after its line, what it says after a conflict."""
        if answer.startswith("— ".encode()):
            return len(parse_signature_lines(answer))
        return int(answer) if answer.strip().isdigit() else None

    def _gather_lines(self) -> Sequence[Signature]:
        others = [peer for peer in self.all.peers if peer is not self][:OTHER_LINES]
        text, now = parse_note(self.note).text, int(time.time())
        return [cosign(text, peer.log.witness, now) for peer in others]

    async def keep_asking(self) -> None:
        """Ask the node every so often for its checkpoint, and for what it cosigned of another peer."""
        while True:
            await asyncio.sleep(self.all.ask * random.uniform(0.75, 1.25))
            await self.all.go("checkpoint", ("GET", "/ledger/checkpoint", b""))
            digest = random.choice(list(self.all.by_hash))
            await self.all.go("gossip", ("GET", f"/witness/{digest}/checkpoint", b""))


def _read_length(head: str) -> int:
    found = head.lower().partition("content-length:")[2].partition("\r\n")[0]
    return int(found) if found else 0


if __name__ == "__main__":
    asyncio.run(Simulation(json.loads(Path(sys.argv[1]).read_text())).run())
