"""Hashes as they are stored: leaf hashes from the entries, hashes of higher tile levels from the tiles below.

Everything here is a query over ranges of one tile level; what it means is for the reader, the writer and fsck.
"""

from __future__ import annotations

from ledger.database import fetch_all
from ledger.errors import LedgerDamaged

_LEAF_HASHES = "SELECT leaf_hash FROM ledger_entry WHERE log_id = %s AND index >= %s AND index < %s ORDER BY index"
_TILE_ROOTS = (
    "SELECT root FROM ledger_tile WHERE log_id = %s AND level = %s AND index >= %s AND index < %s ORDER BY index"
)


def read_hashes(log_id: int, level: int, start: int, stop: int) -> list[bytes]:
    """Return hashes `[start, stop)` of a tile level: leaf hashes at 0, roots of the full tiles below above that.

    Raises `LedgerDamaged` when one is missing.
    """
    if level == 0:
        rows = fetch_all(_LEAF_HASHES, (log_id, start, stop))
    else:
        rows = fetch_all(_TILE_ROOTS, (log_id, level - 1, start, stop))
    if len(rows) != stop - start:
        what = "entries" if level == 0 else f"tiles of level {level - 1}"
        raise LedgerDamaged(
            f"expected {stop - start} {what} from index {start}, found {len(rows)}; run manage.py fsck",
            "leaf hash" if level == 0 else "tile",
            start,
        )
    return [row[0] for row in rows]
