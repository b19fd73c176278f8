"""Reading a log: its entries, its leaf hashes, its checkpoints, and receipts that prove entries to others.

Entries may be uncommitted if the caller's own transaction appended them; what a checkpoint covers is committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger import cache
from ledger.database import fetch_all, fetch_one
from ledger.errors import LedgerDamaged, NotCovered
from ledger.logs import (
    LogRow,
    SignedCheckpointRow,
    first_checkpoint_covering,
    get_log,
    latest_checkpoint,
    list_logs,
)
from ledger.nodes import DatabaseNodeReader
from ledger.stored import read_hashes
from ledger.tlog.errors import ProofInvalid
from ledger.tlog.lines import encode_proof
from ledger.tlog.merkle import Node, check_inclusion, hash_leaf, prove_inclusions
from ledger.tlog.proof import HEADER
from ledger.tlog.tiles import HEIGHT, WIDTH

__all__ = [
    "DatabaseNodeReader",
    "Evidence",
    "LogRow",
    "SignedCheckpointRow",
    "find_entry",
    "first_checkpoint_covering",
    "get_log",
    "latest_checkpoint",
    "list_logs",
    "read_entries",
    "read_entry",
    "read_evidence",
    "read_leaf_hashes",
    "read_receipts",
    "stream_entries",
]

_HEIGHTS = range(HEIGHT)

CHUNK = 1024
"""Entries fetched at a time from large ranges."""

_ENTRIES = """
    SELECT data FROM ledger_entry
    WHERE log_id = (SELECT id FROM ledger_log WHERE origin = %s) AND index >= %s AND index < %s ORDER BY index
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An entry's exact bytes and its receipt (tlog-proof text)."""

    index: int
    data: bytes
    receipt: str


def read_entry(origin: str, index: int) -> bytes:
    """Return the bytes of one entry; raises `NotCovered` when the log has no such entry."""
    return read_entries(origin, index, index + 1)[0]


def read_entries(origin: str, start: int, end: int) -> list[bytes]:
    """Return the bytes of the entries `[start, end)`; raises as `stream_entries` does."""
    if 0 <= start < end <= start + CHUNK:
        rows = fetch_all(_ENTRIES, (origin, start, end))
        if len(rows) == end - start:
            return [row[0] for row in rows]
    return list(stream_entries(origin, start, end))  # finds out what is wrong, too


def stream_entries(origin: str, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of the entries `[start, end)` without holding more than `CHUNK` of them in memory.

    Raises `NotCovered` when the log ends before `end`, `LedgerDamaged` when it should hold an entry and does not.
    """
    log = get_log(origin)
    if not 0 <= start <= end <= log.size:
        raise NotCovered(f"expected entries of {origin} below its size {log.size}, got {start} to {end}")
    for at in range(start, end, CHUNK):
        stop = min(at + CHUNK, end)
        rows = fetch_all(_ENTRIES, (origin, at, stop))
        if len(rows) != stop - at:
            raise LedgerDamaged(
                f"expected {stop - at} entries of {origin} from {at}, found {len(rows)}; run manage.py fsck",
                "entry",
                at,
            )
        for row in rows:
            yield row[0]


def read_leaf_hashes(origin: str, start: int, end: int) -> list[bytes]:
    """Return the leaf hashes of the entries `[start, end)` as they are stored; raises as `stream_entries` does."""
    log = get_log(origin)
    if not 0 <= start <= end <= log.size:
        raise NotCovered(f"expected leaf hashes of {origin} below its size {log.size}, got {start} to {end}")
    return read_hashes(log.id, 0, start, end)


def find_entry(origin: str, identity: bytes) -> int | None:
    """Return the index of the own entry with that identity, or None."""
    row = fetch_one(
        "SELECT index FROM ledger_entry WHERE log_id = (SELECT id FROM ledger_log WHERE origin = %s) AND identity = %s",
        (origin, identity),
    )
    return None if row is None else int(row[0])


def read_receipts(origin: str, indexes: Sequence[int], checkpoint: SignedCheckpointRow | None = None) -> dict[int, str]:
    """Return the receipts of entries, by index, under the newest checkpoint or the one given.

    Raises as `read_evidence` does.
    """
    return {index: item.receipt for index, item in read_evidence(origin, indexes, checkpoint).items()}


def read_evidence(
    origin: str, indexes: Sequence[int], checkpoint: SignedCheckpointRow | None = None
) -> dict[int, Evidence]:
    """Return entries with their receipts, by index, with two queries however many they are.

    Raises `UnknownLog`, `NotCovered` when the checkpoint does not cover an index, and `LedgerDamaged` when the
    stored bytes do not prove themselves: a receipt that would fail elsewhere never leaves.
    """
    head = checkpoint or latest_checkpoint(origin)
    wanted = list(dict.fromkeys(indexes))
    for index in wanted:
        if not 0 <= index < head.size:
            raise NotCovered(f"expected an entry below the {head.size} signed of {origin}, got {index}; sign first")
    kept = {index: cache.evidence.get((head.note, index)) for index in wanted}
    missing = [index for index, known in kept.items() if known is None]
    proofs, data = _prove(head, missing) if missing else ({}, {})
    for index in missing:
        kept[index] = proven = _check(data.get(index), index, proofs[index], head)
        if len(proven[0]) <= cache.LONGEST_KEPT:
            cache.evidence.put((head.note, index), proven)
    return {index: Evidence(index, *known) for index, known in kept.items() if known}


def _prove(head: SignedCheckpointRow, indexes: Sequence[int]) -> tuple[dict[int, list[bytes]], dict[int, bytes]]:
    """Return inclusion proofs and bytes of entries, by index, with one query.

    Entries of one full tile share what lies above it: with that path at hand only the tile is needed. Tiles of one
    full tile above them share what lies above that: with it at hand nothing is planned or hashed for a path.
    """
    paths = {tile: cache.paths.get((head.root, 0, tile)) for tile in dict.fromkeys(index // WIDTH for index in indexes)}
    above = {
        tile: upper
        for tile, path in paths.items()
        if path is None and (upper := cache.paths.get((head.root, 1, tile // WIDTH))) is not None
    }
    unknown = [index for index in indexes if paths[index // WIDTH] is None and index // WIDTH not in above]
    known_tiles = {tile for tile, path in paths.items() if path is not None} | above.keys()
    reader = DatabaseNodeReader(head.log_id, head.size, head.root, indexes, known_tiles)
    proofs = dict(zip(unknown, prove_inclusions(unknown, head.size, reader), strict=True))
    # Brings also what no proof has asked for yet.
    siblings = reader.read_nodes([Node(HEIGHT + height, tile >> height ^ 1) for tile in above for height in _HEIGHTS])
    for number, (tile, upper) in enumerate(above.items()):
        paths[tile] = (*siblings[number * HEIGHT : (number + 1) * HEIGHT], *upper)
        _keep_path(head, 0, tile, paths[tile])
    for index in unknown:
        _keep_path(head, 0, index // WIDTH, proofs[index][HEIGHT:])
        _keep_path(head, 1, index // WIDTH**2, proofs[index][2 * HEIGHT :])
    proofs |= {
        index: [*reader.read_siblings(index), *(paths[index // WIDTH] or ())]
        for index in indexes
        if index // WIDTH in known_tiles
    }
    return proofs, reader.data


def _keep_path(head: SignedCheckpointRow, level: int, tile: int, path: Sequence[bytes] | None) -> None:
    """Keep what lies above a full tile of leaves (level 0) or of such tiles (level 1)."""
    if (tile + 1) * WIDTH ** (level + 1) <= head.size:
        cache.paths.put((head.root, level, tile), tuple(path or ()))


def _check(data: bytes | None, index: int, proof: Sequence[bytes], head: SignedCheckpointRow) -> tuple[bytes, str]:
    if data is None:
        raise LedgerDamaged(f"expected entry {index} of {head.origin}, found none; run manage.py fsck", "entry", index)
    try:
        check_inclusion(proof, index, head.size, hash_leaf(data), head.root)
    except ProofInvalid as error:
        raise LedgerDamaged(
            f"expected entry {index} of {head.origin} to prove itself, it does not; run manage.py fsck", "entry", index
        ) from error
    return data, _format(index, proof, head.note)


def _format(index: int, proof: Sequence[bytes], note: bytes) -> str:
    """Write what `format_proof` writes, without reading the same checkpoint back once per receipt."""
    return f"{HEADER}\nindex {index}\n{encode_proof(proof)}\n{note.decode()}"
