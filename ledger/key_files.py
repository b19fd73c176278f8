"""The key files of a node while a key is being replaced: made, put in place, retired, each step safe to repeat.

`log.key` and `witness.key` are the keys in use (ledger/signer.py). Beside them, for as long as a rotation lasts:

| file | holds |
|---|---|
| `log.next.key` | the key that is to follow, made before anything is announced |
| `log.retiring.key` | the key before, and in a second line `until <RFC 3339>`: it signs beside the new one until then |
| `former.vkeys` | the public halves of all keys since replaced, one a line, for ever |

and the same for `witness`. Each file is written whole under another name, synced and renamed, and a key in use is
replaced by that rename alone: at no moment is there no key, and a crash leaves the steps so far. A key that is retired
is kept as `log.former-<key id>.key` where that is asked for, and else removed.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ledger.errors import KeyUnusable
from ledger.tlog.errors import TlogError
from ledger.tlog.note import COSIGNATURE, ED25519, Signer

LOG: Final = "log"
WITNESS: Final = "witness"
KINDS: Final = {LOG: ED25519, WITNESS: COSIGNATURE}
"""What a key is for → its type (C2SP signed-note)."""

FORMER_VKEYS: Final = "former.vkeys"
_UNTIL: Final = "until "
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Retiring:
    """A key that was replaced and signs beside its successor until `until`."""

    signer: Signer
    until: datetime


def present_path(directory: Path, kind: str) -> Path:
    """Return the file of the key in use."""
    return directory / f"{kind}.key"


def next_path(directory: Path, kind: str) -> Path:
    """Return the file of the key that is to follow."""
    return directory / f"{kind}.next.key"


def retiring_path(directory: Path, kind: str) -> Path:
    """Return the file of the key before."""
    return directory / f"{kind}.retiring.key"


def read_key(path: Path, kind: str) -> Signer:
    """Read one key file; raises `KeyUnusable` for one that is missing, open to others, or of another type."""
    signer = _parse(path, _read(path))
    if signer.type != KINDS[kind]:
        raise KeyUnusable(
            f"expected a key of type {KINDS[kind]} in {path}, got {signer.type}; the files may be swapped"
        )
    return signer


def read_retiring(path: Path, kind: str) -> Retiring | None:
    """Read the key before, or None where there is none; raises `KeyUnusable`."""
    if not path.exists():
        return None
    key, _, end = _read(path).partition("\n")
    try:
        until = datetime.strptime(end.strip().removeprefix(_UNTIL), _TIME).replace(tzinfo=UTC)
    except ValueError as error:
        raise KeyUnusable(f"expected a key and a line '{_UNTIL}<time>' in {path}, got something else") from error
    signer = _parse(path, key)
    if signer.type != KINDS[kind]:
        raise KeyUnusable(f"expected a key of type {KINDS[kind]} in {path}, got {signer.type}")
    return Retiring(signer, until)


def stage(directory: Path, kind: str) -> Signer:
    """Return the key that is to follow the one in use, made of fresh randomness unless it is there already."""
    path = next_path(directory, kind)
    if not path.exists():
        present = read_key(present_path(directory, kind), kind)
        fresh = Signer.generate(present.name, secrets.token_bytes(32), KINDS[kind])
        write_key(path, fresh.to_text() + "\n")
    return read_key(path, kind)


def promote(directory: Path, kind: str, until: datetime | None, *, keep: bool = False) -> Signer:
    """Put the next key in place of the one in use, which goes on signing beside it up to `until` if that is given.

    Without `until` the old key is gone at once, or with `keep` set aside. May be repeated at any point of it.
    """
    present, following = present_path(directory, kind), next_path(directory, kind)
    old, new = read_key(present, kind), read_key(following, kind)
    remember_former(directory, [str(old.verifier)])
    if until is not None:
        write_key(retiring_path(directory, kind), f"{old.to_text()}\n{_UNTIL}{until.astimezone(UTC):{_TIME}}\n")
    elif keep:
        _set_aside(directory, kind, old)
    following.replace(present)
    _sync(directory)
    return new


def retire(directory: Path, kind: str, *, keep: bool = False) -> Retiring | None:
    """End the overlap: the key before signs no more, and its file is removed or, with `keep`, set aside."""
    path = retiring_path(directory, kind)
    retiring = read_retiring(path, kind)
    if retiring is None:
        return None
    if keep:
        _set_aside(directory, kind, retiring.signer)
    path.unlink()
    _sync(directory)
    return retiring


def remember_former(directory: Path, vkeys: Iterable[str]) -> None:
    """Add public halves to `former.vkeys`, each once."""
    path = directory / FORMER_VKEYS
    known = path.read_text("utf-8").splitlines() if path.exists() else []
    lines = list(dict.fromkeys([*filter(None, known), *vkeys]))
    if lines != known:
        write_key(path, "".join(f"{line}\n" for line in lines))


def write_key(path: Path, text: str) -> None:
    """Write a file that only its owner may read, durably; a crash leaves the old one whole."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        if os.geteuid() == 0:  # an operator's shell must not take the keys away from the node's account
            owner = path.parent.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync(path.parent)


def _set_aside(directory: Path, kind: str, signer: Signer) -> None:
    write_key(directory / f"{kind}.former-{signer.verifier.key_id.hex()}.key", signer.to_text() + "\n")


def _read(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise KeyUnusable(f"expected {path} to be readable by its owner alone; run chmod 600 on it")
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"expected a readable key file {path}, got {type(error).__name__}; restore it") from error


def _parse(path: Path, text: str) -> Signer:
    try:
        return Signer.from_text(text.strip())
    except TlogError as error:
        raise KeyUnusable(f"{path}: {error}") from None


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
