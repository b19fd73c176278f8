"""The stand: PostgreSQL and Redis in a temporary directory, and a node of its own for each benchmark.

It is what `deploy/up` starts, without Celery, whose jobs (signing an idle ledger anew) take no part in any figure,
and with one more address for the yardstick (`deploy.bench.urls`). Nothing of it is left behind.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.bench.catalogue import Needs
from deploy.embedded import (
    SUPERUSER,
    Services,
    find_free_port,
    postgres_program,
    prepare_services,
    redis_program,
    write_private,
)
from deploy.keys import ensure_keys
from deploy.nodes import Node, embedded_urls, name_node, process_env, write_node_file
from deploy.programs import ROOT, Sizes, prepare_program, web_program
from deploy.provision import APP, OWNER, provision_embedded
from deploy.readiness import check_running, wait_for_web
from deploy.supervisor import Program, Supervisor, last_line

CONNECTIONS = 150
TEMPLATE = "template"
WEB_PROCESS = "ASSAY_BENCH_WEB_PROCESS"
"""Names, in a benchmark's environment, the process id of the web server's parent."""

FOLLOWERS = "ASSAY_BENCH_FOLLOWERS"
"""Names, in a benchmark's environment, the file with the environments of the nodes that may follow it."""


@dataclass(frozen=True)
class Stand:
    """Where the benchmarks of one run take place."""

    directory: Path
    services: Services
    supervisor: Supervisor


def say(line: str) -> None:
    """Tell people what goes on; standard output is for results."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def open_stand() -> Iterator[Stand]:
    """Start the services; whatever ends the block, they are stopped and their files are gone."""
    directory = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    directory.chmod(0o711)
    supervisor = Supervisor(directory / "run", say)
    try:
        services = prepare_services(directory, CONNECTIONS)
        supervisor.start(postgres_program(services))
        supervisor.start(redis_program(services))
        stand = Stand(directory, services, supervisor)
        _migrate(stand)
        yield stand
    finally:
        supervisor.stop()
        place = (directory / "postgres").resolve()
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(place, ignore_errors=True)


def run_benchmark(stand: Stand, name: str, needs: Needs, quick: bool) -> str:
    """Run one benchmark in a process of its own, on a fresh node, and return its line of JSON."""
    node, values = _make_node(stand, name)
    _copy_database(stand, node)
    env = process_env(node, values)
    running = len(stand.supervisor.running)
    if needs.followers:
        env[FOLLOWERS] = str(_make_followers(stand, node, needs.quick_followers if quick else needs.followers))
    if needs.web_workers:
        env[WEB_PROCESS] = str(_start_web(stand, node, env, 1 if quick else needs.web_workers))
    try:
        argv = (sys.executable, "-m", "deploy.bench.measure", name, *(["--quick"] if quick else []))
        program = Program(f"bench-{name}", argv, env, node.directory / "logs" / "bench.log", ROOT)
        return last_line(stand.supervisor.run(program))
    finally:
        _stop_down_to(stand, running)


def _make_followers(stand: Stand, node: Node, count: int) -> Path:
    """Make fresh nodes of another country and write down, for the owner alone, how to run something in each."""
    environments = []
    for number in range(count):
        follower, values = _make_node(stand, f"{node.name}_{number}", "DE")
        _copy_database(stand, follower)
        environments.append(process_env(follower, values))
    path = node.directory / "followers.json"
    write_private(path, json.dumps(environments))
    return path


def _make_node(stand: Stand, name: str, country: str = "NL") -> tuple[Node, dict[str, str]]:
    """Lay out a node; its files and keys are there, its database is not."""
    directory = stand.directory / name
    (directory / "logs").mkdir(parents=True)
    node = name_node(Node(name, 0, directory, "127.0.0.1", find_free_port(), (country,), "", "", True), {})
    ensure_keys(directory / "keys", node.origin)
    return node, write_node_file(node, embedded_urls(stand.services, node), stand.services.redis_url(), demo=False)


def _migrate(stand: Stand) -> None:
    """Make the empty database that those of all benchmarks are copies of: migrating takes longer than many of them."""
    node, values = _make_node(stand, TEMPLATE)
    provision_embedded(stand.services, [node.database], lambda: check_running("postgres", stand.supervisor))
    owner = process_env(node, values, "owner") | {"ASSAY_APP_ROLE": APP}
    stand.supervisor.run(prepare_program(node, owner, "schema"))


def _copy_database(stand: Stand, node: Node) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
        *(sql.Identifier(name) for name in (node.database, f"assay_{TEMPLATE}", OWNER))
    )
    with psycopg.connect(stand.services.database_url(SUPERUSER, "postgres"), autocommit=True) as server:
        server.execute(statement)


def _start_web(stand: Stand, node: Node, env: dict[str, str], workers: int) -> int:
    serving = env | {"DJANGO_SETTINGS_MODULE": "deploy.bench.settings"}
    running = stand.supervisor.start(
        web_program(node, serving, Sizes(web_workers=workers, web_threads=4, job_workers=0))
    )
    wait_for_web(node, stand.supervisor)
    return running.child.pid


def _stop_down_to(stand: Stand, count: int) -> None:
    """End what was started after the first `count` programs."""
    later = Supervisor(stand.directory / "run", say, running=stand.supervisor.running[count:])
    del stand.supervisor.running[count:]
    later.stop()
