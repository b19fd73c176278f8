"""Freshness: what was not seen lately enough is never trusted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from register.trust import Facts, Freshness, RegisterFacts, decide, judge_freshness
from tests.register.trust.cast import (
    ABROAD,
    DOMAIN,
    HOME,
    NOW,
    accreditation,
    day,
    facts,
    question,
    register_facts,
    scope,
)

LIMIT = 86_400
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), Freshness(0, False)),
        (timedelta(days=1), Freshness(LIMIT, False)),
        (timedelta(days=1, seconds=1), Freshness(LIMIT + 1, True)),
        (timedelta(minutes=-5), Freshness(0, False)),
        (timedelta(minutes=-5, seconds=-1), Freshness(0, True)),
    ],
)
def test_a_checkpoint_is_fresh_up_to_the_limit(age: timedelta, expected: Freshness) -> None:
    assert judge_freshness(NOW - age, NOW, None, LIMIT, covered=False) == expected


def test_no_checkpoint_is_never_fresh() -> None:
    assert judge_freshness(None, NOW, None, LIMIT, covered=False) == Freshness(None, True)
    assert judge_freshness(None, NOW, day("2020-01-01"), LIMIT, covered=True) == Freshness(None, True)


def test_a_past_that_the_checkpoint_covers_does_not_age() -> None:
    checkpoint = NOW - timedelta(days=30)
    assert not judge_freshness(checkpoint, NOW, checkpoint, LIMIT, covered=True).stale
    assert not judge_freshness(checkpoint, NOW, None, LIMIT, covered=True).stale
    assert judge_freshness(checkpoint, NOW, checkpoint + SECOND, LIMIT, covered=True).stale
    assert judge_freshness(checkpoint, NOW, checkpoint, LIMIT, covered=False).stale


def stale(*records: Any, **fields: Any) -> RegisterFacts:
    given = {"origin": ABROAD, "stale": True, "age_seconds": 259_200, "checkpoint_time": day("2026-11-18"), **fields}
    return register_facts(*records, **given)


def told(known: Facts, **asked: Any) -> tuple[str, list[str]]:
    decision = decide(question(**asked), known)
    return decision.decision, [reason.code for reason in decision.reasons]


def test_all_links_hold_but_the_register_is_stale() -> None:
    decision = decide(question(), facts(stale(accreditation())))
    assert (decision.decision, [reason.code for reason in decision.reasons]) == ("unchecked", ["stale"])
    assert "18 November 2026" in decision.reasons[0].text
    assert decision.reasons[0].link == "freshness"
    assert decision.fresh[ABROAD].stale


def test_a_register_never_verified_says_so() -> None:
    decision = decide(question(), facts(stale(accreditation(), checkpoint_time=None, age_seconds=None)))
    assert "No checkpoint" in decision.reasons[0].text
    assert decision.expires_at is None


def test_nothing_found_in_a_stale_register_is_not_a_no() -> None:
    assert told(facts(stale())) == ("unchecked", ["no_accreditation", "stale"])


def test_a_broken_link_in_a_stale_register_is_a_no_with_a_remark() -> None:
    assert told(facts(stale(accreditation(decision="negative")))) == ("not_trusted", ["decision_negative", "stale"])


def test_a_fresh_register_answers_although_another_is_stale() -> None:
    both = facts(stale(accreditation("theirs", 5)), register_facts(accreditation("ours", 20)))
    assert told(both) == ("trusted", ["accredited"])


def test_a_fresh_peer_answers_before_our_own_stale_register() -> None:
    own = register_facts(accreditation("ours", 5), stale=True)
    peer = register_facts(accreditation("theirs", 20), origin=ABROAD)
    assert told(facts(own, peer), issuer=DOMAIN) == ("trusted", ["accredited"])


def test_a_stale_yes_is_nearer_than_a_fresh_no() -> None:
    both = facts(register_facts(accreditation(decision="negative")), stale(accreditation()))
    assert told(both, issuer=DOMAIN) == ("unchecked", ["stale"])


def test_a_stale_register_that_is_responsible_might_know_more() -> None:
    """It does not know the issuer yet, but it may speak for the issuer's country."""
    known = Facts((register_facts(), stale()), {HOME: ("college",)})
    assert told(known) == ("unchecked", ["no_accreditation", "stale"])
    elsewhere = Facts((register_facts(), stale(territory=("BE",))), {HOME: ("college",)})
    assert told(elsewhere) == ("not_trusted", ["no_accreditation"])
    assert told(elsewhere, jurisdiction="BE")[0] == "unchecked"


def test_a_stale_register_that_knows_the_issuer_is_named_wherever_it_speaks_for() -> None:
    own = register_facts(accreditation(decision="negative"))
    assert told(facts(own, stale(territory=("BE",)))) == ("not_trusted", ["decision_negative", "stale"])
    unknowing = Facts((own, stale(territory=("BE",))), {HOME: ("college",)})
    assert told(unknowing) == ("not_trusted", ["decision_negative"])


def test_an_issuer_unknown_to_all_is_unknown_with_a_remark() -> None:
    assert told(facts(stale(), asked="stranger")) == ("unknown", ["issuer_unknown", "stale"])


def test_an_answer_holds_as_long_as_its_checkpoint() -> None:
    known = register_facts(accreditation(), checkpoint_time=NOW, age_seconds=0, limit_seconds=3600)
    decision = decide(question(), facts(known))
    assert decision.expires_at == NOW + timedelta(hours=1)
    nobody = decide(question(), facts(register_facts(), stale(), asked="stranger"))
    assert nobody.expires_at == day("2026-11-19")


def test_an_answer_about_a_covered_past_holds_from_now() -> None:
    old = register_facts(accreditation(), checkpoint_time=day("2026-01-01"), age_seconds=10 * LIMIT, stale=False)
    assert decide(question(), facts(old)).expires_at == day("2026-01-12")


def test_every_ledger_used_is_named_with_its_size() -> None:
    known = facts(register_facts(accreditation(), size=840), stale(size=12))
    decision = decide(question(), known)
    assert decision.known_at == {HOME: 840, ABROAD: 12}
    assert {origin: fresh.stale for origin, fresh in decision.fresh.items()} == {HOME: False, ABROAD: True}


def test_scope_is_judged_in_a_stale_register_too() -> None:
    narrow = facts(stale(accreditation(scope=scope(eqf_levels=(6,)))))
    assert told(narrow, eqf_level=7) == ("not_trusted", ["out_of_scope_level", "stale"])
