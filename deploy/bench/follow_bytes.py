"""Following, in bytes: what comes over the wire for 100 new entries, on a log of 10,000 and on one of 1,000,000.

The benchmark's node grows, a second one follows it. Entries travel in bundles of 256, from the bundle's first one on
(C2SP tlog-tiles), so it matters where in a bundle the new ones begin: both logs are followed over the same places,
every fourth of a bundle, the last one among them.
"""

from __future__ import annotations

import gzip
from typing import NamedTuple

from django.conf import settings

from deploy.bench import filling
from deploy.bench.elsewhere import Elsewhere, open_elsewhere, read_environments
from deploy.bench.result import Numbers, Reach, Result, median
from ledger.reader import get_log, read_entries
from ledger.tlog.tiles import WIDTH

NEW = 100
FULL = (2_000, 10_000, 1_000_000, 64)
QUICK = (10, 300, 900, 4)
"""Issuers, size of the small and of the large log, steps of 100 entries on each (64 come by every fourth place)."""
PLACE = 3
"""Where in a bundle the first step begins; steps of 100 lead from there to the last place, 255."""
GROWTH = 50_000


class Step(NamedTuple):
    """One hundred new entries: their place in the bundle, their own bytes, plain and packed, and what was fetched."""

    place: int
    own: int
    packed: int
    fetched: int
    heads: int
    answers: int


def measure(quick: bool) -> Result:
    """Follow the same places on the small log and on the large one."""
    count, small, large, steps = QUICK if quick else FULL
    grow = Growth(count)
    with open_elsewhere(read_environments()[0]) as node:
        node.call("following", "meet", url=settings.ASSAY_BASE_URL)
        few, many = (_follow_at(grow, node, size, steps) for size in (small, large))
    ratios = [one.fetched / other.fetched for one, other in zip(many, few, strict=True)]
    return Result(
        f"bytes of bodies fetched to follow {NEW} new entries on a log of {large}, against a log of {small}",
        f"the same on the log of {small}, from the same place in a bundle",
        ratios,
        [
            Reach("fetched over the entries' own bytes, worst place", "at_most", 3.0, _worst(many)),
            Reach("large log over small log", "at_most", 1.1, median(ratios)),
        ],
        _describe(many),
        _describe(few),
    )


class Growth:
    """Grows the benchmark's node to a size."""

    def __init__(self, count: int) -> None:
        self._issuers = [issuer for issuer, *_ in filling.register_issuers(count)]
        self._agencies = filling.register_agencies()

    def to(self, size: int) -> None:
        """Grant accreditations until the log has that many entries."""
        while (done := get_log(settings.ASSAY_ORIGIN).size) < size:
            count = min(size - done, GROWTH)
            filling.grant(filling.draft_grants(self._issuers, self._agencies, count, seed=done))


def _follow_at(grow: Growth, node: Elsewhere, size: int, steps: int) -> list[Step]:
    origin, start = settings.ASSAY_ORIGIN, size // WIDTH * WIDTH + PLACE
    grow.to(start)
    node.call("following", "copy_counted", origin=origin)
    found = []
    for first in range(start, start + steps * NEW, NEW):
        grow.to(first + NEW)
        told = node.call("following", "copy_counted", origin=origin)
        if told["size"] != first + NEW:
            raise RuntimeError(f"expected a copy of {first + NEW} entries, got {told['size']}")
        entries = read_entries(origin, first, first + NEW)
        packed = len(gzip.compress(b"".join(entries), 4, mtime=0))
        own = sum(map(len, entries))
        found.append(Step(first % WIDTH, own, packed, told["bodies"], told["heads"], told["answers"]))
    return found


def _worst(steps: list[Step]) -> float:
    return max(step.fetched / step.own for step in steps)


def _describe(steps: list[Step]) -> Numbers:
    worst = max(steps, key=lambda step: step.fetched / step.own)
    return {
        "bytes": median([step.fetched for step in steps]),
        "over_own_bytes": median([step.fetched / step.own for step in steps]),
        "over_own_bytes_packed": median([step.fetched / step.packed for step in steps]),
        "own_bytes": median([step.own for step in steps]),
        "own_bytes_packed": median([step.packed for step in steps]),
        "answers": median([step.answers for step in steps]),
        "bytes_of_heads": median([step.heads for step in steps]),
        "worst": worst._asdict(),
    }
