"""An open register with two agencies, two issuers, and callers of every role."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.cache import cache

from register import jobs
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


@pytest.fixture
def peers_on_loopback(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let peers be on this machine; nobody waits long for one, and nothing is put on a queue."""
    settings.ASSAY_PEER_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.ASSAY_PEER_SECONDS = 2
    monkeypatch.setattr(jobs, "enqueue", lambda task, *args, countdown=None: None)
