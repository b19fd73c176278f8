"""Key files that come out of a backup, or were brought by hand: they must be those that signed its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

from django.conf import settings

from deploy.backup.archive import KEYS, BackupError, Manifest
from deploy.backup.snapshot import REPLACED
from deploy.embedded import write_private
from ledger.errors import KeyUnusable
from ledger.signer import read_verifiers
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.errors import TlogError


def insist_on_keys(manifest: Manifest) -> None:
    """Raise unless the keys of this machine have signed what the backup holds."""
    if manifest.checkpoint is None:
        return
    try:
        open_checkpoint(manifest.checkpoint.encode(), read_verifiers(), manifest.origin)
    except (TlogError, KeyUnusable) as error:
        cure = "add --with-keys" if manifest.private_keys else f"put the node's keys into {settings.ASSAY_KEYS_DIR}"
        raise BackupError(f"the keys on this machine did not sign the backup's checkpoint ({error}): {cure}") from error


@contextmanager
def keys_in_place(archive: ZipFile, manifest: Manifest, wanted: bool) -> Iterator[None]:
    """Put the backup's keys where they belong while the block lasts, and for good if it ends well.

    Another key of the same name is kept as `NAME.replaced`: a start before the restore makes keys.
    """
    if not wanted:
        yield
        return
    if not manifest.private_keys:
        raise BackupError("this backup holds no keys: leave out --with-keys and bring the keys yourself")
    directory = Path(settings.ASSAY_KEYS_DIR)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    placed: list[Path] = []
    try:
        for name in manifest.parts:
            if name.startswith(KEYS) and (key := _place_key(directory, name, archive.read(name).decode())):
                placed.append(key)
        yield
    except BaseException:
        for key in placed:
            key.unlink()
            if _replaced(key).exists():
                _replaced(key).rename(key)
        raise


def _place_key(directory: Path, name: str, text: str) -> Path | None:
    """Write one key file and return it, or None when it is there already."""
    path = directory / name.removeprefix(KEYS)
    if path.parent != directory or path.name.startswith("."):
        raise BackupError(f"expected the name of a key file in the backup, got {name!r}; nothing was restored")
    if path.exists():
        if path.read_text() == text:
            return None
        if _replaced(path).exists():
            raise BackupError(f"{_replaced(path)} exists: move it away, or {path}, which gives way to the backup's key")
        path.rename(_replaced(path))
    write_private(path, text)
    return path


def _replaced(path: Path) -> Path:
    return path.with_name(path.name + REPLACED)
