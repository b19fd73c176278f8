"""Mending: a row's cells are corrected in the browser, the row is tried again; or it is left out."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from register.errors import NotFound
from register.sentences import say
from register.uploads.checking import Checked, DryRun, keep
from register.uploads.errors import Moved
from register.uploads.models import CHECKED, LEFT_OUT, WAITING, Upload, UploadRow


def find_row(upload: Upload, line: int) -> UploadRow:
    """Return the row that began at a line of a file that is tried, or waits for a second person; raises NotFound."""
    row = upload.rows.filter(line=line).first()
    if row is None or upload.state not in (CHECKED, WAITING):
        raise NotFound("row_unknown", "", say("There is no such row to be mended."))
    return row


def mend(upload: Upload, row: UploadRow, cells: Sequence[str]) -> Checked:
    """Put other cells into a row and try it again by itself; what other rows say meanwhile the publication judges."""
    row.cells, row.mended, row.outcome = list(cells), True, ""
    return _try(upload, row)


def leave_out(upload: Upload, row: UploadRow) -> None:
    """Let a row not be published, whatever it says."""
    with transaction.atomic():
        _insist(upload)
        UploadRow.objects.filter(pk=row.pk).update(outcome=LEFT_OUT)


def take_in(upload: Upload, row: UploadRow) -> Checked:
    """Take a row in again that was left out."""
    row.outcome = ""
    return _try(upload, row)


def _try(upload: Upload, row: UploadRow) -> Checked:
    found = DryRun(upload).check([row])[0]
    with transaction.atomic():
        _insist(upload)
        row.save(update_fields=["cells", "mended", "outcome"])
        keep([row], [found])
    return found


def _insist(upload: Upload) -> None:
    """Hold the upload while its rows change; raises Moved where they must not, as in what waits for a second person."""
    if not Upload.objects.select_for_update().filter(pk=upload.pk, state=CHECKED).exists():
        raise Moved
