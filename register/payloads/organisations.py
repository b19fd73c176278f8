"""What entries say about the register itself, agencies, issuers and how issuers relate."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StringConstraints,
)

from register.moments import Moment
from register.payloads.shared import Changes, DocumentTerms, EndingTerms, Payload, PeriodTerms, Said
from register.scope import UNRESTRICTED, SharedScope
from register.sentences import say
from register.texts import check_line
from register.values import Claims, Country, Id, LongText, Names, ProviderType, Text, Url, term

_PUBLIC_KEY_MEMBERS: Final = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"})


def _refuse_private_members(jwk: dict[str, str]) -> dict[str, str]:
    if "kty" not in jwk or not jwk.keys() <= _PUBLIC_KEY_MEMBERS:
        members = ", ".join(sorted(_PUBLIC_KEY_MEMBERS))
        raise ValueError(say("expected a public key (RFC 7517) with kty and none but {members}", members=members))
    return jwk


PublicJwk = Annotated[
    dict[
        Annotated[str, StringConstraints(max_length=20, strict=True)],
        Annotated[str, StringConstraints(max_length=2000, strict=True), AfterValidator(check_line)],
    ],
    Field(max_length=20),
    AfterValidator(_refuse_private_members),
]


class RegisterOpened(Said):
    """Entry 0: the node says who it is, which keys are its own and for which countries it may speak."""

    name: Text
    territory: Annotated[tuple[Country, ...], Field(min_length=1, max_length=260, fail_fast=True)]
    operator: Text
    policy_url: Url | None = None
    vkey: Text
    witness_vkey: Text
    statement_jwk: PublicJwk
    demonstration: StrictBool = False


class AgencyTerms(PeriodTerms):
    """A quality assurance agency and the scope and period for which it is recognised."""

    names: Names
    country: Country
    acronym: Text | None = None
    identifiers: Claims = ()
    website: Url | None = None
    scope: SharedScope = UNRESTRICTED
    decision_document: DocumentTerms | None = None
    demonstration: StrictBool = False


class AgencyRecognised(AgencyTerms, Said):
    """The operator recognises an agency."""


class AgencyChanges(Changes):
    """New values for an agency's record; what is absent stays. `effective_from` dates a change of scope.

    A correction of the entry that withdrew the recognition takes the withdrawal back.
    """

    never_empty = frozenset({"names", "country", "identifiers", "valid_from"})
    names: Names | None = None
    country: Country | None = None
    acronym: Text | None = None
    identifiers: Claims | None = None
    website: Url | None = None
    scope: SharedScope | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    decision_document: DocumentTerms | None = None


class AgencyAmended(AgencyChanges, Said):
    """The operator amends an agency's recognition."""


class AgencyWithdrawn(EndingTerms, Said):
    """The operator withdraws an agency's recognition."""


class IssuerTerms(Payload):
    """An organisation that awards credentials; Type 1: formal education, Type 2: other provider."""

    names: Names
    country: Country
    provider_type: Annotated[Literal[1, 2], ProviderType] = 1
    acronym: Text | None = None
    sites: Annotated[tuple[Text, ...], Field(max_length=200, fail_fast=True)] = ()
    identifiers: Claims = ()
    website: Url | None = None
    demonstration: StrictBool = False


class IssuerRegistered(IssuerTerms, Said):
    """An agency or the operator registers an issuer."""


class IssuerChanges(Changes):
    """New values for an issuer's record; what is absent stays. `effective_from` dates a change of name.

    A correction of the entry that closed the issuer takes the closure back.
    """

    never_empty = frozenset({"names", "country", "provider_type", "identifiers", "sites"})
    names: Names | None = None
    country: Country | None = None
    provider_type: Annotated[Literal[1, 2], ProviderType] | None = None
    acronym: Text | None = None
    sites: Annotated[tuple[Text, ...], Field(max_length=200, fail_fast=True)] | None = None
    identifiers: Claims | None = None
    website: Url | None = None


class IssuerAmended(IssuerChanges, Said):
    """An agency or the operator amends an issuer's record."""


class IssuerClosed(EndingTerms, Said):
    """An agency or the operator records that an issuer has closed."""


class RelationTerms(PeriodTerms):
    """How an issuer relates to another from a date on.

    `accreditations_pass_on` absent means: they do in a merger, absorption or succession, and do not otherwise.
    """

    relation: Annotated[str, BeforeValidator(term("relations"))]
    other: Id
    accreditations_pass_on: StrictBool | None = None
    note: LongText | None = None


class IssuerRelated(RelationTerms, Said):
    """An agency or the operator records how two issuers relate."""
