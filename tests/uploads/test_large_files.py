"""Large files: kept on the disk on their way and in pieces at rest, never whole in the memory of a request."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO, RawIOBase
from typing import IO, Any, cast

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory

from deploy.limits import most_for
from deploy.slow_bodies import BodyDeadline, Environ, Pace, StartResponse
from register.intake.rows import NotRecognised
from register.uploads import handing_in, tasks
from register.uploads.models import MAPPING, Upload, UploadedPiece
from tests.people import sign_in
from tests.uploads.conftest import Desk

MEGABYTE = 2**20
LINE = b"0123456,institutional,2024-01-01\n"


class Flood(RawIOBase):
    """So many bytes of a table, made as they are read; it can begin again."""

    def __init__(self, size: int) -> None:
        self.size, self.at = size, 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "nobody reads all of it at once"
        size = min(size, self.size - self.at)
        first = self.at % len(LINE)
        self.at += size
        return (LINE * (size // len(LINE) + 2))[first : first + size]

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset
        return offset


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Insist that Python never holds more than so many bytes beyond what it held before."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size, f"{peak / MEGABYTE:.1f} MB"


def test_a_large_body_goes_to_the_disk() -> None:
    found: list[bytes] = []

    def digest(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        body = hashlib.sha256()
        for piece in iter(lambda: environ["wsgi.input"].read(MEGABYTE), b""):
            body.update(piece)
        found.append(body.digest())
        return [b""]

    size = 48 * MEGABYTE + 1
    application = BodyDeadline(digest, Pace(60, 1000, 600), MEGABYTE, lambda environ: 64 * MEGABYTE)
    with at_most(8 * MEGABYTE):
        application({"CONTENT_LENGTH": str(size), "wsgi.input": Flood(size)}, lambda status, headers: None)
    expected = hashlib.sha256()
    whole = Flood(size)
    for piece in iter(lambda: whole.read(MEGABYTE - 1), b""):
        expected.update(piece)
    assert found == [expected.digest()]


@pytest.mark.django_db
def test_a_large_file_is_kept_in_pieces(desk: Desk) -> None:
    size = 40 * MEGABYTE + 7
    with at_most(12 * MEGABYTE):
        upload = handing_in.hand_in(desk.officer, "large.csv", cast(IO[bytes], Flood(size)))
    assert (upload.size, upload.pieces.count()) == (size, 41)
    assert b"".join(bytes(one.data) for one in upload.pieces.order_by("number")) == Flood(size).read(size)


@pytest.mark.django_db
def test_beyond_what_intake_reads_a_file_is_refused_and_leaves_nothing(desk: Desk) -> None:
    with pytest.raises(NotRecognised, match="64 MB are the most"):
        handing_in.hand_in(desk.officer, "huge.csv", cast(IO[bytes], Flood(64 * MEGABYTE + 1)))
    assert (Upload.objects.count(), UploadedPiece.objects.count()) == (0, 0)


@pytest.fixture
def officer(desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The officer's browser; no worker is there."""
    monkeypatch.setattr(tasks, "go_on", lambda task, upload, run: None)
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    return client


def test_a_file_beyond_the_usual_body_is_handed_in_by_the_browser_and_read(officer: Client) -> None:
    cell = b"x" * 30_000
    table = b"what,is,this\n" + b"".join(b"%d,,%s\n" % (row, cell) for row in range(400))
    assert len(table) > settings.ASSAY_MAX_BODY_BYTES
    answer = officer.post("/desk/imports", {"file": SimpleUploadedFile("large.csv", table)})
    upload = Upload.objects.get()
    assert (answer.status_code, upload.size, upload.sha256) == (303, len(table), hashlib.sha256(table).hexdigest())
    handing_in.read(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.total, upload.pieces.count()) == (MAPPING, 400, 0)


@pytest.mark.parametrize("megabytes", [65, 300])
def test_a_file_beyond_the_limit_is_refused_unread_and_told_which_it_is(officer: Client, megabytes: int) -> None:
    length = str(megabytes * MEGABYTE)
    answer = officer.generic("POST", "/desk/imports", b"", CONTENT_LENGTH=length, headers={"Accept": "text/html"})
    page = answer.content.decode()
    assert answer.status_code == 413
    assert "At most 64 MB are read here" in page
    assert "credential" not in page[page.index("<main") : page.index("</main")].lower()
    assert "At most 64 MB." in officer.get("/desk/imports").content.decode()


@pytest.mark.parametrize(
    ("method", "path", "session", "larger"),
    [
        ("POST", "/desk/imports", "signed in", True),
        ("POST", "/desk/imports", "", False),
        ("POST", "/desk/imports", "somebody's who is not signed in", False),
        ("POST", "/desk/imports", "made up", False),
        ("GET", "/desk/imports", "signed in", False),
        ("POST", "/verify", "signed in", False),
        ("POST", "/desk/imports/x", "signed in", False),
    ],
)
def test_only_files_of_imports_by_somebody_signed_in_may_be_larger(
    db: None, method: str, path: str, session: str, larger: bool
) -> None:
    client = Client()
    if session == "signed in":
        sign_in(client, "operator")
    kept = client.session
    kept["language"] = "nl"
    kept.save()
    environ: dict[str, Any] = RequestFactory().generic(method, path).META
    if session:
        key = "abcdefgh12345678" if session == "made up" else kept.session_key
        environ["HTTP_COOKIE"] = f"a=b; {settings.SESSION_COOKIE_NAME}={key}"
    most = settings.ASSAY_MAX_UPLOAD_BYTES if larger else settings.ASSAY_MAX_BODY_BYTES
    assert most_for(environ) == most


def test_an_ordinary_body_stays_in_memory() -> None:
    kinds: list[type] = []

    def look(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        kinds.append(type(environ["wsgi.input"]))
        return [b""]

    application = BodyDeadline(look, Pace(60, 1000, 600), 100, lambda environ: 1000)
    for size in (100, 101):
        application({"CONTENT_LENGTH": str(size), "wsgi.input": BytesIO(b"x" * size)}, lambda status, headers: None)
    assert (kinds[0] is BytesIO, kinds[1] is BytesIO) == (True, False)
