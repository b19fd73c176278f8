"""A register with an agency, two people of it and issuers, for tests of bulk intake."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from register import commands
from register.access.acting import Acting
from register.access.models import Membership
from register.payloads import IssuerTerms
from register.uploads import checking, handing_in, publishing
from register.uploads.models import Upload
from tests.factories import OPERATOR, make_agency, open_register
from tests.people import make_member


@dataclass(frozen=True)
class Desk:
    """An agency's desk: its officer, the one who approves, and the PICs of issuers."""

    agency: str
    officer: Acting
    approver: Acting
    issuers: list[str]


def acting(member: Membership) -> Acting:
    return Acting(
        member.pk, member.user_id, member.user.email, member.role, member.organisation, member.approves, False
    )


def open_desk() -> Desk:
    """Open a register with an agency, two people of it and fifty colleges."""
    open_register(("NL", "BE"))
    agency = make_agency(acronym="AQA", scope={"jurisdictions": ["NL", "BE"]})
    pics = [f"{999000000 + number}" for number in range(50)]
    terms = [
        IssuerTerms.model_validate(
            {"names": {"en": f"College {pic}"}, "country": "NL", "identifiers": [{"scheme": "pic", "value": pic}]}
        )
        for pic in pics
    ]
    commands.register_issuers(terms, actor=OPERATOR)
    officer = acting(make_member("agency", agency, email="officer@agency.example"))
    approver = acting(make_member("agency", agency, approves=True, email="approver@agency.example"))
    return Desk(agency, officer, approver, pics)


@pytest.fixture
def desk(db: None) -> Desk:
    """A small register in one transaction."""
    return open_desk()


def bring(desk: Desk, data: bytes, name: str = "decisions.csv") -> Upload:
    """Hand a file in and let the worker do all it can do by itself."""
    upload = handing_in.hand_in(desk.officer, name, data)
    if handing_in.read(upload.pk):
        upload.refresh_from_db()
        checking.check(upload.pk, upload.run)
    upload.refresh_from_db()
    return upload


def release(desk: Desk, upload: Upload, partial: bool = False) -> Upload:
    """Publish as the officer, with the approver where one is needed, and let the worker do it."""
    publishing.request(desk.officer, upload, partial, publishing.digest_of(upload))
    if upload.state == "waiting":
        publishing.approve(desk.approver, upload, publishing.digest_of(upload))
    publishing.publish(upload.pk)
    upload.refresh_from_db()
    return upload
