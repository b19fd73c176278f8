"""Whole nodes for tests, started and stopped by the project's own commands."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# What this process runs with must not reach a node that is to start like on a bare machine.
OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class RunningNode:
    """A node under way: its entry in `nodes.json`, its own data directory and that of `up`."""

    entry: dict[str, Any]
    directory: Path
    data: Path


def clean_environment() -> dict[str, str]:
    """Return this process's environment without the settings of the tests."""
    return {name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("ASSAY_")}


def find_ports(count: int) -> int:
    """Return the first of `count` neighbouring ports on which nobody listens."""
    for first in range(18_000 + os.getpid() % 1_000 * 12, 60_000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports on this machine")


def call_up(data: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `up --detach` to its end, with further variables in its environment."""
    argv = [sys.executable, "-m", "deploy.start", "--data", str(data), "--detach", *options]
    env = clean_environment() | environment
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def call_down(data: Path) -> subprocess.CompletedProcess[str]:
    """Run `down` to its end."""
    argv = [str(ROOT / "deploy" / "down"), "--data", str(data)]
    return subprocess.run(argv, env=clean_environment(), capture_output=True, text=True, check=False)


def read_nodes(data: Path) -> list[dict[str, Any]]:
    """Return the entries of `nodes.json`."""
    nodes: list[dict[str, Any]] = json.loads((data / "nodes.json").read_text())["nodes"]
    return nodes


@contextmanager
def node_directory() -> Iterator[Path]:
    """Make a data directory that PostgreSQL's own account can reach, and remove it in the end."""
    data = Path(tempfile.mkdtemp(prefix="assay-node-"))
    data.chmod(0o711)
    try:
        yield data
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def run_nodes(data: Path, *options: str, count: int = 1) -> Iterator[list[RunningNode]]:
    """Run `count` nodes below `data` for as long as the block lasts."""
    port = find_ports(count)
    done = call_up(data, "--port", str(port), "--nodes", str(count), *options)
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        entries = read_nodes(data)
        yield [RunningNode(entry, data if count == 1 else data / entry["name"], data) for entry in entries]
    finally:
        call_down(data)
