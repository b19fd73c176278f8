"""Batches at the desk: sealed, anchored, receipts handed out; what is handed in is kept nowhere."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from ledger.logs import get_log
from register.credential_ports import NodeRegisters
from register.credentials import batch_files
from register.credentials.commitments import digest
from register.credentials.reading import read
from register.credentials.receipts import check_receipt, parse_receipt
from register.desk import four_eyes
from register.desk.batch_sealing import _name_once
from register.desk.models import Draft
from register.queries.credentials import list_batches
from register.queries.cuts import resolve_cut
from register.records import BatchRecord
from tests import factories
from tests.credential_forge import CANARY, badge, seal
from tests.desk_things.conftest import Desk, words

PATH = "/desk/batches/new"


def make_credential(number: int) -> bytes:
    """Return a signed badge that is like no other."""
    return seal(badge(id=f"urn:uuid:5b1f7f3e-0d0a-4c6b-9a51-{number:012d}"))


def as_file(data: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def pack(**files: bytes) -> SimpleUploadedFile:
    """Return a ZIP file; `__` in a name stands for a folder."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return as_file(written.getvalue(), "all.zip")


def saved(page: str) -> bytes:
    """Return the batch file that a page gives."""
    found = re.search(r'href="data:application/octet-stream;base64,([^"]+)"', page)
    assert found is not None
    return base64.b64decode(html.unescape(found[1]))


def anchored(issuer: str) -> list[BatchRecord]:
    return list_batches(resolve_cut(), issuer).items


def seal_two(desk: Desk, **fields: Any) -> bytes:
    files = [as_file(make_credential(1), "anna.json"), pack(year__bert=make_credential(2))]
    return saved(desk.send(PATH, 200, credentials=files, **fields))


@pytest.fixture
def own(signed_desk: Desk) -> Desk:
    """The desk of the college's own officer, in a database whose transactions commit."""
    signed_desk.act_as("issuer", signed_desk.college)
    return signed_desk


def publish(desk: Desk, draft: Draft) -> None:
    page = desk.read(f"/desk/drafts/{draft.pk}")
    shown = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert shown is not None
    desk.send(f"/desk/drafts/{draft.pk}", 303, step="submit", digest=shown[1], version=draft.version)


def test_from_credentials_to_receipts_that_verify(own: Desk) -> None:
    programme = factories.make_programme(own.college, titles={"en": "Choral conducting"})
    told = {"programme": programme, "credential_type": "micro-credential", "issued_from": "2026-06-01"}
    before = get_log(settings.ASSAY_ORIGIN).size
    file = seal_two(own, **told)
    assert (get_log(settings.ASSAY_ORIGIN).size, Draft.objects.count()) == (before, 0)
    assert "not on record yet" in words(own.send("/desk/batches/receipts", 422, batch=as_file(file, "x.batch")))
    draft = own.draft("/desk/batches/anchor", batch=as_file(file, "x.batch"))
    sealed = batch_files.parse(file)
    assert draft.said["root"] == sealed.tree.root.hex()
    assert {name: draft.said[name] for name in told} == told
    publish(own, draft)
    (record,) = anchored(own.college)
    assert (record.count, record.programme, record.root) == (2, programme, sealed.tree.root.hex())
    response = own.client.post("/desk/batches/receipts", {"batch": as_file(file, "x.batch")})
    assert response["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        receipts = {name: archive.read(name) for name in archive.namelist()}
    assert sorted(receipts) == ["anna.json.receipt.json", "year/bert.receipt.json"]
    find_ledger = NodeRegisters(timezone.now()).find_ledger
    for name, number in (("anna.json", 1), ("year/bert", 2)):
        (presented,) = read(make_credential(number))
        anchor = check_receipt(parse_receipt(receipts[f"{name}.receipt.json"]), digest(presented), find_ledger)
        assert (anchor.trusted, anchor.batch, anchor.count) == (True, record.url, 2)


def test_nothing_of_what_was_handed_in_stays(own: Desk, caplog: pytest.LogCaptureFixture) -> None:
    file = seal_two(own)
    own.draft("/desk/batches/anchor", batch=as_file(file, "x.batch"))
    sealed = batch_files.parse(file)
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        secrets = [CANARY, "anna.json", *(part.hex() for part in (*sealed.salts, *sealed.digests))]
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ~ ANY (%s)', (secrets,))
            assert cursor.fetchone() == (0,), table
    assert not any(secret in caplog.text for secret in secrets)


def test_only_the_root_waits_for_a_second_person(own: Desk) -> None:
    four_eyes.choose("issuer", own.college, ["anchor_batch"])
    file = seal_two(own)
    draft = own.draft("/desk/batches/anchor", batch=as_file(file, "x.batch"))
    assert draft.said.keys() == {"issuer", "root", "count", "tree_algorithm"}
    assert anchored(own.college) == []


HANDED_IN: dict[str, tuple[Callable[[], bytes], str]] = {
    "note.txt": (lambda: b"hello", "note.txt"),
    "unsigned.json": (lambda: json.dumps(badge()).encode(), "unsigned.json"),
    "bad.zip": (lambda: b"PK\x03\x04 and no more", "damaged"),
    "up.zip": (lambda: pack(**{"..__x.json": make_credential(3)}).read(), "leads outside"),
}
"""What cannot be anchored, by the name of its file, and what is said of it."""


@pytest.mark.parametrize("name", HANDED_IN)
def test_one_that_cannot_be_anchored_is_named_and_none_is_sealed(own: Desk, name: str) -> None:
    make, told = HANDED_IN[name]
    page = own.send(PATH, 422, credentials=[as_file(make_credential(1), "good.json"), as_file(make(), name)])
    assert told in words(page)
    assert "data:application" not in page


def test_receipts_and_batch_files_beside_the_credentials_are_none(own: Desk) -> None:
    files = {"anna.json": make_credential(1), "anna.json.receipt.json": b"{}", "0001.batch": b"{}"}
    assert batch_files.parse(saved(own.send(PATH, 200, credentials=pack(**files)))).names == ["anna.json"]
    assert "No credential was found" in words(own.send(PATH, 422, credentials=pack(**{"x.batch": b"{}"})))


def test_several_of_one_name_are_told_apart(own: Desk) -> None:
    lines = b"\n".join(make_credential(number) for number in (4, 5))
    files = [as_file(make_credential(1), "a.json"), as_file(make_credential(2), "a.json"), as_file(lines, "b.jsonl")]
    names = batch_files.parse(saved(own.send(PATH, 200, credentials=files))).names
    assert names == ["a.json", "a.json (2)", "b.jsonl.1", "b.jsonl.2"]


def test_days_and_programme_are_checked_before_anything_is_sealed(own: Desk) -> None:
    files = [as_file(make_credential(1), "a.json")]
    page = own.send(PATH, 422, credentials=files, issued_from="2026-06-02", issued_until="2026-06-01")
    assert "not before" in words(page)
    theirs = factories.make_programme(own.academy)
    files = [as_file(make_credential(1), "a.json")]
    assert "not one of the available choices" in words(own.send(PATH, 422, credentials=files, programme=theirs))
    assert "Choose the files" in words(own.send(PATH, 422))


def test_a_batch_of_somebody_else_or_altered_is_refused(own: Desk) -> None:
    file = seal_two(own)
    altered = file.replace(b'"count":2', b'"count":3')
    for path in ("/desk/batches/anchor", "/desk/batches/receipts"):
        assert "not as it was sealed" in words(own.send(path, 422, batch=as_file(altered, "x.batch")))
        for none in (b"x", b'{"terms":{"a":' + b"[" * 200_000):
            assert "cannot be read as a batch" in words(own.send(path, 422, batch=as_file(none, "x.batch")))
        elsewhere = file.replace(settings.ASSAY_ORIGIN.encode(), b"register.xx.example/ledger")
        assert "another register" in words(own.send(path, 422, batch=as_file(elsewhere, "x.batch")))
    own.act_as("issuer", own.academy)
    for path in ("/desk/batches/anchor", "/desk/batches/receipts"):
        assert "another institution" in words(own.send(path, 422, batch=as_file(file, "x.batch"), issuer=own.college))
    assert not Draft.objects.exists()


def test_what_a_batch_file_says_beyond_the_terms_is_refused(own: Desk) -> None:
    file = seal_two(own).replace(b'"terms":{}', b'"terms":{"colour":"red"}')
    own.send("/desk/batches/anchor", 422, batch=as_file(file, "x.batch"))
    assert not Draft.objects.exists()


def test_the_command_for_their_own_machines_is_filled_in(own: Desk) -> None:
    page = words(own.read(PATH))
    assert f"assay anchor diplomas/ --node {settings.ASSAY_BASE_URL} --issuer {own.college}" in page
    assert "Anchor credentials" in words(own.read("/desk/batches"))


def test_agencies_anchor_nothing(signed_desk: Desk) -> None:
    for path in (PATH, "/desk/batches/anchor", "/desk/batches/receipts"):
        assert signed_desk.client.get(f"{path}?issuer={signed_desk.college}").status_code == 403


def test_of_a_published_batch_no_page_is_offered_that_is_not_there(own: Desk) -> None:
    draft = own.draft("/desk/batches/anchor", batch=as_file(seal_two(own), "x.batch"))
    publish(own, draft)
    page = own.read(f"/desk/drafts/{draft.pk}")
    assert "See the public page" not in page
    assert "/desk/batches/receipts?issuer=" in page


def test_names_are_told_apart_and_lead_nowhere_however_many_are_equal() -> None:
    taken: dict[str, int] = {}
    names = [_name_once("anna.json", taken) for _ in range(20_000)]
    assert (names[0], names[1], names[-1]) == ("anna.json", "anna.json (2)", "anna.json (20000)")
    assert len(set(names)) == 20_000
    assert _name_once("anna.json (2)", taken) == "anna.json (2) (2)"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/a/./b", "a/b"),
        ("//a", "a"),
        ("..\\..\\a", "a"),
        ("a\0b.json", "ab.json"),
        (".\0.", "credential"),
        ("\u202ea\n", "a"),
        ("", "credential"),
    ],
)
def test_a_name_from_elsewhere_is_one_below_the_folder(name: str, written: str) -> None:
    assert _name_once(name, {}) == written
