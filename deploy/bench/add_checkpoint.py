"""Witness: one `POST /witness/add-checkpoint`, a larger checkpoint each time, by 16 logs at once.

Several logs, because requests about one wait for each other. Nobody follows what is submitted, but a stand-in for the
worker takes the tasks from the queue, so that each submission finds it as it does in a node that is up to date.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from threading import Event, Thread

from django.conf import settings
from redis import Redis

from deploy.bench import filling
from deploy.bench.acquaintance import recognise
from deploy.bench.clients import Answers, ask, ask_each, send
from deploy.bench.result import Reach, Result, median
from deploy.bench.signed_logs import SignedLog, Tree, describe_peer, make_log
from deploy.bench.trust import describe, draft_rows
from federation.coalescing import note_start
from federation.models import Cosigned

FULL = (16, 11, 60, 3.0, 100_000)
QUICK = (3, 2, 4, 0.5, 500)
"""Logs, rounds, submissions of each log in a round, seconds of the yardstick in one, leaves of the logs."""
STEP = 7
"""Entries between two checkpoints of a log."""


def measure(quick: bool) -> Result:
    """Alternate: rows by primary key from a bare view, then checkpoints to be cosigned."""
    count, rounds, each, seconds, leaves = QUICK if quick else FULL
    tree = Tree(b"leaf %d" % number for number in range(leaves))
    logs = [make_log(f"register{n}.example", tree) for n in range(count)]
    recognise([describe_peer(log, f"https://{log.name}") for log in logs])
    filling.register_issuers(20 if quick else 5_000)
    rows, url = draft_rows(5_000), settings.ASSAY_BASE_URL
    start = leaves - (rounds + 1) * each * STEP - 1
    theirs, ours = list[Answers](), list[Answers]()
    with _stand_in_for_worker():
        for turn in range(rounds + 1):  # the first one warms up
            first = start + turn * each * STEP
            sequences = [_draft(log, first if turn else 0, first, each) for log in logs]
            theirs.append(ask(url, rows, count, seconds if turn else seconds / 2))
            ours.append(ask_each(url, sequences))
    _insist_on_size(logs, start + (rounds + 1) * each * STEP)
    del theirs[0], ours[0]
    ratios = [mine.per_second / bare.per_second for mine, bare in zip(ours, theirs, strict=True)]
    return Result(
        f"checkpoints cosigned a second over HTTP, {count} logs of {leaves} entries, each waiting for its answers",
        f"a bare DRF view that selects one row by its primary key, {count} clients of the same server",
        ratios,
        [Reach("ratio", "at_least", 0.3, median(ratios))],
        describe(ours),
        describe(theirs),
    )


def _draft(log: SignedLog, old: int, first: int, number: int) -> list[tuple[str, str]]:
    """Return the submissions of one log in a round, each from the size before."""
    sizes = [old, *range(first + STEP, first + number * STEP + 1, STEP)]
    return [send("/witness/add-checkpoint", log.submit(before, after).decode()) for before, after in pairwise(sizes)]


def _insist_on_size(logs: list[SignedLog], size: int) -> None:
    found = Cosigned.objects.filter(origin__in=[log.origin for log in logs], size=size).count()
    if found != len(logs):
        raise RuntimeError(f"expected {len(logs)} logs to be cosigned at {size}, got {found}")


@contextmanager
def _stand_in_for_worker() -> Iterator[None]:
    """Take tasks from the node's queue as a worker does, and note that they have begun, until the block ends."""
    over = Event()
    thread = Thread(target=_take_tasks, args=(over,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _take_tasks(over: Event) -> None:
    """Take them as they lie in Redis, many at a time: what this costs is no part of what is measured."""
    with Redis.from_url(settings.REDIS_URL) as redis:
        while not over.is_set():
            taken = redis.blmpop(0.5, 1, settings.CELERY_TASK_DEFAULT_QUEUE, direction="RIGHT", count=100)
            for message in taken[1] if taken else []:
                arguments, *_ = json.loads(b64decode(json.loads(message)["body"]))
                note_start("federation.follow", *arguments)
