"""The small value types that events, command bodies and questions are made of, each checked where it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from register import vocabularies
from register.identifiers import normalise_value
from register.records import IdentifierClaim
from register.sentences import say
from register.texts import Language, LongText, Names, Sha256, Text, Url

__all__ = [
    "UUID_PATTERN",
    "Claim",
    "Claims",
    "Country",
    "Id",
    "Language",
    "LongText",
    "Names",
    "Payload",
    "ProviderType",
    "Reason",
    "Sha256",
    "Text",
    "Url",
    "term",
]

UUID_PATTERN: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
MAX_INDEX: Final = 2**53 - 1
"""The largest integer an entry can hold (RFC 7493, section 2.2)."""


@cache
def term(vocabulary: str) -> Callable[[object], str]:
    """Return a validator that reads a term of `vocabulary` (code or URI) and gives its code."""

    def read(value: object) -> str:
        terms = vocabularies.load(vocabulary)
        # A code as we write it needs no search for other spellings.
        return value if isinstance(value, str) and value in terms else terms.get(value).code

    return read


def _claim_canonically(value: object) -> object:
    """Bring an identifier claim to its scheme's canonical spelling, keeping what was written when it differs."""
    if not isinstance(value, Mapping):
        return value
    scheme, written = value.get("scheme"), value.get("value")
    if not isinstance(scheme, str) or not isinstance(written, str):
        return value
    code = term("identifier-schemes")(scheme)
    canonical = normalise_value(code, written)
    original = value.get("original") or (written if written != canonical else None)
    return {**value, "scheme": code, "value": canonical, **({"original": original} if original else {})}


def _check_claim_period(claim: IdentifierClaim) -> IdentifierClaim:
    if claim.valid_from and claim.valid_until and claim.valid_until <= claim.valid_from:
        raise ValueError(say("expected valid_until after valid_from; give a later end, or leave it out"))
    return claim


def _refuse_other_numbers(value: object) -> object:
    """In Python `True` and `1.0` equal 1; in an entry they are something else."""
    if type(value) is not int:
        got = type(value).__name__
        raise ValueError(say("expected 1 (formal education) or 2 (other provider), got {got}", got=got))
    return value


Id = Annotated[str, StringConstraints(pattern=UUID_PATTERN, strict=True)]
ProviderType = BeforeValidator(_refuse_other_numbers)
Country = Annotated[str, BeforeValidator(term("countries"))]
Reason = Annotated[str, BeforeValidator(term("reasons"))]
Claim = Annotated[IdentifierClaim, BeforeValidator(_claim_canonically), AfterValidator(_check_claim_period)]
Claims = Annotated[tuple[Claim, ...], Field(max_length=100, fail_fast=True)]
Payload = dict[str, Any]
