"""Hosts on one machine: network namespaces joined by a bridge, so that nodes can be cut off from each other.

Needs Linux, root and iproute2. Everything is named after this process and removed in the end. Where namespaces are not
allowed, the hosts are addresses of loopback, which nobody can cut off: a warning in the tests' summary says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Host:
    """One namespace with an address of its own; `link` is the bridge's end of its cable."""

    namespace: str
    address: str
    link: str
    network: str

    @property
    def has_cable(self) -> bool:
        """Tell whether it can be cut off."""
        return bool(self.link)

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return how to run a program on this host."""
        return ["ip", "netns", "exec", self.namespace, *argv] if self.namespace else list(argv)

    def cut(self) -> None:
        """Pull the cable."""
        run_ip("link", "set", self.link, "down")

    def join(self) -> None:
        """Plug the cable in again, if there is one."""
        if self.has_cable:
            run_ip("link", "set", self.link, "up")


def run_ip(*words: str) -> None:
    """Run `ip`, which says what went wrong."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}"


@contextmanager
def run_hosts(count: int) -> Iterator[list[Host]]:
    """Make hosts that see each other and this process for as long as the block lasts."""
    name = f"as{os.getpid()}"
    if not may_make_namespaces(name):
        warnings.warn("no network namespaces here (root and iproute2 are needed): no node was cut off", stacklevel=2)
        yield [Host("", f"127.0.0.{n + 2}", "", "127.0.0.0/8") for n in range(count)]
        return
    base = f"10.213.{os.getpid() % 250 + 1}"
    hosts = [Host(f"{name}-{n}", f"{base}.{n + 2}", f"{name}v{n}", f"{base}.0/24") for n in range(count)]
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


def may_make_namespaces(name: str) -> bool:
    """Tell whether this process may make a namespace and a bridge; what was made to see it is gone again."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    tries = (("netns", "add", name), ("link", "add", f"{name}t", "type", "bridge"))
    made = [subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0 for words in tries]
    for words in (("netns", "del", name), ("link", "del", f"{name}t")):
        subprocess.run(["ip", *words], capture_output=True, check=False)
    return all(made)


def _attach(host: Host, bridge: str) -> None:
    run_ip("netns", "add", host.namespace)
    run_ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    run_ip("link", "set", host.link, "master", bridge, "up")
    inside = ("-n", host.namespace)
    run_ip(*inside, "address", "add", f"{host.address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        run_ip(*inside, "link", "set", device, "up")
