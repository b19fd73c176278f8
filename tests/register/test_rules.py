"""The rules: each code of refusal is raised where it must be, not a step beside it, and leaves nothing behind."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import pytest

from register import rules, sentences
from register.errors import Conflict, NotEntitled, NotFound, Refused
from register.state import State
from tests.ledgers import (
    ARCADIA,
    GRANT,
    ORIGIN,
    UTOPIA,
    WIDE,
    Ledger,
    as_agency,
    as_issuer,
    ending,
    grant,
    make_id,
    open_ledger,
    register,
)
from tests.register import refusals, refusals_of_accreditations, refusals_of_credentials, refusals_of_peers
from tests.register.refusals import Case, Said

CASES = (
    *refusals.CASES,
    *refusals_of_accreditations.CASES,
    *refusals_of_peers.CASES,
    *refusals_of_credentials.CASES,
)
A, B = make_id(101), make_id(102)


def say(ledger: Ledger, said: Said) -> None:
    ledger.say(said.type, said.subject, said.data, **said.details)


def prepare(case: Case) -> Ledger:
    ledger = open_ledger()
    for said in case.before:
        say(ledger, said)
    return ledger


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.refused.type}")
def test_is_refused_with_its_code_and_field(case: Case) -> None:
    ledger = prepare(case)
    with pytest.raises(Refused) as refusal:
        say(ledger, case.refused)
    assert (refusal.value.code, refusal.value.field) == (case.code, case.field), refusal.value.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.refused.type}")
def test_the_neighbour_of_a_refused_event_passes(case: Case) -> None:
    ledger = prepare(case)
    say(ledger, case.neighbour)
    assert ledger.state.size == 8 + len(case.before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.refused.type}")
def test_a_refused_event_of_our_own_leaves_the_state_as_it_was(case: Case) -> None:
    ledger = prepare(case)
    before = copy.deepcopy(ledger.state)
    with pytest.raises(Refused):
        say(ledger, case.refused)
    assert ledger.state == before


def test_every_code_of_refusal_has_a_case() -> None:
    assert {case.code for case in CASES} == set(rules.REFUSALS)


def test_who_and_what_is_missing_and_what_is_there_already_are_told_apart() -> None:
    kinds: dict[str, type[Refused]] = {"not_entitled": NotEntitled, "identifier_taken": Conflict, "id_taken": Conflict}
    kinds |= {code: NotFound for code in rules.REFUSALS if code.endswith("_unknown") and code != "corrects_unknown"}
    for case in CASES:
        ledger = prepare(case)
        with pytest.raises(Refused) as refusal:
            say(ledger, case.refused)
        assert isinstance(refusal.value, kinds.get(case.code, Refused))


def test_a_ledger_that_does_not_begin_with_its_opening_is_refused() -> None:
    ledger = open_ledger()
    entry = ledger.draft("issuer.registered", A, {"names": {"en": "X"}, "country": "NL"})
    ledger.state = State(ORIGIN)
    with pytest.raises(Refused, match="entry 0"):
        ledger.append(entry)


def test_only_the_node_opens_a_register() -> None:
    ledger = open_ledger()
    entry = ledger.entries[0].replace(b'"actor":{"role":"node"}', b'"actor":{"role":"operator"}')
    ledger.state = State(ORIGIN)
    with pytest.raises(NotEntitled):
        ledger.append(entry)


def test_an_entry_at_the_very_time_of_the_last_one_passes() -> None:
    ledger = open_ledger()
    register(ledger, A)
    ledger.say("issuer.amended", A, {"acronym": "X"}, time=ledger.time)


def test_times_are_compared_as_instants_whatever_their_offset() -> None:
    ledger = open_ledger()
    entry = ledger.draft("issuer.amended", UTOPIA, {"acronym": "X"}, time=datetime(2023, 1, 1, 12, tzinfo=UTC))
    ledger.append(entry.replace(b'"2023-01-01T12:00:00Z"', b'"2023-01-01T14:00:00+02:00"'))
    with pytest.raises(Refused, match="time not before"):
        ledger.say("issuer.amended", UTOPIA, {"acronym": "Y"}, time=datetime(2023, 1, 1, 11, 59, 59, tzinfo=UTC))


def test_an_issuer_may_revoke_its_key_also_after_it_closed() -> None:
    ledger = open_ledger()
    ledger.say("key.bound", A, {"issuer": UTOPIA, "kind": "jwk", "value": "B" * 43, "valid_from": "2020-01-01"})
    ledger.say("issuer.closed", UTOPIA, ending("2022-01-01", "institution_closed"))
    stolen = {"reason": "compromised", "since": "2021-01-01", "actor": as_issuer(UTOPIA)}
    ledger.say("key.revoked", A, stolen)
    assert ledger.state.keys[A].revocation is not None


def test_an_identifier_given_up_can_be_claimed_by_another() -> None:
    ledger = open_ledger()
    claim = {"scheme": "ror", "value": "https://ror.org/04dkp9463"}
    ledger.say("issuer.amended", UTOPIA, {"identifiers": []})
    ledger.say("issuer.amended", ARCADIA, {"identifiers": [claim]})
    assert list(ledger.state.claims["ror", claim["value"]]) == [ARCADIA]


def test_an_identifier_given_up_still_finds_the_issuer_that_signs_with_it() -> None:
    ledger = open_ledger()
    did = {"scheme": "did", "value": "did:web:utopia.example"}
    bound = {"issuer": UTOPIA, "kind": "did", "value": did["value"], "valid_from": "2020-01-01"}
    ledger.say("issuer.amended", UTOPIA, {"identifiers": [did]})
    ledger.say("key.bound", A, bound)
    ledger.say("issuer.amended", UTOPIA, {"identifiers": []})
    with pytest.raises(Conflict, match="bound to another issuer"):
        ledger.say("key.bound", B, {**bound, "issuer": ARCADIA})


def test_an_accreditation_by_the_operator_says_that_it_was_on_behalf_of_the_agency() -> None:
    ledger = open_ledger()
    grant(ledger, A, actor={"role": "operator"})
    grant(ledger, B, actor=as_agency(WIDE))
    assert [ledger.state.accreditations[i].on_behalf for i in (A, B)] == [True, False]


def test_a_joint_programme_may_be_accredited_for_each_awarding_body() -> None:
    ledger = open_ledger()
    programme = {"issuer": UTOPIA, "titles": {"en": "Joint"}, "valid_from": "2020-01-01", "awarding_bodies": [ARCADIA]}
    ledger.say("programme.registered", A, programme)
    ledger.say("accreditation.granted", B, {**GRANT, "issuer": ARCADIA, "scope": {"programmes": [A]}})
    assert ledger.state.accreditations[B].scope.programmes == (A,)


def test_every_refusal_is_a_sentence_that_pages_can_tell_in_their_readers_language() -> None:
    for case in CASES:
        ledger = prepare(case)
        with pytest.raises(Refused) as refusal:
            say(ledger, case.refused)
        assert isinstance(refusal.value.message, sentences.Said), case.code
