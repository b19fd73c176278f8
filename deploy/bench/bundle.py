"""Bundle: opening an offline bundle of 100,000 accreditations, and an answer out of it, in a process without Django."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from django.conf import settings

from deploy.bench import filling
from deploy.bench.result import Numbers, Reach, Result, median, percentile
from ledger import publish

FULL = (30_000, 100_000, 400, 5)
QUICK = (20, 40, 10, 2)
"""Issuers, accreditations, questions of a round, rounds."""

_OPEN = """
import json, sys, time
from datetime import UTC, datetime
from register.credentials.bundle.opening import open_bundle
now, path, questions = datetime.now(UTC), sys.argv[1], json.load(sys.stdin)
start = time.perf_counter()
bundle = open_bundle(path, now=now)
opened, answers, used = time.perf_counter() - start, [], time.process_time()
for issuer in questions:
    start = time.perf_counter()
    decision = bundle.decide({"issuer": issuer})["decision"]
    answers.append(time.perf_counter() - start)
    assert decision == "trusted", decision
processor = (time.process_time() - used) / len(questions)
print(json.dumps({"open": opened, "answers": answers, "processor": processor}))
"""


def measure(quick: bool) -> Result:
    """Fetch the bundle once; then alternate: hash the file, open it in a new process and ask there of other issuers."""
    count, grants, questions, rounds = QUICK if quick else FULL
    pics = _fill(count, grants)
    chance = random.Random(20240103)
    with TemporaryDirectory(prefix="assay-bench-bundle-") as directory:
        path = Path(directory) / "bundle.zip"
        making = _fetch(path)
        size = path.stat().st_size
        pairs = [(_hash(path), _open(path, chance.sample(pics, min(questions, len(pics))))) for _ in range(rounds)]
    opening, answers = [one["open"] for _, one in pairs], [took for _, one in pairs for took in one["answers"]]
    worst = median([percentile(one["answers"], 95) for _, one in pairs])
    return Result(
        f"seconds to open a bundle of {grants} accreditations, and for one answer with its proofs, none asked before",
        "reading the file and SHA-256 over it",
        [one["open"] / hashed for hashed, one in pairs],
        [
            Reach("seconds to open", "at_most", 1.0, median(opening)),
            Reach("seconds for an answer", "at_most", 0.005, median(answers)),
            Reach("megabytes", "at_most", 60.0, size / 1e6),
        ],
        {
            "open_seconds": median(opening),
            "answer_seconds": median(answers),
            "answer_p95_seconds": worst,
            "answer_processor_seconds": median([one["processor"] for _, one in pairs]),
            "bytes": size,
            "accreditations": grants,
            **making,
        },
        {"seconds": median([hashed for hashed, _ in pairs])},
    )


def _fill(count: int, grants: int) -> list[str]:
    """Fill the register so that every issuer is accredited; return their PICs."""
    issuers = filling.register_issuers(count)
    ids, agencies = [issuer for issuer, *_ in issuers], filling.register_agencies()
    filling.grant([
        *(one for issuer in ids for one in filling.draft_grants([issuer], agencies, 1)),
        *filling.draft_grants(ids, agencies, grants - count),
    ])  # fmt: skip
    publish.cover(settings.ASSAY_ORIGIN)
    return [f"pic:{pic}" for _, _, pic in issuers]


def _fetch(path: Path) -> Numbers:
    start = time.perf_counter()
    with path.open("wb") as file, httpx.stream("GET", f"{settings.ASSAY_BASE_URL}/api/v1/bundle", timeout=120) as sent:
        sent.raise_for_status()
        for piece in sent.iter_bytes():
            file.write(piece)
    return {"fetch_seconds": round(time.perf_counter() - start, 2)}


def _hash(path: Path) -> float:
    start = time.perf_counter()
    hashlib.sha256(path.read_bytes()).digest()
    return time.perf_counter() - start


def _open(path: Path, issuers: list[str]) -> dict[str, Any]:
    argv = [sys.executable, "-c", _OPEN, str(path)]
    done = subprocess.run(argv, input=json.dumps(issuers), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"expected the bundle to open and to trust every issuer, got {done.stderr[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
