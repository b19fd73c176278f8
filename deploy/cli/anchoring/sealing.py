"""Batch files: a batch as its issuer keeps it, with the salts, written to disk before its root is told to anybody.

    {"format":"assay/batch@v1","issuer":ID,"origin":LEDGER,"terms":{…}}
    {"name":"anna.json","digest":HEX,"salt":HEX}          one line a credential
    {"root":HEX,"count":N}

A batch file appears under its name only when it is whole, and is never written again; its number says which batch of
the directory it is. Whatever lies there unfinished was never posted and is written anew, with new salts. Whoever holds
the file can tell the commitment of each credential (to revoke it) and write its receipt again: keep it, and keep it to
yourself. It holds nothing that a credential says.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from deploy.cli.anchoring import AnchoringError
from deploy.cli.anchoring.whole_files import write_whole
from register.credentials.batch_tree import BatchTree, build_tree
from register.credentials.commitments import SALT_BYTES, commit

FORMAT: Final = "assay/batch@v1"
ENDING: Final = ".batch"
_PRIVATE: Final = 0o600
_CHUNK: Final = 4096


@dataclass(frozen=True, slots=True)
class Terms:
    """What is to be said of a batch: by which issuer (id), in which ledger, and further members of the entry."""

    issuer: str
    origin: str
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """A sealed batch. `names`, `digests` and `salts` go together; `positions` says which leaf each of them is.

    A credential that is there under two names is one leaf.
    """

    path: Path
    terms: Terms
    names: Sequence[str]
    digests: Sequence[bytes]
    salts: Sequence[bytes]
    positions: Sequence[int]
    tree: BatchTree


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    issuer: str
    origin: str
    terms: dict[str, Any]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    digest: str
    salt: str


class _Seal(msgspec.Struct, forbid_unknown_fields=True):
    root: str
    count: int


def seal_batch(path: Path, terms: Terms, names: Sequence[str], digests: Sequence[bytes]) -> Batch:
    """Give each credential its salt, build the tree, and write the batch file; it is on disk when this returns.

    Raises OSError, and CredentialError for an empty batch or without merkletools.
    """
    positions, first = _find_positions(digests)
    fresh = _draw_salts(len(first))
    salts = [fresh[position] for position in positions]
    tree = build_tree([commit(digests[at], salt) for at, salt in zip(first, fresh, strict=True)])
    header = {"format": FORMAT, "issuer": terms.issuer, "origin": terms.origin, "terms": dict(terms.said)}
    with write_whole(path, _PRIVATE) as file:
        file.write(_encode(header))
        for at in range(0, len(names), _CHUNK):
            rows = zip(names[at : at + _CHUNK], digests[at : at + _CHUNK], salts[at : at + _CHUNK], strict=True)
            file.write(b"".join(_encode(_Line(name, digest.hex(), salt.hex())) for name, digest, salt in rows))
        file.write(_encode(_Seal(tree.root.hex(), tree.count)))
    return Batch(path, terms, names, digests, salts, positions, tree)


def open_batch(path: Path) -> Batch:
    """Read a batch file and build its tree again; raises AnchoringError when it is not what was sealed."""
    try:
        rows = path.read_bytes().splitlines()
        header = msgspec.json.decode(rows[0], type=_Header)
        seal = msgspec.json.decode(rows[-1], type=_Seal)
        lines = list(map(msgspec.json.Decoder(_Line).decode, rows[1:-1]))
        digests = [bytes.fromhex(line.digest) for line in lines]
        salts = [bytes.fromhex(line.salt) for line in lines]
        positions, first = _find_positions(digests)
        tree = build_tree([commit(digests[at], salts[at]) for at in first])
    except (ValueError, IndexError) as error:
        raise AnchoringError(f"{path} cannot be read as a batch: {error}; restore it from a backup") from error
    if header.format != FORMAT or (tree.root.hex(), tree.count) != (seal.root, seal.count):
        raise AnchoringError(f"{path} is not as it was sealed; restore it from a backup")
    terms = Terms(header.issuer, header.origin, header.terms)
    return Batch(path, terms, [line.name for line in lines], digests, salts, positions, tree)


def list_batches(directory: Path) -> list[Path]:
    """Return the batch files of a directory in the order in which they were sealed."""
    return sorted(directory.glob(f"[0-9][0-9][0-9][0-9]*{ENDING}"), key=lambda path: int(path.stem))


def name_next(directory: Path) -> Path:
    """Return the path of the next batch file of a directory."""
    last = max((int(path.stem) for path in list_batches(directory)), default=0)
    return directory / f"{last + 1:04d}{ENDING}"


def _find_positions(digests: Sequence[bytes]) -> tuple[list[int], list[int]]:
    """Return which leaf each digest is, and where the digest of each leaf stands for the first time."""
    leaves: dict[bytes, int] = {}
    positions = [leaves.setdefault(digest, len(leaves)) for digest in digests]
    if len(leaves) == len(digests):
        return positions, positions
    first: list[int] = []
    for at, position in enumerate(positions):
        if position == len(first):
            first.append(at)
    return positions, first


def _draw_salts(count: int) -> list[bytes]:
    """Draw salts from the operating system, many at a time."""
    salts: list[bytes] = []
    while len(salts) < count:
        drawn = os.urandom(SALT_BYTES * min(_CHUNK, count - len(salts)))
        salts += [drawn[at : at + SALT_BYTES] for at in range(0, len(drawn), SALT_BYTES)]
    return salts


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"
