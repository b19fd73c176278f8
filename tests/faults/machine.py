"""A node to be maltreated: a whole one of the project's own commands, with hands on its processes and its database."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import psycopg

from deploy import processes
from deploy.cli import main as assay
from deploy.processes import Recorded
from deploy.stop import read_holder
from ledger.tlog.note import VerifierKey, parse_vkey
from tests.nodes import ROOT, call_down, call_up, clean_environment, find_ports, read_nodes

PATIENCE: Final = 180.0
"""Seconds after which a test gives up waiting; nothing here takes a tenth of it on an idle machine."""


def wait_until(
    what: str, condition: Callable[[], object], patience: float = PATIENCE, describe: Callable[[], str] = str
) -> None:
    """Look again and again until it has come about; an AssertionError names what has not, and how things then are."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {patience:g} s\n{describe()}"
        time.sleep(0.05)


class Said(NamedTuple):
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Machine:
    """One node without demonstration data below `data`; `port` stays the same through its restarts."""

    data: Path
    port: int
    _console: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    # its life ------------------------------------------------------------------------------------------------------

    def up(self) -> subprocess.CompletedProcess[str]:
        """Start it, or say why not."""
        self.close_console()
        return call_up(self.data, "--empty", "--port", str(self.port))

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers; what an earlier test killed is there again afterwards."""
        if self.is_supervised():
            self.wait_until_healthy()
            return
        call_down(self.data)
        done = self.up()
        assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> None:
        """Stop it; nothing of it is left."""
        self.close_console()
        done = call_down(self.data)
        assert done.returncode == 0, done.stdout + done.stderr
        assert find_processes(self.data) == {}

    def is_supervised(self) -> bool:
        """Tell whether `up` still watches over it."""
        lock = self.data / "run" / "up.lock"
        return lock.exists() and str(lock) in _open_files(read_holder(lock))

    def is_healthy(self) -> bool:
        """Tell whether it says of itself that it can answer."""
        try:
            return httpx.get(f"{self.url}/healthz", timeout=30, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def wait_until_healthy(self) -> None:
        """Wait until it answers again, with all its processes there and a worker that takes jobs."""
        names = {"postgres", "redis", "eu-web", "eu-worker", "eu-beat"}
        wait_until(
            "all processes are there", lambda: names == {e.name for e in self.recorded() if processes.is_alive(e)}
        )
        wait_until("the node answers", self.is_healthy)

    # its processes -------------------------------------------------------------------------------------------------

    def recorded(self) -> list[Recorded]:
        """What `up` wrote down of its processes."""
        return processes.read_recorded(self.data / "run")

    def process(self, name: str) -> Recorded:
        """One of them: postgres, redis, eu-web, eu-worker or eu-beat."""
        return next(entry for entry in self.recorded() if entry.name == name)

    def find_postgres(self) -> list[int]:
        """All processes of its PostgreSQL, each of which has a session of its own: they work in the cluster."""
        home = str(self.data / "postgres")
        return [pid for pid in find_processes(self.data) if read_directory(pid).startswith(home)]

    def supervisor(self) -> int:
        """The process id of `up`."""
        return read_holder(self.data / "run" / "up.lock")

    @contextmanager
    def frozen(self, pid: int) -> Iterator[None]:
        """Stop a process from running, without ending it, for as long as the block lasts."""
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            processes.send([pid], signal.SIGCONT)

    # its doors -----------------------------------------------------------------------------------------------------

    @property
    def entry(self) -> dict[str, Any]:
        """Its entry in `nodes.json`."""
        return read_nodes(self.data)[0]

    @property
    def origin(self) -> str:
        """The name of its ledger."""
        return str(self.entry["origin"])

    @property
    def keys(self) -> list[VerifierKey]:
        """The keys that verify its checkpoints."""
        return [parse_vkey(self.entry[name]) for name in ("vkey", "witness_vkey")]

    def client(self) -> httpx.Client:
        """An HTTP client that speaks as the operator."""
        headers = {"Authorization": f"Bearer {self.entry['tokens']['operator']}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def superuser(self) -> psycopg.Connection[Any]:
        """A connection of the database's superuser: behind the back of every trigger and role (autocommit)."""
        return psycopg.connect(self.superuser_url, autocommit=True, connect_timeout=10)

    @property
    def superuser_url(self) -> str:
        """The address of its database for the superuser."""
        made = json.loads((self.data / "services.json").read_text())
        return f"postgresql://postgres:{made['superuser']}@127.0.0.1:{made['postgres_port']}/assay_eu"

    def manage(self, *arguments: str) -> Said:
        """Carry out a `manage.py` command of this node, through a console that stays open."""
        if self._console is None or self._console.poll() is not None:
            settings = {"DJANGO_SETTINGS_MODULE": "deploy.settings", "ASSAY_DATABASE_POOL": "0"}
            self._console = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.console"],
                cwd=ROOT, env=self.environment(**settings), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        assert self._console.stdin is not None
        assert self._console.stdout is not None
        self._console.stdin.write(json.dumps(arguments) + "\n")
        self._console.stdin.flush()
        return Said(*json.loads(self._console.stdout.readline()))

    def close_console(self) -> None:
        """End the console."""
        if self._console is not None:
            self._console.communicate(timeout=PATIENCE)
            self._console = None

    def audit(self, *arguments: str) -> Said:
        """Run `assay audit` against this node, its key known beforehand."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = assay(["audit", self.url, "--vkey", self.entry["vkey"], *arguments])
        return Said(code, out.getvalue(), err.getvalue())

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a program that belongs to this node."""
        return clean_environment() | {"ASSAY_DATA_DIR": str(self.data)} | more

    def run(self, argv: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program with this node's settings to its end."""
        return subprocess.run(
            argv, cwd=ROOT, env=self.environment(**environment), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip


def make_machine(data: Path) -> Machine:
    """Return the node that is to live in `data`, on a free port."""
    return Machine(data, find_ports(1))


def find_processes(data: Path) -> dict[int, str]:
    """Return all living processes that name the directory or work in it: id → command line.

    Found by looking at every process of the machine, not by what `up` wrote down.
    """
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        pid = int(path.name)
        try:
            line = (path / "cmdline").read_bytes()
            told = line + (path / "environ").read_bytes() + read_directory(pid).encode()
        except OSError:
            continue
        if str(data).encode() in told and processes.started(pid) and pid != os.getpid():
            found[pid] = line.replace(b"\0", b" ").decode(errors="replace")
    return found


def read_directory(pid: int) -> str:
    """Return the directory that a process works in, an empty text when it has ended."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def _open_files(pid: int) -> set[str]:
    """Return the files that a process has open."""
    found = set()
    try:
        for path in Path(f"/proc/{pid}/fd").iterdir():
            try:
                found.add(str(path.readlink()))
            except OSError:
                continue
    except OSError:
        return set()
    return found
