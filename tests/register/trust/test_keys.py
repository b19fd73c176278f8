"""The key link: bindings, ends, thefts and mandates."""

from __future__ import annotations

from typing import Any

import pytest

from register.trust import Decision, decide
from tests.register.trust.cast import (
    KEY,
    KEY_OF_ANOTHER,
    accreditation,
    day,
    ending,
    facts,
    issuer,
    key,
    key_end,
    mandate,
    period,
    question,
    register_facts,
    relation,
    scope,
)

SEALER = issuer("sealer", (5,))
KEY_OF_SEALER = key("sealer", KEY_OF_ANOTHER)


def answer(*records: Any, at: str = "2025-01-01", **asked: Any) -> Decision:
    given = {"key": KEY, **asked}
    return decide(question(at, **given), facts(register_facts(SEALER, accreditation(), *records)))


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_a_bound_key_passes_and_stands_in_the_chain() -> None:
    decision = answer(key())
    assert codes(decision) == ["accredited"]
    assert decision.chain.key == key()
    assert 20 in {cite.index for cite in decision.cites}


def test_a_key_that_was_not_asked_is_not_judged() -> None:
    decision = answer(key(revocation=key_end("superseded", "2024-01-01")), key=None)
    assert (codes(decision), decision.chain.key) == (["accredited"], None)


def test_a_key_nobody_holds_is_unknown() -> None:
    assert codes(answer(key(value="did:web:other.example"))) == ["key_unknown"]


def test_a_key_of_another_issuer_does_not_count() -> None:
    decision = answer(key("sealer"))
    assert codes(decision) == ["key_not_bound"]
    assert "belongs to Sealer, not to College" in decision.reasons[0].text


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2024-12-31T23:59:59Z", "key_not_bound"),
        ("2025-01-01", "accredited"),
        ("2025-12-31T23:59:59Z", "accredited"),
        ("2026-01-01", "key_not_bound"),
    ],
)
def test_a_binding_is_half_open(at: str, expected: str) -> None:
    assert codes(answer(key(valid=period("2025-01-01", "2026-01-01")), at=at)) == [expected]


@pytest.mark.parametrize(("reason", "code"), [("superseded", "key_superseded"), ("unspecified", "key_not_bound")])
def test_a_key_that_ended_is_good_until_its_end(reason: str, code: str) -> None:
    ended = key(revocation=key_end(reason, "2025-06-01"))
    before = answer(ended, at="2025-05-31T23:59:59Z")
    assert codes(before) == ["accredited"]
    assert [(since.what, since.reason) for since in before.since] == [("key_revoked", reason)]
    assert codes(answer(ended, at="2025-06-01")) == [code]
    assert codes(answer(ended, at="2025-06-01", anchored_at="2025-01-01")) == [code]


# theft ---------------------------------------------------------------------------------------------------------------

STOLEN = key(revocation=key_end("compromised", "2025-03-01", since="2025-02-01"))


@pytest.mark.parametrize("at", ["2024-06-01", "2025-01-15", "2025-02-15", "2026-01-01"])
@pytest.mark.parametrize(
    ("anchored_at", "code"),
    [
        (None, "key_compromised_unanchored"),
        ("2025-01-31T23:59:59Z", "accredited"),
        ("2025-02-01", "key_compromised_unanchored"),
        ("2025-02-15", "key_compromised_unanchored"),
    ],
)
def test_a_stolen_key_is_good_only_for_what_is_proven_older_whatever_the_date_says(
    at: str, anchored_at: str | None, code: str
) -> None:
    assert codes(answer(STOLEN, at=at, anchored_at=anchored_at)) == [code]


def test_a_theft_spoils_every_binding_of_the_same_key() -> None:
    earlier = key(index=20, valid=period("2020-01-01", "2024-06-01"), revocation=STOLEN.revocation)
    later = key(index=21, valid=period("2024-06-01"))
    assert codes(answer(earlier, later)) == ["key_compromised_unanchored"]
    assert codes(answer(earlier, later, anchored_at="2025-01-01")) == ["accredited"]


def test_the_earliest_report_of_a_theft_counts() -> None:
    again = key(index=21, revocation=key_end("compromised", "2025-01-01", since="2024-12-01", index=61))
    assert codes(answer(STOLEN, again, anchored_at="2025-01-01")) == ["key_compromised_unanchored"]


def test_a_theft_without_a_known_beginning_counts_from_its_effective_date() -> None:
    stolen = key(revocation=key_end("compromised", "2025-02-01"))
    assert codes(answer(stolen, anchored_at="2025-01-31")) == ["accredited"]
    assert codes(answer(stolen, anchored_at="2025-02-01")) == ["key_compromised_unanchored"]


@pytest.mark.parametrize(("at", "expected"), [("2024-05-31", "accredited"), ("2024-06-01", "key_not_bound")])
def test_a_key_that_had_ended_before_it_was_stolen_has_ended_all_the_same(at: str, expected: str) -> None:
    ended_then_stolen = key(revocation=key_end("compromised", "2024-06-01", since="2025-02-01"))
    assert codes(answer(ended_then_stolen, at=at, anchored_at="2025-01-20")) == [expected]


def test_of_two_bindings_the_one_that_holds_counts() -> None:
    over = key(index=20, valid=period("2020-01-01", "2024-01-01"))
    again = key(index=21, valid=period("2024-06-01"))
    assert codes(answer(over, again)) == ["accredited"]
    assert codes(answer(again, over)) == ["accredited"]


# mandates ------------------------------------------------------------------------------------------------------------


def test_a_mandate_lets_another_one_sign() -> None:
    decision = answer(KEY_OF_SEALER, mandate(), key=KEY_OF_ANOTHER)
    assert codes(decision) == ["accredited"]
    assert decision.chain.mandate == mandate()
    assert {5, 25} <= {cite.index for cite in decision.cites}


@pytest.mark.parametrize(
    "missing",
    [
        mandate(valid=period("2025-06-01")),
        mandate(valid=period("2020-01-01", "2025-01-01")),
        mandate(revocation=ending("2025-01-01")),
        mandate(scope=scope(eqf_levels=(5,))),
    ],
)
def test_a_mandate_that_does_not_cover_the_credential_is_missing(missing: Any) -> None:
    decision = answer(KEY_OF_SEALER, missing, key=KEY_OF_ANOTHER, eqf_level=6)
    assert codes(decision) == ["mandate_missing"]


def test_a_mandate_covers_up_to_its_very_end() -> None:
    revoked = mandate(revocation=ending("2025-01-01"))
    assert codes(answer(KEY_OF_SEALER, revoked, key=KEY_OF_ANOTHER, at="2024-12-31T23:59:59Z")) == ["accredited"]


def test_a_mandate_that_was_revoked_later_says_so() -> None:
    (since,) = answer(KEY_OF_SEALER, mandate(revocation=ending("2025-06-01")), key=KEY_OF_ANOTHER).since
    assert (since.what, since.effective_from) == ("mandate_revoked", day("2025-06-01"))


@pytest.mark.parametrize("other", [mandate("university"), mandate("college", "somebody"), mandate("sealer", "college")])
def test_a_mandate_between_others_is_none(other: Any) -> None:
    assert codes(answer(KEY_OF_SEALER, other, key=KEY_OF_ANOTHER)) == ["key_not_bound"]


def test_a_mandates_limits_that_were_not_asked_are_named() -> None:
    limited = mandate(scope=scope(isced_f=("06",)))
    decision = answer(KEY_OF_SEALER, limited, key=KEY_OF_ANOTHER)
    assert (decision.decision, decision.not_tested) == ("trusted", ("isced_f",))


def test_a_mandate_covers_what_its_scope_names() -> None:
    limited = mandate(scope=scope(eqf_levels=(6,), isced_f=("06",)))
    assert codes(answer(KEY_OF_SEALER, limited, key=KEY_OF_ANOTHER, eqf_level=6)) == ["accredited"]


def test_a_missing_mandate_names_the_first_that_might_have_covered_it() -> None:
    over = period("2020-01-01", "2024-01-01")
    first, second = mandate(index=26, valid=over), mandate(index=25, valid=over)
    decision = answer(KEY_OF_SEALER, first, second, key=KEY_OF_ANOTHER)
    assert (codes(decision), decision.chain.mandate) == (["mandate_missing"], second)
    assert decision.reasons[0].entry is not None
    assert decision.reasons[0].entry.index == 25


def test_of_two_mandates_the_first_that_covers_is_named() -> None:
    decision = answer(KEY_OF_SEALER, mandate(index=26), mandate(index=25), key=KEY_OF_ANOTHER)
    assert decision.chain.mandate == mandate(index=25)


def test_a_binding_of_the_issuers_own_is_preferred_to_a_mandate() -> None:
    for records in ([key("sealer", index=19), key()], [key(), key("sealer", index=19)]):
        decision = answer(*records, mandate())
        assert (decision.chain.key, decision.chain.mandate) == (key(), None)


def test_a_holder_that_is_not_recorded_stays_unnamed() -> None:
    assert "belongs to another issuer" in answer(key("nobody")).reasons[0].text


def test_a_binding_without_a_start_always_began() -> None:
    assert codes(answer(key(valid=period(None, "2026-01-01")), at="2024-01-01")) == ["accredited"]
    assert codes(answer(key(valid=period(None, "2025-01-01")))) == ["key_not_bound"]


def test_a_mandate_does_not_mend_a_bad_key() -> None:
    bad = key("sealer", KEY_OF_ANOTHER, revocation=key_end("superseded", "2024-06-01"))
    assert codes(answer(bad, mandate(), key=KEY_OF_ANOTHER)) == ["key_superseded"]


# successions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("holder", ["college", "university"])
def test_keys_of_the_issuer_asked_and_of_its_successor_both_count(holder: str) -> None:
    moved = relation("college", "merged_into", "university")
    decision = answer(issuer("university", (4,)), moved, key(holder), at="2026-01-01")
    assert codes(decision) == ["accredited"]


def test_a_predecessors_key_does_not_sign_for_the_successor_who_was_asked() -> None:
    moved = relation("college", "merged_into", "university")
    known = register_facts(issuer("university", (4,)), moved, key("college"), accreditation())
    decision = decide(question("2026-01-01", key=KEY), facts(known, asked="university"))
    assert codes(decision) == ["key_not_bound"]


def test_the_sponsors_key_does_not_sign_for_its_member() -> None:
    member = relation("college", "faculty_of", "university", valid=period("2020-01-01"))
    assert codes(answer(issuer("university", (4,)), member, key("university"))) == ["key_not_bound"]


def test_a_theft_after_the_instant_is_told_with_its_own_date() -> None:
    (since,) = answer(STOLEN, anchored_at="2025-01-01").since
    assert (since.what, since.effective_from, since.reason) == ("key_revoked", day("2025-02-01"), "compromised")
