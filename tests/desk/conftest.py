"""A register with two agencies and two issuers, and people who work at its desk."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.core.cache import cache

from register.access.acting import Acting
from register.access.models import Membership
from tests import factories
from tests.people import make_member


@dataclass
class Desk:
    """Ids of what there is, and who works here."""

    agency: str
    other_agency: str
    issuer: str
    other_issuer: str
    officer: Acting
    approver: Acting
    stranger: Acting
    operator: Acting

    def granting(self, **fields: object) -> dict[str, object]:
        """What a grant says."""
        return {
            "issuer": self.issuer,
            "agency": self.agency,
            "valid_from": "2024-01-01",
            "scope": {"eqf_levels": [6]},
            **fields,
        }


def acting_as(membership: Membership) -> Acting:
    """The person of a membership, as views see them."""
    row = membership
    return Acting(row.pk, row.user_id, row.user.email, row.role, row.organisation, row.approves, row.demonstration)


def make_desk() -> Desk:
    """Open a register and make its people."""
    cache.clear()
    factories.open_register()
    agency, other = factories.make_agency(names={"en": "Quality Board"}), factories.make_agency()
    issuer = factories.make_issuer(names={"en": "Harbour College", "nl": "Havenhogeschool"})
    return Desk(
        agency=agency,
        other_agency=other,
        issuer=issuer,
        other_issuer=factories.make_issuer(names={"en": "Mill Academy"}),
        officer=acting_as(make_member("agency", agency, email="officer@board.example")),
        approver=acting_as(make_member("agency", agency, approves=True, email="approver@board.example")),
        stranger=acting_as(make_member("agency", other, approves=True, email="stranger@other.example")),
        operator=acting_as(make_member("operator", email="operator@node.example")),
    )


@pytest.fixture
def desk(db: None) -> Desk:
    """A small register in one transaction."""
    return make_desk()


@pytest.fixture
def lasting_desk(transactional_db: None) -> Desk:
    """A small register in a database whose transactions commit, as receipts and several connections need."""
    return make_desk()
