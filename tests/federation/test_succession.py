"""Following the keys of peers: what is announced under a known key is taken over; the rest is the operator's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from federation import lifecycle, succession
from federation.errors import PeerRefused
from federation.introduction import introduce
from federation.models import Alert, Following
from federation.succession import adopt_announced, find_in_force, refresh_keys
from federation.sync import follow
from federation.transport import open_client
from ledger.logs import get_log
from ledger.reader import read_entries
from register import commands
from register.errors import Refused
from register.events import parse
from register.moments import parse_moment
from register.payloads import PeerChanges
from register.records import Recorded, RegisterKey
from tests import factories
from tests.federation.strangers import confirm, listening, meet_stranger, row_of, wire

T0 = parse_moment("2026-01-01T00:00:00Z")


@pytest.fixture(autouse=True)
def open_node(transactional_db: None) -> None:
    factories.open_register()


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def key(name: str, valid_from: str, valid_until: str | None = None, reason: Any = None) -> RegisterKey:
    until = parse_moment(valid_until) if valid_until else None
    return RegisterKey("log", name, Recorded(0, T0), parse_moment(valid_from), until, reason)


NOW = parse_moment("2026-06-01T00:00:00Z")
OLD = key("a", "2026-01-01", "2026-05-01", "scheduled")
OVERLAPPING = key("a", "2026-01-01", "2026-07-01", "scheduled")
STOLEN = key("a", "2026-01-01", "2026-05-01", "compromised")


@pytest.mark.parametrize(
    ("known", "history", "expected", "stolen"),
    [
        (["a"], [], ("a",), None),
        (["a"], [key("a", "2026-01-01")], ("a",), None),
        (["a"], [OVERLAPPING, key("b", "2026-05-15")], ("a", "b"), None),
        (["a"], [OLD, key("b", "2026-04-01")], ("b",), None),
        (["a", "b"], [OLD, key("b", "2026-04-01")], ("b",), None),
        (["a", "b"], [key("a", "2026-01-01")], ("a", "b"), None),
        (["z"], [OLD, key("b", "2026-04-01")], ("z",), None),
        (["b"], [OLD, key("b", "2026-04-01")], ("b",), None),
        (["a"], [STOLEN, key("b", "2026-05-01")], ("a",), "a"),
        (["b"], [STOLEN, key("b", "2026-05-01")], ("b",), None),
        (["a", "b"], [STOLEN, key("b", "2026-05-01")], ("b",), None),
        (["a"], [OLD, key("b", "2026-04-01", "2026-05-01", "compromised"), key("c", "2026-05-01")], ("a",), "b"),
    ],
)  # fmt: skip
def test_which_keys_follow_from_the_known_ones(
    known: list[str], history: list[RegisterKey], expected: tuple[str, ...], stolen: str | None
) -> None:
    found = find_in_force(known, history, NOW)
    assert (found.vkeys, found.stolen) == (expected, stolen)


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_history_leaves_a_peer_without_keys_or_leads_past_a_stolen_one(data: st.DataObject) -> None:
    names = list("abcdef")[: data.draw(st.integers(1, 6))]
    ends = st.sampled_from(["2026-05-01", "2026-07-01"])
    reasons = [data.draw(st.sampled_from(["scheduled", "scheduled", "compromised"])) for _ in names[1:]]
    history = [key(name, "2026-01-01", data.draw(ends), why) for name, why in zip(names, reasons, strict=False)]
    history.append(key(names[-1], "2026-01-01"))
    known = data.draw(st.lists(st.sampled_from([*names, "z"]), min_size=1, max_size=3, unique=True))
    found = find_in_force(known, history, NOW)
    assert found.vkeys
    assert len(found.vkeys) <= succession.AT_ONCE
    confirmed = max((names.index(name) for name in known if name in names), default=-1)
    stolen = next((at for at, why in enumerate(reasons) if why == "compromised" and at >= confirmed >= 0), None)
    if stolen is not None:
        assert (found.stolen, found.vkeys) == (names[stolen], tuple(known))
    elif confirmed >= 0:
        assert names[-1] in found.vkeys
        assert not {name for name, why in zip(names, reasons, strict=False) if why == "compromised"} & {*found.vkeys}


def test_an_announced_key_is_followed_while_both_sign_and_the_old_one_dropped_afterwards() -> None:
    with listening("de") as stranger, open_client() as client:
        lifecycle.confirm(introduce(stranger.url, client))
        follow(stranger.peer.origin)
        first = stranger.vkey
        stranger.hand_over(2, witness=True)
        follow(stranger.peer.origin)
        assert refresh_keys(stranger.peer.origin)
        row = row_of(stranger)
        assert row.vkeys == [first, stranger.vkey]
        assert row.witness_vkeys[-1] == str(stranger.peer.witness.verifier)
        assert not refresh_keys(stranger.peer.origin)
        assert refresh_keys(stranger.peer.origin, datetime.now(UTC) + timedelta(days=31))
        row = row_of(stranger)
        assert (row.vkeys, first in row.former_vkeys) == ([stranger.vkey], True)
        stranger.peer.cosigners = []
        stranger.peer.signed_at = datetime.now(UTC) + timedelta(seconds=30)
        assert follow(stranger.peer.origin).done
        assert not row_of(stranger).error_code
        assert amendments() == ["node", "node"]


def amendments() -> list[str]:
    """Return who said each amendment of a peer on our ledger."""
    events = [parse(entry) for entry in read_entries(settings.ASSAY_ORIGIN, 0, size())]
    return [event.data.actor.role for event in events if event.type == "peer.amended"]


def test_a_retired_key_opens_no_new_checkpoint() -> None:
    with listening("de") as stranger, open_client() as client:
        lifecycle.confirm(introduce(stranger.url, client))
        follow(stranger.peer.origin)
        thief = stranger.peer.signer
        stranger.hand_over(2, overlap=timedelta(days=1))
        follow(stranger.peer.origin)
        refresh_keys(stranger.peer.origin, datetime.now(UTC) + timedelta(days=2))
        stranger.peer.signer, stranger.peer.cosigners = thief, []
        stranger.peer.signed_at += timedelta(minutes=1)
        with pytest.raises(Exception, match="expected a signature by"):
            follow(stranger.peer.origin)
        assert row_of(stranger).error_code == "checkpoint_invalid"


def test_a_peer_that_changed_its_key_while_nobody_could_reach_it_is_followed_by_its_handover() -> None:
    with listening("de") as stranger, open_client() as client:
        lifecycle.confirm(introduce(stranger.url, client))
        follow(stranger.peer.origin)
        stranger.hand_over(2, overlap=None, both=False)
        stranger.hand_over(3, overlap=None, both=False, witness=True)
        with pytest.raises(Exception, match="expected a signature by"):
            follow(stranger.peer.origin)
        assert succession.refresh_all() == [stranger.peer.origin]
        assert adopt_announced(stranger.peer.origin, client)
        assert stranger.vkey in row_of(stranger).vkeys
        assert follow(stranger.peer.origin).size_after == len(stranger.peer.entries)
        refresh_keys(stranger.peer.origin)
        assert row_of(stranger).vkeys == [stranger.vkey]
        assert row_of(stranger).error_code == ""
        assert not adopt_announced(stranger.peer.origin, client)


def test_a_key_without_the_old_ones_signature_is_refused_and_the_operator_told() -> None:
    stranger = meet_stranger("de")
    row, before = confirm(stranger), size()
    stranger.hand_over(2, both=False)
    stranger.handover[0]["former_receipt"] = None
    with pytest.raises(PeerRefused, match="no key we know has signed for it"):
        adopt_announced(row.origin, wire(stranger))
    assert (row_of(stranger).vkeys, size()) == (row.vkeys, before)
    assert Alert.objects.get(origin=row.origin).code == "key_unannounced"


def test_an_impostor_with_a_ledger_of_its_own_is_refused() -> None:
    stranger = meet_stranger("de")
    row = confirm(stranger)
    impostor = meet_stranger("de", number=7)
    with pytest.raises(PeerRefused, match="no key we know has signed for it"):
        adopt_announced(row.origin, wire(impostor))
    assert row_of(stranger).vkeys == row.vkeys


def test_a_stolen_key_hands_over_to_nobody_until_the_operator_confirms_the_new_one() -> None:
    stranger = meet_stranger("de")
    row = confirm(stranger)
    stranger.hand_over(2, reason="compromised")
    with pytest.raises(PeerRefused, match="in other hands"):
        adopt_announced(row.origin, wire(stranger))
    assert Alert.objects.get(origin=row.origin).code == "key_compromised"
    met = introduce(stranger.url, wire(stranger), expected=stranger.vkey)
    lifecycle.confirm_key(row.peer, met, note="called on Monday")
    found = row_of(stranger)
    assert (found.vkeys, found.former_vkeys) == ([stranger.vkey], row.vkeys)
    assert Alert.objects.filter(settled_at=None).count() == 0


def test_a_key_reported_stolen_under_its_own_signature_stops_the_peer() -> None:
    with listening("de") as stranger, open_client() as client:
        lifecycle.confirm(introduce(stranger.url, client))
        follow(stranger.peer.origin)
        old = stranger.peer.signer
        new = stranger.hand_over(2, reason="compromised")
        stranger.peer.signer = old
        follow(stranger.peer.origin)
        assert refresh_keys(stranger.peer.origin)
        row = row_of(stranger)
        assert (row.status, row.vkeys) == ("paused", [str(old.verifier)])
        assert "in other hands" in Alert.objects.get(origin=row.origin).said
        stranger.peer.signer = new
        lifecycle.confirm_key(row.peer, introduce(stranger.url, client))
        assert (row_of(stranger).status, row_of(stranger).vkeys) == ("following", [str(new.verifier)])
        assert not refresh_keys(stranger.peer.origin)
        stranger.peer.signed_at += timedelta(minutes=1)
        assert follow(stranger.peer.origin).done


def test_confirming_a_key_wants_another_key_of_the_same_node() -> None:
    de, fr = meet_stranger("de"), meet_stranger("fr")
    row = confirm(de)
    with pytest.raises(PeerRefused, match="nothing to confirm"):
        lifecycle.confirm_key(row.peer, introduce(de.url, wire(de)))
    with pytest.raises(PeerRefused, match="add that one as a peer of its own"):
        lifecycle.confirm_key(row.peer, introduce(fr.url, wire(fr)))
    old = introduce(de.url, wire(de))
    de.hand_over(2)
    lifecycle.confirm_key(row.peer, introduce(de.url, wire(de)))
    with pytest.raises(PeerRefused, match="given up before"):
        lifecycle.confirm_key(row.peer, old)


def test_a_peer_that_changes_its_keys_all_the_time_is_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(succession, "IN_ALL", 3)
    stranger = meet_stranger("de")
    row = confirm(stranger)
    for number in (2, 3):
        stranger.hand_over(number, overlap=None, both=False)
        adopt_announced(row.origin, wire(stranger))
    before = size()
    stranger.hand_over(4, overlap=None, both=False)
    assert not adopt_announced(row.origin, wire(stranger))
    assert size() == before
    assert "confirm this one" in Alert.objects.get(origin=row.origin).said


def test_a_key_of_another_peer_is_not_taken_over() -> None:
    de, fr = meet_stranger("de"), meet_stranger("fr")
    row, other = confirm(de), confirm(fr)
    de.hand_over(2, overlap=None, both=False)
    Following.objects.filter(origin=other.origin).update(former_vkeys=[de.vkey])
    assert not adopt_announced(row.origin, wire(de))
    assert row_of(de).vkeys == row.vkeys
    assert "uses a key of the peer register.fr" in Alert.objects.get(origin=row.origin).said


def test_what_the_node_itself_may_say_of_a_peer_is_its_keys_alone() -> None:
    row = confirm(meet_stranger("de"))
    with pytest.raises(Refused):
        commands.amend_peer(str(row.peer), PeerChanges(remit=("DE",)), actor=commands.NODE)


def test_an_attempt_on_the_queue_logs_what_hinders_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    stranger = meet_stranger("de", "http://127.0.0.1:1")
    row = confirm(stranger)
    assert not succession.attempt_adoption(row.origin)
    assert "address_forbidden" in caplog.text
