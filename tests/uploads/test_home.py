"""The desk's first page: it counts all that waits, though it shows the first few of each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from register.desk import home
from register.uploads.models import Upload, UploadedPiece
from tests.factories import make_accreditation, make_issuer
from tests.people import sign_in
from tests.uploads.conftest import Desk, bring
from tests.uploads.tables import as_csv, table

pytestmark = pytest.mark.django_db


@pytest.fixture
def home_of(client: Client, desk: Desk) -> Client:
    """The agency's officer, signed in."""
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    return client


def read(client: Client) -> str:
    return client.get("/desk").content.decode()


def test_rows_to_mend_are_counted_in_all_files_and_the_others_are_behind_a_link(home_of: Client, desk: Desk) -> None:
    for number in range(home.SHOWN):
        bring(desk, as_csv(table(desk.issuers, 3, wrong=1)[0]), f"{number}.csv")
    assert '<a href="/desk/imports">All imports' not in read(home_of)
    bring(desk, as_csv(table(desk.issuers, 10, wrong=5)[0]), "last.csv")
    waiting = home.find_waiting(desk.officer, timezone.now())
    assert (waiting.to_mend, len(waiting.uploads)) == (home.SHOWN + 5, home.SHOWN)
    page = read(home_of)
    assert "5 rows are refused in this file." in page
    assert '<a href="/desk/imports">All imports' in page


def test_rows_that_nobody_can_mend_are_not_counted(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 4, wrong=2)[0]))
    for state in ("waiting", "published", "mapping"):
        Upload.objects.filter(pk=upload.pk).update(state=state)
        assert home.find_waiting(desk.officer, timezone.now()).to_mend == 0, state


def test_a_file_that_can_be_read_again_waits_and_one_that_is_no_table_does_not(home_of: Client, desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]), "slow.csv")
    Upload.objects.filter(pk=upload.pk).update(state="failed")
    assert "slow.csv" not in read(home_of)
    UploadedPiece.objects.create(upload=upload, number=0, data=b"kept")
    page = read(home_of)
    assert "slow.csv" in page
    assert "could not be read" in page


def test_an_issuer_sees_which_of_its_accreditations_end_soon_and_no_other_s(client: Client, desk: Desk) -> None:
    soon = (timezone.now() + timedelta(days=30)).date().isoformat()
    own, other = make_issuer(), make_issuer()
    ends = make_accreditation(own, desk.agency, valid_until=soon)
    lasts = make_accreditation(own, desk.agency, kind="programme")
    strange = make_accreditation(other, desk.agency, valid_until=soon)
    sign_in(client, "issuer", own, email="officer@college.example")
    page = read(client)
    assert [f'href="/accreditations/{one}"' in page for one in (ends, lasts, strange)] == [True, False, False]
    assert "/desk/accreditations" not in page


def test_queries_do_not_grow_with_the_files(home_of: Client, desk: Desk) -> None:
    taken = []
    for number in (1, 4):
        for _ in range(number):
            bring(desk, as_csv(table(desk.issuers, 3, wrong=1)[0]))
        read(home_of)
        with CaptureQueriesContext(connection) as queries:
            read(home_of)
        taken.append(len(queries))
    assert taken[0] == taken[1]
