"""Our witness over HTTP: the specification's statuses in its order, and a state that never goes back or forks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from federation import coalescing, witness
from federation.coalescing import Asking
from federation.models import Cosigned, Following, Submission
from federation.witness import cosign, hash_origin
from ledger.signer import node_signers
from ledger.tlog.checkpoint import add_signatures, open_checkpoint
from ledger.tlog.note import ED25519, Signature, Signer, format_note, parse_note
from ledger.tlog.witness import WitnessRefusal, format_add_checkpoint, parse_cosignatures
from tests.federation.logs import DE, FR, IT, Country
from tests.ledger.tlog.cast import SmallLog

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LOG = DE.make_log(20)
FORKED = SmallLog([*LOG.entries[:4], *DE.make_log(16, "forged").entries], DE.log)
ADDRESS = "/witness/add-checkpoint"


@pytest.fixture(autouse=True)
def followed(monkeypatch: pytest.MonkeyPatch, db: None) -> list[str]:
    """Follow Germany and France; gather what is put on the queue."""
    started: list[str] = []
    monkeypatch.setattr(witness, "_following", SimpleNamespace(ask=started.append))
    DE.follow()
    FR.follow()
    return started


def ask(old: int, new: int, log: SmallLog = LOG, *lines: Signature) -> bytes:
    note = log.checkpoint(new, time=None)
    return format_add_checkpoint(old, log.consistency(old, new), add_signatures(note, lines) if lines else note)


def post(body: bytes, **headers: str) -> Any:
    return Client(enforce_csrf_checks=True).post(ADDRESS, body, content_type="text/plain", headers=headers)


def shown(country: Country = DE) -> Any:
    return Client().get(f"/witness/{hash_origin(country.origin)}/checkpoint")


def own_key() -> Any:
    return node_signers().witness.verifier


def test_growth_is_cosigned_stored_and_shown(followed: list[str]) -> None:
    before = int(timezone.now().timestamp())
    for old, new in ((0, 3), (3, 3), (3, 17), (17, 20)):
        answer = post(ask(old, new))
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
        text = parse_note(LOG.checkpoint(new)).text
        (line,) = parse_cosignatures(answer.content, text, [own_key()])
        assert before <= line.signature.time <= int(timezone.now().timestamp())
        note = shown()
        assert (note.status_code, note["Cache-Control"]) == (200, "no-store")
        signed = open_checkpoint(note.content, [DE.log.verifier, own_key()], DE.origin)
        assert (signed.checkpoint.size, len(signed.verified), signed.time) == (new, 2, line.signature.time)
    assert followed == [DE.origin] * 3


def without_signature() -> bytes:
    text = parse_note(LOG.checkpoint(12)).text
    return format_add_checkpoint(8, LOG.consistency(8, 12), format_note(text, [FR.log.sign(text)]))


def with_broken_signature() -> bytes:
    text = parse_note(LOG.checkpoint(12)).text
    broken = Signature(DE.origin, DE.log.verifier.key_id, bytes(64))
    return format_add_checkpoint(8, LOG.consistency(8, 12), format_note(text, [broken]))


def with_one_broken_line() -> bytes:
    note = LOG.checkpoint(12, time=None)
    broken = Signature(DE.origin, DE.log.verifier.key_id, bytes(64))
    text = parse_note(note).text
    return format_add_checkpoint(8, LOG.consistency(8, 12), format_note(text, [*parse_note(note).signatures, broken]))


def empty_tree_with_a_root() -> bytes:
    text = f"{FR.origin}\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    return format_add_checkpoint(0, [], format_note(text, [FR.log.sign(text)]))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b""),
        (400, b"old 8\n\nnonsense"),
        (400, ask(8, 12) + b"a" * 16_384),
        (400, b"old 8\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64 + b"\n" + LOG.checkpoint(12)),
        (404, ask(0, 5, IT.make_log(5))),
        (403, without_signature()),
        (403, with_broken_signature()),
        (403, with_one_broken_line()),
        (400, format_add_checkpoint(13, [], LOG.checkpoint(12, time=None))),
        (409, ask(0, 12)),
        (409, ask(7, 12)),
        (409, ask(9, 12)),
        (409, ask(7, 7)),
        (409, ask(7, 8, FORKED)),
        (422, format_add_checkpoint(8, [], LOG.checkpoint(12, time=None))),
        (422, format_add_checkpoint(8, [LOG.root(3)], LOG.checkpoint(8, time=None))),
        (422, ask(8, 8, FORKED)),
        (422, ask(8, 12, FORKED)),
        (422, empty_tree_with_a_root()),
    ],
)
def test_refusals_have_the_statuses_of_the_table_and_leave_nothing(
    status: int, body: bytes, followed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suspected: list[str] = []
    monkeypatch.setattr("federation.forks.suspect", lambda origin, note, shown_by: suspected.append(origin))
    assert post(ask(0, 8)).status_code == 200
    before = list(Cosigned.objects.values())
    answer = post(body)
    assert answer.status_code == status
    if status == 409:
        assert (answer.content, answer["Content-Type"]) == (b"8\n", "text/x.tlog.size")
    else:
        assert answer["Content-Type"].startswith("text/plain")
    assert list(Cosigned.objects.values()) == before
    assert len(followed) == 1
    assert len(suspected) == (status == 422)


def test_a_size_of_zero_is_told_to_who_begins_elsewhere() -> None:
    answer = post(ask(5, 12))
    assert (answer.status_code, answer.content) == (409, b"0\n")
    assert not Cosigned.objects.exists()


def test_the_empty_log_is_cosigned_and_grows_without_a_proof() -> None:
    empty = DE.make_log(0)
    assert post(format_add_checkpoint(0, [], empty.checkpoint(0, time=None))).status_code == 200
    assert post(ask(0, 5)).status_code == 200


@pytest.mark.parametrize("status", ["paused", "frozen", "withdrawn"])
def test_a_peer_that_is_not_followed_is_unknown_but_what_was_cosigned_stays_shown(status: str) -> None:
    assert post(ask(0, 8)).status_code == 200
    Following.objects.filter(origin=DE.origin).update(status=status)
    assert post(ask(8, 12)).status_code == 404
    assert b"\n8\n" in shown().content


def test_our_own_log_is_none_of_those_we_witness() -> None:
    own = node_signers().log
    Following.objects.filter(origin=FR.origin).update(origin=settings.ASSAY_ORIGIN, vkeys=[str(own.verifier)])
    body = ask(0, 5, SmallLog(LOG.entries, own))
    assert post(body).status_code == 404


@pytest.mark.parametrize("which", ["log", "witness"])
def test_a_log_that_shares_a_key_with_this_node_is_unknown(which: str) -> None:
    twin = Signer(FR.origin, ED25519, getattr(node_signers(), which).seed)
    FR.follow(vkeys=[str(twin.verifier)])
    assert post(ask(0, 5, SmallLog(LOG.entries, twin))).status_code == 404


def test_a_log_named_like_our_witness_is_unknown() -> None:
    namesake = Signer.generate(own_key().name, bytes(range(32)))
    FR.follow(origin=own_key().name, vkeys=[str(namesake.verifier)])
    assert post(ask(0, 5, SmallLog(LOG.entries, namesake))).status_code == 404


def test_only_verified_lines_are_kept() -> None:
    """A line under our own name that we did not make would keep the state from being opened again (pitfall 5)."""
    text, now = parse_note(LOG.checkpoint(8)).text, int(timezone.now().timestamp())
    stranger = IT.witness.cosign(text, now)
    genuine = [DE.witness.cosign(text, now), FR.witness.cosign(text, now)]
    older = FR.witness.cosign(text, now - 60)
    future = FR.witness.cosign(text, now + 3600)
    fakes = [
        Signature(key.name, key.key_id, now.to_bytes(8, "big") + bytes(64)) for key in (own_key(), IT.witness.verifier)
    ]
    broken = Signature(DE.witness.name, DE.witness.verifier.key_id, (now + 1).to_bytes(8, "big") + bytes(64))
    note = format_note(
        text, [*parse_note(LOG.checkpoint(8, time=None)).signatures, *fakes, broken, future, older, stranger, *genuine]
    )
    assert post(format_add_checkpoint(0, [], note)).status_code == 200
    kept = parse_note(shown().content)
    assert {line.name for line in kept.signatures} == {DE.origin, DE.witness.name, FR.witness.name, own_key().name}
    keys = [DE.log.verifier, DE.witness.verifier, FR.witness.verifier, own_key()]
    assert len(open_checkpoint(shown().content, keys, DE.origin).verified) == len(kept.signatures) == 4
    assert set(genuine) < set(kept.signatures)
    assert post(ask(8, 12)).status_code == 200


def test_a_note_full_of_lines_still_gets_ours() -> None:
    text, now = parse_note(LOG.checkpoint(8)).text, int(timezone.now().timestamp())
    many = [Country(f"x{number}") for number in range(63)]
    for country in many:
        country.follow()
    note = add_signatures(LOG.checkpoint(8, time=None), [country.witness.cosign(text, now) for country in many])
    assert post(format_add_checkpoint(0, [], note)).status_code == 200
    kept = open_checkpoint(shown().content, [DE.log.verifier, own_key()], DE.origin)
    assert len(kept.verified) == 2
    assert len(parse_note(shown().content).signatures) == 64


def test_submitting_a_tree_again_with_lines_left_out_or_older_takes_none_away(followed: list[str]) -> None:
    """Whoever copies a checkpoint may submit it, so that nobody can hold back what a closed policy waits for."""
    text, now = parse_note(LOG.checkpoint(8)).text, int(timezone.now().timestamp())
    bare = LOG.checkpoint(8, time=None)
    full = add_signatures(bare, [DE.witness.cosign(text, now), FR.witness.cosign(text, now)])
    older = add_signatures(bare, [DE.witness.cosign(text, now - 60)])
    for old, note in ((0, full), (8, bare), (8, older)):
        assert post(format_add_checkpoint(old, [], note)).status_code == 200
        assert {line for line in parse_note(shown().content).signatures if line.name != own_key().name} == set(
            parse_note(full).signatures
        )
    assert followed == [DE.origin]
    later = add_signatures(bare, [DE.witness.cosign(text, now + 1)])
    assert post(format_add_checkpoint(8, [], later)).status_code == 200
    assert followed == [DE.origin] * 2
    assert set(parse_note(later).signatures) < set(parse_note(shown().content).signatures)
    assert post(ask(8, 12)).status_code == 200
    assert len(parse_note(shown().content).signatures) == 2


def test_a_key_that_was_given_up_signs_no_line_that_is_kept() -> None:
    new = Country("de2").log
    text = parse_note(LOG.checkpoint(8)).text
    next_key = Signer.generate(DE.origin, new.seed, ED25519)
    DE.follow(vkeys=[str(DE.log.verifier), str(next_key.verifier)])
    both = add_signatures(LOG.checkpoint(8, time=None), [next_key.sign(text)])
    assert post(format_add_checkpoint(0, [], both)).status_code == 200
    assert post(ask(8, 8)).status_code == 200
    assert len(parse_note(shown().content).signatures) == 3
    DE.follow(vkeys=[str(next_key.verifier)])
    assert post(format_add_checkpoint(8, [], format_note(text, [next_key.sign(text)]))).status_code == 200
    assert set(open_checkpoint(shown().content, [next_key.verifier, own_key()]).verified) == set(
        open_checkpoint(shown().content, [next_key.verifier, DE.log.verifier, own_key()]).verified
    )


def test_time_of_our_cosignature_never_goes_back() -> None:
    def time_of(line: bytes) -> int:
        return parse_cosignatures(line, parse_note(LOG.checkpoint(8)).text, [own_key()])[0].signature.time

    noon = int(NOON.timestamp())
    assert time_of(cosign(ask(0, 8), NOON)) == noon
    assert time_of(cosign(ask(8, 8), NOON - timedelta(seconds=2))) == noon
    with pytest.raises(witness.WitnessUnavailable) as refused:
        cosign(ask(8, 8), NOON - timedelta(seconds=30))
    assert refused.value.retry_after == 30
    assert time_of(cosign(ask(8, 8), NOON + timedelta(seconds=5))) == noon + 5


def test_while_the_clock_is_behind_submitters_are_told_when_to_come_back() -> None:
    cosign(ask(0, 8), timezone.now() + timedelta(hours=2))
    answer = post(ask(8, 12))
    assert (answer.status_code, answer["Retry-After"]) == (503, "3600")
    assert b"\n8\n" in shown().content


def test_the_database_itself_keeps_the_witness_from_going_back() -> None:
    cosign(ask(0, 8), NOON)
    for change in ({"size": 7}, {"time": NOON - timedelta(seconds=1)}, {"root": bytes(32)}):
        with pytest.raises(Exception, match="does not go back"), transaction.atomic():
            Cosigned.objects.update(**change)


def test_only_posts_are_taken_and_unknown_logs_have_no_checkpoint() -> None:
    assert Client().get(ADDRESS).status_code == 405
    assert shown().status_code == 404
    assert Client().get(f"/witness/{'0' * 64}/checkpoint").status_code == 404


def test_too_many_submissions_are_refused_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ASSAY_SUBMISSIONS_PER_MINUTE", 2)
    monkeypatch.setattr("register.api.limits.Limit.count", iter_counts())
    assert [post(ask(0, 8)).status_code, post(ask(8, 8)).status_code] == [200, 200]
    answer = post(ask(8, 8))
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60


def iter_counts() -> Callable[..., int]:
    numbers: Iterator[int] = iter(range(1, 100))
    return lambda self, *_: next(numbers)


def test_a_submission_makes_us_try_the_peer_again() -> None:
    peer = DE.follow()
    Submission.objects.create(peer=peer.id, failures=5, next_attempt=timezone.now() + timedelta(minutes=5))
    cosign(ask(0, 8))
    assert Submission.objects.get().next_attempt is None
    Submission.objects.update(next_attempt=timezone.now() + timedelta(minutes=5))
    cosign(ask(8, 8))
    assert Submission.objects.get().next_attempt is not None


def test_the_first_submission_starts_following_and_a_broker_that_is_away_costs_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, ...]] = []

    def fail(*args: str, countdown: float | None = None) -> None:
        asked.append(args)
        raise ConnectionRefusedError

    cache.clear()
    monkeypatch.setattr(witness, "_following", Asking("federation.follow"))
    monkeypatch.setattr(coalescing, "enqueue", fail)
    assert post(ask(0, 8)).status_code == 200
    assert asked == [("federation.follow", DE.origin)]


EXAMPLES = itertools.count()
REQUEST = st.tuples(st.integers(0, 20), st.integers(0, 20), st.booleans(), st.integers(-5, 5), st.booleans())


@given(st.lists(REQUEST, max_size=15))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_submitted_sizes_and_times_never_go_back_and_all_that_is_cosigned_is_one_history(
    requests: list[tuple[int, int, bool, int, bool]],
) -> None:
    """Honest and forged heads, from the right base and from any other, with a clock that jumps about."""
    peer = Country(f"q{next(EXAMPLES)}")
    peer.follow()
    honest, forged_log = SmallLog(LOG.entries, peer.log), SmallLog(FORKED.entries, peer.log)
    now, last_size, last_time = NOON, 0, 0
    roots: dict[int, set[bytes]] = {}
    for old, new, forged, step, right in requests:
        log, now = forged_log if forged else honest, now + timedelta(seconds=step)
        base = last_size if right else old
        body = format_add_checkpoint(base, log.consistency(base, new), log.checkpoint(new, time=None))
        try:
            cosign(body, now)
        except (WitnessRefusal, witness.WitnessUnavailable):
            pass
        else:
            roots.setdefault(new, set()).add(log.root(new))
        row = Cosigned.objects.filter(origin=peer.origin).first()
        size, time = (row.size, int(row.time.timestamp())) if row else (0, 0)
        assert size >= last_size
        assert time >= last_time
        assert row is None or open_checkpoint(bytes(row.note), [peer.log.verifier, own_key()]).time == time
        last_size, last_time = size, time
    histories = [log for log in (honest, forged_log) if roots == {size: {log.root(size)} for size in roots}]
    assert histories, "no two cosigned checkpoints may belong to different histories"


def race(bodies: list[bytes]) -> list[int]:
    """Submit all at once, each over a connection of its own; return the statuses."""
    barrier = Barrier(len(bodies))

    def submit(body: bytes) -> int:
        try:
            barrier.wait()
            return int(post(body).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(submit, bodies))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("base", [0, 4])
def test_of_two_histories_racing_from_one_base_exactly_one_is_cosigned(base: int) -> None:
    for _ in range(5):
        allow_a_new_race(base)
        statuses = race([ask(base, 12), ask(base, 13, FORKED)] * 3)
        assert sorted(statuses)[0] == 200
        assert statuses.count(200) == 1
        assert set(statuses) == {200, 409}


@pytest.mark.django_db(transaction=True)
def test_racing_refreshes_are_all_cosigned_and_of_one_tree() -> None:
    cosign(ask(0, 8))
    assert race([ask(8, 8)] * 6) == [200] * 6
    assert Cosigned.objects.get().size == 8


@pytest.mark.django_db(transaction=True)
def test_who_would_wait_too_long_for_the_lock_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "_PATIENCE", "SELECT set_config('lock_timeout', '50ms', true)")
    cosign(ask(0, 8))
    with transaction.atomic():
        Cosigned.objects.select_for_update().get()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(post_elsewhere, ask(8, 12)).result()
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert post(ask(8, 12)).status_code == 200


def post_elsewhere(body: bytes) -> Any:
    try:
        return post(body)
    finally:
        connection.close()


def allow_a_new_race(base: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE federation_cosigned DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM federation_cosigned")
        cursor.execute("ALTER TABLE federation_cosigned ENABLE TRIGGER USER")
    if base:
        cosign(ask(0, base))
