"""An open register with two agencies, two issuers, and callers of every role."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.core.cache import cache

from tests import factories
from tests.api.callers import Caller, make_caller


@dataclass
class World:
    """Ids of what there is, and who may call."""

    agency: str
    other_agency: str
    issuer: str
    other_issuer: str
    operator: Caller
    agent: Caller
    other_agent: Caller
    issuing: Caller
    other_issuing: Caller
    anybody: Caller

    def grant(self, **fields: object) -> dict[str, object]:
        """Return the body of a grant."""
        return {"issuer": self.issuer, "valid_from": "2024-01-01", "scope": {"eqf_levels": [6]}, **fields}


@pytest.fixture
def world(transactional_db: None) -> World:
    """A small register in a database whose transactions commit, as receipts need."""
    cache.clear()
    factories.open_register()
    agency, other_agency = factories.make_agency(), factories.make_agency()
    issuer, other_issuer = factories.make_issuer(), factories.make_issuer()
    return World(
        agency=agency,
        other_agency=other_agency,
        issuer=issuer,
        other_issuer=other_issuer,
        operator=make_caller("operator"),
        agent=make_caller("agency", agency),
        other_agent=make_caller("agency", other_agency),
        issuing=make_caller("issuer", issuer),
        other_issuing=make_caller("issuer", other_issuer),
        anybody=Caller(),
    )
