"""Scope: the laws by which limits cover values and narrow each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from register import vocabularies
from register.scope import UNRESTRICTED, Scope, exceeding, intersect, intersect_limit, limit_covers

VALUES: Mapping[str, Sequence[str | int]] = {
    "credential_types": [*vocabularies.load("credential-types").codes()],
    "eqf_levels": list(range(1, 9)),
    "isced_f": ["06", "061", "0611", "0613", "07", "071", "0711"],
    "jurisdictions": ["NL", "NL3", "NL31", "NL32", "NL310", "BE", "BE1", "GR", "EL3", "EL30"],
    "programmes": ["a", "b", "c"],
    "activities": [concept.code for concept in vocabularies.load("esg-activities")][:4],
}
limits = {
    name: st.none() | st.lists(st.sampled_from(values), min_size=1, max_size=4, unique=True).map(tuple)
    for name, values in VALUES.items()
}
scopes = st.builds(Scope, **limits)


def as_sets(scope: Scope) -> dict[str, set[str | int] | None]:
    limits = {name: scope.limit(name) for name in VALUES}
    return {name: None if limit is None else set(limit) for name, limit in limits.items()}


def passing(scope: Scope) -> dict[str, set[str | int]]:
    """Every value of the small world that a scope lets through."""
    return {name: {v for v in values if limit_covers(name, scope.limit(name), v)} for name, values in VALUES.items()}


def test_the_small_world_has_every_limit() -> None:
    assert [field.name for field in fields_of(Scope)] == list(VALUES)


@given(scopes, scopes)
def test_intersecting_is_commutative(a: Scope, b: Scope) -> None:
    assert as_sets(intersect(a, b)) == as_sets(intersect(b, a))


@given(scopes, scopes, scopes)
def test_intersecting_is_associative(a: Scope, b: Scope, c: Scope) -> None:
    assert as_sets(intersect(intersect(a, b), c)) == as_sets(intersect(a, intersect(b, c)))


@given(scopes)
def test_intersecting_is_idempotent_and_the_unrestricted_scope_its_unit(a: Scope) -> None:
    assert intersect(a, a) == a
    assert intersect(a, UNRESTRICTED) == a


@given(scopes, scopes)
def test_the_intersection_lets_through_exactly_what_both_do(a: Scope, b: Scope) -> None:
    both = {name: values & passing(b)[name] for name, values in passing(a).items()}
    assert passing(intersect(a, b)) == both


@given(scopes, scopes)
def test_a_scope_that_exceeds_nothing_lets_nothing_through_that_the_outer_does_not(inner: Scope, outer: Scope) -> None:
    exceeded = exceeding(inner, outer)
    for name in VALUES:
        if inner.limit(name) is None:
            assert name not in exceeded
        else:
            assert (name in exceeded) == (not passing(inner)[name] <= passing(outer)[name])


@given(scopes, scopes)
def test_an_intersection_never_exceeds_either_side(a: Scope, b: Scope) -> None:
    assert exceeding(intersect(a, b), a) == exceeding(intersect(a, b), b) == ()


@pytest.mark.parametrize(
    ("name", "limit", "value", "covered"),
    [
        ("eqf_levels", (6,), 6, True),
        ("eqf_levels", (6,), 7, False),
        ("isced_f", ("061",), "0613", True),
        ("isced_f", ("061",), "06", False),
        ("isced_f", ("061",), "0711", False),
        ("jurisdictions", ("NL",), "NL31", True),
        ("jurisdictions", ("NL31",), "NL", False),
        ("jurisdictions", ("GR",), "EL30", True),
        ("jurisdictions", ("NL3",), "NL31", True),
        ("credential_types", ("learning-achievement",), "micro-credential", True),
        ("credential_types", ("micro-credential",), "learning-achievement", False),
        ("programmes", ("a",), "ab", False),
        ("programmes", (), "a", False),
        ("programmes", None, "a", True),
    ],
)
def test_a_limit_covers_itself_and_what_is_narrower(
    name: str, limit: tuple[str | int, ...] | None, value: str | int, covered: bool
) -> None:
    assert limit_covers(name, limit, value) is covered


def test_limits_that_share_nothing_leave_a_limit_that_nothing_passes() -> None:
    assert intersect_limit("eqf_levels", (5,), (6,)) == ()


@given(scopes)
def test_a_scope_reads_itself(scope: Scope) -> None:
    adapter = TypeAdapter(Scope)
    assert adapter.validate_json(adapter.dump_json(scope, exclude_none=True)) == scope
