"""Handing in: a file becomes an upload, a worker reads its rows, and its columns are recognised or mapped by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from register.access.acting import Acting
from register.errors import NotFound, Refused
from register.intake.columns import KINDS, check_mapping, recognise
from register.intake.grids import Grid, read_grid, recognise_format
from register.intake.rows import NotRecognised
from register.uploads.errors import Moved
from register.uploads.locking import alone
from register.uploads.models import (
    CHECKED,
    CHECKING,
    DISCARDED,
    FAILED,
    MAPPING,
    PUBLISHED,
    READING,
    Upload,
    UploadedFile,
    UploadRow,
)

MOST_OPEN: Final = 50
"""Files of a desk that are neither published nor discarded: their rows fill the disk."""

MOST_ATTEMPTS: Final = 3
"""Times that reading a file is begun: one that kills its worker, whatever is in it, is not read for ever."""

_AT_ONCE: Final = 2_000
_MAPPABLE: Final = (MAPPING, CHECKED)


def uploads_of(acting: Acting) -> QuerySet[Upload]:
    """Return the uploads of the desk of who acts."""
    return Upload.objects.filter(role=acting.role, organisation=acting.organisation).select_related(
        "author", "decided_by"
    )


def find(acting: Acting, upload_id: UUID) -> Upload:
    """Return an upload of who acts; raises NotFound for any other."""
    found = uploads_of(acting).filter(pk=upload_id).first()
    if found is None:
        raise NotFound("upload_unknown", "", "There is no such file on your desk.")
    return found


def hand_in(acting: Acting, name: str, data: bytes, default_agency: str = "") -> Upload:
    """Keep a file and have its rows read.

    Raises NotRecognised at once for what cannot be a table, Refused where the desk has too many open.
    """
    kind_of_file = recognise_format(data)
    if uploads_of(acting).exclude(state__in=(PUBLISHED, DISCARDED, FAILED)).count() >= MOST_OPEN:
        told = gettext("Too many files are open at this desk. Publish or discard some first.")
        raise Refused("too_many_files", "file", told)
    with transaction.atomic():
        upload = Upload.objects.create(
            role=acting.role,
            organisation=acting.organisation,
            author_id=acting.user,
            name=name[:200],
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            format=kind_of_file,
            default_agency=acting.organisation if acting.role == "agency" else default_agency,
            heard=timezone.now(),
        )
        UploadedFile.objects.create(upload=upload, data=data)
    return upload


def twins(upload: Upload) -> QuerySet[Upload]:
    """Return the uploads of the very same bytes at the same desk that came before, the newest first."""
    same = Upload.objects.filter(sha256=upload.sha256, role=upload.role, organisation=upload.organisation)
    return (
        same.filter(created__lt=upload.created).exclude(state=DISCARDED).select_related("author").order_by("-created")
    )


def read(upload_id: UUID) -> bool:
    """Read the rows of an upload; tell whether a dry run may follow at once. May be called twice."""
    with alone(upload_id) as mine:
        upload = Upload.objects.filter(pk=upload_id, state=READING).first() if mine else None
        if upload is None or not _begin(upload):
            return False
        try:
            grid = read_grid(bytes(upload.file.data))
        except NotRecognised as error:
            _fail(upload, str(error))
            return False
        return _keep(upload, grid)


def _begin(upload: Upload) -> bool:
    """Count an attempt to read, before it is made; give the file up where all were broken off."""
    if upload.run >= MOST_ATTEMPTS:
        _fail(upload, gettext("The file could not be read: the work on it was broken off each time. Split it."))
        return False
    upload.run += 1
    Upload.objects.filter(pk=upload.pk).update(run=upload.run, heard=timezone.now())
    return True


def _fail(upload: Upload, trouble: str) -> None:
    with transaction.atomic():
        UploadedFile.objects.filter(upload=upload).delete()
        Upload.objects.filter(pk=upload.pk).update(state=FAILED, trouble=trouble, changed=timezone.now())


def _keep(upload: Upload, grid: Grid) -> bool:
    found = recognise(grid.header)
    ready = found.complete
    with transaction.atomic():
        upload.rows.all().delete()
        rows = (UploadRow(upload=upload, line=line, cells=list(cells)) for line, cells in grid.rows)
        UploadRow.objects.bulk_create(rows, batch_size=_AT_ONCE)
        UploadedFile.objects.filter(upload=upload).delete()
        upload.header, upload.names, upload.kind = list(grid.header), list(found.names), found.kind
        upload.notes = [asdict(note) for note in grid.notes]
        upload.format, upload.delimiter, upload.total = grid.format, grid.delimiter, len(grid.rows)
        if not grid.rows:
            upload.state, upload.trouble = FAILED, "The table has a header and no rows."
        else:
            upload.state = CHECKING if ready else MAPPING
            upload.run, upload.done, upload.heard = upload.run + 1, 0, timezone.now()
        upload.save()
    return ready and bool(grid.rows)


def map_columns(upload: Upload, kind: str, names: Sequence[str]) -> tuple[str, ...]:
    """Take over what a person says the columns mean, and begin a dry run; return what is wrong with it instead.

    Faults are `open:PLACE`, `missing:COLUMN` and `twice:COLUMN` (see intake.columns). Raises Moved when it is too late.
    """
    faults = check_mapping(kind, names) if kind in KINDS else ("kind",)
    if faults:
        return faults
    begin_run(upload, _MAPPABLE, kind=kind, names=list(names))
    return ()


def begin_run(upload: Upload, states: Sequence[str], **fields: object) -> None:
    """Begin a dry run of an upload in one of some states; raises Moved otherwise. The caller queues the task."""
    moved = Upload.objects.filter(pk=upload.pk, state__in=states).update(
        **fields, state=CHECKING, run=upload.run + 1, done=0, heard=timezone.now(), trouble="", changed=timezone.now()
    )
    if not moved:
        raise Moved
    upload.refresh_from_db()
