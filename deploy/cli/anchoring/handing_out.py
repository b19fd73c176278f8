"""Receipts on disk: one file beside each credential, or one file of lines for a batch of many.

    {"format":"assay/receipts@v1","batch":URL,"merkleRoot":HEX,"entry":…,"tlog_proof":…,"keys":[…]}
    {"above":[…]}                                                        one line for up to 64 credentials
    {"name":"anna.json","salt":HEX,"targetHash":HEX,"path":[…]}          one line a credential

The first line holds what all receipts of the batch share. A line with `above` holds the last steps of the paths of all
lines after it, up to the next such line. `extract` puts the three together into a receipt that needs nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from deploy.cli.anchoring import AnchoringError
from deploy.cli.anchoring.registration import Registered
from deploy.cli.anchoring.sealing import Batch
from deploy.cli.anchoring.whole_files import write_whole
from register.credentials.commitments import commit
from register.credentials.errors import BadReceipt
from register.credentials.receipts import FORMAT as RECEIPT_FORMAT
from register.credentials.receipts import PROOF_TYPE, OnRecord, Receipt, format_receipt, parse_receipt

FORMAT: Final = "assay/receipts@v1"
LINES_ENDING: Final = ".receipts.jsonl"
_BEFORE_ABOVE: Final = b'{"above":'
_BEFORE_NAME: Final = b'{"name":'
_BEHIND_NAME: Final = b',"salt":"'
"""It cannot stand inside a name, whose quotation marks have a backslash before them."""

Advance = Callable[[int], object]


class _Shared(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    batch: str
    merkleRoot: str  # as MerkleProof2019 spells it
    entry: str
    tlog_proof: str
    keys: list[str]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    salt: str
    targetHash: str
    path: list[dict[str, str]]


class _Above(msgspec.Struct, forbid_unknown_fields=True):
    above: list[dict[str, str]]


def write_files(batch: Batch, registered: Registered, places: Iterable[tuple[int, Path]], advance: Advance) -> int:
    """Write the receipts that are not there yet, each at its place; returns how many were written.

    A place is an index of the batch's names and a path. What was there for an earlier credential of that name is
    written over; AnchoringError if it is no receipt at all.
    """
    written = 0
    folders = set[Path]()
    entry, proof = registered.entry.encode(), registered.tlog_proof.encode()
    record = OnRecord(registered.batch, entry, proof, tuple(registered.keys))
    for at, path in places:
        receipt = batch.make_receipt(at, record)
        if not _is_there(path, receipt.target):
            if path.parent not in folders:
                path.parent.mkdir(parents=True, exist_ok=True)
                folders.add(path.parent)
            with write_whole(path, durable=False) as file:
                file.write(format_receipt(receipt))
            written += 1
        advance(1)
    return written


def has_receipt(path: Path, digest: bytes) -> bool:
    """Tell whether a receipt of a credential lies at a path; raises AnchoringError when something else does."""
    receipt = _read_receipt(path)
    return receipt is not None and commit(digest, receipt.salt) == receipt.target


def _is_there(path: Path, target: bytes) -> bool:
    receipt = _read_receipt(path)
    return receipt is not None and receipt.target == target


def _read_receipt(path: Path) -> Receipt | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return parse_receipt(data) if data else None  # a loss of power leaves an empty file of one just written
    except BadReceipt as error:
        raise AnchoringError(f"{path} is no receipt: {error} Move it away and run the command again") from error


def write_lines(batch: Batch, registered: Registered, path: Path, advance: Advance) -> int:
    """Write all receipts of a batch into one file of lines, unless it is there; returns how many were written."""
    if path.exists():
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    shared = _Shared(
        FORMAT, registered.batch, batch.tree.root.hex(), registered.entry, registered.tlog_proof, registered.keys
    )
    with write_whole(path) as file:
        file.write(msgspec.json.encode(shared) + b"\n")
        for rows in _format_blocks(batch):
            file.write("".join(rows).encode())
            advance(len(rows) - 1)
    return len(batch.names)


def _format_blocks(batch: Batch) -> Iterator[list[str]]:
    """Yield the lines of each block, in the order of the leaves; a credential with several names has as many lines."""
    order: Sequence[int] = range(len(batch.names))
    if len(order) != batch.tree.count:
        order = sorted(order, key=batch.positions.__getitem__)
    quote, leaves, positions = msgspec.json.encode, batch.tree.levels[0], batch.positions
    position = done = 0
    for above, paths in batch.tree.write_blocks():
        rows = [f'{{"above":{above}}}\n']
        for path in paths:
            leaf = leaves[position].hex()
            while done < len(order) and positions[at := order[done]] == position:
                name, salt = quote(batch.names[at]).decode(), batch.salts[at].hex()
                rows.append(f'{{"name":{name},"salt":"{salt}","targetHash":"{leaf}","path":{path}}}\n')
                done += 1
            position += 1
        yield rows


def extract(path: Path, names: Sequence[str]) -> Iterator[tuple[str, Receipt]]:
    """Yield the receipts of some credentials out of a file of lines, by name, in the order of the file.

    Raises AnchoringError when one is not there, or the file is none of this kind.
    """
    wanted = {msgspec.json.encode(name): name for name in names}
    try:
        with path.open("rb") as file:
            shared = msgspec.json.decode(file.readline(), type=_Shared)
            if shared.format != FORMAT:
                raise AnchoringError(f"{path} is not a file of receipts ({FORMAT})")
            above = b""
            for row in file:
                if row.startswith(_BEFORE_ABOVE):
                    above = row
                elif name := wanted.pop(row[len(_BEFORE_NAME) : row.find(_BEHIND_NAME)], None):
                    yield name, _join(shared, row, above)
    except (msgspec.DecodeError, ValueError) as error:
        raise AnchoringError(f"{path} cannot be read as a file of receipts: {error}") from error
    if wanted:
        raise AnchoringError(f"{path} holds no receipt for {', '.join(sorted(wanted.values()))[:300]}")


def _join(shared: _Shared, row: bytes, above: bytes) -> Receipt:
    line, rest = msgspec.json.decode(row, type=_Line), msgspec.json.decode(above, type=_Above)
    return parse_receipt(
        msgspec.json.encode(
            {
                "format": RECEIPT_FORMAT,
                "salt": line.salt,
                "proof": {
                    "type": PROOF_TYPE,
                    "targetHash": line.targetHash,
                    "merkleRoot": shared.merkleRoot,
                    "path": [*line.path, *rest.above],
                },
                "batch": shared.batch,
                "entry": shared.entry,
                "tlog_proof": shared.tlog_proof,
                "keys": shared.keys,
            }
        )
    )
