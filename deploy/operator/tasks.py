"""The job by which the board sees that scheduled jobs run."""

from __future__ import annotations

from celery import shared_task

from deploy.operator.last_times import note_last
from deploy.operator.models import SCHEDULED_JOB


@shared_task(name="deploy.operator.note_job")
def note_job() -> None:
    """Note that beat, broker and a worker are alive; running twice does no harm."""
    note_last(SCHEDULED_JOB)
