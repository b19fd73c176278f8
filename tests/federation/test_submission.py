"""Announcing our checkpoint to peers' witnesses: at once, each from where it stands, nobody waiting for the dead."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from federation import announcement
from federation.announcement import Announcement, announce
from federation.errors import Unreachable
from federation.models import Alert, Submission
from federation.transport import Answer
from ledger import fsck, publish, reader
from ledger.models import Cosignature
from ledger.signer import node_signers
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.proof import check_proof, parse_proof
from ledger.tlog.witness import Cosigned
from tests import reference
from tests.federation.logs import DE, FR, IT, NL, Country, Wire, Witness, fail_with
from tests.ledger.tlog.cast import SmallLog, make_entries
from tests.ledger.writing import append, keys, make_entry, origin

pytestmark = pytest.mark.django_db
THREE = (DE, FR, IT)


def sign(count: int, now: datetime | None = None) -> reader.SignedCheckpointRow:
    append(count)
    return publish.cover(origin(), now=now)


def witness_of(country: Country) -> Witness:
    country.follow()
    return Witness(country, [node_signers().log.verifier], int(time.time()))


def cosigners(note: bytes) -> set[str]:
    trusted = [*keys(), *(country.witness.verifier for country in THREE)]
    return {item.name for item in open_checkpoint(note, trusted, origin()).cosignatures}


def names(*countries: Country) -> set[str]:
    return {node_signers().witness.name, *(country.witness.name for country in countries)}


def row_of(country: Country) -> Submission:
    return Submission.objects.get(peer=country.follow().id)


def test_a_new_checkpoint_gets_all_lines_and_all_peers_get_the_note_with_all_lines() -> None:
    witnesses = [witness_of(country) for country in THREE]
    head = sign(5)
    done = announce(client=Wire.between(*witnesses))
    assert done == Announcement(5, tuple(sorted(country.origin for country in THREE)))
    newest = reader.latest_checkpoint(origin())
    assert (newest.size, newest.second) == (5, head.second)
    assert cosigners(newest.note) == names(*THREE)
    for witness in witnesses:
        assert [request.old_size for request in witness.asked] == [0, 5]
        assert cosigners(witness.asked[1].note) == names(*THREE)
    assert Cosignature.objects.count() == 3
    fsck.check_log(origin(), keys())


def test_the_receipt_opens_under_the_keys_of_two_other_witnesses() -> None:
    wire = Wire.between(witness_of(DE), witness_of(FR))
    sign(300)
    announce(client=wire)
    proof = parse_proof(reader.read_receipts(origin(), [42])[42])
    for country in (DE, FR):
        signed = check_proof(proof, make_entry(42), [keys()[0], country.witness.verifier])
        assert [item.key for item in signed.cosignatures] == [country.witness.verifier]


def test_growth_is_proven_from_where_each_witness_stands() -> None:
    german, french = witness_of(DE), witness_of(FR)
    wire = Wire.between(german, french)
    sign(5)
    announce(client=wire)
    french.instead = fail_with(Unreachable("it is away"))
    sign(300)
    announce(client=wire)
    french.instead = None
    Submission.objects.update(next_attempt=None)
    sign(7)
    announce(client=wire)
    assert [request.old_size for request in german.asked] == [0, 5, 5, 305, 312]
    assert [request.old_size for request in french.asked] == [0, 5, 5, 312]
    assert german.last.size == french.last.size == 312


def test_when_all_have_it_nobody_is_asked_until_it_is_signed_anew() -> None:
    german = witness_of(DE)
    wire = Wire.between(german)
    assert announce(client=wire) == Announcement(0)
    head = sign(5)
    announce(client=wire)
    assert len(german.asked) == 1, "who alone cosigned has nothing to learn from a second round"
    assert announce(client=wire) == Announcement(5)
    assert len(german.asked) == 1
    publish.refresh(origin(), timedelta(minutes=5), head.second + timedelta(minutes=6))
    announce(client=wire)
    assert [request.old_size for request in german.asked] == [0, 5]
    assert cosigners(reader.latest_checkpoint(origin()).note) == names(DE)


def test_a_node_that_has_forgotten_how_far_a_witness_is_learns_it_from_the_conflict() -> None:
    german = witness_of(DE)
    wire = Wire.between(german)
    sign(5)
    announce(client=wire)
    Submission.objects.all().delete()
    sign(5)
    assert announce(client=wire).cosigned == (DE.origin,)
    assert [request.old_size for request in german.asked] == [0, 0, 5]
    assert row_of(DE).size == 10


def test_a_witness_that_lags_behind_what_we_remember_is_asked_from_where_it_is() -> None:
    german = witness_of(DE)
    wire = Wire.between(german)
    sign(5)
    Submission.objects.create(peer=DE.follow().id, size=4)
    announce(client=wire)
    assert [request.old_size for request in german.asked] == [4, 0]
    assert german.last.size == 5


def test_a_witness_that_never_agrees_is_asked_a_few_times_only() -> None:
    german = witness_of(DE)
    asked: list[bytes] = []

    def disagree(body: bytes) -> Answer:
        asked.append(body)
        return Answer(409, "text/x.tlog.size", b"3\n")

    german.instead = disagree
    sign(5)
    assert announce(client=Wire.between(german)).failed == ((DE.origin, "witness_conflict"),)
    assert len(asked) == announcement.MOST_TRIES
    assert row_of(DE).failures == 1


def test_a_witness_that_knows_more_than_we_signed_alarms_the_operator() -> None:
    german = witness_of(DE)
    sign(5)
    german.last = Cosigned(9, bytes(32))
    assert announce(client=Wire.between(german)).failed == ((DE.origin, "witness_ahead"),)
    alert = Alert.objects.get(origin=DE.origin)
    assert alert.code == "witness_ahead"
    assert "more than we have signed" in alert.said


def test_a_witness_that_has_seen_another_history_alarms_the_operator_and_is_asked_for_it() -> None:
    german = witness_of(DE)
    wire = Wire.between(german)
    stolen = node_signers().log
    other = SmallLog(make_entries(3, "another history"), stolen)
    german.last, german.note = Cosigned(3, other.root()), other.checkpoint(3, time=None)
    sign(5)
    assert announce(client=wire).failed == ((DE.origin, "witness_refused"),)
    assert row_of(DE).error_code == "witness_refused"
    codes = set(Alert.objects.values_list("origin", "code"))
    assert (DE.origin, "witness_refused") in codes
    assert (origin(), "own_fork") in codes, "the key that signed it is ours"


@pytest.mark.parametrize("status", [409, 422])
def test_a_bare_conflict_counts_as_a_refusal_since_some_witnesses_answer_so(status: int) -> None:
    german = witness_of(DE)
    german.instead = lambda body: Answer(status, "text/plain", b"")
    sign(5)
    assert announce(client=Wire.between(german)).failed == ((DE.origin, "witness_refused"),)


def test_an_alarm_ends_when_the_witness_cosigns_again() -> None:
    german = witness_of(DE)
    wire = Wire.between(german)
    german.instead = lambda body: Answer(422, "text/plain", b"")
    sign(5)
    announce(client=wire)
    german.instead = None
    Submission.objects.update(next_attempt=None)
    announce(client=wire)
    assert Alert.objects.get(origin=DE.origin).settled_at is not None
    row = row_of(DE)
    assert (row.failures, row.next_attempt, row.error_code, row.error_message) == (0, None, "", "")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(404, "text/plain", b""), "witness_does_not_follow"),
        (Answer(403, "text/plain", b""), "witness_distrusts_key"),
        (Answer(429, "text/plain", b""), "witness_busy"),
        (Answer(503, "text/plain", b""), "witness_busy"),
        (Answer(400, "text/plain", b""), "unexpected_answer"),
        (Answer(500, "text/html", b"<html>"), "unexpected_answer"),
        (Answer(200, "text/html", b"<html>welcome</html>"), "cosignature_invalid"),
        (Answer(200, "text/plain", b""), "cosignature_invalid"),
    ],
)
def test_other_answers_are_kept_in_words_and_tried_again_later(answer: Answer, code: str) -> None:
    german, french = witness_of(DE), witness_of(FR)
    german.instead = lambda body: answer
    sign(5)
    wire = Wire.between(german, french)
    done = announce(client=wire)
    assert (done.cosigned, done.failed) == ((FR.origin,), ((DE.origin, code),))
    row = row_of(DE)
    assert (row.error_code, row.failures, row.size) == (code, 1, 0)
    assert row.next_attempt is not None
    assert row.next_attempt > timezone.now()
    assert not Alert.objects.exists()
    assert announce(client=wire).failed == (), "it is left alone until then"
    assert cosigners(reader.latest_checkpoint(origin()).note) == names(FR)


def test_pauses_grow_and_stay_bounded() -> None:
    german = witness_of(DE)
    german.instead = fail_with(Unreachable("it is away"))
    sign(5)
    pauses = []
    for _ in range(14):
        Submission.objects.update(next_attempt=None)
        announce(client=Wire.between(german))
        row = row_of(DE)
        assert row.next_attempt is not None
        pauses.append((row.next_attempt - timezone.now()).total_seconds())
    assert pauses[0] <= 2
    assert max(pauses) <= 300
    assert pauses[-1] > 100


def test_lines_that_do_not_verify_or_come_from_the_future_are_not_kept() -> None:
    german, french = witness_of(DE), witness_of(FR)
    german.time += 3600
    impostor = Witness(IT, french.keys, french.time)
    french.instead = impostor.answer
    sign(5)
    done = announce(client=Wire.between(german, french))
    assert dict(done.failed) == {DE.origin: "cosignature_invalid", FR.origin: "cosignature_invalid"}
    assert cosigners(reader.latest_checkpoint(origin()).note) == names()
    assert not Cosignature.objects.exists()


def test_only_peers_we_follow_are_asked() -> None:
    german = witness_of(DE)
    for status in ("paused", "frozen", "withdrawn"):
        DE.follow(status=status)
        sign(1)
        assert announce(client=Wire.between(german)).cosigned == ()
    assert german.asked == []


@pytest.fixture
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcement, "PROMPT_SECONDS", 0.2)
    monkeypatch.setattr(announcement, "PEER_SECONDS", 3.0)


def test_who_is_slow_delays_nobody_and_shares_its_line_when_it_comes(short_times: None) -> None:
    """Italy answers only once Germany has been sent the note with France's line: it cannot have been waited for."""
    german, french, italian = (witness_of(country) for country in THREE)
    shared = threading.Event()

    def watch(body: bytes) -> Answer:
        german.instead = None
        answer = german.answer(body)
        german.instead = watch
        if FR.witness.name.encode() in body:
            shared.set()
        return answer

    def wait(body: bytes) -> Answer:
        assert shared.wait(10)
        italian.instead = None
        return italian.answer(body)

    german.instead, italian.instead = watch, wait
    sign(5)
    done = announce(client=Wire.between(german, french, italian))
    assert set(done.cosigned) == {country.origin for country in THREE}
    assert [cosigners(request.note) for request in german.asked] == [names(), names(DE, FR), names(*THREE)]
    assert cosigners(italian.asked[-1].note) == names(*THREE)
    assert cosigners(reader.latest_checkpoint(origin()).note) == names(*THREE)


def test_who_never_answers_is_given_up_and_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcement, "PROMPT_SECONDS", 0.1)
    monkeypatch.setattr(announcement, "PEER_SECONDS", 0.3)
    german, french = witness_of(DE), witness_of(FR)
    end = threading.Event()

    def hang(body: bytes) -> Answer:
        end.wait(1)
        raise Unreachable("cut off")

    german.instead = hang
    sign(5)
    done = announce(client=Wire.between(german, french))
    end.set()
    assert (done.cosigned, done.failed) == ((FR.origin,), ((DE.origin, "too_slow"),))
    assert cosigners(reader.latest_checkpoint(origin()).note) == names(FR)


def test_a_line_that_comes_with_a_later_announcement_is_shared_with_those_who_were_done() -> None:
    german, french = witness_of(DE), witness_of(FR)
    wire = Wire.between(german, french)
    french.instead = fail_with(Unreachable("it is away"))
    sign(5)
    announce(client=wire)
    french.instead = None
    Submission.objects.update(next_attempt=None)
    announce(client=wire)
    assert cosigners(german.asked[-1].note) == names(DE, FR)


def test_requests_hold_the_honest_proof_and_our_signed_note() -> None:
    german = witness_of(DE)
    wire = Wire.between(german)
    for count in (3, 300, 1):
        sign(count)
        announce(client=wire)
    entries = [make_entry(number) for number in range(304)]
    assert [list(request.proof) for request in german.asked] == [
        [],
        reference.proof(3, entries[:303]),
        reference.proof(303, entries),
    ]
    assert {kind for _, kind in wire.sent} == {"text/plain; charset=utf-8"}


@contextmanager
def listening(witness: Witness, seconds: float = 0) -> Iterator[str]:
    """Serve a witness on loopback, each answer late by so many seconds, and follow it there."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = witness.answer(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(seconds)
            with suppress(OSError):
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    witness.country.follow(url=url)
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()


def test_over_real_connections_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that answer, one on whose port nobody listens, one that answers when it is too late."""
    monkeypatch.setattr(announcement, "PEER_SECONDS", 2.5)
    german, french, italian = (witness_of(country) for country in THREE)
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    NL.follow(url=f"http://127.0.0.1:{port}", witness_vkeys=[str(NL.witness.verifier)])
    with listening(german), listening(french), listening(italian, 5):
        sign(5)
        done = announce()
        assert done.cosigned == (DE.origin, FR.origin)
        assert dict(done.failed) == {IT.origin: "too_slow", NL.origin: "unreachable"}
        assert cosigners(german.note) == cosigners(french.note) == names(DE, FR)
        sign(3)
        Submission.objects.filter(failures__gt=0).update(next_attempt=timezone.now() + timedelta(minutes=1))
        assert announce() == Announcement(8, done.cosigned), "those who failed are left alone"
        assert [request.old_size for request in german.asked] == [0, 5, 5, 8]
    assert cosigners(reader.latest_checkpoint(origin()).note) == names(DE, FR)
