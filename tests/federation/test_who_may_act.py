"""Who may act on the pages of the federation, and how: operators alone, with the form's own token; nothing is kept."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from federation.models import Alert, Following
from federation.views.verbs import VERBS
from tests import factories
from tests.federation import cast
from tests.federation.people import as_operator, noted, path, refuse, token, words
from tests.federation.strangers import Stranger
from tests.people import sign_in


@pytest.fixture(autouse=True)
def _open_node(transactional_db: None) -> None:
    factories.open_register()


def test_an_alert_is_settled_once(operator: Client) -> None:
    fields = {"origin": "register.de.example/ledger", "code": "odd", "raised_at": timezone.now()}
    alert = Alert.objects.create(message="look here", **fields)
    shown = operator.get(f"/federation/alerts/{alert.id}/settle")
    assert "look here" in words(shown)
    done = operator.post(f"/federation/alerts/{alert.id}/settle", {"token": token(shown)})
    assert done.status_code == 303
    alert.refresh_from_db()
    assert alert.settled_at is not None
    assert noted() == [("alert_settled", "operator@nl.example", "register.de.example/ledger")]
    refuse(operator.get(f"/federation/alerts/{alert.id}/settle"), 404, "no such open alert")


def list_actions() -> list[str]:
    row = cast.recognise(cast.open_country("be"), "https://register.be.example")
    alert = Alert.objects.create(origin=row.origin, code="odd", message="look", raised_at=timezone.now())
    verbs = [path(row, verb) for verb in (*VERBS, "confirm-key")]
    return ["/federation/add", f"/federation/alerts/{alert.id}/settle", *verbs]


def test_readers_are_led_to_sign_in_and_other_roles_are_told_no() -> None:
    agency = Client()
    sign_in(agency, "agency", str(uuid4()))
    for action in list_actions():
        answer = Client().get(action)
        assert (answer.status_code, answer["Location"]) == (302, f"/sign-in?next={action}")
        assert Client().post(action, {"reason": "x"})["Location"] == "/sign-in?next=/federation"
        for tried in (agency.get(action), agency.post(action, {"reason": "x", "token": "x"})):
            refuse(tried, 403, "This page belongs to people with another role.")
    assert "Add a peer" not in words(agency.get("/federation"))
    assert Following.objects.get().status == "following"


def test_no_action_goes_without_the_forms_own_token(stranger: Stranger) -> None:
    strict = as_operator(enforce_csrf_checks=True)
    for action in list_actions():
        assert strict.post(action, {"reason": "x"}).status_code == 403
        assert strict.put(action).status_code in (403, 405)


def test_an_unknown_action_or_peer_is_not_there(operator: Client) -> None:
    row = cast.recognise(cast.open_country("be"), "https://register.be.example")
    assert operator.get(path(row, "delete")).status_code == 404
    assert operator.get(f"/federation/peers/{uuid4()}/pause").status_code == 404
    assert operator.get(f"/federation/peers/{uuid4()}/confirm-key").status_code == 404


def test_pages_of_actions_are_kept_by_nobody(operator: Client) -> None:
    for action in list_actions():
        response = operator.get(action)
        assert "no-store" in response["Cache-Control"], action
