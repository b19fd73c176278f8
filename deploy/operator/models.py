"""The one table of the board: when certain things last happened that leave no other trace."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models

SCHEDULED_JOB: Final = "scheduled-job"
"""Beat sent a job and a worker ran it: the whole chain was alive."""

BACKUP: Final = "backup"
"""A backup was written whole; `facts`: file, entries, with_keys."""


class LastTime(models.Model):
    """When something last happened, and what was noted of it; one row a thing, written over each time."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    facts = models.JSONField(default=dict)

    objects: ClassVar[models.Manager[LastTime]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.name} at {self.at.isoformat()}"
