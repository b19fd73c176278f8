"""Once others have countersigned our checkpoint, everything this node says carries their lines."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from federation.announcement import announce
from ledger import publish
from ledger.signer import node_signers
from ledger.tlog.proof import check_proof, parse_proof
from tests import factories
from tests.federation.logs import DE, FR, Wire, Witness

pytestmark = pytest.mark.django_db


@pytest.fixture
def issuer() -> str:
    """An accredited issuer of a register whose ledger Germany and France have countersigned."""
    factories.open_register()
    issuer = factories.make_issuer()
    factories.make_accreditation(issuer, factories.make_agency())
    publish.cover(settings.ASSAY_ORIGIN)
    key = node_signers().log.verifier
    witnesses = [Witness(country, [key], int(time.time())) for country in (DE, FR)]
    for country in (DE, FR):
        country.follow()
    assert announce(client=Wire.between(*witnesses)).cosigned == (DE.origin, FR.origin)
    return issuer


def insist_on_both(receipt: str, data: bytes) -> None:
    keys = [node_signers().log.verifier, DE.witness.verifier, FR.witness.verifier]
    signed = check_proof(parse_proof(receipt), data, keys)
    assert {item.key for item in signed.cosignatures} == set(keys[1:])


def ask(issuer: str, **params: str) -> Any:
    url = f"{settings.ASSAY_BASE_URL}/issuers/{issuer}"
    answer = Client().get("/api/v1/trust", {"issuer": url, **params})
    assert answer.status_code == 200
    return answer.json()


def test_answers_bring_receipts_with_the_lines_of_both(issuer: str) -> None:
    answer = ask(issuer)
    assert answer["decision"] == "trusted"
    assert answer["evidence"]
    for item in answer["evidence"]:
        insist_on_both(item["receipt"], item["data"].encode())


def test_times_that_people_read_have_no_fractions(issuer: str) -> None:
    fresh = ask(issuer)["fresh"][settings.ASSAY_ORIGIN]
    assert "." not in fresh["checkpoint_time"]
    covered = ask(issuer, known_at=f"{settings.ASSAY_ORIGIN}@2")["fresh"][settings.ASSAY_ORIGIN]["covered_by"]
    assert "." not in covered["time"]
    assert "." not in Client().get("/ledger", headers={"Accept": "application/json"}).json()["checkpoint"]["time"]


def test_the_ledger_itself_serves_them(issuer: str) -> None:
    note = Client().get("/ledger/checkpoint").content
    for country in (DE, FR):
        assert country.witness.name.encode() in note
    entry = ask(issuer)["evidence"][0]
    receipt = Client().get(f"/ledger/receipt/{entry['index']}").content.decode()
    insist_on_both(receipt, entry["data"].encode())


@pytest.mark.parametrize("path", ["/ledger", "/issuers/{issuer}"])
def test_pages_count_them(issuer: str, path: str) -> None:
    page = Client().get(path.format(issuer=issuer)).content.decode()
    assert "2 other registers and witnesses have countersigned it." in page
