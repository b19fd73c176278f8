"""What payloads are made of: their base classes, who says it, periods, endings, documents, amendments."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    ValidationInfo,
    field_validator,
)

from register.moments import Moment
from register.records import Document
from register.sentences import Written, say
from register.values import (
    MAX_INDEX,
    Id,
    Language,
    LongText,
    Reason,
    Sha256,
    Text,
    Url,
)

Index = Annotated[StrictInt, Field(ge=0, le=MAX_INDEX)]
"""The index of an entry in its ledger."""


class Payload(BaseModel):
    """Base of all payloads: frozen, unknown fields allowed at the top level only."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False, hide_input_in_errors=True)


class Amending(Payload):
    """Base of amendments: new values for some fields of a record.

    A field set to null is emptied, except those in `never_empty`, which null leaves as they are.
    """

    never_empty: ClassVar[frozenset[str]] = frozenset()
    about_it: ClassVar[frozenset[str]] = frozenset({"actor", "effective_from", "reason", "note", "corrects"})

    def given(self) -> dict[str, Any]:
        """Return the fields that are to change and their new values, without what is said about the amendment."""
        named = self.model_fields_set & type(self).model_fields.keys() - self.about_it
        given = {name: getattr(self, name) for name in type(self).model_fields if name in named}
        return {name: value for name, value in given.items() if value is not None or name not in self.never_empty}


class Changes(Amending):
    """Base of amendments that hold from a date, or correct what an earlier entry said."""

    effective_from: Moment | None = None
    reason: Reason | None = None
    note: LongText | None = None
    corrects: Index | None = None


class Nested(BaseModel):
    """Base of values inside a payload: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Actor(Nested):
    """Who says it: a role, and the agency or issuer it speaks for; never a person."""

    role: Literal["node", "operator", "agency", "issuer"]
    organisation: Id | None = None


class Said(Payload):
    """A payload somebody answers for."""

    actor: Actor


class DocumentTerms(Nested):
    """A document kept elsewhere: address, SHA-256 (hex) of its bytes, languages."""

    url: Url
    sha256: Sha256 | None = None
    languages: Annotated[tuple[Language, ...], Field(max_length=30, fail_fast=True)] = ()

    def as_document(self) -> Document:
        """Return it as the value that records hold."""
        return Document(self.url, self.sha256, self.languages)


def check_order(start: Moment | None, end: Moment | None) -> Moment | None:
    """Return the end of a period; raise ValueError unless it lies after its start."""
    if start is not None and end is not None and end <= start:
        sentence = say(
            "expected an end after {start}; give a later one, or leave it out when open", start=Written(start)
        )
        raise ValueError(sentence)
    return end


class PeriodTerms(Payload):
    """A period of valid time; an absent end is open."""

    valid_from: Moment
    valid_until: Moment | None = None

    @field_validator("valid_until")
    @classmethod
    def _check_order(cls, end: Moment | None, info: ValidationInfo) -> Moment | None:
        return check_order(info.data.get("valid_from"), end)


class EndingTerms(Payload):
    """The end of something: from when, why, and on what basis."""

    effective_from: Moment
    reason: Reason
    note: LongText | None = None
    legal_basis: Text | None = None
