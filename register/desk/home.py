"""What waits for somebody at the desk: drafts, approvals, remarks, accreditations that end soon, imports to mend.

The number of queries does not depend on how much there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from register.access.acting import Acting
from register.access.roles import AGENCY, OPERATOR
from register.desk.accreditations import Held, list_expiring
from register.desk.listing import Listed, describe, drafts_of, waiting_for
from register.desk.models import EDITING, RETURNED, WAITING
from register.uploads.models import CHECKED, FAILED, MAPPING, REFUSED, Upload, UploadedPiece, UploadRow
from register.uploads.models import WAITING as UPLOAD_WAITING
from register.uploads.standing import open_remarks

SHOWN: Final = 5
"""So many of each are on the page; the rest is behind a link."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: numbers, and the first of each; of `uploads` how many rows of theirs are refused."""

    approvals: list[Listed]
    approving: int
    own: list[Listed]
    writing: int
    elsewhere: int
    remarks: int
    expiring: list[Held]
    more_expiring: bool
    uploads: list[tuple[Upload, int]]
    more_uploads: bool
    to_mend: int

    @property
    def nothing(self) -> bool:
        """Whether nothing waits at all."""
        return not (self.approving or self.writing or self.remarks or self.expiring or self.uploads)


def find_waiting(acting: Acting, now: datetime) -> Waiting:
    """Return what waits for who acts."""
    drafts = drafts_of(acting)
    own = drafts.filter(author=acting.user, state__in=(EDITING, RETURNED))
    others = waiting_for(drafts, acting).filter(state=WAITING)  # one's own that came back stand among one's own
    counts = drafts.order_by().aggregate(
        approving=Count("pk", filter=_in(others)),
        writing=Count("pk", filter=Q(author=acting.user, state__in=(EDITING, RETURNED))),
        elsewhere=Count("pk", filter=Q(author=acting.user, state=WAITING)),
    )
    approvals = list(others[:SHOWN])
    mine = list(own[:SHOWN])
    told = {row.draft.pk: row for row in describe({one.pk: one for one in [*approvals, *mine]}.values(), acting)}
    deciding = acting.role in (AGENCY, OPERATOR)
    expiring = list_expiring(acting, now, SHOWN + 1)
    uploads = list(_uploads(acting)[: SHOWN + 1]) if deciding else []
    to_mend = _count_rows(acting) if deciding else {}
    return Waiting(
        approvals=[told[one.pk] for one in approvals],
        own=[told[one.pk] for one in mine],
        remarks=open_remarks(acting).count() if deciding else 0,
        expiring=expiring[:SHOWN],
        more_expiring=len(expiring) > SHOWN,
        uploads=[(one, to_mend.get(one.pk, 0)) for one in uploads[:SHOWN]],
        more_uploads=len(uploads) > SHOWN,
        to_mend=sum(to_mend.values()),
        **counts,
    )


def _in(rows: QuerySet[Any]) -> Q:
    return Q(pk__in=rows.order_by().values("pk"))


def _uploads(acting: Acting) -> QuerySet[Upload]:
    """Return files whose columns or rows wait for somebody, that can be read again, or wait for a second person."""
    rows = Upload.objects.filter(role=acting.role, organisation=acting.organisation)
    waiting = Q(state=UPLOAD_WAITING) & ~Q(author=acting.user) if acting.approves else Q(pk=None)
    unread = Q(state=FAILED) & Exists(UploadedPiece.objects.filter(upload=OuterRef("pk")))
    return rows.filter(Q(state__in=(MAPPING, CHECKED)) | waiting | unread).order_by("-changed")


def _count_rows(acting: Acting) -> dict[Any, int]:
    """Return how many rows are refused of each file of the desk that can be mended by now."""
    files = Upload.objects.filter(role=acting.role, organisation=acting.organisation, state=CHECKED)
    rows = UploadRow.objects.filter(upload__in=files, outcome=REFUSED)
    return dict(rows.order_by().values_list("upload").annotate(Count("pk")))
