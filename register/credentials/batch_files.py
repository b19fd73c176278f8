"""Batch files: a batch as its issuer keeps it, with the salts, before its root is told to anybody.

    {"format":"assay/batch@v1","issuer":ID,"origin":LEDGER,"terms":{…}}
    {"name":"anna.json","digest":HEX,"salt":HEX}          one line a credential
    {"root":HEX,"count":N}

Whoever holds such a file can tell the commitment of each credential (to revoke it) and write its receipt again, at any
time: it is kept, and kept to its issuer. It holds nothing that a credential says. `assay anchor` and the issuer's desk
write and read the same files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from register.credentials.batch_tree import BatchTree, build_tree
from register.credentials.commitments import SALT_BYTES, commit
from register.credentials.errors import CredentialError
from register.credentials.receipts import OnRecord, Receipt
from register.sentences import cite, say

FORMAT: Final = "assay/batch@v1"
ENDING: Final = ".batch"
_CHUNK: Final = 4096


@dataclass(frozen=True, slots=True)
class Terms:
    """What is to be said of a batch: by which issuer (id), in which ledger, and further members of the entry."""

    issuer: str
    origin: str
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed batch. `names`, `digests` and `salts` go together; `positions` says which leaf each of them is.

    A credential that is there under two names is one leaf.
    """

    terms: Terms
    names: Sequence[str]
    digests: Sequence[bytes]
    salts: Sequence[bytes]
    positions: Sequence[int]
    tree: BatchTree

    def make_receipt(self, at: int, record: OnRecord) -> Receipt:
        """Return the receipt of the credential whose name is the one at an index of `names`."""
        return Receipt(
            salt=self.salts[at],
            target=commit(self.digests[at], self.salts[at]),
            root=self.tree.root,
            path=self.tree.find_path(self.positions[at]),
            batch=record.batch,
            entry=record.entry,
            tlog_proof=record.tlog_proof,
            keys=record.keys,
        )


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


def seal(terms: Terms, names: Sequence[str], digests: Sequence[bytes]) -> Sealed:
    """Give each credential its salt and build the tree; raises CredentialError (`empty_batch`, `no_merkletools`)."""
    positions, first = _find_positions(digests)
    fresh = _draw_salts(len(first))
    salts = [fresh[position] for position in positions]
    tree = build_tree([commit(digests[at], salt) for at, salt in zip(first, fresh, strict=True)])
    return Sealed(terms, names, digests, salts, positions, tree)


def write(batch: Sealed) -> Iterator[bytes]:
    """Yield the bytes of a batch's file."""
    terms, names = batch.terms, batch.names
    yield _encode({"format": FORMAT, "issuer": terms.issuer, "origin": terms.origin, "terms": dict(terms.said)})
    for at in range(0, len(names), _CHUNK):
        part = slice(at, at + _CHUNK)
        rows = zip(names[part], batch.digests[part], batch.salts[part], strict=True)
        yield b"".join(_encode(_Line(name, digest.hex(), salt.hex())) for name, digest, salt in rows)
    yield _encode(_Seal(batch.tree.root.hex(), batch.tree.count))


def parse(data: bytes) -> Sealed:
    """Read a batch's file and build its tree again.

    Raises CredentialError: `malformed_batch` for what is none, or not whole; `altered_batch` when it is not as sealed.
    """
    try:
        rows = data.splitlines()
        header = msgspec.json.decode(rows[0], type=_Header)
        sealed = msgspec.json.decode(rows[-1], type=_Seal)
        lines = list(map(msgspec.json.Decoder(_Line).decode, rows[1:-1]))
        digests = [bytes.fromhex(line.digest) for line in lines]
        salts = [bytes.fromhex(line.salt) for line in lines]
        positions, first = _find_positions(digests)
        tree = build_tree([commit(digests[at], salts[at]) for at in first])
    except (ValueError, IndexError, RecursionError) as error:
        raise CredentialError(
            "malformed_batch", say("This cannot be read as a batch file: {fault}.", fault=cite(error))
        ) from error
    if header.format != FORMAT or (tree.root.hex(), tree.count) != (sealed.root, sealed.count):
        raise CredentialError("altered_batch", say("This batch file is not as it was sealed."))
    terms = Terms(header.issuer, header.origin, header.terms)
    return Sealed(terms, [line.name for line in lines], digests, salts, positions, tree)


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
