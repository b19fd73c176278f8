"""The table of cases of the trust decision, on records as a fold leaves them; the same stories as events: see
test_cases_from_events.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from register.records import AccreditationRecord, KeyRecord
from register.trust import Facts, Question, decide
from tests.register.trust.cast import (
    ABROAD,
    KEY,
    accreditation,
    agency,
    day,
    ending,
    facts,
    issuer,
    key,
    key_end,
    period,
    question,
    register_facts,
    relation,
    scope,
    suspension,
)


class Case(NamedTuple):
    id: str
    facts: Facts
    question: Question
    decision: str
    code: str


def holding(*records: AccreditationRecord | KeyRecord, **fields: Any) -> Facts:
    return facts(register_facts(*records, **fields))


REVOKED = holding(accreditation(revocation=ending("2026-06-01")))
BACKDATED_BEFORE = holding(accreditation())
BACKDATED_AFTER = holding(accreditation(revocation=ending("2025-01-01", time="2026-09-01")))
SUSPENDED = holding(accreditation(suspensions=(suspension("2025-03-01", "2025-05-01"),)))
LEVEL_6 = holding(accreditation(scope=scope(eqf_levels=(6,))))
FIELD_061 = holding(accreditation(scope=scope(isced_f=("061",))))
EXCEEDING = facts(
    register_facts(agency(scope=scope(eqf_levels=(5, 6))), accreditation(scope=scope(eqf_levels=(5, 6, 7))))
)
IN_BELGIUM = facts(register_facts(issuer(country="BE"), accreditation(), origin=ABROAD, territory=("NL",)))
QUARANTINED = facts(
    register_facts(
        issuer(country="BE", quarantine="outside_territory"),
        accreditation(quarantine="outside_territory", scope=scope(jurisdictions=("NL",))),
        origin=ABROAD,
    )
)
WITHDRAWN = facts(register_facts(agency(withdrawal=ending("2025-01-01")), accreditation()))
COMPROMISED = holding(accreditation(), key(revocation=key_end("compromised", "2025-02-01", since="2025-02-01")))
STALE = facts(
    register_facts(accreditation(), origin=ABROAD, stale=True, age_seconds=259_200, checkpoint_time=day("2026-11-18"))
)
TWO = holding(accreditation("old", 10, valid=period("2020-01-01", "2024-01-01")), accreditation("new", 11))
MERGED = facts(
    register_facts(
        accreditation("old-grant", 10),
        issuer("university", (4,)),
        accreditation("new-grant", 11, issuer="university"),
        relation("college", "merged_into", "university"),
    )
)
PERIOD = holding(accreditation(valid=period("2024-01-01", "2026-01-01")))
UNCORRECTED = holding(accreditation(scope=scope(eqf_levels=(6,))))
CORRECTED = holding(accreditation(scope=scope(eqf_levels=(7,)), entries=(10, 30), corrected=(10,)))

CASES = [
    Case("1 revoked later", REVOKED, question("2025-01-01"), "trusted", "accredited"),
    Case("2 revoked before", REVOKED, question("2026-07-01"), "not_trusted", "revoked"),
    Case("3 backdated revocation, not yet known", BACKDATED_BEFORE, question("2025-06-01"), "trusted", "accredited"),
    Case("4 backdated revocation, known", BACKDATED_AFTER, question("2025-06-01"), "not_trusted", "revoked"),
    Case("5 while suspended", SUSPENDED, question("2025-04-01"), "not_trusted", "suspended"),
    Case("5 after the suspension", SUSPENDED, question("2025-06-01"), "trusted", "accredited"),
    Case("6 another level", LEVEL_6, question(eqf_level=7), "not_trusted", "out_of_scope_level"),
    Case("7 a narrower field", FIELD_061, question(isced_f="0613"), "trusted", "accredited"),
    Case("7 another field", FIELD_061, question(isced_f="0711"), "not_trusted", "out_of_scope_field"),
    Case("8 beyond the agency's scope", EXCEEDING, question(eqf_level=7), "not_trusted", "agency_scope_exceeded"),
    Case("8 within both scopes", EXCEEDING, question(eqf_level=6), "trusted", "accredited"),
    Case("9 outside the peer's territory", IN_BELGIUM, question(), "not_trusted", "outside_territory"),
    Case("9 kept in quarantine", QUARANTINED, question(), "not_trusted", "outside_territory"),
    Case("10 before the withdrawal", WITHDRAWN, question("2024-12-31"), "trusted", "accredited"),
    Case("10 from the withdrawal on", WITHDRAWN, question("2025-01-01"), "not_trusted", "agency_not_recognised"),
    Case(
        "11 anchored before the theft",
        COMPROMISED,
        question("2025-01-15", key=KEY, anchored_at="2025-01-20"),
        "trusted",
        "accredited",
    ),
    Case(
        "11 not anchored",
        COMPROMISED,
        question("2025-01-15", key=KEY),
        "not_trusted",
        "key_compromised_unanchored",
    ),
    Case(
        "12 nobody knows the issuer", facts(register_facts(), asked="stranger"), question(), "unknown", "issuer_unknown"
    ),
    Case("13 the peer was verified too long ago", STALE, question(), "unchecked", "stale"),
    Case("14 one expired, one valid", TWO, question("2025-01-01"), "trusted", "accredited"),
    Case("15 before the merger", MERGED, question("2025-01-01"), "trusted", "accredited"),
    Case("15 after the merger", MERGED, question("2026-01-01"), "trusted", "accredited"),
    Case("16 at valid_from", PERIOD, question("2024-01-01"), "trusted", "accredited"),
    Case("16 at valid_until", PERIOD, question("2026-01-01"), "not_trusted", "expired"),
    Case("16 at effective_from of a revocation", REVOKED, question("2026-06-01"), "not_trusted", "revoked"),
    Case("17 before the correction", UNCORRECTED, question(eqf_level=6), "trusted", "accredited"),
    Case("17 after the correction", CORRECTED, question(eqf_level=6), "not_trusted", "out_of_scope_level"),
    Case("17 after the correction, as corrected", CORRECTED, question(eqf_level=7), "trusted", "accredited"),
    Case("18 level not asked", LEVEL_6, question(), "trusted", "accredited"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_holds(case: Case) -> None:
    decision = decide(case.question, case.facts)
    assert (decision.decision, decision.reasons[0].code) == (case.decision, case.code)
    assert len(decision.reasons) == 1


def test_case_1_shows_the_later_revocation() -> None:
    (since,) = decide(question("2025-01-01"), REVOKED).since
    assert (since.what, since.effective_from, since.reason) == ("revoked", day("2026-06-01"), "quality")
    assert since.recorded_at == day("2026-06-01")
    assert since.entry.index == 50


def test_case_14_answers_by_the_valid_one() -> None:
    record = decide(question("2025-01-01"), TWO).chain.accreditation
    assert record is not None
    assert record.id == "new"


def test_case_15_answers_by_the_old_issuers_own_record_before_the_merger() -> None:
    decision = decide(question("2025-01-01"), MERGED)
    assert decision.chain.issuer is not None
    assert decision.chain.accreditation is not None
    assert (decision.chain.issuer.id, decision.chain.accreditation.id) == ("college", "old-grant")
    assert [since.what for since in decision.since] == ["merged_into"]


def test_case_15_answers_by_the_successor_after_the_merger_and_says_so() -> None:
    decision = decide(question("2026-01-01"), MERGED)
    assert decision.chain.issuer is not None
    assert decision.chain.asked is not None
    assert decision.chain.accreditation is not None
    assert (decision.chain.asked.id, decision.chain.issuer.id) == ("college", "university")
    assert decision.chain.accreditation.id == "new-grant"
    assert "College passed into University on 1 July 2025" in decision.reasons[0].text
    assert [r.relation for r in decision.chain.relations] == ["merged_into"]


def test_case_18_names_the_limit_that_was_not_tested() -> None:
    assert decide(question(), LEVEL_6).not_tested == ("eqf_level",)
