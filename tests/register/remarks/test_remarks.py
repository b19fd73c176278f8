"""Remarks: each rule says something where it should, and nothing where it should not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from register.payloads import AccreditationChanges, AccreditationTerms, IssuerTerms
from register.records import AccreditationRecord, AgencyRecord, Ending, IssuerRecord, Period, Recorded, Suspension
from register.remarks import ACCREDITATION, RULES, Known, look
from register.scope import Scope

NOW = datetime(2026, 6, 1, tzinfo=UTC)
AGENCY, ISSUER, OTHER = (f"0197e2c4-0000-7000-8000-00000000000{n}" for n in range(3))
PLAIN: dict[str, Any] = {
    "issuer": ISSUER,
    "agency": AGENCY,
    "scope": {"eqf_levels": [6], "jurisdictions": ["NL"]},
    "valid_from": "2026-05-01",
    "valid_until": "2032-05-01",
    "report": {"url": "https://agency.example/report.pdf", "sha256": "ab" * 32},
}
RECORDED = Recorded(1, NOW)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def known(**fields: Any) -> Known:
    agency = AgencyRecord(AGENCY, "", {"en": "Agency"}, "NL", Scope(), Period(day("2015-01-01")), (1,))
    issuer = IssuerRecord(ISSUER, "", {"en": "College"}, "NL", 1, (2,))
    return Known(**{"now": NOW, "agency": agency, "issuer": issuer, "countries": frozenset(), **fields})


def held(**fields: Any) -> AccreditationRecord:
    told: dict[str, Any] = {
        "id": OTHER,
        "url": "",
        "issuer": ISSUER,
        "agency": AGENCY,
        "kind": "institutional",
        "scope": Scope(eqf_levels=(6,)),
        "decision": "positive",
        "valid": Period(day("2020-01-01"), day("2026-01-01")),
        "entries": (3,),
        "granted": RECORDED,
    }
    return AccreditationRecord(**{**told, **fields})


def codes(about: Known | None = None, **fields: Any) -> set[str]:
    terms = AccreditationTerms.model_validate({**PLAIN, **fields})
    return {remark.code for remark in look(terms, about or known())}


def other_provider() -> IssuerRecord:
    return IssuerRecord(ISSUER, "", {"en": "Company"}, "NL", 2, (2,))


def in_belgium() -> IssuerRecord:
    return IssuerRecord(ISSUER, "", {"en": "College"}, "BE", 1, (2,))


def test_an_ordinary_decision_has_no_remark() -> None:
    assert codes() == set()


CASES: list[tuple[str, dict[str, Any], Known]] = [
    ("agency_not_active", {"scope": {"eqf_levels": [6]}}, known(issuer=in_belgium())),
    ("place_elsewhere", {"scope": {"eqf_levels": [6], "jurisdictions": ["NL", "BE"]}}, known()),
    ("level_new", {"scope": {"eqf_levels": [6, 8]}}, known(held=(held(),))),
    ("report_missing", {"report": None}, known()),
    ("report_unsealed", {"report": {"url": "https://agency.example/report.pdf"}}, known()),
    ("validity_long", {"valid_until": "2036-06-02"}, known()),
    ("validity_open", {"valid_until": None}, known()),
    ("backdated", {"valid_from": "2025-05-31"}, known()),
    ("over_already", {"valid_from": "2026-01-01", "valid_until": "2026-06-01"}, known()),
    ("far_ahead", {"valid_from": "2027-06-02"}, known()),
    ("overlapping", {}, known(held=(held(valid=Period(day("2020-01-01"), day("2026-05-02"))),))),
    ("identifier_used", {"local_identifier": "A-1"}, known(held=(held(local_identifier="A-1"),))),
    ("obligatory_for_other_provider", {"status": "obligatory"}, known(issuer=other_provider())),
    ("not_positive", {"decision": "negative"}, known()),
    ("scope_open", {"scope": {"jurisdictions": ["NL"]}}, known()),
    ("programme_unnamed", {"kind": "programme"}, known()),
    ("revoked_before", {}, known(held=(held(revocation=Ending(day("2025-01-01"), "quality", RECORDED)),))),
    ("suspended_now", {}, known(held=(held(suspensions=(Suspension(day("2025-01-01"), "quality", RECORDED),)),))),
]


@pytest.mark.parametrize(("code", "fields", "about"), CASES, ids=[case[0] for case in CASES])
def test_each_rule_says_what_it_is_there_for_and_nothing_else(code: str, fields: dict[str, Any], about: Known) -> None:
    assert codes(about, **fields) == {code}


def test_every_rule_for_decisions_has_its_case() -> None:
    assert [case[0] for case in CASES] == list(ACCREDITATION)


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({}, known(issuer=in_belgium(), countries=frozenset({"BE"}))),
        ({}, known(issuer=in_belgium(), countries=None)),
        ({}, known(issuer=None, agency=None, countries=None)),
        ({"valid_from": "2025-06-02"}, known()),
        ({"valid_from": "2026-05-01", "valid_until": "2036-05-01"}, known()),
        ({}, known(held=(held(valid=Period(day("2020-01-01"), day("2026-05-01"))),))),
        ({}, known(held=(held(valid=Period(day("2020-01-01")), agency=OTHER),))),
        ({"scope": {"eqf_levels": [8]}}, known(held=(held(scope=Scope()),))),
        ({"scope": {"eqf_levels": [8]}}, known(held=(held(decision="negative"),))),
        ({"local_identifier": "A-1"}, known(held=(held(local_identifier="A-1", agency=OTHER),))),
        ({"status": "voluntary"}, known(issuer=other_provider())),
    ],
)
def test_what_lies_just_inside_gets_no_remark(fields: dict[str, Any], about: Known) -> None:
    scope = fields.get("scope", {"eqf_levels": [6]})
    assert codes(about, **{**fields, "scope": scope}) == set()


def test_sentences_name_the_facts() -> None:
    terms = AccreditationTerms.model_validate({**PLAIN, "scope": {"eqf_levels": [7, 8]}})
    (remark,) = look(terms, known(held=(held(),)))
    assert remark.text == "No earlier accreditation of the issuer covers level 7, 8; those before covered 6."
    assert remark.field == "scope.eqf_levels"


def test_every_sentence_can_be_filled() -> None:
    for code, fields, about in CASES:
        (remark,) = look(AccreditationTerms.model_validate({**PLAIN, **fields}), about)
        assert "{" not in remark.text, code
        assert remark.why


def test_a_new_issuer_without_identifier_or_website_is_remarked_upon() -> None:
    bare = IssuerTerms.model_validate({"names": {"und": "College"}, "country": "NL"})
    assert [one.code for one in look(bare, known())] == ["identifier_missing", "website_missing", "language_unknown"]
    full = {"names": {"en": "College"}, "country": "NL", "website": "https://college.example"}
    claims = [{"scheme": "pic", "value": "999974456"}]
    assert look(IssuerTerms.model_validate({**full, "identifiers": claims}), known()) == ()


def test_other_terms_have_no_remarks() -> None:
    assert look(AccreditationChanges.model_validate({"summary": "x"}), known()) == ()


def test_codes_are_told_once() -> None:
    assert len(RULES) == len(ACCREDITATION) + 3
