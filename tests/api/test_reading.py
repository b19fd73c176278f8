"""Reading: lists with cursors, single things by any identifier, histories and events, now or as they were known."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator

from ledger.reader import read_entry
from register.api.documentation import build_document
from tests import factories
from tests.api.callers import Caller, check_problem
from tests.api.conftest import World
from tests.statements import count_statements

ENDING = {"effective_from": "2025-06-01", "reason": "quality"}
ROR = "https://ror.org/04dkp9463"


def read(path: str) -> Any:
    """Read an address, insist that the answer is what the document says of it, and return it."""
    answer = Caller().get(path)
    assert answer.status == 200, answer.body
    document = build_document()
    paths = document["paths"]
    route = next(
        route for route in sorted(paths, key=lambda r: r.count("{")) if "get" in paths[route] and fits(route, path)
    )
    schema = paths[route]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer.body)
    return answer.body


def fits(route: str, path: str) -> bool:
    """Tell whether a path of the document is that of an address."""
    parts, given = route.split("/"), urlsplit(path).path.split("/")
    return len(parts) == len(given) and all(p.startswith("{") or p == g for p, g in zip(parts, given, strict=True))


def walk(path: str) -> list[Any]:
    """Read a list to its end, page by page."""
    found, pages = [], 0
    at: str | None = path
    while at:
        page = read(at)
        found += page["items"]
        at, pages = page["next"], pages + 1
        assert at is None or at.startswith("http://register.nl.example/api/v1/")
        assert pages < 100
        at = at.removeprefix("http://register.nl.example") if at else None
    return found


def test_a_list_is_read_to_its_end_once_each_whatever_the_page(world: World) -> None:
    for _ in range(5):
        factories.make_issuer()
    whole = [item["id"] for item in walk("/api/v1/issuers")]
    assert len(whole) == len(set(whole)) == 7
    for limit in (1, 2, 3, 7, 8):
        assert [item["id"] for item in walk(f"/api/v1/issuers?limit={limit}&country=NL")] == whole


def test_issuers_are_found_by_name_country_identifier_and_accreditation(world: World) -> None:
    named = factories.make_issuer(
        names={"fr": "École des Hautes Études"}, identifiers=[{"scheme": "ror", "value": ROR}]
    )
    factories.make_accreditation(named, world.agency, scope={"eqf_levels": [7]})

    def ids(query: str) -> list[str]:
        return [item["id"] for item in walk(f"/api/v1/issuers?{query}")]

    assert ids("q=ecole%20hautes") == [named]
    assert ids("q=hautes%20etudse") == [named]
    assert ids("identifier=ror:04dkp9463") == [named]
    assert ids(f"agency={world.agency}&eqf_level=7&status=accredited") == [named]
    assert ids("eqf_level=6&agency=" + world.agency) == []
    assert ids("country=BE") == []
    assert named not in ids("status=not_accredited")
    assert ids("status=accredited&at=2019-12-31") == []
    assert ids("q=nobody%20of%20this%20name") == []


def test_an_issuer_is_given_by_its_id_and_by_any_identifier(world: World) -> None:
    issuer = factories.make_issuer(identifiers=[{"scheme": "ror", "value": ROR}])
    key = factories.make_key(issuer, value="did:web:own.example")
    by_id = read(f"/api/v1/issuers/{issuer}")
    assert [one["id"] for one in by_id["keys"]] == [key]
    for name in ("ror:04dkp9463", "04dkp9463", "did:web:own.example"):
        answer = Caller().get(f"/api/v1/issuers/{name}")
        assert answer.body == by_id
        assert answer.headers["Content-Location"] == f"http://register.nl.example/api/v1/issuers/{issuer}"
    check_problem(Caller().get("/api/v1/issuers/ror:05a28rw58"), 404, "issuer_unknown")
    check_problem(Caller().get("/api/v1/issuers/nonsense"), 400, "invalid", "id")
    check_problem(Caller().get("/api/v1/issuers/%00"), 400, "invalid", "id")


def test_a_relation_is_shown_on_both_sides(world: World) -> None:
    relation = {"relation": "merged_into", "other": world.other_issuer, "valid_from": "2025-01-01"}
    written = world.agent.post(f"/api/v1/issuers/{world.issuer}/relate", relation)
    assert written.status == 201, written.body
    shown = {name: value for name, value in written.body.items() if name != "entry"}
    assert shown == read(f"/api/v1/issuers/{world.issuer}")
    for issuer in (world.issuer, world.other_issuer):
        (found,) = read(f"/api/v1/issuers/{issuer}")["relations"]
        assert (found["issuer"], found["other"]) == (world.issuer, world.other_issuer)


def test_a_write_answers_what_its_get_gives(world: World) -> None:
    for path, body in [
        ("/agencies", {"names": {"en": "A"}, "country": "NL", "valid_from": "2020-01-01"}),
        ("/issuers", {"names": {"en": "A"}, "country": "NL"}),
        ("/programmes", {"issuer": world.issuer, "titles": {"en": "A"}, "valid_from": "2020-01-01"}),
        ("/mandates", {"awarding_body": world.issuer, "sealer": world.other_issuer, "valid_from": "2020-01-01"}),
        ("/accreditations", world.grant(agency=world.agency)),
        ("/batches", {"issuer": world.issuer, "root": "ab" * 32, "count": 3, "tree_algorithm": "x"}),
        (f"/issuers/{world.issuer}/keys", {"kind": "did", "value": "did:web:a.example", "valid_from": "2020-01-01"}),
    ]:
        written = world.operator.post(f"/api/v1{path}", body)
        assert written.status == 201, written.body
        entry = written.body["entry"]
        got = read(f"/api/v1{path}/{written.body['id']}")
        assert {**got, "entry": entry} == written.body
        assert got in walk(f"/api/v1{path}") or path == "/issuers"


def test_things_are_given_as_they_were_known_and_as_they_stood(world: World) -> None:
    accreditation = factories.make_accreditation(world.issuer, world.agency)
    revoked = world.agent.post(f"/api/v1/accreditations/{accreditation}/revoke", ENDING)
    index = revoked.body["entry"]["index"]
    path, origin = f"/api/v1/accreditations/{accreditation}", settings.ASSAY_ORIGIN
    assert read(path)["state"] == "revoked"
    assert read(f"{path}?at=2025-05-31")["state"] == "in_force"
    before = read(f"{path}?known_at={origin}@{index}")
    assert (before["state"], "revocation" in before) == ("in_force", False)
    check_problem(Caller().get(f"{path}?known_at={origin}@{index - 1}"), 404, "accreditation_unknown")
    check_problem(Caller().get(f"{path}?known_at=2001-01-01"), 404, "accreditation_unknown")
    listed = f"/api/v1/issuers/{world.issuer}/accreditations"
    assert [one["state"] for one in read(listed)["items"]] == ["revoked"]
    assert [one["state"] for one in read(f"{listed}?known_at={origin}@{index}")["items"]] == ["in_force"]
    assert read(f"{listed}?status=in_force")["items"] == []
    assert len(read(f"{listed}?status=in_force&at=2025-01-01")["items"]) == 1


def test_a_history_tells_every_entry_newest_first_with_the_thing_after_it(world: World) -> None:
    accreditation = factories.make_accreditation(world.issuer, world.agency)
    world.agent.post(f"/api/v1/accreditations/{accreditation}/suspend", {**ENDING, "effective_from": "2025-01-01"})
    world.agent.post(f"/api/v1/accreditations/{accreditation}/revoke", ENDING)
    history = walk(f"/api/v1/accreditations/{accreditation}/history?limit=2")
    kinds = ["accreditation.revoked", "accreditation.suspended", "accreditation.granted"]
    assert [item["type"] for item in history] == kinds
    assert [item["after"]["state"] for item in history] == ["revoked", "suspended", "in_force"]
    of_issuer = [item["type"] for item in walk(f"/api/v1/issuers/{world.issuer}/history")]
    assert of_issuer == [*kinds, "issuer.registered"]
    assert [i["type"] for i in walk(f"/api/v1/agencies/{world.agency}/history")] == ["agency.recognised"]
    check_problem(Caller().get(f"/api/v1/issuers/{accreditation}/history"), 404, "issuer_unknown")


def test_events_follow_an_index_and_each_can_be_proven(world: World) -> None:
    every = walk("/api/v1/events?limit=2")
    assert [item["index"] for item in every] == [0, 1, 2, 3, 4]
    assert [item["index"] for item in read("/api/v1/events?after=2")["items"]] == [3, 4]
    assert read("/api/v1/events?after=4") == {"items": [], "next": None}
    assert [item["type"] for item in read("/api/v1/events?type=issuer.registered")["items"]] == [
        "issuer.registered"
    ] * 2
    one = read("/api/v1/events/3")
    assert one["data"].encode() == read_entry(settings.ASSAY_ORIGIN, 3)
    assert one["receipt"].startswith("c2sp.org/tlog-proof@v1\nindex 3\n")
    check_problem(Caller().get("/api/v1/events/5"), 404, "not_found")
    check_problem(Caller().get("/api/v1/events/99999999999999999999"), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("issuers?colour=red", 400, "unknown_parameter", "colour"),
        ("issuers?country=XX", 400, "unknown_term", "country"),
        ("issuers?limit=0", 400, "invalid", "limit"),
        ("issuers?limit=201", 400, "invalid", "limit"),
        ("issuers?after=abc", 400, "invalid", "after"),
        ("issuers?q=a&after=01900000-0000-7000-8000-000000000001", 400, "invalid", "after"),
        ("issuers?identifier=%00", 400, "invalid", "identifier"),
        ("issuers?status=fine", 400, "invalid", "status"),
        ("issuers?at=never", 400, "invalid", "at"),
        ("issuers?known_at=elsewhere.example/ledger@1", 400, "invalid", "known_at"),
        ("issuers?known_at=register.nl.example/ledger@999", 400, "invalid", "known_at"),
        ("issuers?agency=x", 400, "invalid", "agency"),
        ("issuers?eqf_level=9", 400, "unknown_term", "eqf_level"),
        ("events?after=-1", 400, "invalid", "after"),
        ("events?type=nothing", 400, "invalid", "type"),
        ("accreditations/01900000-0000-7000-8000-00000000dead", 404, "accreditation_unknown", ""),
        ("agencies/01900000-0000-7000-8000-00000000dead", 404, "agency_unknown", ""),
        ("programmes/01900000-0000-7000-8000-00000000dead", 404, "programme_unknown", ""),
        ("mandates/01900000-0000-7000-8000-00000000dead", 404, "mandate_unknown", ""),
        ("batches/01900000-0000-7000-8000-00000000dead", 404, "batch_unknown", ""),
        ("withdrawals/01900000-0000-7000-8000-00000000dead", 404, "withdrawal_unknown", ""),
        ("issuers/01900000-0000-7000-8000-00000000dead/withdrawals", 404, "issuer_unknown", ""),
        ("issuers/01900000-0000-7000-8000-00000000dead/keys", 404, "issuer_unknown", ""),
        ("issuers/01900000-0000-7000-8000-00000000dead/accreditations", 404, "issuer_unknown", ""),
        ("agencies/not-an-id", 404, "not_found", ""),
    ],
)
@pytest.mark.django_db
def test_what_cannot_be_read_is_refused_by_name(path: str, status: int, code: str, field: str) -> None:
    factories.open_register()
    check_problem(Caller().get(f"/api/v1/{path}"), status, code, field)


@pytest.mark.django_db
def test_an_unknown_term_is_refused_with_the_address_of_its_list() -> None:
    factories.open_register()
    told = Caller().get("/api/v1/issuers?country=XX").body["detail"]
    assert told.endswith("The list is published at /api/v1/vocabularies/countries.")


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/v1/trust?issuer={issuer}&at=2025-01-01", 2),
        ("/api/v1/issuers", 2),
        ("/api/v1/issuers?q=college", 4),
        ("/api/v1/issuers/{issuer}", 4),
        ("/api/v1/issuers/{issuer}/history", 3),
        ("/api/v1/issuers/{issuer}/accreditations", 4),
        ("/api/v1/accreditations?status=in_force", 2),
        ("/api/v1/events", 2),
        ("/api/v1/vocabularies/eqf", 0),
        ("/api/v1/reasons", 0),
    ],
)
@pytest.mark.django_db
def test_a_read_costs_a_handful_of_queries_however_much_there_is(path: str, most: int) -> None:
    factories.open_register()
    agency, issuer = factories.make_agency(), factories.make_issuer()
    for _ in range(10):
        factories.make_issuer()
        factories.make_accreditation(issuer, agency)
    caller, place = Caller(), path.format(issuer=issuer)
    assert caller.get(place).status == 200
    executed = count_statements(partial(caller.get, place))
    assert min(most, 1) <= executed <= most
