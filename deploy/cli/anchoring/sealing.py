"""Sealing: batch files on disk (register/credentials/batch_files.py), each written before its root is told to anybody.

A batch file appears under its name only when it is whole, and is never written again; its number says which batch of
the directory it is. Whatever lies there unfinished was never posted and is written anew, with new salts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cli.anchoring import AnchoringError
from deploy.cli.anchoring.whole_files import write_whole
from register.credentials import batch_files
from register.credentials.batch_files import ENDING, Sealed, Terms
from register.credentials.errors import CredentialError

__all__ = ["ENDING", "Batch", "Terms", "list_batches", "name_next", "open_batch", "seal_batch"]

_PRIVATE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Batch(Sealed):
    """A sealed batch and where its file lies."""

    path: Path


def seal_batch(path: Path, terms: Terms, names: Sequence[str], digests: Sequence[bytes]) -> Batch:
    """Give each credential its salt, build the tree, and write the batch file; it is on disk when this returns.

    Raises OSError, and CredentialError for an empty batch or without merkletools.
    """
    sealed = batch_files.seal(terms, names, digests)
    with write_whole(path, _PRIVATE) as file:
        for part in batch_files.write(sealed):
            file.write(part)
    return _place(sealed, path)


def open_batch(path: Path) -> Batch:
    """Read a batch file and build its tree again; raises AnchoringError when it is not what was sealed."""
    try:
        return _place(batch_files.parse(path.read_bytes()), path)
    except CredentialError as error:
        raise AnchoringError(f"{path}: {error.message} If it is damaged, restore it from a backup.") from error


def _place(sealed: Sealed, path: Path) -> Batch:
    return Batch(sealed.terms, sealed.names, sealed.digests, sealed.salts, sealed.positions, sealed.tree, path)


def list_batches(directory: Path) -> list[Path]:
    """Return the batch files of a directory in the order in which they were sealed."""
    return sorted(directory.glob(f"[0-9][0-9][0-9][0-9]*{ENDING}"), key=lambda path: int(path.stem))


def name_next(directory: Path) -> Path:
    """Return the path of the next batch file of a directory."""
    last = max((int(path.stem) for path in list_batches(directory)), default=0)
    return directory / f"{last + 1:04d}{ENDING}"
