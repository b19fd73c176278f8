"""Hosts on one machine: network namespaces joined by a bridge, so that nodes can be cut off from each other.

Needs Linux, root and iproute2. Everything is named after this process and removed in the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Host:
    """One namespace with an address of its own; `link` is the bridge's end of its cable."""

    namespace: str
    address: str
    link: str

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return how to run a program on this host."""
        return ["ip", "netns", "exec", self.namespace, *argv]

    def cut(self) -> None:
        """Pull the cable."""
        run_ip("link", "set", self.link, "down")

    def join(self) -> None:
        """Plug the cable in again."""
        run_ip("link", "set", self.link, "up")


def run_ip(*words: str) -> None:
    """Run `ip`, which says what went wrong."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}"


def network() -> str:
    """Return the first three parts of this process's addresses."""
    return f"10.213.{os.getpid() % 250 + 1}"


@contextmanager
def run_hosts(count: int) -> Iterator[list[Host]]:
    """Make hosts that see each other and this process for as long as the block lasts."""
    assert os.geteuid() == 0, "these tests make network namespaces: run them as root"
    assert shutil.which("ip"), "iproute2 is missing: install it (Debian: apt-get install iproute2)"
    name, base = f"as{os.getpid()}", network()
    hosts = [Host(f"{name}-{n}", f"{base}.{n + 2}", f"{name}v{n}") for n in range(count)]
    run_ip("link", "add", f"{name}b", "type", "bridge")
    try:
        run_ip("address", "add", f"{base}.1/24", "dev", f"{name}b")
        run_ip("link", "set", f"{name}b", "up")
        for host in hosts:
            _attach(host, f"{name}b")
        yield hosts
    finally:
        for host in hosts:
            subprocess.run(["ip", "netns", "del", host.namespace], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", f"{name}b"], capture_output=True, check=False)


def _attach(host: Host, bridge: str) -> None:
    run_ip("netns", "add", host.namespace)
    run_ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    run_ip("link", "set", host.link, "master", bridge, "up")
    inside = ("-n", host.namespace)
    run_ip(*inside, "address", "add", f"{host.address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        run_ip(*inside, "link", "set", device, "up")
