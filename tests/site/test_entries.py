"""Entries as pages list them: what replaces them, what they are about, where those are that a page leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import quote

import pytest

from register import commands
from register.payloads import AccreditationChanges, AgencyChanges, ProgrammeChanges, RelationTerms
from register.queries.selecting import Page
from register.queries.single import HistoryItem
from register.site.directory import shorten_id
from register.site.entries import find_older
from register.site.links import carrying
from tests import factories
from tests.site.conftest import Register
from tests.site.test_pages import commands_index, read, words

PEER = "register.be.example/ledger"
SHOWN = 40
"""Entries that an issuer's page shows of its history."""


def tell_item(page: str, index: int) -> str:
    """Return the words of the item of a history that stands for an entry."""
    place = f'<a class="small nowrap" href="/ledger/entries/{index}">'
    (item,) = [one for one in re.findall(r"<li>.*?</li>", page, re.S) if place in one]
    return words(item)


def correct(register: Register, entry: int, level: int) -> int:
    """Correct the levels that an entry of the accreditation stated; return the index of the correction."""
    said = {"corrects": entry, "scope": {"eqf_levels": [level]}, "reason": "administrative_error"}
    terms = AccreditationChanges.model_validate(said)
    commands.amend_accreditation(register.accreditation, terms, actor=factories.as_agency(register.agency))
    return commands_index(register, "accreditation.amended")


def find_grant(register: Register) -> int:
    """Return the index of the entry that granted the accreditation of the register's issuer."""
    page = read(register, f"/ledger?subject={register.accreditation}&type=accreditation.granted")
    return int(re.findall(r'href="/ledger/entries/(\d+)">entry', page)[0])


def test_a_replaced_entry_says_so_wherever_it_is_shown(register: Register) -> None:
    grant = find_grant(register)
    correct(register, grant, 5)
    newest = correct(register, grant, 4)
    told = f"Replaced by entry {newest} ."
    for path in (f"/issuers/{register.issuer}", f"/accreditations/{register.accreditation}", "/ledger"):
        page = read(register, path)
        assert told in tell_item(page, grant), path
        assert "Replaced by" not in tell_item(page, newest), path
    assert told in tell_item(read(register, f"/ledger?subject={register.issuer}&before={grant + 1}"), grant)
    assert told in words(read(register, f"/ledger/entries/{grant}"))
    assert "Replaced by" not in read(register, f"/ledger/entries/{newest}")


def test_what_another_thing_corrects_is_not_taken_for_replaced(register: Register) -> None:
    grant = find_grant(register)
    said = {"website": "https://www.agency.example"}
    commands.amend_agency(register.agency, AgencyChanges.model_validate(said), actor=factories.OPERATOR)
    for index in range(grant + 1):
        assert "Replaced by" not in read(register, f"/ledger/entries/{index}")


def test_an_earlier_knowledge_of_the_register_does_not_know_the_correction_yet(register: Register) -> None:
    grant = find_grant(register)
    correction = correct(register, grant, 5)
    page = read(register, f"/accreditations/{register.accreditation}?known_at=register.nl.example/ledger@{correction}")
    assert "Replaced by" not in page


def test_an_amendment_is_told_of_the_thing_that_was_amended_on_every_page(register: Register) -> None:
    scope = {"eqf_levels": [6], "programmes": [register.programme]}
    factories.make_accreditation(register.issuer, register.agency, kind="programme", scope=scope)
    changes = ProgrammeChanges.model_validate({"ects": "10"})
    commands.amend_programme(register.programme, changes, actor=factories.as_issuer(register.issuer))
    amended = commands_index(register, "programme.amended")
    told = [tell_item(read(register, path), amended) for path in (f"/issuers/{register.issuer}", "/ledger")]
    assert told[0] == told[1]
    assert f'About <a href="/programmes/{register.programme}">' in read(register, f"/issuers/{register.issuer}")


def list_shown(page: str) -> list[int]:
    """Return the indexes of the entries that a page lists, in their order."""
    return [int(index) for index in re.findall(r'<a class="small nowrap" href="/ledger/entries/(\d+)">', page)]


def find_link(page: str, text: str) -> str | None:
    """Return where the link with a text leads; None where there is none."""
    found = re.search(rf'href="([^"]+)"[^>]*>{text}<', page)
    return unescape(found[1]) if found else None


def test_what_a_history_leaves_out_is_one_link_away_and_nothing_is_lost_between(register: Register) -> None:
    page = read(register, f"/issuers/{register.issuer}")
    assert find_link(page, "Older entries") is None
    for number in range(SHOWN + 3):
        factories.make_batch(register.issuer, count=number + 1)
    concerning = read_all(register, f"/ledger?subject={register.issuer}")
    page = read(register, f"/issuers/{register.issuer}")
    address = find_link(page, "Older entries")
    assert address is not None
    assert "Issuer registered" not in page
    assert list_shown(page) + read_all(register, address) == concerning


def read_all(register: Register, address: str | None) -> list[int]:
    """Return the indexes of all entries of a list, page by page."""
    found: list[int] = []
    while address is not None:
        page = read(register, address)
        found += list_shown(page)
        address = find_link(page, "Older")
    return found


def test_the_explorer_lists_what_others_recorded_of_an_issuer_as_its_history_does(register: Register) -> None:
    related = factories.make_issuer(names={"en": "Faculty of tests"})
    relation = {"relation": "faculty_of", "other": register.issuer, "valid_from": "2023-01-01"}
    commands.relate_issuer(related, RelationTerms.model_validate(relation), actor=factories.OPERATOR)
    history = list_shown(read(register, f"/issuers/{register.issuer}"))
    assert history == list_shown(read(register, f"/ledger?subject={register.issuer}"))
    assert history[0] == commands_index(register, "issuer.related")


@pytest.mark.parametrize(
    ("kind", "origin", "leads"),
    [
        ("issuer", "register.nl.example/ledger", "/ledger?subject=x&before=7"),
        ("issuer", PEER, f"/api/v1/issuers/x/history?register={quote(PEER, safe='')}&after=7"),
        ("programme", "register.nl.example/ledger", "/ledger?subject=x&before=7"),
        ("programme", PEER, None),
    ],
)
def test_of_a_peers_copy_the_api_tells_the_rest(kind: str, origin: str, leads: str | None) -> None:
    nothing: list[HistoryItem] = []
    history = Page(nothing, "7")
    assert find_older(kind, "x", history, origin) == leads
    assert find_older(kind, "x", Page(history.items, None), origin) is None


def test_the_rest_of_a_peers_history_is_asked_for_at_the_dates_of_the_page() -> None:
    nothing: list[HistoryItem] = []
    with carrying({"known_at": "2024-01-01"}):
        address = find_older("issuer", "x", Page(nothing, "7"), PEER)
    assert address == f"/api/v1/issuers/x/history?known_at=2024-01-01&register={quote(PEER, safe='')}&after=7"


def test_of_very_many_programmes_and_mandates_the_page_leads_to_all(register: Register) -> None:
    path = f"/issuers/{register.issuer}"
    for _ in range(29):
        factories.make_programme(register.issuer)
    assert find_link(read(register, path), "All its programmes, as JSON") is None
    factories.make_programme(register.issuer)
    page = read(register, f"{path}?at=2024-03-01")
    assert page.count('<h3><a href="/programmes/') == 30
    address = find_link(page, "All its programmes, as JSON")
    assert address == f"/api/v1/programmes?issuer={register.issuer}&at=2024-03-01"
    assert len(register.client.get(address).json()["items"]) == 31


def test_every_entry_a_record_rests_on_has_its_receipt_on_the_page(register: Register) -> None:
    for number in range(14):
        said = {"website": f"https://www.agency{number}.example"}
        commands.amend_agency(register.agency, AgencyChanges.model_validate(said), actor=factories.OPERATOR)
    page = read(register, f"/agencies/{register.agency}")
    assert page.count('href="/ledger/receipt/') == 15
    assert "<summary>3 more</summary>" in page


@pytest.mark.parametrize(
    ("make", "type_", "named"),
    [
        (lambda register: factories.make_key(register.issuer), "key.bound", "The key"),
        (lambda register: factories.make_mandate(register.issuer, register.merged), "mandate.granted", "The mandate"),
        (lambda register: factories.make_batch(register.issuer), "credentials.anchored", "The batch"),
    ],
)
def test_a_thing_without_a_name_is_called_what_it_is(
    register: Register, make: Callable[[Register], str], type_: str, named: str
) -> None:
    uid = make(register)
    page = read(register, f"/ledger/entries/{commands_index(register, type_)}")
    things = words(page.partition('<ul class="plain small">')[2].partition("</ul>")[0])
    assert f"{named} · all entries about it : {named}" in things
    assert shorten_id(uid) not in things
    assert f'href="/ledger?subject={uid}"' in page


def test_a_withdrawal_of_credentials_names_no_thing_but_its_issuer(register: Register) -> None:
    terms = factories.withdrawal(register.issuer, factories.make_digest())
    commands.revoke_credentials(terms, actor=factories.as_issuer(register.issuer))
    page = read(register, f"/ledger/entries/{commands_index(register, 'credential.revoked')}")
    assert page.partition('<ul class="plain small">')[2].partition("</ul>")[0].count("<li>") == 1
