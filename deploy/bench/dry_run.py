"""Dry run: rows of a CSV file a second, from its bytes to outcomes kept, by the rules and with remarks."""

from __future__ import annotations

import csv
import io

from deploy.bench import uploading
from deploy.bench.result import Reach, Result, median, spread
from deploy.bench.timing import spend, spend_about
from ledger.database import fetch_one
from register.uploads import checking
from register.uploads.models import Upload

ROWS, QUICK_ROWS = 10_000, 200
ROUNDS, QUICK_ROUNDS = 5, 2


def measure(quick: bool) -> Result:
    """Hand the same number of rows in again and again; each time Python's csv module reads the same bytes."""
    pics, agency = uploading.prepare(50 if quick else 5_000)
    rows, operator = (QUICK_ROWS if quick else ROWS), uploading.make_operator()
    backend = fetch_one("SELECT pg_backend_pid()", ())
    ratios, speeds, plain, processor = [], [], [], []
    for number in range(QUICK_ROUNDS if quick else ROUNDS):
        data = uploading.write_table(pics, rows, f"{number}-")

        def try_all(of: bytes = data) -> None:
            upload = uploading.hand_in(operator, of, agency)
            checking.check(upload.pk, upload.run)
            if upload.rows.filter(outcome="refused").exists():
                raise RuntimeError("expected that every row can be published")

        ours = spend(try_all, backend[0] if backend else None)
        theirs = spend_about(0.2, lambda of=data: list(csv.reader(io.StringIO(of.decode()))))  # type: ignore[misc]
        ratios.append(theirs.seconds / ours.seconds)
        speeds.append(rows / ours.seconds)
        plain.append(rows / theirs.seconds)
        processor.append(rows / ours.processor)
        Upload.objects.all().delete()
    return Result(
        "rows of a CSV file tried a second: read, kept, planned, judged by the rules, looked at for remarks, kept",
        "the same bytes by Python's csv module, rows a second",
        ratios,
        [Reach("rows a second", "at_least", 2_000, median(speeds))],
        {
            "rows": rows,
            "rows_per_second": round(median(speeds)),
            "spread": spread(speeds),
            "rows_per_second_of_processor": round(median(processor)),
        },
        {"rows_per_second": round(median(plain))},
    )
