"""Concurrent writers over HTTP, and what they may rely on afterwards.

Each write registers an issuer whose name is the write's own Idempotency-Key, so that the public ledger tells how
often it was written.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.merkle import Frontier, hash_leaves
from ledger.tlog.proof import check_proof, parse_proof
from ledger.tlog.tiles import ENTRIES, WIDTH, parse_bundle, tile_in_tree, tile_path
from tests.faults.machine import Machine

WRITERS: Final = 8


def make_body(key: str) -> dict[str, Any]:
    """The issuer that a write with this key registers."""
    return {"names": {"en": f"College {key}"}, "country": "NL"}


def post(client: httpx.Client, key: str) -> httpx.Response:
    """Register the issuer of a key."""
    return client.post("/api/v1/issuers", json=make_body(key), headers={"Idempotency-Key": key})


def check_refusal(answer: httpx.Response) -> dict[str, Any]:
    """Insist that a write which was not acknowledged was refused clearly: 503, in the form of RFC 9457."""
    assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:500]
    assert int(answer.headers["retry-after"]) > 0
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == 503
    assert problem["code"]
    assert problem["detail"]
    return problem


@dataclass
class Acknowledged:
    """A write that was answered 201."""

    key: str
    answer: dict[str, Any]

    @property
    def index(self) -> int:
        """Where the node said that its entry stands."""
        return int(self.answer["entry"]["index"])


@dataclass
class Writers:
    """Eight threads that write until they are told to stop; what each was told is kept."""

    machine: Machine
    acknowledged: list[Acknowledged] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    _stop: threading.Event = field(default_factory=threading.Event)

    def wait_for(self, what: str, condition: Callable[[], bool], patience: float = 180) -> None:
        """Wait until a condition on what was kept holds; raises what a writer found wrong meanwhile."""
        with self.changed:
            came = self.changed.wait_for(lambda: self.faults or condition(), timeout=patience)
        if self.faults:
            raise self.faults[0]
        assert came, f"{what}: not within {patience:g} s ({self})"

    def wait_for_more(self, count: int) -> None:
        """Wait for that many further acknowledged writes."""
        before = len(self.acknowledged)
        self.wait_for(f"{count} more writes", lambda: len(self.acknowledged) >= before + count)

    def work(self) -> None:
        """Write, one issuer after the other."""
        try:
            with self.machine.client() as client:
                while not self._stop.is_set():
                    self.write(client, f"key-{uuid.uuid4()}")
        except BaseException as error:
            self._keep(self.faults, error)

    def write(self, client: httpx.Client, key: str) -> None:
        """Write one issuer and keep what became of it."""
        try:
            answer = post(client, key)
        except httpx.TransportError:
            self._keep(self.unsure, key)
            # Without its server a client fails at once: it waits as long as a polite one would.
            self._stop.wait(0.2)
            return
        if answer.status_code == 201:
            self._keep(self.acknowledged, Acknowledged(key, answer.json()))
        else:
            self._keep(self.refused, {**check_refusal(answer), "key": key})
            self._stop.wait(0.2)

    def _keep(self, where: list[Any], what: Any) -> None:
        with self.changed:
            where.append(what)
            self.changed.notify_all()

    def retry(self) -> None:
        """Send every write that was not acknowledged again, with its own key, until it is."""
        keys = [*self.unsure, *(problem["key"] for problem in self.refused)]
        self.unsure, self.refused = [], []
        with self.machine.client() as client:
            for key in keys:
                answer = post(client, key)
                assert answer.status_code == 201, f"{answer.status_code}: {answer.text[:500]}"
                self.acknowledged.append(Acknowledged(key, answer.json()))

    def __str__(self) -> str:
        refusals = sorted({problem["code"] for problem in self.refused})
        return (
            f"{len(self.acknowledged)} acknowledged, {len(self.unsure)} unsure, {len(self.refused)} refused {refusals}"
        )


@contextmanager
def writing(machine: Machine, count: int = WRITERS) -> Iterator[Writers]:
    """Write with some threads for as long as the block lasts; they have ended when it is left."""
    writers = Writers(machine)
    threads = [threading.Thread(target=writers.work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        writers._stop.set()
        for thread in threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in threads), "a request never came back"
    if writers.faults:
        raise writers.faults[0]


@dataclass(frozen=True)
class PublicLedger:
    """What anybody can fetch of the node's ledger: its entries and the signed size they stand under."""

    size: int
    root: bytes
    entries: list[bytes]

    def indexes_by_key(self) -> dict[str, list[int]]:
        """Return where the ledger holds the issuer of each key."""
        found = defaultdict(list)
        for index, data in enumerate(self.entries):
            event = json.loads(data)
            if event["type"] == "issuer.registered":
                found[event["data"]["names"]["en"].removeprefix("College ")].append(index)
        return found


def fetch_ledger(machine: Machine) -> PublicLedger:
    """Fetch the whole ledger as a monitor does; its entries must hash to its signed root."""
    with machine.client() as client:
        answer = client.get("/ledger/checkpoint")
        assert answer.status_code == 200, answer.text
        head = open_checkpoint(answer.content, machine.keys, machine.origin).checkpoint
        entries: list[bytes] = []
        for number in range((head.size + WIDTH - 1) // WIDTH):
            tile = tile_in_tree(ENTRIES, number, head.size)
            bundle = client.get(f"/ledger/{tile_path(tile)}")
            assert bundle.status_code == 200, bundle.text
            entries += parse_bundle(bundle.content, tile.width)
    assert len(entries) == head.size
    assert Frontier().append(hash_leaves(entries)).root() == head.root
    return PublicLedger(head.size, head.root, entries)


def check_acknowledged(machine: Machine, acknowledged: list[Acknowledged]) -> PublicLedger:
    """Insist that every acknowledged write is in the public ledger, once, where its receipt says, under one history."""
    ledger = fetch_ledger(machine)
    places = ledger.indexes_by_key()
    leaf_hashes = hash_leaves(ledger.entries)
    roots: dict[int, bytes] = {}
    for write in acknowledged:
        assert places[write.key] == [write.index], f"{write.key}: acknowledged at {write.index}"
        proof = parse_proof(write.answer["entry"]["receipt"])
        assert proof.index == write.index
        signed = check_proof(proof, ledger.entries[write.index], machine.keys).checkpoint
        assert write.index < signed.size <= ledger.size, "a receipt's checkpoint is no beginning of the ledger"
        if signed.size not in roots:
            roots[signed.size] = Frontier().append(leaf_hashes[: signed.size]).root()
        assert signed.root == roots[signed.size], f"the checkpoint of {signed.size} is of another history"
        assert json.loads(ledger.entries[write.index])["subject"] == write.answer["url"]
    return ledger


def check_dense(machine: Machine) -> int:
    """Insist that the stored indexes have no gap and end at the log's size; returns the size."""
    with machine.superuser() as database:
        row = database.execute(
            "SELECT l.size, count(e.index), min(e.index), max(e.index) FROM ledger_log l "
            "LEFT JOIN ledger_entry e ON e.log_id = l.id WHERE l.own GROUP BY l.size"
        ).fetchone()
    assert row is not None
    size, count, first, last = row
    assert (count, first, last) == (size, 0, size - 1)
    return int(size)


def check_sound(machine: Machine) -> None:
    """Insist that `fsck` is clean and that a replay makes the same rows."""
    fsck = machine.manage("fsck")
    assert fsck.returncode == 0, fsck.stderr
    assert f"{machine.origin}: " in fsck.stdout
    check = machine.manage("rebuild", "--check")
    assert check.returncode == 0, check.stderr
    assert "equal" in check.stdout
