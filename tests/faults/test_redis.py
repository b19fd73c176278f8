"""Redis gone, emptied or silent while the node runs: reads and writes go on, and /healthz says what is missing."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import redis

from deploy import processes
from deploy.env import read_node_file
from tests.faults.machine import Machine, wait_until
from tests.faults.writers import check_acknowledged, check_dense, writing

pytestmark = pytest.mark.services


@contextmanager
def without_redis(machine: Machine) -> Iterator[None]:
    """Take Redis away for as long as the block lasts: what would start it again is frozen."""
    with machine.frozen(machine.supervisor()):
        entry = machine.process("redis")
        processes.send([entry.pid], signal.SIGKILL)
        wait_until("Redis is gone", lambda: not processes.is_alive(entry))
        yield
    machine.wait_until_healthy()


@contextmanager
def silent_redis(machine: Machine) -> Iterator[None]:
    """Keep Redis from answering, with its connections open, for as long as the block lasts."""
    with machine.frozen(machine.process("redis").pid):
        yield


def read_health(machine: Machine) -> httpx.Response:
    return httpx.get(f"{machine.url}/healthz", timeout=60, trust_env=False)


def insist_that_all_goes_on(machine: Machine) -> None:
    """Write with eight writers, read what was written, ask for a decision."""
    before = check_dense(machine)
    with writing(machine) as writers:
        writers.wait_for("16 writes", lambda: len(writers.acknowledged) >= 16)
    assert writers.unsure == []
    assert writers.refused == []
    assert check_acknowledged(machine, writers.acknowledged).size == before + len(writers.acknowledged)
    issuer = writers.acknowledged[0].answer["id"]
    with machine.client() as client:
        assert client.get(f"/api/v1/issuers/{issuer}").status_code == 200
        assert client.get("/api/v1/trust", params={"issuer": issuer}).json()["decision"] == "not_trusted"


@pytest.mark.parametrize("trouble", [without_redis, silent_redis])
def test_reads_and_writes_do_not_need_redis(machine: Machine, trouble: object) -> None:
    assert read_health(machine).text == "ok\n"
    with trouble(machine):  # type: ignore[operator]
        insist_that_all_goes_on(machine)
        health = read_health(machine)
        assert health.status_code == 200, "this web process still answers"
        assert "redis does not answer" in health.text
    wait_until("health is whole again", lambda: read_health(machine).text == "ok\n")
    insist_that_all_goes_on(machine)


def test_an_emptied_redis_loses_nothing_that_counts(machine: Machine) -> None:
    before = check_dense(machine)
    with writing(machine) as writers, redis.Redis.from_url(read_redis_url(machine)) as store:
        writers.wait_for_more(8)
        assert store.flushall()
        writers.wait_for_more(8)
    assert writers.unsure == []
    assert writers.refused == []
    assert check_acknowledged(machine, writers.acknowledged).size == before + len(writers.acknowledged)


def test_jobs_are_done_again_once_redis_is_back(machine: Machine) -> None:
    with without_redis(machine):
        pass
    key = f"proof-{check_dense(machine)}"
    task = (
        "from deploy.celery import app; "
        f"app.send_task('register.access.tasks.purge_kept_answers', task_id={json.dumps(key)})"
    )
    done = machine.manage("shell", "-c", task)
    assert done.returncode == 0, done.stderr
    log = machine.data / "logs" / "worker.log"
    wait_until("the worker takes the job", lambda: f"[{key}] succeeded" in log.read_text(errors="replace"))


def read_redis_url(machine: Machine) -> str:
    return read_node_file(machine.data / "node.env")["REDIS_URL"]
