"""The published form of a decision, and the closed list of reasons."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from register.sentences import Term, Terms, spell
from register.trust import LINKS, REASONS, Question, decide, format_decision
from tests.register.trust.cast import (
    HOME,
    KEY,
    accreditation,
    agency,
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

PUBLISHED = """accredited no_accreditation not_yet_valid expired revoked suspended out_of_scope_type out_of_scope_level
out_of_scope_field out_of_scope_jurisdiction out_of_scope_programme agency_not_recognised agency_scope_exceeded
register_not_recognised outside_territory issuer_unknown issuer_closed key_unknown key_not_bound key_superseded
key_compromised_unanchored stale mandate_missing decision_negative""".split()


def publish(*records: Any, ask: Question | None = None, asked: str = "college") -> dict[str, Any]:
    decision = decide(ask or question(), facts(register_facts(*records), asked=asked))
    told: dict[str, Any] = json.loads(json.dumps(format_decision(decision)))
    return told


def test_the_list_of_reasons_is_the_published_one() -> None:
    assert sorted(REASONS) == sorted(PUBLISHED)
    assert {kind.link for kind in REASONS.values()} <= set(LINKS)


@pytest.mark.parametrize("code", PUBLISHED)
def test_every_sentence_is_one_and_names_its_values(code: str) -> None:
    for sentence in REASONS[code].sentences.values():
        names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
        assert names
        assert all(name.isidentifier() for name in names)
        assert sentence.endswith(".")


def test_a_decision_has_exactly_the_published_fields() -> None:
    assert list(publish(accreditation())) == [
        "decision",
        "reasons",
        "question",
        "chain",
        "since",
        "not_tested",
        "fresh",
        "evidence",
        "expires_at",
    ]


def test_reasons_since_and_freshness_are_written_as_published() -> None:
    told = publish(accreditation(revocation=ending("2026-06-01"), entries=(10, 50)))
    assert told["since"] == [
        {
            "what": "revoked",
            "effective_from": "2026-06-01",
            "recorded_at": "2026-06-01T00:00:00Z",
            "reason": "quality",
            "entry": {"origin": HOME, "index": 50},
        }
    ]
    (reason,) = told["reasons"]
    assert (reason["code"], reason["link"], reason["entry"]) == (
        "accredited",
        "accreditation",
        {"origin": HOME, "index": 10},
    )
    fresh = {"checkpoint_size": 100, "checkpoint_time": "2026-11-21T00:00:00Z", "age_seconds": 43_200, "stale": False}
    assert told["fresh"] == {HOME: fresh}
    assert told["expires_at"] == "2026-11-22T00:00:00Z"


def test_the_question_is_echoed_as_resolved_and_what_was_not_asked_is_left_out() -> None:
    asked = question("2026-07-01", eqf_level=6, key=KEY, anchored_at="2026-07-02", written="did:web:college.example#k")
    assert publish(accreditation(), ask=asked)["question"] == {
        "issuer": "did:web:college.example#k",
        "at": "2026-07-01T00:00:00Z",
        "known_at": {HOME: 100},
        "eqf_level": 6,
        "key": KEY,
        "anchored_at": "2026-07-02T00:00:00Z",
    }
    assert set(publish(accreditation())["question"]) == {"issuer", "at", "known_at"}


def test_the_chain_names_every_link() -> None:
    record = accreditation(scope=scope(eqf_levels=(6,), isced_f=("061",)), valid=period("2024-01-01", "2030-01-01"))
    chain = publish(record, key(), ask=question(key=KEY))["chain"]
    assert list(chain) == ["register", "agency", "accreditation", "issuer", "key"]
    assert (chain["register"]["origin"], chain["register"]["territory"]) == (HOME, ["NL"])
    assert (chain["agency"]["names"], chain["agency"]["valid_from"]) == ({"en": "Agency"}, "2020-01-01")
    accredited = chain["accreditation"]
    assert accredited["scope"] == {"eqf_levels": [6], "isced_f": ["061"]}
    assert (accredited["valid_from"], accredited["valid_until"]) == ("2024-01-01", "2030-01-01")
    assert (accredited["state"], accredited["kind"], accredited["decision"]) == (
        "in_force",
        "institutional",
        "positive",
    )
    assert chain["issuer"]["id"] == "college"
    assert "asked" not in chain["issuer"]
    assert (chain["key"]["kind"], chain["key"]["value"]) == ("did", KEY)


def test_a_chain_through_relations_and_mandates_shows_them() -> None:
    records = (
        issuer("university", (4,)),
        issuer("sealer", (5,)),
        accreditation(issuer="university"),
        relation("college", "merged_into", "university"),
        key("sealer"),
        mandate("university"),
    )
    chain = publish(*records, ask=question("2026-01-01", key=KEY))["chain"]
    assert chain["issuer"]["asked"]["id"] == "college"
    (step,) = chain["issuer"]["relations"]
    assert (step["relation"], step["valid_from"], step["entry"]) == (
        "merged_into",
        "2025-07-01",
        {"origin": HOME, "index": 30},
    )
    assert chain["key"]["mandate"]["id"] == "mandate-25"


def test_a_revoked_key_shows_why() -> None:
    chain = publish(accreditation(), key(revocation=key_end("superseded", "2024-06-01")), ask=question(key=KEY))[
        "chain"
    ]
    assert chain["key"]["revocation"]["reason"] == "superseded"
    assert chain["key"]["revocation"]["effective_from"] == "2024-06-01"


def test_an_unknown_issuer_has_an_empty_chain_and_still_names_the_ledgers() -> None:
    told = publish(asked="stranger")
    assert told["decision"] == "unknown"
    assert set(told["chain"].values()) == {None}
    assert told["question"]["known_at"] == {HOME: 100}
    assert told["evidence"] == []


def test_demonstration_data_is_marked_in_the_chain() -> None:
    told = publish(accreditation(demonstration=True))
    assert told["chain"]["accreditation"]["demonstration"] is True
    assert told["chain"]["agency"]["demonstration"] is False


def test_evidence_is_passed_through() -> None:
    decision = decide(question(), facts(register_facts(accreditation())))
    entry = {"origin": HOME, "index": 10, "type": "accreditation.granted", "data": "{}", "receipt": "…"}
    assert format_decision(decision, [entry])["evidence"] == [entry]


def test_what_is_cited_is_in_order_and_nothing_twice() -> None:
    records = (agency(entries=(1, 40)), accreditation(entries=(10, 41)), accreditation("other", 11))
    decision = decide(question(), facts(register_facts(*records)))
    assert [tuple(cite) for cite in decision.cites] == [(HOME, index) for index in (0, 1, 3, 10, 40, 41)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (day("2026-06-01"), "1 June 2026"),
        (datetime(2026, 6, 1, 9, 30, tzinfo=UTC), "1 June 2026, 09:30:00 UTC"),
        (None, "an open date"),
        (Term("reasons", "quality"), "The quality requirements are not met"),
        (Term("isced-f", "0613"), "Software and applications development and analysis (0613)"),
        (Term("jurisdictions", "NL"), "Netherlands (NL)"),
        (Term("jurisdictions", "NL31"), "Utrecht (NL31)"),
        (Term("programmes", "physics"), "physics"),
        (Terms("eqf", (5, 6)), "Level 5, Level 6"),
        (Terms("jurisdictions", ()), "nothing"),
        (Terms("programmes", tuple("abcdefgh")), "a, b, c, d, e, f and 2 more"),
        ("{braces}", "{braces}"),
    ],
)
def test_values_are_spelled_in_plain_english(value: Any, text: str) -> None:
    assert spell(value) == text


def test_a_name_with_braces_stays_a_name() -> None:
    record = replace(agency(), names={"nl": "{issuer} & {0}"})
    assert "{issuer} & {0}" in publish(record, accreditation(decision="negative"))["reasons"][0]["text"]
