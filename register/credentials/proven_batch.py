"""Proven batches: the entry `credentials.anchored` of a receipt, under a checkpoint whose signatures hold.

All receipts of a batch share entry and tlog-proof, so the last few that were proven are remembered: public bytes of a
ledger, nothing of a credential.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from ledger.tlog import canonical
from ledger.tlog.checkpoint import Cosignature, SignedCheckpoint, parse_checkpoint_note
from ledger.tlog.errors import CanonicalFormError, TlogError, UnknownKey
from ledger.tlog.note import COSIGNATURE, ED25519, VerifierKey, parse_vkey
from ledger.tlog.proof import TlogProof, check_proof, parse_proof
from register.credentials.batch_paths import ALGORITHM
from register.credentials.errors import BadReceipt
from register.credentials.ports import LedgerKeys
from register.moments import parse_moment
from register.sentences import cite, say

EVENT_TYPE: Final = "credentials.anchored"
_REMEMBERED: Final = 32
_ROOT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ISSUER: Final = re.compile(r"[0-9a-f-]{36}", re.ASCII)


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """What an entry says of a batch; `address` and `issuer` are URLs, `root` 32 bytes, `time` the ledger's word."""

    address: str
    issuer: str
    root: bytes
    count: int
    time: datetime
    demonstration: bool


@dataclass(frozen=True, slots=True)
class ProvenBatch:
    """An entry, where it stands, who cosigned, and since when it has stood there for sure.

    `others` are those who cosigned and are not the ledger's own operator's, `others_at` the earliest time by them.
    """

    entry: BatchEntry
    origin: str
    index: int
    cosigned_by: tuple[str, ...]
    anchored_at: datetime
    others: tuple[str, ...] = ()
    others_at: datetime | None = None


def sort_keys(vkeys: Sequence[str], origin: str) -> LedgerKeys:
    """Sort the keys that a receipt brings along into the ledger's and witnesses'; others are left out."""
    found = [(vkey, _read_vkey(vkey)) for vkey in vkeys]
    log = tuple(vkey for vkey, key in found if key.type == ED25519 and key.name == origin)
    return LedgerKeys(origin, log, tuple(vkey for vkey, key in found if key.type == COSIGNATURE))


@lru_cache(_REMEMBERED)
def read_origin(tlog_proof: bytes) -> str:
    """Return the ledger that a proof claims to be of; nothing is verified. Raises BadReceipt (`not_proven`)."""
    try:
        return parse_checkpoint_note(_read_proof(tlog_proof).checkpoint)[1].origin
    except TlogError as error:
        raise BadReceipt(
            "not_proven", say("The checkpoint of the receipt cannot be read: {fault}.", fault=cite(error))
        ) from error


@lru_cache(_REMEMBERED)
def prove_batch(entry: bytes, tlog_proof: bytes, keys: LedgerKeys) -> ProvenBatch:
    """Check that exactly this entry stands in the ledger that `keys` are of, and read the batch in it.

    Raises BadReceipt: `no_keys` without any key of the ledger, `not_signed` when none of them signed, `not_proven` when
    the entry is not under the checkpoint, `not_a_batch` or `unknown_tree` when it is not an entry of this kind.
    """
    batch = read_entry(entry)
    proof = _read_proof(tlog_proof)
    signed = _check_proof(proof, entry, keys)
    own = {_read_vkey(vkey) for vkey in keys.own_witnesses}
    others = [cosignature for cosignature in signed.cosignatures if cosignature.key not in own]
    return ProvenBatch(
        entry=batch,
        origin=signed.checkpoint.origin,
        index=proof.index,
        cosigned_by=_name(signed.cosignatures),
        anchored_at=_find_first(signed.cosignatures, batch) or batch.time,
        others=_name(others),
        others_at=_find_first(others, batch),
    )


def _name(cosignatures: Sequence[Cosignature]) -> tuple[str, ...]:
    return tuple(sorted(cosignature.name for cosignature in cosignatures))


def _find_first(cosignatures: Sequence[Cosignature], batch: BatchEntry) -> datetime | None:
    """Return the earliest time of cosignatures, never before the entry's own; None when none bears a time."""
    times = list(filter(None, (_read_time(cosignature.time) for cosignature in cosignatures)))
    return max(batch.time, min(times)) if times else None


def read_entry(entry: bytes) -> BatchEntry:
    """Read the batch in an entry's bytes; raises BadReceipt (`not_a_batch`, `unknown_tree`)."""
    try:
        envelope = canonical.decode(entry)
        told = _as_object(envelope)
        data = _as_object(told.get("data"))
        if told.get("type") != EVENT_TYPE:
            raise ValueError(f"expected an entry of type {EVENT_TYPE}")
        _check_tree(data.get("tree_algorithm", ALGORITHM))
        source = _as_text(told.get("source"))
        return BatchEntry(
            address=_as_text(told.get("subject")),
            issuer=f"{source}/issuers/{_match(_ISSUER, data.get('issuer'), 'issuer')}",
            root=bytes.fromhex(_match(_ROOT, data.get("root"), "root")),
            count=_as_count(data.get("count")),
            time=parse_moment(_as_text(told.get("time"))),
            demonstration=data.get("demonstration") is True,
        )
    except (CanonicalFormError, ValueError) as error:
        raise BadReceipt(
            "not_a_batch",
            say("The receipt's entry does not say that a batch was anchored: {fault}.", fault=cite(error)),
        ) from error


def _check_tree(algorithm: object) -> None:
    if algorithm != ALGORITHM:
        raise BadReceipt(
            "unknown_tree",
            say("This software knows trees of {algorithm} only; the batch names another kind.", algorithm=ALGORITHM),
        )


def _check_proof(proof: TlogProof, entry: bytes, keys: LedgerKeys) -> SignedCheckpoint:
    vkeys = [_read_vkey(vkey) for vkey in (*keys.log, *keys.witnesses)]
    if not keys.log:
        raise BadReceipt("no_keys", say("No key of the ledger is known, and the receipt brings none along."))
    try:
        return check_proof(proof, entry, vkeys)
    except UnknownKey as error:
        raise BadReceipt(
            "not_signed", say("The checkpoint is not signed with a key of {origin}.", origin=keys.origin[:100])
        ) from error
    except TlogError as error:
        raise BadReceipt(
            "not_proven", say("The batch's entry is not proven to stand in the ledger: {fault}.", fault=cite(error))
        ) from error


@lru_cache(_REMEMBERED)
def _read_proof(tlog_proof: bytes) -> TlogProof:
    try:
        return parse_proof(tlog_proof)
    except TlogError as error:
        raise BadReceipt(
            "not_proven", say("The proof of the batch's entry cannot be read: {fault}.", fault=cite(error))
        ) from error


def _read_vkey(vkey: str) -> VerifierKey:
    try:
        return parse_vkey(vkey)
    except TlogError as error:
        raise BadReceipt("no_keys", say("A key of the ledger or of a witness cannot be read.")) from error


def _read_time(seconds: int) -> datetime | None:
    """A cosignature's time; one beyond the calendar says nothing."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _as_object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("expected an object")
    return value


def _as_text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("expected an address or a time as text")
    return value


def _as_count(value: object) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("expected a count of 1 or more")
    return value


def _match(pattern: re.Pattern[str], value: object, name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"expected another form of `{name}`")
    return value
