"""Payloads: hostile and careless values are refused where they are read, with the field and what was expected."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from register import payloads
from register.events import describe, first_fault
from register.payloads import AccreditationTerms, AgencyTerms, IssuerTerms, KeyRevocationTerms, KeyTerms, ProgrammeTerms
from tests.ledgers import OPENING, UTOPIA, WIDE, key_terms, programme_terms

ISSUER = {"names": {"en": "X"}, "country": "NL"}
AGENCY = {**ISSUER, "valid_from": "2020-01-01"}
ACCREDITATION = {"issuer": UTOPIA, "agency": WIDE, "valid_from": "2024-01-01"}
DOCUMENT = {"url": "https://x.example/decision.pdf"}
OUTCOME = {"text": {"en": "X"}}
CLAIM = {"scheme": "national", "value": "1"}


def read(model: type[payloads.Payload], terms: dict[str, Any]) -> tuple[str, str]:
    """Return field and sentence of the refusal."""
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(terms)
    return first_fault(refusal.value)


@pytest.mark.parametrize(
    ("model", "terms", "field"),
    [
        (IssuerTerms, {**ISSUER, "names": {"en": "a\x00b"}}, "names.en"),
        (IssuerTerms, {**ISSUER, "names": {"en": "a\nb"}}, "names.en"),
        (IssuerTerms, {**ISSUER, "names": {"en": "University\u202eytisrevinU"}}, "names.en"),
        (IssuerTerms, {**ISSUER, "names": {"en": "\ud800"}}, "names.en"),
        (IssuerTerms, {**ISSUER, "names": {"en": "   "}}, "names.en"),
        (IssuerTerms, {**ISSUER, "names": {"en": "x" * 501}}, "names.en"),
        (IssuerTerms, {**ISSUER, "names": {"en": 7}}, "names.en"),
        (IssuerTerms, {**ISSUER, "names": {}}, "names"),
        (IssuerTerms, {**ISSUER, "names": ["X"]}, "names"),
        (IssuerTerms, {**ISSUER, "names": {f"a{chr(97 + i // 26)}-x{i:03}": "X" for i in range(61)}}, "names"),
        (IssuerTerms, {**ISSUER, "country": "Netherlandistan"}, "country"),
        (IssuerTerms, {**ISSUER, "country": ["NL"]}, "country"),
        (IssuerTerms, {**ISSUER, "provider_type": True}, "provider_type"),
        (IssuerTerms, {**ISSUER, "provider_type": 1.0}, "provider_type"),
        (IssuerTerms, {**ISSUER, "provider_type": "1"}, "provider_type"),
        (IssuerTerms, {**ISSUER, "provider_type": 3}, "provider_type"),
        (IssuerTerms, {**ISSUER, "demonstration": "true"}, "demonstration"),
        (IssuerTerms, {**ISSUER, "demonstration": 1}, "demonstration"),
        (IssuerTerms, {**ISSUER, "website": "javascript:alert(1)"}, "website"),
        (IssuerTerms, {**ISSUER, "website": "https://bank.example@evil.example/"}, "website"),
        (IssuerTerms, {**ISSUER, "website": "https://x.example/\n"}, "website"),
        (IssuerTerms, {**ISSUER, "website": "//x.example"}, "website"),
        (IssuerTerms, {**ISSUER, "sites": "Delft"}, "sites"),
        (IssuerTerms, {**ISSUER, "sites": ["Delft"] * 201}, "sites"),
        (IssuerTerms, {**ISSUER, "identifiers": [{**CLAIM, "foo": 1}]}, "identifiers.0.foo"),
        (IssuerTerms, {**ISSUER, "identifiers": [{**CLAIM, "source": "\u2066"}]}, "identifiers.0.source"),
        (IssuerTerms, {**ISSUER, "identifiers": [{**CLAIM, "original": "x" * 501}]}, "identifiers.0.original"),
        (IssuerTerms, {**ISSUER, "identifiers": [{**CLAIM, "value": 7}]}, "identifiers.0.value"),
        (IssuerTerms, {**ISSUER, "identifiers": [{**CLAIM, "scheme": "unheard"}]}, "identifiers.0"),
        (IssuerTerms, {**ISSUER, "identifiers": [{"scheme": "ror", "value": "0ſbcdef12"}]}, "identifiers.0"),
        (
            IssuerTerms,
            {**ISSUER, "identifiers": [{**CLAIM, "valid_from": "2024-01-02", "valid_until": "2024-01-02"}]},
            "identifiers.0",
        ),
        (AgencyTerms, {**AGENCY, "valid_from": 20240101}, "valid_from"),
        (AgencyTerms, {**AGENCY, "valid_from": "2024-02-30"}, "valid_from"),
        (AgencyTerms, {**AGENCY, "valid_from": "2024-01-01T00:00:00"}, "valid_from"),
        (AgencyTerms, {**AGENCY, "valid_until": "2020-01-01"}, "valid_until"),
        (AgencyTerms, {**AGENCY, "valid_until": "2019-12-31T23:30:00-00:30"}, "valid_until"),
        (AgencyTerms, {**AGENCY, "scope": {"eqf_levels": ["6"]}}, "scope.eqf_levels.0"),
        (AgencyTerms, {**AGENCY, "scope": {"eqf_levels": [True]}}, "scope.eqf_levels.0"),
        (AgencyTerms, {**AGENCY, "scope": {"eqf_levels": [6.0]}}, "scope.eqf_levels.0"),
        (AgencyTerms, {**AGENCY, "scope": {"eqf_levels": [10**30]}}, "scope.eqf_levels.0"),
        (AgencyTerms, {**AGENCY, "scope": {"eqf_levels": 6}}, "scope.eqf_levels"),
        (AgencyTerms, {**AGENCY, "scope": {"isced_f": [61]}}, "scope.isced_f.0"),
        (AgencyTerms, {**AGENCY, "scope": {"jurisdictions": [{}]}}, "scope.jurisdictions.0"),
        (AgencyTerms, {**AGENCY, "scope": {"jurisdictions": ["NL"] * 1_000_000}}, "scope.jurisdictions"),
        (AgencyTerms, {**AGENCY, "scope": {"eqf_level": [6]}}, "scope.eqf_level"),
        (AgencyTerms, {**AGENCY, "scope": []}, "scope"),
        (AgencyTerms, {**AGENCY, "decision_document": {**DOCUMENT, "sha256": "AB" * 32}}, "decision_document.sha256"),
        (AgencyTerms, {**AGENCY, "decision_document": {**DOCUMENT, "url": "data:text/html"}}, "decision_document.url"),
        (AccreditationTerms, {**ACCREDITATION, "issuer": UTOPIA.upper()}, "issuer"),
        (AccreditationTerms, {**ACCREDITATION, "issuer": UTOPIA + "\n"}, "issuer"),
        (AccreditationTerms, {**ACCREDITATION, "issuer": UTOPIA.replace("0", "\uff10")}, "issuer"),
        (AccreditationTerms, {**ACCREDITATION, "decision": "splendid"}, "decision"),
        (AccreditationTerms, {**ACCREDITATION, "summary": "x\u2028y"}, "summary"),
        (ProgrammeTerms, programme_terms(hours="60"), "hours"),
        (ProgrammeTerms, programme_terms(hours=-1), "hours"),
        (ProgrammeTerms, programme_terms(ects="٦٠"), "ects"),
        (ProgrammeTerms, programme_terms(ects=60), "ects"),
        (ProgrammeTerms, programme_terms(learning_outcomes=[{**OUTCOME, "level": 6}]), "learning_outcomes.0.level"),
        (KeyTerms, key_terms(value="did:web:утопия.example"), "value"),
        (KeyTerms, key_terms(kind="jwk"), "value"),
        (KeyTerms, key_terms(kind="rsa"), "kind"),
        (KeyRevocationTerms, {"reason": "compromised"}, ""),
        (KeyRevocationTerms, {"reason": "superseded", "since": "2024-01-01"}, ""),
        (payloads.IssuerChanges, {"corrects": True}, "corrects"),
        (payloads.IssuerChanges, {"corrects": "7"}, "corrects"),
        (payloads.IssuerChanges, {"corrects": -1}, "corrects"),
        (payloads.IssuerChanges, {"corrects": 2**53}, "corrects"),
        (payloads.RegisterOpened, {**OPENING, "statement_jwk": {"kty": "OKP", "d": "secret"}}, "statement_jwk"),
        (payloads.RegisterOpened, {**OPENING, "territory": []}, "territory"),
        (payloads.RegisterOpened, {**OPENING, "actor": {"role": "node", "name": "A person"}}, "actor.name"),
    ],
)  # fmt: skip
def test_is_refused_at_its_field(model: type[payloads.Payload], terms: dict[str, Any], field: str) -> None:
    assert read(model, terms)[0] == field


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({**ISSUER, "sites": "Delft"}, "expected a list"),
        ({"names": {"en": "X"}}, "required"),
        ({**ISSUER, "names": {"en": "a\x00b"}}, r"U\+0000; remove it"),
        ({**ISSUER, "identifiers": [{**CLAIM, "foo": 1}]}, r"unknown field 'identifiers\.0\.foo'"),
        ({**ISSUER, "country": "Netherland"}, "expected a code or URI of"),
    ],
)
def test_the_sentence_says_what_was_expected(terms: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        IssuerTerms.model_validate(terms)
    assert re.search(sentence, describe(refusal.value))


def test_names_of_every_script_are_taken_as_they_are() -> None:
    names = {
        "el": "Πανεπιστήμιο Αθηνών",
        "ar": "جامعة القاهرة",
        "fa": "دانشگاه\u200cها",
        "zh": "大学",
        "fr": "École “Normale”",
    }
    assert IssuerTerms.model_validate({**ISSUER, "names": names}).names == names


def test_terms_are_stripped_and_brought_to_their_codes() -> None:
    terms = IssuerTerms.model_validate({"names": {"en": "  X "}, "country": "EL"})
    assert (terms.names, terms.country) == ({"en": "X"}, "GR")


def test_an_empty_limit_is_an_absent_one_and_repetitions_count_once() -> None:
    scope = {"credential_types": [], "eqf_levels": [6, 6], "jurisdictions": ["nl", "NL"]}
    read_scope = AccreditationTerms.model_validate({**ACCREDITATION, "scope": scope}).scope
    assert (read_scope.credential_types, read_scope.eqf_levels, read_scope.jurisdictions) == (None, (6,), ("NL",))


def test_only_what_an_amendment_names_is_given() -> None:
    changes = payloads.IssuerChanges.model_validate({"acronym": None, "names": None, "note": "x", "colour": "red"})
    assert changes.given() == {"acronym": None}


def test_no_payload_takes_bytes_for_text() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(payloads.IssuerTerms).validate_python({**ISSUER, "names": {"en": b"X"}})
