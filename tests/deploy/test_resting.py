"""What a reader is told while the database is away."""

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from psycopg.errors import DeadlockDetected

from deploy.resting import DatabaseAway

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "de"}


def refuse(*_: object) -> None:
    raise OperationalError("the server is away")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/issuers", "/follow", "/sign-in", "/verify"])
def test_every_page_says_so_in_the_readers_language_and_when_to_ask_again(client: Client, path: str) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
    with connection.execute_wrapper(refuse):
        answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 503
    assert answer["Retry-After"]
    page = answer.content.decode()
    assert '<html lang="de"' in page
    assert '<h1 id="wrong">' in page


def test_the_log_names_what_the_database_answered_and_not_what_was_said(
    rf: RequestFactory, caplog: pytest.LogCaptureFixture
) -> None:
    error = OperationalError("deadlock detected: Process 1 waits for a row of somebody@nl.example")
    error.__cause__ = DeadlockDetected(str(error))
    assert DatabaseAway(lambda _: HttpResponse()).process_exception(rf.get("/follow", headers=BROWSER), error)
    assert "DeadlockDetected" in caplog.text
    assert "somebody" not in caplog.text


def test_other_errors_and_programs_are_left_to_their_own_answers(rf: RequestFactory) -> None:
    away = DatabaseAway(lambda _: HttpResponse())
    page, program = rf.get("/follow", headers=BROWSER), rf.get("/follow", headers={"Accept": "application/json"})
    assert away.process_exception(page, OperationalError()) is not None
    assert away.process_exception(page, ValueError()) is None
    assert away.process_exception(program, OperationalError()) is None
