"""What is told to whoever opens an address that only takes forms, or sends one where nothing takes it."""

import pytest
from django.db import connection
from django.test import Client

from tests.deploy.test_resting import refuse
from tests.people import sign_in

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.django_db
def test_a_browser_gets_a_page_in_its_language_and_what_is_allowed(client: Client) -> None:
    answer = client.put("/verify", headers={**BROWSER, "Accept-Language": "de"})
    assert answer.status_code == 405
    assert answer["Allow"]
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    page = answer.content.decode()
    assert '<html lang="de"' in page
    assert '<h1 id="wrong">' in page
    assert 'action="/issuers"' in page


@pytest.mark.django_db
def test_whoever_is_signed_in_gets_it_with_their_name_and_while_the_database_is_away_without(client: Client) -> None:
    member = sign_in(client, "operator")
    assert member.user.email in client.put("/verify", headers=BROWSER).content.decode()
    with connection.execute_wrapper(refuse):
        answer = client.put("/verify", headers=BROWSER)
    assert answer.status_code == 405
    assert '<h1 id="wrong">' in answer.content.decode()


@pytest.mark.django_db
def test_programs_get_what_they_got(client: Client) -> None:
    assert client.put("/verify", headers={"Accept": "application/json"}).content == b""
    status = client.post("/healthz", headers={"Accept": "*/*"})
    assert (status.status_code, status.content) == (405, b"")
