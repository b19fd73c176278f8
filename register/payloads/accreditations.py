"""What entries say about accreditations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
)

from register.moments import Moment
from register.payloads.shared import Changes, DocumentTerms, EndingTerms, Payload, PeriodTerms, Said
from register.scope import UNRESTRICTED, SharedScope
from register.values import Id, LongText, Reason, Text, term


class AccreditationDetails(Payload):
    """What an accreditation says beside its parties, scope and period."""

    contributing_agencies: Annotated[tuple[Id, ...], Field(max_length=30, fail_fast=True)] = ()
    standard: Text | None = None
    status: Literal["obligatory", "voluntary"] | None = None
    report: DocumentTerms | None = None
    summary: LongText | None = None
    legal_basis: Text | None = None
    local_identifier: Text | None = None


class AccreditationTerms(AccreditationDetails, PeriodTerms):
    """An agency's decision that an issuer may award credentials within a scope."""

    issuer: Id
    agency: Id
    kind: Annotated[str, BeforeValidator(term("accreditation-kinds"))] = "institutional"
    scope: SharedScope = UNRESTRICTED
    decision: Annotated[str, BeforeValidator(term("decisions"))] = "positive"
    demonstration: StrictBool = False


class AccreditationGranted(AccreditationTerms, Said):
    """An agency, or the operator on its behalf, grants an accreditation."""


class AccreditationChanges(AccreditationDetails, Changes):
    """New values for an accreditation; what is absent stays.

    A new scope holds from `effective_from` on, or from the day of recording, whatever was said of that time before.
    With `corrects` (the index of the entry that was wrong) it replaces what that entry said, from the same date on as
    that entry. Other values have no date: they hold for the whole period. A correction of a suspension,
    reinstatement or revocation takes that back.
    """

    never_empty = frozenset({"kind", "decision", "valid_from", "contributing_agencies"})
    kind: Annotated[str, BeforeValidator(term("accreditation-kinds"))] | None = None
    scope: SharedScope | None = None
    decision: Annotated[str, BeforeValidator(term("decisions"))] | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None


class AccreditationAmended(AccreditationChanges, Said):
    """An accreditation is amended or corrected."""


class AccreditationSuspended(EndingTerms, Said):
    """An accreditation is suspended until it is reinstated."""


class ReinstatementTerms(Payload):
    """From when, and why, a suspended accreditation counts again."""

    effective_from: Moment
    reason: Reason | None = None
    note: LongText | None = None
    legal_basis: Text | None = None


class AccreditationReinstated(ReinstatementTerms, Said):
    """A suspension is lifted."""


class AccreditationRevoked(EndingTerms, Said):
    """An accreditation is revoked for good."""
