"""The rollback guard: the newest checkpoint this machine has signed, in a file that no database backup contains.

A database restored from yesterday's backup, or a replica that lagged when it took over, is perfect in itself; if
it signed on, the log would have forked. So before signing, the stored tree must contain what the guard remembers.

The file has two slots of 4 KB, each a line `<SHA-256> <number>` and a note verbatim; the higher number is the newest.
A note goes over the older one and is synced before it leaves the process, so the guard is never behind what others
have seen, and a crash in the middle spoils only a note that nobody has. Written in place, syncing waits for the data
alone; renaming a new file over the old one would wait for the file system's journal, ten times as long on a busy
disk. Machines that sign for the same log share one guard directory: what only one of them remembers, another would sign
against.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from django.conf import settings

from ledger.errors import GuardUnreadable, RolledBack
from ledger.tlog.checkpoint import Checkpoint, parse_checkpoint_note
from ledger.tlog.errors import TlogError

_SLOT = 4096
_COSIGNATURE_BYTES = 8 + 64
_CURE = (
    "nothing is signed until you decide: bring back the newer database, or, if its loss is final and peers have been "
    "told, run manage.py guard --accept"
)


class Remembered(NamedTuple):
    """The newest valid slot: its number, its note, the checkpoint in it and the POSIX time at which it was cosigned."""

    number: int
    note: bytes
    checkpoint: Checkpoint
    time: int


class Guard:
    """What is remembered of one origin, held under a file lock by `hold`."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin
        self._known = _read(path, origin)

    @property
    def time(self) -> int:
        """The time of the remembered note, POSIX seconds, 0 without one: no later signature may have an earlier one.

        The database may have lost it (a crash takes the newest checkpoint row along) and the clock may have gone back.
        """
        return self._known.time if self._known else 0

    def check(self, size: int, root: bytes, root_at: Callable[[int], bytes], first: bool) -> None:
        """Raise `RolledBack` unless the stored tree of that size and root extends what is remembered.

        `root_at` derives the stored tree's root at a smaller size. `first` says that the database knows no
        earlier checkpoint of the log: only then may the guard be empty (`GuardUnreadable` otherwise).
        """
        if self._known is None:
            if not first:
                raise GuardUnreadable(f"expected the guard file {self._path} of a log that was signed before; {_CURE}")
            return
        _, note, known, _ = self._known
        if known.size > size:
            raise RolledBack(
                f"expected the stored log {self._origin} to hold the {known.size} entries this machine signed, it "
                f"holds {size}: the database is older; {_CURE}",
                note,
                size,
                root,
            )
        found = root if known.size == size else root_at(known.size)
        if found != known.root:
            raise RolledBack(
                f"expected root {known.root.hex()} at {known.size} entries of {self._origin}, the database gives "
                f"{found.hex()}: it has another history; {_CURE}",
                note,
                size,
                root,
            )

    def remember(self, note: bytes) -> None:
        """Remember this note, durably; whoever calls holds the lock and has checked."""
        _write(self._path, note, self._known.number + 1 if self._known else 0)


@contextmanager
def hold(origin: str) -> Iterator[Guard]:
    """Lock the guard of an origin against other processes and yield it; raises `GuardUnreadable`."""
    path = guard_path(origin)
    with _locked(path):
        yield Guard(path, origin)


def read(origin: str) -> bytes | None:
    """Return the note remembered of an origin, or None; raises `GuardUnreadable` when it is not one of that log."""
    known = _read(guard_path(origin), origin)
    return known.note if known else None


def check_not_behind(origin: str, size: int) -> None:
    """Raise `RolledBack` when this machine has signed more than the `size` entries that are stored.

    Asked before something new is said: an entry in the place of a lost one could never be signed, and would keep the
    lost one from being brought back.
    """
    known = _read(guard_path(origin), origin)
    if known is not None and known.checkpoint.size > size:
        raise RolledBack(
            f"expected the stored log {origin} to hold the {known.checkpoint.size} entries this machine signed, it "
            f"holds {size}: the database is older, so nothing is appended; {_CURE}",
            known.note,
            size,
        )


def accept(origin: str, note: bytes | None) -> Path | None:
    """Remember this note instead, or nothing: an operator's decision to go on from an older or other database.

    The old file is kept beside it as evidence; returns where. Peers that saw its note will report a fork.
    """
    path = guard_path(origin)
    kept = None
    with _locked(path):
        if path.exists():
            kept = path.with_suffix(f".abandoned-{sha256(path.read_bytes()).hexdigest()[:16]}")
            os.replace(path, kept)
        if note is not None:
            _write(path, note, 0)
    return kept


def guard_path(origin: str) -> Path:
    """Return the guard file of an origin."""
    return _guard_path(settings.ASSAY_GUARD_DIR, origin)


@lru_cache(maxsize=64)
def _guard_path(directory: Path, origin: str) -> Path:
    return Path(directory) / f"{quote(origin, safe='')}.guard"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        lock = _open_lock(path.with_suffix(".lock"))
    except OSError as error:
        raise GuardUnreadable(f"expected to write in {path.parent}, got {error.strerror}; fix its owner") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _read(path: Path, origin: str) -> Remembered | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GuardUnreadable(f"expected to read {path}, got {error.strerror}; fix its owner") from error
    if not data.strip(b"\0"):
        return None  # the first write was cut off: nothing had been signed
    slots = [slot for at in (0, _SLOT) if (slot := _open_slot(data[at : at + _SLOT]))]
    if not slots:
        raise GuardUnreadable(f"expected a checkpoint in {path}, got something else; {_CURE}")
    number, note = max(slots)
    try:
        checkpoint, time = _parse(note)
    except TlogError as error:
        raise GuardUnreadable(f"expected a checkpoint in {path}, got something else; {_CURE}") from error
    if checkpoint.origin != origin:
        raise GuardUnreadable(f"expected a checkpoint of {origin} in {path}, got one of {checkpoint.origin}; {_CURE}")
    return Remembered(number, note, checkpoint, time)


@lru_cache(maxsize=8)
def _parse(note: bytes) -> tuple[Checkpoint, int]:
    """Return a note's checkpoint and time; the same one is read before each write and before each signature."""
    parsed, checkpoint = parse_checkpoint_note(note)
    times = [line.time for line in parsed.signatures if len(line.blob) == _COSIGNATURE_BYTES]
    return checkpoint, max(times, default=0)


def _open_slot(slot: bytes) -> tuple[int, bytes] | None:
    """Return a slot's number and note, or None for one that was never written, or not to its end."""
    digest, _, rest = slot.rstrip(b"\0").partition(b" ")
    if sha256(rest).hexdigest().encode() != digest:
        return None
    number, _, note = rest.partition(b"\n")
    return int(number), note


def _write(path: Path, note: bytes, number: int) -> None:
    """Write a note into its slot and wait until the disk has it."""
    body = b"%d\n" % number + note
    slot = sha256(body).hexdigest().encode() + b" " + body
    try:
        if len(slot) > _SLOT:
            raise OSError(errno.EFBIG, f"a note of more than {_SLOT} bytes")
        created = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if created:
                _write_whole(descriptor, bytes(2 * _SLOT), 0)
            _write_whole(descriptor, slot.ljust(_SLOT, b"\0"), number % 2 * _SLOT)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        if created:
            _sync_directory(path.parent)
    except OSError as error:
        raise GuardUnreadable(
            f"expected to write {path}, got {error.strerror}; free space or fix its owner, nothing was signed"
        ) from error


def _write_whole(descriptor: int, data: bytes, at: int) -> None:
    """Write all of it: a disk that fills up takes a part without an error, and says so at the next attempt."""
    while data:
        written = os.pwrite(descriptor, data, at)
        data, at = data[written:], at + written


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
