"""Clusters: whole nodes with all their processes, started as `deploy/up` starts them, in a temporary directory."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import processes
from deploy.bench.timing import processor_time_below
from deploy.programs import ROOT

PATIENCE = 300.0
OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class Cluster:
    """Nodes under way: their entries in `nodes.json`, and the directory of `up`."""

    entries: tuple[dict[str, Any], ...]
    data: Path

    def find(self, name: str) -> dict[str, Any]:
        """Return a node's entry by its name."""
        return next(entry for entry in self.entries if entry["name"] == name)

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment of a further process of a node's (`deploy.bench.elsewhere`)."""
        directory = self.data if len(self.entries) == 1 else self.data / name
        return clean_environment() | {"ASSAY_DATA_DIR": str(directory)}

    def read_processor_times(self) -> dict[str, float]:
        """Return the seconds of processor time taken so far, by the name of each program (`nl-web`, `postgres` …)."""
        recorded = processes.read_recorded(self.data / "run")
        return {entry.name: processor_time_below(entry.pid) for entry in recorded if processes.is_alive(entry)}


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what makes it one of the stand's node."""
    return {name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("ASSAY_")}


@contextmanager
def run_cluster(count: int, *, demonstration: bool = False, **environment: str) -> Iterator[Cluster]:
    """Run `count` nodes, with or without demonstration data, and with further variables in their environment."""
    data = Path(tempfile.mkdtemp(prefix="assay-bench-"))
    data.chmod(0o711)
    argv = [sys.executable, "-m", "deploy.start", *([] if demonstration else ["--empty"]), "--nodes", str(count)]
    argv += ["--data", str(data), "--port", str(find_ports(count))]
    try:
        with subprocess.Popen(argv, cwd=ROOT, env=clean_environment() | environment, stdout=sys.stderr) as up:
            try:
                yield Cluster(_wait_for_nodes(up, data), data)
            finally:
                up.terminate()
    finally:
        place = (data / "postgres").resolve()
        shutil.rmtree(data, ignore_errors=True)
        shutil.rmtree(place, ignore_errors=True)


def find_ports(count: int) -> int:
    """Return the first of `count` neighbouring ports on which nobody listens."""
    for first in range(20_000 + os.getpid() % 1_000 * 12, 32_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError("no free ports on this machine")


def _wait_for_nodes(up: subprocess.Popen[bytes], data: Path) -> tuple[dict[str, Any], ...]:
    path, deadline = data / "nodes.json", time.monotonic() + PATIENCE
    while not path.exists() or not path.read_bytes().endswith(b"}\n"):
        if up.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the nodes did not start; what they say is above")
        time.sleep(0.1)
    return tuple(json.loads(path.read_text())["nodes"])


def subtract(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """Return by how much each number has grown."""
    return {name: number - before.get(name, 0.0) for name, number in after.items()}
