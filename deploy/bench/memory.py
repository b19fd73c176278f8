"""Memory: what one web process holds after 10,000 requests, against what it held after 100."""

from __future__ import annotations

import os
import random
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings

from deploy.bench import filling
from deploy.bench.clients import ask, get
from deploy.bench.result import Reach, Result
from deploy.bench.stand import WEB_PROCESS
from deploy.bench.trust import draft_questions

CLIENTS = 8
FULL = (2_000, 10_000, 100, 10_000)
QUICK = (20, 40, 10, 60)
"""Issuers, accreditations, requests of the yardstick, requests in all."""


def measure(quick: bool) -> Result:
    """Ask, read and write in a mixture; look at the worker after the first few requests and after many."""
    count, grants, first, last = QUICK if quick else FULL
    requests = _draft(count, grants)
    worker = _find_worker()
    ask(settings.ASSAY_BASE_URL, requests[:first], CLIENTS, 0, count=first)
    sizes = {first: _resident_bytes(worker)}
    done = first
    while done < last:
        step = min(last // 10, last - done)
        turned = requests[done % len(requests) :] + requests[: done % len(requests)]
        ask(settings.ASSAY_BASE_URL, turned, CLIENTS, 0, count=step)
        done += step
        sizes[done] = _resident_bytes(worker)
    ratio = sizes[last] / sizes[first]
    return Result(
        f"resident memory of one web process after {last} requests",
        f"the same process after {first} requests",
        [ratio],
        [Reach("ratio", "at_most", 1.1, ratio)],
        {"bytes": sizes[last], "bytes_after_requests": sizes},
        {"bytes": sizes[first]},
    )


def _draft(count: int, grants: int) -> list[tuple[str, str]]:
    """Return requests of every kind: six of ten ask for trust, the others look, search, list and read the ledger."""
    issuers = filling.register_issuers(count)
    ids = [issuer for issuer, *_ in issuers]
    filling.grant(filling.draft_grants(ids, filling.register_agencies(), grants))
    chance, questions = random.Random(8), draft_questions(ids)
    return [
        chance.choice(questions) if n % 10 < 6 else _draft_other(n % 10, *chance.choice(issuers)) for n in range(5_000)
    ]


def _draft_other(kind: int, issuer: str, name: str, pic: str) -> tuple[str, str]:
    paths = {
        6: f"/api/v1/issuers/{issuer}",
        7: f"/api/v1/issuers?{urlencode({'q': name})}",
        8: f"/api/v1/issuers?identifier=pic:{pic}",
        9: f"/ledger/receipt/{int(pic) % 50}",
    }
    return get(paths[kind])


def _find_worker() -> int:
    """Return the process id of the one worker that the web server's parent has started."""
    parent = os.environ[WEB_PROCESS]
    found = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/stat")
        if _read(path).rpartition(")")[2].split()[1:2] == [parent]
    ]
    sizes = {process: _resident_bytes(process) for process in found}
    return max(sizes, key=sizes.__getitem__)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _resident_bytes(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"expected the web process {process} to be running")
