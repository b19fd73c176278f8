"""Anchors, revokes and loses the key of the demonstration credentials, in the register's own time.

The rest of the demonstration tells its stories in the past. A past that was signed cannot be made up: when a batch was
anchored is shown by checkpoints, and those carry the clock of today. So this story happens while the demonstration is
loaded: two batches are anchored, a checkpoint is signed, and only then a key gets into other hands.

Salts are made of the credentials' names; those of real credentials are random and stay with their holders. Each step
looks first whether it was taken already, so that a start that was broken off goes on where it ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final

from django.conf import settings

from ledger.logs import SignedCheckpointRow
from ledger.publish import cover
from ledger.reader import latest_checkpoint, read_evidence
from ledger.signer import node_signers
from register import commands
from register.credentials.batch_paths import ALGORITHM
from register.credentials.batch_tree import BatchTree, build_tree
from register.credentials.commitments import SALT_BYTES, commit, digest
from register.credentials.reading import read
from register.credentials.receipts import Receipt, format_receipt
from register.identifiers import parse_identifier
from register.payloads import Actor, BatchTerms, KeyRevocationTerms, WithdrawalTerms
from register.queries.belongings import list_keys
from register.queries.credentials import find_withdrawn, list_batches
from register.queries.cuts import resolve_cut
from register.queries.lists import find_issuers
from register.records import BatchRecord, IssuerRecord, KeyRecord

Told = Mapping[str, Any]
_OPERATOR: Final = Actor(role="operator")


@dataclass(frozen=True, slots=True)
class Sample:
    """A demonstration credential: its name, its bytes, and its receipt if it is anchored."""

    name: str
    credential: bytes
    receipt: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch as the file tells it, with its tree and its issuer here."""

    issuer: IssuerRecord
    names: Sequence[str]
    tree: BatchTree
    credential_type: str

    @property
    def root(self) -> str:
        return self.tree.root.hex()


def load_credentials() -> int:
    """Take every step that concerns an issuer of this register; returns how many were taken now."""
    told = _read_told()
    batches = list(_read_batches(told))
    taken = sum([_anchor(batch) for batch in batches])
    taken += sum([_revoke(one, batches) for one in told["revocations"]])
    return taken + sum([_lose(one) for one in told["stolen"]])


def read_samples() -> list[Sample]:
    """Return the demonstration credentials whose issuers this register knows, with receipts as of today.

    Raises ledger errors when a receipt cannot be proven.
    """
    told = _read_told()
    head = latest_checkpoint(settings.ASSAY_ORIGIN)
    batches = list(_read_batches(told))
    found = [
        Sample(name, read_credential(name), _write_receipt(batch, record, position, head))
        for batch in batches
        if (record := _find_batch(batch)) is not None
        for position, name in enumerate(batch.names)
    ]
    others = [name for one in told["others"] if _find_issuer(one["issuer"]) for name in one["credentials"]]
    return [*found, *(Sample(name, read_credential(name)) for name in others)]


def read_credential(name: str) -> bytes:
    """Return the bytes of a demonstration credential."""
    return files("fixtures").joinpath(f"demo/credentials/{name}.json").read_bytes()


def _read_told() -> Told:
    told: Told = json.loads(files("fixtures").joinpath("demo/credentials.json").read_text(encoding="utf-8"))
    return told


def _make_salt(name: str) -> bytes:
    return hashlib.sha256(f"assay demonstration salt: {name}".encode()).digest()[:SALT_BYTES]


def _commit(name: str) -> bytes:
    (presented,) = read(read_credential(name))
    return commit(digest(presented), _make_salt(name))


def _read_batches(told: Told) -> Iterator[_Batch]:
    for one in told["batches"]:
        issuer = _find_issuer(one["issuer"])
        if issuer is not None:
            names = one["credentials"]
            yield _Batch(issuer, names, build_tree([_commit(name) for name in names]), one["credential_type"])


def _find_issuer(identifier: str) -> IssuerRecord | None:
    found = find_issuers(parse_identifier(identifier), resolve_cut())
    return found[0] if found else None


def _find_batch(batch: _Batch) -> BatchRecord | None:
    found = list_batches(resolve_cut(), batch.issuer.id, batch.root).items
    return found[0] if found else None


def _anchor(batch: _Batch) -> bool:
    if _find_batch(batch) is not None:
        return False
    terms = BatchTerms(
        issuer=batch.issuer.id,
        root=batch.root,
        count=batch.tree.count,
        tree_algorithm=ALGORITHM,
        credential_type=batch.credential_type,
        demonstration=True,
    )
    commands.anchor_batch(terms, actor=Actor(role="issuer", organisation=batch.issuer.id))
    return True


def _revoke(told: Told, batches: Sequence[_Batch]) -> bool:
    name = told["credential"]
    batch = next((one for one in batches if name in one.names), None)
    if batch is None:
        return False
    commitment = _commit(name).hex()
    if commitment in find_withdrawn(resolve_cut(), batch.issuer.id, [commitment]):
        return False
    record = _find_batch(batch)
    terms = WithdrawalTerms(
        issuer=batch.issuer.id,
        commitments=(commitment,),
        reason=told["reason"],
        batch=None if record is None else record.id,
    )
    commands.revoke_credentials(terms, actor=Actor(role="issuer", organisation=batch.issuer.id))
    return True


def _lose(told: Told) -> bool:
    """Report a key stolen since just after the newest checkpoint, which covers whatever it was to prove."""
    issuer = _find_issuer(told["issuer"])
    key = None if issuer is None else _find_key(issuer, told["key"])
    if key is None or key.revocation is not None:
        return False
    since = cover(settings.ASSAY_ORIGIN).second + timedelta(seconds=1)
    terms = KeyRevocationTerms(reason="compromised", since=since, effective_from=since, note=told["note"])
    commands.revoke_key(key.issuer, key.id, terms, actor=_OPERATOR)
    return True


def _find_key(issuer: IssuerRecord, value: str) -> KeyRecord | None:
    return next((key for key in list_keys(resolve_cut(), issuer.id).items if key.value == value), None)


def _write_receipt(batch: _Batch, record: BatchRecord, position: int, head: SignedCheckpointRow) -> bytes:
    index = record.entries[0]
    evidence = read_evidence(settings.ASSAY_ORIGIN, [index], head)[index]
    name = batch.names[position]
    receipt = Receipt(
        salt=_make_salt(name),
        target=_commit(name),
        root=batch.tree.root,
        path=batch.tree.find_path(position),
        batch=record.url,
        entry=evidence.data,
        tlog_proof=evidence.receipt.encode(),
        keys=tuple(str(signer.verifier) for signer in node_signers().all),
    )
    return format_receipt(receipt)
