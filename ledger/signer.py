"""The node's two keys: the log key signs checkpoints, the witness key cosigns them with the time.

Both are C2SP note keys in `settings.ASSAY_KEYS_DIR`: `log.key` (type 0x01, named like the origin) and
`witness.key` (type 0x04), one line of text each, readable by their owner alone. They never enter the database.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from ledger.errors import KeyUnusable
from ledger.tlog.errors import TlogError
from ledger.tlog.note import COSIGNATURE, ED25519, Signer, VerifierKey, parse_vkey

LOG_KEY = "log.key"
WITNESS_KEY = "witness.key"
FORMER_VKEYS = "former.vkeys"


class NodeSigners(NamedTuple):
    """The signers of this node and the public halves that verify them."""

    log: Signer
    witness: Signer
    verifiers: tuple[VerifierKey, VerifierKey]


def node_signers() -> NodeSigners:
    """Return this node's signers, read from disk when a file is new; raises `KeyUnusable`."""
    directory = Path(settings.ASSAY_KEYS_DIR)
    paths = directory / LOG_KEY, directory / WITNESS_KEY
    try:
        stamps = tuple(path.stat().st_mtime_ns for path in paths)
    except OSError as error:
        raise KeyUnusable(
            f"expected key files {paths[0]} and {paths[1]}, got {error.strerror}; see rotate_key"
        ) from error
    return _load(*paths, stamps, settings.ASSAY_ORIGIN)


@lru_cache(maxsize=4)
def _load(log_path: Path, witness_path: Path, _stamps: tuple[int, ...], origin: str) -> NodeSigners:
    log, witness = read_signer(log_path, ED25519), read_signer(witness_path, COSIGNATURE)
    if log.name != origin:
        raise KeyUnusable(f"expected the key in {log_path} to be named {origin}, got {log.name}; check ASSAY_ORIGIN")
    if log.seed == witness.seed:
        raise KeyUnusable(f"expected two different keys in {log_path.parent}, got one twice; make a witness key")
    return NodeSigners(log, witness, (log.verifier, witness.verifier))


def read_verifiers() -> list[VerifierKey]:
    """Return the keys that verify what this node ever signed: the present ones and those of `former.vkeys`.

    That file holds one vkey a line, written when a key is rotated. Raises `KeyUnusable`.
    """
    former = Path(settings.ASSAY_KEYS_DIR) / FORMER_VKEYS
    try:
        lines = former.read_text("utf-8").split("\n") if former.exists() else []
        return [*node_signers().verifiers, *(parse_vkey(line) for line in lines if line)]
    except (OSError, UnicodeDecodeError, TlogError) as error:
        raise KeyUnusable(f"expected one vkey a line in {former}, got something else: {error}") from error


def read_signer(path: Path, key_type: int) -> Signer:
    """Read one key file; raises `KeyUnusable` for one that is missing, open to others, or of another type."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeyUnusable(f"expected {path} to be readable by its owner alone; run chmod 600 on it")
        signer = Signer.from_text(path.read_text("ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"expected a readable key file {path}, got {type(error).__name__}; restore it") from error
    except TlogError as error:
        raise KeyUnusable(f"{path}: {error}") from None
    if signer.type != key_type:
        raise KeyUnusable(f"expected a key of type {key_type} in {path}, got {signer.type}; the files may be swapped")
    return signer
