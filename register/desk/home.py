"""What waits for somebody at the desk: drafts, approvals, remarks, accreditations that end soon, imports to mend.

The number of queries does not depend on how much there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q, QuerySet

from register.access.acting import Acting
from register.access.roles import AGENCY, OPERATOR
from register.desk.accreditations import Held, list_expiring
from register.desk.listing import Listed, describe, drafts_of, waiting_for
from register.desk.models import EDITING, RETURNED, WAITING
from register.uploads.models import CHECKED, MAPPING, REFUSED, Upload, UploadRow
from register.uploads.models import WAITING as UPLOAD_WAITING
from register.uploads.standing import open_remarks

SHOWN: Final = 5
"""So many of each are on the page; the rest is behind a link."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: numbers, and the first of each."""

    approvals: list[Listed]
    approving: int
    own: list[Listed]
    writing: int
    elsewhere: int
    remarks: int
    expiring: list[Held]
    more_expiring: bool
    uploads: list[Upload]
    rows_to_mend: dict[Any, int]
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
    expiring = list_expiring(acting, now, SHOWN + 1) if deciding else []
    uploads = list(_uploads(acting)[:SHOWN]) if deciding else []
    to_mend = _count_rows(uploads)
    return Waiting(
        approvals=[told[one.pk] for one in approvals],
        own=[told[one.pk] for one in mine],
        remarks=open_remarks(acting).count() if deciding else 0,
        expiring=expiring[:SHOWN],
        more_expiring=len(expiring) > SHOWN,
        uploads=uploads,
        rows_to_mend=to_mend,
        to_mend=sum(to_mend.values()),
        **counts,
    )


def _in(rows: QuerySet[Any]) -> Q:
    return Q(pk__in=rows.order_by().values("pk"))


def _uploads(acting: Acting) -> QuerySet[Upload]:
    """Return files whose columns or rows somebody has to look at, and those that wait for a second person."""
    rows = Upload.objects.filter(role=acting.role, organisation=acting.organisation)
    waiting = Q(state=UPLOAD_WAITING) & ~Q(author=acting.user) if acting.approves else Q(pk=None)
    return rows.filter(Q(state__in=(MAPPING, CHECKED)) | waiting).order_by("-changed")


def _count_rows(uploads: list[Upload]) -> dict[Any, int]:
    """Return how many rows of each file are refused."""
    if not uploads:
        return {}
    rows = UploadRow.objects.filter(upload__in=uploads, outcome=REFUSED)
    return {row["upload"]: row["many"] for row in rows.values("upload").annotate(many=Count("pk")).order_by()}
