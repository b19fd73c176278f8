"""`/federation` in another language: what is kept in English is told in the reader's, and older rows as English."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django.utils.translation import trans_real

from federation import lifecycle
from federation.alerts import raise_alert
from federation.errors import EntriesInvalid
from federation.models import Alert, Submission
from federation.sync import follow, record
from register.sentences import English, say, to_text
from tests import factories, ledgers
from tests.federation import cast
from tests.federation.states import change, keep_fork
from tests.peers import Peer
from tests.people import sign_in

POLISH = {"Accept-Language": "pl"}
TEXTS = {
    "Its key {signed}. Evidence {id}.": "Jego klucz {signed}. Dowód {id}.",
    "signed two different trees of one size": "podpisał dwa różne drzewa",
    "It is frozen at its last consistent state.": "Zamrożono.",
    "expected somebody to serve {origin}, nobody does": "nikt nie udostępnia {origin}",
    "the answer of {peer}'s witness: {fault}": "odpowiedź świadka {peer}: {fault}",
    "paused by the operator": "wstrzymany przez operatora",
    "a submission to our witness": "zgłoszenie do naszego świadka",
}


@pytest.fixture(autouse=True)
def _polish(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Polish catalogue holds the texts of these tests, whether or not they are translated already."""
    texts = trans_real.translation("pl")._catalog  # type: ignore[attr-defined]
    for template, translated in TEXTS.items():
        monkeypatch.setitem(texts._catalogs[0], template, translated)


@pytest.fixture
def listening() -> Iterator[ExitStack]:
    """Peers that listen until the test ends."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def german(transactional_db: None, listening: ExitStack) -> Peer:
    """A peer that was just copied."""
    cache.clear()
    factories.open_register()
    peer = cast.open_country("de", 3)
    listening.enter_context(cast.following(peer))
    follow(peer.origin)
    return peer


@pytest.fixture
def operator(german: Peer) -> Client:
    """Who sees what a peer fails in."""
    client = Client(headers=POLISH)
    sign_in(client, "operator")
    return client


def read(client: Client, path: str) -> str:
    response = client.get(path, headers=POLISH)
    assert response.status_code == 200
    assert '<html lang="pl"' in response.content.decode()
    return response.content.decode()


def path_of(peer: Peer) -> str:
    return f"/federation/peers/{cast.row_of(peer).peer}"


def test_an_alert_is_told_in_the_readers_language_and_an_older_one_as_english(german: Peer, operator: Client) -> None:
    raise_alert(german.origin, "fork", say("Its key {signed}. Evidence {id}.", signed=say("seen"), id="17"))
    assert "Jego klucz seen. Dowód 17." in read(operator, "/operator")
    Alert.objects.create(origin=german.origin, code="older", message="An <older> one.", raised_at=timezone.now())
    for path in ("/federation", path_of(german)):
        page = read(operator, path)
        assert 'Jego klucz <bdi lang="en">seen</bdi>. Dowód <bdi>17</bdi>.' in page
        assert '<h3><bdi lang="en">An &lt;older&gt; one.</bdi></h3>' in page
    assert '<bdi lang="en">An &lt;older&gt; one.</bdi>' in read(operator, "/operator")
    alert = Alert.objects.get(code="fork")
    assert alert.said == "Its key seen. Evidence 17."
    assert "Jego klucz" in read(operator, f"/federation/alerts/{alert.id}/settle")


def test_an_alert_that_says_the_same_again_is_left_alone(german: Peer) -> None:
    for _ in range(2):
        raise_alert(german.origin, "fork", say("It is frozen at its last consistent state."))
    assert Alert.objects.get().said == "It is frozen at its last consistent state."


def test_what_hinders_a_peer_is_told_to_the_operator_in_their_language(german: Peer, operator: Client) -> None:
    record.keep_failure(
        german.origin, EntriesInvalid(say("expected somebody to serve {origin}, nobody does", origin="<x>"))
    )
    said = say("the answer of {peer}'s witness: {fault}", peer="DE", fault=English("not a note"))
    row = cast.row_of(german)
    Submission.objects.create(peer=row.peer, error_code="cosignature_invalid", error_message=to_text(said))
    page = read(operator, path_of(german))
    assert "nikt nie udostępnia <bdi>&lt;x&gt;</bdi>" in page
    assert 'odpowiedź świadka <bdi>DE</bdi>: <bdi lang="en">not a note</bdi>' in page
    change(german, error_message="the connection failed")
    assert '<bdi lang="en">the connection failed</bdi>' in read(operator, path_of(german))


def test_a_long_trouble_is_kept_by_its_beginning(german: Peer) -> None:
    record.keep_failure(german.origin, EntriesInvalid(say("expected {origin}", origin="x" * 5000)))
    assert cast.row_of(german).said_error == f"expected {'x' * 5000}"[: record.MOST_WORDS]


def test_why_a_peer_stands_still_is_told_to_everybody(german: Peer) -> None:
    client, row = Client(), cast.row_of(german)
    lifecycle.pause(row.peer)
    assert "Wstrzymany przez operatora" in read(client, path_of(german))
    lifecycle.resume(row.peer)
    lifecycle.pause(row.peer, "Umbau")
    assert "Umbau" in read(client, path_of(german))
    assert '<bdi lang="en">Umbau' not in read(client, path_of(german)), "an operator writes in their own language"
    signed = say("signed two different trees of one size")
    reason = say("Its key {signed}. Evidence {id}.", signed=signed, id="17")
    change(german, status="frozen", status_reason=to_text(reason))
    assert "Jego klucz podpisał dwa różne drzewa. Dowód <bdi>17</bdi>." in read(client, path_of(german))


def test_who_showed_a_fork_is_told_in_words_and_by_name(german: Peer) -> None:
    keep_fork(german, shown_by=to_text(say("a submission to our witness")))
    page = read(Client(), "/federation")
    assert "zgłoszenie do naszego świadka" in page
    told = json.loads(Client().get("/federation", headers={"Accept": "application/json", **POLISH}).content)
    assert told["forks"][0]["shown_by"] == "a submission to our witness"


def test_why_an_entry_was_set_aside_is_told_in_the_readers_language_and_in_json_in_english(
    transactional_db: None, listening: ExitStack
) -> None:
    cache.clear()
    factories.open_register()
    peer = cast.open_country("de")
    peer.ledger.own = False  # its own rules are not ours
    ledgers.register(peer.ledger, ledgers.make_id(0x800000), country="FR")
    listening.enter_context(cast.following(peer))
    follow(peer.origin)
    path = f"{path_of(peer)}/quarantine"
    english = json.loads(Client().get(path, headers={"Accept": "application/json", **POLISH}).content)["items"][0]
    assert "France" in english["message"] or "FR" in english["message"]
    page = read(Client(), path)
    assert english["message"] not in page
    items = page.partition("<ol")[2].partition("</ol>")[0]
    assert "/receipt/5" in items, "the entry is listed"
    assert 'lang="en"' not in items
