"""What must hold for every set of facts and every story, not just for those somebody thought of."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from register.records import (
    AccreditationRecord,
    Ending,
    FormerScope,
    KeyRevocation,
    Period,
    Suspension,
)
from register.scope import LIMITS, Scope, limit_covers
from register.trust import REASONS, Decision, Facts, Question, RegisterFacts, decide, format_decision
from register.trust.lineage import MEMBER_OF_OTHER, SUCCEEDED_BY_OTHER, SUCCEEDS_OTHER
from tests.register.trust.cast import (
    ABROAD,
    HOME,
    KEY,
    KEY_OF_ANOTHER,
    accreditation,
    agency,
    day,
    issuer,
    key,
    mandate,
    question,
    recorded,
    register,
    relation,
)

START = day("2024-01-01")
VALUES: dict[str, tuple[Any, ...]] = {
    "credential_types": ("learning-achievement", "micro-credential", "bachelor-degree", "master-degree"),
    "eqf_levels": (5, 6, 7, 8),
    "isced_f": ("06", "061", "0613", "07", "0711"),
    "jurisdictions": ("NL", "NL3", "NL31", "BE", "BE2"),
    "programmes": ("physics", "law"),
}
ISSUERS = ("college", "university", "alliance")

moments = st.integers(0, 12).map(lambda months: START + timedelta(days=30 * months))
codes = st.sampled_from(("quality", "merged", "fraud"))
indexes = st.integers(1, 99)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def limits(name: str) -> st.SearchStrategy[Any]:
    return maybe(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=3, unique=True).map(tuple))


scopes = st.builds(Scope, **{name: limits(name) for name in VALUES})
periods = st.builds(Period, maybe(moments), maybe(moments))
entered = st.builds(recorded, indexes)
endings = st.builds(Ending, moments, codes, entered)
suspensions = st.builds(Suspension, moments, codes, entered, maybe(moments), maybe(entered))
former_scopes = st.builds(FormerScope, moments, scopes, entered)
key_ends = st.builds(
    KeyRevocation, st.sampled_from(("superseded", "compromised", "unspecified")), moments, entered, maybe(moments)
)
quarantines = st.sampled_from((None, None, None, "outside_territory", "identifier_taken"))

accreditations = st.builds(
    lambda index, **fields: accreditation(f"grant-{index}", index, **fields),
    indexes,
    issuer=st.sampled_from(ISSUERS),
    agency=st.sampled_from(("agency", "rival", "nobody")),
    scope=scopes,
    decision=st.sampled_from(("positive", "positive", "positive_with_conditions", "negative")),
    valid=periods,
    former_scopes=st.lists(former_scopes, max_size=2).map(tuple),
    suspensions=st.lists(suspensions, max_size=2).map(tuple),
    revocation=maybe(endings),
    quarantine=quarantines,
)
agencies = st.builds(
    agency, st.sampled_from(("agency", "rival")), scope=scopes, valid=periods, withdrawal=maybe(endings)
)
issuers = st.builds(
    issuer,
    st.sampled_from(ISSUERS),
    country=st.sampled_from(("NL", "NL", "BE")),
    closure=maybe(endings),
    quarantine=quarantines,
)
relations = st.builds(
    relation,
    st.sampled_from(ISSUERS),
    st.sampled_from(sorted(MEMBER_OF_OTHER | SUCCEEDED_BY_OTHER | SUCCEEDS_OTHER)),
    st.sampled_from((*ISSUERS, "stranger")),
    indexes,
    valid=periods,
    accreditations_pass_on=st.booleans(),
)
keys = st.builds(
    key,
    st.sampled_from(ISSUERS),
    st.sampled_from((KEY, KEY_OF_ANOTHER)),
    indexes,
    valid=periods,
    revocation=maybe(key_ends),
)
mandates = st.builds(
    mandate, st.sampled_from(ISSUERS), st.sampled_from(ISSUERS), indexes, valid=periods, revocation=maybe(endings)
)
territories = st.lists(st.sampled_from(("NL", "BE", "DE")), max_size=3, unique=True).map(tuple)


def known(origin: str) -> st.SearchStrategy[RegisterFacts]:
    records = territories.map(lambda countries: replace(register(("NL",), origin), territory=countries))
    return st.builds(
        RegisterFacts,
        origin=st.just(origin),
        size=st.integers(0, 100),
        register=maybe(records),
        own=st.just(origin == HOME),
        recognised=st.booleans(),
        remit=maybe(territories),
        checkpoint_size=maybe(st.integers(0, 100)),
        checkpoint_time=maybe(moments),
        age_seconds=maybe(st.integers(0, 10**9)),
        stale=st.booleans(),
        limit_seconds=st.integers(0, 10**9),
        agencies=st.lists(agencies, max_size=2).map(lambda found: {one.id: one for one in found}),
        issuers=st.lists(issuers, max_size=3).map(lambda found: {one.id: one for one in found}),
        accreditations=st.lists(accreditations, max_size=4).map(tuple),
        keys=st.lists(keys, max_size=3).map(tuple),
        relations=st.lists(relations, max_size=4).map(tuple),
        mandates=st.lists(mandates, max_size=2).map(tuple),
    )


def with_those_in_question(found: RegisterFacts) -> tuple[str, ...]:
    return ("college", "stranger") if "college" in found.issuers else ()


facts_of_all_sorts = st.builds(
    lambda own, peer: Facts((own, peer), {one.origin: with_those_in_question(one) for one in (own, peer)}),
    known(HOME),
    known(ABROAD),
)
questions = st.builds(
    lambda at, asked: question(at, **asked),
    moments,
    st.fixed_dictionaries(
        {},
        optional={name: st.sampled_from(VALUES[limit]) for name, limit in LIMITS.items()}
        | {"key": st.sampled_from((KEY, KEY_OF_ANOTHER, "did:web:nobody.example"))},
    ),
)


# a kinder world, in which trusted answers are common -----------------------------------------------------------------

kind_questions = st.builds(
    lambda at, name, data: question(at, **({name: data[name]} if name else {})),
    moments,
    st.sampled_from((None, *LIMITS)),
    st.fixed_dictionaries({name: st.sampled_from(VALUES[limit]) for name, limit in LIMITS.items()}),
)
kind_accreditations = st.builds(
    lambda index, **fields: accreditation(f"grant-{index}", index, **fields),
    st.integers(10, 14),
    issuer=st.sampled_from(ISSUERS),
    scope=scopes,
    revocation=maybe(endings),
)
kind_facts = st.builds(
    lambda scope, accreditations, relations: Facts(
        (
            RegisterFacts(
                HOME,
                100,
                register(("NL", "BE")),
                own=True,
                checkpoint_time=START,
                agencies={"agency": agency(scope=scope)},
                issuers={one: issuer(one) for one in ISSUERS},
                accreditations=tuple(accreditations),
                relations=tuple(relations),
            ),
        ),
        {HOME: ("college", "university")},
    ),
    st.just(Scope()) | scopes,
    st.lists(kind_accreditations, max_size=4),
    st.lists(relations, max_size=2),
)


def replace_facts(facts: Facts, **fields: Any) -> Facts:
    return Facts((replace(facts.registers[0], **fields),), facts.asked)


@given(questions, facts_of_all_sorts)
def test_any_facts_give_a_sound_answer(asked: Question, facts: Facts) -> None:
    decision = decide(asked, facts)
    told = json.loads(json.dumps(format_decision(decision)))
    assert decision.decision in ("trusted", "not_trusted", "unknown", "unchecked")
    assert all(reason["code"] in REASONS and reason["text"] for reason in told["reasons"])
    assert list(decision.cites) == sorted(set(decision.cites))
    assert decide(asked, facts) == decision


@given(questions, kind_facts | facts_of_all_sorts)
def test_trusted_means_that_a_plain_reading_of_the_rules_agrees(asked: Question, facts: Facts) -> None:
    decision = decide(asked, facts)
    if decision.decision == "trusted":
        assert_entitled(decision, facts)
    assert (decision.decision == "trusted") == ([reason.code for reason in decision.reasons] == ["accredited"])


def assert_entitled(decision: Decision, facts: Facts) -> None:
    """The rules once more, as plainly as they can be written, about the one accreditation that won."""
    at, record, chain = decision.question.at, decision.chain.accreditation, decision.chain
    holder = next(one for one in facts.registers if one.origin == chain.origin)
    assert record is not None
    assert chain.agency is not None
    assert chain.issuer is not None
    assert not holder.stale
    assert holder.own or holder.recognised
    assert in_force(record, at)
    assert chain.agency.valid.holds(at)
    assert not (chain.agency.withdrawal and chain.agency.withdrawal.effective_from <= at)
    assert not (chain.issuer.closure and chain.issuer.closure.effective_from <= at)
    assert all(one.accreditations_pass_on and one.valid.holds(at) for one in chain.relations)
    assert record.issuer in {chain.issuer.id, *(i for one in chain.relations for i in (one.issuer, one.other))}
    for name, limit in LIMITS.items():
        value = decision.question.asked(name)
        for thing in (record, chain.agency):
            earlier = sorted((t for t in thing.former_scopes if at < t.until), key=lambda t: t.until)
            scope = earlier[0].scope if earlier else thing.scope
            assert value is None or limit_covers(limit, scope.limit(limit), value)


def in_force(record: AccreditationRecord, at: datetime) -> bool:
    suspended = [
        s for s in record.suspensions if s.effective_from <= at and (not s.effective_until or at < s.effective_until)
    ]
    revoked = record.revocation and record.revocation.effective_from <= at
    return (
        record.valid.holds(at)
        and not suspended
        and not revoked
        and "positive" in record.decision
        and not record.quarantine
    )


@given(kind_questions, kind_facts, kind_accreditations)
def test_an_unrelated_accreditation_never_takes_trust_away(
    asked: Question, facts: Facts, another: AccreditationRecord
) -> None:
    solid = accreditation("solid", 90, issuer="university")
    own = replace_facts(facts, accreditations=(*facts.registers[0].accreditations, solid))
    more = replace_facts(own, accreditations=(*own.registers[0].accreditations, replace(another, id="another")))
    before, after = decide(asked, own), decide(asked, more)
    assert (before.decision == "trusted") <= (after.decision == "trusted")


def narrow(scope: Scope, name: str, keep: list[Any]) -> Scope:
    """Take values out of a limit, or set one where there was none; a limit never becomes an open one.

    The kind register speaks for all jurisdictions tried: an absent limit means the issuer's own country there, so
    that naming another one instead would be no narrowing.
    """
    allowed = scope.limit(name)
    kept = tuple(keep) if allowed is None else tuple(value for value in allowed if value in keep) or allowed[:1]
    return Scope(**({n: scope.limit(n) for n in VALUES} | {name: kept}))


@settings(max_examples=200)
@given(kind_questions, kind_facts, st.data())
def test_a_narrower_scope_never_makes_trust(asked: Question, facts: Facts, data: st.DataObject) -> None:
    before = decide(asked, facts).decision
    name = data.draw(st.sampled_from(sorted(VALUES)))
    keep = data.draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=2, unique=True))
    own = facts.registers[0]
    narrower = tuple(replace(record, scope=narrow(record.scope, name, keep)) for record in own.accreditations)
    after = [decide(asked, replace_facts(facts, accreditations=narrower)).decision]
    recognised = {id_: replace(one, scope=narrow(one.scope, name, keep)) for id_, one in own.agencies.items()}
    after.append(decide(asked, replace_facts(facts, agencies=recognised)).decision)
    assert before == "trusted" or "trusted" not in after


@given(kind_questions, kind_facts)
def test_nothing_but_freshness_lies_between_unchecked_and_trusted(asked: Question, facts: Facts) -> None:
    fresh, stale = decide(asked, facts), decide(asked, replace_facts(facts, stale=True))
    assert (fresh.decision == "trusted") <= (stale.decision == "unchecked")
    assert stale.decision != "trusted"


@given(kind_questions, kind_facts, st.randoms())
def test_the_order_of_facts_does_not_matter(asked: Question, facts: Facts, random: Any) -> None:
    own = facts.registers[0]
    unique = {record.id: record for record in own.accreditations}
    shuffled = list(unique.values())
    random.shuffle(shuffled)
    straight = decide(asked, replace_facts(facts, accreditations=tuple(unique.values())))
    assert decide(asked, replace_facts(facts, accreditations=tuple(shuffled))) == straight
