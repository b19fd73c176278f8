"""Refusals about accreditations: what went before, an event that is refused, and a neighbour that passes."""

from __future__ import annotations

from typing import Any

from tests.ledgers import (
    ARCADIA,
    GRANT,
    MATHS,
    NARROW,
    NOBODY,
    SOURCE,
    WIDE,
    as_agency,
    ending,
)
from tests.register.refusals import ARCADIA_CLOSED, A, B, Case, Said


def granting(subject: str = A, /, **fields: Any) -> Said:
    return Said("accreditation.granted", subject, {**GRANT, **fields})


def amending(**fields: Any) -> Said:
    return Said("accreditation.amended", A, fields)


SUSPENDED = Said("accreditation.suspended", A, ending("2025-03-01"))
REINSTATED = Said("accreditation.reinstated", A, {"effective_from": "2025-05-01"})
REVOKED = Said("accreditation.revoked", A, ending("2026-01-01"))
GRANTED_ARCADIA = granting(issuer=ARCADIA, valid_until="2024-06-01")

# The cast fills entries 0 to 6, so the first entry of a case has index 7.
CASES = (
    Case(
        "already_revoked", "", REVOKED, Said("accreditation.revoked", B, ending()), (granting(), granting(B), REVOKED)
    ),
    Case("already_revoked", "", SUSPENDED, amending(corrects=8, reason="appeal_upheld"), (granting(), REVOKED)),
    Case("already_revoked", "", amending(summary="New"), amending(summary="New", corrects=7), (granting(), REVOKED)),
    Case(
        "already_suspended",
        "effective_from",
        Said("accreditation.suspended", A, ending("2025-06-01")),
        REINSTATED,
        (granting(), SUSPENDED),
    ),
    Case(
        "already_suspended",
        "effective_from",
        Said("accreditation.suspended", A, ending("2025-04-30")),
        Said("accreditation.suspended", A, ending("2025-05-01")),
        (granting(), SUSPENDED, REINSTATED),
    ),
    Case(
        "agency_not_recognised",
        "valid_from",
        granting(agency=NARROW, actor=as_agency(NARROW), valid_from="2019-12-31", scope={"eqf_levels": [5]}),
        granting(agency=NARROW, actor=as_agency(NARROW), valid_from="2020-01-01", scope={"eqf_levels": [5]}),
    ),
    Case(
        "agency_not_recognised",
        "valid_from",
        granting(valid_from="2025-01-01", actor={"role": "operator"}),
        granting(valid_from="2024-12-31", actor={"role": "operator"}),
        (Said("agency.withdrawn", WIDE, ending("2025-01-01")),),
    ),
    Case(
        "agency_not_recognised",
        "valid_from",
        amending(valid_from="2014-12-31"),
        amending(valid_from="2015-01-01"),
        (granting(),),
    ),
    Case("agency_unknown", "agency", granting(agency=NOBODY, actor={"role": "operator"}), granting()),
    Case(
        "agency_unknown",
        "contributing_agencies.0",
        granting(contributing_agencies=[NOBODY]),
        granting(contributing_agencies=[NARROW]),
    ),
    Case(
        "agency_unknown",
        "contributing_agencies.1",
        amending(contributing_agencies=[NARROW, NOBODY]),
        amending(contributing_agencies=[NARROW]),
        (granting(),),
    ),
    Case("accreditation_unknown", "", amending(summary="New"), granting()),
    Case(
        "corrects_unknown",
        "corrects",
        amending(summary="New", corrects=6),
        amending(summary="New", corrects=7),
        (granting(),),
    ),
    Case(
        "corrects_unknown",
        "corrects",
        amending(scope={"eqf_levels": [7]}, corrects=8),
        amending(scope={"eqf_levels": [7]}, corrects=9),
        (
            granting(),
            amending(scope={"eqf_levels": [5]}, effective_from="2025-01-01"),
            amending(scope={"eqf_levels": [6]}, effective_from="2024-06-01"),
        ),
    ),
    Case(
        "decision_turned",
        "decision",
        amending(decision="negative"),
        amending(decision="positive_with_conditions"),
        (granting(),),
    ),
    Case(
        "decision_turned",
        "decision",
        amending(decision="negative"),
        amending(decision="negative", corrects=7),
        (granting(),),
    ),
    Case(
        "effective_outside_period",
        "effective_from",
        Said("accreditation.revoked", A, ending("2023-12-31")),
        Said("accreditation.revoked", A, ending("2024-01-01")),
        (granting(),),
    ),
    Case(
        "effective_outside_period",
        "effective_from",
        Said("accreditation.suspended", A, ending("2025-01-01")),
        Said("accreditation.suspended", A, ending("2024-12-31T23:59:59Z")),
        (granting(valid_until="2025-01-01"),),
    ),
    Case(
        "effective_outside_period",
        "effective_from",
        Said("accreditation.reinstated", A, {"effective_from": "2025-03-01"}),
        REINSTATED,
        (granting(), SUSPENDED),
    ),
    Case(
        "effective_outside_period",
        "effective_from",
        amending(scope={"eqf_levels": [6]}, corrects=8, effective_from="2025-06-01"),
        amending(scope={"eqf_levels": [6]}, corrects=8, effective_from="2025-01-01"),
        (granting(), amending(scope={"eqf_levels": [5]}, effective_from="2025-01-01")),
    ),
    Case("id_taken", "", granting(), granting(B), (granting(),)),
    Case(
        "issuer_closed",
        "issuer",
        granting(issuer=ARCADIA),
        granting(issuer=ARCADIA, valid_until="2025-01-01"),
        (ARCADIA_CLOSED,),
    ),
    Case(
        "issuer_closed",
        "valid_until",
        amending(valid_until=None),
        amending(valid_until="2025-01-01"),
        (GRANTED_ARCADIA, ARCADIA_CLOSED),
    ),
    Case("issuer_unknown", "issuer", granting(issuer=NOBODY), granting(issuer=ARCADIA)),
    Case("not_entitled", "agency", granting(actor=as_agency(NARROW)), granting(actor={"role": "operator"})),
    Case(
        "not_entitled",
        "agency",
        Said("accreditation.revoked", A, ending(actor=as_agency(NARROW))),
        Said("accreditation.revoked", A, ending(actor=as_agency(WIDE))),
        (granting(),),
    ),
    Case("not_suspended", "", REINSTATED, SUSPENDED, (granting(),)),
    Case("nothing_changes", "", amending(note="Nothing"), amending(note="Something", summary="New"), (granting(),)),
    Case("nothing_changes", "", amending(unheard_of=1), amending(report=None), (granting(),)),
    Case("nothing_changes", "", amending(kind=None), amending(summary=None), (granting(),)),
    Case("nothing_changes", "", amending(corrects=7), amending(corrects=7, summary="New"), (granting(),)),
    Case(
        "outside_territory",
        "scope.jurisdictions",
        granting(scope={"jurisdictions": ["NL31", "BE1"]}),
        granting(scope={"jurisdictions": ["NL31"]}),
    ),
    Case(
        "period", "valid_until", amending(valid_until="2024-01-01"), amending(valid_until="2024-01-02"), (granting(),)
    ),
    Case(
        "programme_unknown",
        "scope.programmes.0",
        granting(scope={"programmes": [NOBODY]}),
        granting(scope={"programmes": [MATHS]}),
    ),
    Case(
        "programme_unknown",
        "scope.programmes.0",
        granting(issuer=ARCADIA, scope={"programmes": [MATHS]}),
        granting(scope={"programmes": [MATHS]}),
    ),
    Case(
        "reason_does_not_undo",
        "reason",
        amending(corrects=8, reason="quality"),
        amending(corrects=8, reason="appeal_upheld"),
        (granting(), REVOKED),
    ),
    Case(
        "reason_does_not_undo",
        "reason",
        amending(corrects=9),
        amending(corrects=9, reason="administrative_error"),
        (granting(), SUSPENDED, REINSTATED),
    ),
    Case(
        "scope_exceeds_agency",
        "scope.eqf_levels",
        granting(agency=NARROW, actor=as_agency(NARROW), scope={"eqf_levels": [5, 7]}),
        granting(agency=NARROW, actor=as_agency(NARROW), scope={"eqf_levels": [5, 6]}),
    ),
    Case(
        "scope_exceeds_agency",
        "scope.eqf_levels",
        amending(scope={"eqf_levels": [7]}),
        amending(scope={"eqf_levels": [6]}),
        (granting(agency=NARROW, actor=as_agency(NARROW)),),
    ),
    Case(
        "scope_exceeds_agency",
        "scope.eqf_levels",
        granting(agency=NARROW, actor=as_agency(NARROW), scope={"eqf_levels": [7]}, valid_from="2024-12-31"),
        granting(agency=NARROW, actor=as_agency(NARROW), scope={"eqf_levels": [7]}, valid_from="2025-01-01"),
        (Said("agency.amended", NARROW, {"scope": {"eqf_levels": [5, 6, 7]}, "effective_from": "2025-01-01"}),),
    ),
    Case(
        "source_not_own",
        "subject",
        amending(summary="New")._replace(details={"subject": f"{SOURCE}/else/{A}"}),
        amending(summary="New"),
        (granting(),),
    ),
)
