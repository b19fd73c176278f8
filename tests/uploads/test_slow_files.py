"""Files that are within all bounds of size and slow to read: stopped with a reason, kept, and read once more."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import NoReturn

import pytest
from django.test import Client

from register.intake.grids import Grid, read_grid
from register.outbox.models import Notice
from register.outbox.wording import put_into_words
from register.uploads import handing_in, publishing, tasks
from register.uploads.errors import Moved, TookTooLong
from register.uploads.models import CHECKING, DISCARDED, FAILED, READING, Upload
from register.uploads.processor import at_most
from tests.people import sign_in
from tests.uploads.conftest import Desk
from tests.uploads.tables import as_csv, table


def spin(data: bytes) -> NoReturn:
    """Read for ever."""
    while True:
        sum(data)


def test_work_is_stopped_by_the_processor_time_it_takes() -> None:
    with pytest.raises(TookTooLong), at_most(0.05):
        spin(b"work")
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


def test_work_is_stopped_even_where_the_first_signal_comes_to_what_swallows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    swallowed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", swallowed.append)

    class Dying:
        def __del__(self) -> None:
            spin(b"work")

    def work() -> NoReturn:
        Dying()
        spin(b"work")

    with pytest.raises(TookTooLong), at_most(0.05):
        work()
    assert len(swallowed) == 1
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


def test_work_that_ends_in_time_leaves_no_timer_and_no_handler() -> None:
    before = signal.getsignal(signal.SIGPROF)
    with at_most(60):
        pass
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    assert signal.getsignal(signal.SIGPROF) == before


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[bytes], Grid]], None]:
    """Sets what reads a file, and lets it take next to no time."""
    monkeypatch.setattr(handing_in, "MOST_SECONDS", 0.05)
    return lambda read: monkeypatch.setattr(handing_in, "read_grid", read)


def stop(desk: Desk, reader: Callable[[Callable[[bytes], Grid]], None]) -> Upload:
    """Hand a file in of which the reading is stopped."""
    upload = handing_in.hand_in(desk.officer, "slow.csv", as_csv(table(desk.issuers, 3)[0]))
    reader(spin)
    assert not handing_in.read(upload.pk)
    reader(read_grid)
    upload.refresh_from_db()
    return upload


@pytest.mark.django_db
def test_reading_is_stopped_told_and_done_once_more(
    desk: Desk, reader: Callable[[Callable[[bytes], Grid]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = stop(desk, reader)
    assert (upload.state, upload.rows.count()) == (FAILED, 0)
    told = put_into_words(list(Notice.objects.filter(key__startswith="import-failed:")))[0]
    assert told.line == "Import ended, nothing published: slow.csv"
    assert "takes longer than" in told.plain[0]
    handing_in.read_again(upload)
    assert upload.state == READING
    monkeypatch.setattr(handing_in, "MOST_SECONDS", 60)
    assert handing_in.read(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.total, upload.pieces.count()) == (CHECKING, 3, 0)


@pytest.mark.django_db
def test_a_file_that_is_no_table_cannot_be_read_again(desk: Desk) -> None:
    upload = handing_in.hand_in(desk.officer, "broken.csv", b"\x00\x01 no table")
    handing_in.read(upload.pk)
    upload.refresh_from_db()
    with pytest.raises(Moved):
        handing_in.read_again(upload)
    assert not handing_in.open_uploads(desk.officer).exists()


@pytest.mark.django_db
def test_what_was_stopped_takes_a_place_of_the_desk_until_it_is_discarded(
    desk: Desk, reader: Callable[[Callable[[bytes], Grid]], None]
) -> None:
    upload = stop(desk, reader)
    assert list(handing_in.open_uploads(desk.officer)) == [upload]
    publishing.discard(desk.officer, upload)
    upload.refresh_from_db()
    assert (upload.state, upload.pieces.count()) == (DISCARDED, 0)
    assert not handing_in.open_uploads(desk.officer).exists()


@pytest.mark.django_db
def test_the_page_of_a_stopped_file_offers_to_read_it_once_more(
    client: Client, desk: Desk, reader: Callable[[Callable[[bytes], Grid]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[str] = []
    monkeypatch.setattr(tasks, "go_on", lambda task, upload, run: queued.append(task))
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    upload = stop(desk, reader)
    page = client.get(f"/desk/imports/{upload.pk}").content.decode()
    assert "Reading the file was stopped" in page
    assert 'value="read_again"' in page
    assert client.post(f"/desk/imports/{upload.pk}/step", {"step": "read_again"}).status_code == 303
    assert "The file is being read" in client.get(f"/desk/imports/{upload.pk}").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("data", [b"", b"\x00\x01 no table"], ids=["a table", "no table"])
def test_what_is_discarded_while_it_is_read_stays_discarded(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    given = data or as_csv(table(desk.issuers, 3)[0])
    upload = handing_in.hand_in(desk.officer, "slow.csv", given)

    def meanwhile(read: bytes) -> Grid:
        publishing.discard(desk.approver, Upload.objects.get(pk=upload.pk), "It is last year’s list.")
        return read_grid(given)

    monkeypatch.setattr(handing_in, "read_grid", meanwhile)
    assert not handing_in.read(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.rows.count(), upload.pieces.count()) == (DISCARDED, 0, 0)
    assert [one.key for one in Notice.objects.all()] == [f"import-discarded:{upload.pk}"]
