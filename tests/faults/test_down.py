"""`./deploy/down` after kill -9 of `up`: nothing of the node is left, and no stranger is touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

import pytest

from deploy import processes
from tests.faults.machine import Machine, find_processes, wait_until
from tests.nodes import call_down

pytestmark = pytest.mark.services


@contextmanager
def stranger(**environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of somebody else's, in a session of its own."""
    argv = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def kill_supervisor(machine: Machine) -> None:
    """End `up` as a crash would; what it started is left."""
    machine.close_console()
    pid = machine.supervisor()
    identity = processes.started(pid)
    assert identity
    os.kill(pid, signal.SIGKILL)
    wait_until("up is gone", lambda: processes.started(pid) != identity)


def test_nothing_is_left_after_a_crash_of_up_and_no_stranger_is_touched(machine: Machine) -> None:
    kill_supervisor(machine)
    assert len(find_processes(machine.data)) >= 5, "the crash left its children"
    with stranger() as innocent, stranger(ASSAY_RUN="another run") as other:
        run = machine.data / "run"
        for name, process in (("eu-web-before", innocent), ("eu-worker-before", other)):
            # As written down for a process that has ended since; its id has gone to the stranger.
            earlier = replace(machine.process("redis"), name=name, pid=process.pid, started="another boot/17")
            (run / f"{name}.json").write_text(json.dumps(asdict(earlier)))
        # `up` wrote its id into the lock; that id, too, has gone to a stranger.
        (run / "up.lock").write_text(f"process {innocent.pid}, {machine.url}")
        done = call_down(machine.data)
        assert done.returncode == 0, done.stderr
        assert innocent.poll() is None
        assert other.poll() is None
    assert find_processes(machine.data) == {}
    assert done.stdout == "Stopped: eu-beat, eu-web, eu-worker, postgres, redis.\n"
    assert call_down(machine.data).stdout == f"Nothing runs in {machine.data}.\n"


def test_children_of_killed_children_are_found_too(machine: Machine) -> None:
    kill_supervisor(machine)
    for name in ("eu-web", "eu-worker", "postgres"):
        processes.send([machine.process(name).pid], signal.SIGKILL)
    assert find_processes(machine.data) != {}
    assert call_down(machine.data).returncode == 0
    assert find_processes(machine.data) == {}
