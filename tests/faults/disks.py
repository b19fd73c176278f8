"""Disks that can be filled: a small file system of its own where we may mount one, else a limit on file sizes.

Both make the writes of PostgreSQL itself fail, with ENOSPC and EFBIG. The limit works on every machine; where
mounting is not permitted the tests say so in a warning and run with it alone.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy import processes
from tests.faults.machine import Machine

MEGABYTE: Final = 2**20


@dataclass(frozen=True)
class Disk:
    """Something that can be full and have space again."""

    fill: Callable[[], None]
    free: Callable[[], None]


def mount(directory: Path, size: str) -> bool:
    """Mount an empty file system of that size; False when that is not permitted here."""
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0711", "tmpfs", str(directory)]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def unmount(directory: Path) -> None:
    """Take a file system away; nobody uses it any more."""
    subprocess.run(["umount", str(directory)], capture_output=True, check=True)


def find_kinds() -> list[str]:
    """Return the kinds of disk that this machine can have."""
    directory = Path(tempfile.mkdtemp(prefix="assay-mount-"))
    try:
        if os.geteuid() == 0 and mount(directory, "1m"):
            unmount(directory)
            return ["limit", "file system"]
        warnings.warn("no file system may be mounted here: full disks are limits on file sizes alone", stacklevel=1)
        return ["limit"]
    finally:
        directory.rmdir()


@contextmanager
def small_file_system(directory: Path, size: str) -> Iterator[Disk]:
    """Mount a file system that can be filled to the last byte; it is gone when the block is left."""
    assert mount(directory, size), "the right to mount was there a moment ago"
    ballast = directory / "ballast"

    def fill() -> None:
        with ballast.open("wb", buffering=0) as file:
            for size in (MEGABYTE, 4096):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        continue

    try:
        yield Disk(fill, lambda: ballast.unlink(missing_ok=True))
    finally:
        unmount(directory)


@contextmanager
def limited_files(find: Callable[[], list[int]], most: int) -> Iterator[Disk]:
    """Let some processes, and what they start, write no file beyond `most` bytes while the disk is full."""

    def set_limit(value: int) -> None:
        done: set[int] = set()
        # A process that was started meanwhile has the limit of its parent: look again until there is none.
        while fresh := sorted(set(find()) - done):
            for pid in fresh:
                limit_files(pid, value)
            done.update(fresh)

    try:
        yield Disk(lambda: set_limit(most), lambda: set_limit(resource.RLIM_INFINITY))
    finally:
        set_limit(resource.RLIM_INFINITY)


def limit_files(pid: int, most: int) -> None:
    """Set how long a process may make a file (-1: as long as it likes), as the account that it runs under.

    Root may do so for another's process only where it has CAP_SYS_RESOURCE, which containers do without.
    """
    try:
        account = Path(f"/proc/{pid}").stat()
    except FileNotFoundError:
        return
    if account.st_uid == os.geteuid():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        return
    done = subprocess.run(
        ["/usr/bin/env", "prlimit", f"--pid={pid}", f"--fsize={most if most >= 0 else 'unlimited'}:unlimited"],
        user=account.st_uid, group=account.st_gid, extra_groups=[], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 or not processes.started(pid), done.stderr


def find_database_processes(machine: Machine) -> list[int]:
    """Return PostgreSQL's processes and the one that would start it again."""
    return [machine.supervisor(), *machine.find_postgres()]
