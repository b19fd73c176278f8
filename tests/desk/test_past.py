"""Comparing answers date by date: spans that differ, joined where they touch, nothing where nothing differs."""

from __future__ import annotations

from datetime import UTC, datetime

from register.desk.past import Answer, Change, compare, keep_widest
from register.scope import Scope

YES = Answer("trusted", ("accredited",), frozenset({(Scope(eqf_levels=(6,)), "positive")}), "may award")
WIDER = Answer("trusted", ("accredited",), frozenset({(Scope(eqf_levels=(6, 7)), "positive")}), "may award more")
NO = Answer("not_trusted", ("revoked",), frozenset(), "revoked")
NONE = Answer("not_trusted", (), frozenset(), "nothing recorded")


def day(year: int) -> datetime:
    """The first day of a year."""
    return datetime(year, 1, 1, tzinfo=UTC)


DATES = [day(2020), day(2022), day(2024), day(2026)]


def test_the_same_answers_change_nothing() -> None:
    assert compare(DATES, [YES, YES, NO, NO], [YES, YES, NO, NO]) == ()


def test_other_words_for_the_same_answer_change_nothing() -> None:
    reworded = Answer(YES.decision, YES.codes, YES.grants, "is entitled to award")
    assert compare(DATES, [YES] * 4, [reworded] * 4) == ()


def test_spans_that_touch_and_change_alike_are_one() -> None:
    (change,) = compare(DATES, [YES] * 4, [YES, NO, NO, YES])
    assert (change.since, change.until) == (day(2022), day(2026))


def test_the_last_span_has_no_end() -> None:
    (change,) = compare(DATES, [YES] * 4, [YES, YES, YES, NO])
    assert (change.since, change.until) == (day(2026), None)


def test_spans_that_touch_and_change_otherwise_stay_apart() -> None:
    changes = compare(DATES, [NONE, NONE, YES, YES], [YES, YES, WIDER, WIDER])
    assert [(one.since, one.before, one.after) for one in changes] == [(day(2020), NONE, YES), (day(2024), YES, WIDER)]


def test_spans_with_an_unchanged_one_between_stay_apart() -> None:
    changes = compare(DATES, [YES, YES, YES, YES], [NO, YES, NO, YES])
    assert [(one.since, one.until) for one in changes] == [(day(2020), day(2022)), (day(2024), day(2026))]


def test_a_wider_scope_is_another_answer_though_both_are_yes() -> None:
    assert compare([day(2020)], [YES], [WIDER]) == (Change(day(2020), None, YES, WIDER),)


def test_a_change_reaches_back_when_it_begins_before_now() -> None:
    change = Change(day(2024), None, YES, NO)
    assert change.reaches_back(day(2025))
    assert not change.reaches_back(day(2024))


def grant(decision: str = "positive", **limits: tuple[object, ...]) -> tuple[Scope, str]:
    """A scope with its decision."""
    return Scope(**limits), decision  # type: ignore[arg-type]


def test_a_grant_within_a_wider_one_says_nothing_more() -> None:
    wide = grant(eqf_levels=(6, 7), jurisdictions=("NL",))
    assert keep_widest([wide, grant(eqf_levels=(7,), isced_f=("091",), jurisdictions=("NL",))]) == {wide}


def test_grants_that_overlap_are_both_kept() -> None:
    both = {grant(eqf_levels=(6, 7)), grant(eqf_levels=(7, 8))}
    assert keep_widest(both) == both


def test_a_limit_that_is_not_set_is_wider_than_one_that_is() -> None:
    assert keep_widest([grant(), grant(eqf_levels=(7,))]) == {grant()}


def test_an_unconditional_grant_within_a_conditional_one_is_kept() -> None:
    both = {grant("positive_with_conditions"), grant(eqf_levels=(7,))}
    assert keep_widest(both) == both
    assert keep_widest({grant(), grant("positive_with_conditions", eqf_levels=(7,))}) == {grant()}
