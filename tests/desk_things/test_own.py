"""An issuer's own desk: mandates, batches, credentials withdrawn by commitment or receipt, each its own alone."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from register import commands
from register.credentials.batch_paths import Step
from register.credentials.commitments import SALT_BYTES
from register.credentials.receipts import Receipt, format_receipt
from register.desk.models import Draft
from register.desk.views import own as views
from tests import factories
from tests.desk_things.conftest import Desk, words
from tests.desk_things.test_issuers import fields_of


def make_receipts(issuer: str) -> list[Receipt]:
    """Anchor a batch of two and return the receipts of both, but for the proof from the ledger."""
    leaves = [hashlib.sha256(secrets.token_bytes(100)).digest() for _ in range(2)]
    root = hashlib.sha256(leaves[0] + leaves[1]).digest()
    batch = factories.make_batch(issuer, root=root.hex(), count=2)
    address = f"{settings.ASSAY_BASE_URL}/batches/{batch}"
    paths = [(Step("right", leaves[1]),), (Step("left", leaves[0]),)]
    return [
        Receipt(secrets.token_bytes(SALT_BYTES), leaf, root, path, address, b"{}", b"proof")
        for leaf, path in zip(leaves, paths, strict=True)
    ]


def as_file(receipt: Receipt, name: str = "diploma.receipt.json") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, format_receipt(receipt), content_type="application/json")


@pytest.fixture
def own(desk: Desk) -> Desk:
    """The desk of the college's own officer."""
    desk.act_as("issuer", desk.college)
    return desk


def test_credentials_are_revoked_by_their_receipts(own: Desk) -> None:
    receipts = make_receipts(own.college)
    files = [as_file(one) for one in receipts]
    draft = own.draft("/desk/credentials/revoke", receipts=files, reason="fraud", effective_from="2026-03-01")
    assert draft.verb == "revoke_credentials"
    assert draft.said == {
        "issuer": own.college,
        "commitments": [one.target.hex() for one in receipts],
        "reason": "fraud",
        "effective_from": "2026-03-01",
        "batch": receipts[0].batch.rsplit("/", 1)[1],
    }
    assert receipts[0].salt.hex() not in json.dumps(draft.said)


@pytest.mark.parametrize("flaw", ["path", "foreign", "several", "broken", "large"])
def test_a_receipt_that_proves_nothing_here_names_no_credential(own: Desk, flaw: str) -> None:
    first, second = make_receipts(own.college)
    files = {
        "path": [as_file(Receipt(first.salt, first.target, first.root, second.path, first.batch, b"{}", b"p"))],
        "foreign": [as_file(make_receipts(own.academy)[0])],
        "several": [as_file(first), as_file(make_receipts(own.college)[0])],
        "broken": [SimpleUploadedFile("x.json", b"{}")],
        "large": [SimpleUploadedFile("x.json", b" " * 300_000)],
    }[flaw]
    expected = {
        "path": "does not lead to the root",
        "foreign": "has not anchored here",
        "several": "several batches",
        "broken": "another kind of file",
        "large": "too large",
    }[flaw]
    page = own.send("/desk/credentials/revoke", 422, receipts=files, reason="fraud")
    assert expected in words(page)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("act", ["revoke", "suspend", "reinstate"])
def test_credentials_are_told_by_commitment_with_their_places(own: Desk, act: str) -> None:
    first, second = factories.make_digest(), factories.make_digest()
    lines = f"{first} 0 17\r\n\r\n{second.upper()},1,4\r\n"
    draft = own.draft(f"/desk/credentials/{act}", commitments=lines, reason="administrative_error")
    assert draft.verb == f"{act}_credentials"
    assert draft.said["commitments"] == [first, second]
    assert f"Commitments {first} {second}" in words(own.read(f"/desk/drafts/{draft.pk}"))
    assert draft.said["status"] == [{"list": 0, "index": 17}, {"list": 1, "index": 4}]
    again = own.read(f"/desk/credentials/{act}?draft={draft.pk}")
    own.send(f"/desk/credentials/{act}", 303, **fields_of(again))
    assert Draft.objects.get().said == draft.said


@pytest.mark.parametrize(
    ("told", "words_shown"),
    [
        ({"commitments": "abc"}, "Line 1: expected 64"),
        ({"commitments": "a" * 64 + "\n" + "b" * 64 + " 1 2"}, "for every commitment, or for none"),
        ({"commitments": ("a" * 64 + "\n") * 2}, "each commitment once"),
        ({"commitments": ""}, "Say which credentials"),
        ({"commitments": "a" * 64, "reason": "because"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said(own: Desk, told: dict[str, str], words_shown: str) -> None:
    assert words_shown in words(own.send("/desk/credentials/revoke", 422, **{"reason": "fraud", **told}))
    assert not Draft.objects.exists()


def test_withdrawn_credentials_and_batches_are_listed(own: Desk) -> None:
    commitment = factories.make_digest()
    terms = factories.withdrawal(own.college, commitment, effective_from="2026-01-01")
    commands.revoke_credentials(terms, actor=factories.as_issuer(own.college))
    programme = factories.make_programme(own.college, titles={"en": "Choral conducting"})
    factories.make_batch(own.college, count=1234, credential_type="micro-credential", programme=programme)
    page = own.read("/desk/credentials")
    assert commitment[:8] in page
    assert "revoked" in words(page)
    assert commitment in own.read(f"/desk/credentials/reinstate?commitment={commitment}")
    batches = own.read("/desk/batches")
    assert "1,234" in batches
    assert f'<a href="/programmes/{programme}">' in batches


def test_an_issuer_grants_and_revokes_its_own_mandates_only(own: Desk) -> None:
    told = {"sealer": "Academy of Song", "valid_from": "2026-01-01", "last_day": "2026-12-31", "eqf_levels": ["4", "5"]}
    draft = own.draft("/desk/mandates/new", **told, issuer=own.academy)
    assert draft.said == {
        "awarding_body": own.college,
        "sealer": own.academy,
        "valid_from": "2026-01-01",
        "valid_until": "2027-01-01",
        "scope": {"eqf_levels": [4, 5]},
    }
    page = own.read(f"/desk/mandates/new?draft={draft.pk}")
    assert f'name="sealer-chosen" value="{own.academy}" checked' in page
    page = own.send("/desk/mandates/new", 422, **told | {"sealer": own.college})
    assert "needs no mandate of its own" in words(page)
    given, got = factories.make_mandate(own.college, own.academy), factories.make_mandate(own.academy, own.college)
    page = own.read("/desk/mandates")
    assert f"/desk/mandates/{given}/revoke" in page
    assert f"/desk/mandates/{got}/revoke" not in page
    own.read(f"/desk/mandates/{got}/revoke", 404)
    draft = own.draft(f"/desk/mandates/{given}/revoke", effective_from="2026-06-01", reason="requested")
    assert (draft.verb, draft.subject) == ("revoke_mandate", given)


def test_the_own_desk_shows_how_it_stands_with_the_same_few_queries(own: Desk) -> None:
    agency = own.agency
    counts = []
    for number in (1, 4):
        for _ in range(number):
            factories.make_accreditation(own.college, agency)
            factories.make_key(own.college)
            factories.make_mandate(own.college, own.academy)
            factories.make_batch(own.college)
            factories.make_programme(own.college, titles={"en": "Brass"})
        with CaptureQueriesContext(connection) as queries:
            page = own.read("/desk/own")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    for told in ("Agency of tests", "did:web:key", "Academy of Song", "Brass", "in force"):
        assert told in words(page)


def test_all_accreditations_are_listed_page_by_page(own: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_FIRST", "_PAGE"):
        monkeypatch.setattr(views, name, 2)
    held = {factories.make_accreditation(own.college, own.agency) for _ in range(2)}
    assert "/desk/own/accreditations" not in own.read("/desk/own")
    theirs = factories.make_accreditation(own.academy, own.agency)
    held |= {factories.make_accreditation(own.college, own.agency) for _ in range(3)}
    assert 'href="/desk/own/accreditations"' in own.read("/desk/own")
    shown, path = list[str](), "/desk/own/accreditations"
    while path:
        page = own.read(path)
        shown += re.findall(r'<h3><a href="/accreditations/([^"]+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1] if following else ""
    assert len(shown) == 5
    assert set(shown) == held
    assert theirs not in shown


def test_the_list_of_accreditations_takes_the_same_few_queries(own: Desk) -> None:
    counts = []
    for number in (1, 4):
        for _ in range(number):
            factories.make_accreditation(own.college, factories.make_agency())
        with CaptureQueriesContext(connection) as queries:
            own.read("/desk/own/accreditations")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "path", ["/desk/own", "/desk/own/accreditations", "/desk/credentials", "/desk/batches", "/desk/credentials/revoke"]
)
def test_agencies_issue_nothing(desk: Desk, path: str) -> None:
    assert desk.client.get(path).status_code == 403


def test_an_operator_withdraws_for_an_issuer_it_names(desk: Desk) -> None:
    client = desk.act_as("operator")
    assert client.get("/desk/credentials/revoke")["Location"] == "/desk/issuers"
    told: dict[str, Any] = {"commitments": "a" * 64, "reason": "fraud", "issuer": desk.college}
    assert desk.draft("/desk/credentials/revoke", **told).said["issuer"] == desk.college
    assert f"issuer={desk.college}" in desk.read(f"/desk/credentials?issuer={desk.college}")
