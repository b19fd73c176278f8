"""The valid time of an accreditation: the fold against a slow reference that keeps every fact and asks them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from register.moments import parse_moment
from register.records import AccreditationRecord, scope_at
from register.scope import Scope
from tests.histories import Move, try_all
from tests.ledgers import Ledger, grant, make_id, open_ledger

A = make_id(101)
DATES = [f"20{year}-{month}-01" for year in (24, 25, 26) for month in ("01", "05", "09")]
dates = st.sampled_from(DATES)
indexes = st.integers(7, 16)
scopes = st.fixed_dictionaries({}, optional={"eqf_levels": st.lists(st.integers(5, 8), min_size=1, max_size=2)})
corrections = {"corrects": indexes, "reason": st.sampled_from(["appeal_upheld", "quality"])}
endings = st.fixed_dictionaries({"effective_from": dates, "reason": st.just("quality")})


def _moves(event_type: str, data: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Move]:
    return st.builds(Move, st.just(f"accreditation.{event_type}"), st.just(A), data)


moves = st.one_of(
    _moves("amended", st.fixed_dictionaries({"scope": scopes}, optional={"effective_from": dates})),
    _moves("amended", st.fixed_dictionaries({"scope": scopes, **corrections})),
    _moves("amended", st.fixed_dictionaries(corrections)),
    _moves("suspended", endings),
    _moves("reinstated", dates.map(lambda date: {"effective_from": date})),
    _moves("revoked", endings),
)


@dataclass
class Fact:
    """One entry as it was said; `scope` is replaced when a later entry corrects it, `void` when one takes it back."""

    index: int
    what: str
    start: datetime | None
    scope: Scope | None = None
    void: bool = False


def remember(ledger: Ledger) -> list[Fact]:
    """Read the accepted entries about the accreditation into facts, corrections already carried out."""
    facts: list[Fact] = []
    for step in ledger.steps[7:]:
        assert step.event is not None
        what, data = step.event.type.split(".")[1], step.event.data
        corrects = getattr(data, "corrects", None)
        if corrects is None:
            start = getattr(data, "effective_from", None)
            if what == "amended" and start is None:
                start = parse_moment(step.event.time.date().isoformat())
            facts.append(Fact(step.index, what, start, getattr(data, "scope", None)))
            continue
        for fact in facts:
            if fact.index == corrects and fact.what in ("granted", "amended") and data.scope is not None:
                fact.scope = data.scope
            if fact.index == corrects and fact.what in ("suspended", "reinstated", "revoked"):
                fact.void = True
    return facts


def answer(facts: list[Fact], at: datetime) -> Mapping[str, Any]:
    """Tell what held at an instant by going through every fact."""
    scope = None
    for fact in facts:
        if fact.what == "granted" or (fact.what == "amended" and fact.start is not None and fact.start <= at):
            scope = fact.scope
    revoked = any(f.what == "revoked" and not f.void and f.start is not None and f.start <= at for f in facts)
    return {"scope": scope, "revoked": revoked, "suspended": _suspended(facts, at)}


def _suspended(facts: list[Fact], at: datetime) -> bool:
    for position, fact in enumerate(facts):
        if fact.what != "suspended" or fact.void or fact.start is None or fact.start > at:
            continue
        lifts = [f.start for f in facts[position:] if f.what == "reinstated" and not f.void and f.start is not None]
        if not lifts or at < lifts[0]:
            return True
    return False


def folded(record: AccreditationRecord, at: datetime) -> Mapping[str, Any]:
    spans = record.suspensions
    return {
        "scope": scope_at(record.scope, record.former_scopes, at),
        "revoked": record.revocation is not None and record.revocation.effective_from <= at,
        "suspended": any(
            s.effective_from <= at and (s.effective_until is None or at < s.effective_until) for s in spans
        ),
    }


@settings(max_examples=300)
@given(st.lists(moves, max_size=9))
def test_the_fold_says_of_every_instant_what_all_the_facts_say(history: list[Move]) -> None:
    ledger = open_ledger()
    grant(ledger, A)
    try_all(ledger, history)
    facts = remember(ledger)
    record = ledger.state.accreditations[A]
    instants = [parse_moment(date) for date in DATES]
    instants += [instant - timedelta(microseconds=1) for instant in instants]
    for at in [*instants, parse_moment("2000-01-01"), parse_moment("2100-01-01")]:
        assert folded(record, at) == answer(facts, at), at


def amend(ledger: Ledger, levels: list[int], time: datetime | None = None, **more: Any) -> int:
    ledger.say("accreditation.amended", A, {"scope": {"eqf_levels": levels}, **more}, time=time)
    return ledger.last


def levels_at(ledger: Ledger, *dates: str) -> list[tuple[int, ...] | None]:
    record = ledger.state.accreditations[A]
    return [scope_at(record.scope, record.former_scopes, parse_moment(date)).eqf_levels for date in dates]


def test_a_correction_of_the_grant_leaves_later_amendments_as_they_were() -> None:
    ledger = open_ledger()
    grant(ledger, A, scope={"eqf_levels": [5]})
    granted = ledger.last
    amend(ledger, [7], effective_from="2025-01-01")
    amend(ledger, [6], corrects=granted)
    assert levels_at(ledger, "2024-06-01", "2025-01-01") == [(6,), (7,)]


def test_a_correction_of_an_amendment_holds_from_that_amendments_date_and_may_be_repeated() -> None:
    ledger = open_ledger()
    grant(ledger, A, scope={"eqf_levels": [5]})
    amended = amend(ledger, [7], effective_from="2025-01-01")
    for levels in ([6], [8]):
        amend(ledger, levels, corrects=amended)
        assert levels_at(ledger, "2024-12-31", "2025-01-01") == [(5,), tuple(levels)]


def test_an_amendment_without_a_date_holds_from_the_day_it_was_recorded() -> None:
    ledger = open_ledger()
    grant(ledger, A, scope={"eqf_levels": [5]}, valid_from="2020-01-01")
    amend(ledger, [6], time=parse_moment("2024-03-05T23:59:59Z"))
    assert levels_at(ledger, "2024-03-04T23:59:59Z", "2024-03-05") == [(5,), (6,)]


def test_the_last_word_about_a_time_counts_whatever_the_order_of_dates() -> None:
    ledger = open_ledger()
    grant(ledger, A, scope={"eqf_levels": [5]})
    amend(ledger, [7], effective_from="2026-01-01")
    amend(ledger, [6], effective_from="2025-01-01")
    assert levels_at(ledger, "2024-12-31", "2025-06-01", "2026-06-01") == [(5,), (6,), (6,)]


def test_a_revocation_taken_back_on_appeal_never_was_and_may_be_followed_by_another() -> None:
    ledger = open_ledger()
    grant(ledger, A)
    for _ in range(2):
        ledger.say("accreditation.revoked", A, {"effective_from": "2025-01-01", "reason": "quality"})
        assert ledger.state.accreditations[A].revocation is not None
        ledger.say("accreditation.amended", A, {"corrects": ledger.last, "reason": "appeal_upheld"})
        assert ledger.state.accreditations[A].revocation is None
    assert ledger.state.accreditations[A].corrected == (8, 10)


def test_a_reinstatement_taken_back_leaves_the_suspension_open() -> None:
    ledger = open_ledger()
    grant(ledger, A)
    ledger.say("accreditation.suspended", A, {"effective_from": "2024-02-01", "reason": "quality"})
    ledger.say("accreditation.reinstated", A, {"effective_from": "2024-03-01"})
    ledger.say("accreditation.amended", A, {"corrects": ledger.last, "reason": "administrative_error"})
    assert folded(ledger.state.accreditations[A], parse_moment("2024-04-01"))["suspended"]
