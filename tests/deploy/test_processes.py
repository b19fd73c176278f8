"""What was started is ended, whatever it does; what was not started is left alone."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy import processes
from deploy.embedded import Secrets, Services, clear_killed
from deploy.failures import StartError
from deploy.supervisor import Program, Supervisor

SLEEP = "import time; time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{SLEEP}']); {SLEEP}"


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path / "run", lambda line: None)


def program(tmp_path: Path, code: str, name: str = "it", patience: float = 5) -> Program:
    argv = (sys.executable, "-c", code)
    return Program(name, argv, dict(os.environ), tmp_path / f"{name}.log", tmp_path, patience=patience)


def test_stop_leaves_no_record_and_no_process(supervisor: Supervisor, tmp_path: Path) -> None:
    running = supervisor.start(program(tmp_path, PARENT))
    wait_for(lambda: len(processes.find_members(running.entry)) == 2)
    supervisor.stop()
    assert processes.find_members(running.entry) == []
    assert processes.read_recorded(supervisor.directory) == []


def test_a_process_deaf_to_its_signal_is_forced(supervisor: Supervisor, tmp_path: Path) -> None:
    running = supervisor.start(program(tmp_path, STUBBORN, patience=0.2))
    wait_for(lambda: "deaf" in running.program.log.read_text())
    supervisor.stop()
    assert running.child.returncode == -9


def test_a_later_run_ends_what_a_killed_one_left(supervisor: Supervisor, tmp_path: Path) -> None:
    running = supervisor.start(program(tmp_path, PARENT))
    wait_for(lambda: len(processes.find_members(running.entry)) == 2)
    running.child.kill()
    running.child.wait()
    assert len(processes.find_members(running.entry)) == 1, "the child of the killed process is still ours"
    assert processes.stop_recorded(supervisor.directory) == ["it"]
    assert processes.find_members(running.entry) == []
    assert list(supervisor.directory.glob("*.json")) == []


def test_a_stranger_with_the_same_id_is_left_alone(supervisor: Supervisor, tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    try:
        entry = processes.record(supervisor.directory, "it", stranger.pid, "a mark it does not carry")
        earlier = replace(entry, started=entry.started + "0")
        assert not processes.is_alive(earlier)
        processes.stop(earlier, patience=0.1)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_half_written_record_is_left_out(supervisor: Supervisor) -> None:
    supervisor.directory.mkdir()
    (supervisor.directory / "it.json").write_text('{"name": "it", "pi')
    assert processes.read_recorded(supervisor.directory) == []


def test_what_ends_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    said: list[str] = []
    supervisor.say = said.append
    running = supervisor.start(program(tmp_path, SLEEP))
    first = running.child.pid
    running.child.kill()

    def is_back() -> bool:
        supervisor.watch()
        return running.child.pid != first and running.child.poll() is None

    wait_for(is_back)
    assert said == [f"it ended unexpectedly (see {running.program.log}); starting it again in 0.5 s."]
    supervisor.stop()


def test_a_failed_step_says_its_last_line(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="it failed: no such thing"):
        supervisor.run(program(tmp_path, "import sys; print('before'); sys.exit('no such thing')"))
    assert supervisor.running == []
    assert processes.read_recorded(supervisor.directory) == []


def test_a_killed_postgres_that_nobody_reaped_does_not_keep_the_next_one_from_starting(tmp_path: Path) -> None:
    services = services_in(tmp_path)
    zombie = subprocess.Popen([sys.executable, "-c", ""], cwd=services.cluster)
    wait_for(lambda: processes.read_stat(zombie.pid)[0] == "Z")
    (services.cluster / "postmaster.pid").write_text(f"{zombie.pid}\n")
    (services.cluster / ".s.PGSQL.5432.lock").write_text(f"{zombie.pid}\n")
    clear_killed(services)
    assert list(services.cluster.iterdir()) == []
    zombie.wait()


def test_a_postgres_that_still_works_in_its_cluster_is_not_started_over(tmp_path: Path) -> None:
    services = services_in(tmp_path)
    living = subprocess.Popen([sys.executable, "-c", SLEEP], cwd=services.cluster)
    (services.cluster / "postmaster.pid").write_text(f"{living.pid}\n")
    try:
        wait_for(lambda: processes.find_working_in(services.cluster))
        with pytest.raises(StartError, match=str(living.pid)):
            clear_killed(services, patience=0)
        assert (services.cluster / "postmaster.pid").exists()
    finally:
        living.kill()
        living.wait()


def services_in(directory: Path) -> Services:
    cluster = directory / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    return Services(directory, cluster, directory, None, Secrets(1, 2, "", "", "", ""))
