"""Problems: one table from exception to answer; a database that is away is 503, the unforeseen 500."""

from __future__ import annotations

import logging
from unittest.mock import patch

import pytest
from django.db import InterfaceError, OperationalError
from psycopg_pool import PoolTimeout

from ledger.errors import DuplicateEntry, EntryTooLarge, LedgerDamaged
from register import rules
from register.api.problems import CODES, explain
from register.errors import Conflict, NotEntitled, NotFound, NotUnderstood, Refused
from tests.api.callers import Caller, check_problem


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotUnderstood("invalid", "at", "no"), 400),
        (NotEntitled("not_entitled", "", "no"), 403),
        (NotFound("issuer_unknown", "", "no"), 404),
        (NotFound("issuer_unknown", "issuer", "no"), 422),
        (Conflict("already_revoked", "", "no"), 409),
        (Refused("period", "valid_until", "no"), 422),
        (DuplicateEntry("no", b"", 1), 409),
        (EntryTooLarge("no"), 422),
        (LedgerDamaged("no", "entry", 1), 503),
        (OperationalError("could not write: No space left on device"), 503),
        (InterfaceError("closed"), 503),
        (PoolTimeout("busy"), 503),
        (ZeroDivisionError("secret"), 500),
    ],
)
def test_each_error_has_its_status_and_code(error: Exception, status: int) -> None:
    problem = explain(error)
    assert problem.status == status
    assert problem.code in {**CODES, **rules.REFUSALS}
    assert ("Retry-After" in problem.headers) == (status == 503)


def test_no_code_of_the_api_is_one_of_the_rules() -> None:
    assert not CODES.keys() & rules.REFUSALS.keys()


@pytest.mark.parametrize("error", [OperationalError("no space left"), PoolTimeout("busy")])
def test_a_database_that_is_away_is_503_with_retry_after(error: Exception) -> None:
    with patch("register.answers.gather_facts", side_effect=error):
        answer = Caller().get("/api/v1/trust?issuer=ror:04dkp9463")
    check_problem(answer, 503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_the_unforeseen_is_logged_and_its_cause_is_kept_from_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    with (
        patch("register.answers.gather_facts", side_effect=ZeroDivisionError("a secret")),
        caplog.at_level(logging.ERROR),
    ):
        answer = Caller().get("/api/v1/trust?issuer=ror:04dkp9463")
    check_problem(answer, 500, "internal")
    assert b"secret" not in answer.content
    assert "ZeroDivisionError" in caplog.text
    assert "register/answers.py" in caplog.text
    assert "secret" not in caplog.text


def test_an_address_that_cannot_be_printed_is_shown_so_that_it_can() -> None:
    body = check_problem(Caller().get("/api/v1/a%00b%0A%ff"), 404, "not_found")
    assert body["instance"].isprintable()
