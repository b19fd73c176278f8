"""Operators' actions: shown before they are done, done by operators alone, and only as they were shown."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from federation.fingerprint import compute_fingerprint
from federation.models import Alert, Following
from federation.views import steps
from federation.views.verbs import VERBS
from ledger.logs import get_log
from register.queries.peers import list_peers
from tests import factories
from tests.federation import cast
from tests.federation.people import as_operator
from tests.federation.strangers import Stranger, listening
from tests.people import sign_in

SMALL = {"remit": ["DE"], "max_age": "60"}


@pytest.fixture(autouse=True)
def _open_node(transactional_db: None) -> None:
    factories.open_register()


@pytest.fixture
def operator() -> Client:
    return as_operator()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with listening("de", territory=("DE", "LU")) as met:
        yield met


def words(response: Any) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def token(response: Any) -> str:
    found = re.search(r'name="token" value="([^"]+)"', response.content.decode())
    assert found, words(response)
    return found[1]


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def add(operator: Client, stranger: Stranger, **terms: Any) -> Following:
    """Go through all steps of adding a peer."""
    asked = {"url": stranger.url, "shown": "1", "remit": ["DE", "LU"], **terms}
    shown = operator.post("/federation/add", asked)
    done = operator.post("/federation/add", {"url": stranger.url, "token": token(shown)})
    assert (done.status_code, done["Location"]) == (303, "/federation")
    return Following.objects.get(origin=stranger.peer.origin)


def path(row: Following, verb: str = "") -> str:
    return f"/federation/peers/{row.peer}" + (f"/{verb}" if verb else "")


def refuse(response: Any, status: int, sentence: str) -> None:
    assert response.status_code == status
    assert sentence in words(response)


def test_a_node_is_shown_with_its_fingerprint_before_it_is_recognised(operator: Client, stranger: Stranger) -> None:
    before = size()
    assert "Address of the other register" in words(operator.get("/federation/add"))
    shown = operator.post("/federation/add", {"url": stranger.url})
    text = words(shown)
    fingerprint = compute_fingerprint(stranger.vkey)
    assert " ".join(fingerprint.words) in text
    assert fingerprint.grouped in text
    assert "Register of DE" in text
    assert "Germany, Luxembourg" in text
    review = operator.post("/federation/add", {"url": stranger.url, "shown": "1", **SMALL})
    assert "Recognise Register of DE?" in words(review)
    assert fingerprint.grouped in words(review)
    assert "Heard for Germany" in words(review)
    assert (size(), Following.objects.count()) == (before, 0)
    done = operator.post("/federation/add", {"url": stranger.url, "token": token(review)})
    assert (done.status_code, done["Location"]) == (303, "/federation")
    (record,) = list_peers()
    assert (record.remit, record.max_age_seconds, record.vkeys) == (("DE",), 3600, (stranger.vkey,))
    assert size() == before + 1
    assert "It is recognised." in words(operator.get("/federation"))
    assert "It is recognised." not in words(operator.get("/federation"))
    assert "is heard about Germany" in words(operator.get(path(Following.objects.get())))


def test_leaving_all_countries_chosen_means_all_of_the_territory(operator: Client, stranger: Stranger) -> None:
    row = add(operator, stranger)
    assert (row.remit, row.max_age_seconds) == (None, None)
    refuse(operator.post("/federation/add", {"url": stranger.url}), 422, "It is a peer already: Register of DE")


def test_what_was_shown_is_what_is_confirmed(operator: Client, stranger: Stranger) -> None:
    before = size()
    review = operator.post("/federation/add", {"url": stranger.url, "shown": "1", **SMALL})
    with listening("fr") as other:
        wrong = {"url": other.url, "token": token(review)}
        refuse(operator.post("/federation/add", wrong), 422, "This was to confirm something else.")
    altered = {"url": stranger.url, "token": token(review)[:-2] + "xx"}
    refuse(operator.post("/federation/add", altered), 422, "is not what you were shown")
    refuse(operator.post("/federation/add", {"url": stranger.url, "token": ""}), 422, "is not what you were shown")
    honest, impostor = stranger.peer.signer, cast.signer_of(stranger.peer.origin, number=9)
    stranger.peer.signer = impostor
    changed = operator.post("/federation/add", {"url": stranger.url, "token": token(review)})
    assert changed.status_code == 422
    stranger.peer.signer = honest
    assert (size(), Following.objects.count()) == (before, 0)


def test_an_address_where_no_node_answers_is_said_beside_the_field(operator: Client, settings: Any) -> None:
    refuse(operator.post("/federation/add", {"url": ""}), 422, "Write the address that the other operator gave you.")
    refuse(operator.post("/federation/add", {"url": "nonsense"}), 422, "expected a node's address")
    with listening("fr") as gone:
        pass
    refuse(operator.post("/federation/add", {"url": gone.url}), 422, "the connection failed")
    settings.ASSAY_PEER_NETWORKS = []
    refuse(operator.post("/federation/add", {"url": gone.url}), 422, "ASSAY_PEER_NETWORKS")
    assert Following.objects.count() == 0


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"remit": []}, "Choose a country at least."),
        ({"remit": ["FR"]}, "FR is not one of the available choices"),
        ({"remit": ["DE"], "max_age": "0"}, "greater than or equal to 1"),
        ({"remit": ["DE"], "max_age": "soon"}, "Enter a whole number"),
    ],
)
def test_terms_that_cannot_be_are_not_shown_for_confirmation(
    operator: Client, stranger: Stranger, terms: dict[str, Any], sentence: str
) -> None:
    answer = operator.post("/federation/add", {"url": stranger.url, "shown": "1", **terms})
    refuse(answer, 422, sentence)
    assert b'name="token"' not in answer.content


def test_a_confirmation_is_good_for_a_quarter_of_an_hour(
    operator: Client, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add(operator, stranger)
    shown = operator.post(path(row, "pause"), {"reason": "maintenance"})
    late = time.time() + steps.MOST_SECONDS + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: late)
    refuse(operator.post(path(row, "pause"), {"token": token(shown)}), 422, "Too much time has passed")
    assert Following.objects.get().status == "following"


def test_a_confirmation_is_that_persons_alone(operator: Client, stranger: Stranger) -> None:
    row = add(operator, stranger)
    shown = operator.post(path(row, "pause"), {"reason": "maintenance"})
    other = Client()
    sign_in(other, "operator", email="second@nl.example")
    refuse(other.post(path(row, "pause"), {"token": token(shown)}), 422, "This was to confirm something else.")
    refuse(operator.post(path(row, "withdraw"), {"token": token(shown)}), 422, "This was to confirm something else.")


def test_pausing_and_resuming(operator: Client, stranger: Stranger) -> None:
    row, entries = add(operator, stranger), size()
    refuse(operator.post(path(row, "pause"), {"reason": " "}), 422, "Write why, in a sentence.")
    shown = operator.post(path(row, "pause"), {"reason": "maintenance"})
    assert "Pause?" in words(shown)
    assert Following.objects.get().status == "following"
    assert operator.post(path(row, "pause"), {"token": token(shown)})["Location"] == path(row)
    row.refresh_from_db()
    assert (row.status, row.status_reason) == ("paused", "maintenance")
    again = operator.post(path(row, "pause"), {"token": token(shown)})
    refuse(again, 409, "It is paused at the moment, so this cannot be done.")
    operator.post(path(row, "resume"), {"token": token(operator.get(path(row, "resume")))})
    row.refresh_from_db()
    assert (row.status, size()) == ("following", entries)


def test_new_terms_go_on_our_ledger_unless_the_peer_changed_meanwhile(operator: Client, stranger: Stranger) -> None:
    row, entries = add(operator, stranger), size()
    assert operator.get(path(row, "amend")).content.count(b" checked") == 2
    shown = operator.post(path(row, "amend"), {"remit": ["LU"], "max_age": ""})
    assert "Heard for Luxembourg" in words(shown)
    assert "which nobody can take back" in words(shown)
    operator.post(path(row, "amend"), {"token": token(shown)})
    row.refresh_from_db()
    assert (row.remit, size()) == (["LU"], entries + 1)
    stale = operator.post(path(row, "amend"), {"token": token(shown)})
    refuse(stale, 422, "It has changed since you looked.")
    assert size() == entries + 1
    shown = operator.post(path(row, "amend"), {"remit": ["DE", "LU"], "max_age": "5"})
    operator.post(path(row, "amend"), {"token": token(shown)})
    row.refresh_from_db()
    assert (row.remit, row.max_age_seconds) == (None, 300)


def test_withdrawing_with_a_reason(operator: Client, stranger: Stranger) -> None:
    row = add(operator, stranger)
    refuse(operator.post(path(row, "withdraw"), {"reason": "whim"}), 422, "whim is not one of the available choices")
    shown = operator.post(path(row, "withdraw"), {"reason": "agreement_ended", "note": "One line.\r\nAnother."})
    assert "Withdraw the recognition?" in words(shown)
    operator.post(path(row, "withdraw"), {"token": token(shown)})
    row.refresh_from_db()
    assert row.status == "withdrawn"
    (record,) = list_peers()
    assert record.withdrawal is not None
    assert (record.withdrawal.reason, record.withdrawal.note) == ("agreement_ended", "One line.\nAnother.")
    page = words(operator.get(path(row)))
    assert "Reason: The agreement has ended." in page
    assert not any(str(verb.title) in page for verb in VERBS.values())
    anew = add(operator, stranger)
    assert (anew.status, anew.peer != row.peer) == ("following", True)
    page = words(operator.get(path(anew)))
    assert page.count("Peer recognised.") == 2
    assert "Recognition of a peer withdrawn." in page


def test_following_again_after_a_fork_wants_a_reason(operator: Client, stranger: Stranger) -> None:
    row = add(operator, stranger)
    Following.objects.update(status="frozen")
    shown = operator.post(path(row, "unfreeze"), {"reason": "a restored backup, explained"})
    assert "The evidence and our report of it stay for ever." in words(shown)
    operator.post(path(row, "unfreeze"), {"token": token(shown)})
    row.refresh_from_db()
    assert row.status == "following"
    assert "a restored backup, explained" in words(operator.get(path(row)))


def test_hidden_characters_in_a_reason_are_refused(operator: Client, stranger: Stranger) -> None:
    row = add(operator, stranger)
    refuse(operator.post(path(row, "pause"), {"reason": "safe\u202eesrever"}), 422, "hidden characters")


def test_a_changed_key_is_shown_beside_the_known_one(operator: Client, stranger: Stranger) -> None:
    row = add(operator, stranger)
    assert "Its key has not changed" in words(operator.get(path(row, "confirm-key")))
    former = stranger.vkey
    stranger.hand_over(2, reason="compromised")
    assert stranger.vkey != former
    shown = operator.get(path(row, "confirm-key"))
    assert "Accept another key for Register of DE?" in words(shown)
    assert former in shown.content.decode()
    assert stranger.vkey in shown.content.decode()
    before = size()
    operator.post(path(row, "confirm-key"), {"token": token(shown)})
    row.refresh_from_db()
    assert (row.vkeys, size()) == ([stranger.vkey], before + 1)


def test_an_alert_is_settled_once(operator: Client) -> None:
    fields = {"origin": "register.de.example/ledger", "code": "odd", "raised_at": timezone.now()}
    alert = Alert.objects.create(message="look here", **fields)
    shown = operator.get(f"/federation/alerts/{alert.id}/settle")
    assert "look here" in words(shown)
    done = operator.post(f"/federation/alerts/{alert.id}/settle", {"token": token(shown)})
    assert done.status_code == 303
    alert.refresh_from_db()
    assert alert.settled_at is not None
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
