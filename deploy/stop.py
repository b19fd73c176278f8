"""`./deploy/down`: stops what `up` started in a data directory, and only that. Standard library only."""

import argparse
import fcntl
import os
import signal
import sys
import time
from pathlib import Path

from deploy import processes

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 60


def main(argv: list[str]) -> int:
    """Run `down`; 0 when nothing of that directory runs any more, which includes that nothing ran before."""
    parser = argparse.ArgumentParser(prog="./deploy/down", description="Stop what ./deploy/up started.")
    parser.add_argument("--data", type=Path, default=ROOT / ".assay", metavar="DIR", help="as given to up (.assay)")
    data = parser.parse_args(argv).data.expanduser().resolve()
    run = data / "run"
    if not run.is_dir():
        print(f"Nothing runs in {data}.")
        return 0
    supervised = stop_supervisor(run / "up.lock")
    left = processes.stop_recorded(run)
    if remaining := [entry.name for entry in processes.read_recorded(run)]:
        print(f"down: {', '.join(remaining)} could not be stopped.", file=sys.stderr)
        return 1
    print(f"Stopped{': ' + ', '.join(left) if left else ''}." if supervised or left else f"Nothing runs in {data}.")
    return 0


def stop_supervisor(lock: Path) -> bool:
    """Ask the process that holds the directory to end and wait for it; False when there is none.

    Holding the lock is the proof of identity: the kernel takes it away with the process.
    """
    if not lock.exists():
        return False
    deadline = time.monotonic() + PATIENCE_SECONDS
    pid, identity = 0, ""
    with lock.open() as file:
        while not take(file.fileno()):
            if not pid:
                pid = read_holder(lock)
                identity = processes.started(pid)
                os.kill(pid, signal.SIGTERM)
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
    # The lock falls a moment before the process has gone.
    while identity and processes.started(pid) == identity:
        time.sleep(0.02)
    return bool(pid)


def take(number: int) -> bool:
    """Try to get the lock; True when nobody else holds it."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_holder(lock: Path) -> int:
    """Return the process id that the lock's holder wrote into it, waiting for a holder that has just begun."""
    for _ in range(50):
        words = lock.read_text().replace(",", " ").split()
        if len(words) > 1 and words[1].isdecimal():
            return int(words[1])
        time.sleep(0.1)
    raise SystemExit(f"down: {lock} names no process; end ./deploy/up by hand.")
