"""How a credential stands: the last word about an instant counts, and the spans in which it stands so say the same."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.errors import MalformedEvent, Refused
from register.records import CredentialRecord, Recorded, StatusChange, StatusPosition
from register.records.credentials import CredentialState, change_at, credential_id, spans_of
from register.replay import MOST_OF_A_CREDENTIAL
from tests.ledgers import ARCADIA, COMMITMENTS, UTOPIA, batch_terms, make_id, open_ledger, withdrawal

START = datetime(2026, 1, 1, tzinfo=UTC)
STATES: tuple[CredentialState, ...] = get_args(CredentialState)
ONE, TWO, _ = COMMITMENTS


def day(number: int) -> datetime:
    return START + timedelta(days=number)


said = st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 5)), min_size=1, max_size=6)


@given(said)
def test_spans_and_single_instants_say_the_same(told: list[tuple[CredentialState, int]]) -> None:
    changes = tuple(
        StatusChange(state, day(number), "fraud", Recorded(index, day(9))) for index, (state, number) in enumerate(told)
    )
    record = CredentialRecord(make_id(1), UTOPIA, ONE, changes, tuple(range(len(told))))
    spans = {state: spans_of(record, state) for state in STATES}
    for hours in range(-12, 24 * 7, 12):
        at = START + timedelta(hours=hours)
        # The slow way: of all that is said of times up to this one, whoever spoke last.
        expected = [state for state, number in told if day(number) <= at][-1:]
        change = change_at(record, at)
        assert ([change.state] if change else []) == expected
        assert [state for state in STATES if any(span.holds(at) for span in spans[state])] == expected
    for found in spans.values():
        assert all(one.valid_until != following.valid_from for one, following in pairwise(found))


def test_a_revocation_taken_back_from_its_own_date_never_was() -> None:
    ledger = open_ledger()
    ledger.say("credential.revoked", make_id(1), withdrawal(effective_from="2026-01-01"))
    undone = withdrawal(effective_from="2026-01-01", reason="administrative_error")
    ledger.say("credential.reinstated", make_id(2), undone)
    (record,) = ledger.state.credentials.values()
    assert spans_of(record, "revoked") == ()


def test_ids_are_of_issuer_and_commitment_and_of_version_8() -> None:
    ids = {credential_id(issuer, commitment) for issuer in (UTOPIA, ARCADIA) for commitment in COMMITMENTS}
    assert len(ids) == 6
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in ids} == {(8, uuid.RFC_4122)}
    assert credential_id(UTOPIA, ONE) == "f79c9486-d84b-8f37-b4d7-fb6df0420f89"


def test_an_entry_makes_one_record_for_itself_and_one_for_each_credential() -> None:
    ledger = open_ledger()
    ledger.say("credentials.anchored", make_id(1), batch_terms(issued_from="2026-06-01", issued_until="2026-06-30"))
    places = [{"list": 0, "index": 7}, {"list": 3, "index": 9}]
    told = withdrawal(ONE, TWO, batch=make_id(1), status=places)
    step = ledger.say("credential.suspended", make_id(2), told)
    assert [change.kind for change in step.changes] == ["withdrawal", "credential", "credential"]
    act, first, second = (change.record for change in step.changes)
    now = Recorded(ledger.last, ledger.time)
    assert (act.act, act.effective_from, act.commitments) == ("suspended", ledger.time, (ONE, TWO))  # type: ignore[union-attr]
    assert first == CredentialRecord(
        credential_id(UTOPIA, ONE), UTOPIA, ONE, (StatusChange("suspended", ledger.time, "fraud", now),),
        (ledger.last,), make_id(1), StatusPosition(0, 7),
    )  # fmt: skip
    assert second.status == StatusPosition(3, 9)  # type: ignore[union-attr]


def test_what_is_not_repeated_stays_as_it_was_said() -> None:
    ledger = open_ledger()
    ledger.say("credentials.anchored", make_id(1), batch_terms())
    ledger.say("credential.suspended", make_id(2), withdrawal(batch=make_id(1), status=[{"list": 0, "index": 7}]))
    ledger.say("credential.revoked", make_id(3), withdrawal())
    (record,) = ledger.state.credentials.values()
    assert (record.batch, record.status, len(record.changes)) == (make_id(1), StatusPosition(0, 7), 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"commitments": [ONE, ONE]},
        {"commitments": []},
        {"commitments": [ONE.upper()]},
        {"reason": "she cheated"},
        {"status": [{"list": 0, "index": 7}, {"list": 0, "index": 8}]},
        {"status": [{"list": 0, "index": 7, "holder": "x"}]},
        {"status": [{"list": 10_000, "index": 7}]},
        {"status": [{"list": True, "index": 7}]},
    ],
)
def test_an_entry_that_says_it_otherwise_is_malformed(wrong: dict[str, object]) -> None:
    ledger = open_ledger()
    with pytest.raises(MalformedEvent):
        ledger.say("credential.revoked", make_id(1), withdrawal(**wrong))


def test_a_peer_does_not_change_one_credential_for_ever_but_may_always_withdraw_it() -> None:
    ledger = open_ledger(own=False)
    for number in range(MOST_OF_A_CREDENTIAL // 2):
        ledger.say("credential.suspended", make_id(1000 + 2 * number), withdrawal())
        assert ledger.say("credential.reinstated", make_id(1001 + 2 * number), withdrawal()).quarantine is None
    assert ledger.say("credential.suspended", make_id(1), withdrawal()).quarantine is None
    full = ledger.say("credential.reinstated", make_id(2), withdrawal(TWO, ONE)).quarantine
    assert full is not None
    assert full.code == "record_full"
    assert ledger.say("credential.revoked", make_id(3), withdrawal()).quarantine is None


def test_our_own_credentials_may_change_as_often_as_need_be() -> None:
    ledger = open_ledger()
    for number in range(MOST_OF_A_CREDENTIAL):
        ledger.say("credential.suspended", make_id(1000 + 2 * number), withdrawal())
        ledger.say("credential.reinstated", make_id(1001 + 2 * number), withdrawal())
    with pytest.raises(Refused, match="suspended, or revoked by mistake"):
        ledger.say("credential.reinstated", make_id(1), withdrawal())
