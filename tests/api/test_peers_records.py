"""The API gives what recognised peers record, says whose it is, and lets nobody change it here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache

from ledger import publish
from tests import factories
from tests.api.callers import Caller, check_problem, make_caller
from tests.register import peering

pytestmark = pytest.mark.django_db
ROR = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}


@pytest.fixture(autouse=True)
def register(db: None) -> None:
    cache.clear()
    factories.open_register(("NL", "LU"))


@pytest.fixture
def theirs(tmp_path: Path) -> dict[str, str]:
    """A peer with one of each."""
    with peering.peer_register(tmp_path, ("BE",), name="National register of BE") as origin:
        agency = factories.make_agency(country="BE")
        issuer = factories.make_issuer(country="BE", identifiers=[ROR], names={"en": "College abroad"})
        things = {
            "agencies": agency,
            "issuers": issuer,
            "accreditations": factories.make_accreditation(issuer, agency),
            "programmes": factories.make_programme(issuer),
            "mandates": factories.make_mandate(issuer, factories.make_issuer(country="BE")),
        }
        key = factories.make_key(issuer)
    peering.recognise(origin)
    return {"origin": origin, "key": key, **things}


def get(path: str) -> Any:
    answer = Caller().get(path)
    assert answer.status == 200, (path, answer.body)
    return answer.body


@pytest.mark.parametrize("kind", ["agencies", "issuers", "accreditations", "programmes", "mandates"])
def test_each_thing_is_given_and_listed_with_its_register(theirs: dict[str, str], kind: str) -> None:
    one = get(f"/api/v1/{kind}/{theirs[kind]}")
    assert (one["id"], one["register"]) == (theirs[kind], theirs["origin"])
    assert get(f"/api/v1/{kind}/{theirs[kind]}?register={theirs['origin']}") == one
    listed = {item["id"]: item["register"] for item in get(f"/api/v1/{kind}")["items"]}
    assert listed[theirs[kind]] == theirs["origin"]
    assert get(f"/api/v1/{kind}?register={settings.ASSAY_ORIGIN}")["items"] == []
    check_problem(Caller().get(f"/api/v1/{kind}?register=nobody.example"), 400, "invalid", "register")
    check_problem(
        Caller().get(f"/api/v1/{kind}/{theirs[kind]}?register={settings.ASSAY_ORIGIN}"), 404, f"{one_of(kind)}_unknown"
    )


def one_of(kind: str) -> str:
    return {"agencies": "agency"}.get(kind, kind.removesuffix("s"))


def test_an_issuer_is_given_with_what_belongs_to_it_and_by_any_identifier(theirs: dict[str, str]) -> None:
    told = get(f"/api/v1/issuers/{theirs['issuers']}")
    assert get("/api/v1/issuers/ror:04dkp9463") == told
    assert [key["register"] for key in told["keys"]] == [theirs["origin"]]
    assert get(f"/api/v1/issuers/{theirs['issuers']}/keys/{theirs['key']}")["register"] == theirs["origin"]
    (granted,) = get(f"/api/v1/issuers/{theirs['issuers']}/accreditations")["items"]
    assert (granted["id"], granted["register"]) == (theirs["accreditations"], theirs["origin"])
    assert {item["register"] for item in get("/api/v1/issuers?q=abroad")["items"]} == {theirs["origin"]}


def test_its_history_is_that_of_its_ledger_and_can_be_proven_here(theirs: dict[str, str]) -> None:
    items = get(f"/api/v1/issuers/{theirs['issuers']}/history")["items"]
    assert {item["origin"] for item in items} == {theirs["origin"]}
    registered = items[-1]
    assert registered["after"]["register"] == theirs["origin"]
    entry = get(registered["url"].removeprefix(settings.ASSAY_BASE_URL))
    assert (entry["origin"], entry["index"]) == (theirs["origin"], registered["index"])
    receipt = Caller().get(registered["receipt"].removeprefix(settings.ASSAY_BASE_URL))
    assert receipt.content.decode() == entry["receipt"]
    assert len(get(f"/api/v1/events?register={theirs['origin']}")["items"]) > len(items)


def test_our_own_records_say_that_they_are_ours_and_name_theirs(theirs: dict[str, str]) -> None:
    ours = factories.make_issuer(identifiers=[ROR])
    publish.cover(settings.ASSAY_ORIGIN)
    told = get(f"/api/v1/issuers/{ours}")
    assert told["register"] == settings.ASSAY_ORIGIN
    assert [also["origin"] for also in told["also"]] == [theirs["origin"]]
    assert get("/api/v1/issuers/ror:04dkp9463")["id"] == ours
    there = get(f"/api/v1/issuers/{theirs['issuers']}")
    assert [also["origin"] for also in there["also"]] == [settings.ASSAY_ORIGIN]


def test_what_was_set_aside_is_listed_for_whoever_asks(tmp_path: Path) -> None:
    with peering.peer_register(tmp_path, ("FR",)) as origin:
        told = {"names": {"en": "Claimed"}, "country": "NL"}
        claimed = peering.slip_in(origin, "issuer.registered", "issuers", told)
    peering.recognise(origin)
    assert get("/api/v1/issuers")["items"] == []
    (item,) = get("/api/v1/issuers?set_aside=true")["items"]
    assert (item["id"], item["quarantine"]) == (claimed, "outside_territory")
    check_problem(Caller().get("/api/v1/issuers?set_aside=yes"), 400, "invalid", "set_aside")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("issuers/{issuers}/amend", {"website": "https://www.example.org"}),
        ("issuers/{issuers}/close", {"effective_from": "2024-01-01", "reason": "quality"}),
        ("agencies/{agencies}/withdraw", {"effective_from": "2024-01-01", "reason": "quality"}),
        ("accreditations/{accreditations}/revoke", {"effective_from": "2024-01-01", "reason": "quality"}),
        ("programmes/{programmes}/close", {"effective_from": "2024-01-01", "reason": "quality"}),
    ],
)
def test_a_peers_thing_is_changed_at_the_peer(theirs: dict[str, str], path: str, body: dict[str, Any]) -> None:
    answer = make_caller("operator").post(f"/api/v1/{path.format(**theirs)}", body)
    kind = path.partition("/")[0]
    problem = check_problem(answer, 404, f"{one_of(kind)}_unknown", "")
    assert "is recorded by National register of BE and can be changed there only: http://peer" in problem["detail"]


def test_a_grant_to_a_peers_issuer_names_the_register_to_go_to(theirs: dict[str, str]) -> None:
    agency = factories.make_agency()
    body = {"issuer": theirs["issuers"], "agency": agency, "valid_from": "2024-01-01"}
    problem = check_problem(
        make_caller("operator").post("/api/v1/accreditations", body), 422, "issuer_unknown", "issuer"
    )
    assert "recorded by National register of BE" in problem["detail"]
    stranger = body | {"issuer": "01890a5d-ac96-774b-bcce-b302099a8057"}
    problem = check_problem(make_caller("operator").post("/api/v1/accreditations", stranger), 422, "issuer_unknown")
    assert "recorded by" not in problem["detail"]
