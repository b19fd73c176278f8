"""Noting that something happened, for the board; what is noted is no part of the register and may be lost."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from deploy.operator.models import LastTime


def note_last(name: str, **facts: Any) -> None:
    """Write down that a thing happened now; whoever does so twice leaves the later time."""
    LastTime.objects.update_or_create(name=name, defaults={"at": timezone.now(), "facts": facts})


def read_last() -> dict[str, LastTime]:
    """Return all that was ever noted, by name; one query."""
    return {row.name: row for row in LastTime.objects.all()}
