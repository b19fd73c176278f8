"""Pages about what recognised peers record: whose it is, where from, and one page for one institution."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone

from ledger import publish, reader, writer
from register import commands, payloads
from register.projection import catch_up
from register.queries.peers import list_peers
from tests import factories
from tests.factories import OPERATOR
from tests.register import peering
from tests.site.test_pages import count_queries, words

pytestmark = pytest.mark.django_db
ROR = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}
KEY = "did:web:shared.example"


@pytest.fixture
def client(db: None) -> Client:
    cache.clear()
    factories.open_register(("NL", "LU"), name="Register of home")
    return Client()


def abroad(directory: Path, territory: tuple[str, ...] = ("BE",), key: str = "", **issuer: Any) -> dict[str, str]:
    """A peer with one accredited issuer, recognised."""
    with peering.peer_register(directory, territory, name="National register of BE") as origin:
        agency = factories.make_agency(country="BE", names={"en": "Agency abroad"})
        college = factories.make_issuer(**{"country": "BE", "names": {"en": "College abroad"}, **issuer})
        granted = factories.make_accreditation(college, agency, scope={"eqf_levels": [6]})
        programme = factories.make_programme(college, eqf_level=6)
        if key:
            factories.make_key(college, value=key)
        url = f"{settings.ASSAY_BASE_URL}/issuers/{college}"
    peering.recognise(origin)
    things = {"agency": agency, "issuer": college, "accreditation": granted, "programme": programme}
    return {"origin": origin, "url": url, **things}


def at_home(**issuer: Any) -> str:
    issuer_id = factories.make_issuer(**{"names": {"en": "College at home"}, **issuer})
    publish.cover(settings.ASSAY_ORIGIN)
    return issuer_id


def read(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, (path, response.content)
    return response.content.decode()


def test_an_issuer_of_a_peer_has_a_page_that_says_whose_it_is(client: Client, tmp_path: Path) -> None:
    theirs = abroad(tmp_path, identifiers=[ROR])
    page = read(client, f"/issuers/{theirs['issuer']}")
    assert (
        "Recorded by National register of BE , not by this register; copied and verified here up to entry 4"
        in words(page)
    )
    assert "Entitled today to award bachelor credentials" in words(page)
    assert f'href="{theirs["url"]}"' in page
    assert "Register of home" in page
    kept_up = page.partition('id="keep-up"')[2].partition("</section>")[0]
    assert f'<a href="{theirs["url"]}" rel="nofollow noopener">Follow it at the register that records it' in kept_up
    assert "/follow" not in kept_up
    for named in (theirs["url"], "ror:04dkp9463"):
        answer = client.get(f"/issuers/{named}")
        assert answer.headers["Location"] == f"/issuers/{theirs['issuer']}", named


@pytest.mark.parametrize("kind", ["agency", "accreditation", "programme"])
def test_what_the_page_links_to_has_pages_with_proof_from_the_mirror(client: Client, tmp_path: Path, kind: str) -> None:
    theirs = abroad(tmp_path)
    path = {"agency": "agencies", "accreditation": "accreditations", "programme": "programmes"}[kind]
    page = read(client, f"/{path}/{theirs[kind]}")
    assert "Recorded by National register of BE" in words(page)
    mirror = f"/mirror/{hashlib.sha256(theirs['origin'].encode()).hexdigest()}/receipt/"
    assert mirror in page
    address = page.partition(mirror)[2].partition('"')[0]
    assert client.get(f"{mirror}{address}").status_code == 200
    assert "College abroad" in page


def test_an_entry_of_a_peer_is_shown_with_its_key_and_receipt(client: Client, tmp_path: Path) -> None:
    theirs = abroad(tmp_path)
    path = f"/ledger/entries/2?register={theirs['origin'].replace('/', '%2F')}"
    page = read(client, path)
    assert "An entry of National register of BE , not of this register" in words(page)
    assert "College abroad" in page
    assert f'data-vkey="{theirs["origin"]}+' in page
    (link,) = re.findall(r'<a href="(/api/v1/events/2[^"]*)">This page as JSON', page)
    assert json.loads(client.get(link).content)["origin"] == theirs["origin"]
    told = json.loads(client.get(path, headers={"Accept": "application/json"}).content)
    assert (told["origin"], told["index"]) == (theirs["origin"], 2)
    assert told["receipt"].startswith("c2sp.org/tlog-proof@v1")
    read(client, "/ledger/entries/2?register=nobody.example/ledger", 400)


def test_an_entry_of_a_peer_leads_to_its_accreditation_in_that_register(client: Client, tmp_path: Path) -> None:
    theirs = abroad(tmp_path)
    register = f"?register={theirs['origin'].replace('/', '%2F')}"
    address = f"/accreditations/{theirs['accreditation']}{register}"
    assert f'<a href="{address}">The accreditation</a>' in read(client, f"/ledger/entries/3{register}")
    assert "Recorded by National register of BE" in words(read(client, address))


def test_a_peer_no_longer_recognised_has_no_pages_here(client: Client, tmp_path: Path) -> None:
    theirs = abroad(tmp_path)
    read(client, f"/issuers/{theirs['issuer']}")
    peering.withdraw(list_peers()[0].id)
    for path in ("issuers", "agencies", "accreditations", "programmes"):
        kind = {"issuers": "issuer", "agencies": "agency"}.get(path, path[:-1])
        read(client, f"/{path}/{theirs[kind]}", 404)
    assert "College abroad" not in read(client, "/issuers?q=college")


def test_one_institution_in_two_registers_has_one_page_and_is_listed_once(client: Client, tmp_path: Path) -> None:
    """Our register speaks for Luxembourg as well as theirs, and ours comes first."""
    theirs = abroad(tmp_path, ("LU",), country="LU", identifiers=[ROR])
    ours = at_home(country="LU", identifiers=[ROR])
    pages = [words(read(client, f"/issuers/{one}")) for one in (ours, theirs["issuer"])]
    for page in pages:
        assert page.index("College at home") < page.index("Also recorded by National register of BE")
        assert "Entitled today to award bachelor credentials" in page
        assert "Both records hold" in page
        assert "conflict" not in page
    found = read(client, "/issuers?q=college")
    assert found.count("<h3><a ") == 1
    assert "Also recorded by National register of BE" in words(found)
    assert f"/issuers/{ours}" in found


def test_the_record_of_whoever_speaks_for_the_country_leads(client: Client, tmp_path: Path) -> None:
    theirs = abroad(tmp_path, identifiers=[ROR])
    with peering.peer_register(tmp_path, ("FR",), name="Register of FR") as origin:
        told = {"names": {"en": "College abroad, claimed"}, "country": "BE", "identifiers": [ROR]}
        claimed = peering.slip_in(origin, "issuer.registered", "issuers", told)
    peering.recognise(origin)
    for one in (theirs["issuer"], claimed):
        page = words(read(client, f"/issuers/{one}"))
        assert "Recorded by National register of BE" in page
        assert page.index("Entitled today") < page.index("Also recorded by Register of FR")
        assert "set aside: outside its territory" in page
    assert "<h3><a" not in read(client, "/issuers?q=claimed")


def test_claims_for_different_countries_are_shown_as_a_conflict_and_merge_nothing(
    client: Client, tmp_path: Path
) -> None:
    ours = at_home(identifiers=[ROR])
    factories.make_accreditation(ours, factories.make_agency())
    publish.cover(settings.ASSAY_ORIGIN)
    theirs = abroad(tmp_path, identifiers=[ROR])
    page = words(read(client, f"/issuers/{ours}"))
    assert "Entitled today" in page
    assert (
        "But National register of BE records ror:https://ror.org/04dkp9463 for College abroad in Belgium (BE)" in page
    )
    assert "The two registers contradict each other" in page
    other = words(read(client, f"/issuers/{theirs['issuer']}"))
    assert other.index("College abroad") < other.index("Also recorded by this register")
    found = read(client, "/issuers?q=college")
    assert found.count("<h3><a ") == 2
    assert "Also recorded by" not in found


def test_a_no_says_who_claims_the_identifier_for_another_country(client: Client, tmp_path: Path) -> None:
    ours = at_home(identifiers=[ROR])
    abroad(tmp_path, identifiers=[ROR])
    page = words(read(client, f"/issuers/{ours}"))
    assert "Not entitled today: no accreditation is recorded" in page
    assert "But National register of BE records ror:https://ror.org/04dkp9463 for College abroad" in page


def test_a_key_bound_to_two_institutions_is_shown_as_a_conflict(client: Client, tmp_path: Path) -> None:
    theirs = abroad(tmp_path, key=KEY)
    ours = at_home()
    assert "One of the two is wrong" not in read(client, f"/issuers/{theirs['issuer']}")
    factories.make_key(ours, value=KEY)
    publish.cover(settings.ASSAY_ORIGIN)
    assert "National register of BE records this key for College abroad" in words(read(client, f"/issuers/{ours}"))
    assert "This register records this key for College at home" in words(read(client, f"/issuers/{theirs['issuer']}"))


def test_what_a_peer_files_under_an_id_of_ours_changes_no_page_of_ours(client: Client, tmp_path: Path) -> None:
    ours = at_home()
    with peering.peer_register(tmp_path) as origin:
        told = {"names": {"en": "Shadow"}, "country": "BE"}
        peering.slip_in(origin, "issuer.registered", "issuers", told, ours)
        url = f"{settings.ASSAY_BASE_URL}/issuers/{ours}"
    peering.recognise(origin)
    assert "Shadow" not in read(client, f"/issuers/{ours}")
    there = client.get(f"/issuers/{url}").headers["Location"]
    assert "Shadow" in read(client, there)
    assert "Shadow" not in read(client, "/issuers?q=shadow").partition("results")[2].partition("hits")[2]


def test_a_peers_record_is_shown_as_it_was_known(client: Client, tmp_path: Path) -> None:
    theirs = abroad(tmp_path)
    origin = settings.ASSAY_ORIGIN
    assert "Entitled" in read(client, f"/issuers/{theirs['issuer']}?at=2024-01-01")
    read(client, f"/issuers/{theirs['issuer']}?known_at={origin}@1", 404)
    read(client, f"/accreditations/{theirs['accreditation']}?known_at={origin}@1", 404)


def test_the_number_of_queries_does_not_grow_with_what_peers_record(client: Client, tmp_path: Path) -> None:
    abroad(tmp_path)
    before = count_queries(client, "/issuers?q=college"), count_queries(client, "/issuers")
    with peering.peer_register(tmp_path, ("FR",)) as origin:
        for _ in range(6):
            factories.make_issuer(country="FR")
    peering.recognise(origin)
    assert (count_queries(client, "/issuers?q=college"), count_queries(client, "/issuers")) == before


def test_agencies_of_peers_are_listed_with_who_recognises_them(client: Client, tmp_path: Path) -> None:
    theirs = abroad(tmp_path)
    page = words(read(client, "/agencies"))
    assert "Agency abroad" in page
    assert "recognised by National register of BE" in page
    with peering.peer_register(tmp_path, ("FR",)):
        commands.recognise_agency(
            payloads.AgencyTerms.model_validate(
                {"names": {"en": "Hidden"}, "country": "FR", "valid_from": "2020-01-01"}
            ),
            actor=OPERATOR,
        )
    assert "Hidden" not in read(client, "/agencies")
    assert "Agency abroad" in read(client, f"/agencies?register={theirs['origin']}")


@pytest.mark.parametrize("data", [b"\xff\x00{", b"[" * 5000, b'"\\ud800"', b"{}"])
def test_an_entry_that_is_no_event_is_shown_as_it_is(client: Client, tmp_path: Path, data: bytes) -> None:
    with peering.peer_register(tmp_path) as origin:
        peering.disown(origin)
        writer.extend(origin, reader.get_log(origin).size, [data])
        with override_settings(ASSAY_BASE_URL="http://home.example"):
            catch_up(origin)
        peering.disown(origin, own=True)
    peering.recognise(origin)
    path = f"/ledger/entries/1?register={origin.replace('/', '%2F')}"
    assert "cannot read" in read(client, path)
    told = json.loads(client.get(path, headers={"Accept": "application/json"}).content)
    assert base64.b64decode(told["data_base64"]) == data if "data_base64" in told else told["data"].encode() == data


def test_the_check_of_receipts_knows_the_keys_of_recognised_peers(client: Client, tmp_path: Path) -> None:
    peer = abroad(tmp_path)
    page = read(client, "/verify")
    (record,) = list_peers()
    for origin, register, vkey in (
        (settings.ASSAY_ORIGIN, "", ""),
        (peer["origin"], peer["origin"], record.vkeys[0]),
    ):
        start = f'<span data-origin="{origin}" data-register="{register}" data-vkeys="{vkey}'
        assert start in page


def test_the_code_of_a_peers_issuer_leads_to_its_own_register(client: Client, tmp_path: Path) -> None:
    peer = abroad(tmp_path)
    path = f"/issuers/{peer['issuer']}/qr.svg"
    assert f"{peer['url']}</title>" in read(client, f"{path}?register={peer['origin']}")
    assert f"qr.svg?register={peer['origin'].replace('/', '%2F')}" in read(client, f"/issuers/{peer['issuer']}")


def test_what_ends_next_at_a_peer_is_named_as_the_peer_names_it(client: Client, tmp_path: Path) -> None:
    until = (timezone.now() + timedelta(days=40)).date().isoformat()
    with peering.peer_register(tmp_path, ("BE",)) as origin:
        college = factories.make_issuer(country="BE", names={"en": "College abroad"})
        agency = factories.make_agency(country="BE", names={"en": "Agency abroad"})
        factories.make_accreditation(college, agency, valid_until=until)
    peering.recognise(origin)
    ours = at_home()
    factories.make_accreditation(ours, factories.make_agency(names={"en": "Agency at home"}), valid_until=until)
    cache.clear()
    table = read(client, "/figures").partition('id="next"')[2]
    assert f'href="/issuers/{college}"' in table
    assert f'href="/issuers/{ours}"' in table
    for name in ("College abroad", "Agency abroad", "College at home", "Agency at home"):
        assert name in words(table)


def test_a_country_that_only_a_peer_speaks_for_is_followed_there_and_not_here(client: Client, tmp_path: Path) -> None:
    abroad(tmp_path)
    assert "/follow?country=BE" not in read(client, "/countries/BE")
    assert "/follow?country=NL" in read(client, "/countries/NL")
