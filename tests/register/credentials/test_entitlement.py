"""Who is asked about, with which key, and what the answer means: never green by a name, never red for the unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from register.credentials.entitlement import Case, Entitlement, judge_entitlement
from register.credentials.errors import Unreachable
from register.credentials.ports import LedgerKeys, Withdrawals, decide_in_turn
from register.credentials.presented import Claims, Signature, SigningKey
from register.credentials.report import ProvenTime
from register.errors import NotUnderstood
from register.sentences import say

AT = ProvenTime(datetime(2025, 3, 1, tzinfo=UTC), "signing_time")
DID = SigningKey("did", "did:web:college.example")
JWK = SigningKey("jwk", "J" * 43)
X5T = SigningKey("x5t", "X" * 43)
CLAIMS = Claims("openbadge", issuers=("did:web:college.example", "ror:04dkp9463"), issuer_name="College of Tests")
Answer = dict[str, Any]


class Scripted:
    """Registers that answer by issuer and key as told; unknown for everything else."""

    sent: tuple[str, ...] = ()
    unconfirmed_key: str | None = None

    def __init__(self, told: Mapping[Any, Answer | Exception]) -> None:
        self.told = told
        self.asked: list[Mapping[str, str]] = []

    def decide(self, params: Mapping[str, str]) -> Answer:
        self.asked.append(params)
        said = self.told.get((params["issuer"], params.get("key")), answer("unknown", "issuer_unknown"))
        if isinstance(said, Exception):
            raise said
        return said

    def decide_by_keys(self, params: Mapping[str, str], keys: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        return decide_in_turn(self.decide, params, keys)

    def find_ledger(self, origin: str) -> LedgerKeys | None:
        raise AssertionError("no ledger is looked for")

    def find_withdrawals(self, issuer: str) -> Withdrawals:
        raise AssertionError("nothing is withdrawn here")


def answer(decision: str, *codes: str, key: bool = True, names: Mapping[str, str] | None = None, **more: Any) -> Answer:
    issuer = {"id": "1", "url": "https://r.example/issuers/1", "names": names or {"en": "College of Tests"}}
    chain = {"issuer": issuer, "key": {"issuer": "1"} if key else None, "register": {}, "accreditation": {}}
    reasons = [
        {"code": code, "link": "key", "text": say("{told}", told=f"Because {code}."), "entry": None} for code in codes
    ]
    told = {"decision": decision, "reasons": reasons, "chain": chain if decision != "unknown" else {}}
    return told | {"since": [], "not_tested": []} | more


TRUSTED = answer("trusted", "accredited")
UNBOUND = answer("not_trusted", "key_unknown", key=False)


def judge(
    told: Mapping[Any, Answer | Exception],
    *keys: SigningKey,
    claims: Claims = CLAIMS,
    at: ProvenTime = AT,
    stated: ProvenTime | None = None,
) -> tuple[Entitlement, Scripted]:
    registers = Scripted(told)
    signatures = (Signature("test", keys),) if keys else ()
    return judge_entitlement(Case(claims, signatures, at, stated), registers), registers


def outcomes(found: Entitlement) -> dict[str, str]:
    return {finding.code: finding.outcome for finding in found.answer.findings}


def test_the_key_that_signed_is_always_asked_with() -> None:
    found, registers = judge({(DID.value, DID.value): TRUSTED}, DID)
    assert outcomes(found) == {"accredited": "pass"}
    assert registers.asked == [{"issuer": DID.value, "at": "2025-03-01T00:00:00Z", "key": DID.value}]


def test_identifiers_are_asked_by_until_one_is_known() -> None:
    found, registers = judge({("ror:04dkp9463", DID.value): TRUSTED}, DID)
    assert found.answer.outcome == "pass"
    assert [asked["issuer"] for asked in registers.asked] == [DID.value, "ror:04dkp9463"]


def test_a_theft_reported_under_any_spelling_counts_more_than_a_yes_under_another() -> None:
    stolen = answer("not_trusted", "key_compromised_unanchored")
    told = {(DID.value, DID.value): TRUSTED, (DID.value, f"jwk:{JWK.value}"): stolen}
    for keys in ((DID, JWK), (JWK, DID)):
        found, _ = judge(told, *keys)
        assert outcomes(found) == {"key_compromised_unanchored": "fail"}


def test_else_the_best_spelling_counts() -> None:
    told = {(DID.value, f"x5t:{X5T.value}"): UNBOUND, (DID.value, f"jwk:{JWK.value}"): TRUSTED}
    found, _ = judge(told, X5T, JWK)
    assert found.answer.outcome == "pass"


@pytest.mark.parametrize("code", ["key_unknown", "key_not_bound", "mandate_missing", "no_accreditation"])
def test_a_known_issuer_that_was_not_entitled_or_did_not_sign_fails(code: str) -> None:
    found, _ = judge({(DID.value, f"jwk:{JWK.value}"): answer("not_trusted", code)}, JWK)
    assert outcomes(found) == {code: "fail"}


def test_nobody_is_trusted_without_a_key() -> None:
    found, _ = judge({(DID.value, None): TRUSTED})
    assert outcomes(found) == {"accredited": "pass", "key_not_proven": "not_checked"}
    assert found.answer.outcome == "not_checked"


def test_an_issuer_that_the_register_knows_by_the_did_that_signed_passes_with_a_remark() -> None:
    told = {(DID.value, DID.value): UNBOUND, (DID.value, None): answer("trusted", "accredited", key=False)}
    found, _ = judge(told, DID)
    assert outcomes(found) == {"accredited": "pass", "known_by_did": "warning"}


def test_another_identifier_does_not_stand_in_for_a_key() -> None:
    told = {("ror:04dkp9463", DID.value): UNBOUND, ("ror:04dkp9463", None): TRUSTED}
    found, _ = judge(told, DID)
    assert found.answer.outcome == "fail"


@pytest.mark.parametrize(
    ("name", "code", "outcome"),
    [
        ("College of Tests", "found_by_key", "warning"),
        ("College of Others", "signed_by_another", "not_checked"),
        (None, "signed_by_another", "not_checked"),
    ],
)
def test_an_issuer_found_by_its_key_alone_is_never_plainly_green(name: str | None, code: str, outcome: str) -> None:
    claims = Claims("vc", issuers=("https://college.example/me",), issuer_name=name)
    told: dict[Any, Answer | Exception] = {(f"jwk:{JWK.value}", f"jwk:{JWK.value}"): TRUSTED}
    found, _ = judge(told, JWK, claims=claims)
    assert outcomes(found)[code] == outcome
    assert found.answer.outcome == outcome


def test_a_name_alone_finds_nobody() -> None:
    found, registers = judge({}, claims=Claims("vc", issuer_name="College of Tests"))
    assert (outcomes(found), registers.asked) == ({"no_issuer": "not_checked"}, [])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answer("unknown", "issuer_unknown"), "issuer_unknown"),
        (answer("unchecked", "stale"), "register_unchecked"),
        (Unreachable("x", "no answer"), "register_unreachable"),
        (NotUnderstood("invalid", "eqf_level", "what?"), "question_not_understood"),
    ],
)
def test_what_is_not_known_is_left_open(said: Answer | Exception, code: str) -> None:
    found, _ = judge({(DID.value, DID.value): said, ("ror:04dkp9463", DID.value): said}, DID)
    assert outcomes(found) == {code: "not_checked"}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Cоllege of Tests", "name_imitates"),  # Cyrillic о
        ("College of Tests\u200b", "name_imitates"),
        ("С0llege οf Тests", "name_imitates"),
        ("C0llege of Tests", "name_looks_like"),
        ("Some other College", "names_differ"),
        ("COLLEGE  of tests", None),
        ("Hogeschool der Toetsen", None),
    ],
)
def test_a_name_that_is_not_the_registers_is_told(said: str, code: str | None) -> None:
    known = answer("trusted", "accredited", names={"en": "College of Tests", "nl": "Hogeschool der Toetsen"})
    found, _ = judge({(DID.value, DID.value): known}, DID, claims=replace(CLAIMS, issuer_name=said))
    assert outcomes(found) == {"accredited": "pass"} | ({code: "warning"} if code else {})


def test_what_happened_since_is_told_as_what_it_is() -> None:
    events = ["revoked", "suspended", "amended", "agency_withdrawn", "issuer_closed", "merged_into", "key_revoked"]
    entry = {"origin": "o", "index": 7}
    since = [{"what": what, "effective_from": "2025-06-01", "recorded_at": None, "reason": "fraud", "entry": entry}
             for what in events]  # fmt: skip
    found, _ = judge({(DID.value, DID.value): answer("trusted", "accredited", since=since)}, DID)
    told = [finding for finding in found.answer.findings if finding.code.startswith("since_")]
    assert [one.outcome for one in told] == ["warning", "warning", "pass", *["warning"] * 4]
    assert all("1 June 2025" in one.text for one in told)
    assert "Fraud or deception" in told[0].text
    assert told[0].evidence["entry"] == entry


def test_a_limit_that_the_credential_does_not_state_is_not_stated() -> None:
    said = answer("trusted", "accredited", not_tested=["eqf_level", "isced_f"])
    claims = replace(CLAIMS, unread={"isced_f": "Biology"})
    found, _ = judge({(DID.value, DID.value): said}, DID, claims=claims)
    assert outcomes(found) == {"accredited": "pass", "not_stated": "warning", "not_comparable": "warning"}
    assert "level (EQF)" in found.answer.findings[1].text


def test_that_no_country_is_stated_is_told_and_no_remark() -> None:
    said = answer("trusted", "accredited", not_tested=["jurisdiction"])
    found, _ = judge({(DID.value, DID.value): said}, DID)
    assert outcomes(found) == {"accredited": "pass", "country_not_stated": "pass"}


def test_each_body_that_awards_is_asked_about_with_the_sealers_key() -> None:
    claims = replace(CLAIMS, awarding_bodies=(("ror:02jx3x895",), ("ror:05wwcw481",)))
    told = {
        ("ror:02jx3x895", DID.value): TRUSTED,
        ("ror:05wwcw481", DID.value): answer("not_trusted", "mandate_missing"),
    }
    found, registers = judge(told, DID, claims=claims)
    assert outcomes(found) == {"accredited": "pass", "mandate_missing": "fail"}
    assert {asked["issuer"] for asked in registers.asked} == {"ror:02jx3x895", "ror:05wwcw481"}
    assert found.decision is not None
    assert found.decision["decision"] == "not_trusted"


def test_a_body_that_cannot_be_identified_is_left_open() -> None:
    found, _ = judge({(DID.value, DID.value): TRUSTED}, DID, claims=replace(CLAIMS, awarding_bodies=((),)))
    assert outcomes(found) == {"no_issuer": "not_checked"}


def test_the_date_written_in_a_credential_is_told_where_it_would_have_done() -> None:
    proven = ProvenTime(datetime(2026, 1, 1, tzinfo=UTC), "anchor")
    told = {(DID.value, DID.value): answer("not_trusted", "revoked")}

    class Dated(Scripted):
        def decide(self, params: Mapping[str, str]) -> Answer:
            return TRUSTED if params["at"].startswith("2025") else super().decide(params)

    found = judge_entitlement(Case(CLAIMS, (Signature("test", (DID,)),), proven, AT, proven), Dated(told))
    assert outcomes(found) == {"revoked": "fail", "stated_date_only": "warning"}


def test_proof_of_time_is_told_to_the_register_and_a_stated_date_is_not() -> None:
    proven = ProvenTime(datetime(2025, 3, 2, tzinfo=UTC), "anchor")
    registers = Scripted({(DID.value, DID.value): TRUSTED})
    judge_entitlement(Case(CLAIMS, (Signature("test", (DID,)),), proven, AT, proven), registers)
    judge_entitlement(Case(CLAIMS, (Signature("test", (DID,)),), AT, AT), registers)
    assert [asked.get("anchored_at") for asked in registers.asked] == ["2025-03-02T00:00:00Z", None]


def judge_seal(registers: Scripted, authority: str | None) -> Entitlement:
    certificate = {"organization_identifier": "VATES-A00000000", "trusted_authority": authority}
    return judge_entitlement(Case(CLAIMS, (Signature("RS256", (X5T,), certificate=certificate),), AT), registers)


def test_an_organisation_that_a_certificate_only_claims_leaves_it_open() -> None:
    told = {(DID.value, f"x5t:{X5T.value}"): UNBOUND, ("1", "eidas:VATES-A00000000"): TRUSTED}
    found = judge_seal(Scripted(told), None)
    assert outcomes(found) == {"authority_unknown": "not_checked"}
    assert "VATES-A00000000" in found.answer.text


def test_an_organisation_that_is_not_the_issuers_stays_a_no() -> None:
    told = {(DID.value, f"x5t:{X5T.value}"): UNBOUND, ("1", "eidas:VATES-A00000000"): UNBOUND}
    assert outcomes(judge_seal(Scripted(told), None)) == {"key_unknown": "fail"}
    assert outcomes(judge_seal(Scripted({(DID.value, f"x5t:{X5T.value}"): UNBOUND}), "An authority")) == {
        "key_unknown": "fail"
    }
