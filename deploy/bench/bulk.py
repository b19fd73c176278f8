"""Bulk: validated accreditations to committed ledger entries and rows of the read model, in one lock a batch."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence

import psycopg

from deploy.bench import filling
from deploy.bench.owner import connect_as_owner
from deploy.bench.result import Numbers, Reach, Result, median, spread
from ledger import reader
from register import commands
from register.commands import Written
from register.payloads import AccreditationTerms

FULL = {1_000: 15, 10_000: 7, 100_000: 3}
QUICK = {50: 2, 200: 2}
"""Size of the batches → rounds."""


def measure(quick: bool) -> Result:
    """Write batches of each size, each followed by a COPY of the very bytes of its entries into a bare table."""
    issuers = [issuer for issuer, *_ in filling.register_issuers(50 if quick else 5_000)]
    agencies = filling.register_agencies()
    with connect_as_owner() as owner:
        owner.execute("CREATE TABLE bench_entry (data bytea)")
        by_size = {
            size: _run(owner, size, rounds, issuers, agencies) for size, rounds in (QUICK if quick else FULL).items()
        }
    ratios = [ours / theirs for pairs in by_size.values() for ours, theirs in pairs]
    worst = min(median([ours / theirs for ours, theirs in pairs]) for pairs in by_size.values())
    return Result(
        "accreditations recorded a second, from validated terms to committed entries and rows, one lock a batch",
        "the same entries' bytes by psycopg's binary COPY into a table of one column, rows a second",
        ratios,
        [Reach("ratio, worst size of batch", "at_least", 0.05, worst)],
        {str(size): _describe([ours for ours, _ in pairs], pairs) for size, pairs in by_size.items()},
        {
            str(size): {"rows_per_second": round(median([theirs for _, theirs in pairs]))}
            for size, pairs in by_size.items()
        },
    )


def _describe(ours: Sequence[float], pairs: Sequence[tuple[float, float]]) -> Numbers:
    ratios = [mine / theirs for mine, theirs in pairs]
    return {"events_per_second": round(median(ours)), "ratio": median(ratios), "spread": spread(ratios)}


def _run(
    owner: psycopg.Connection[tuple[object, ...]], size: int, rounds: int, issuers: list[str], agencies: list[str]
) -> list[tuple[float, float]]:
    """Return, for each round, our events and the yardstick's rows a second."""
    terms = filling.draft_grants(issuers, agencies, size)
    found = []
    for _ in range(rounds):
        seconds, written = _record(terms)
        entries = reader.read_entries(written[0].origin, written[0].index, written[-1].index + 1)
        found.append((size / seconds, size / _copy(owner, entries)))
    return found


def _record(terms: Sequence[AccreditationTerms]) -> tuple[float, list[Written]]:
    gc.collect()
    start = time.perf_counter()
    written = commands.grant_accreditations(terms, actor=filling.OPERATOR)
    return time.perf_counter() - start, written


def _copy(owner: psycopg.Connection[tuple[object, ...]], entries: Sequence[bytes]) -> float:
    gc.collect()
    start = time.perf_counter()
    with owner.transaction(), owner.cursor().copy("COPY bench_entry FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["bytea"])
        for entry in entries:
            copy.write_row((entry,))
    return time.perf_counter() - start
