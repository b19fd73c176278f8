"""Trust questions: 200 when understood, 400 naming the fault when not; signed on request; many in one request."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from joserfc.jwk import OKPKey

from register.api.questions import MOST
from register.trust.statement import open_statement
from tests.api.callers import check_problem
from tests.api.conftest import World


def granted(world: World) -> str:
    answer = world.agent.post("/api/v1/accreditations", world.grant())
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def test_a_question_that_is_understood_is_answered_with_200(world: World) -> None:
    accreditation = granted(world)
    yes = world.anybody.get(f"/api/v1/trust?issuer={world.issuer}&at=2025-01-01&eqf_level=6")
    assert (yes.status, yes.body["decision"]) == (200, "trusted")
    assert yes.body["chain"]["accreditation"]["id"] == accreditation
    assert {entry["origin"] for entry in yes.body["evidence"]} == {"register.nl.example/ledger"}
    no = world.anybody.get(f"/api/v1/trust?issuer={world.issuer}&at=2025-01-01&eqf_level=7").body
    assert (no["decision"], no["reasons"][0]["code"]) == ("not_trusted", "out_of_scope_level")
    assert world.anybody.get("/api/v1/trust?issuer=ror:04dkp9463").body["decision"] == "unknown"


def test_an_answer_can_be_had_as_it_was_known(world: World) -> None:
    accreditation = granted(world)
    revoked = world.agent.post(
        f"/api/v1/accreditations/{accreditation}/revoke", {"effective_from": "2024-06-01", "reason": "quality"}
    )
    before = revoked.body["entry"]["index"]
    asked = f"/api/v1/trust?issuer={world.issuer}&at=2025-01-01"
    assert world.anybody.get(asked).body["decision"] == "not_trusted"
    known = world.anybody.get(f"{asked}&known_at=register.nl.example/ledger@{before}").body
    assert (known["decision"], known["question"]["known_at"]) == ("trusted", {"register.nl.example/ledger": before})
    assert world.anybody.get(f"{asked}&known_at=2001-01-01").body["decision"] == "unknown"


def test_a_statement_is_the_same_answer_signed_by_a_key_of_the_node(world: World) -> None:
    granted(world)
    asked = f"/api/v1/trust?issuer={world.issuer}&at=2025-01-01"
    signed = world.anybody.get(asked, Accept="application/trust-statement+jwt")
    assert (signed.status, signed.headers["Content-Type"]) == (200, "application/trust-statement+jwt")
    keys = [OKPKey.import_key(key) for key in world.anybody.get("/.well-known/assay.json").body["statement_keys"]]
    statement = open_statement(signed.content.decode(), keys, datetime.now(UTC))
    plain = world.anybody.get(asked).body
    assert statement.issuer_url == "http://register.nl.example"
    assert statement.answer["evidence"] == plain["evidence"]
    assert statement.answer["decision"] == plain["decision"] == "trusted"


def test_many_questions_are_answered_in_order(world: World) -> None:
    granted(world)
    questions = [
        {"issuer": world.issuer, "at": "2025-01-01", "eqf_level": 6},
        {"issuer": "ror:04dkp9463"},
        {"issuer": world.issuer, "at": "2025-01-01", "eqf_level": 7, "key": None},
    ]
    answer = world.anybody.post("/api/v1/trust", {"questions": questions})
    assert [one["decision"] for one in answer.body["items"]] == ["trusted", "unknown", "not_trusted"]
    assert answer.body["items"][0]["evidence"][0]["receipt"].startswith("c2sp.org/tlog-proof@v1")
    bare = world.anybody.post("/api/v1/trust", questions)
    assert [one["decision"] for one in bare.body["items"]] == ["trusted", "unknown", "not_trusted"]


def test_a_thousand_questions_fit_and_one_more_does_not(world: World) -> None:
    question = {"issuer": world.issuer, "at": "2025-01-01T00:00:00Z", "jurisdiction": "NL", "isced_f": "0613"}
    answer = world.anybody.post("/api/v1/trust", {"questions": [question] * MOST})
    assert (answer.status, len(answer.body["items"])) == (200, MOST)
    check_problem(world.anybody.post("/api/v1/trust", {"questions": [question] * (MOST + 1)}), 413, "too_many")


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("", "required", "issuer"),
        ("issuer=", "required", "issuer"),
        ("issuer=a&issuer=b", "parameter_repeated", "issuer"),
        ("issuer=ror:04dkp9463&colour=red", "unknown_parameter", "colour"),
        ("issuer=nonsense", "invalid", "issuer"),
        ("issuer=%00", "invalid", "issuer"),
        ("issuer=%ff", "query_not_understood", ""),
        ("issuer=ror:04dkp9463&at=2025-02-30", "invalid", "at"),
        ("issuer=ror:04dkp9463&at=yesterday", "invalid", "at"),
        ("issuer=ror:04dkp9463&at=0001-01-01", "invalid", "at"),
        ("issuer=ror:04dkp9463&known_at=somewhere.example/ledger@3", "invalid", "known_at"),
        ("issuer=ror:04dkp9463&known_at=register.nl.example/ledger@99999999", "invalid", "known_at"),
        ("issuer=ror:04dkp9463&known_at=register.nl.example/ledger@-1", "invalid", "known_at"),
        ("issuer=ror:04dkp9463&eqf_level=9", "invalid", "eqf_level"),
        ("issuer=ror:04dkp9463&isced_f=61", "invalid", "isced_f"),
        ("issuer=ror:04dkp9463&jurisdiction=ZZ", "invalid", "jurisdiction"),
        ("issuer=ror:04dkp9463&credential_type=diploma%20mill", "invalid", "credential_type"),
        ("issuer=ror:04dkp9463&key=x", "invalid", "key"),
        ("issuer=ror:04dkp9463&anchored_at=never", "invalid", "anchored_at"),
        ("issuer=" + "a" * 3000, "invalid", "issuer"),
    ],
)
@pytest.mark.django_db
def test_a_question_that_cannot_be_read_is_400_naming_the_field(query: str, code: str, field: str) -> None:
    from tests import factories
    from tests.api.callers import Caller

    factories.open_register()
    check_problem(Caller().get(f"/api/v1/trust?{query}"), 400, code, field)


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ([], 400, "invalid_field", "questions"),
        (7, 400, "body_not_an_object", ""),
        ({}, 400, "invalid_field", "questions"),
        ({"questions": []}, 400, "invalid_field", "questions"),
        ({"questions": {}}, 400, "invalid_field", "questions"),
        ({"questions": [1]}, 400, "invalid_field", "questions.0"),
        ({"questions": [{"issuer": "ror:04dkp9463"}, {}]}, 400, "required", "questions.1.issuer"),
        ({"questions": [{"issuer": 7}]}, 400, "invalid", "questions.0.issuer"),
        ({"questions": [{"issuer": "ror:04dkp9463", "eqf_level": 6.5}]}, 400, "invalid", "questions.0.eqf_level"),
        ({"questions": [{"issuer": "ror:04dkp9463", "x": 1}]}, 400, "unknown_field", "questions.0.x"),
        ({"questions": [{"issuer": "ror:04dkp9463"}], "more": 1}, 400, "unknown_field", "more"),
    ],
)
@pytest.mark.django_db
def test_a_list_that_cannot_be_read_names_the_question_at_fault(
    body: object, status: int, code: str, field: str
) -> None:
    from tests.api.callers import Caller

    check_problem(Caller().post("/api/v1/trust", json.dumps(body).encode()), status, code, field)
