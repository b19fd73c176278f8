"""A disk that is full while entries are appended: refused clearly, nothing half-written, and on it goes with space.

The whole node lives on the disk that is filled, or PostgreSQL is kept from writing (tests/faults/disks.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from deploy import processes
from deploy.supervisor import Program, Supervisor
from ledger import guard, publish, reader
from ledger.errors import GuardUnreadable
from ledger.models import Checkpoint
from tests.faults.disks import Disk, find_database_processes, find_kinds, limited_files, small_file_system
from tests.faults.machine import Machine, find_processes, make_machine, wait_until
from tests.faults.writers import WRITERS, check_acknowledged, check_dense, check_sound, writing
from tests.ledger.writing import append, origin
from tests.nodes import call_down, node_directory

pytestmark = pytest.mark.services
KINDS = find_kinds()
# Where a disk can really be filled, PostgreSQL kept from writing (a minute of crashes) is for the long runs.
NODE_KINDS = [pytest.param(kind, marks=pytest.mark.long if kind != KINDS[-1] else ()) for kind in KINDS]


@pytest.fixture(params=NODE_KINDS)
def cramped(request: pytest.FixtureRequest) -> Iterator[tuple[Machine, Disk]]:
    """A running node, and the disk it lives on."""
    if request.param == "limit":
        machine = request.getfixturevalue("machine")
        with limited_files(lambda: find_database_processes(machine), 2**18) as disk:
            yield machine, disk
        return
    with node_directory() as data, small_file_system(data, "640m") as disk:
        machine = make_machine(data)
        try:
            machine.start()
            yield machine, disk
        finally:
            disk.free()
            machine.close_console()
            call_down(data)
            assert find_processes(data) == {}


def test_full_disk_refuses_clearly_and_writes_nothing_by_halves(cramped: tuple[Machine, Disk]) -> None:
    machine, disk = cramped
    before = check_dense(machine)
    with writing(machine) as writers:
        writers.wait_for("8 writes", lambda: len(writers.acknowledged) >= 8)
        disk.fill()
        writers.wait_for("8 refusals", lambda: len(writers.refused) >= WRITERS)
    disk.free()
    machine.wait_until_healthy()
    ledger = check_acknowledged(machine, writers.acknowledged)
    places = ledger.indexes_by_key()
    for problem in writers.refused:
        if problem["code"] != "receipt_pending" and "nothing was written" in problem["detail"]:
            assert problem["key"] not in places, f"it was written, and its writer was told: {problem['detail']}"
    writers.retry()
    ledger = check_acknowledged(machine, writers.acknowledged)
    assert ledger.size == check_dense(machine) == before + len(writers.acknowledged)
    check_sound(machine)
    machine.start()


@pytest.fixture(params=KINDS)
def guard_disk(request: pytest.FixtureRequest, transactional_db: None, tmp_path: Path) -> Iterator[Disk]:
    """The disk of the rollback guard alone: nothing fits into it once it is full."""
    settings.ASSAY_GUARD_DIR = tmp_path / "guard"
    settings.ASSAY_GUARD_DIR.mkdir()
    if request.param == "limit":
        with limited_files(lambda: [os.getpid()], 100) as disk:
            yield disk
        return
    with small_file_system(settings.ASSAY_GUARD_DIR, "64k") as disk:
        yield disk


def test_nothing_is_signed_that_a_full_disk_cannot_remember(guard_disk: Disk) -> None:
    append(3)
    guard_disk.fill()
    with pytest.raises(GuardUnreadable, match="free space"):
        publish.publish(origin())
    assert not Checkpoint.objects.exists(), "nothing was signed"
    guard_disk.free()
    note = publish.publish(origin())
    assert guard.read(origin()) == note
    assert reader.latest_checkpoint(origin()).note == note


def test_guard_that_has_its_place_needs_no_more_of_a_full_disk_or_refuses(guard_disk: Disk) -> None:
    append(3)
    first = publish.publish(origin())
    guard_disk.fill()
    append(2)
    try:
        second = publish.publish(origin())
    except GuardUnreadable:
        assert guard.read(origin()) == first, "what was remembered is not lost"
        assert reader.latest_checkpoint(origin()).note == first
        guard_disk.free()
        second = publish.publish(origin())
    assert guard.read(origin()) == second != first


def test_what_ends_on_a_full_disk_is_started_again_once_there_is_space(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path / "run", said.append)
    argv = (sys.executable, "-c", "import sys; sys.stdin.read(); import time; time.sleep(600)")
    running = supervisor.start(Program("it", argv, dict(os.environ), tmp_path / "it.log", tmp_path, patience=5))
    with limited_files(lambda: [os.getpid()], 10) as disk:
        disk.fill()
        running.child.kill()

        def is_put_off() -> bool:
            supervisor.watch()
            return any("it cannot be started (File too large); trying again" in line for line in said)

        wait_until("the disk is too full to start it", is_put_off)
        assert running.child.poll() is not None, "nothing runs that is not written down"
        disk.free()

    def is_back() -> bool:
        supervisor.watch()
        return running.child.poll() is None and processes.is_alive(running.entry)

    wait_until("it is back", is_back)
    assert processes.read_recorded(tmp_path / "run") == [running.entry]
    supervisor.stop()
