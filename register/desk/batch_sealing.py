"""Sealing at the desk: credentials become a batch file for their issuer, and batch file and ledger become receipts.

All of it in memory and within one request. Credentials, digests and salts are kept nowhere here, so nothing of them
waits while a draft does: the batch file, which the issuer holds, is what a draft is made from and receipts are made of.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext

from ledger.logs import first_checkpoint_covering, latest_checkpoint
from ledger.reader import read_entry, read_receipts
from ledger.tlog.note import parse_vkey
from register.api.problems import explain
from register.credential_ports import NodeRegisters
from register.credentials.batch_files import ENDING, Sealed
from register.credentials.commitments import digest
from register.credentials.errors import CredentialError
from register.credentials.proven_batch import prove_batch
from register.credentials.reading import MOST_BYTES, read
from register.credentials.reading.archive import SIGNATURES, list_parts
from register.credentials.reading.parts import RECEIPT_ENDING, Part
from register.credentials.receipts import OnRecord, format_receipt
from register.errors import NotUnderstood
from register.records import BatchRecord
from register.sentences import say

MOST: Final = 5_000
"""Credentials in one batch at the desk; `assay anchor` takes a million."""

_LINES: Final = (".jsonl", ".ndjson")
_OURS: Final = (RECEIPT_ENDING, ENDING)

File = tuple[str, bytes]


def gather(files: Sequence[File]) -> tuple[list[str], list[bytes]]:
    """Return name and digest of each credential in some files; ZIP files are opened, lines of JSON told apart.

    Raises NotUnderstood (field `credentials`) naming the file that cannot be anchored; then none is.
    """
    names: list[str] = []
    digests: list[bytes] = []
    taken: dict[str, int] = {}
    for name, data in _unpack(files):
        found = _read(name, data)
        for number, one in enumerate(found, start=1):
            names.append(_name_once(name if len(found) == 1 else f"{name}.{number}", taken))
            digests.append(one)
        if len(names) > MOST:
            told = gettext("At most %(most)d credentials at a time; for more there is the command below.")
            raise _refuse(told % {"most": MOST})
    if not names:
        raise _refuse(gettext("No credential was found in what you handed in."))
    return names, digests


def _unpack(files: Sequence[File]) -> Iterator[File]:
    for name, data in files:
        if data.startswith(SIGNATURES):
            yield from _split((part.name, part.data) for part in _open(name, data) if not part.name.endswith(_OURS))
        else:
            yield from _split([(name, data)])


def _open(name: str, data: bytes) -> Sequence[Part]:
    try:
        return list_parts(data)
    except CredentialError as error:
        raise _refuse(say("{name}: {fault}", name=name, fault=error.message)) from None


def _split(files: Iterator[File] | Sequence[File]) -> Iterator[File]:
    """Tell lines of JSON apart, each a credential."""
    for name, data in files:
        if name.lower().endswith(_LINES):
            lines = enumerate(data.splitlines(), start=1)
            yield from ((f"{name}.{number}", line) for number, line in lines if line.strip())
        else:
            yield name, data


def _read(name: str, data: bytes) -> list[bytes]:
    """Return the digests of the credentials in a file; nothing of what an error says of them is logged."""
    if len(data) > MOST_BYTES:
        raise _refuse(gettext("%(file)s is too large to be a credential.") % {"file": name})
    try:
        return [digest(presented) for presented in read(data)]
    except CredentialError as error:
        raise _refuse(say("{name}: {fault}", name=name, fault=error.message)) from None
    except Exception as error:
        explain(error)
        told = gettext("%(file)s could not be read. Take it out, and tell whoever runs this register.")
        raise _refuse(told % {"file": name}) from None


def _name_once(name: str, taken: dict[str, int]) -> str:
    """Return a name that no other credential of the batch has, and that leads nowhere when it is unpacked.

    `taken` holds with each name the number last given to its like: thousands of equal names are told apart at once.
    """
    printable = "".join(sign for sign in name.replace("\\", "/") if sign.isprintable())  # a ZIP ends names at a zero
    steps = [step for step in PurePosixPath(printable).parts if step.strip("/") not in ("", "..", ".")]
    plain = "/".join(steps) or "credential"
    number, unique = taken.get(plain, 0), plain
    while unique in taken:
        number += 1
        unique = f"{plain} ({number + 1})"
    taken[plain] = number
    taken.setdefault(unique, 0)
    return unique


def write_receipts(batch: Sealed, record: BatchRecord, origin: str) -> bytes:
    """Return a ZIP file with the receipt of each credential of a batch that is on record.

    Raises NotUnderstood (field `batch`) for a batch too large, and as ledger.reader where no checkpoint covers it yet.
    """
    if len(batch.names) > MOST:
        told = gettext("This batch has more than %(most)d credentials; the command below writes their receipts.")
        raise NotUnderstood("too_large", "batch", told % {"most": MOST})
    proven = _read_proof(record, origin)
    written, taken = io.BytesIO(), dict[str, int]()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, name in enumerate(batch.names):
            written_as = _name_once(name, taken) + RECEIPT_ENDING
            archive.writestr(written_as, format_receipt(batch.make_receipt(at, proven)))
    return written.getvalue()


def _read_proof(record: BatchRecord, origin: str) -> OnRecord:
    """Return the batch's entry, its proof, and the keys of all who signed that.

    Of the first checkpoint that covers it and the newest, the one that more have countersigned; of equals the first,
    which proves the earlier time.
    """
    index = record.recorded.index
    entry = read_entry(origin, index)
    keys = NodeRegisters(timezone.now()).find_ledger(origin)
    assert keys is not None  # the ledger is ours
    heads = (first_checkpoint_covering(origin, index + 1), latest_checkpoint(origin))
    proofs = [read_receipts(origin, [index], head)[index].encode() for head in heads]
    signers = {proof: prove_batch(entry, proof, keys).cosigned_by for proof in proofs}
    best = max(proofs, key=lambda proof: len(signers[proof]))
    signed = (vkey for vkey in keys.witnesses if parse_vkey(vkey).name in signers[best])
    return OnRecord(record.url, entry, best, (*keys.log, *signed))


def _refuse(sentence: str) -> NotUnderstood:
    return NotUnderstood("invalid", "credentials", sentence)
