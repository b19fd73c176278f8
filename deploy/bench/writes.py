"""Writes: one accreditation a request over HTTP, answered with its receipt, by 8 clients at once."""

from __future__ import annotations

import json
import os

from django.conf import settings

from deploy.bench import filling
from deploy.bench.clients import Answers, ask, post
from deploy.bench.commits import count_commits
from deploy.bench.owner import connect_as_owner, owner_url
from deploy.bench.result import Reach, Result, median, percentile, spread
from deploy.bench.stand import WEB_PROCESS
from deploy.bench.timing import parent_of, processor_time_below
from deploy.prepare import ACCESS_FILE
from ledger.database import fetch_one

CLIENTS = 8
FULL = (9, 3.0)
QUICK = (2, 0.5)
"""Rounds, and the seconds of each part of one."""


def operator_token() -> str:
    """Return the token that the node made for its operator."""
    access = json.loads((settings.ASSAY_DATA_DIR / ACCESS_FILE).read_text())
    token: str = access["tokens"]["operator"]
    return token


def _read_processor_times() -> tuple[float, float]:
    """Return the processor time taken so far by all web processes and by all of PostgreSQL's."""
    row = fetch_one("SELECT pg_backend_pid()", ())
    assert row
    return processor_time_below(int(os.environ[WEB_PROCESS])), processor_time_below(parent_of(row[0]))


def measure(quick: bool) -> Result:
    """Alternate: single commits by 8 connections, then by 1, then accreditations over HTTP by 8 clients."""
    rounds, seconds = QUICK if quick else FULL
    issuers = [issuer for issuer, *_ in filling.register_issuers(20 if quick else 2_000)]
    terms = filling.draft_grants(issuers, filling.register_agencies(), 50 if quick else 5_000)
    bodies = [one.model_dump(mode="json", exclude_unset=True) for one in terms]
    requests = [post("/api/v1/accreditations", body, Authorization=f"Bearer {operator_token()}") for body in bodies]
    with connect_as_owner() as owner:
        owner.execute("CREATE TABLE bench_commit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data bytea)")
    many, one, answers, used = list[float](), list[float](), list[Answers](), list[list[float]]()
    for _ in range(rounds):
        many.append(count_commits(owner_url(), CLIENTS, seconds))
        before = _read_processor_times()
        answers.append(ask(settings.ASSAY_BASE_URL, requests, CLIENTS, seconds, status=201))
        after = _read_processor_times()
        used.append([(end - start) / answers[-1].count * 1000 for start, end in zip(before, after, strict=True)])
        one.append(count_commits(owner_url(), 1, seconds))
    ratios = [ours.per_second / theirs for ours, theirs in zip(answers, many, strict=True)]
    times = [time for part in answers for time in part.milliseconds]
    return Result(
        f"accreditations a second over HTTP, each answered with its receipt, {CLIENTS} clients",
        f"durable single-row commits a second of the same PostgreSQL, {CLIENTS} connections",
        ratios,
        [Reach("ratio", "at_least", 0.10, median(ratios))],
        {
            "accreditations_per_second": round(median([part.per_second for part in answers])),
            **{f"p{percent}_milliseconds": round(percentile(times, percent), 2) for percent in (50, 95, 99)},
            "processor_milliseconds_of_web": median([web for web, _ in used]),
            "processor_milliseconds_of_postgres": median([postgres for _, postgres in used]),
        },
        {
            "commits_per_second": round(median(many)),
            "spread": spread(many),
            "commits_per_second_of_one_connection": round(median(one)),
        },
    )
