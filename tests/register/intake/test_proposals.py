"""Proposals: what was read becomes a body that the commands accept, and nothing held is ever overwritten."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from register.intake.eche import read_eche
from register.intake.match import Match, match_institutions
from register.intake.proposals import (
    describe_issuer,
    propose_accreditation,
    propose_changes,
    propose_issuer,
    sort_arrivals,
)
from register.intake.ror import read_ror
from register.intake.rows import Identifier, Institution
from register.intake.tables import read_accreditations
from register.moments import parse_moment
from register.payloads import IssuerTerms
from register.records import IdentifierClaim, IssuerRecord
from register.vocabularies import load

FIXTURES = Path(__file__).parents[3] / "fixtures" / "intake"
ECHE = read_eche((FIXTURES / "eche_traps.csv").read_bytes(), frozenset(load("eche-countries").codes()))
ROR = read_ror((FIXTURES / "ror_excerpt.csv").read_bytes())


def hold(terms: IssuerTerms, issuer_id: str) -> IssuerRecord:
    return IssuerRecord(
        id=issuer_id,
        url=f"https://register.example/issuers/{issuer_id}",
        names=dict(terms.names),
        country=terms.country,
        provider_type=terms.provider_type,
        entries=(1,),
        sites=terms.sites,
        identifiers=terms.identifiers,
        website=terms.website,
    )


def with_pic(*pics: str, line: int = 2) -> Institution:
    identifiers = tuple(Identifier("pic", pic, pic, "eche") for pic in pics)
    return Institution({"und": "A"}, "NL", "B", "C", "D", "", identifiers, (None, None), (line,), ({},))


@pytest.mark.parametrize("institution", ECHE.institutions, ids=lambda one: f"line {one.source_line}")
def test_every_institution_of_the_list_can_be_registered_with_its_originals(institution: Institution) -> None:
    terms = propose_issuer(institution)
    assert dict(terms.names) == dict(institution.names)
    assert [(c.scheme, c.value) for c in terms.identifiers] == [(i.scheme, i.value) for i in institution.identifiers]
    written = {one.value: one.original for one in institution.identifiers if one.original != one.value}
    assert {claim.value: claim.original for claim in terms.identifiers if claim.original} == written


def test_a_list_read_twice_registers_nobody_twice() -> None:
    first = sort_arrivals(ECHE.institutions, {})
    assert first.new == ECHE.institutions
    holders = {(x.scheme, x.value): str(one.source_line) for one in first.new for x in one.identifiers}
    again = sort_arrivals(ECHE.institutions, holders)
    assert again.new == ()
    assert [(one, str(one.source_line)) for one in ECHE.institutions] == list(again.known)
    assert all(propose_changes(hold(propose_issuer(one), "x"), one) is None for one in ECHE.institutions)


def test_an_institution_between_two_issuers_is_a_dispute_and_so_is_a_second_claimant() -> None:
    holders = {("pic", "111111111"): "a", ("pic", "222222222"): "b"}
    arrivals = sort_arrivals(
        [with_pic("111111111", "222222222"), with_pic("222222222", line=3), with_pic("222222222", line=4)], holders
    )
    assert arrivals.new == ()
    assert [issuer for _, issuer in arrivals.known] == ["b"]
    assert [(problem.line, problem.fatal) for problem in arrivals.problems] == [(2, True), (4, True)]


def test_ror_adds_names_and_identifiers_and_keeps_what_was_there() -> None:
    issuers = [hold(propose_issuer(one), str(number)) for number, one in enumerate(ECHE.institutions)]
    outcomes = match_institutions(ROR.records, [describe_issuer(issuer) for issuer in issuers])
    (match,) = [one for one in outcomes if isinstance(one, Match) and one.record.ror.endswith("01faaaf77")]
    held = issuers[int(match.known.id)]
    changes = propose_changes(held, match.record)
    assert changes is not None
    assert changes.names is not None
    assert changes.names["und"] == "UNIVERSITAET GRAZ"
    assert changes.names["en"] == "University of Graz"
    assert changes.identifiers is not None
    assert changes.identifiers[: len(held.identifiers)] == held.identifiers
    assert ("ror", "https://ror.org/01faaaf77") in {(claim.scheme, claim.value) for claim in changes.identifiers}
    assert changes.website is None, "the issuer has one already"


def test_matching_the_same_records_again_changes_nothing() -> None:
    issuer = hold(propose_issuer(ECHE.institutions[0]), "0")
    first = match_institutions(ROR.records, [describe_issuer(issuer)])
    (match,) = [one for one in first if isinstance(one, Match)]
    changes = propose_changes(issuer, match.record)
    assert changes is not None
    updated: dict[str, Any] = {"names": dict(changes.names or {}), "identifiers": changes.identifiers}
    amended = IssuerRecord(**{name: getattr(issuer, name) for name in issuer.__slots__} | updated)
    (again,) = [one for one in match_institutions(ROR.records, [describe_issuer(amended)]) if isinstance(one, Match)]
    assert again.rule == "same_ror"
    assert propose_changes(amended, again.record) is None


def test_the_period_of_an_identifier_survives_an_amendment() -> None:
    held = hold(propose_issuer(with_pic("111111111")), "a")
    claim = IdentifierClaim("pic", "111111111", valid_from=parse_moment("2020-01-01"), source="eche")
    held = IssuerRecord(**{name: getattr(held, name) for name in held.__slots__} | {"identifiers": (claim,)})
    changes = propose_changes(held, with_pic("222222222"))
    assert changes is not None
    assert changes.identifiers is not None
    assert changes.identifiers[0] == claim


def test_an_accreditation_row_becomes_a_body_with_only_the_limits_it_states() -> None:
    data = (
        b"issuer,kind,eqf_levels,valid_from,activity,report_url,local_id,summary\n"
        b"pic:999985708,programme,6,2024-02-01,programme-voluntary,https://agency.example/report,17,Good\n"
    )
    (row,) = read_accreditations(data).accreditations
    issuer, agency = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
    terms = propose_accreditation(row, issuer=issuer, agency=agency)
    assert (terms.scope.eqf_levels, terms.scope.isced_f, terms.scope.jurisdictions) == ((6,), None, None)
    assert (terms.status, terms.local_identifier, terms.summary) == ("voluntary", "17", "Good")
    assert terms.valid_from == parse_moment(date(2024, 2, 1))
    assert terms.report is not None
    assert terms.report.url == "https://agency.example/report"
