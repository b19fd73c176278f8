"""Starts processes, keeps them running, and ends them in the reverse order of their start."""

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy import processes
from deploy.failures import StartError

LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0


@dataclass(frozen=True)
class Program:
    """What to run. `account` is (uid, gid) to drop to; `stop_signal` asks it to end; forced `patience` s later."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    cwd: Path
    account: tuple[int, int] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 15


@dataclass
class Running:
    """A program under way; `failures` counts its ends in a row, `not_before` delays its next start."""

    program: Program
    child: subprocess.Popen[bytes]
    entry: processes.Recorded
    since: float
    failures: int = 0
    not_before: float = 0


@dataclass
class Supervisor:
    """Owns every process of one run; `directory` is where they are written down."""

    directory: Path
    say: Callable[[str], None]
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    running: list[Running] = field(default_factory=list)

    def start(self, program: Program) -> Running:
        """Start a program and keep it under watch."""
        running = self._launch(program)
        self.running.append(running)
        return running

    def run(self, program: Program) -> str:
        """Run a program to its end and return its output; raise StartError with its last line if it fails."""
        running = self.start(program)
        code = running.child.wait()
        self.running.remove(running)
        self._forget(running)
        output = program.log.read_text(errors="replace")
        if code:
            raise StartError(f"{program.name} failed: {last_line(output)} (all of it: {program.log})", said=output)
        return output

    def watch(self) -> None:
        """Start again what has ended, after a pause that doubles with each failure; called over and over."""
        now = time.monotonic()
        for running in self.running:
            if running.child.poll() is None:
                continue
            if not running.not_before:
                self._note_end(running, now)
            if now >= running.not_before:
                self._restart(running)

    def stop(self) -> None:
        """End everything, last started first; nothing of it is left when this returns."""
        while self.running:
            running = self.running.pop()
            processes_stop(running)
            self._forget(running)

    def _note_end(self, running: Running, now: float) -> None:
        running.failures = 0 if now - running.since > STEADY_AFTER else running.failures
        self._put_off(running, now, f"ended unexpectedly (see {running.program.log}); starting it again")

    def _put_off(self, running: Running, now: float, what: str) -> None:
        running.failures += 1
        pause = min(LONGEST_PAUSE, 0.5 * 2 ** min(running.failures - 1, 10))
        running.not_before = now + pause
        # A line that a full disk does not take must not end the run.
        with contextlib.suppress(OSError):
            self.say(f"{running.program.name} {what} in {pause:g} s.")

    def _restart(self, running: Running) -> None:
        # What a killed parent left behind would hold its port or its queue.
        processes.stop(running.entry, signal.SIGTERM, patience=3)
        try:
            fresh = self._launch(running.program)
        except OSError as error:
            self._put_off(running, time.monotonic(), f"cannot be started ({error.strerror}); trying again")
            return
        running.child, running.entry, running.since, running.not_before = fresh.child, fresh.entry, fresh.since, 0

    def _launch(self, program: Program) -> Running:
        program.log.parent.mkdir(parents=True, exist_ok=True)
        user, group = program.account or (None, None)
        with program.log.open("ab") as log:
            child = subprocess.Popen(
                program.argv,
                env={**program.env, processes.RUN_MARK: self.mark},
                cwd=program.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=[] if program.account else None,
                umask=0o077,
            )
        try:
            entry = processes.record(self.directory, program.name, child.pid, self.mark)
        except OSError:
            # Nobody would find it again.
            child.kill()
            child.wait()
            raise
        return Running(program, child, entry, time.monotonic())

    def _forget(self, running: Running) -> None:
        (self.directory / f"{running.program.name}.json").unlink(missing_ok=True)


def processes_stop(running: Running) -> None:
    """End one program and reap it."""
    processes.stop(running.entry, running.program.stop_signal, running.program.patience)
    running.child.wait()


def last_line(text: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def rotate_logs(directory: Path) -> None:
    """Keep the log files of the run before as NAME.log.1, so that no file grows for ever."""
    for path in directory.glob("*.log"):
        os.replace(path, path.with_suffix(".log.1"))
