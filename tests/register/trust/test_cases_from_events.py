"""The table of cases of the trust decision, from real entries: drafted, judged, folded, cut at what was known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from register.identifiers import Identifier
from register.trust import Decision, format_decision
from tests.register.trust.cast import ABROAD, KEY, day
from tests.register.trust.story import Story, ask, id_of


class Case(NamedTuple):
    id: str
    story: Callable[[], Story]
    asked: dict[str, Any]
    decision: str
    code: str


def begin(**fields: Any) -> Story:
    story = Story(**fields)
    story.recognise()
    story.register()
    return story


def granted(**data: Any) -> Story:
    story = begin()
    story.grant(**data)
    return story


def revoked() -> Story:
    story = granted()
    story.end("accreditation.revoked", "grant", "2026-06-01", "2026-06-01")
    return story


def revoked_backdated() -> Story:
    story = granted()
    story.end("accreditation.revoked", "grant", "2026-09-01", "2025-01-01")
    return story


def suspended() -> Story:
    story = granted()
    story.end("accreditation.suspended", "grant", "2025-03-01", "2025-03-01")
    story.say("accreditation.reinstated", "grant", "2025-05-01", effective_from="2025-05-01")
    return story


def limited_to_level_6() -> Story:
    return granted(scope={"eqf_levels": [6]})


def limited_to_field_061() -> Story:
    return granted(scope={"isced_f": ["061"]})


def exceeding_the_agency() -> Story:
    story = Story(own=False)
    story.recognise(scope={"eqf_levels": [5, 6]})
    story.register()
    story.grant(scope={"eqf_levels": [5, 6, 7]})
    return story


def foreign_issuer_of_a_peer() -> Story:
    story = Story(origin=ABROAD, own=False)
    story.recognise()
    story.register(country="BE")
    story.grant()
    return story


def foreign_accreditation_of_a_peer() -> Story:
    story = Story(origin=ABROAD, own=False)
    story.recognise()
    story.register()
    story.grant(scope={"jurisdictions": ["BE"]})
    return story


def agency_withdrawn() -> Story:
    story = granted()
    story.end("agency.withdrawn", "agency", "2025-01-01", "2025-01-01")
    return story


def key_stolen() -> Story:
    story = granted()
    story.bind("key", KEY)
    story.say("key.revoked", "key", "2025-02-03", holder="college", reason="compromised", since="2025-02-01")
    return story


def one_expired_one_valid() -> Story:
    story = begin()
    story.grant("old", valid_from="2020-01-01", valid_until="2024-01-01")
    story.grant("new")
    return story


def merged() -> Story:
    story = granted()
    story.register("university", "2024-01-02", names={"en": "University"})
    story.grant("new-grant", "2024-01-03", issuer="university")
    terms = {"relation": "merged_into", "other": id_of("university"), "valid_from": "2025-07-01"}
    story.say("issuer.related", "college", "2025-07-01", **terms)
    story.end("issuer.closed", "college", "2025-07-01", "2025-07-01", "merged")
    return story


def limited_period() -> Story:
    return granted(valid_until="2026-01-01")


def corrected() -> Story:
    story = begin()
    index = story.grant(scope={"eqf_levels": [6]})
    story.say("accreditation.amended", "grant", "2026-03-01", scope={"eqf_levels": [7]}, corrects=index)
    return story


CASES = [
    Case("1 revoked later", revoked, {"at": "2025-01-01"}, "trusted", "accredited"),
    Case("2 revoked before", revoked, {"at": "2026-07-01"}, "not_trusted", "revoked"),
    Case(
        "3 backdated revocation, not yet known",
        revoked_backdated,
        {"at": "2025-06-01", "known_at": "2026-08-01"},
        "trusted",
        "accredited",
    ),
    Case("4 backdated revocation, known", revoked_backdated, {"at": "2025-06-01"}, "not_trusted", "revoked"),
    Case("5 while suspended", suspended, {"at": "2025-04-01"}, "not_trusted", "suspended"),
    Case("5 after the suspension", suspended, {"at": "2025-06-01"}, "trusted", "accredited"),
    Case("6 another level", limited_to_level_6, {"eqf_level": 7}, "not_trusted", "out_of_scope_level"),
    Case("7 a narrower field", limited_to_field_061, {"isced_f": "0613"}, "trusted", "accredited"),
    Case("7 another field", limited_to_field_061, {"isced_f": "0711"}, "not_trusted", "out_of_scope_field"),
    Case("8 beyond the agency's scope", exceeding_the_agency, {"eqf_level": 7}, "not_trusted", "agency_scope_exceeded"),
    Case("8 within both scopes", exceeding_the_agency, {"eqf_level": 6}, "trusted", "accredited"),
    Case("9 issuer abroad", foreign_issuer_of_a_peer, {}, "not_trusted", "outside_territory"),
    Case("9 accreditation abroad", foreign_accreditation_of_a_peer, {}, "not_trusted", "outside_territory"),
    Case("10 before the withdrawal", agency_withdrawn, {"at": "2024-12-31"}, "trusted", "accredited"),
    Case("10 from the withdrawal on", agency_withdrawn, {"at": "2025-01-01"}, "not_trusted", "agency_not_recognised"),
    Case(
        "11 anchored before the theft",
        key_stolen,
        {"at": "2025-01-15", "key": KEY, "anchored_at": "2025-01-20"},
        "trusted",
        "accredited",
    ),
    Case("11 not anchored", key_stolen, {"at": "2025-01-15", "key": KEY}, "not_trusted", "key_compromised_unanchored"),
    Case("12 nobody knows the issuer", granted, {"issuer": "stranger"}, "unknown", "issuer_unknown"),
    Case("13 the peer was verified too long ago", granted, {"stale": True}, "unchecked", "stale"),
    Case("14 one expired, one valid", one_expired_one_valid, {"at": "2025-01-01"}, "trusted", "accredited"),
    Case("15 before the merger", merged, {"at": "2025-01-01"}, "trusted", "accredited"),
    Case("15 after the merger", merged, {"at": "2026-01-01"}, "trusted", "accredited"),
    Case("16 at valid_from", limited_period, {"at": "2024-01-01"}, "trusted", "accredited"),
    Case("16 at valid_until", limited_period, {"at": "2026-01-01"}, "not_trusted", "expired"),
    Case("16 at effective_from of a revocation", revoked, {"at": "2026-06-01"}, "not_trusted", "revoked"),
    Case(
        "17 before the correction",
        corrected,
        {"eqf_level": 6, "known_at": "2026-02-28"},
        "trusted",
        "accredited",
    ),
    Case("17 after the correction", corrected, {"eqf_level": 6}, "not_trusted", "out_of_scope_level"),
    Case("17 after the correction, as corrected", corrected, {"eqf_level": 7}, "trusted", "accredited"),
    Case("18 level not asked", limited_to_level_6, {}, "trusted", "accredited"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_holds_from_real_entries(case: Case) -> None:
    decision = case.story().ask(**case.asked)
    assert (decision.decision, decision.reasons[0].code) == (case.decision, case.code)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_entry_that_a_reason_names_is_cited(case: Case) -> None:
    decision = case.story().ask(**case.asked)
    named = [reason.entry for reason in decision.reasons] + [since.entry for since in decision.since]
    assert {entry for entry in named if entry} <= set(decision.cites)
    assert decision.decision in ("unknown", "unchecked") or any(named)


def verdict_of(decision: Decision) -> Any:
    """What must be the same when the question is put to the cited entries alone."""
    told = format_decision(decision)
    return (
        told["decision"],
        [reason["code"] for reason in told["reasons"]],
        told["chain"],
        told["since"],
        told["not_tested"],
    )


PROVABLE = [
    case for case in CASES if "known_at" not in case.asked and "stale" not in case.asked and "9" not in case.id[:1]
]


@pytest.mark.parametrize("case", PROVABLE, ids=lambda case: case.id)
def test_the_cited_entries_alone_give_the_same_answer(case: Case) -> None:
    story = case.story()
    story.register("bystander", "2026-10-01", names={"en": "Bystander"})
    story.grant("of-bystander", "2026-10-02", issuer="bystander")
    decision = story.ask(**case.asked)
    assert verdict_of(story.ask_proven(decision, **case.asked)) == verdict_of(decision)
    assert len(story.entries) - 2 not in {cite.index for cite in decision.cites}


@pytest.mark.parametrize("story", [foreign_issuer_of_a_peer, foreign_accreditation_of_a_peer])
def test_entries_kept_in_quarantine_convince_nobody_who_replays_them_without_the_rules(
    story: Callable[[], Story],
) -> None:
    told = story()
    proven = told.ask_proven(told.ask())
    assert (proven.decision, proven.reasons[0].code) == ("not_trusted", "outside_territory")


def test_a_foreign_register_does_not_spoil_what_the_own_one_knows() -> None:
    decision = ask([granted(), foreign_issuer_of_a_peer()])
    assert decision.decision == "trusted"
    assert set(decision.known_at) == {"register.nl.example/ledger", ABROAD}


def test_an_issuer_is_found_by_any_of_its_identifiers_and_its_key() -> None:
    story = Story()
    story.recognise()
    story.register(identifiers=[{"scheme": "schac", "value": "college.example"}])
    story.grant()
    story.bind("key", KEY)
    for identifier in (Identifier("schac", "college.example"), Identifier("did", KEY)):
        decision = story.ask(identifier=identifier)
        assert decision.decision == "trusted"
        assert verdict_of(story.ask_proven(decision, identifier=identifier)) == verdict_of(decision)


def test_a_correction_is_cited_with_what_it_corrects() -> None:
    story = corrected()
    decision = story.ask(eqf_level=7)
    assert [cite.index for cite in decision.cites] == [0, 1, 2, 3, 4]
    assert story.ask("2026-02-28", eqf_level=6).known_at == {"register.nl.example/ledger": 4}


def test_the_aftermath_tells_when_a_backdated_revocation_was_recorded() -> None:
    (since,) = revoked_backdated().ask(at="2024-06-01").since
    assert (since.effective_from, since.recorded_at) == (day("2025-01-01"), day("2026-09-01"))
