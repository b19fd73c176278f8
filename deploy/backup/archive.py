"""The file of a backup: a zip archive whose every byte is under a SHA-256.

Members, stored without compression: `database.dump` (pg_dump's custom format, compressed by itself), `keys/NAME` if
asked for, and `manifest.json`, which says of which node and when this is and holds the SHA-256 of every other member.
The archive's comment is the seal: `sha256:` and the hexadecimal digest of all bytes before the comment, so that no
flipped bit passes, not even in zip's own headers. The seal tells accidents, not intruders: whoever can write the file
can write a new seal. What comes out of it is therefore checked again as hostile rows (`restoration`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Literal
from zipfile import BadZipFile, ZipFile, ZipInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MANIFEST = "manifest.json"
DUMP = "database.dump"
KEYS = "keys/"
_SEAL_MARK = b"sha256:"
_SEAL_LENGTH = len(_SEAL_MARK) + 64
_CHUNK = 1 << 20

Progress = Callable[[int], None]
"""Told how many bytes went by since the last call."""


class BackupError(Exception):
    """A backup cannot be made or brought back; the message is one line: expected, got, what to do."""


class Part(BaseModel):
    """A member of the archive: its length in bytes and its SHA-256 in hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a backup holds.

    `tree_size` and `root` are of the node's own log in the snapshot, `checkpoint` its newest signed note (None: nothing
    signed yet); `migrations` are `app.name` of all that were applied; `private_keys` says whether `keys/` is in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal["assay-backup/1"] = "assay-backup/1"
    software: str
    postgresql: str
    made_at: str
    origin: str
    base_url: str
    tree_size: int = Field(ge=0)
    root: str = Field(pattern="^[0-9a-f]{64}$")
    checkpoint: str | None
    migrations: list[str]
    private_keys: bool
    parts: dict[str, Part]


@contextmanager
def create_archive(path: Path) -> Iterator[ZipFile]:
    """Yield an archive to fill that becomes `path`, sealed and synced, when the block ends well; else nothing is left.

    It grows as `.NAME.unfinished` beside it, mode 0600 from the first byte. Raises `BackupError` when either exists,
    and for what a disk refuses.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    _insist_on_absence(path)
    try:
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupError(f"{unfinished} exists: another backup is under way, or was cut off; then remove it") from None
    except OSError as error:
        raise _explain(path, error) from error
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with ZipFile(file, "w") as archive:
                archive.comment = _SEAL_MARK + bytes(64)
                yield archive
            _seal(file)
        _insist_on_absence(path)
        unfinished.rename(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise _explain(path, error) from error
    finally:
        unfinished.unlink(missing_ok=True)


def add_part(archive: ZipFile, name: str, chunks: Iterable[bytes]) -> Part:
    """Write a member as its bytes come and return its length and digest."""
    digest, size = sha256(), 0
    info = ZipInfo(name)
    info.external_attr = 0o600 << 16
    with archive.open(info, "w", force_zip64=True) as member:
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            member.write(chunk)
    return Part(size=size, sha256=digest.hexdigest())


@contextmanager
def open_archive(path: Path, progress: Progress = lambda count: None) -> Iterator[tuple[ZipFile, Manifest]]:
    """Yield a backup whose seal, manifest and members have all been verified; raises `BackupError`."""
    try:
        with path.open("rb") as file:
            _check_seal(path, file)
            with ZipFile(file) as archive:
                manifest = Manifest.model_validate_json(archive.read(MANIFEST))
                _check_parts(path, archive, manifest, progress)
                yield archive, manifest
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}; nothing was restored") from error
    except (BadZipFile, KeyError) as error:
        raise BackupError(f"{path} is no backup of Assay, or cut off; nothing was restored") from error
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors()[0]["loc"])
        message = f"{path}: expected a manifest of format assay-backup/1, got another at {where!r}"
        raise BackupError(f"{message}; use the version of Assay that made it") from error


def read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file's bytes, a mebibyte at a time."""
    while chunk := file.read(_CHUNK):
        yield chunk


def _seal(file: IO[bytes]) -> None:
    """Write the digest of all before it into the comment, and wait until the disk has everything."""
    end = file.seek(0, os.SEEK_END) - _SEAL_LENGTH
    seal = _hash_until(file, end)
    file.seek(end)
    file.write(_SEAL_MARK + seal)
    file.flush()
    os.fsync(file.fileno())


def _check_seal(path: Path, file: IO[bytes]) -> None:
    end = file.seek(0, os.SEEK_END) - _SEAL_LENGTH
    file.seek(max(end, 0))
    stored = file.read()
    if end < 0 or not stored.startswith(_SEAL_MARK):
        raise BackupError(f"{path} is no backup of Assay, or cut off; nothing was restored")
    if stored != _SEAL_MARK + _hash_until(file, end):
        raise BackupError(f"{path} does not match its seal: a byte was changed; take another copy of it")
    file.seek(0)


def _hash_until(file: IO[bytes], end: int) -> bytes:
    """Return the hexadecimal SHA-256 of the first `end` bytes."""
    file.seek(0)
    digest, left = sha256(), end
    while left and (chunk := file.read(min(left, _CHUNK))):
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest().encode()


def _check_parts(path: Path, archive: ZipFile, manifest: Manifest, progress: Progress) -> None:
    """Raise `BackupError` unless the members are exactly those of the manifest, byte for byte."""
    found = sorted(archive.namelist())
    if found != sorted([MANIFEST, *manifest.parts]) or DUMP not in manifest.parts:
        raise BackupError(f"{path} does not hold what its manifest lists; take another copy of it")
    for name, part in manifest.parts.items():
        digest, size = sha256(), 0
        with archive.open(name) as member:
            for chunk in read_chunks(member):
                digest.update(chunk)
                size += len(chunk)
                progress(len(chunk))
        if (size, digest.hexdigest()) != (part.size, part.sha256):
            raise BackupError(f"{path}: {name} does not have the SHA-256 of the manifest; take another copy of it")


def _insist_on_absence(path: Path) -> None:
    if os.path.lexists(path):
        raise BackupError(f"{path} exists, and a backup overwrites nothing: choose another name")


def _explain(path: Path, error: OSError) -> BackupError:
    return BackupError(f"{path} cannot be written: {error.strerror or error}; no backup was made, choose another place")


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
