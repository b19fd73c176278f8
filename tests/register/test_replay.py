"""Replay: the same entries make the same state, however they are cut; a peer's bad entries change nothing but size."""

from __future__ import annotations

import copy
import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.tlog.errors import CanonicalFormError
from register import replay, rules
from register.errors import MalformedEvent, Refused
from register.events import parse
from register.records import KINDS, dump, dump_mapping, load, load_mapping
from register.state import Change, State, claims_of, further_needs, needs
from tests.histories import Move, histories, moves, try_all
from tests.ledgers import (
    ARCADIA,
    NARROW,
    ORIGIN,
    UTOPIA,
    Ledger,
    as_agency,
    bind,
    ending,
    grant,
    make_id,
    open_ledger,
    register,
)

A, B = make_id(201), make_id(202)


def without_size(state: State) -> dict[str, Any]:
    return {field.name: copy.deepcopy(getattr(state, field.name)) for field in fields(state) if field.name != "size"}


@given(histories)
def test_a_replay_of_the_bytes_makes_the_state_of_the_live_ledger(history: list[Move]) -> None:
    ledger = try_all(open_ledger(), history)
    assert replay.replay(ORIGIN, ledger.entries) == ledger.state


@given(histories, st.data())
def test_a_replay_may_be_cut_anywhere(history: list[Move], data: st.DataObject) -> None:
    entries = try_all(open_ledger(), history).entries
    cut = data.draw(st.integers(0, len(entries)))
    state = replay.replay(ORIGIN, entries[:cut])
    for entry in entries[cut:]:
        replay.step(state, entry, own=True)
    assert state == replay.replay(ORIGIN, entries)


@given(histories, moves)
def test_a_refused_entry_of_our_own_leaves_the_state_as_it_was(history: list[Move], move: Move) -> None:
    ledger = try_all(open_ledger(), history)
    before = copy.deepcopy(ledger.state)
    size = len(ledger.entries)
    try_all(ledger, [move])
    if len(ledger.entries) == size:
        assert ledger.state == before


@given(histories)
def test_what_an_event_needs_is_enough_to_judge_and_fold_it(history: list[Move]) -> None:
    ledger = open_ledger(own=False)
    for move in history:
        if move.type == "key.revoked" and move.subject not in ledger.state.keys:
            continue
        whole = copy.deepcopy(ledger.state)
        step = ledger.say(move.type, move.subject, move.data)
        if step.event is None:
            continue
        partial = load_needed(whole, step.event)
        assert replay.advance(partial, step.event, own=False) == step


def load_needed(whole: State, event: Any) -> State:
    """What the projection loads, taken from a whole state."""
    partial = State(whole.origin, whole.size, whole.time, whole.register)
    wanted = needs(event)
    holders = {
        (kind, record.id)
        for kind, table in (("issuer", whole.issuers), ("key", whole.keys))
        for record in table.values()
        if set(claims_of(record)) & set(wanted.claims)
    }
    holders |= {("issuer", whole.keys[i].issuer) for kind, i in holders if kind == "key"}
    holders |= {("batch", whole.batch_of[root]) for root in wanted.roots if root in whole.batch_of}
    loaded = [(kind, i) for kind, i in {*wanted.ids, *holders} if kind != "register" and i in whole.table(kind)]
    more = [place for kind, i in loaded for place in further_needs(kind, whole.table(kind)[i])]
    found = {place for place in [*loaded, *more] if place[1] in whole.table(place[0])}
    changes = [Change(kind, i, whole.table(kind)[i]) for kind, i in found]
    partial.adopt(sorted(changes, key=lambda change: change.record.entries))
    return partial


@given(histories)
def test_every_record_survives_being_written_and_read(history: list[Move]) -> None:
    state = try_all(open_ledger(), history).state
    for kind in KINDS:
        for record in state.table(kind).values():
            assert load(kind, dump(kind, record)) == record
            assert load_mapping(kind, json.loads(json.dumps(dump_mapping(kind, record)))) == record


@given(histories)
def test_the_claims_are_those_of_the_newest_records(history: list[Move]) -> None:
    state = try_all(open_ledger(), history).state
    expected: dict[tuple[str, str], set[str]] = {}
    for issuer in state.issuers.values():
        for claim in claims_of(issuer):
            expected.setdefault(claim, set()).add(issuer.id)
    for key in state.keys.values():
        for claim in claims_of(key):
            expected.setdefault(claim, set()).add(key.issuer)
    assert {claim: set(found) for claim, found in state.claims.items() if found} == expected


@given(histories, moves)
def test_a_peers_refused_entry_changes_nothing_but_the_size_unless_it_leaves_a_mark(
    history: list[Move], move: Move
) -> None:
    ledger = try_all(open_ledger(own=False), history)
    before = without_size(ledger.state)
    size = ledger.state.size
    if move.type == "key.revoked" and move.subject not in ledger.state.keys:
        return
    step = ledger.say(move.type, move.subject, move.data)
    assert ledger.state.size == size + 1
    if step.quarantine and not step.changes:
        assert without_size(ledger.state) == before
    for _, _, record in step.changes:
        if step.quarantine:
            assert record.quarantine == step.quarantine.code == "outside_territory"  # type: ignore[union-attr]


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_no_bytes_of_a_peer_raise(entry: bytes) -> None:
    ledger = open_ledger(own=False)
    step = ledger.append(entry)
    assert step.quarantine is not None
    assert step.quarantine.code == "malformed"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
PAYLOAD_FIELDS = st.sampled_from(
    "issuer other agency scope awarding_body awarding_bodies contributing_agencies sealer kind identifiers names actor "
    "corrects valid_from valid_until model_fields_set given reason".split()
)


@settings(max_examples=400)
@given(moves, st.dictionaries(PAYLOAD_FIELDS, json_values, min_size=1, max_size=4))
def test_no_field_of_a_peers_payload_raises_whatever_it_holds(move: Move, odd: dict[str, Any]) -> None:
    ledger = open_ledger(own=False)
    bind(ledger, make_id(101))
    if move.type == "key.revoked":
        move = move._replace(subject=make_id(101))
    try:
        entry = ledger.draft(move.type, move.subject, {**move.data, **odd})
    except CanonicalFormError:  # a lone surrogate: not even a peer can write it
        return
    step = ledger.append(entry)
    if step.event is not None:
        needs(step.event)


def test_an_issuer_outside_the_territory_leaves_a_mark_and_so_does_its_accreditation() -> None:
    ledger = open_ledger(own=False)
    first = register(ledger, A, country="BE")
    second = grant(ledger, B, issuer=A)
    assert [first.quarantine and first.quarantine.code, second.quarantine and second.quarantine.code] == [
        "outside_territory",
        "outside_territory",
    ]
    assert ledger.state.issuers[A].quarantine == ledger.state.accreditations[B].quarantine == "outside_territory"


def test_what_is_said_of_a_marked_thing_is_quarantined_as_well() -> None:
    ledger = open_ledger(own=False)
    register(ledger, A, country="BE")
    grant(ledger, B, issuer=A)
    for event_type, subject, data in (
        ("issuer.amended", A, {"country": "NL"}),
        ("accreditation.amended", B, {"summary": "x"}),
        ("key.bound", make_id(203), {"issuer": A, "kind": "jwk", "value": "C" * 43, "valid_from": "2020-01-01"}),
    ):
        step = ledger.say(event_type, subject, data)
        assert step.quarantine is not None
        assert step.quarantine.code == "outside_territory"
        assert step.changes == ()


def test_a_marked_issuer_takes_nobodys_identifier() -> None:
    ledger = open_ledger(own=False)
    claim = {"scheme": "ror", "value": "https://ror.org/0abcdef12"}
    register(ledger, A, country="BE", identifiers=[claim])
    assert register(ledger, B, identifiers=[claim]).quarantine is None


def test_a_peers_grant_wider_than_its_agency_is_applied_and_left_to_the_trust_decision_to_narrow() -> None:
    ledger = open_ledger(own=False)
    step = grant(ledger, A, agency=NARROW, actor=as_agency(NARROW), scope={"eqf_levels": [5, 7]})
    assert step.quarantine is None
    assert ledger.state.accreditations[A].scope.eqf_levels == (5, 7)


def test_the_same_grant_of_our_own_is_refused() -> None:
    ledger = open_ledger()
    with pytest.raises(Refused, match="recognised for eqf_levels 5, 6"):
        grant(ledger, A, agency=NARROW, actor=as_agency(NARROW), scope={"eqf_levels": [5, 7]})


def test_a_malformed_entry_in_our_own_ledger_raises_and_in_a_peers_is_set_aside() -> None:
    entry = b'{"specversion":"1.0"}'
    with pytest.raises(MalformedEvent):
        open_ledger().append(entry)
    step = open_ledger(own=False).append(entry)
    assert step.quarantine is not None
    assert step.quarantine.code == "malformed"
    assert step.event is None


def test_a_type_or_version_from_the_future_is_set_aside_as_unknown() -> None:
    ledger = open_ledger(own=False)
    entry = ledger.draft("issuer.amended", UTOPIA, {"acronym": "X"})
    for changed in (
        entry.replace(b'"type":"issuer.amended"', b'"type":"issuer.praised"'),
        entry.replace(b'"schemaversion":"1"', b'"schemaversion":"2"'),
    ):
        step = ledger.append(changed)
        assert step.quarantine is not None
        assert step.quarantine.code == "unknown_type"


def test_a_peer_that_never_opened_its_register_is_quarantined_throughout() -> None:
    ledger = open_ledger(own=False)
    entries = ledger.entries[1:]
    state = State(ORIGIN)
    codes = [replay.step(state, entry, own=False).quarantine for entry in entries]
    assert {code and code.code for code in codes} == {"register_not_opened"}
    assert state == State(ORIGIN, size=len(entries))


def test_every_quarantine_code_is_published() -> None:
    assert set(rules.REFUSALS) >= replay.NARROWED


def test_deeply_nested_and_enormous_entries_are_set_aside_quickly() -> None:
    ledger = open_ledger(own=False)
    many = b"[" + b",".join([b'"NL"'] * 1_000_000) + b"]"
    base = ledger.draft("issuer.amended", UTOPIA, {"sites": []})
    for odd in (b"[" * 100_000, b"9" * 10_000, many, b'"\\ud800"', b'"\\u0000"', b"1.5", b"-0", b"true"):
        step = ledger.append(base.replace(b'"sites":[]', b'"sites":' + odd))
        assert step.quarantine is not None
        assert step.quarantine.code == "malformed"


def test_one_thing_of_a_peers_is_not_changed_for_ever_but_can_always_end() -> None:
    """Each version carries what was before: 10,000 amendments of one issuer would be a gigabyte."""
    ledger = open_ledger(own=False)
    grant(ledger, A)
    for number in range(replay.MOST_ENTRIES):
        ledger.say("issuer.amended", UTOPIA, {"names": {"en": f"Utopia {number}"}})
        ledger.say("accreditation.amended", A, {"summary": f"Report {number}"})
    full = ledger.say("issuer.amended", UTOPIA, {"names": {"en": "One more"}}).quarantine
    assert full is not None
    assert (full.code, len(ledger.state.issuers[UTOPIA].entries)) == ("record_full", replay.MOST_ENTRIES)
    assert ledger.say("issuer.amended", ARCADIA, {"names": {"en": "Another"}}).quarantine is None
    for event_type, data in (("suspended", ending("2026-01-01")), ("revoked", ending("2026-02-01"))):
        assert ledger.say(f"accreditation.{event_type}", A, data).quarantine is None
    assert ledger.say("issuer.closed", UTOPIA, ending("2026-03-01", "institution_closed")).quarantine is None


def test_a_thing_of_our_own_may_be_changed_as_often_as_its_people_need() -> None:
    ledger = open_ledger()
    for number in range(replay.MOST_ENTRIES + 1):
        ledger.say("issuer.amended", UTOPIA, {"names": {"en": f"Utopia {number}"}})
    assert len(ledger.state.issuers[UTOPIA].entries) == replay.MOST_ENTRIES + 2


def test_the_read_ledger_is_independent_of_who_reads_it() -> None:
    ledger: Ledger = open_ledger()
    grant(ledger, A)
    ledger.say("accreditation.revoked", A, ending())
    assert replay.replay(ORIGIN, ledger.entries, own=False) == ledger.state
    assert parse(ledger.entries[-1]).subject_id == A
    assert ledger.state.belonging("accreditation", UTOPIA)[0].id == A
    assert ledger.state.belonging("accreditation", ARCADIA) == []
