"""What each event says: the `data` of every type in the catalogue, parsed once into frozen models.

The part of a payload that a person or program fills in is a class of its own (`…Terms`); commands, spreadsheets and
API bodies are made from it, so that what may be asked and what may be recorded cannot drift apart. Unknown fields at
the top of a payload are allowed when reading (they stay in the entry's bytes); nested values refuse them, because an
unknown limit that is ignored would widen a scope.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, model_validator

from register.identifiers import normalise_value
from register.moments import Moment
from register.records import Document
from register.scope import UNRESTRICTED, Scope
from register.values import (
    Claims,
    Country,
    Id,
    Language,
    LongText,
    Names,
    Reason,
    Sha256,
    Text,
    Url,
    term,
)


class Payload(BaseModel):
    """Base of all payloads: frozen, unknown fields allowed at the top level only."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False, hide_input_in_errors=True)


class Actor(BaseModel):
    """Who says it: a role, and the agency or issuer it speaks for; never a person."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: Literal["node", "operator", "agency", "issuer"]
    organisation: Id | None = None


class Said(Payload):
    """A payload somebody answers for."""

    actor: Actor


class DocumentTerms(BaseModel):
    """A document kept elsewhere: address, SHA-256 (hex) of its bytes, languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: Url
    sha256: Sha256 | None = None
    languages: Annotated[tuple[Language, ...], Field(max_length=30)] = ()

    def as_document(self) -> Document:
        """Return it as the value that records hold."""
        return Document(self.url, self.sha256, self.languages)


class PeriodTerms(Payload):
    """A period of valid time; an absent end is open."""

    valid_from: Moment
    valid_until: Moment | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValueError(
                "expected valid_until after valid_from; give a later end, or leave it out for an open period"
            )
        return self


class EndingTerms(Payload):
    """The end of something: from when, why, and on what basis."""

    effective_from: Moment
    reason: Reason
    note: LongText | None = None
    legal_basis: Text | None = None


# register ------------------------------------------------------------------------------------------------------------


class RegisterOpened(Said):
    """Entry 0: the node says who it is, which keys are its own and for which countries it may speak."""

    name: Text
    territory: Annotated[tuple[Country, ...], Field(min_length=1, max_length=260)]
    operator: Text
    policy_url: Url | None = None
    vkey: Text
    witness_vkey: Text
    statement_jwk: dict[str, str]
    demonstration: StrictBool = False


# agency --------------------------------------------------------------------------------------------------------------


class AgencyTerms(PeriodTerms):
    """A quality assurance agency and the scope and period for which it is recognised."""

    names: Names
    country: Country
    acronym: Text | None = None
    identifiers: Claims = ()
    website: Url | None = None
    scope: Scope = UNRESTRICTED
    decision_document: DocumentTerms | None = None
    demonstration: StrictBool = False


class AgencyRecognised(AgencyTerms, Said):
    """The operator recognises an agency."""


class AgencyChanges(Payload):
    """New values for an agency's record; what is absent stays. `effective_from` dates a change of scope."""

    names: Names | None = None
    country: Country | None = None
    acronym: Text | None = None
    identifiers: Claims | None = None
    website: Url | None = None
    scope: Scope | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    decision_document: DocumentTerms | None = None
    effective_from: Moment | None = None
    reason: Reason | None = None
    note: LongText | None = None
    corrects: Annotated[StrictInt, Field(ge=0)] | None = None


class AgencyAmended(AgencyChanges, Said):
    """The operator amends an agency's recognition."""


class AgencyWithdrawn(EndingTerms, Said):
    """The operator withdraws an agency's recognition."""


# issuer --------------------------------------------------------------------------------------------------------------


class IssuerTerms(Payload):
    """An organisation that awards credentials; Type 1: formal education, Type 2: other provider."""

    names: Names
    country: Country
    provider_type: Literal[1, 2] = 1
    acronym: Text | None = None
    sites: Annotated[tuple[Text, ...], Field(max_length=200)] = ()
    identifiers: Claims = ()
    website: Url | None = None
    demonstration: StrictBool = False


class IssuerRegistered(IssuerTerms, Said):
    """An agency or the operator registers an issuer."""


class IssuerChanges(Payload):
    """New values for an issuer's record; what is absent stays. `effective_from` dates a change of name."""

    names: Names | None = None
    country: Country | None = None
    provider_type: Literal[1, 2] | None = None
    acronym: Text | None = None
    sites: Annotated[tuple[Text, ...], Field(max_length=200)] | None = None
    identifiers: Claims | None = None
    website: Url | None = None
    effective_from: Moment | None = None
    note: LongText | None = None
    corrects: Annotated[StrictInt, Field(ge=0)] | None = None


class IssuerAmended(IssuerChanges, Said):
    """An agency or the operator amends an issuer's record."""


class IssuerClosed(EndingTerms, Said):
    """An agency or the operator records that an issuer has closed."""


class RelationTerms(Payload):
    """How an issuer relates to another from a date on.

    `accreditations_pass_on` absent means: they do in a merger, absorption or succession, and do not otherwise.
    """

    relation: Annotated[str, BeforeValidator(term("relations"))]
    other: Id
    valid_from: Moment
    valid_until: Moment | None = None
    accreditations_pass_on: StrictBool | None = None
    note: LongText | None = None


class IssuerRelated(RelationTerms, Said):
    """An agency or the operator records how two issuers relate."""


# programme -----------------------------------------------------------------------------------------------------------


class LearningOutcome(BaseModel):
    """One learning outcome: text by language, and the ESCO concepts it is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: Names
    esco: Annotated[tuple[Url, ...], Field(max_length=50)] = ()


class ProgrammeFields(Payload):
    """What describes a programme beside its titles: the EU standard's elements that are not about the learner."""

    credential_type: Annotated[str, BeforeValidator(term("credential-types"))] | None = None
    eqf_level: Annotated[int, BeforeValidator(term("eqf")), Field(ge=1, le=8)] | None = None
    qf_ehea_cycle: Text | None = None
    nqf_level: Text | None = None
    isced_f: Annotated[tuple[Annotated[str, BeforeValidator(term("isced-f"))], ...], Field(max_length=20)] = ()
    ects: Annotated[str, Field(pattern=r"^\d{1,4}(\.\d{1,2})?$")] | None = None
    hours: Annotated[StrictInt, Field(ge=0, le=100_000)] | None = None
    learning_outcomes: Annotated[tuple[LearningOutcome, ...], Field(max_length=60)] = ()
    assessment_type: Annotated[str, BeforeValidator(term("assessment-types"))] | None = None
    supervision: Annotated[str, BeforeValidator(term("supervision"))] | None = None
    quality_assurance: Text | None = None
    participation: Annotated[str, BeforeValidator(term("modes"))] | None = None
    prerequisites: Names | None = None
    stackability: Annotated[str, BeforeValidator(term("stackability"))] | None = None
    awarding_bodies: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
    identifiers: Claims = ()


class ProgrammeTerms(ProgrammeFields, PeriodTerms):
    """A standing programme or micro-credential of an issuer."""

    issuer: Id
    titles: Names
    demonstration: StrictBool = False


class ProgrammeRegistered(ProgrammeTerms, Said):
    """A programme is described once; its id never changes."""


class ProgrammeChanges(ProgrammeFields):
    """New values for a programme; what is absent stays."""

    titles: Names | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    note: LongText | None = None
    corrects: Annotated[StrictInt, Field(ge=0)] | None = None


class ProgrammeAmended(ProgrammeChanges, Said):
    """A programme's description is amended."""


class ProgrammeClosed(EndingTerms, Said):
    """A programme ends."""


# key -----------------------------------------------------------------------------------------------------------------


class KeyTerms(PeriodTerms):
    """What an issuer signs with, for a period; `proof` says how control was proven."""

    kind: Literal["did", "jwk", "x5t", "eidas"]
    value: Text
    proof: Text | None = None
    demonstration: StrictBool = False

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        normalise_value(self.kind, self.value)
        return self


class KeyBound(KeyTerms, Said):
    """A key is bound to an issuer."""

    issuer: Id


class KeyRevocationTerms(Payload):
    """The end of a key; `since` is required for a compromised one: from when it may have been in other hands."""

    reason: Annotated[Literal["superseded", "compromised", "unspecified"], BeforeValidator(term("key-reasons"))]
    effective_from: Moment | None = None
    since: Moment | None = None
    note: LongText | None = None

    @model_validator(mode="after")
    def _check_since(self) -> Self:
        if (self.reason == "compromised") != (self.since is not None):
            raise ValueError(
                "expected `since` exactly when the reason is `compromised`: the moment from which the key may have been "
                "in other hands"
            )
        return self


class KeyRevoked(KeyRevocationTerms, Said):
    """A key is revoked."""


# mandate -------------------------------------------------------------------------------------------------------------


class MandateTerms(PeriodTerms):
    """An awarding body lets another organisation seal credentials for it."""

    awarding_body: Id
    sealer: Id
    scope: Scope = UNRESTRICTED


class MandateGranted(MandateTerms, Said):
    """A mandate is granted."""


class MandateRevoked(EndingTerms, Said):
    """A mandate is revoked."""


# accreditation -------------------------------------------------------------------------------------------------------


class AccreditationDetails(Payload):
    """What an accreditation says beside its parties, scope and period."""

    contributing_agencies: Annotated[tuple[Id, ...], Field(max_length=30)] = ()
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
    scope: Scope = UNRESTRICTED
    decision: Annotated[str, BeforeValidator(term("decisions"))] = "positive"
    demonstration: StrictBool = False


class AccreditationGranted(AccreditationTerms, Said):
    """An agency, or the operator on its behalf, grants an accreditation."""


class AccreditationChanges(AccreditationDetails):
    """New values for an accreditation; what is absent stays.

    With `corrects` (the index of the entry that was wrong) the new values hold for the whole period, as if they had
    been said at first; without it a new scope holds from `effective_from` on, or from the time of recording.
    """

    kind: Annotated[str, BeforeValidator(term("accreditation-kinds"))] | None = None
    scope: Scope | None = None
    decision: Annotated[str, BeforeValidator(term("decisions"))] | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    effective_from: Moment | None = None
    reason: Reason | None = None
    note: LongText | None = None
    corrects: Annotated[StrictInt, Field(ge=0)] | None = None


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
