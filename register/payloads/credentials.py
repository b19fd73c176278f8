"""What entries say about credentials: batches anchored, single ones withdrawn. No word in them is free text.

A credential is named by its commitment, a salted hash; whatever else is said is of a closed list, a number or a date.
"""

from __future__ import annotations

from typing import Annotated, Any

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

from register.credentials.batch_paths import ALGORITHM
from register.moments import Moment
from register.payloads.shared import Payload, Said
from register.records import StatusPosition
from register.sentences import Written, say
from register.values import Id, Sha256, term

MOST_COMMITMENTS = 200
"""Commitments in one entry: some 14 kB of it."""

MOST_OF_A_BATCH = 2**32


class BatchTerms(Payload):
    """A batch of credentials: the root of the tree of their commitments, and how many there are.

    `programme`: all of them are of this one; absent from entries written before the field was.
    """

    issuer: Id
    root: Sha256
    count: Annotated[StrictInt, Field(ge=1, le=MOST_OF_A_BATCH)]
    tree_algorithm: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]{0,63}$", strict=True)] = ALGORITHM
    credential_type: Annotated[str, BeforeValidator(term("credential-types"))] | None = None
    issued_from: Moment | None = None
    issued_until: Moment | None = None
    programme: Id | None = None
    demonstration: StrictBool = False

    @model_validator(mode="before")
    @classmethod
    def _name_the_algorithm(cls, said: Any) -> Any:
        """An entry says how its tree was built, also where whoever asked took that for granted."""
        return {"tree_algorithm": ALGORITHM, **said} if isinstance(said, dict) else said

    @field_validator("issued_until")
    @classmethod
    def _check_order(cls, end: Moment | None, info: ValidationInfo) -> Moment | None:
        start = info.data.get("issued_from")
        if start is not None and end is not None and end < start:
            raise ValueError(say("expected the last day of issue not before {start}, the first", start=Written(start)))
        return end


class CredentialsAnchored(BatchTerms, Said):
    """A batch of credentials is anchored."""


class WithdrawalTerms(Payload):
    """Credentials of an issuer that are revoked, suspended or reinstated, from when on and why.

    `status` tells, in the order of the commitments, the places of the credentials in the published status lists.
    Without `effective_from` it holds from the time of recording.
    """

    issuer: Id
    commitments: Annotated[tuple[Sha256, ...], Field(min_length=1, max_length=MOST_COMMITMENTS, fail_fast=True)]
    reason: Annotated[str, BeforeValidator(term("credential-reasons"))]
    effective_from: Moment | None = None
    batch: Id | None = None
    status: Annotated[tuple[StatusPosition, ...], Field(max_length=MOST_COMMITMENTS, fail_fast=True)] | None = None

    @field_validator("commitments")
    @classmethod
    def _check_distinct(cls, commitments: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(commitments)) < len(commitments):
            raise ValueError(say("expected each commitment once; one is there twice"))
        return commitments

    @field_validator("status")
    @classmethod
    def _check_aligned(
        cls, status: tuple[StatusPosition, ...] | None, info: ValidationInfo
    ) -> tuple[StatusPosition, ...] | None:
        commitments = info.data.get("commitments", ())
        if status is not None and commitments and len(status) != len(commitments):
            told = {"number": len(commitments), "got": len(status)}
            raise ValueError(say("expected one place for each of the {number} commitments, got {got}", **told))
        return status


class CredentialRevoked(WithdrawalTerms, Said):
    """Credentials are revoked for good."""


class CredentialSuspended(WithdrawalTerms, Said):
    """Credentials are suspended until they are reinstated."""


class CredentialReinstated(WithdrawalTerms, Said):
    """Credentials count again."""
