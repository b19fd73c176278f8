"""The node's two keys: the log key signs checkpoints, the witness key cosigns them with the time.

Both are C2SP note keys in `settings.ASSAY_KEYS_DIR`: `log.key` (type 0x01, named like the origin) and
`witness.key` (type 0x04), one line of text each, readable by their owner alone. They never enter the database. A key
that was replaced signs beside its successor for a while (ledger/key_files.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from ledger.errors import KeyUnusable
from ledger.key_files import (
    FORMER_VKEYS,
    KINDS,
    LOG,
    WITNESS,
    Retiring,
    present_path,
    read_key,
    read_retiring,
    retiring_path,
)
from ledger.tlog.errors import TlogError
from ledger.tlog.note import Signer, VerifierKey, parse_vkey


class NodeSigners(NamedTuple):
    """The signers of this node and the public halves that verify them; `retiring` are the keys before, still in use."""

    log: Signer
    witness: Signer
    verifiers: tuple[VerifierKey, ...]
    retiring: tuple[Signer, ...] = ()

    @property
    def all(self) -> tuple[Signer, ...]:
        """Everything that signs a checkpoint now."""
        return (self.log, self.witness, *self.retiring)


def node_signers() -> NodeSigners:
    """Return this node's signers, read from disk when a file is new; raises `KeyUnusable`."""
    directory = Path(settings.ASSAY_KEYS_DIR)
    paths = [present_path(directory, kind) for kind in KINDS]
    try:
        stamps = [path.stat().st_mtime_ns for path in paths]
    except OSError as error:
        raise KeyUnusable(
            f"expected key files {paths[0]} and {paths[1]}, got {error.strerror}; see rotate_key"
        ) from error
    stamps += [_stamp(retiring_path(directory, kind)) for kind in KINDS]
    log, witness, before = _load(directory, tuple(stamps), settings.ASSAY_ORIGIN)
    now = datetime.now(UTC)
    retiring = tuple(key.signer for key in before if now < key.until)
    return NodeSigners(log, witness, tuple(s.verifier for s in (log, witness, *retiring)), retiring)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@lru_cache(maxsize=4)
def _load(directory: Path, _stamps: tuple[int, ...], origin: str) -> tuple[Signer, Signer, tuple[Retiring, ...]]:
    # The keys in use first: whoever replaces one has written the retiring one before.
    log, witness = (read_key(present_path(directory, kind), kind) for kind in (LOG, WITNESS))
    found = (read_retiring(retiring_path(directory, kind), kind) for kind in KINDS)
    retiring = tuple(key for key in found if key and key.signer.seed not in (log.seed, witness.seed))
    for signer in (log, *(key.signer for key in retiring if key.signer.type == log.type)):
        if signer.name != origin:
            where = present_path(directory, LOG)
            raise KeyUnusable(
                f"expected the key in {where} to be named {origin}, got {signer.name}; check ASSAY_ORIGIN"
            )
    if log.seed == witness.seed:
        raise KeyUnusable(f"expected two different keys in {directory}, got one twice; make a witness key")
    return log, witness, retiring


def read_verifiers() -> list[VerifierKey]:
    """Return the keys that verify what this node ever signed: the present ones and those of `former.vkeys`.

    That file holds one vkey a line, written when a key is rotated. Raises `KeyUnusable`.
    """
    former = Path(settings.ASSAY_KEYS_DIR) / FORMER_VKEYS
    try:
        lines = former.read_text("utf-8").split("\n") if former.exists() else []
        return list(dict.fromkeys([*node_signers().verifiers, *(parse_vkey(line) for line in lines if line)]))
    except (OSError, UnicodeDecodeError, TlogError) as error:
        raise KeyUnusable(f"expected one vkey a line in {former}, got something else: {error}") from error
