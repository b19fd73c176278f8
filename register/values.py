"""The small value types that events, command bodies and questions are made of, each checked where it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from register import vocabularies
from register.identifiers import normalise_value
from register.records import IdentifierClaim

UUID_PATTERN: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _refuse_control_characters(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("expected text without control characters; remove them")
    return text


def _check_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\s<>\"\\]", text):
        raise ValueError(f"expected a web address such as https://www.example.org, got {text[:80]!r}")
    return text


def term(vocabulary: str) -> Callable[[object], str]:
    """Return a validator that reads a term of `vocabulary` (code or URI) and gives its code."""

    def read(value: object) -> str:
        return vocabularies.load(vocabulary).get(value).code

    return read


def _claim_canonically(value: object) -> object:
    """Bring an identifier claim to its scheme's canonical spelling, keeping what was written when it differs."""
    if not isinstance(value, Mapping):
        return value
    scheme, written = value.get("scheme"), value.get("value")
    if not isinstance(scheme, str) or not isinstance(written, str):
        return value
    canonical = normalise_value(vocabularies.load("identifier-schemes").get(scheme).code, written)
    original = value.get("original") or (written if written != canonical else None)
    return {**value, "value": canonical, **({"original": original} if original else {})}


Id = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
    AfterValidator(_refuse_control_characters),
]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=5000), AfterValidator(_refuse_control_characters)]
Url = Annotated[str, StringConstraints(min_length=8, max_length=2000), AfterValidator(_check_url)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
Names = Annotated[dict[Language, Text], Field(min_length=1, max_length=60)]
Country = Annotated[str, BeforeValidator(term("countries"))]
Reason = Annotated[str, BeforeValidator(term("reasons"))]
Claim = Annotated[IdentifierClaim, BeforeValidator(_claim_canonically)]
Claims = Annotated[tuple[Claim, ...], Field(max_length=100)]
Payload = dict[str, Any]
