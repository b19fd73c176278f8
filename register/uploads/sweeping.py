"""Sweeping: uploads that nobody is at work on although somebody should be, and uploads that are old enough to go."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from register.uploads.models import AT_WORK, PUBLISHED, PUBLISHING, READING, Upload, UploadedPiece, UploadRow

SILENT: Final = timedelta(seconds=60)
"""After so long without a sign of life, another worker gets it; if the first one lives, it goes on alone."""

KEPT: Final = timedelta(days=30)


def run_of(upload: UUID) -> int:
    """Return the number of the dry run that is wanted."""
    return Upload.objects.values_list("run", flat=True).get(pk=upload)


def find_abandoned() -> list[tuple[str, str, int]]:
    """Return task, upload and run of all work that was not heard of for a while."""
    silent = Upload.objects.filter(state__in=AT_WORK, heard__lt=timezone.now() - SILENT)
    names = {READING: "read", PUBLISHING: "publish"}
    return [(names.get(one.state, "check"), str(one.pk), one.run) for one in silent.order_by("created")]


def forget_old() -> int:
    """Delete rows and bytes of uploads that nothing happened to for KEPT; return of how many."""
    old = Upload.objects.filter(changed__lt=timezone.now() - KEPT).exclude(state__in=AT_WORK)
    rows, _ = UploadRow.objects.filter(upload__in=old).delete()
    files, _ = UploadedPiece.objects.filter(upload__in=old).delete()
    old.exclude(state=PUBLISHED).delete()
    return rows + files
