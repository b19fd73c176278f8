"""Trust decisions over HTTP, 16 clients, random issuers of a register with 100,000 accreditations."""

from __future__ import annotations

import random

from django.conf import settings

from deploy.bench import filling
from deploy.bench.clients import Answers, ask, get
from deploy.bench.result import Numbers, Reach, Result, median, percentile, spread
from ledger.reader import get_log

CLIENTS = 16
FULL = (20_000, 100_000, 11, 3.0)
QUICK = (20, 100, 2, 0.5)
"""Issuers, accreditations, rounds, and the seconds of each part of a round."""


def measure(quick: bool) -> Result:
    """Alternate: rows by primary key, then trust decisions, by the same clients of the same server."""
    count, grants, rounds, seconds = QUICK if quick else FULL
    issuers = [issuer for issuer, *_ in filling.register_issuers(count)]
    filling.grant(filling.draft_grants(issuers, filling.register_agencies(), grants))
    rows, questions = draft_rows(len(issuers)), draft_questions(issuers)
    url = settings.ASSAY_BASE_URL
    for requests in (rows, questions):
        ask(url, requests, CLIENTS, seconds / 2)
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(ask(url, rows, CLIENTS, seconds))
        ours.append(ask(url, questions, CLIENTS, seconds))
    ratios = [mine.per_second / bare.per_second for mine, bare in zip(ours, theirs, strict=True)]
    tails = [percentile(part.milliseconds, 99) / percentile(part.milliseconds, 50) for part in ours]
    return Result(
        f"trust decisions a second over HTTP, {CLIENTS} clients, {grants} accreditations of {count} issuers",
        "a bare DRF view that selects one row by its primary key, on the same server",
        ratios,
        [Reach("ratio", "at_least", 0.5, median(ratios)), Reach("p99 over p50", "at_most", 5.0, median(tails))],
        describe(ours) | {"p99_over_p50_spread": spread(tails)},
        describe(theirs),
    )


def draft_rows(count: int) -> list[tuple[str, str]]:
    """Return requests for rows of random entries."""
    chance, log = random.Random(3), get_log(settings.ASSAY_ORIGIN)
    return [get(f"/bench/rows/{log.id}/{chance.randrange(log.size)}") for _ in range(min(count, 5_000))]


def draft_questions(issuers: list[str]) -> list[tuple[str, str]]:
    """Return trust questions about random issuers, some of them about a level, a field and a day."""
    chance = random.Random(4)
    forms = ("", "&at=2025-03-01", "&eqf_level=6&jurisdiction=NL", "&at=2025-03-01&eqf_level=7&isced_f=0613")
    return [
        get(f"/api/v1/trust?issuer={chance.choice(issuers)}{chance.choice(forms)}")
        for _ in range(min(len(issuers), 5_000))
    ]


def describe(parts: list[Answers]) -> Numbers:
    """Return the rate and the times of all rounds together."""
    times = [time for part in parts for time in part.milliseconds]
    return {
        "per_second": round(median([part.per_second for part in parts])),
        **{f"p{percent}_milliseconds": round(percentile(times, percent), 2) for percent in (50, 95, 99)},
        "answer_bytes": parts[-1].body_bytes,
    }
