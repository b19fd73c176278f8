"""First sync: copying another node's 100,000 entries over HTTP, verified and applied, as fast as if they were ours.

The benchmark's node is the one that is copied. Each round is a fresh node in a process of its own: it writes as many
accreditations itself, in one lock, and copies the other's, in turns one or the other first.
"""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings

from deploy.bench import filling, following
from deploy.bench.elsewhere import open_elsewhere, read_environments
from deploy.bench.result import Numbers, Reach, Result, median, spread
from deploy.bench.stand import WEB_PROCESS
from deploy.bench.timing import Spent, processor_time_below, spend
from ledger.database import fetch_one
from ledger.reader import get_log
from register import commands

FULL = (5_000, 100_000)
QUICK = (20, 600)
"""Issuers, entries in all."""


def measure(quick: bool) -> Result:
    """Fill this node, and let one fresh node after the other write as many entries and copy these."""
    count, size = QUICK if quick else FULL
    issuers = [issuer for issuer, *_ in filling.register_issuers(count)]
    agencies = filling.register_agencies()
    filling.grant(filling.draft_grants(issuers, agencies, size - get_log(settings.ASSAY_ORIGIN).size))
    rounds = []
    for number, environment in enumerate(read_environments()):
        with open_elsewhere(environment) as node:
            plan = {"url": settings.ASSAY_BASE_URL, "count": count, "size": size, "first": bool(number % 2)}
            rounds.append(node.call("first_sync", "take_round", **plan, web=int(os.environ[WEB_PROCESS])))
    ratios = [one["bulk"]["seconds"] / one["bulk"]["entries"] * size / one["sync"]["seconds"] for one in rounds]
    return Result(
        f"entries a second of a first sync of {size} entries over HTTP, verified and applied, one process",
        "accreditations recorded a second by that node itself, as many in one lock",
        ratios,
        [Reach("ratio", "at_least", 0.5, median(ratios))],
        _describe(rounds, "sync")
        | {
            "share_of_time": _share(rounds),
            "processor_microseconds_per_entry_of_who_serves": round(
                median([one["served"] / size * 1e6 for one in rounds]), 1
            ),
            "processor_ratio": median(
                [one["bulk"]["processor"] / one["bulk"]["entries"] * size / one["sync"]["processor"] for one in rounds]
            ),
        },
        _describe(rounds, "bulk"),
    )


def _describe(rounds: list[dict[str, Any]], name: str) -> Numbers:
    parts = [one[name] for one in rounds]
    rates = [part["entries"] / part["seconds"] for part in parts]
    return {
        "entries_per_second": round(median(rates)),
        "entries_per_second_spread": spread(rates),
        "processor_microseconds_per_entry": round(median([p["processor"] / p["entries"] * 1e6 for p in parts]), 1),
    }


def _share(rounds: list[dict[str, Any]]) -> Numbers:
    stages = rounds[0]["stages"]
    return {
        stage: round(median([one["stages"][stage] / one["sync"]["seconds"] for one in rounds]), 3) for stage in stages
    }


# in the process of a fresh node --------------------------------------------------------------------------------------


def take_round(url: str, count: int, size: int, first: bool, web: int) -> dict[str, Any]:
    """Write `size` entries here and copy as many from `url`, copying `first` or last; return what each took.

    `web` is the process that serves them.
    """
    origin = following.meet(url)
    issuers = [issuer for issuer, *_ in filling.register_issuers(count, "DE")]
    terms = filling.draft_grants(issuers, filling.register_agencies(country="DE"), size, "DE")
    stages = following.Stages()
    stages.watch()
    told: dict[str, Any] = {"stages": stages.seconds}
    for copying in (first, not first):
        if copying:
            served = processor_time_below(web)
            told["sync"] = _report(_copy(origin, size), size)
            told["served"] = processor_time_below(web) - served
        else:
            writing = spend(lambda: commands.grant_accreditations(terms, actor=filling.OPERATOR), _find_backend())
            told["bulk"] = _report(writing, len(terms))
    return told


def _copy(origin: str, size: int) -> Spent:
    spent = spend(lambda: following.copy_all(origin), _find_backend())
    if (copied := get_log(origin).size) != size:
        raise RuntimeError(f"expected a copy of {size} entries, got {copied}")
    return spent


def _find_backend() -> int:
    row = fetch_one("SELECT pg_backend_pid()", ())
    assert row
    return int(row[0])


def _report(spent: Spent, entries: int) -> dict[str, float]:
    return {"entries": entries, "seconds": spent.seconds, "processor": spent.processor}
