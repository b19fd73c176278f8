"""Peers for tests of the witness and of announcements: their rows, their small signed logs, their witnesses' state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Any
from uuid import UUID, uuid5

from federation.errors import TransportError, UnexpectedAnswer
from federation.models import Following
from federation.peers import Peer, read_peer
from federation.transport import Answer
from ledger.tlog import witness
from ledger.tlog.checkpoint import cosign
from ledger.tlog.note import COSIGNATURE, ED25519, Signer, VerifierKey
from ledger.tlog.witness import AddCheckpoint, Cosigned, WitnessRefusal
from tests.ledger.tlog.cast import SmallLog, make_entries

NAMESPACE = UUID("0190f0a0-0000-7000-8000-000000000000")
TEXT = "text/plain"


def make_key(name: str, key_type: int) -> Signer:
    """The test key of that name; never a key anybody uses."""
    return Signer.generate(name, sha256(f"test key {name} {key_type}".encode()).digest(), key_type)


@dataclass
class Country:
    """A peer by its country's code: its keys, and the row that follows it."""

    code: str

    @property
    def origin(self) -> str:
        return f"register.{self.code}.example/ledger"

    @property
    def log(self) -> Signer:
        return make_key(self.origin, ED25519)

    @property
    def witness(self) -> Signer:
        return make_key(f"register.{self.code}.example/witness", COSIGNATURE)

    def follow(self, **fields: Any) -> Peer:
        row = {
            "origin": self.origin,
            "name": f"Register of {self.code.upper()}",
            "url": f"https://register.{self.code}.example",
            "vkeys": [str(self.log.verifier)],
            "witness_vkeys": [str(self.witness.verifier)],
            "territory": [self.code.upper()],
            **fields,
        }
        following, _ = Following.objects.update_or_create(peer=uuid5(NAMESPACE, self.code), defaults=row)
        return read_peer(following)

    def make_log(self, count: int, label: str = "entry") -> SmallLog:
        return SmallLog(make_entries(count, label), self.log)


NL, DE, FR, IT = map(Country, ("nl", "de", "fr", "it"))


@dataclass
class Witness:
    """A peer's witness in memory: decides as the specification says, or answers in a way of its own."""

    country: Country
    keys: Sequence[VerifierKey]
    time: int
    last: Cosigned = field(default_factory=Cosigned)
    note: bytes = b""
    asked: list[AddCheckpoint] = field(default_factory=list)
    instead: Callable[[bytes], Answer] | None = None
    lock: Lock = field(default_factory=Lock)

    def answer(self, body: bytes) -> Answer:
        if self.instead is not None:
            return self.instead(body)
        with self.lock:
            return self._decide(body)

    def _decide(self, body: bytes) -> Answer:
        request = witness.parse_add_checkpoint(body)
        self.asked.append(request)
        signer = self.country.witness
        try:
            signed = witness.decide_add_checkpoint(request, self.keys, self.last, signer.verifier)
        except witness.OldSizeConflict as conflict:
            return Answer(409, witness.SIZE_TYPE, conflict.body)
        except WitnessRefusal as refusal:
            return Answer(refusal.status, TEXT, str(refusal).encode())
        self.last, self.note = Cosigned(signed.checkpoint.size, signed.checkpoint.root), signed.raw
        return Answer(200, TEXT, witness.format_cosignatures([cosign(signed.text, signer, self.time)]))


@dataclass
class Wire:
    """Stands for the network: brings requests to the witnesses by their addresses; threads share it."""

    witnesses: dict[str, Witness]
    sent: list[tuple[str, str]] = field(default_factory=list)

    @staticmethod
    def between(*witnesses: Witness) -> Wire:
        return Wire({f"https://register.{one.country.code}.example": one for one in witnesses})

    def post(self, url: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        base = url.removesuffix("/witness/add-checkpoint")
        self.sent.append((base, content_type))
        answer = self.witnesses[base].answer(body)
        assert len(answer.body) <= limit
        return answer

    def get(self, url: str, *, limit: int, types: Sequence[str] = ()) -> bytes:
        base, _, _ = url.partition("/witness/")
        note = self.witnesses[base].note
        if not note:
            raise UnexpectedAnswer("expected status 200, got 404", 404)
        return note


def fail_with(error: TransportError) -> Callable[[bytes], Answer]:
    """A witness that cannot be reached."""

    def answer(body: bytes) -> Answer:
        raise error

    return answer
