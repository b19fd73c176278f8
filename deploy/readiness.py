"""Waiting until what was started answers."""

import time
from collections.abc import Callable

import httpx
import redis

from deploy.failures import StartError
from deploy.nodes import Node
from deploy.supervisor import Supervisor, last_line

PATIENCE_SECONDS = 180


def check_running(name: str, supervisor: Supervisor) -> None:
    """Raise StartError when a program that should be running has ended; its last line tells why."""
    running = next(running for running in supervisor.running if running.program.name == name)
    if running.child.poll() is not None:
        log = running.program.log
        raise StartError(f"{name} ended at its start: {last_line(log.read_text(errors='replace'))} (all of it: {log})")


def wait_until(name: str, supervisor: Supervisor, answers: Callable[[], bool]) -> None:
    """Ask until there is an answer; raise StartError when the process ended or time is up."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answers():
        check_running(name, supervisor)
        if time.monotonic() > deadline:
            raise StartError(f"{name} does not answer after {PATIENCE_SECONDS} s; its log lies in the data directory.")
        time.sleep(0.1)


def wait_for_web(node: Node, supervisor: Supervisor) -> None:
    """Wait for 200 on /healthz."""

    def answers() -> bool:
        try:
            return httpx.get(f"{node.url}/healthz", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    wait_until(f"{node.name}-web", supervisor, answers)


def wait_for_worker(node: Node, supervisor: Supervisor) -> None:
    """Wait for the file that the worker writes when it takes jobs (`deploy.celery`)."""
    wait_until(f"{node.name}-worker", supervisor, (node.directory / "run" / "worker.ready").exists)


def check_redis(url: str) -> None:
    """Raise StartError when the Redis that REDIS_URL names does not answer."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StartError(f"REDIS_URL: Redis cannot be reached ({reason}). Start it, or unset REDIS_URL.") from None
