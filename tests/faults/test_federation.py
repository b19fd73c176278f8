"""Three real nodes on hosts of their own under a steady load of writes and random trouble: in the end all agree.

The ordinary form troubles them for some minutes, the long one (`./deploy/test --long`) for half an hour. The seed is
printed, so that an order of troubles can be had again.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from register.events import parse
from tests.faults.machine import wait_until
from tests.faults.national import NationalNode, run_national

pytestmark = pytest.mark.services

PAUSE = 0.25
"""Seconds between two writes of one writer."""


@dataclass
class Writer:
    """Registers issuers at one node, one after the other, whatever happens; each has a key to be tried again by."""

    node: NationalNode
    acknowledged: dict[str, int] = field(default_factory=dict)
    unsure: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def go(self) -> None:
        """Write until told to stop."""
        with self.node.client() as client:
            while not self.stop.wait(PAUSE):
                key = f"College-{uuid.uuid4()}"
                if not self.write(client, key):
                    self.unsure.append(key)

    def write(self, client: httpx.Client, key: str) -> bool:
        """Register the issuer of a key; False when it was not acknowledged."""
        try:
            answer = client.post(
                "/api/v1/issuers", json={"names": {"en": key}, "country": self.node.country},
                headers={"Idempotency-Key": key},
            )  # fmt: skip
        except httpx.TransportError:
            return False
        if answer.status_code != 201:
            assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:300]}"
            return False
        self.acknowledged[key] = int(answer.json()["entry"]["index"])
        return True

    def retry(self) -> None:
        """Write once more what was not acknowledged."""
        with self.node.client() as client:
            self.unsure = [key for key in self.unsure if not self.write(client, key)]


@contextmanager
def writing(nodes: list[NationalNode]) -> Iterator[list[Writer]]:
    """Have a writer at each node for as long as the block lasts."""
    writers = [Writer(node) for node in nodes]
    with ThreadPoolExecutor(len(writers)) as pool:
        under_way = [pool.submit(writer.go) for writer in writers]
        try:
            yield writers
        finally:
            for writer in writers:
                writer.stop.set()
        for one in under_way:
            one.result()


def cut(node: NationalNode, chance: random.Random) -> str:
    """Cut a node off from the others for a while."""
    node.host.cut()
    time.sleep(chance.uniform(2, 8))
    node.host.join()
    return f"{node.name} was cut off"


def trouble(nodes: list[NationalNode], seconds: float, chance: random.Random) -> Counter[str]:
    """Do something bad every few seconds; return what was done how often."""
    done: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        node = chance.choice(nodes)
        kinds = [*[node.kill_something] * 3, node.restart_postgres, node.flush_redis]
        if node.host.has_cable:
            kinds.append(partial(cut, node))
        done[chance.choice(kinds)(chance)] += 1
        time.sleep(chance.uniform(1, 6))
    return done


def check_agreement(nodes: list[NationalNode], writers: list[Writer]) -> None:
    """Insist that everybody holds everybody's ledger entry for entry, and every acknowledged write once."""
    for node, writer in zip(nodes, writers, strict=True):
        wait_until(f"{node.name}'s ledger is copied", partial(level, node, nodes), describe=partial(describe, nodes))
        entries = node.read_entries(node)
        for holder in nodes:
            assert node.read_entries(holder) == entries, f"{holder.name}'s copy of {node.name} differs"
        named = [said.data.names for said in map(parse, entries) if said.type == "issuer.registered"]
        times = Counter(next(iter(names.values())) if isinstance(names, dict) else str(names) for names in named)
        assert writer.unsure == []
        assert {key: times[key] for key in writer.acknowledged} == dict.fromkeys(writer.acknowledged, 1)


def level(node: NationalNode, holders: list[NationalNode]) -> bool:
    """Tell whether all serve the same newest tree of a node."""
    heads = [node.read_head(holder) for holder in holders]
    return None not in heads and len({(head.size, head.root) for head in heads if head}) == 1


def describe(nodes: list[NationalNode]) -> str:
    """Return how far everybody is with everybody's ledger, what each says of following the others, and last did."""
    lines = []
    for holder in nodes:
        sizes = {node.name: head and head.size for node in nodes if (head := node.read_head(holder)) or True}
        with holder.superuser() as database:
            rows = database.execute("SELECT * FROM federation_following").fetchall()
        lines += [f"{holder.name} (jobs: {holder.count_jobs()}) holds {sizes}", *(f"    {row}" for row in rows)]
        lines += [f"{part}: {line}" for part in ("beat", "worker") for line in holder.read_log(part)[-12:]]
    return "\n".join(lines)


def check_peers(node: NationalNode) -> None:
    """Insist that a node follows all its peers and accuses none."""
    peers: list[dict[str, Any]] = httpx.get(f"{node.url}/api/v1/peers", timeout=30, trust_env=False).json()["items"]
    assert [peer["following"]["status"] for peer in peers] == ["following"] * 2
    with node.superuser() as database:
        assert database.execute("SELECT count(*) FROM federation_evidence").fetchone() == (0,)


def check_sound(node: NationalNode) -> None:
    """Insist that ledger and read model of a node are whole, and that its queue is empty in the end."""
    for command in (("fsck",), ("rebuild", "--check")):
        done = node.manage(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    # What a killed worker had taken is given to another after two minutes.
    wait_until(f"{node.name}'s queue drains", lambda: node.count_jobs() == 0, patience=300)


def run_trouble(seconds: float, clocks: dict[str, timedelta]) -> None:
    """Run three nodes through it."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    with run_national(clocks) as nodes:
        with writing(nodes) as writers:
            print(trouble(nodes, seconds, random.Random(seed)))
        for node in nodes:
            wait_until(f"{node.name} is up again", node.is_healthy)
        for writer in writers:
            writer.retry()
            assert len(writer.acknowledged) > seconds / 10, "hardly anything was written"
        check_agreement(nodes, writers)
        for node in nodes:
            check_peers(node)
            check_sound(node)


def test_all_nodes_agree_after_minutes_of_trouble() -> None:
    run_trouble(60, {"NL": timedelta(0), "DE": timedelta(0), "FR": timedelta(hours=-1)})


@pytest.mark.long
def test_all_nodes_agree_after_half_an_hour_of_trouble() -> None:
    run_trouble(1800, {"NL": timedelta(0), "DE": timedelta(hours=1), "FR": timedelta(hours=-1)})
