"""Audit: `assay audit` of 100,000 entries over HTTP, in its own process."""

from __future__ import annotations

import subprocess
import sys
import time
from hashlib import sha256

from django.conf import settings

from deploy.bench import filling
from deploy.bench.result import Reach, Result, median, spread
from ledger.reader import get_log, read_entries

FULL = (10_000, 100_000, 5)
QUICK = (20, 300, 2)
"""Issuers, entries in all, rounds."""


def measure(quick: bool) -> Result:
    """Alternate: hash all entries and their tree in memory, then let the command audit them."""
    count, size, rounds = QUICK if quick else FULL
    issuers = [issuer for issuer, *_ in filling.register_issuers(count)]
    agencies = filling.register_agencies()
    filling.grant(filling.draft_grants(issuers, agencies, size - get_log(settings.ASSAY_ORIGIN).size))
    entries = read_entries(settings.ASSAY_ORIGIN, 0, size)
    hashing, auditing = [], []
    for _ in range(rounds):
        hashing.append(_time_hashing(entries))
        auditing.append(_time_audit(size))
    ratios = [theirs / ours for ours, theirs in zip(auditing, hashing, strict=True)]
    return Result(
        f"seconds for `assay audit` of {size} entries over HTTP, start of the process included",
        "SHA-256 over the same bytes and the tree above them, in memory",
        ratios,
        [Reach("ratio", "at_least", 0.02, median(ratios))],
        {"seconds": median(auditing), "entries_per_second": round(size / median(auditing)), "spread": spread(auditing)},
        {"seconds": median(hashing), "entry_bytes": sum(map(len, entries)), "spread": spread(hashing)},
    )


def _time_hashing(entries: list[bytes]) -> float:
    start = time.perf_counter()
    row = [sha256(b"\0" + entry).digest() for entry in entries]
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [sha256(b"\1" + left + right).digest() for left, right in pairs] + row[len(row) // 2 * 2 :]
    return time.perf_counter() - start


def _time_audit(size: int) -> float:
    """Run the command to its end; raises RuntimeError unless it finds that many entries in order."""
    argv = [sys.executable, "-c", "from deploy.cli import main; raise SystemExit(main())", "audit"]
    start = time.perf_counter()
    done = subprocess.run([*argv, settings.ASSAY_BASE_URL], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode or f"{size} entries" not in done.stdout:
        raise RuntimeError(f"expected an audit of {size} entries, got {done.stdout[-500:]} {done.stderr[-500:]}")
    return seconds
