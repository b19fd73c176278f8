"""Writers side by side: dense indexes, in the order of their commits, and signatures that are shared."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ledger import fsck, publish, reader, writer
from ledger.models import Checkpoint, Entry
from tests.ledger.writing import keys, origin

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS, ROUNDS = 6, 15


def run_writers(work: Callable[[int], list[int]]) -> list[list[int]]:
    """Run one writer per thread, all starting together, each with its own connection."""
    barrier = Barrier(WRITERS)

    def start(number: int) -> list[int]:
        try:
            barrier.wait()
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(start, range(WRITERS)))


def write(number: int, count: int) -> int:
    """Append entries in one transaction and return the first index."""
    with transaction.atomic():
        locked = writer.lock(origin(), timezone.now())
        drafts = [
            writer.Draft(b"%d %d %d" % (number, locked.size, part), sha256(b"%d %d" % (locked.size, part)).digest())
            for part in range(count)
        ]
        return writer.append(locked, drafts)[0]


def test_concurrent_writers_leave_no_gap_and_their_own_order() -> None:
    writer.open_log(origin(), own=True)
    found = run_writers(lambda number: [write(number, 1 + (number + turn) % 3) for turn in range(ROUNDS)])
    total = sum(1 + (number + turn) % 3 for number in range(WRITERS) for turn in range(ROUNDS))
    assert reader.get_log(origin()).size == total == Entry.objects.count()
    for indexes in found:
        assert indexes == sorted(indexes)
    publish.publish(origin())
    assert fsck.check_log(origin(), keys()).entries == total


def test_times_follow_the_order_of_the_indexes() -> None:
    writer.open_log(origin(), own=True)
    seen: list[tuple[int, object]] = []

    def work(number: int) -> list[int]:
        for _ in range(ROUNDS):
            with transaction.atomic():
                locked = writer.lock(origin(), timezone.now())
                index = writer.append(
                    locked, [writer.Draft(b"%d" % locked.size, sha256(b"%d" % locked.size).digest())]
                )[0]
                seen.append((index, locked.time))
        return []

    run_writers(work)
    times = [time for _, time in sorted(seen, key=lambda pair: pair[0])]
    assert len(times) == WRITERS * ROUNDS
    assert times == sorted(times, key=str)


def test_writers_who_abort_leave_no_hole() -> None:
    writer.open_log(origin(), own=True)

    def work(number: int) -> list[int]:
        kept = []
        for turn in range(ROUNDS):
            try:
                with transaction.atomic():
                    index = write(number, 2)
                    if (number + turn) % 2:
                        raise ZeroDivisionError
                    kept.append(index)
            except ZeroDivisionError:
                continue
        return kept

    kept = sorted(index for indexes in run_writers(work) for index in indexes)
    assert kept == list(range(0, 2 * len(kept), 2))
    assert reader.get_log(origin()).size == 2 * len(kept)


def test_every_writer_gets_a_checkpoint_over_its_entry_and_all_are_one_history() -> None:
    writer.open_log(origin(), own=True)

    def work(number: int) -> list[int]:
        covered = []
        for _ in range(ROUNDS):
            index = write(number, 1)
            head = publish.cover(origin(), index + 1)
            assert head.size > index
            assert set(reader.read_receipts(origin(), [index], head)) == {index}
            covered.append(head.size)
        return covered

    run_writers(work)
    sizes = list(Checkpoint.objects.order_by("size").values_list("size", flat=True))
    assert sizes == sorted(set(sizes)), "one checkpoint a size"
    assert sizes[-1] == WRITERS * ROUNDS
    assert fsck.check_log(origin(), keys()).checkpoints == len(sizes)
