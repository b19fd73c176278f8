"""Bulk: validated accreditations to committed ledger entries and rows of the read model, in one lock a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from deploy.bench import filling
from deploy.bench.owner import Connection, connect_as_owner
from deploy.bench.result import Numbers, Reach, Result, median, spread
from deploy.bench.timing import Spent, spend, spend_about
from ledger import reader
from ledger.database import fetch_one
from ledger.reader import get_log
from register import commands

FULL = {1_000: 15, 10_000: 7, 100_000: 3}
QUICK = {50: 2, 200: 2}
"""Size of the batches → rounds."""
SHARE = 0.4
"""The yardstick of a round is repeated for this share of the time that our work took."""


@dataclass(frozen=True, slots=True)
class Round:
    """What writing and copying a batch took."""

    size: int
    ours: Spent
    theirs: Spent

    @property
    def ratio(self) -> float:
        """Our events a second against the yardstick's rows a second."""
        return self.theirs.seconds / self.ours.seconds

    @property
    def processor_ratio(self) -> float:
        """The same by the processor time of both sides of the connection."""
        return self.theirs.processor / self.ours.processor


def measure(quick: bool) -> Result:
    """Write batches of each size, each followed by a COPY of the very bytes of its entries into a bare table."""
    issuers = [issuer for issuer, *_ in filling.register_issuers(50 if quick else 5_000)]
    agencies = filling.register_agencies()
    plan = QUICK if quick else FULL
    with connect_as_owner() as owner:
        owner.execute("CREATE TABLE bench_entry (data bytea)")
        rounds = {size: _run(owner, size, number, issuers, agencies) for size, number in plan.items()}
    ratios = {size: [one.ratio for one in part] for size, part in rounds.items()}
    return Result(
        "accreditations recorded a second, from validated terms to committed entries and rows, one lock a batch",
        "the same entries' bytes by psycopg's binary COPY into a table of one column, rows a second",
        [ratio for part in ratios.values() for ratio in part],
        [Reach("ratio, worst size of batch", "at_least", 0.05, min(map(median, ratios.values())))],
        {str(size): _describe(part) for size, part in rounds.items()},
        {
            str(size): {"rows_per_second": round(median([size / one.theirs.seconds for one in part]))}
            for size, part in rounds.items()
        },
    )


def _describe(rounds: Sequence[Round]) -> Numbers:
    return {
        "events_per_second": round(median([one.size / one.ours.seconds for one in rounds])),
        "ratio": median([one.ratio for one in rounds]),
        "spread": spread([one.ratio for one in rounds]),
        "processor_microseconds_per_event": round(median([one.ours.processor / one.size * 1e6 for one in rounds]), 1),
        "processor_ratio": median([one.processor_ratio for one in rounds]),
    }


def _run(owner: Connection, size: int, rounds: int, issuers: list[str], agencies: list[str]) -> list[Round]:
    terms = filling.draft_grants(issuers, agencies, size)
    backend = fetch_one("SELECT pg_backend_pid()", ())
    assert backend
    found = []
    for _ in range(rounds):
        log = get_log(settings.ASSAY_ORIGIN)
        ours = spend(lambda: commands.grant_accreditations(terms, actor=filling.OPERATOR), backend[0])
        entries = reader.read_entries(log.origin, log.size, log.size + size)
        theirs = spend_about(ours.seconds * SHARE, partial(_copy, owner, entries), owner.info.backend_pid)
        owner.execute("TRUNCATE bench_entry")
        found.append(Round(size, ours, theirs))
    return found


def _copy(owner: Connection, entries: Sequence[bytes]) -> None:
    with owner.transaction(), owner.cursor().copy("COPY bench_entry FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["bytea"])
        for entry in entries:
            copy.write_row((entry,))
