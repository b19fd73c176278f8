"""What entries say about programmes, keys and mandates."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from register.identifiers import normalise_value
from register.moments import Moment
from register.payloads.shared import Changes, EndingTerms, Nested, Payload, PeriodTerms, Said
from register.scope import UNRESTRICTED, SharedScope
from register.sentences import say
from register.values import Claims, Id, LongText, Names, Text, Url, term


class LearningOutcome(Nested):
    """One learning outcome: text by language, and the ESCO concepts it is about."""

    text: Names
    esco: Annotated[tuple[Url, ...], Field(max_length=50, fail_fast=True)] = ()


class ProgrammeFields(Payload):
    """What describes a programme beside its titles: the EU standard's elements that are not about the learner."""

    credential_type: Annotated[str, BeforeValidator(term("credential-types"))] | None = None
    eqf_level: Annotated[StrictInt, Field(ge=1, le=8)] | None = None
    qf_ehea_cycle: Text | None = None
    nqf_level: Text | None = None
    isced_f: Annotated[
        tuple[Annotated[str, BeforeValidator(term("isced-f"))], ...], Field(max_length=20, fail_fast=True)
    ] = ()
    ects: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,2})?$", strict=True)] | None = None
    hours: Annotated[StrictInt, Field(ge=0, le=100_000)] | None = None
    learning_outcomes: Annotated[tuple[LearningOutcome, ...], Field(max_length=60, fail_fast=True)] = ()
    assessment_type: Annotated[str, BeforeValidator(term("assessment-types"))] | None = None
    supervision: Annotated[str, BeforeValidator(term("supervision"))] | None = None
    quality_assurance: Text | None = None
    participation: Annotated[str, BeforeValidator(term("modes"))] | None = None
    prerequisites: Names | None = None
    stackability: Annotated[str, BeforeValidator(term("stackability"))] | None = None
    awarding_bodies: Annotated[tuple[Id, ...], Field(max_length=50, fail_fast=True)] = ()
    identifiers: Claims = ()


class ProgrammeTerms(ProgrammeFields, PeriodTerms):
    """A standing programme or micro-credential of an issuer."""

    issuer: Id
    titles: Names
    demonstration: StrictBool = False


class ProgrammeRegistered(ProgrammeTerms, Said):
    """A programme is described once; its id never changes."""


class ProgrammeChanges(ProgrammeFields, Changes):
    """New values for a programme; what is absent stays. A correction of its closure takes the closure back."""

    never_empty = frozenset({"titles", "valid_from", "isced_f", "learning_outcomes", "awarding_bodies", "identifiers"})
    titles: Names | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None


class ProgrammeAmended(ProgrammeChanges, Said):
    """A programme's description is amended."""


class ProgrammeClosed(EndingTerms, Said):
    """A programme ends."""


class KeyTerms(PeriodTerms):
    """What an issuer signs with, for a period; `proof` says how control was proven."""

    kind: Literal["did", "jwk", "x5t", "eidas"]
    value: Text
    proof: Text | None = None
    demonstration: StrictBool = False

    @field_validator("value")
    @classmethod
    def _normalise_value(cls, value: str, info: ValidationInfo) -> str:
        return normalise_value(info.data["kind"], value) if "kind" in info.data else value


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
            sentence = say(
                "expected `since` exactly when the reason is `compromised`: the moment from which the key may have "
                "been in other hands"
            )
            raise ValueError(sentence)
        return self


class KeyRevoked(KeyRevocationTerms, Said):
    """A key is revoked."""


class MandateTerms(PeriodTerms):
    """An awarding body lets another organisation seal credentials for it."""

    awarding_body: Id
    sealer: Id
    scope: SharedScope = UNRESTRICTED


class MandateGranted(MandateTerms, Said):
    """A mandate is granted."""


class MandateRevoked(EndingTerms, Said):
    """A mandate is revoked."""
