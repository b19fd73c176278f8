"""What must hold before anything is started; each check raises StartError with the cure."""

import errno
import fcntl
import os
import shutil
import socket
from pathlib import Path
from typing import IO

from deploy.failures import StartError
from deploy.nodes import COUNTRIES, Node

FIRST_START_BYTES = 400 * 2**20
LATER_START_BYTES = 50 * 2**20


def check_count(nodes: int) -> None:
    """There are as many national registers as countries we have institutions for."""
    if not 1 <= nodes <= len(COUNTRIES):
        raise StartError(f"--nodes must be from 1 to {len(COUNTRIES)}; got {nodes}.")


def lock(data: Path) -> IO[str]:
    """Take the data directory for this run; the lock falls with the process, however it ends."""
    (data / "run").mkdir(parents=True, exist_ok=True)
    file = (data / "run" / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "another process"
        raise StartError(
            f"Assay is already running in {data} ({holder}). Stop it with ./deploy/down --data {data}"
        ) from None
    return file


def sign_lock(file: IO[str], nodes: list[Node]) -> None:
    """Write into the lock who holds it, for the message to whoever comes second."""
    file.seek(0)
    file.truncate()
    file.write(f"process {os.getpid()}, {nodes[0].url}")
    file.flush()


def check_space(data: Path) -> None:
    """A cluster and its write-ahead log need room; a first start more than a later one."""
    needed = LATER_START_BYTES if (data / "nodes.json").exists() else FIRST_START_BYTES
    free = shutil.disk_usage(data).free
    if free < needed:
        message = f"The disk of {data} is full: {free // 2**20} MB are free, {needed // 2**20} MB are needed."
        raise StartError(f"{message} Free some space, or choose another place with --data.")


def check_port(node: Node) -> None:
    """Nobody else may listen where the node will."""
    if not 1 <= node.port <= 65_535:
        raise StartError(f"Port {node.port} does not exist: choose one from 1 to 65535 with --port.")
    family = socket.AF_INET6 if ":" in node.bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((node.bind, node.port))
        except OSError as error:
            raise StartError(explain_bind(node, error)) from None


def explain_bind(node: Node, error: OSError) -> str:
    """Say why an address cannot be had."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {node.port} is in use: stop what listens there, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {node.port} needs more rights: choose one above 1023 with --port."
    return f"{node.bind} is no address of this machine: choose another with --bind."
