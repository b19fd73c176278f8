"""The database restored from an older copy while the guard stays: the node refuses to sign and says what to do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.embedded import Services, prepare_services
from tests.faults.machine import Machine
from tests.faults.writers import Acknowledged, check_acknowledged, check_refusal, check_sound, fetch_ledger, post

pytestmark = pytest.mark.services


def services_of(machine: Machine) -> Services:
    return prepare_services(machine.data, 0, running=True)


def run_program(machine: Machine, name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on the node's database as its superuser."""
    argv = [str(services_of(machine).binaries / name), "--dbname", machine.superuser_url, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def back_up(machine: Machine, file: Path) -> None:
    run_program(machine, "pg_dump", "--format", "custom", "--file", str(file))


def restore(machine: Machine, file: Path) -> None:
    """Put the older copy in the place of the newer database, as an operator in a hurry would."""
    run_program(machine, "pg_restore", "--clean", "--if-exists", "--single-transaction", str(file))


def write(client: httpx.Client, key: str) -> Acknowledged:
    answer = post(client, key)
    assert answer.status_code == 201, answer.text
    return Acknowledged(key, answer.json())


@pytest.fixture
def rolled_back(machine: Machine, tmp_path: Path) -> Iterator[list[Acknowledged]]:
    """The node on yesterday's database: three writes of today are missing from it."""
    size = fetch_ledger(machine).size
    with machine.client() as client:
        early = write(client, f"yesterday-{size}")
        back_up(machine, tmp_path / "backup")
        late = [write(client, f"today-{size}-{number}") for number in range(3)]
    check_acknowledged(machine, [early, *late])
    restore(machine, tmp_path / "backup")
    try:
        yield [early, *late]
    finally:
        # Whatever the test found, the next one finds a node that signs.
        machine.manage("guard", "--accept", machine.origin)


def test_a_restored_older_database_is_not_signed_upon(machine: Machine, rolled_back: list[Acknowledged]) -> None:
    early, *late = rolled_back
    newest = early.index + 1 + len(late)
    with machine.client() as client:
        for number in range(len(late) + 2):
            problem = check_refusal(post(client, f"after-restore-{early.index}-{number}"))
            assert problem["code"] == "ledger_stopped", "nothing may take the place of what was lost"
    assert fetch_ledger(machine).size == early.index + 1, "nothing new was signed"
    said = machine.manage("guard")
    assert said.returncode == 0, said.stderr
    remembered, database = said.stdout.split("database")
    assert f"\n  {newest}\n" in remembered
    assert f"\n  {early.index + 1}\n" in database
    fsck = machine.manage("fsck")
    assert fsck.returncode == 1
    assert "guard" in fsck.stderr
    log = (machine.data / "logs" / "web.log").read_text(errors="replace")
    assert "the database is older, so nothing is appended; nothing is signed until you decide" in log
    assert "run manage.py guard --accept" in log


def test_a_restart_does_not_make_it_sign(machine: Machine, rolled_back: list[Acknowledged]) -> None:
    early = rolled_back[0]
    machine.stop()
    done = machine.up()
    assert done.returncode == 0, done.stdout + done.stderr
    with machine.client() as client:
        check_refusal(post(client, f"after-restart-{early.index}"))
    assert fetch_ledger(machine).size == early.index + 1, "nothing new was signed"


def test_only_the_operator_who_names_the_log_lets_it_go_on(machine: Machine, rolled_back: list[Acknowledged]) -> None:
    early = rolled_back[0]
    wrong = machine.manage("guard", "--accept", "another.example/ledger")
    assert wrong.returncode == 1
    assert "nothing was changed" in wrong.stderr
    with machine.client() as client:
        check_refusal(post(client, f"not-accepted-{early.index}"))
        kept = set((machine.data / "guard").glob("*.abandoned-*"))
        accepted = machine.manage("guard", "--accept", machine.origin)
        assert accepted.returncode == 0, accepted.stderr
        assert "tell your peers" in accepted.stdout
        later = write(client, f"accepted-{early.index}")
    assert set((machine.data / "guard").glob("*.abandoned-*")) > kept, "what was remembered is evidence"
    check_acknowledged(machine, [early, later])
    check_sound(machine)
