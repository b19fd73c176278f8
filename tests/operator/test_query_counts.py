"""The board's lists take as many queries for much as for little: what was set aside of peers, files of all desks."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from federation.sync import follow
from register import jobs
from register.uploads.models import READING, Upload
from tests import factories, ledgers
from tests.federation import cast
from tests.people import make_member, sign_in
from tests.site.test_pages import CountingCursor


@pytest.fixture
def operator(transactional_db: None, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Client:
    """An operator of an open register, whose statements are counted."""
    monkeypatch.setattr("ledger.database.psycopg.Cursor", CountingCursor)
    settings.ASSAY_PEER_NETWORKS = [ip_network("127.0.0.0/8")]
    monkeypatch.setattr(jobs, "enqueue", lambda *_, **__: None)  # nobody empties the broker
    cache.clear()
    factories.open_register()
    client = Client()
    sign_in(client, "operator")
    return client


def count(client: Client, path: str, shown: str) -> int:
    """Return how many statements a page takes that shows a text."""
    CountingCursor.count = 0
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200
    assert shown in answer.content.decode()
    return len(captured) + CountingCursor.count


def follow_liar(code: str) -> None:
    """Follow a register that speaks of a country that is not its own."""
    peer = cast.open_country(code)
    peer.ledger.own = False  # its own rules are not ours
    for number in range(4):
        ledgers.register(peer.ledger, ledgers.make_id(0x700000 + number), country="SE")
    with cast.following(peer):
        follow(peer.origin)


def test_what_was_set_aside_costs_the_same_of_one_peer_and_of_many(operator: Client) -> None:
    follow_liar("de")
    few = count(operator, "/operator/quarantine", "Register DE")
    for code in ("fr", "be", "pl"):
        follow_liar(code)
    assert count(operator, "/operator/quarantine", "Register PL") == few


def hand_in(name: str) -> None:
    """Hand a file in at the desk of an agency of its own, by a person of its own."""
    agency = factories.make_agency(names={"en": f"Agency of {name}"})
    author = make_member("agency", agency, email=f"{name}@agency.example").user
    Upload.objects.create(role="agency", organisation=agency, author=author, name=f"{name}.csv", size=1, state=READING)


@pytest.mark.parametrize("path", ["/operator/imports", "/operator/imports?state=reading"])
def test_files_cost_the_same_of_one_desk_and_of_many(operator: Client, path: str) -> None:
    hand_in("first")
    few = count(operator, path, "first.csv")
    for number in range(6):
        hand_in(f"number{number}")
    assert count(operator, path, "Agency of number5") == few
