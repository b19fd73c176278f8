"""Every link has a story in which it alone breaks; every period is tried at its very edges."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from register.records import AccreditationRecord, FormerScope
from register.scope import Scope
from register.trust import Decision, Question, RegisterFacts, decide
from tests.register.trust.cast import (
    ABROAD,
    DOMAIN,
    KEY,
    accreditation,
    agency,
    day,
    ending,
    facts,
    issuer,
    period,
    question,
    recorded,
    register_facts,
    scope,
    suspension,
)

INSTANT = timedelta(microseconds=1)


def answer(*records: Any, ask: Question | None = None, **fields: Any) -> Decision:
    return decide(ask or question(), facts(register_facts(*records, **fields)))


ALONE = {
    "register_not_recognised": answer(accreditation(), origin=ABROAD, recognised=False),
    "outside_territory": answer(accreditation(), ask=question(jurisdiction="BE")),
    "agency_not_recognised": answer(accreditation(agency="nobody")),
    "not_yet_valid": answer(accreditation(), ask=question("2023-12-31")),
    "expired": answer(accreditation(valid=period("2020-01-01", "2021-01-01"))),
    "revoked": answer(accreditation(revocation=ending("2024-06-01"))),
    "suspended": answer(accreditation(suspensions=(suspension("2024-06-01"),))),
    "decision_negative": answer(accreditation(decision="negative")),
    "out_of_scope_type": answer(
        accreditation(scope=scope(credential_types=("master-degree",))), ask=question(credential_type="bachelor-degree")
    ),
    "out_of_scope_level": answer(accreditation(scope=scope(eqf_levels=(6,))), ask=question(eqf_level=7)),
    "out_of_scope_field": answer(accreditation(scope=scope(isced_f=("061",))), ask=question(isced_f="06")),
    "out_of_scope_jurisdiction": answer(
        accreditation(scope=scope(jurisdictions=("NL3",))), ask=question(jurisdiction="NL4")
    ),
    "out_of_scope_programme": answer(
        accreditation(scope=scope(programmes=("physics",))), ask=question(programme="law")
    ),
    "agency_scope_exceeded": answer(
        agency(scope=scope(isced_f=("02",))), accreditation(), ask=question(isced_f="0613")
    ),
    "issuer_closed": answer(issuer(closure=ending("2024-06-01")), accreditation()),
    "key_unknown": answer(accreditation(), ask=question(key=KEY)),
    "no_accreditation": answer(),
}
LINKS = {
    "register_not_recognised": "register",
    "outside_territory": "register",
    "agency_not_recognised": "agency",
    "issuer_closed": "issuer",
    "key_unknown": "key",
    "agency_scope_exceeded": "scope",
}


ENTRIES = {
    "register_not_recognised": 0,
    "outside_territory": 0,
    "agency_scope_exceeded": 1,
    "no_accreditation": 3,
    "suspended": 40,
    "revoked": 50,
    "issuer_closed": 50,
    "key_unknown": None,
}


@pytest.mark.parametrize("code", ALONE)
def test_one_broken_link_is_enough_and_is_the_only_one_named(code: str) -> None:
    decision = ALONE[code]
    assert decision.decision == "not_trusted"
    (reason,) = decision.reasons
    default = "scope" if code.startswith("out_of_scope") else "accreditation"
    assert (reason.code, reason.link) == (code, LINKS.get(code, default))
    assert (reason.entry and reason.entry.index) == ENTRIES.get(code, 10)
    assert "{" not in reason.text
    assert reason.text.endswith(".")


# links 1 and 2 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granted", "home", "asked", "trusted"),
    [
        (Scope(), "NL", None, True),
        (Scope(), "BE", None, False),
        (scope(jurisdictions=("NL3",)), "BE", None, True),
        (scope(jurisdictions=("BE", "NL")), "NL", None, True),
        (scope(jurisdictions=("BE",)), "NL", None, False),
        (Scope(), "NL", "NL31", True),
        (scope(jurisdictions=("BE", "NL")), "NL", "BE", False),
    ],
)
def test_a_register_speaks_for_its_own_countries_only(
    granted: Scope, home: str, asked: str | None, trusted: bool
) -> None:
    decision = answer(issuer(country=home), accreditation(scope=granted), ask=question(jurisdiction=asked))
    assert (decision.decision == "trusted") is trusted
    assert trusted or decision.reasons[0].code == "outside_territory"


def test_our_own_register_always_counts() -> None:
    assert answer(accreditation(), recognised=False, remit=()).decision == "trusted"


@pytest.mark.parametrize(
    ("remit", "verdict"), [(None, "trusted"), (("NL",), "trusted"), (("DE",), "not_trusted"), ((), "not_trusted")]
)
def test_a_peer_is_heard_within_its_remit(remit: tuple[str, ...] | None, verdict: str) -> None:
    assert answer(accreditation(), origin=ABROAD, territory=("NL", "BE"), remit=remit).decision == verdict


def test_a_remit_never_reaches_beyond_the_peers_own_territory() -> None:
    decision = answer(accreditation(), origin=ABROAD, territory=("BE",), remit=("NL", "BE"))
    assert decision.reasons[0].code == "outside_territory"


@pytest.mark.parametrize(
    ("quarantine", "code"), [("outside_territory", "outside_territory"), ("identifier_taken", "no_accreditation")]
)
def test_what_is_quarantined_never_passes(quarantine: str, code: str) -> None:
    for records in ([issuer(quarantine=quarantine), accreditation()], [accreditation(quarantine=quarantine)]):
        decision = answer(*records)
        assert (decision.decision, decision.reasons[0].code) == ("not_trusted", code)


@pytest.mark.parametrize(
    ("valid", "at", "trusted"),
    [
        (period("2025-01-01", "2026-01-01"), "2025-01-01", True),
        (period("2025-01-01", "2026-01-01"), "2024-12-31T23:59:59.999999Z", False),
        (period("2025-01-01", "2026-01-01"), "2025-12-31T23:59:59.999999Z", True),
        (period("2025-01-01", "2026-01-01"), "2026-01-01", False),
    ],
)
def test_recognition_of_the_agency_is_half_open(valid: Any, at: str, trusted: bool) -> None:
    decision = answer(agency(valid=valid), accreditation(), ask=question(at))
    assert (decision.decision == "trusted") is trusted
    assert trusted or decision.reasons[0].code == "agency_not_recognised"


# link 3: every period at its edges -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "edge", "before", "on"),
    [
        (accreditation(valid=period("2025-01-01")), "2025-01-01", "not_yet_valid", "accredited"),
        (accreditation(valid=period("2020-01-01", "2025-01-01")), "2025-01-01", "accredited", "expired"),
        (accreditation(revocation=ending("2025-01-01")), "2025-01-01", "accredited", "revoked"),
        (accreditation(suspensions=(suspension("2025-01-01"),)), "2025-01-01", "accredited", "suspended"),
        (
            accreditation(suspensions=(suspension("2024-06-01", "2025-01-01"),)),
            "2025-01-01",
            "suspended",
            "accredited",
        ),
    ],
)
def test_an_accreditation_changes_at_the_very_instant(
    record: AccreditationRecord, edge: str, before: str, on: str
) -> None:
    assert answer(record, ask=question(day(edge) - INSTANT)).reasons[0].code == before
    assert answer(record, ask=question(edge)).reasons[0].code == on


def test_a_period_without_ends_always_holds() -> None:
    open_ended = period(None)
    records = (agency(valid=open_ended), accreditation(valid=open_ended))
    assert answer(*records, ask=question("1000-01-01")).decision == "trusted"
    assert answer(*records, ask=question("9999-12-31")).chain.state == "in_force"


@pytest.mark.parametrize(
    ("record", "at", "state"),
    [
        (accreditation(), "2025-01-01", "in_force"),
        (accreditation(), "2023-01-01", "not_yet_valid"),
        (accreditation(valid=period("2020-01-01", "2021-01-01")), "2025-01-01", "expired"),
        (accreditation(suspensions=(suspension("2024-06-01"),)), "2025-01-01", "suspended"),
        (accreditation(suspensions=(suspension("2024-06-01"),)), "2024-05-31", "in_force"),
        (
            accreditation(suspensions=(suspension("2024-06-01"),), revocation=ending("2024-09-01")),
            "2025-01-01",
            "revoked",
        ),
    ],
)
def test_the_chain_tells_how_the_accreditation_stood(record: AccreditationRecord, at: str, state: str) -> None:
    assert answer(record, ask=question(at)).chain.state == state


@pytest.mark.parametrize(
    ("decision", "verdict"),
    [
        ("positive", "trusted"),
        ("positive_with_conditions", "trusted"),
        ("negative", "not_trusted"),
        ("not_applicable", "not_trusted"),
    ],
)
def test_only_a_positive_decision_entitles(decision: str, verdict: str) -> None:
    assert answer(accreditation(decision=decision)).decision == verdict


# link 4 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "asked", "trusted"),
    [
        ({"credential_types": ("higher-education-degree",)}, {"credential_type": "bachelor-degree"}, True),
        ({"credential_types": ("bachelor-degree",)}, {"credential_type": "higher-education-degree"}, False),
        ({"eqf_levels": (6, 7)}, {"eqf_level": 7}, True),
        ({"isced_f": ("06",)}, {"isced_f": "0613"}, True),
        ({"isced_f": ("0613",)}, {"isced_f": "061"}, False),
        ({"jurisdictions": ("NL",)}, {"jurisdiction": "NL31"}, True),
        ({"jurisdictions": ("NL31",)}, {"jurisdiction": "NL"}, False),
        ({"programmes": ("physics",)}, {"programme": "physics"}, True),
    ],
)
def test_a_limit_matches_as_its_list_says(limits: dict[str, Any], asked: dict[str, Any], trusted: bool) -> None:
    assert (answer(accreditation(scope=scope(**limits)), ask=question(**asked)).decision == "trusted") is trusted


def test_a_programme_is_the_same_by_id_and_by_address() -> None:
    programme = "0190b0a8-0000-7000-8000-000000000001"
    granted = scope(programmes=(f"https://register.nl.example/programmes/{programme}",))
    assert answer(accreditation(scope=granted), ask=question(programme=programme)).decision == "trusted"


def test_an_accreditation_without_a_limit_inherits_the_agencys() -> None:
    records = (agency(scope=scope(eqf_levels=(5, 6))), accreditation())
    assert answer(*records, ask=question(eqf_level=6)).decision == "trusted"
    assert answer(*records, ask=question(eqf_level=7)).reasons[0].code == "agency_scope_exceeded"


@pytest.mark.parametrize(
    ("granted", "recognised"),
    [
        (scope(eqf_levels=(7,)), scope(eqf_levels=(5, 6))),
        (scope(isced_f=("061",)), scope(isced_f=("07",))),
        (scope(activities=("institutional-evaluation",)), scope(activities=("programme-evaluation",))),
    ],
)
def test_scopes_that_leave_nothing_break_the_link_even_when_nothing_was_asked(
    granted: Scope, recognised: Scope
) -> None:
    decision = answer(agency(scope=recognised), accreditation(scope=granted))
    assert [(r.code, r.link) for r in decision.reasons] == [("agency_scope_exceeded", "scope")]


def test_scope_is_the_one_that_held_at_the_instant() -> None:
    former = (FormerScope(day("2025-06-01"), scope(eqf_levels=(6,)), recorded(33)),)
    record = accreditation(scope=scope(eqf_levels=(6, 7)), former_scopes=former)
    assert answer(record, ask=question("2025-05-31", eqf_level=7)).reasons[0].code == "out_of_scope_level"
    assert answer(record, ask=question("2025-06-01", eqf_level=7)).decision == "trusted"
    recognised = agency(scope=scope(eqf_levels=(6, 7)), former_scopes=former)
    assert answer(recognised, accreditation(), ask=question("2025-05-31", eqf_level=7)).decision == "not_trusted"
    assert answer(recognised, accreditation(), ask=question("2025-06-01", eqf_level=7)).decision == "trusted"


def test_every_limit_that_was_not_asked_is_named_in_the_published_order() -> None:
    limits = scope(
        programmes=("physics",),
        jurisdictions=("NL",),
        isced_f=("06",),
        eqf_levels=(6,),
        credential_types=("bachelor-degree",),
    )
    decision = answer(accreditation(scope=limits))
    assert decision.not_tested == ("credential_type", "eqf_level", "isced_f", "jurisdiction", "programme")
    assert answer(agency(scope=scope(eqf_levels=(6,))), accreditation()).not_tested == ("eqf_level",)
    assert answer(accreditation(scope=scope(eqf_levels=(6,))), ask=question(eqf_level=6)).not_tested == ()


def test_the_registers_territory_is_no_limit_that_would_have_to_be_tested() -> None:
    assert answer(accreditation()).not_tested == ()


# several accreditations, several registers ---------------------------------------------------------------------------


def chosen(decision: Decision) -> str:
    assert decision.chain.accreditation is not None
    return decision.chain.accreditation.id


def test_the_lowest_entry_wins_among_equals() -> None:
    assert chosen(answer(accreditation("b", 12), accreditation("a", 11))) == "a"
    recent = accreditation("recent", 12, valid=period("2024-12-31"))
    assert chosen(answer(recent, accreditation("old", 11, valid=period("2010-01-01")))) == "old"


def test_the_one_with_the_fewest_broken_links_explains_a_no() -> None:
    both = accreditation("both", 10, decision="negative", scope=scope(eqf_levels=(6,)))
    one = accreditation("one", 11, decision="negative")
    assert chosen(answer(both, one, ask=question(eqf_level=7))) == "one"


def test_the_one_nearest_in_time_explains_a_no() -> None:
    long_ago = accreditation("long-ago", 10, valid=period("2000-01-01", "2006-01-01"))
    recent = accreditation("recent", 11, valid=period("2018-01-01", "2024-01-01"))
    assert chosen(answer(long_ago, recent)) == "recent"


def peer(*records: Any, **fields: Any) -> RegisterFacts:
    return register_facts(*records, origin=ABROAD, **{"territory": ("NL",), **fields})


def test_our_own_register_wins_over_a_peer() -> None:
    decision = decide(question(), facts(peer(accreditation("theirs", 5)), register_facts(accreditation("ours", 10))))
    assert chosen(decision) == "ours"


def test_a_peer_responsible_for_the_country_wins_over_one_that_is_not() -> None:
    belgian = peer(accreditation("belgian", 5, scope=scope(jurisdictions=("BE",))), territory=("BE",))
    dutch = register_facts(accreditation("dutch", 20), origin="register.zz.example/ledger", territory=("NL",))
    for known in (facts(belgian, dutch), facts(dutch, belgian)):
        assert chosen(decide(question(), known)) == "dutch"


def test_registers_of_equal_standing_are_taken_by_entry_and_then_by_origin() -> None:
    other = "register.aa.example/ledger"
    later, first = peer(accreditation("later", 6)), register_facts(accreditation("first", 5), origin=other)
    assert chosen(decide(question(), facts(later, first))) == "first"
    same = peer(accreditation("same", 5))
    for known in (facts(same, first), facts(first, same)):
        assert decide(question(), known).chain.origin == other


def test_a_peer_that_passes_wins_over_our_own_that_does_not() -> None:
    own = register_facts(accreditation("ours", 10, decision="negative"))
    known = facts(own, peer(accreditation("theirs", 20)))
    assert chosen(decide(question(issuer=DOMAIN), known)) == "theirs"
    assert chosen(decide(question(), known)) == "ours"


def test_a_register_without_any_accreditation_never_explains_while_another_has_one() -> None:
    own = register_facts(accreditation("ours", decision="negative", valid=period("2026-01-01")))
    decision = decide(question(), facts(peer(), own))
    assert chosen(decision) == "ours"


def test_everything_that_breaks_is_named() -> None:
    decision = answer(
        agency(withdrawal=ending("2024-02-01")),
        issuer(closure=ending("2024-03-01")),
        accreditation(decision="negative", scope=scope(eqf_levels=(6,))),
        ask=question(eqf_level=7, key=KEY, jurisdiction="BE"),
    )
    assert [reason.link for reason in decision.reasons] == [
        "register",
        "agency",
        "accreditation",
        "scope",
        "issuer",
        "key",
    ]
