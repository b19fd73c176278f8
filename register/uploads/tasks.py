"""Background jobs of bulk intake; each may run twice, and be killed at any time."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from celery import shared_task

from register.jobs import enqueue_if_possible
from register.uploads import checking, handing_in, publishing, standing, sweeping

HARDEST: Final = 600
"""Seconds by the clock after which a worker that reads a file is ended, should MOST_SECONDS of it not have done it."""


LONGEST: Final = 3_600
"""Seconds by the clock after which a worker at a dry run or a publication is ended: 50,000 rows take minutes."""


@shared_task(name="register.uploads.read", time_limit=HARDEST)
def read(upload: str) -> None:
    """Read the rows of a file; where its columns explain themselves, go on with the dry run."""
    if handing_in.read(UUID(upload)):
        go_on("check", upload, sweeping.run_of(UUID(upload)))


@shared_task(name="register.uploads.check", time_limit=LONGEST)
def check(upload: str, run: int) -> None:
    """Do a dry run."""
    checking.check(UUID(upload), run)


@shared_task(name="register.uploads.publish", time_limit=LONGEST)
def publish(upload: str) -> None:
    """Publish the good rows of an upload."""
    publishing.publish(UUID(upload))


@shared_task(name="register.uploads.sweep")
def sweep() -> None:
    """Go on with what a dead worker left undone, and forget what is old."""
    for task, upload, run in sweeping.find_abandoned():
        go_on(task, upload, run)
    sweeping.forget_old()


def go_on(task: str, upload: str, run: int) -> None:
    """Queue the work that an upload waits for, `read`, `check` or `publish`; without a broker a later sweep does."""
    enqueue_if_possible(f"register.uploads.{task}", upload, *([run] if task == "check" else []))


@shared_task(name="register.uploads.look_for_remarks")
def look_for_remarks() -> None:
    """Look at decisions recorded since the last time."""
    standing.catch_up()
