"""A node in memory that really signs a real ledger, answers like one over HTTP, and can lie in every way we fear.

The honest one serves the ledger it was given; each lie is a field or a method of its own, so that a test names the lie
it tells. Nothing listens on a port: `transport()` answers httpx directly.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
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
    served: list[bytes] | None = None
    """Entries it serves in bundles, when they are not those of its tree."""
    withheld: frozenset[int] = frozenset()
    """Entries it leaves out of what it answers from."""
    rewrite: Callable[[Answer], Answer] = _say_honestly
    """What it makes of an honest answer."""
    alter_tile: Callable[[Tile, bytes], bytes] = _serve_honestly
    respond: Mapping[str, Callable[[], httpx.Response]] = field(default_factory=dict)
    """Paths that it answers in a way of its own."""
    asked: list[str] = field(default_factory=list)

    @property
    def entries(self) -> list[bytes]:
        """The entries its tree is made of."""
        return self.ledger.entries

    def checkpoint(self, size: int | None = None) -> bytes:
        """Its signed checkpoint, cosigned at `signed_at`."""
        count = len(self.entries) if size is None else size
        head = Checkpoint(ledgers.ORIGIN, count, reference.mth(self.entries[:count]))
        return sign_checkpoint(head, self.signer, WITNESS, time=int(self.signed_at.timestamp()))

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
            told = {"origin": ledgers.ORIGIN, "vkey": str(self.signer.verifier), "witness_vkey": str(WITNESS.verifier)}
            return httpx.Response(200, json=told)
        if path == "/ledger/checkpoint":
            return httpx.Response(200, content=self.checkpoint())
        if path == "/api/v1/trust":
            return httpx.Response(200, content=json.dumps(self.answer(dict(request.url.params))))
        if path.startswith("/ledger/tile/"):
            return httpx.Response(200, content=self.read_tile(parse_tile_path(path.removeprefix("/ledger/"))))
        return httpx.Response(404, json={"detail": "no such thing"})

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
