"""The rollback guard: the newest checkpoint this machine has signed, in a file that no database backup contains.

A database restored from yesterday's backup, or a replica that lagged when it took over, is perfect in itself; if
it signed on, the log would have forked. So before signing, the stored tree must contain what the guard remembers.

The file holds the note verbatim. It is written whole beside the old one, synced and renamed over it, before the
note leaves the process: a crash leaves the old or the new one. Syncing each time costs about a third of a
millisecond, and buys that the guard is never behind what others have seen. One guard directory per machine: each
remembers what that machine signed, all must fit the same database.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from django.conf import settings

from ledger.errors import GuardUnreadable, RolledBack
from ledger.tlog.checkpoint import Checkpoint, parse_checkpoint_note
from ledger.tlog.errors import TlogError

_CURE = (
    "nothing is signed until you decide: bring back the newer database, or, if its loss is final and peers have been "
    "told, run manage.py guard --accept"
)


class Guard:
    """What is remembered of one origin, held under a file lock by `hold`."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin
        self.note = _read(path)
        self.checkpoint = _parse(self.note, path, origin) if self.note is not None else None

    def check(self, size: int, root: bytes, root_at: Callable[[int], bytes], first: bool) -> None:
        """Raise `RolledBack` unless the stored tree of that size and root extends what is remembered.

        `root_at` derives the stored tree's root at a smaller size. `first` says that the database knows no
        earlier checkpoint of the log: only then may the guard be empty (`GuardUnreadable` otherwise).
        """
        if self.checkpoint is None or self.note is None:
            if not first:
                raise GuardUnreadable(f"expected the guard file {self._path} of a log that was signed before; {_CURE}")
            return
        known = self.checkpoint
        if known.size > size:
            raise RolledBack(
                f"expected the stored log {self._origin} to hold the {known.size} entries this machine signed, it "
                f"holds {size}: the database is older; {_CURE}",
                self.note,
                size,
                root,
            )
        found = root if known.size == size else root_at(known.size)
        if found != known.root:
            raise RolledBack(
                f"expected root {known.root.hex()} at {known.size} entries of {self._origin}, the database gives "
                f"{found.hex()}: it has another history; {_CURE}",
                self.note,
                size,
                root,
            )

    def remember(self, note: bytes) -> None:
        """Replace what is remembered, durably; whoever calls holds the lock and has checked."""
        _write(self._path, note)


@contextmanager
def hold(origin: str) -> Iterator[Guard]:
    """Lock the guard of an origin against other processes and yield it; raises `GuardUnreadable`."""
    path = guard_path(origin)
    with _locked(path):
        yield Guard(path, origin)


def read(origin: str) -> bytes | None:
    """Return the note remembered of an origin, or None; raises `GuardUnreadable` when it is not one of that log."""
    path = guard_path(origin)
    note = _read(path)
    if note is not None:
        _parse(note, path, origin)
    return note


def accept(origin: str, note: bytes | None) -> Path | None:
    """Remember this note instead, or nothing: an operator's decision to go on from an older or other database.

    What was remembered is kept beside it as evidence; returns where. Peers that saw it will report a fork.
    """
    path = guard_path(origin)
    kept = None
    with _locked(path):
        old = _read(path)
        if old is not None and old != note:
            kept = path.with_suffix(f".abandoned-{sha256(old).hexdigest()[:16]}")
            os.replace(path, kept)
        if note is not None:
            _parse(note, path, origin)
            _write(path, note)
    return kept


def guard_path(origin: str) -> Path:
    """Return the guard file of an origin."""
    return Path(settings.ASSAY_GUARD_DIR) / f"{quote(origin, safe='')}.checkpoint"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise GuardUnreadable(f"expected to write in {path.parent}, got {error.strerror}; fix its owner") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GuardUnreadable(f"expected to read {path}, got {error.strerror}; fix its owner") from error


def _parse(note: bytes, path: Path, origin: str) -> Checkpoint:
    try:
        checkpoint = parse_checkpoint_note(note)[1]
    except TlogError as error:
        raise GuardUnreadable(f"expected a checkpoint in {path}, got something else; {_CURE}") from error
    if checkpoint.origin != origin:
        raise GuardUnreadable(f"expected a checkpoint of {origin} in {path}, got one of {checkpoint.origin}; {_CURE}")
    return checkpoint


def _write(path: Path, note: bytes) -> None:
    fresh = path.with_suffix(".new")
    try:
        with open(fresh, "wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        _sync_directory(path.parent)
    except OSError as error:
        raise GuardUnreadable(
            f"expected to write {path}, got {error.strerror}; free space or fix its owner, nothing was signed"
        ) from error


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
