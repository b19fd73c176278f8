"""Refusals about batches of credentials and about withdrawing single ones."""

from __future__ import annotations

from typing import Any

from tests.ledgers import (
    ARCADIA,
    COMMITMENTS,
    NOBODY,
    UTOPIA,
    WIDE,
    as_agency,
    as_issuer,
    batch_terms,
    ending,
    make_id,
    programme_terms,
    withdrawal,
)
from tests.register.refusals import Case, Said

A, B, C, D = make_id(101), make_id(102), make_id(103), make_id(104)
ONE, TWO, THREE = COMMITMENTS


def anchoring(subject: str = A, /, **fields: Any) -> Said:
    return Said("credentials.anchored", subject, batch_terms(**fields))


def revoking(subject: str = B, *commitments: str, **fields: Any) -> Said:
    return Said("credential.revoked", subject, withdrawal(*commitments, **fields))


def suspending(subject: str = B, *commitments: str, **fields: Any) -> Said:
    return Said("credential.suspended", subject, withdrawal(*commitments, **fields))


def reinstating(subject: str = C, *commitments: str, **fields: Any) -> Said:
    return Said("credential.reinstated", subject, withdrawal(*commitments, **fields))


CLOSED = Said("issuer.closed", UTOPIA, ending("2022-01-01", "institution_closed"))
PLACE = {"list": 0, "index": 7}

OFFERED = Said("programme.registered", D, programme_terms(valid_from="2020-01-01", valid_until="2022-07-01"))
"""A programme of Utopia that was on offer until the summer before the register opened."""


def of_programme(first: str, last: str | None = None, **fields: Any) -> Said:
    days = {"issued_from": first, **({"issued_until": last} if last else {})}
    return anchoring(programme=D, **days, **fields)


CASES = (
    Case("programme_unknown", "programme", anchoring(programme=NOBODY), anchoring()),
    Case(
        "programme_unknown",
        "programme",
        of_programme("2022-01-01", issuer=ARCADIA),
        of_programme("2022-01-01", issuer=UTOPIA),
        (OFFERED,),
    ),
    Case("programme_not_offered", "programme", anchoring(programme=D), of_programme("2022-06-30"), (OFFERED,)),
    Case(
        "programme_not_offered",
        "programme",
        of_programme("2019-01-01", "2019-12-31"),
        of_programme("2019-01-01", "2020-01-01"),
        (OFFERED,),
    ),
    Case(
        "programme_not_offered",
        "programme",
        of_programme("2022-01-01", "2022-06-01"),
        of_programme("2021-12-31", "2022-06-01"),
        (OFFERED, Said("programme.closed", D, ending("2022-01-01", "institution_closed"))),
    ),
    Case("not_entitled", "actor", anchoring(actor=as_issuer(ARCADIA)), anchoring(actor=as_issuer(UTOPIA))),
    Case("not_entitled", "actor", anchoring(actor=as_agency(WIDE)), anchoring()),
    Case("issuer_unknown", "issuer", anchoring(issuer=NOBODY), anchoring()),
    Case("issuer_closed", "issuer", anchoring(), revoking(), (CLOSED,)),
    Case("batch_taken", "root", anchoring(B), anchoring(B, root="cd" * 32), (anchoring(A),)),
    Case("batch_taken", "root", anchoring(B, count=1), anchoring(B, issuer=ARCADIA), (anchoring(A),)),
    Case("id_taken", "", anchoring(A, root="cd" * 32), anchoring(B, root="cd" * 32), (anchoring(A),)),
    Case("id_taken", "", revoking(B, TWO), revoking(C, TWO), (revoking(B),)),
    Case("not_entitled", "actor", revoking(actor=as_issuer(ARCADIA)), revoking(actor=as_issuer(UTOPIA))),
    Case("not_entitled", "actor", suspending(actor=as_agency(WIDE)), suspending()),
    Case("batch_unknown", "batch", revoking(batch=C), revoking(batch=A), (anchoring(A),)),
    Case(
        "batch_unknown", "batch", revoking(issuer=ARCADIA, batch=A), revoking(issuer=UTOPIA, batch=A), (anchoring(A),)
    ),
    Case("already_revoked", "commitments.0", revoking(C), revoking(C, TWO), (revoking(),)),
    Case("already_revoked", "commitments.1", revoking(C, TWO, ONE), revoking(C, TWO, THREE), (revoking(),)),
    Case("already_revoked", "commitments.0", suspending(C), suspending(C, issuer=ARCADIA), (revoking(),)),
    Case("already_suspended", "commitments.0", suspending(C), revoking(C), (suspending(),)),
    Case("not_suspended", "commitments.0", reinstating(C, TWO), reinstating(C), (suspending(),)),
    Case(
        "not_suspended",
        "commitments.0",
        reinstating(A),
        suspending(A),
        (suspending(effective_from="2022-01-01"), reinstating()),
    ),
    Case("reason_does_not_undo", "reason", reinstating(), reinstating(reason="administrative_error"), (revoking(),)),
    Case(
        "effective_outside_period",
        "effective_from",
        reinstating(effective_from="2022-01-01"),
        reinstating(effective_from="2022-01-02"),
        (suspending(effective_from="2022-01-01"),),
    ),
    Case(
        "effective_outside_period",
        "effective_from",
        reinstating(effective_from="2021-12-31", reason="appeal_upheld"),
        reinstating(effective_from="2022-01-01", reason="appeal_upheld"),
        (revoking(effective_from="2022-01-01"),),
    ),
    Case(
        "status_moved",
        "status.0",
        revoking(C, status=[{**PLACE, "index": 8}]),
        revoking(C, status=[PLACE]),
        (suspending(status=[PLACE]),),
    ),
)
