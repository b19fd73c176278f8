"""The public page of a programme: who stands behind it, link by link, and which elements it states."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from register import commands
from tests import factories
from tests.desk_things.conftest import Desk, words

CHAIN = re.compile(r'<ol class="chain">(.*?)</ol>', re.DOTALL)
LINK = re.compile(r'<li data-tone="(\w+)">(.*?)</li>', re.DOTALL)


def chain_of(programme: str) -> list[tuple[str, str]]:
    """Return tone and words of each link on the page."""
    page = Client().get(f"/programmes/{programme}").content.decode()
    return [(tone, words(link)) for tone, link in LINK.findall(CHAIN.findall(page)[0])]


def test_the_chain_leads_from_the_register_to_all_who_award(signed_desk: Desk) -> None:
    programme = factories.make_programme(
        signed_desk.college, awarding_bodies=[signed_desk.college, signed_desk.academy]
    )
    factories.make_accreditation(signed_desk.college, signed_desk.agency, scope={"programmes": [programme]})
    factories.make_key(signed_desk.college)
    sealer = factories.make_issuer(names={"en": "Seal House"})
    factories.make_mandate(signed_desk.college, sealer)
    links = chain_of(programme)
    assert [tone for tone, _ in links] == ["good"] * 6
    told = ["Register of tests", "Agency of tests", "Institutional", "Muziekcollege", "Academy of Song", "Seal House"]
    assert all(word in link for word, (_, link) in zip(told, links, strict=True))
    assert "names this very programme" in links[2][1]
    assert "1 key is on record" in links[3][1]


def test_what_breaks_the_chain_is_said(signed_desk: Desk) -> None:
    programme = factories.make_programme(signed_desk.college, credential_type="micro-credential")
    links = chain_of(programme)
    assert (links[1][0], "No accreditation in force covers it." in links[1][1]) == ("bad", True)
    assert (links[2][0], "No key of it is on record" in links[2][1]) == ("warn", True)
    granted = factories.make_accreditation(signed_desk.college, signed_desk.agency, scope={"programmes": [programme]})
    assert chain_of(programme)[2][0] == "good"
    ending = factories.ending("2021-01-01", "fraud")
    commands.revoke_accreditation(granted, ending, actor=factories.as_agency(signed_desk.agency))
    broken = chain_of(programme)
    assert [tone for tone, _ in broken[:4]] == ["good", "bad", "good", "bad"]
    assert "revoked" in broken[3][1]


@pytest.mark.parametrize(("kind", "told"), [("micro-credential", True), ("bachelor-degree", False)])
def test_a_micro_credential_is_held_against_the_standard(desk: Desk, kind: str, told: bool) -> None:
    programme = factories.make_programme(desk.college, credential_type=kind, ects="5")
    page = words(Client().get(f"/programmes/{programme}").content.decode())
    assert ("6 of the 11 mandatory elements" in page) is told


def test_anchored_batches_are_shown_with_the_way_to_their_entries(signed_desk: Desk) -> None:
    programme = factories.make_programme(
        signed_desk.college, awarding_bodies=[signed_desk.college, signed_desk.academy]
    )
    address = f"/programmes/{programme}"
    assert "Anchored batches" not in Client().get(address).content.decode()
    factories.make_batch(signed_desk.college, count=1234, programme=programme)
    factories.make_batch(signed_desk.academy, count=1, programme=programme)
    factories.make_batch(signed_desk.college, count=77)
    page = words(Client().get(address).content.decode())
    assert "Anchored batches" in page
    assert "1,234 credentials" in page
    assert "one credential · Academy of Song" in page
    assert "77 credentials" not in page
    entries = re.findall(r'<h3><a href="(/ledger/entries/\d+)">', Client().get(address).content.decode())
    told = words(Client().get(entries[0]).content.decode())
    assert "anchored a batch of 1,234 credentials" in told
    assert "Programme: Programme" in told


def test_the_page_takes_as_many_queries_however_long_the_chain(signed_desk: Desk) -> None:
    programme = factories.make_programme(signed_desk.college)
    counts = []
    for number in (1, 4):
        for _ in range(number):
            factories.make_accreditation(signed_desk.college, factories.make_agency())
            factories.make_mandate(signed_desk.college, factories.make_issuer())
            factories.make_batch(signed_desk.college, programme=programme)
        Client().get(f"/programmes/{programme}")
        with CaptureQueriesContext(connection) as queries:
            chain_of(programme)
        counts.append(len(queries))
    assert counts[0] == counts[1]
