"""The command lines of a node's processes."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.env import WEB_THREADS, Environment
from deploy.nodes import Node
from deploy.supervisor import Program

# The last line of the step `schema` when the step `demo` would find nothing to do: it spares a start some seconds.
COMPLETE = "nothing is left to do"
ROOT = Path(__file__).resolve().parent.parent


def prepare_program(node: Node, env: Mapping[str, str], step: str) -> Program:
    """Return how to bring a node's database up to date."""
    argv = (sys.executable, "-m", "deploy.prepare", step)
    return Program(f"{node.name}-{step}", argv, env, node.directory / "logs" / f"{step}.log", ROOT)


def peering_program(node: Node, env: Mapping[str, str], peers: list[dict[str, str]]) -> Program:
    """Return how to make a node acquainted with others that answer already."""
    argv = (sys.executable, "-m", "deploy.peering", json.dumps(peers))
    return Program(f"{node.name}-peering", argv, env, node.directory / "logs" / "peering.log", ROOT)


@dataclass(frozen=True)
class Sizes:
    """How many processes and threads one node gets."""

    web_workers: int
    web_threads: int
    job_workers: int


def read_sizes(nodes: int) -> Sizes:
    """Return the sizes the environment asks for; several nodes on one machine get by with fewer processes each."""
    env = Environment(os.environ)
    return Sizes(
        web_workers=env.integer("ASSAY_WEB_WORKERS", 2 if nodes <= 2 else 1, at_least=1),
        web_threads=env.integer("ASSAY_WEB_THREADS", WEB_THREADS, at_least=1),
        job_workers=env.integer("ASSAY_WORKERS", 2, at_least=1),
    )


def web_program(node: Node, env: Mapping[str, str], sizes: Sizes) -> Program:
    """Return how to serve a node."""
    argv = (
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", node.bind, "--port", str(node.port)),
        *("--workers", str(sizes.web_workers), "--blocking-threads", str(sizes.web_threads), "--no-ws"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "10", "--no-access-log", "deploy.wsgi:application"),
    )
    return Program(f"{node.name}-web", argv, env, node.directory / "logs" / "web.log", ROOT)


def worker_program(node: Node, env: Mapping[str, str], sizes: Sizes) -> Program:
    """Return how to run a node's background jobs."""
    argv = (
        *(sys.executable, "-m", "celery", "-A", "deploy.celery", "worker", "--hostname", f"{node.name}@%h"),
        *("--queues", env["ASSAY_QUEUE"], "--concurrency", str(sizes.job_workers), "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle"),
    )
    (node.directory / "run" / "worker.ready").unlink(missing_ok=True)
    return Program(f"{node.name}-worker", argv, env, node.directory / "logs" / "worker.log", ROOT)


def beat_program(node: Node, env: Mapping[str, str]) -> Program:
    """Return how to run a node's clock: it only puts jobs into the queue."""
    schedule = str(node.directory / "run" / "beat")
    argv = (
        *(sys.executable, "-m", "celery", "-A", "deploy.celery", "beat", "--loglevel", "INFO"),
        *("--schedule", schedule, "--pidfile", ""),
    )
    (node.directory / "run").mkdir(parents=True, exist_ok=True)
    return Program(f"{node.name}-beat", argv, env, node.directory / "logs" / "beat.log", ROOT)
