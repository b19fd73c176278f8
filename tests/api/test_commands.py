"""Commands: every address takes its body, answers 201 with the thing and its entry, and refuses in the right way."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from ledger.logs import get_log
from ledger.reader import read_entry
from ledger.tlog.note import parse_vkey
from ledger.tlog.proof import check_proof, parse_proof
from register import events
from register.projection import replaying
from tests.api.callers import Answer, Caller, check_problem
from tests.api.conftest import World

ENDING = {"effective_from": "2025-06-01", "reason": "quality"}


def write(caller: Caller, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a command that is to succeed, check the form of its answer and its entry, and return it."""
    size = get_log(settings.ASSAY_ORIGIN).size
    answer = caller.post(f"/api/v1{path}", body)
    found: dict[str, Any] = answer.body
    assert answer.status == 201, found
    assert found["entry"]["origin"] == settings.ASSAY_ORIGIN
    assert found["entry"]["index"] == size
    assert found["url"].startswith("http://register.nl.example/")
    assert answer.headers["Location"] == found["url"].replace(".example/", ".example/api/v1/")
    return found


def event_of(written: dict[str, Any]) -> events.Event:
    """Return the entry that a write answered, read back from the ledger."""
    return events.parse(read_entry(settings.ASSAY_ORIGIN, written["entry"]["index"]))


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def test_every_verb_writes_one_entry_and_the_rows_are_those_of_a_replay(world: World) -> None:
    agency = write(
        world.operator,
        "/agencies",
        {
            "names": {"en": "Agency"},
            "country": "NL",
            "scope": {"eqf_levels": [5, 6, 7], "jurisdictions": ["NL"]},
            "valid_from": "2020-01-01",
            "valid_until": None,
        },
    )
    assert (agency["state"], agency["scope"]["eqf_levels"]) == ("recognised", [5, 6, 7])
    amended = write(world.operator, f"/agencies/{agency['id']}/amend", {"names": {"en": "Renamed"}})
    assert amended["names"] == {"en": "Renamed"}

    issuer = write(
        world.agent,
        "/issuers",
        {
            "names": {"en": "University"},
            "country": "NL",
            "provider_type": 1,
            "website": "https://www.university.example",
            "identifiers": [{"scheme": "ror", "value": "https://ror.org/04dkp9463"}],
        },
    )
    assert issuer["identifiers"][0]["value"] == "https://ror.org/04dkp9463"
    path = f"/issuers/{issuer['id']}"
    assert write(world.agent, f"{path}/amend", {"acronym": "U"})["acronym"] == "U"
    relation = {"relation": "merged_into", "other": world.other_issuer, "valid_from": "2025-01-01"}
    assert write(world.agent, f"{path}/relate", relation)["id"] == issuer["id"]
    key = write(world.agent, f"{path}/keys", {"kind": "did", "value": "did:web:u.example", "valid_from": "2020-01-01"})
    assert (key["kind"], key["value"], key["state"]) == ("did", "did:web:u.example", "in_force")
    stolen = {"reason": "compromised", "since": "2025-02-01"}
    assert write(world.agent, f"{path}/keys/{key['id']}/revoke", stolen)["state"] == "compromised"

    programme = write(
        world.issuing, "/programmes", {"titles": {"en": "Course"}, "valid_from": "2020-01-01", "eqf_level": 6}
    )
    assert programme["issuer"] == world.issuer
    path = f"/programmes/{programme['id']}"
    assert write(world.issuing, f"{path}/amend", {"eqf_level": 7})["eqf_level"] == 7
    assert write(world.issuing, f"{path}/close", ENDING)["state"] == "closed"

    mandate = write(world.issuing, "/mandates", {"sealer": world.other_issuer, "valid_from": "2020-01-01"})
    assert (mandate["awarding_body"], mandate["sealer"]) == (world.issuer, world.other_issuer)
    assert write(world.issuing, f"/mandates/{mandate['id']}/revoke", ENDING)["state"] == "revoked"

    accreditation = write(world.agent, "/accreditations", world.grant(report={"url": "https://a.example/r.pdf"}))
    assert (accreditation["agency"], accreditation["on_behalf"]) == (world.agency, False)
    path = f"/accreditations/{accreditation['id']}"
    assert write(world.agent, f"{path}/amend", {"summary": "Good"})["summary"] == "Good"
    assert write(world.agent, f"{path}/suspend", {**ENDING, "effective_from": "2025-01-01"})["state"] == "suspended"
    assert write(world.agent, f"{path}/reinstate", {"effective_from": "2025-02-01"})["state"] == "in_force"
    assert write(world.agent, f"{path}/revoke", {**ENDING, "note": "Why"})["state"] == "revoked"

    assert write(world.agent, f"/issuers/{issuer['id']}/close", ENDING)["state"] == "closed"
    assert write(world.operator, f"/agencies/{agency['id']}/withdraw", ENDING)["state"] == "withdrawn"
    assert replaying.check() is None


def test_the_receipt_of_an_answer_proves_the_entry_under_the_nodes_key(world: World) -> None:
    written = write(world.agent, "/accreditations", world.grant())
    entry = read_entry(settings.ASSAY_ORIGIN, written["entry"]["index"])
    vkey = parse_vkey(world.anybody.get("/.well-known/assay.json").body["vkey"])
    check_proof(parse_proof(written["entry"]["receipt"]), entry, [vkey])


def test_an_entry_says_who_speaks_and_never_a_person(world: World) -> None:
    by_agency = event_of(write(world.agent, "/accreditations", world.grant()))
    assert by_agency.data.actor.model_dump() == {"role": "agency", "organisation": world.agency}
    on_behalf = write(world.operator, "/accreditations", world.grant(agency=world.agency))
    assert on_behalf["on_behalf"] is True
    said = event_of(on_behalf).data
    assert (said.actor.role, said.actor.organisation, said.agency) == ("operator", None, world.agency)
    by_issuer = event_of(write(world.issuing, "/programmes", {"titles": {"en": "C"}, "valid_from": "2020-01-01"}))
    assert by_issuer.data.actor.model_dump() == {"role": "issuer", "organisation": world.issuer}


def test_an_operator_names_the_agency(world: World) -> None:
    check_problem(world.operator.post("/api/v1/accreditations", world.grant()), 400, "missing_field", "agency")


REFUSED: list[tuple[dict[str, Any], int, str, str]] = [
    ({"colour": "red"}, 400, "unknown_field", "colour"),
    ({"actor": {"role": "operator"}}, 400, "unknown_field", "actor"),
    ({"scope": {"levels": [6]}}, 400, "unknown_field", "scope.levels"),
    ({"issuer": 7}, 400, "invalid_field", "issuer"),
    ({"issuer": "ror:04dkp9463"}, 400, "invalid_field", "issuer"),
    ({"valid_from": "2025-02-30"}, 400, "invalid_field", "valid_from"),
    ({"valid_from": 20250101}, 400, "invalid_field", "valid_from"),
    ({"valid_from": None}, 400, "invalid_field", "valid_from"),
    ({"scope": {"eqf_levels": [9]}}, 400, "invalid_field", "scope.eqf_levels.0"),
    ({"scope": {"eqf_levels": [True]}}, 400, "invalid_field", "scope.eqf_levels.0"),
    ({"scope": {"isced_f": ["61"]}}, 400, "invalid_field", "scope.isced_f.0"),
    ({"kind": "cosmic"}, 400, "invalid_field", "kind"),
    ({"report": {"url": "javascript:alert(1)"}}, 400, "invalid_field", "report.url"),
    ({"summary": "x" * 6000}, 400, "invalid_field", "summary"),
    ({"valid_until": "2023-01-01"}, 400, "invalid_field", "valid_until"),
    ({"valid_from": "2001-01-01"}, 422, "agency_not_recognised", "valid_from"),
    ({"scope": {"jurisdictions": ["BE"]}}, 422, "outside_territory", "scope.jurisdictions"),
    ({"issuer": "01900000-0000-7000-8000-00000000dead"}, 422, "issuer_unknown", "issuer"),
    ({"agency": "OTHER"}, 403, "not_entitled", "agency"),
]


def test_a_refused_grant_names_its_field_and_writes_nothing(world: World) -> None:
    before = size()
    for changes, status, code, field in REFUSED:
        given = {name: world.other_agency if value == "OTHER" else value for name, value in changes.items()}
        check_problem(world.agent.post("/api/v1/accreditations", world.grant(**given)), status, code, field)
    assert size() == before


def test_several_faults_are_all_told(world: World) -> None:
    body = world.agent.post("/api/v1/accreditations", {"issuer": 7, "x": 1, "kind": "cosmic"}).body
    assert {fault["field"] for fault in body["errors"]} == {"issuer", "x", "kind", "valid_from"}
    (kind,) = (fault["detail"] for fault in body["errors"] if fault["field"] == "kind")
    assert kind.endswith("The list is published at /api/v1/vocabularies/accreditation-kinds.")


def test_things_that_do_not_exist_are_404_in_the_address_and_422_in_the_body(world: World) -> None:
    unknown = "01900000-0000-7000-8000-00000000dead"
    for path, code in [
        (f"/agencies/{unknown}/withdraw", "agency_unknown"),
        (f"/issuers/{unknown}/close", "issuer_unknown"),
        (f"/programmes/{unknown}/close", "programme_unknown"),
        (f"/mandates/{unknown}/revoke", "mandate_unknown"),
        (f"/accreditations/{unknown}/revoke", "accreditation_unknown"),
        (f"/accreditations/{world.issuer}/suspend", "accreditation_unknown"),
    ]:
        check_problem(world.operator.post(f"/api/v1{path}", ENDING), 404, code)
    key = {"kind": "did", "value": "did:web:a.example", "valid_from": "2020-01-01"}
    check_problem(world.operator.post(f"/api/v1/issuers/{unknown}/keys", key), 404, "issuer_unknown")
    revocation = {"reason": "superseded"}
    path = f"/api/v1/issuers/{world.issuer}/keys/{unknown}/revoke"
    check_problem(world.operator.post(path, revocation), 404, "key_unknown")


def test_a_key_is_revoked_at_the_address_of_its_own_issuer_only(world: World) -> None:
    key = {"kind": "did", "value": "did:web:a.example", "valid_from": "2020-01-01"}
    bound = write(world.issuing, f"/issuers/{world.issuer}/keys", key)
    before = size()
    elsewhere = f"/api/v1/issuers/{world.other_issuer}/keys/{bound['id']}/revoke"
    answer = world.operator.post(elsewhere, {"reason": "superseded"})
    assert answer.status in (404, 422), answer.body
    assert size() == before


def test_a_second_decision_of_the_same_kind_is_a_conflict(world: World) -> None:
    accreditation = write(world.agent, "/accreditations", world.grant())
    path = f"/api/v1/accreditations/{accreditation['id']}"
    check_problem(world.agent.post(f"{path}/reinstate", {"effective_from": "2025-01-01"}), 409, "not_suspended")
    check_problem(world.agent.post(f"{path}/amend", {}), 422, "nothing_changes")
    assert world.agent.post(f"{path}/revoke", ENDING).status == 201
    before = size()
    check_problem(world.agent.post(f"{path}/revoke", ENDING), 409, "already_revoked")
    check_problem(world.agent.post(f"{path}/suspend", ENDING), 409, "already_revoked")
    assert size() == before


def test_an_identifier_that_another_issuer_holds_is_a_conflict(world: World) -> None:
    body = {"names": {"en": "A"}, "country": "NL", "identifiers": [{"scheme": "ror", "value": "ror.org/04dkp9463"}]}
    write(world.agent, "/issuers", body)
    check_problem(world.agent.post("/api/v1/issuers", body), 409, "identifier_taken", "identifiers.0.value")


def test_addresses_take_their_methods_and_media_types_only(world: World) -> None:
    client, headers = world.agent.client, world.agent.headers()
    wrong = client.put("/api/v1/accreditations", "{}", content_type="application/json", headers=headers)
    check_problem(Answer(wrong), 405, "method_not_allowed")
    assert "POST" in wrong["Allow"]
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        sent = client.post("/api/v1/accreditations", b"{}", content_type=media, headers=headers)
        check_problem(Answer(sent), 415, "content_type")
    check_problem(world.agent.get("/api/v1/reasons", Accept="text/csv"), 406, "not_acceptable")
    for path in ("/api/v1/nothing", "/api/v1/agencies/", "/api/v1/accreditations/x/revoke", "/api/v2/issuers", "/api/"):
        check_problem(world.agent.post(path, {}), 404, "not_found")
