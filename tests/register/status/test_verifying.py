"""A badge whose status stands in one of our lists: whoever verifies it sees what its issuer said since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client

from register import commands
from register.credential_ports import NodeRegisters
from register.credentials.report import Report
from register.credentials.verification import verify
from tests import factories
from tests.credential_forge import PEN, badge, seal

pytestmark = pytest.mark.django_db
HOST = settings.ASSAY_BASE_URL.partition("://")[2]
ONE = "ab" * 32
PLACE = {"list": 3, "index": 94_567}


def fetch(url: str, *, limit: int = 0, types: Sequence[str] = ()) -> bytes:
    """The web as far as this node is it."""
    content: bytes = Client().get(url.removeprefix(f"https://{HOST}")).content
    return content


@pytest.fixture
def issuer(db: None) -> str:
    """An issuer that may award the badge, and signs with the pen."""
    factories.open_register()
    issuer = factories.make_issuer()
    factories.make_key(issuer, value=PEN.did)
    factories.make_accreditation(issuer, factories.make_agency())
    return issuer


def look(issuer: str) -> tuple[Report, set[str]]:
    status = [
        {
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": str(PLACE["index"]),
            "statusListCredential": f"https://{HOST}/status/{issuer}/{purpose}/{PLACE['list']}",
        }
        for purpose in ("revocation", "suspension")
    ]
    now = datetime.now(UTC)
    (report,) = verify(seal(badge(credentialStatus=status)), NodeRegisters(now), fetch, now=now)
    return report, {finding.code for finding in report.answers["still_valid"].findings}


def test_what_an_issuer_says_is_what_a_verifier_reads(issuer: str) -> None:
    report, found = look(issuer)
    assert (report.answers["still_valid"].outcome == "fail", "not_on_list" in found) == (False, True)
    told = factories.withdrawal(issuer, ONE, reason="under_review", status=[PLACE])
    commands.suspend_credentials(told, actor=factories.as_issuer(issuer))
    report, found = look(issuer)
    assert "suspended_by_list" in found
    lifted = factories.withdrawal(issuer, ONE, reason="administrative_error")
    commands.reinstate_credentials(lifted, actor=factories.as_issuer(issuer))
    assert not look(issuer)[1] & {"suspended_by_list", "revoked_by_list"}
    commands.revoke_credentials(factories.withdrawal(issuer, ONE), actor=factories.as_issuer(issuer))
    report, found = look(issuer)
    assert (report.verdict, "revoked_by_list" in found) == ("not_valid", True)


def test_another_place_in_the_list_says_nothing_about_this_badge(issuer: str) -> None:
    told = factories.withdrawal(issuer, ONE, status=[{**PLACE, "index": PLACE["index"] + 1}])
    commands.revoke_credentials(told, actor=factories.as_issuer(issuer))
    report, found = look(issuer)
    assert (report.answers["still_valid"].outcome == "fail", "not_on_list" in found) == (False, True)
