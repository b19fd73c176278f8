"""Audit: `assay audit` of 100,000 entries over HTTP, in its own process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256

from django.conf import settings

from deploy.bench import filling
from deploy.bench.result import Numbers, Reach, Result, median
from deploy.bench.timing import Spent, spend, spend_about
from ledger.reader import get_log, read_entries

FULL = (10_000, 100_000, 5)
QUICK = (20, 300, 2)
"""Issuers, entries in all, rounds."""
SHARE = 0.4
"""The yardstick of a round is repeated for this share of the time that the audit took."""


def measure(quick: bool) -> Result:
    """Alternate: hash all entries and their tree in memory, then let the command audit them."""
    count, size, rounds = QUICK if quick else FULL
    issuers = [issuer for issuer, *_ in filling.register_issuers(count)]
    agencies = filling.register_agencies()
    filling.grant(filling.draft_grants(issuers, agencies, size - get_log(settings.ASSAY_ORIGIN).size))
    entries = read_entries(settings.ASSAY_ORIGIN, 0, size)
    pairs = []
    for _ in range(rounds):
        ours = spend(lambda: _audit(size))
        pairs.append((ours, spend_about(ours.seconds * SHARE, lambda: _hash(entries))))
    ratios = [theirs.seconds / ours.seconds for ours, theirs in pairs]
    auditing, hashing = ([pair[side] for pair in pairs] for side in (0, 1))
    return Result(
        f"seconds for `assay audit` of {size} entries over HTTP, start of the process included",
        "SHA-256 over the same bytes and the tree above them, in memory",
        ratios,
        [Reach("ratio", "at_least", 0.02, median(ratios))],
        _describe(auditing) | {"processor_ratio": median([t.processor / o.processor for o, t in pairs])},
        _describe(hashing) | {"entry_bytes": sum(map(len, entries))},
    )


def _describe(rounds: Sequence[Spent]) -> Numbers:
    """Return the time of a round, and the processor time of the process itself (for the audit, not of the server)."""
    return {
        "seconds": median([one.seconds for one in rounds]),
        "processor_seconds": median([one.processor for one in rounds]),
    }


def _hash(entries: list[bytes]) -> None:
    row = [sha256(b"\0" + entry).digest() for entry in entries]
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [sha256(b"\1" + left + right).digest() for left, right in pairs] + row[len(row) // 2 * 2 :]


def _audit(size: int) -> None:
    """Run the command to its end; raises RuntimeError unless it finds that many entries in order."""
    argv = [sys.executable, "-c", "from deploy.cli import main; raise SystemExit(main())", "audit"]
    done = subprocess.run([*argv, settings.ASSAY_BASE_URL], capture_output=True, text=True, check=False)
    if done.returncode or f"{size} entries" not in done.stdout:
        raise RuntimeError(f"expected an audit of {size} entries, got {done.stdout[-500:]} {done.stderr[-500:]}")
