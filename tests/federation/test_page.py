"""The page `/federation` and what hangs on it: each state of a peer in words, its JSON twin, what it costs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from federation.models import Alert, Submission
from federation.sync import attempt, follow
from federation.views.forms import TermsForm
from federation.views.words import spell_countries
from ledger import publish
from tests import factories, ledgers
from tests.federation import cast
from tests.federation.states import change, keep_fork
from tests.peers import Peer
from tests.people import sign_in
from tests.register import peering

JSON = {"Accept": "application/json"}
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def client(transactional_db: None) -> Client:
    """A reader of a node that has been opened and follows nobody."""
    cache.clear()
    factories.open_register()
    return Client()


@pytest.fixture
def listening() -> Iterator[ExitStack]:
    """Peers that listen until the test ends."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def german(client: Client, listening: ExitStack) -> Peer:
    """A peer that was just copied."""
    peer = cast.open_country("de", 3)
    listening.enter_context(cast.following(peer))
    follow(peer.origin)
    return peer


def read(client: Client, path: str = "/federation", status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.content[:500]
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def tell(client: Client, path: str = "/federation") -> Any:
    response = client.get(path, headers=JSON)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    return json.loads(response.content)


def path_of(peer: Peer) -> str:
    return f"/federation/peers/{cast.row_of(peer).peer}"


def test_a_node_without_peers_says_so(client: Client) -> None:
    assert "This node follows nobody yet" in read(client)
    assert "Nobody else has countersigned it yet." in read(client)
    told = tell(client)
    assert (told["items"], told["forks"], told["cosigned_by"], told["next"]) == ([], [], [], None)
    assert told["checkpoint"]["size"] == 1


def test_a_fresh_peer_is_followed_and_its_copy_counted(client: Client, german: Peer) -> None:
    shown = read(client)
    assert "The only peer is fresh" in shown
    assert f"{len(german.entries)} entries" in shown
    (peer,) = tell(client)["items"]
    assert (peer["state"], peer["fresh"], peer["lag"], peer["size"]) == ("following", True, 0, len(german.entries))
    assert peer["checkpoint"]["note"].startswith(german.origin)


def test_a_peer_nothing_was_copied_of_is_not_called_fresh(client: Client) -> None:
    cast.recognise(cast.open_country("de"), "http://127.0.0.1:1")
    shown = read(client)
    assert "1 peer is not copied yet" in shown
    assert "The only peer is not fresh" in shown
    assert "nothing copied yet" in shown
    assert tell(client)["items"][0]["checkpoint"] is None


def test_a_peer_whose_checkpoint_is_too_old_was_not_heard_in_time(client: Client, listening: ExitStack) -> None:
    peer = cast.open_country("de", signed_at=datetime.now(UTC) - timedelta(hours=3, minutes=20))
    listening.enter_context(cast.following(peer, max_age_seconds=3600))
    follow(peer.origin)
    shown = read(client)
    assert "1 peer was not heard in time" in shown
    assert "not heard for 3 hours" in shown
    assert "read “unchecked” until it is heard again" in shown
    change(peer, max_age_seconds=None)
    assert "The only peer is fresh" in read(client)


def test_entries_that_are_behind_are_counted(client: Client, german: Peer) -> None:
    change(german, seen_size=len(german.entries) + 1234)
    assert "1,234 entries" in read(client)
    assert tell(client)["items"][0]["lag"] == 1234


def test_a_checkpoint_is_told_by_its_second(client: Client, german: Peer) -> None:
    told = tell(client)["items"][0]["checkpoint"]["time"]
    assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}Z", told)
    assert re.search(rf'datetime="{told}"', client.get("/federation").content.decode())


def test_of_much_that_our_ledger_says_of_a_peer_the_newest_is_unfolded(client: Client, german: Peer) -> None:
    written = peering.recognise(german.origin)
    for number in range(6):
        peering.amend(written.id, max_age_seconds=900 + number)
    page = client.get(path_of(german)).content.decode()
    newest, _summary, older = page[page.index('id="said"') :].partition("Older entries")
    assert newest.count("/ledger/entries/") == 5
    assert older[: older.index("</details>")].count("/ledger/entries/") == 2


def test_trouble_is_told_in_words_and_its_message_to_the_operator_alone(client: Client, listening: ExitStack) -> None:
    peer = cast.open_country("de")
    with cast.following(peer):
        follow(peer.origin)
    attempt(peer.origin)
    row = cast.row_of(peer)
    assert (row.failures, row.error_code) == (1, "unreachable")
    shown = read(client)
    assert "following, with trouble" in shown
    assert "It could not be reached." in shown
    assert row.said_error not in shown
    assert "One attempt has failed." in read(client, path_of(peer))
    assert tell(client)["items"][0]["error"] == {"code": "unreachable", "failures": 1}
    sign_in(client, "operator")
    assert "127.0.0.1" in read(client, path_of(peer))


def test_what_waits_for_cosignatures_or_came_from_a_mirror_is_told_though_no_attempt_failed(
    client: Client, german: Peer
) -> None:
    change(german, failures=0, error_code="quorum_missing", error_message="expected 2 cosignatures")
    shown = read(client, path_of(german))
    assert "waits for the cosignatures that this node’s policy asks for" in shown
    assert "attempt" not in shown
    change(german, error_code="something_new")
    assert "The last attempt failed." in read(client)


def test_a_paused_and_a_withdrawn_peer_are_no_alarm(client: Client, german: Peer) -> None:
    change(german, status="paused", status_reason="moving house")
    assert "1 peer is paused" in read(client)
    assert "Reason: moving house." in read(client, path_of(german))
    change(german, status="withdrawn", status_reason="agreement_ended")
    assert "This node has withdrawn from all its peers" in read(client)
    assert "Reason: The agreement has ended." in read(client, path_of(german))


def test_a_frozen_peer_comes_first_with_the_evidence_to_download(client: Client, german: Peer) -> None:
    fork = keep_fork(german)
    change(german, status="frozen")
    shown = read(client)
    assert "1 peer showed two histories" in shown
    assert "frozen: showed two histories" in shown
    assert "Two different trees of the same size were signed" in shown
    assert "reported on our ledger" in shown
    for accept in ("text/html", "application/json"):
        answer = client.get(f"/federation/evidence/{fork.id}", headers={"Accept": accept})
        assert answer.content == fork.proof
        assert answer["Content-Disposition"] == f'attachment; filename="fork-{fork.id}.txt"'
        assert "immutable" in answer["Cache-Control"]
    assert tell(client)["forks"][0]["evidence"] == f"/federation/evidence/{fork.id}"
    assert client.get(f"/federation/evidence/{uuid4()}").status_code == 404


def test_evidence_against_our_own_key_comes_before_all_else(client: Client, german: Peer) -> None:
    keep_fork(german, origin="register.nl.example/ledger", entry=None)
    shown = read(client)
    assert "Our own key has signed another history" in shown
    assert "The only peer is fresh" not in shown
    change(german, status="frozen")
    assert "1 peer showed two histories" in read(client)


def test_a_peer_followed_again_after_a_fork_keeps_the_mark(client: Client, german: Peer) -> None:
    keep_fork(german)
    change(german, status_reason="followed again after a fork: a restored backup")
    assert "following, after a fork" in read(client)
    assert "a restored backup" in read(client, path_of(german))


def test_entries_set_aside_are_listed_with_their_reasons_page_by_page(client: Client, listening: ExitStack) -> None:
    peer = cast.open_country("de")
    peer.ledger.own = False  # its own rules are not ours
    for number in range(30):
        ledgers.register(peer.ledger, ledgers.make_id(0x800000 + number), country="FR")
    listening.enter_context(cast.following(peer))
    follow(peer.origin)
    assert "30 entries set aside" in read(client)
    assert "All 30 of them" in read(client, path_of(peer))
    seen: list[int] = []
    address: str | None = f"{path_of(peer)}/quarantine"
    while address:
        told = tell(client, address)
        assert {item["reason"] for item in told["items"]} == {"outside_territory"}
        assert "France" in told["items"][0]["message"] or "FR" in told["items"][0]["message"]
        seen += [item["index"] for item in told["items"]]
        address = told["next"] and told["next"].partition("register.nl.example")[2]
    assert seen == list(range(len(peer.entries) - 1, len(peer.entries) - 31, -1))
    assert "Older" in read(client, f"{path_of(peer)}/quarantine")
    assert "Newest" in read(client, f"{path_of(peer)}/quarantine?before={seen[5]}")
    assert client.get(f"{path_of(peer)}/quarantine?before=x").status_code == 400


def test_who_cosigned_whom_is_shown_both_ways(client: Client, german: Peer, listening: ExitStack) -> None:
    french = cast.open_country("fr", cosigners=[german.witness])
    listening.enter_context(cast.following(french))
    follow(french.origin)
    Submission.objects.create(peer=cast.row_of(french).peer, size=1, cosigned_at=timezone.now())
    by_name = {item["name"]: item for item in tell(client)["items"]}
    assert by_name["Register DE"]["cosigned_by_us"]["size"] == len(german.entries)
    assert by_name["Register FR"]["countersigned_by"][0]["peer"] == str(cast.row_of(german).peer)
    assert by_name["Register FR"]["cosigned_us"]["size"] == 1
    assert by_name["Register DE"]["cosigned_us"] is None
    page = client.get("/federation").content.decode()
    assert 'class="link between"' in page
    assert "all our entries, on an earlier checkpoint" in page
    assert "nothing of ours yet" in page
    assert "Register DE" in read(client, path_of(french))


def test_the_witnesses_under_our_own_checkpoint_are_named(client: Client, german: Peer) -> None:
    head = publish.cover("register.nl.example/ledger", 1)
    line = german.witness.cosign(head.note.decode().partition("\n\n")[0] + "\n", int(timezone.now().timestamp()))
    stranger = cast.signer_of("witness.example", 4).cosign(
        head.note.decode().partition("\n\n")[0] + "\n", int(timezone.now().timestamp())
    )
    with connection.cursor() as cursor:
        note = head.note + (line.line + stranger.line).encode()
        cursor.execute(
            "INSERT INTO ledger_checkpoint (log_id, size, time, root, note) VALUES (%s, %s, %s, %s, %s)",
            [head.log_id, head.size, head.time + timedelta(microseconds=2), head.root, note],
        )
    shown = read(client)
    assert "Countersigned by: Register DE" in shown
    assert "witness.example" in shown
    assert "a witness that is no peer" in shown
    assert "our newest checkpoint" in shown
    assert tell(client)["items"][0]["under_our_newest_checkpoint"]


def test_a_peers_own_texts_are_escaped(client: Client, german: Peer) -> None:
    change(german, name=HOSTILE, status_reason=HOSTILE)
    keep_fork(german, shown_by=HOSTILE)
    for path in ("/federation", path_of(german), f"{path_of(german)}/quarantine"):
        page = client.get(path).content.decode()
        assert HOSTILE not in page
        assert "&lt;script&gt;" in page


def test_alerts_are_for_operators(client: Client, german: Peer) -> None:
    Alert.objects.create(origin=german.origin, code="key_unannounced", message="look here", raised_at=timezone.now())
    assert "look here" not in read(client)
    sign_in(client, "operator")
    assert "look here" in read(client)
    assert "look here" in read(client, path_of(german))


def test_what_is_not_there_is_404_in_words_and_as_a_problem(client: Client) -> None:
    path = f"/federation/peers/{uuid4()}"
    assert "This node follows no peer with this id." in read(client, path, 404)
    answer = client.get(path, headers=JSON)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert json.loads(answer.content)["code"] == "peer_unknown"


class CountingCursor(psycopg.Cursor[Any]):
    """What the ledger's own queries go through; Django's do not."""

    asked = 0

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        CountingCursor.asked += 1
        return super().execute(*args, **kwargs)


def test_reading_sets_no_cookie_and_takes_as_many_queries_for_many_peers(
    client: Client, german: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.database.psycopg.Cursor", CountingCursor)

    def count(path: str) -> int:
        CountingCursor.asked = 0
        with CaptureQueriesContext(connection) as captured:
            response = client.get(path)
        assert (response.status_code, response.cookies) == (200, {})
        return len(captured) + CountingCursor.asked

    few = {path: count(path) for path in ("/federation", path_of(german), f"{path_of(german)}/quarantine")}
    for code in ("fr", "be", "pl", "it", "es"):
        peer = cast.open_country(code, cosigners=[german.witness])
        with cast.following(peer):
            follow(peer.origin)
        keep_fork(peer)
    assert {path: count(path) for path in few} == few
    assert 8 <= min(few.values()) <= max(few.values()) <= 16


POLICY = """witness de {de}
witness fr {fr}
group both all de fr
quorum both
"""


def test_the_terms_are_told_in_words_and_each_peer_is_held_against_them(
    client: Client, german: Peer, settings: Any, tmp_path: Path
) -> None:
    shown = read(client)
    assert "to be countersigned by one further peer at least" in shown
    assert "taken over all the same, and the lack is shown" in shown
    assert "countersigned by nobody but us" in shown
    assert tell(client)["policy"] == {"mode": "open", "source": "peers", "witnesses": 1, "wanted": 1}
    settings.ASSAY_COSIGN_POLICY = "closed"
    settings.ASSAY_POLICY_FILE = tmp_path / "policy.txt"
    french = cast.open_country("fr")
    keys = {"de": german.witness.verifier, "fr": french.witness.verifier}
    settings.ASSAY_POLICY_FILE.write_text(POLICY.format(**keys))
    shown = read(client)
    assert "countersigned by 2 at least of the 2 witnesses of the operator’s policy" in shown
    assert "Until it is, nothing of it is taken over." in shown
    assert "too few for our policy: 1 of at least 2" in read(client, path_of(german))
    assert tell(client)["policy"] == {"mode": "closed", "source": "file", "witnesses": 2, "wanted": 2}
    settings.ASSAY_POLICY_FILE.write_text("quorum nonsense")
    assert "The operator’s policy file cannot be used as it is." in read(client)
    assert "not known: the operator’s policy file cannot be used" in read(client, path_of(german))
    assert tell(client)["policy"]["wanted"] is None


def test_the_board_is_there_while_a_key_cannot_be_used(
    client: Client, german: Peer, settings: Any, tmp_path: Path
) -> None:
    settings.ASSAY_KEYS_DIR = tmp_path / "nowhere"
    for path in ("/federation", path_of(german)):
        assert "A key of the ledger or of a witness cannot be read." in read(client, path)
    assert tell(client)["policy"]["wanted"] is None


def test_a_long_list_of_countries_is_by_name_and_folded() -> None:
    codes = ["AD", "AL", "AM", "AT", "AZ", "BA", "BE", "BG", "BY", "CH", "CY", "CZ", "DE", "DK"]
    every = TermsForm(territory=codes, initial=TermsForm.show({}, codes))
    names = [name for _code, name in every.fields["remit"].choices]  # type: ignore[attr-defined]
    assert names == sorted(names, key=str.casefold)
    assert every.folded == "all its territory"
    some = TermsForm(territory=codes, initial=TermsForm.show({"remit": codes[:2]}, codes))
    assert some.folded == spell_countries(codes[:2], 6)
    assert TermsForm(territory=codes[:3], initial=TermsForm.show({}, codes[:3])).folded == ""
