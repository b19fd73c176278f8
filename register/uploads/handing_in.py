"""Handing in: a file becomes an upload, a worker reads its rows, and its columns are recognised or mapped by hand."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import IO, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from ledger.database import open_cursor
from register.access.acting import Acting
from register.errors import NotFound, Refused
from register.intake.columns import KINDS, Recognised, check_mapping, recognise
from register.intake.grids import Grid, check_size, read_grid, recognise_format
from register.intake.rows import NotRecognised, keep_problem
from register.sentences import say, to_text
from register.uploads.errors import Moved, TookTooLong
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
    UploadedPiece,
    UploadRow,
)
from register.uploads.news import tell_ended
from register.uploads.processor import at_most

MOST_OPEN: Final = 50
"""Files of a desk of which bytes or rows are kept: they fill the disk."""

MOST_ATTEMPTS: Final = 3
"""Times that reading a file is begun: one that kills its worker, whatever is in it, is not read for ever."""

MOST_SECONDS: Final = 30
"""Processor time to read a file: 50,000 rows of 20 columns as XLSX take seven."""

_AT_ONCE: Final = 2_000
_PIECE: Final = 2**20
_INSERT: Final = "INSERT INTO uploads_uploadedpiece (upload_id, number, data) VALUES (%s, %s, %b)"
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
        raise NotFound("upload_unknown", "", say("There is no such file on your desk."))
    return found


def hand_in(acting: Acting, name: str, file: bytes | IO[bytes], default_agency: str = "") -> Upload:
    """Keep a file and have its rows read; it is read from its beginning, a piece at a time.

    Raises NotRecognised at once for what cannot be a table or is too large, Refused where the desk has too many open.
    """
    source = io.BytesIO(file) if isinstance(file, bytes) else file
    source.seek(0)
    kind_of_file = recognise_format(source.read(_PIECE))
    if open_uploads(acting).count() >= MOST_OPEN:
        told = gettext("Too many files are open at this desk. Publish or discard some first.")
        raise Refused("too_many_files", "file", told)
    with transaction.atomic():
        upload = Upload.objects.create(
            role=acting.role,
            organisation=acting.organisation,
            author_id=acting.user,
            name=name[:200],
            size=0,
            format=kind_of_file,
            default_agency=acting.organisation if acting.role == "agency" else default_agency,
            heard=timezone.now(),
        )
        _keep_bytes(upload, source)
    return upload


def open_uploads(acting: Acting) -> QuerySet[Upload]:
    """Return the uploads of a desk that are neither published nor discarded, and failed ones that can be read again."""
    lost = ~Exists(UploadedPiece.objects.filter(upload=OuterRef("pk")))
    return uploads_of(acting).exclude(state__in=(PUBLISHED, DISCARDED)).exclude(lost, state=FAILED)


def _keep_bytes(upload: Upload, source: IO[bytes]) -> None:
    """Keep all of a file, with its size and its SHA-256.

    Not by the ORM: its statements hold the bytes as text, and psycopg remembers the last hundred statements.
    """
    source.seek(0)
    digest, size = hashlib.sha256(), 0
    for number, piece in enumerate(iter(lambda: source.read(_PIECE), b"")):
        digest.update(piece)
        size += len(piece)
        check_size(size)
        with open_cursor() as cursor:
            cursor.execute(_INSERT, (upload.pk, number, piece))
    upload.size, upload.sha256 = size, digest.hexdigest()
    upload.save(update_fields=["size", "sha256"])


def twins(upload: Upload) -> QuerySet[Upload]:
    """Return the uploads of the very same bytes at the same desk that came before and were read, the newest first."""
    same = Upload.objects.filter(sha256=upload.sha256, role=upload.role, organisation=upload.organisation)
    before = same.filter(created__lt=upload.created).exclude(state__in=(DISCARDED, FAILED))
    return before.select_related("author").order_by("-created")


def read(upload_id: UUID) -> bool:
    """Read the rows of an upload; tell whether a dry run may follow at once. May be called twice."""
    with alone(upload_id) as mine:
        upload = Upload.objects.filter(pk=upload_id, state=READING).first() if mine else None
        try:
            return upload is not None and _begin(upload) and _read(upload)
        except Moved:
            return False


def _read(upload: Upload) -> bool:
    data = _read_bytes(upload)
    try:
        with at_most(MOST_SECONDS):
            grid = read_grid(data)
    except NotRecognised as error:
        _fail(upload, str(error))
    except TookTooLong:
        _fail(upload, _say_stopped(), again=True)
    else:
        return _keep(upload, grid)
    return False


def _say_stopped() -> str:
    return say(
        "Reading the file was stopped: it takes longer than {seconds} seconds. Delete columns that are not needed, "
        "or split it.",
        seconds=MOST_SECONDS,
    )


def read_again(upload: Upload) -> None:
    """Have a file read once more whose reading was stopped or broken off; raises Moved where its bytes are gone.

    The caller queues the task.
    """
    kept = Exists(UploadedPiece.objects.filter(upload=OuterRef("pk")))
    now = timezone.now()
    moved = Upload.objects.filter(kept, pk=upload.pk, state=FAILED).update(
        state=READING, run=0, trouble="", heard=now, changed=now
    )
    if not moved:
        raise Moved
    upload.refresh_from_db()


def _read_bytes(upload: Upload) -> bytes:
    return b"".join(upload.pieces.order_by("number").values_list("data", flat=True).iterator(chunk_size=4))


def _begin(upload: Upload) -> bool:
    """Count an attempt to read, before it is made; give the file up where all were broken off."""
    if upload.run >= MOST_ATTEMPTS:
        told = say("The file could not be read: the work on it was broken off each time. Split it.")
        _fail(upload, told, again=True)
        return False
    upload.run += 1
    return bool(_unread(upload).update(run=upload.run, heard=timezone.now()))


def _unread(upload: Upload) -> QuerySet[Upload]:
    return Upload.objects.filter(pk=upload.pk, state=READING)


def _insist(upload: Upload) -> None:
    """Hold the upload until the transaction ends; raises Moved where it was discarded while it was read."""
    if not _unread(upload).filter(run=upload.run).select_for_update().exists():
        raise Moved


def _fail(upload: Upload, trouble: str, *, again: bool = False) -> None:
    """Say why a file was not read, to who handed it in too; `again` keeps its bytes, so that it can be tried again."""
    now = timezone.now()
    with transaction.atomic():
        _insist(upload)
        if not again:
            UploadedPiece.objects.filter(upload=upload).delete()
        Upload.objects.filter(pk=upload.pk).update(state=FAILED, trouble=to_text(trouble), changed=now)
        tell_ended(upload, f"import-failed:{upload.pk}:{now.isoformat()}", trouble)


def _keep(upload: Upload, grid: Grid) -> bool:
    if not grid.rows:
        _fail(upload, say("the table has a header and no rows"))
        return False
    found = _told_before(upload, grid) or recognise(grid.header)
    ready = found.complete
    with transaction.atomic():
        _insist(upload)
        upload.rows.all().delete()
        rows = (UploadRow(upload=upload, line=line, cells=list(cells)) for line, cells in grid.rows)
        UploadRow.objects.bulk_create(rows, batch_size=_AT_ONCE)
        UploadedPiece.objects.filter(upload=upload).delete()
        upload.header, upload.names, upload.kind = list(grid.header), list(found.names), found.kind
        upload.notes = [keep_problem(note) for note in grid.notes]
        upload.format, upload.delimiter, upload.total = grid.format, grid.delimiter, len(grid.rows)
        upload.state = CHECKING if ready else MAPPING
        upload.run, upload.done, upload.heard = upload.run + 1, 0, timezone.now()
        upload.save()
    return ready


def _told_before(upload: Upload, grid: Grid) -> Recognised | None:
    """Return what was said of the columns already, of the file that these rows were left behind from."""
    if not upload.names or upload.header != list(grid.header) or check_mapping(upload.kind, upload.names):
        return None
    return Recognised(upload.kind, tuple(upload.names))


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
        **fields,
        state=CHECKING,
        run=upload.run + 1,
        tries=0,
        done=0,
        heard=timezone.now(),
        trouble="",
        changed=timezone.now(),
    )
    if not moved:
        raise Moved
    upload.refresh_from_db()
