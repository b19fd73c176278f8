"""A token of one agency used on another's accreditation: 403, nothing written anywhere, and noted for the operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import psycopg
import pytest

from tests.faults.machine import Machine
from tests.faults.writers import check_dense

pytestmark = pytest.mark.services

ATTEMPTS: Final[dict[str, dict[str, Any]]] = {
    "amend": {"summary": "never said"},
    "suspend": {"effective_from": "2025-01-01", "reason": "quality", "note": "never said"},
    "reinstate": {"effective_from": "2025-01-01", "note": "never said"},
    "revoke": {"effective_from": "2025-01-01", "reason": "quality", "note": "never said"},
}
MAKE_TOKENS: Final = """
import json
from django.contrib.auth import get_user_model
from register.access.models import Membership
from register.access.tokens import create_token
for agency in {agencies!r}:
    user, _ = get_user_model().objects.get_or_create(username=agency)
    membership, _ = Membership.objects.get_or_create(user=user, role="agency", organisation=agency)
    token, secret = create_token(membership, "fault", ("write",))
    print(json.dumps([str(token.public_id), secret]))
"""


@dataclass(frozen=True)
class Agency:
    """An agency of the node, with a token."""

    id: str
    token: str
    secret: str


@pytest.fixture(scope="module")
def agencies(shared_machine: Machine) -> list[Agency]:
    """Two agencies, each with a token of its own."""
    shared_machine.start()
    terms = {"country": "NL", "valid_from": "2015-01-01"}
    with shared_machine.client() as operator:
        answers = [operator.post("/api/v1/agencies", json={**terms, "names": {"en": name}}) for name in "AB"]
    assert [answer.status_code for answer in answers] == [201, 201]
    ids = [str(answer.json()["id"]) for answer in answers]
    made = shared_machine.manage("shell", "-c", MAKE_TOKENS.format(agencies=ids))
    assert made.returncode == 0, made.stderr
    lines = [json.loads(line) for line in made.stdout.splitlines() if line.startswith("[")]
    return [Agency(agency, *line) for agency, line in zip(ids, lines, strict=True)]


@pytest.fixture
def accreditation(machine: Machine, agencies: list[Agency]) -> str:
    """An accreditation that the first agency granted."""
    with machine.client() as operator:
        issuer = operator.post("/api/v1/issuers", json={"names": {"en": "College"}, "country": "NL"}).json()["id"]
        body = {"issuer": issuer, "agency": agencies[0].id, "valid_from": "2020-01-01"}
        answer = operator.post("/api/v1/accreditations", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def database(machine: Machine) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's view of everything."""
    with machine.superuser() as connected:
        yield connected


def send(machine: Machine, agency: Agency, path: str, body: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {agency.secret}", "Idempotency-Key": "never-kept"}
    return httpx.post(f"{machine.url}/api/v1/{path}", json=body, headers=headers, timeout=60, trust_env=False)


def read_everything(database: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Return every row of ledger, read model and kept answers, as text."""
    tables = database.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND (tablename ~ '^(ledger|register)_' "
        "OR tablename = 'access_keptanswer') AND tablename <> 'ledger_checkpoint' ORDER BY 1"
    ).fetchall()
    assert {"ledger_entry", "ledger_log", "register_cursor", "access_keptanswer"} <= {name for (name,) in tables}
    return {
        name: sorted(row[0] for row in database.execute(f"SELECT t::text FROM {name} t").fetchall())
        for (name,) in tables
    }


def read_notices(database: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    rows = database.execute("SELECT to_jsonb(n) FROM access_notice n ORDER BY id").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("verb", ATTEMPTS)
def test_decision_of_another_agency_is_out_of_reach(
    machine: Machine, agencies: list[Agency], accreditation: str, database: psycopg.Connection[Any], verb: str
) -> None:
    before, noted = read_everything(database), read_notices(database)
    answer = send(machine, agencies[1], f"accreditations/{accreditation}/{verb}", ATTEMPTS[verb])
    insist_on_refusal(answer)
    assert read_everything(database) == before
    (notice,) = read_notices(database)[len(noted) :]
    insist_on_notice(notice, agencies[1], f"{verb}_accreditation", f"/api/v1/accreditations/{accreditation}/{verb}")


def test_grant_in_the_name_of_another_agency_is_out_of_reach(
    machine: Machine, agencies: list[Agency], accreditation: str, database: psycopg.Connection[Any]
) -> None:
    with machine.client() as operator:
        issuer = operator.get(f"/api/v1/accreditations/{accreditation}").json()["issuer"]
    before, noted = read_everything(database), read_notices(database)
    body = {"issuer": issuer, "agency": agencies[0].id, "valid_from": "2024-01-01", "summary": "never said"}
    insist_on_refusal(send(machine, agencies[1], "accreditations", body))
    assert read_everything(database) == before
    (notice,) = read_notices(database)[len(noted) :]
    insist_on_notice(notice, agencies[1], "grant_accreditation", "/api/v1/accreditations")


def test_its_own_agency_may(machine: Machine, agencies: list[Agency], accreditation: str) -> None:
    size = check_dense(machine)
    answer = send(machine, agencies[0], f"accreditations/{accreditation}/revoke", ATTEMPTS["revoke"])
    assert answer.status_code == 201, answer.text
    assert check_dense(machine) == size + 1


def insist_on_refusal(answer: httpx.Response) -> None:
    assert answer.status_code == 403, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"]


def insist_on_notice(notice: dict[str, Any], agency: Agency, verb: str, address: str) -> None:
    """Who, what, where, why; never what was sent, nor the token."""
    told = {name: notice[name] for name in ("token", "role", "organisation", "verb", "address")}
    assert told == {
        "token": agency.token, "role": "agency", "organisation": agency.id, "verb": verb, "address": address
    }  # fmt: skip
    assert notice["code"]
    assert "never said" not in json.dumps(notice)
    assert agency.secret not in json.dumps(notice)
