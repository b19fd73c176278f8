"""Rows left behind: what a publication did not take along goes on as a file of its own."""

from __future__ import annotations

from django.db import transaction

from register.access.acting import Acting
from register.intake.columns import ANNOTATIONS, IGNORED
from register.uploads.annotated import name_annotated, own_columns, write_annotated
from register.uploads.errors import Moved
from register.uploads.handing_in import hand_in
from register.uploads.models import DISCARDED, FAILED, PUBLISHED, Upload


def hand_in_again(acting: Acting, upload: Upload) -> Upload:
    """Hand the refused rows of a published upload in, with what was said of its columns; the caller queues the task.

    What was published stays as it is. Rows that were handed in before are not handed in twice: then it is that upload.
    Raises Moved where nothing stayed behind or is kept any more, and as `hand_in`.
    """
    if upload.state != PUBLISHED or not upload.rows.filter(index=None).exists():
        raise Moved
    own = own_columns(upload)
    with transaction.atomic():
        Upload.objects.select_for_update().get(pk=upload.pk)
        before = Upload.objects.filter(left_of=upload).exclude(state__in=(DISCARDED, FAILED)).first()
        if before is not None:
            return before
        left = hand_in(acting, name_annotated(upload), write_annotated(upload), upload.default_agency)
        left.left_of, left.kind = upload, upload.kind
        left.header = [*(upload.header[place] for place in own), *ANNOTATIONS]
        left.names = [*(upload.names[place] for place in own), *(IGNORED for _ in ANNOTATIONS)]
        left.save(update_fields=["left_of", "kind", "header", "names"])
    return left
