"""Proofs: receipts out of a ledger of a million entries, against receipts out of its first ten thousand."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from deploy.bench.result import Reach, Result, median, percentile
from ledger import publish, writer
from ledger.logs import SignedCheckpointRow
from ledger.reader import get_log, read_receipts

FULL = (10_000, 1_000_000, 15, 400)
QUICK = (300, 2_000, 3, 20)
"""Entries of the small and of the large tree, rounds, and proofs of each in a round."""
BATCH = 20_000


def measure(quick: bool) -> Result:
    """Alternate: receipts under the checkpoint of the small tree, then under that of the large one."""
    small_size, large_size, rounds, count = QUICK if quick else FULL
    origin = settings.ASSAY_ORIGIN
    writer.open_log(origin, own=True)
    small = _grow(origin, small_size)
    large = _grow(origin, large_size)
    chance = random.Random(5)
    _prove(small, chance, count), _prove(large, chance, count)
    pairs = [(_prove(small, chance, count), _prove(large, chance, count)) for _ in range(rounds)]
    ratios = [median(many) / median(few) for few, many in pairs]
    times = [[time for pair in pairs for time in pair[side]] for side in (0, 1)]
    return Result(
        f"milliseconds for the receipt of a random entry among {large_size}, in process",
        f"the same among {small_size}, under an earlier checkpoint of the same ledger",
        ratios,
        [Reach("ratio", "at_most", 2.0, median(ratios)), Reach("milliseconds", "at_most", 1.0, median(times[1]))],
        {f"p{percent}_milliseconds": round(percentile(times[1], percent), 3) for percent in (50, 95, 99)},
        {f"p{percent}_milliseconds": round(percentile(times[0], percent), 3) for percent in (50, 95, 99)},
    )


def _grow(origin: str, size: int) -> SignedCheckpointRow:
    """Append entries up to a size and sign it."""
    while (done := get_log(origin).size) < size:
        with transaction.atomic():
            locked = writer.lock(origin, timezone.now())
            writer.append(locked, list(_draft(done, min(done + BATCH, size))))
    return publish.cover(origin)


def _draft(start: int, stop: int) -> Iterator[writer.Draft]:
    for index in range(start, stop):
        name = index.to_bytes(32, "big")
        yield writer.Draft(b'{"bench":"' + name.hex().encode() + b'"}' + b" " * 200, name)


def _prove(checkpoint: SignedCheckpointRow, chance: random.Random, count: int) -> list[float]:
    """Return the milliseconds of each of some receipts, asked for one by one."""
    times = []
    for index in [chance.randrange(checkpoint.size) for _ in range(count)]:
        start = time.perf_counter()
        read_receipts(checkpoint.origin, [index], checkpoint)
        times.append((time.perf_counter() - start) * 1000)
    return times
