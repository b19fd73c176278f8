"""Export: the open data of 100,000 accreditations, in a process of its own whose memory must not grow with them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.conf import settings

from deploy.bench import filling
from deploy.bench.owner import connect_as_owner
from deploy.bench.result import Reach, Result, median
from ledger import publish

FULL: Final = (20_000, 100_000, 1_000, 3)
QUICK: Final = (20, 40, 10, 2)
"""Issuers, accreditations, rows after which memory is looked at first, rounds."""

_EXPORT: Final = """
import json, sys, time
from pathlib import Path
import django
django.setup()
from django.conf import settings
from register.opendata.exporting import export
settings.ASSAY_OPEN_DATA_DIR = Path(sys.argv[1])

def peak():
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024

seen, first = 0, 0
def look(table, rows):
    global seen, first
    seen += rows
    if not first and seen >= int(sys.argv[2]):
        first = peak()

start, used = time.perf_counter(), time.process_time()
made = export(look)
print(json.dumps({"seconds": time.perf_counter() - start, "processor": time.process_time() - used, "first": first,
    "last": peak(), "rows": seen, "bytes": sum(one.bytes for one in made.manifest.files)}))
"""
_COPY: Final = """
    COPY (SELECT content FROM register_accreditation UNION ALL SELECT content FROM register_issuer) TO STDOUT
"""


def measure(quick: bool) -> Result:
    """Fill the register once; then alternate: COPY the same records through gzip, and export everything anew."""
    count, grants, first, rounds = QUICK if quick else FULL
    issuers = [issuer for issuer, *_ in filling.register_issuers(count)]
    filling.grant(filling.draft_grants(issuers, filling.register_agencies(), grants))
    publish.cover(settings.ASSAY_ORIGIN)
    with TemporaryDirectory(prefix="assay-bench-export-") as directory:
        pairs = [
            (_copy(Path(directory) / f"copied-{turn}"), _export(Path(directory) / f"round-{turn}", first))
            for turn in range(rounds)
        ]
    growth = [one["last"] / one["first"] for _, one in pairs]
    return Result(
        f"nightly export of {grants} accreditations: its memory at the end against that after {first} rows; its time",
        "COPY of the same records through gzip, each record once",
        [one["seconds"] / copied for copied, one in pairs],
        [Reach("memory at the end against the beginning", "at_most", 1.1, median(growth))],
        {
            "seconds": median([one["seconds"] for _, one in pairs]),
            "processor_seconds": median([one["processor"] for _, one in pairs]),
            "peak_bytes": median([one["last"] for _, one in pairs]),
            "rows": pairs[0][1]["rows"],
            "bytes": pairs[0][1]["bytes"],
        },
        {"seconds": median([copied for copied, _ in pairs])},
    )


def _copy(path: Path) -> float:
    start = time.perf_counter()
    with (
        connect_as_owner() as connection,
        connection.cursor() as cursor,
        gzip.open(path, "wb", 6) as file,
        cursor.copy(_COPY) as rows,
    ):
        for row in rows:
            file.write(row)
    return time.perf_counter() - start


def _export(directory: Path, first: int) -> dict[str, Any]:
    argv = [sys.executable, "-c", _EXPORT, str(directory), str(first)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"expected an export, got {done.stderr[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
