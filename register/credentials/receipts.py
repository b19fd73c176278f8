"""Receipts: the proof, kept beside a credential, that it existed when a register's ledger was countersigned.

    credential → digest → commitment (salt) → root (path) → entry `credentials.anchored` → checkpoint (tlog-proof)

Self-contained: nothing is asked of any node. A receipt is the holder's word until each of these steps was checked; the
keys it carries along are hints, believed of a ledger that the verifier does not know only in so far as the answer says
that nobody vouches for them. The format is written down in README.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NoReturn

from register.credentials.batch_paths import Step, find_position, fold_path
from register.credentials.commitments import SALT_BYTES, commit
from register.credentials.errors import BadReceipt
from register.credentials.ports import LedgerKeys
from register.credentials.proven_batch import ProvenBatch, prove_batch, read_origin, sort_keys
from register.sentences import cite, say

FORMAT: Final = "assay/receipt@v1"
LARGEST: Final = 256 * 1024
"""Bytes of a receipt at most: one of a batch of a million takes 6 KB."""

LONGEST_PATH: Final = 32
"""No batch is larger than 2**32."""

MOST_KEYS: Final = 64

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SALT: Final = re.compile(rf"[0-9a-f]{{{2 * SALT_BYTES}}}", re.ASCII)
_MEMBERS: Final = {"format", "salt", "proof", "batch", "entry", "tlog_proof", "keys"}
_PROOF_MEMBERS: Final = {"type", "targetHash", "merkleRoot", "path"}
PROOF_TYPE: Final = "MerkleProof2019"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as parsed: nothing in it is verified. `entry` and `tlog_proof` are exact bytes, `keys` are vkeys."""

    salt: bytes
    target: bytes
    root: bytes
    path: tuple[Step, ...]
    batch: str
    entry: bytes
    tlog_proof: bytes
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A batch in a ledger: its address, its entry and the proof of it, exact bytes, and vkeys to check them with."""

    batch: str
    entry: bytes
    tlog_proof: bytes
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a receipt proves of a credential: that it existed at `anchored_at`.

    `anchored_at` is the earliest time at which a witness that counts had seen the entry, and not before the entry's
    own; when none cosigned, it is the entry's own, the ledger's word alone. `origin` and `index` say where the entry
    stands, `batch` and `issuer` are its addresses of both, `root` and `commitment` 64 hex digits, `position` counts the
    commitments of the batch from 0. `cosigned_by` are the names of witnesses that count, `others` those of other
    operators than the ledger's, `others_at` the earliest time by them. `trusted` is False when nobody vouches for the
    keys, or the ledger reported the key `stolen` that signed: the time is then worth nothing. Whether the credential's
    issuer is `issuer` is for the caller to see.
    """

    origin: str
    index: int
    batch: str
    issuer: str
    root: str
    commitment: str
    position: int
    count: int
    anchored_at: datetime
    recorded_at: datetime
    cosigned_by: tuple[str, ...]
    trusted: bool
    demonstration: bool = False
    others: tuple[str, ...] = ()
    others_at: datetime | None = None
    stolen: bool = False

    @property
    def policy(self) -> str:
        """How sure the time is, in words."""
        if self.stolen:
            return "signed with a key that the ledger reported stolen"
        if not self.trusted:
            return "signed with keys that nobody vouches for: the receipt brought them along itself"
        if not self.cosigned_by:
            return "signed by the ledger, countersigned by no witness that is known here"
        return f"signed by the ledger, countersigned by {', '.join(self.cosigned_by)}"


def parse_receipt(data: bytes) -> Receipt:
    """Read a receipt and check its form; raises BadReceipt (`too_large`, `malformed`, `unknown_version`)."""
    if len(data) > LARGEST:
        raise BadReceipt(
            "too_large",
            say("Expected a receipt of at most {most} bytes, got {count}.", most=LARGEST, count=len(data)),
        )
    told = _read_object(data)
    version = told.get("format")
    if version != FORMAT:
        raise BadReceipt(
            "unknown_version",
            say("Expected a receipt of format {format}; this is another kind of file.", format=FORMAT),
        )
    _insist_on_members(told, _MEMBERS, say("receipt"))
    proof = told["proof"]
    if not isinstance(proof, dict):
        _refuse(say("an object as `proof`"))
    _insist_on_members(proof, _PROOF_MEMBERS, say("proof"))
    if proof["type"] != PROOF_TYPE:
        _refuse(say("{type} as the proof's `type`", type=PROOF_TYPE))
    return Receipt(
        salt=_read_hex(told["salt"], _SALT, "salt"),
        target=_read_hex(proof["targetHash"], _HASH, "targetHash"),
        root=_read_hex(proof["merkleRoot"], _HASH, "merkleRoot"),
        path=_read_path(proof["path"]),
        batch=_read_text(told["batch"], "batch").decode(),
        entry=_read_text(told["entry"], "entry"),
        tlog_proof=_read_text(told["tlog_proof"], "tlog_proof"),
        keys=_read_keys(told["keys"]),
    )


def format_receipt(receipt: Receipt) -> bytes:
    """Write a receipt as JSON for people and programs; it reads back as itself."""
    told = {
        "format": FORMAT,
        "salt": receipt.salt.hex(),
        "proof": {
            "type": PROOF_TYPE,
            "targetHash": receipt.target.hex(),
            "merkleRoot": receipt.root.hex(),
            "path": [{step.side: step.sibling.hex()} for step in receipt.path],
        },
        "batch": receipt.batch,
        "entry": receipt.entry.decode(),
        "tlog_proof": receipt.tlog_proof.decode(),
        "keys": list(receipt.keys),
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def check_receipt(receipt: Receipt, digest: bytes, find_ledger: Callable[[str], LedgerKeys | None]) -> Anchor:
    """Check every step from a credential's digest to the signed checkpoint, and return what it proves.

    Raises BadReceipt, its code naming the step: `other_credential`, `other_root`, `no_keys`, `not_signed`,
    `not_proven`, `not_a_batch`, `unknown_tree`, `other_batch`, `not_a_leaf`; and whatever `find_ledger` raises.
    """
    if commit(digest, receipt.salt) != receipt.target:
        raise BadReceipt("other_credential", say("The receipt belongs to another credential, or its salt was changed."))
    if fold_path(receipt.target, receipt.path) != receipt.root:
        raise BadReceipt("other_root", say("The receipt's path does not lead to the root that it names."))
    origin = read_origin(receipt.tlog_proof)
    known = find_ledger(origin)
    batch, stolen = _prove(receipt, known or sort_keys(receipt.keys, origin))
    _check_batch(receipt, batch)
    return Anchor(
        origin=batch.origin,
        index=batch.index,
        batch=batch.entry.address,
        issuer=batch.entry.issuer,
        root=receipt.root.hex(),
        commitment=receipt.target.hex(),
        position=find_position(receipt.path, batch.entry.count),
        count=batch.entry.count,
        anchored_at=batch.anchored_at,
        recorded_at=batch.entry.time,
        cosigned_by=batch.cosigned_by,
        trusted=known is not None and not stolen,
        demonstration=batch.entry.demonstration,
        others=batch.others,
        others_at=batch.others_at,
        stolen=stolen,
    )


def _prove(receipt: Receipt, keys: LedgerKeys) -> tuple[ProvenBatch, bool]:
    """Prove the entry under the ledger's keys, or else under one that it reported stolen, and say which.

    A receipt of before the theft cannot be told from the thief's; it is not worth nothing because it is forged.
    """
    try:
        return prove_batch(receipt.entry, receipt.tlog_proof, keys), False
    except BadReceipt as error:
        if not keys.stolen or error.code not in ("not_signed", "no_keys"):
            raise
    return prove_batch(receipt.entry, receipt.tlog_proof, replace(keys, log=keys.stolen)), True


def _check_batch(receipt: Receipt, batch: ProvenBatch) -> None:
    if batch.entry.root != receipt.root:
        raise BadReceipt("other_batch", say("The receipt's path leads to another root than the batch's in the ledger."))
    if batch.entry.address != receipt.batch:
        raise BadReceipt("other_batch", say("The receipt names another batch than its entry in the ledger."))


def _read_object(data: bytes) -> dict[str, Any]:
    try:
        told = json.loads(data.decode(), object_pairs_hook=_read_pairs)
    except (ValueError, RecursionError) as error:
        raise BadReceipt("malformed", say("The receipt cannot be read as JSON: {fault}.", fault=cite(error))) from error
    if not isinstance(told, dict):
        _refuse(say("an object"))
    return told


def _read_pairs(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice in one object")
    return found


def _insist_on_members(told: dict[str, Any], names: set[str], what: str) -> None:
    if odd := sorted(told.keys() ^ names):
        missing, listed = [name for name in odd if name in names], ", ".join(sorted(names))
        if missing:
            wrong = say("Expected {names} in the {what}; {name} is missing.", names=listed, what=what, name=missing[0])
        else:
            wrong = say(
                "Expected {names} in the {what}; got {count} members more.", names=listed, what=what, count=len(odd)
            )
        raise BadReceipt("malformed", wrong)


def _read_hex(value: object, form: re.Pattern[str], name: str) -> bytes:
    if not isinstance(value, str) or not form.fullmatch(value):
        _refuse(say("lower-case hexadecimal digits of the right number as `{name}`", name=name))
    return bytes.fromhex(value)


def _read_path(steps: object) -> tuple[Step, ...]:
    if not isinstance(steps, list) or len(steps) > LONGEST_PATH:
        _refuse(say("a list of at most {most} steps as `path`", most=LONGEST_PATH))
    return tuple(_read_step(step) for step in steps)


def _read_step(step: object) -> Step:
    match list(step.items()) if isinstance(step, dict) else None:
        case [("left" | "right" as side, sibling)]:
            step_read = Step(side, _read_hex(sibling, _HASH, side))
        case _:
            _refuse(say("steps of `path` with either `left` or `right`"))
    return step_read


def _read_text(value: object, name: str) -> bytes:
    if not isinstance(value, str):
        _refuse(say("a text as `{name}`", name=name))
    try:
        return value.encode()
    except UnicodeEncodeError:
        _refuse(say("characters of Unicode in `{name}`", name=name))


def _read_keys(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_KEYS or not all(isinstance(vkey, str) for vkey in value):
        _refuse(say("a list of at most {most} keys as `keys`", most=MOST_KEYS))
    return tuple(value)


def _refuse(expected: str) -> NoReturn:
    raise BadReceipt(
        "malformed", say("Expected {expected} in the receipt; it was damaged or altered.", expected=expected)
    )
