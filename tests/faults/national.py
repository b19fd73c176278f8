"""National nodes on hosts of their own, each with its PostgreSQL, Redis, web, worker and clock."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from deploy import processes
from deploy.env import NODE_FILE, read_node_file
from deploy.processes import Recorded
from ledger.tlog.checkpoint import Checkpoint, parse_checkpoint_note
from ledger.tlog.tiles import ENTRIES, WIDTH, parse_bundle, tile_in_tree, tile_path
from tests.faults.hosts import Host, run_hosts
from tests.faults.machine import Said, wait_until
from tests.nodes import ROOT, call_down, clean_environment, node_directory, read_nodes

PORT: Final = 8000
WRONG_CLOCK: Final = Path(__file__).with_name("wrong_clock")
"""Where the module lies that sets the clock of every Python program of a node: they say what time it is."""

PARTS: Final = ("web", "worker", "beat")


@dataclass
class NationalNode:
    """A node without demonstration data. `ahead` is how wrong its clock goes."""

    country: str
    host: Host
    data: Path
    ahead: timedelta = timedelta(0)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called."""
        return self.country.lower()

    @property
    def url(self) -> str:
        """Where everybody reaches it."""
        return f"http://{self.host.address}:{PORT}"

    @property
    def entry(self) -> dict[str, Any]:
        """Its entry in `nodes.json`."""
        return read_nodes(self.data)[0]

    # its life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, or go on where it stopped."""
        argv = [sys.executable, "-m", "deploy.start", "--data", str(self.data), "--detach", "--empty"]
        done = self.run([*argv, "--port", str(PORT), "--bind", self.host.address])
        assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> None:
        """Stop it."""
        call_down(self.data)

    def run(self, argv: Sequence[str]) -> Said:
        """Run a program on its host, with its settings and its clock."""
        done = subprocess.run(
            self.host.command(argv), cwd=ROOT, env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=600,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    def manage(self, *arguments: str) -> Said:
        """Carry out a `manage.py` command."""
        return self.run([sys.executable, "manage.py", *arguments])

    def _environment(self) -> dict[str, str]:
        made = {
            "ASSAY_DATA_DIR": str(self.data),
            "ASSAY_NODE_NAME": self.name,
            "ASSAY_TERRITORY": self.country,
            "ASSAY_BASE_URL": self.url,
            "ASSAY_ORIGIN": f"{self.host.address}:{PORT}/ledger",
            "ASSAY_PEER_NETWORKS": self.host.network,
        }
        clock = {"PYTHONPATH": str(WRONG_CLOCK), "AHEAD_SECONDS": str(self.ahead.total_seconds())}
        return clean_environment() | made | (clock if self.ahead else {}) | self.environment

    # its doors -----------------------------------------------------------------------------------------------------

    def client(self) -> httpx.Client:
        """An HTTP client that speaks as the operator."""
        headers = {"Authorization": f"Bearer {self.entry['tokens']['operator']}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False)

    def superuser(self) -> psycopg.Connection[Any]:
        """A connection of the database's superuser, through the socket, which knows no namespaces."""
        made = json.loads((self.data / "services.json").read_text())
        return psycopg.connect(
            host=str(self.data / "postgres" / "cluster"), port=made["postgres_port"], user="postgres",
            password=made["superuser"], dbname=f"assay_{self.name}", autocommit=True, connect_timeout=10,
        )  # fmt: skip

    def is_healthy(self) -> bool:
        """Tell whether all its programs run and it says of itself that it can answer."""
        if not all(self.find(part) for part in ("postgres", "redis", *(f"{self.name}-{part}" for part in PARTS))):
            return False
        try:
            return httpx.get(f"{self.url}/healthz", timeout=10, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def find(self, program: str) -> Recorded | None:
        """Return one of its programs, if it runs."""
        recorded = processes.read_recorded(self.data / "run")
        return next((entry for entry in recorded if entry.name == program and processes.is_alive(entry)), None)

    def read_head(self, holder: NationalNode) -> Checkpoint | None:
        """Return the newest checkpoint of this node's ledger that `holder` (itself, or a mirror) serves."""
        answer = httpx.get(f"{self.address_at(holder)}/checkpoint", timeout=20, trust_env=False)
        return parse_checkpoint_note(answer.content)[1] if answer.status_code == 200 else None

    def read_entries(self, holder: NationalNode) -> list[bytes]:
        """Return all entries of this node's ledger as `holder` serves them."""
        head = self.read_head(holder)
        assert head is not None
        entries: list[bytes] = []
        with httpx.Client(timeout=20, trust_env=False) as client:
            while len(entries) < head.size:
                tile = tile_in_tree(0, len(entries) // WIDTH, head.size)
                path = tile_path(type(tile)(ENTRIES, tile.index, tile.width))
                entries += parse_bundle(client.get(f"{self.address_at(holder)}/{path}").content, tile.width)
        return entries

    def address_at(self, holder: NationalNode) -> str:
        """Return the base address of this node's ledger at `holder`."""
        if holder is self:
            return f"{self.url}/ledger"
        return f"{holder.url}/mirror/{sha256(self.entry['origin'].encode()).hexdigest()}"

    def read_log(self, part: str) -> list[str]:
        """Return what one of its programs has logged, line by line."""
        (path,) = self.data.rglob(f"logs/{part}.log")
        return path.read_text(errors="replace").splitlines()

    def count_jobs(self) -> int:
        """Return how many jobs wait, or are under way, in its queue."""
        url = read_node_file(self.data / NODE_FILE)["REDIS_URL"]
        code = "import redis,sys; r=redis.Redis.from_url(sys.argv[1]); print(r.llen(sys.argv[2])+r.hlen('unacked'))"
        done = self.run([sys.executable, "-c", code, url, f"assay-{self.name}"])
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    # troubles ------------------------------------------------------------------------------------------------------

    def kill_something(self, chance: random.Random) -> str:
        """End a random process of it as a crash would."""
        entry = chance.choice(processes.read_recorded(self.data / "run"))
        members = processes.find_members(entry)
        if members:
            processes.send([chance.choice(members)], signal.SIGKILL)
        return f"kill -9 of a process of {self.name}'s {entry.name}"

    def restart_postgres(self, chance: random.Random) -> str:
        """Have PostgreSQL shut down; its supervisor starts it again."""
        if entry := self.find("postgres"):
            os.kill(entry.pid, signal.SIGINT)
        return f"restart of {self.name}'s PostgreSQL"

    def flush_redis(self, chance: random.Random) -> str:
        """Empty Redis: the queue, the locks and what was counted are gone."""
        url = read_node_file(self.data / NODE_FILE)["REDIS_URL"]
        self.run([sys.executable, "-c", "import redis,sys; redis.Redis.from_url(sys.argv[1]).flushall()", url])
        return f"{self.name}'s Redis flushed"


@contextmanager
def run_national(clocks: dict[str, timedelta], **environment: str) -> Iterator[list[NationalNode]]:
    """Run a node a country, each with its own clock, on hosts of their own, every one a peer of all others."""
    with node_directory() as data, run_hosts(len(clocks)) as hosts:
        nodes = [
            NationalNode(country, host, make_directory(data / country.lower()), clocks[country], environment)
            for country, host in zip(clocks, hosts, strict=True)
        ]
        try:
            for node in nodes:
                node.start()
            acquaint(nodes)
            yield nodes
        finally:
            for node in nodes:
                node.host.join()
                node.stop()


def make_directory(path: Path) -> Path:
    """Make a directory that PostgreSQL's own account can reach."""
    path.mkdir()
    path.chmod(0o711)
    return path


def acquaint(nodes: Sequence[NationalNode]) -> None:
    """Have every node recognise all others, their keys compared by us."""
    for node in nodes:
        peers = [{"url": other.url, "vkey": other.entry["vkey"]} for other in nodes if other is not node]
        done = node.run([sys.executable, "-m", "deploy.peering", json.dumps(peers)])
        assert done.returncode == 0, done.stdout + done.stderr
    for node in nodes:
        wait_until(f"{node.name} is up", node.is_healthy)
