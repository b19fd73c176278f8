"""Which processes are ours, written down so that a later run can stop them and never a stranger. Standard library only.

One file `DIR/run/NAME.json` per process. A process is known by its id, the boot it belongs to and its start time in
clock ticks (proc(5), stat field 22), so an id that was given out again is not mistaken. Each runs in a session of its
own; what it leaves behind there is recognised by the run's mark in its environment.
A crash of `up` leaves the files and the processes; `stop_recorded` clears both.
"""

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

RUN_MARK = "ASSAY_RUN"


@dataclass(frozen=True)
class Recorded:
    """A process as it was when it started; `mark` is the value of ASSAY_RUN in its environment."""

    name: str
    pid: int
    started: str
    mark: str


def read_stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the command's name, the state first; [] when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def started(pid: int) -> str:
    """Return `BOOT/TICKS` of a living process, or an empty text for a dead one or a zombie."""
    fields = read_stat(pid)
    if not fields or fields[0] in "ZX":
        return ""
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{fields[19]}"


def record(directory: Path, name: str, pid: int, mark: str) -> Recorded:
    """Write down a process just started."""
    entry = Recorded(name, pid, started(pid), mark)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps(asdict(entry)))
    return entry


def read_recorded(directory: Path) -> list[Recorded]:
    """Return what a run wrote down; a half-written file is left out."""
    found = []
    for path in sorted(directory.glob("*.json")):
        with contextlib.suppress(ValueError, TypeError):
            found.append(Recorded(**json.loads(path.read_text())))
    return found


def is_alive(entry: Recorded) -> bool:
    """Tell whether the very process that was recorded still runs."""
    return bool(entry.started) and started(entry.pid) == entry.started


def has_mark(pid: int, mark: str) -> bool:
    """Tell whether a process carries the run's mark in the environment it was started with."""
    try:
        return f"{RUN_MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def find_members(entry: Recorded) -> list[int]:
    """Return the ids of all living processes in the recorded process's session that are ours."""
    leader = is_alive(entry)
    members = []
    for path in Path("/proc").iterdir():
        if not path.name.isdecimal():
            continue
        pid, fields = int(path.name), read_stat(int(path.name))
        in_session = bool(fields) and fields[0] not in "ZX" and int(fields[3]) == entry.pid
        if in_session and (leader or has_mark(pid, entry.mark)):
            members.append(pid)
    return members


def find_working_in(directory: Path) -> list[int]:
    """Return the ids of all living processes whose working directory is this one, whoever started them."""
    found = []
    for path in Path("/proc").iterdir():
        if not path.name.isdecimal():
            continue
        with contextlib.suppress(OSError):  # it has ended, or is another user's, who cannot work in our directory
            if (path / "cwd").readlink() == directory and started(int(path.name)):
                found.append(int(path.name))
    return found


def send(pids: list[int], number: signal.Signals) -> None:
    """Signal each process; one that has just ended is no error."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def wait_gone(entry: Recorded, seconds: float) -> bool:
    """Wait until the whole session has ended; False when something of it is left."""
    deadline = time.monotonic() + seconds
    while find_members(entry):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def stop(entry: Recorded, number: signal.Signals = signal.SIGTERM, patience: float = 10) -> None:
    """End a recorded process and its session: asked first, then forced after `patience` seconds."""
    if is_alive(entry):
        send([entry.pid], number)
    elif members := find_members(entry):
        send(members, number)
    if not wait_gone(entry, patience):
        send(find_members(entry), signal.SIGKILL)
        wait_gone(entry, 5)


def stop_recorded(directory: Path) -> list[str]:
    """Stop whatever a run left and return the names of what was still there; the files are removed.

    Stores end last, so that nothing loses its database while it finishes. PostgreSQL takes SIGINT as a fast shutdown.
    """
    entries = sorted(read_recorded(directory), key=lambda entry: entry.name in {"redis", "postgres"})
    left = []
    for entry in entries:
        if find_members(entry):
            left.append(entry.name)
        stop(entry, signal.SIGINT if entry.name == "postgres" else signal.SIGTERM)
        (directory / f"{entry.name}.json").unlink(missing_ok=True)
    return left
