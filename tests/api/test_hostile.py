"""Hostile requests: whatever is sent to whatever address, the answer is a clear 4xx, and nothing is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ledger.logs import get_log
from tests.api.callers import Answer, Caller, check_problem
from tests.api.conftest import World

MANY = examples(
    max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ANY_TEXT = st.text(max_size=40) | st.sampled_from(["\x00", "\ud800", "' OR 1=1 --", "{{7*7}}", "%s", "\u202e", "../.."])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
ANY_JSON = st.recursive(
    SCALARS, lambda x: st.lists(x, max_size=4) | st.dictionaries(ANY_TEXT, x, max_size=4), max_leaves=8
)
FIELDS = ["issuer", "agency", "kind", "scope", "decision", "valid_from", "valid_until", "report", "summary", "corrects"]


def rows() -> tuple[int, int]:
    """Return the entries of the ledger and the rows of the read model."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM register_happening")
        return get_log(settings.ASSAY_ORIGIN).size, int(cursor.fetchone()[0])


def refuse(answer: Answer) -> None:
    """Insist on a problem that is the client's."""
    assert 400 <= answer.status < 500, answer.content
    check_problem(answer, answer.status, answer.body["code"])


def test_any_value_in_any_field_is_refused_or_recorded_as_it_is(world: World) -> None:
    @MANY
    @given(st.sampled_from(FIELDS), ANY_JSON)
    def send(field: str, value: Any) -> None:
        before = rows()
        body = json.dumps({**world.grant(), field: value}, ensure_ascii=True).encode()
        answer = world.agent.post("/api/v1/accreditations", body)
        if answer.status == 201:
            assert rows() == (before[0] + 1, before[1] + 1)
        else:
            refuse(answer)
            assert rows() == before

    send()


def test_any_bytes_as_a_body_are_refused(world: World) -> None:
    before = rows()

    @MANY
    @given(st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
    def send(body: bytes) -> None:
        refuse(world.agent.post("/api/v1/accreditations", body))

    send()
    assert rows() == before


IMPOSSIBLE = [
    *("x" * 100_000, "\x00", "\ud800", "2024-13-01", "2024-02-30", "99999-01-01", "0000-00-00", "2024-1-1", "", " "),
    *(-1, 2**63, 2**64, 1e308, [], {}, [[]], True, "null", "2024-01-01T25:00:00Z", "2024-01-01T00:00:00+99:00"),
]


def test_impossible_dates_are_refused(world: World) -> None:
    before = rows()
    for value in IMPOSSIBLE:
        for field in ("valid_from", "valid_until"):
            refuse(world.agent.post("/api/v1/accreditations", world.grant(**{field: value})))
    assert rows() == before


@pytest.mark.django_db
def test_any_question_is_answered_or_refused() -> None:
    from tests import factories

    factories.open_register()
    names = st.sampled_from(["issuer", "at", "known_at", "eqf_level", "isced_f", "jurisdiction", "programme", "key"])
    forms = st.sampled_from(["", "ror:", "did:web:", "vat:", "https://", "register.nl.example/ledger@", "2024-01-0"])

    @MANY
    @given(st.dictionaries(names, st.tuples(forms, ANY_TEXT).map("".join), max_size=4))
    def ask(question: dict[str, str]) -> None:
        body = json.dumps({"questions": [{"issuer": "ror:04dkp9463", **question}]}).encode()
        answer = Caller().post("/api/v1/trust", body)
        if answer.status != 200:
            refuse(answer)

    ask()


def test_a_hostile_header_does_no_harm(world: World) -> None:
    for headers in (
        {"Accept": "\x00"},
        {"Accept": "a" * 5000},
        {"Accept-Language": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")},
        {"If-None-Match": "é" * 100},
        {"Content-Type": "application/json; charset=utf-7"},
        {"Host": "evil.example"},
        {"X-HTTP-Method-Override": "DELETE"},
    ):
        assert world.anybody.get("/api/v1/reasons", **headers).status in (200, 400, 406)
