"""Every sentence of the closed list, as somebody reads it."""

from __future__ import annotations

from typing import Any

import pytest

from register.scope import Scope
from register.trust import REASONS, Decision, decide
from tests.register.trust.cast import (
    ABROAD,
    KEY,
    accreditation,
    agency,
    ending,
    facts,
    issuer,
    key,
    key_end,
    mandate,
    period,
    question,
    register_facts,
    scope,
    suspension,
)

STOLEN = key(revocation=key_end("compromised", "2025-02-01", since="2025-02-01"))


def answer(*records: Any, **fields: Any) -> Decision:
    return decide(question(), facts(register_facts(*records, **fields)))


def asking(granted: Scope, recognised: Scope | None = None, **asked: Any) -> Decision:
    records = (agency(scope=recognised or Scope()), accreditation(scope=granted))
    return decide(question(**asked), facts(register_facts(*records)))


def signed(*records: Any, **asked: Any) -> Decision:
    known = register_facts(issuer("sealer", (5,)), accreditation(), *records)
    return decide(question(key=KEY, **asked), facts(known))


SPOKEN = [
    (
        "accredited",
        "",
        answer(accreditation()),
        "Agency accredited College from 1 January 2024 on, and the accreditation was in force on 1 January 2025.",
    ),
    (
        "accredited",
        "limited",
        answer(accreditation(valid=period("2024-01-01", "2030-01-01"))),
        "Agency accredited College from 1 January 2024 until 31 December 2029, and the accreditation was in "
        "force on 1 January 2025.",
    ),
    ("no_accreditation", "", answer(), "Register NL knows College but holds no accreditation of it."),
    (
        "no_accreditation",
        "quarantined",
        answer(accreditation(quarantine="identifier_taken")),
        "Register NL holds an entry about College that is kept but does not count (identifier_taken).",
    ),
    (
        "not_yet_valid",
        "",
        answer(accreditation(valid=period("2026-01-01"))),
        "The accreditation of College by Agency starts on 1 January 2026, which is after 1 January 2025.",
    ),
    (
        "expired",
        "",
        answer(accreditation(valid=period("2020-01-01", "2024-01-01"))),
        "The accreditation of College by Agency ended on 31 December 2023 and was no longer valid on 1 January 2025.",
    ),
    (
        "revoked",
        "",
        answer(accreditation(revocation=ending("2025-01-01"))),
        "The accreditation of College by Agency was revoked with effect from 1 January 2025; this was "
        "recorded on 1 June 2026. Reason given: The quality requirements are not met.",
    ),
    (
        "suspended",
        "",
        answer(accreditation(suspensions=(suspension("2024-06-01"),))),
        "The accreditation of College by Agency has been suspended since 1 June 2024, so it did not count "
        "on 1 January 2025. Reason given: The quality requirements are not met.",
    ),
    (
        "suspended",
        "limited",
        answer(accreditation(suspensions=(suspension("2024-06-01", "2025-06-01"),))),
        "The accreditation of College by Agency was suspended from 1 June 2024 until 31 May 2025, so it did"
        " not count on 1 January 2025. Reason given: The quality requirements are not met.",
    ),
    (
        "decision_negative",
        "",
        answer(accreditation(decision="not_applicable")),
        "The decision of Agency about College was not positive: Not applicable.",
    ),
    (
        "out_of_scope_type",
        "",
        asking(scope(credential_types=("master-degree",)), credential_type="bachelor-degree"),
        "The accreditation of College by Agency covers these credential types: Master’s degree (QF-EHEA "
        "second cycle); not: Bachelor’s degree (QF-EHEA first cycle).",
    ),
    (
        "out_of_scope_level",
        "",
        asking(scope(eqf_levels=(5, 6)), eqf_level=7),
        "The accreditation of College by Agency covers these EQF levels: Level 5, Level 6; not: Level 7.",
    ),
    (
        "out_of_scope_field",
        "",
        asking(scope(isced_f=("061",)), isced_f="0711"),
        "The accreditation of College by Agency covers these fields of study: Information and Communication"
        " Technologies (ICTs) (061); not: Chemical engineering and processes (0711).",
    ),
    (
        "out_of_scope_jurisdiction",
        "",
        asking(scope(jurisdictions=("NL3",)), jurisdiction="NL"),
        "The accreditation of College by Agency covers these countries or regions: West-Nederland (NL3); "
        "not: Netherlands (NL).",
    ),
    (
        "out_of_scope_programme",
        "",
        asking(scope(programmes=("physics",)), programme="law"),
        "The accreditation of College by Agency is limited to programmes; not among them: law.",
    ),
    (
        "agency_not_recognised",
        "",
        answer(accreditation(agency="nobody")),
        "The agency that accredited College is not one that Register NL has recognised.",
    ),
    (
        "agency_not_recognised",
        "not_yet",
        answer(agency(valid=period("2025-06-01")), accreditation()),
        "Register NL recognises Agency from 1 June 2025 on, which is after 1 January 2025.",
    ),
    (
        "agency_not_recognised",
        "ended",
        answer(agency(valid=period("2020-01-01", "2025-01-01")), accreditation()),
        "Register NL recognised Agency until 31 December 2024 and no longer on 1 January 2025.",
    ),
    (
        "agency_not_recognised",
        "withdrawn",
        answer(agency(withdrawal=ending("2024-06-01")), accreditation()),
        "Register NL withdrew the recognition of Agency with effect from 1 June 2024; this was recorded on "
        "1 June 2026. Reason given: The quality requirements are not met.",
    ),
    (
        "agency_scope_exceeded",
        "",
        asking(scope(eqf_levels=(5, 6, 7)), scope(eqf_levels=(5, 6)), eqf_level=7),
        "Agency accredited College for more than it is recognised for. It is recognised for: Level 5, Level"
        " 6; not: Level 7.",
    ),
    (
        "agency_scope_exceeded",
        "disjoint",
        asking(scope(eqf_levels=(7,)), scope(eqf_levels=(5, 6))),
        "Agency accredited College for what it is not recognised for. It is recognised for: Level 5, Level "
        "6; it accredited for: Level 7.",
    ),
    (
        "register_not_recognised",
        "",
        answer(accreditation(), origin=ABROAD, recognised=False),
        "Register NL is not among the recognised registers, so its entries do not count.",
    ),
    (
        "outside_territory",
        "",
        asking(scope(), jurisdiction="BE2"),
        "Register NL may speak for these countries: Netherlands (NL); not: Belgium (BE).",
    ),
    (
        "outside_territory",
        "quarantined",
        answer(accreditation(quarantine="outside_territory")),
        "Register NL may speak for these countries: Netherlands (NL). Its entry about College lies outside "
        "them; it is kept, but does not count.",
    ),
    (
        "issuer_unknown",
        "",
        decide(question(written="ror:04dkp9463"), facts(register_facts(), asked="stranger")),
        "No register that was asked knows ror:04dkp9463.",
    ),
    (
        "issuer_closed",
        "",
        answer(issuer(closure=ending("2024-06-01", reason="institution_closed")), accreditation()),
        "College closed with effect from 1 June 2024; this was recorded on 1 June 2026. Reason given: The "
        "institution has closed.",
    ),
    ("key_unknown", "", signed(), "Register NL knows no issuer that the key did:web:college.example belongs to."),
    (
        "key_not_bound",
        "",
        signed(key("sealer")),
        "The key did:web:college.example belongs to Sealer, not to College, and no mandate lets Sealer sign"
        " for College.",
    ),
    (
        "key_not_bound",
        "not_yet",
        signed(key(valid=period("2025-06-01"))),
        "The key did:web:college.example of College is bound from 1 June 2025 on, which is after 1 January 2025.",
    ),
    (
        "key_not_bound",
        "ended",
        signed(key(valid=period("2020-01-01", "2025-01-01"))),
        "The key did:web:college.example of College was bound until 31 December 2024 and no longer on 1 January 2025.",
    ),
    (
        "key_not_bound",
        "revoked",
        signed(key(revocation=key_end("unspecified", "2024-06-01"))),
        "The key did:web:college.example of College was revoked with effect from 1 June 2024; this was "
        "recorded on 1 January 2024.",
    ),
    (
        "key_superseded",
        "",
        signed(key(revocation=key_end("superseded", "2024-06-01"))),
        "The key did:web:college.example of College was replaced by a newer one with effect from 1 June "
        "2024 and was no longer good on 1 January 2025.",
    ),
    (
        "key_compromised_unanchored",
        "",
        signed(STOLEN),
        "Somebody else may have held the key did:web:college.example of College since 1 February 2025, and "
        "nothing proves that the credential existed before then; the date written in it proves nothing.",
    ),
    (
        "key_compromised_unanchored",
        "late",
        signed(STOLEN, anchored_at="2025-02-01T08:30:00Z"),
        "Somebody else may have held the key did:web:college.example of College since 1 February 2025; the "
        "earliest proof that the credential existed is of 1 February 2025, 08:30:00 UTC, which is not "
        "before then.",
    ),
    (
        "mandate_missing",
        "",
        signed(key("sealer"), mandate(valid=period("2025-06-01"))),
        "The key did:web:college.example belongs to Sealer, and no mandate of College for Sealer covers "
        "this credential on 1 January 2025.",
    ),
    (
        "stale",
        "",
        answer(accreditation(), stale=True),
        "The newest verified checkpoint of Register NL is of 21 November 2026, too old to rule out later "
        "changes; ask again when it has been refreshed.",
    ),
    (
        "stale",
        "none",
        answer(accreditation(), stale=True, checkpoint_time=None),
        "No checkpoint of Register NL has been verified yet, so its entries cannot be relied on.",
    ),
]


@pytest.mark.parametrize(("code", "case", "decision", "text"), SPOKEN, ids=lambda value: str(value)[:40])
def test_a_reason_says_what_happened(code: str, case: str, decision: Decision, text: str) -> None:
    (reason,) = decision.reasons
    assert (reason.code, reason.text) == (code, text)
    assert reason.sentences[-1].template == REASONS[code].sentences[case]


def test_every_sentence_is_spoken_here() -> None:
    every = {(code, case) for code, kind in REASONS.items() for case in kind.sentences}
    assert every == {(code, case) for code, case, _, _ in SPOKEN}
