"""Demonstration accounts, whose passwords may be known to everybody, and the files of real people at the same desk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from register.access.models import Membership
from register.errors import NotEntitled
from register.uploads import publishing
from register.uploads.models import CHECKED, UploadRow
from tests.people import sign_in
from tests.uploads.conftest import Desk, bring
from tests.uploads.tables import HEADER, as_csv, table

pytestmark = pytest.mark.django_db

STEPS = {
    "publish": ("step", {"step": "publish", "partial": "on"}),
    "try again": ("step", {"step": "try_again"}),
    "read again": ("step", {"step": "read_again"}),
    "discard": ("step", {"step": "discard", "reason": "No."}),
    "map": ("columns", {"kind": "accreditations", **{f"column-{n}": name for n, name in enumerate(HEADER)}}),
    "mend": ("rows/2", {"step": "mend", "cell-2": "2026-06-01"}),
    "leave out": ("rows/3", {"step": "leave_out"}),
    "take in": ("rows/3", {"step": "take_in"}),
}


@pytest.fixture
def known(desk: Desk) -> Client:
    """A demonstration account at the agency's desk."""
    client = Client()
    row = sign_in(client, "agency", desk.agency, email="known@demo.example")
    Membership.objects.filter(pk=row.pk).update(demonstration=True)
    return client


def state_of(upload: Any) -> tuple[Any, ...]:
    upload.refresh_from_db()
    rows = UploadRow.objects.filter(upload=upload).order_by("line")
    return upload.state, upload.run, upload.names, list(rows.values_list("cells", "outcome", "mended"))


@pytest.mark.parametrize("left", [False, True], ids=["colleague", "who left"])
@pytest.mark.parametrize("step", STEPS)
def test_a_demonstration_account_changes_nothing_in_a_real_person_s_file(
    desk: Desk, known: Client, step: str, left: bool
) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 4, wrong=1)[0]))
    before = state_of(upload)
    if left:
        Membership.objects.filter(user=desk.officer.user).delete()
    rest, fields = STEPS[step]
    answer = known.post(f"/desk/imports/{upload.pk}/{rest}", {**fields, "digest": publishing.digest_of(upload)})
    assert answer.status_code == 403
    assert state_of(upload) == before


def test_it_looks_at_them_and_works_on_its_own_kind(desk: Desk, known: Client) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 4)[0]))
    assert known.get(f"/desk/imports/{upload.pk}").status_code == 200
    Membership.objects.filter(user=desk.officer.user).update(demonstration=True)
    assert known.post(f"/desk/imports/{upload.pk}/rows/3", {"step": "leave_out"}).status_code == 303
    assert state_of(upload)[0] == CHECKED
    assert upload.rows.get(line=3).outcome == "left_out"


def test_what_somebody_left_unmarked_it_does_not_publish(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    Membership.objects.filter(user=desk.officer.user).delete()
    with pytest.raises(NotEntitled, match="demonstration"):
        publishing.request(replace(desk.approver, demonstration=True), upload, False, publishing.digest_of(upload))
    publishing.request(desk.approver, upload, False, publishing.digest_of(upload))
