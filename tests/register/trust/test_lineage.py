"""Successors, members and circles: who answers for an issuer, and whose accreditations it may use."""

from __future__ import annotations

from typing import Any

import pytest

from register.records import RelationRecord
from register.trust import Decision, decide
from register.trust.lineage import trace
from tests.register.trust.cast import (
    accreditation,
    day,
    ending,
    facts,
    issuer,
    period,
    question,
    register_facts,
    relation,
)

UNIVERSITY = issuer("university", (4,))
GRANT = accreditation("of-university", 11, issuer="university")
AT = day("2026-01-01")


def answer(*records: Any, at: str = "2026-01-01", asked: str = "college") -> Decision:
    return decide(question(at), facts(register_facts(UNIVERSITY, *records), asked=asked))


def stands(decision: Decision) -> str | None:
    return decision.chain.issuer.id if decision.chain.issuer else None


# succession ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moved",
    [
        relation("college", "merged_into", "university"),
        relation("university", "absorbed", "college"),
        relation("university", "succeeded", "college"),
    ],
    ids=lambda moved: moved.relation,
)
def test_the_question_about_an_old_issuer_moves_to_its_successor(moved: RelationRecord) -> None:
    decision = answer(moved, GRANT)
    assert (decision.decision, stands(decision)) == ("trusted", "university")
    assert decision.reasons[0].text.startswith("College passed into University on 1 July 2025, so this answer is about")
    assert 30 in {cite.index for cite in decision.cites}
    before = answer(moved, GRANT, at="2025-06-30")
    assert (before.decision, stands(before)) == ("not_trusted", "college")


@pytest.mark.parametrize("at", ["2025-07-01", "2026-06-30"])
def test_a_relation_holds_within_its_dates(at: str) -> None:
    moved = relation("college", "merged_into", "university", valid=period("2025-07-01", "2026-07-01"))
    assert stands(answer(moved, GRANT, at=at)) == "university"
    assert stands(answer(moved, GRANT, at="2026-07-01")) == "college"


@pytest.mark.parametrize("asked", ["college", "university"])
def test_the_successor_inherits_what_its_predecessor_held(asked: str) -> None:
    moved = relation("college", "merged_into", "university")
    closed = issuer(closure=ending("2025-07-01", reason="merged"))
    decision = answer(closed, moved, accreditation(), asked=asked)
    assert (decision.decision, stands(decision)) == ("trusted", "university")
    assert "because the accreditations of College pass on to it (Merged into)" in decision.reasons[0].text


def test_the_successors_own_accreditation_comes_before_an_inherited_one() -> None:
    decision = answer(relation("college", "merged_into", "university"), accreditation("older", 9), GRANT)
    assert decision.chain.accreditation == GRANT


def test_a_line_of_successions_is_followed_to_its_end() -> None:
    federal = issuer("federal", (5,))
    steps = (relation("college", "merged_into", "university"), relation("federal", "succeeded", "university", 31))
    decision = answer(federal, *steps, accreditation("of-federal", 12, issuer="federal"))
    assert (decision.decision, stands(decision)) == ("trusted", "federal")
    assert decision.reasons[0].text.count("passed into") == 2
    inherited = answer(federal, *steps, accreditation())
    assert (inherited.decision, stands(inherited)) == ("trusted", "federal")
    assert {30, 31} <= {cite.index for cite in inherited.cites}


def test_a_merger_that_passes_nothing_on_leaves_the_closed_issuer_closed() -> None:
    moved = relation("college", "merged_into", "university", accreditations_pass_on=False)
    decision = answer(issuer(closure=ending("2025-07-01", reason="merged")), moved, accreditation(), GRANT)
    assert (decision.decision, stands(decision)) == ("not_trusted", "college")
    assert [reason.code for reason in decision.reasons] == ["issuer_closed"]


def test_a_closed_successor_answers_for_nobody() -> None:
    closed = issuer("university", (4,), closure=ending("2025-12-31"))
    decision = answer(relation("college", "merged_into", "university"), closed, GRANT)
    assert [reason.code for reason in decision.reasons] == ["issuer_closed"]


@pytest.mark.parametrize(("at", "code"), [("2025-06-30T23:59:59Z", "accredited"), ("2025-07-01", "issuer_closed")])
def test_an_issuer_is_closed_from_the_very_instant(at: str, code: str) -> None:
    assert answer(issuer(closure=ending("2025-07-01")), accreditation(), at=at).reasons[0].code == code


def test_a_circle_of_successions_ends_and_names_no_successor() -> None:
    circle = (relation("college", "merged_into", "university"), relation("university", "merged_into", "college", 31))
    decision = answer(*circle, accreditation())
    assert (decision.decision, stands(decision)) == ("trusted", "college")
    itself = answer(relation("college", "merged_into", "college"), accreditation())
    assert (itself.decision, stands(itself)) == ("trusted", "college")


def test_many_ways_to_the_same_successor_cost_no_more_than_one() -> None:
    layers = [[f"{layer}-{side}" for side in "ab"] for layer in range(30)]
    steps = [
        relation(old, "merged_into", new)
        for lower, upper in zip([["college"], *layers], layers, strict=False)
        for old in lower
        for new in upper
    ]
    known = {issuer: None for layer in [["college"], *layers] for issuer in layer}
    lineage = trace(steps, AT, known)
    assert {path.issuer for path in lineage.find_standing("college")} == {"29-a", "29-b"}
    assert len(lineage.find_sources("29-a")) == len(known) - 1


def test_a_quarantined_issuer_on_the_way_spoils_it() -> None:
    moved = relation("college", "merged_into", "university")
    decision = answer(issuer(quarantine="outside_territory"), moved, GRANT)
    assert decision.reasons[0].code == "outside_territory"


def test_a_relation_to_an_issuer_that_is_not_known_leads_nowhere() -> None:
    decision = answer(relation("college", "merged_into", "stranger"), accreditation())
    assert (decision.decision, stands(decision)) == ("trusted", "college")


# membership ----------------------------------------------------------------------------------------------------------

MEMBERSHIPS = ["faculty_of", "branch_of", "alliance", "franchise", "spun_off"]


@pytest.mark.parametrize("kind", MEMBERSHIPS)
def test_a_member_inherits_only_where_the_relation_says_so_and_when(kind: str) -> None:
    passing = relation("college", kind, "university", valid=period("2025-07-01", "2026-07-01"))
    silent = relation("college", kind, "university", accreditations_pass_on=False)
    assert answer(passing, GRANT).decision == "trusted"
    assert stands(answer(passing, GRANT)) == "college"
    assert answer(passing, GRANT, at="2025-06-30").reasons[0].code == "no_accreditation"
    assert answer(passing, GRANT, at="2026-07-01").reasons[0].code == "no_accreditation"
    assert answer(silent, GRANT).reasons[0].code == "no_accreditation"


@pytest.mark.parametrize("kind", MEMBERSHIPS)
def test_the_other_one_inherits_nothing_from_its_member(kind: str) -> None:
    decision = answer(relation("college", kind, "university"), accreditation(), asked="university")
    assert decision.reasons[0].code == "no_accreditation"


def test_membership_reaches_a_single_step() -> None:
    alliance = issuer("alliance", (5,))
    steps = (relation("college", "franchise", "university"), relation("university", "alliance", "alliance", 31))
    decision = answer(alliance, *steps, accreditation("of-alliance", 12, issuer="alliance"))
    assert decision.reasons[0].code == "no_accreditation"


def test_a_member_shares_what_the_other_one_got_by_succession() -> None:
    steps = (relation("college", "faculty_of", "university"), relation("university", "absorbed", "old", 31))
    old = issuer("old", (5,), closure=ending("2025-07-01", reason="merged"))
    decision = answer(old, *steps, accreditation("of-old", 12, issuer="old"))
    assert decision.decision == "trusted"
    assert {30, 31} <= {cite.index for cite in decision.cites}


def test_a_member_of_a_closed_one_inherits_nothing() -> None:
    closed = issuer("university", (4,), closure=ending("2025-12-01"))
    decision = answer(closed, relation("college", "faculty_of", "university"), GRANT)
    assert [reason.code for reason in decision.reasons] == ["issuer_closed"]
    assert "University closed" in decision.reasons[0].text


def test_the_issuers_own_accreditation_comes_before_an_inherited_one() -> None:
    decision = answer(relation("college", "faculty_of", "university"), GRANT, accreditation("own", 20))
    assert decision.chain.accreditation is not None
    assert decision.chain.accreditation.id == "own"


# aftermath -----------------------------------------------------------------------------------------------------------


def test_what_happened_later_is_told_in_order() -> None:
    decision = decide(
        question("2024-02-01"),
        facts(
            register_facts(
                UNIVERSITY,
                issuer(closure=ending("2025-07-01", 51, "merged")),
                relation("college", "merged_into", "university"),
                accreditation(revocation=ending("2025-08-01", 52)),
            )
        ),
    )
    assert decision.decision == "trusted"
    assert [since.what for since in decision.since] == ["merged_into", "issuer_closed", "revoked"]
