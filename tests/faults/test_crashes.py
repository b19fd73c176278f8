"""Kill -9 of web, worker and PostgreSQL under eight writers: what was acknowledged is there, whole and in its place."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from typing import Final

import pytest

from deploy import processes
from tests.faults.machine import Machine
from tests.faults.writers import check_acknowledged, check_dense, check_sound, writing

pytestmark = pytest.mark.services


def find_leader(name: str) -> Callable[[Machine, random.Random], list[int]]:
    """Return how to find a process that `up` started, without those that it started itself."""
    return lambda machine, chance: [machine.process(name).pid]


def find_all(name: str) -> Callable[[Machine, random.Random], list[int]]:
    """Return how to find such a process and all that it started."""
    return lambda machine, chance: processes.find_members(machine.process(name))


def find_child(name: str) -> Callable[[Machine, random.Random], list[int]]:
    """Return how to find one process that such a process started."""

    def find(machine: Machine, chance: random.Random) -> list[int]:
        entry = machine.process(name)
        return [chance.choice([pid for pid in processes.find_members(entry) if pid != entry.pid])]

    return find


def find_backend(machine: Machine, chance: random.Random) -> list[int]:
    """Find a PostgreSQL process that serves the web: its death makes PostgreSQL recover as after a crash."""
    with machine.superuser() as database:
        rows = database.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'assay_app'").fetchall()
    return [chance.choice(rows)[0]]


VICTIMS: Final[dict[str, Callable[[Machine, random.Random], list[int]]]] = {
    "web": find_all("eu-web"),
    "postgres": find_leader("postgres"),
    "worker": find_all("eu-worker"),
    "backend": find_backend,
    "web's leader": find_leader("eu-web"),
    "web's child": find_child("eu-web"),
    "postgres and all its children": lambda machine, chance: machine.find_postgres(),
}


def crash_and_check(machine: Machine, victim: str, chance: random.Random) -> None:
    """Kill something at a random moment among writes, wait for the node to come back, and look at everything."""
    before = check_dense(machine)
    with writing(machine) as writers:
        writers.wait_for_more(chance.randrange(4, 24))
        pids = VICTIMS[victim](machine, chance)
        assert pids != []
        processes.send(pids, signal.SIGKILL)
        writers.wait_for_more(16)
    machine.wait_until_healthy()
    lost = len(writers.unsure) + len(writers.refused)
    writers.retry()
    ledger = check_acknowledged(machine, writers.acknowledged)
    # Nobody else writes: whatever became of a write, its key stands there once, and nothing else does.
    assert ledger.size == check_dense(machine) == before + len(writers.acknowledged)
    if victim in ("web", "postgres", "postgres and all its children"):
        assert lost > 0, "the crash hit no request"


@pytest.mark.parametrize("victim", ["web", "postgres", "worker", "backend"])
def test_no_acknowledged_write_is_lost_when_it_is_killed(machine: Machine, victim: str) -> None:
    crash_and_check(machine, victim, random.Random())
    if victim == "backend":
        check_sound(machine)


@pytest.mark.long
def test_no_acknowledged_write_is_lost_in_50_crashes(machine: Machine) -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(50):
        victim = chance.choice(list(VICTIMS))
        print(victim, flush=True)
        crash_and_check(machine, victim, chance)
        check_sound(machine)
