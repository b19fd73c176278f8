"""Proof that a log lied: two checkpoints it signed that cannot both be true, checkable by anyone (`fork-proof@v1`).

- `same_size`: two roots of one size. The two notes alone show it.
- `inconsistent`: a smaller tree that is no beginning of a larger one. Shown by hashes that lead to the larger root, and
  at the smaller size to another root than the one that was signed.
- `rolled_back`: a smaller tree called the largest known at a later time than a larger one. Shown by two cosignatures of
  one key of the log's own witness.

The hashes of `inconsistent` are the consistency proof (RFC 9162 section 2.1.4.1) with its first subtree always written
down: where the smaller size is a power of two the RFC leaves out the smaller root, which is here what the *larger*
tree has in its place. Every hash goes into the larger root, so by SHA-256's collision resistance none can be invented,
and an honest log cannot be convicted by any choice of hashes. From size 0 nothing is hashed: the empty tree has one
root.

`rolled_back` reads a cosignature for what it says (C2SP tlog-cosignature): at that time, this was the largest
consistent tree its maker had seen. It convicts the holder of the witness key, so that key has to be the log's own.

The file is text:

    assay/fork-proof@v1
    kind inconsistent
    origin register.nl.example/ledger
    key <vkey>                      one line each, in the order of their bytes: all that signed below
    older <length in bytes>
    newer <length in bytes>
    <base64 hash>                   no line or more
                                    an empty line
    <note of the smaller tree>      verbatim, with the lines of those keys alone
                                    an empty line
    <note of the larger tree>       of one size: in the order of their bytes
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint_note
from ledger.tlog.errors import ForkMalformed, ForkUnproven, ProofInvalid, UnknownKey
from ledger.tlog.lines import MAX_PROOF, decode_decimal, decode_hash, encode_proof
from ledger.tlog.merkle import EMPTY_ROOT, NodeReader, prove_consistency, read_root, roots_from_consistency
from ledger.tlog.note import COSIGNATURE, MAX_NOTE_BYTES, VerifierKey, parse_note, parse_vkey

HEADER: Final = "assay/fork-proof@v1"
SAME_SIZE: Final = "same_size"
INCONSISTENT: Final = "inconsistent"
ROLLED_BACK: Final = "rolled_back"
KINDS: Final = (SAME_SIZE, INCONSISTENT, ROLLED_BACK)

MAX_KEYS: Final = 16
MAX_HASHES: Final = MAX_PROOF + 1
MAX_FORK_BYTES: Final = 3 * MAX_NOTE_BYTES


@dataclass(frozen=True, slots=True)
class ForkProof:
    """A fork as a file tells it: nothing in it is verified.

    `older` is the note of the smaller tree, `newer` of the larger; `keys` are the log's own, all that signed either,
    `proof` the hashes, none but for `inconsistent`.
    """

    origin: str
    keys: tuple[VerifierKey, ...]
    older: bytes
    newer: bytes
    proof: tuple[bytes, ...]
    kind: str

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 over both notes' texts, whoever signed beside the log: one fork, one fingerprint."""
        texts = (parse_note(note).text.encode() for note in (self.older, self.newer))
        return sha256(b"".join(sorted(sha256(text).digest() for text in texts))).digest()


class RolledBackTimes(NamedTuple):
    """One witness key's word: at `before` it knew the larger tree, at the later `after` the smaller was the largest."""

    key: VerifierKey
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ForkProven:
    """What a fork proof shows. `root` is what the larger tree has at the smaller size, `times` are a rollback's."""

    kind: str
    older: SignedCheckpoint
    newer: SignedCheckpoint
    root: bytes | None = None
    times: RolledBackTimes | None = None


def prove_fork(one: SignedCheckpoint, other: SignedCheckpoint, reader: NodeReader | None = None) -> ForkProof:
    """Make the proof that two checkpoints of one log, opened under the log's own keys alone, cannot both be true.

    `reader` knows the larger tree's nodes; without it only roots of one size and times can be compared. Raises
    `ForkUnproven` when the two go together, and `ProofInvalid` when the reader's hashes do not lead to the larger root.
    """
    older, newer = sorted((one, other), key=_place)
    small, large = older.checkpoint, newer.checkpoint
    if small.origin != large.origin:
        raise ForkUnproven(f"expected two checkpoints of one log, got {small.origin[:80]!r} and {large.origin[:80]!r}")
    hashes: tuple[bytes, ...] = ()
    if small.size == large.size:
        kind = SAME_SIZE
    else:
        if reader is not None and small.size:
            hashes = _read_hashes(small.size, large.size, reader)
        known = reader is not None or not small.size
        forked = known and _root_of_prefix(hashes, newer, small.size) != small.root
        kind = INCONSISTENT if forked else ROLLED_BACK
    keys = {item.key for signed in (older, newer) for item in signed.verified}
    notes = older.to_verified_bytes(), newer.to_verified_bytes()
    ordered = tuple(sorted(keys, key=str))
    fork = ForkProof(small.origin, ordered, *notes, hashes if kind == INCONSISTENT else (), kind)
    check_fork(fork)
    return fork


def check_fork(fork: ForkProof, keys: Sequence[VerifierKey] | None = None) -> ForkProven:
    """Check that a proof convicts, and return what it shows; raises a `TlogError` otherwise.

    `keys` are the log's own as the caller knows them; for `rolled_back` its witness key must be among them. Without
    `keys` those the proof names are taken: it then convicts whoever holds them, and whose they are is for a person to
    compare. Either way the notes must hold signatures of the named keys only, all of which verify.
    """
    older, newer = _open_alone(fork)
    if keys is not None:
        trusted = [key for key in fork.keys if key in keys]
        if not trusted:
            raise UnknownKey(
                f"expected a proof under one of the {len(keys)} keys given, got one under "
                f"{', '.join(map(str, fork.keys))[:400]}; it is about another log or key"
            )
        older, newer = (open_checkpoint(note, trusted, fork.origin) for note in (fork.older, fork.newer))
    if _place(older) > _place(newer):
        raise ForkMalformed("expected the note of the smaller tree first, got it second; swap them")
    if fork.proof and fork.kind != INCONSISTENT:
        raise ForkMalformed(f"expected no hashes for {fork.kind}, got {len(fork.proof)}; leave them out")
    return _CONVICT[_known_kind(fork.kind)](older, newer, fork.proof)


def format_fork(fork: ForkProof) -> bytes:
    """Write the file; raises `ForkMalformed` for what would not read back as itself."""
    lines = [HEADER, f"kind {fork.kind}", f"origin {fork.origin}", *(f"key {key}" for key in fork.keys)]
    lines += [f"older {len(fork.older)}", f"newer {len(fork.newer)}"]
    data = ("\n".join(lines) + "\n" + encode_proof(fork.proof)).encode("utf-8", "surrogatepass")
    data += b"\n" + fork.older + b"\n" + fork.newer
    if parse_fork(data) != fork:
        raise ForkMalformed("expected a proof that reads back as itself, got one that does not")
    return data


def parse_fork(data: bytes) -> ForkProof:
    """Read a file and check its form, that of its notes included; raises `ForkMalformed`. Nothing is verified."""
    if len(data) > MAX_FORK_BYTES:
        raise ForkMalformed(f"expected a proof of at most {MAX_FORK_BYTES} bytes, got {len(data)}")
    head, separator, notes = data.partition(b"\n\n")
    try:
        if not separator:
            raise ValueError("expected an empty line before the notes, got none; the file is cut off")
        return _parse_head(head.decode().split("\n"), notes)
    except ValueError as error:
        raise ForkMalformed(f"not an {HEADER} file: {error}") from error


def _parse_head(lines: list[str], notes: bytes) -> ForkProof:
    if lines[0] != HEADER:
        raise ValueError(f"expected {HEADER} as the first line")
    rows = _Rows(lines[1:])
    kind, origin = _known_kind(rows.take("kind")), rows.take("origin")
    keys = []
    while rows.begins("key"):
        keys.append(parse_vkey(rows.take("key")))
    if not 0 < len(keys) <= MAX_KEYS or keys != sorted(set(keys), key=str):
        raise ValueError(f"expected 1 to {MAX_KEYS} keys in the order of their text, got {len(keys)} or another order")
    older, newer = _split_notes(notes, decode_decimal(rows.take("older")), decode_decimal(rows.take("newer")))
    if len(rows.left) > MAX_HASHES:
        raise ValueError(f"expected at most {MAX_HASHES} hashes, got {len(rows.left)}")
    return ForkProof(origin, tuple(keys), older, newer, tuple(map(decode_hash, rows.left)), kind)


@dataclass(slots=True)
class _Rows:
    """The lines of the head that are still to be read, each `<name> <value>` until the hashes."""

    left: list[str]

    def begins(self, name: str) -> bool:
        return bool(self.left) and self.left[0].startswith(name + " ")

    def take(self, name: str) -> str:
        if not self.begins(name):
            raise ValueError(f"expected a line '{name} …', got {self.left[0][:60]!r}" if self.left else "the file ends")
        return self.left.pop(0).removeprefix(name + " ")


def _split_notes(notes: bytes, older: int, newer: int) -> tuple[bytes, bytes]:
    if len(notes) != older + 1 + newer or notes[older : older + 1] != b"\n":
        raise ValueError(f"expected notes of {older} and {newer} bytes with an empty line between, got other lengths")
    first, second = notes[:older], notes[older + 1 :]
    for note in (first, second):
        parse_checkpoint_note(note)
    return first, second


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        raise ForkMalformed(f"expected one of the kinds {', '.join(KINDS)}, got {kind[:40]!r}")
    return kind


def _open_alone(fork: ForkProof) -> tuple[SignedCheckpoint, SignedCheckpoint]:
    """Open both notes under the named keys, all of which must have signed, and nobody else."""
    opened = tuple(open_checkpoint(note, fork.keys, fork.origin) for note in (fork.older, fork.newer))
    if any(signed.to_verified_bytes() != signed.raw for signed in opened):
        raise ForkMalformed("expected notes with signatures of the named keys alone, got others; leave them out")
    if {item.key for signed in opened for item in signed.verified} != set(fork.keys):
        raise ForkMalformed("expected every named key to have signed, got one that did not; leave it out")
    return opened[0], opened[1]


def _place(signed: SignedCheckpoint) -> tuple[int, bytes]:
    return signed.checkpoint.size, signed.text.encode()


def _show_same_size(older: SignedCheckpoint, newer: SignedCheckpoint, _: Sequence[bytes]) -> ForkProven:
    small, large = older.checkpoint, newer.checkpoint
    if small.size != large.size or small.root == large.root:
        raise ForkUnproven(f"expected two roots of one size, got the sizes {small.size} and {large.size} or one root")
    return ForkProven(SAME_SIZE, older, newer)


def _show_inconsistent(older: SignedCheckpoint, newer: SignedCheckpoint, proof: Sequence[bytes]) -> ForkProven:
    small, large = older.checkpoint, newer.checkpoint
    if small.size == large.size:
        raise ForkUnproven(f"expected a smaller and a larger tree, got {small.size} entries twice; the kind is another")
    root = _root_of_prefix(proof, newer, small.size)
    if root == small.root:
        raise ForkUnproven(f"the tree of {large.size} entries begins with the {small.size} signed before: no fork")
    return ForkProven(INCONSISTENT, older, newer, root=root)


def _show_rolled_back(older: SignedCheckpoint, newer: SignedCheckpoint, _: Sequence[bytes]) -> ForkProven:
    """Find one key that vouched for the smaller tree after it had vouched for the larger."""
    if older.checkpoint.size < newer.checkpoint.size:
        after, before = _times(older), _times(newer)
        for key in sorted(after.keys() & before.keys(), key=str):
            if min(before[key]) < max(after[key]):
                return ForkProven(
                    ROLLED_BACK, older, newer, times=RolledBackTimes(key, min(before[key]), max(after[key]))
                )
    raise ForkUnproven(
        f"expected a witness key of the log to vouch for {older.checkpoint.size} entries at a later time than for "
        f"{newer.checkpoint.size}, got none among the keys given; the two go together as far as shown"
    )


_CONVICT: Final = {SAME_SIZE: _show_same_size, INCONSISTENT: _show_inconsistent, ROLLED_BACK: _show_rolled_back}


def _times(signed: SignedCheckpoint) -> dict[VerifierKey, list[int]]:
    times: dict[VerifierKey, list[int]] = {}
    for item in signed.verified:
        if item.key.type == COSIGNATURE:
            times.setdefault(item.key, []).append(item.signature.time)
    return times


def _read_hashes(old: int, new: int, reader: NodeReader) -> tuple[bytes, ...]:
    """Return the consistency proof with its first subtree always written down, for 0 < old < new."""
    proof = prove_consistency(old, new, reader)
    return tuple(proof) if old & (old - 1) else (read_root(old, reader), *proof)


def _root_of_prefix(proof: Sequence[bytes], newer: SignedCheckpoint, size: int) -> bytes:
    """Return what the larger tree has at a smaller size; raises `ProofInvalid` unless the hashes lead to its root."""
    large = newer.checkpoint
    if size == 0 and not proof:
        return EMPTY_ROOT
    if not proof:
        raise ProofInvalid(f"expected hashes that lead to the root of {large.size} entries, got none")
    power = not size & (size - 1)
    prefix, root = roots_from_consistency(proof[1:] if power else proof, size, large.size, proof[0])
    if root != large.root:
        raise ProofInvalid(
            f"expected hashes that lead to root {large.root.hex()} of {large.size} entries, got {root.hex()}; "
            "they are garbled or of another tree and prove nothing"
        )
    return prefix
