"""Bodies: read strictly as JSON objects, within a size, into the terms that events are made of.

`strict` makes from a payload's terms a variant that refuses unknown fields by name: an entry may hold fields this
software does not know yet, a request may not. What a token knows of itself (its agency, its issuer) need not be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import IO, Any, Final, TypeVar, cast

from django.conf import settings
from pydantic import BaseModel, ConfigDict
from rest_framework.parsers import BaseParser

from register.api.json_text import parse_json
from register.api.problems import Problem
from register.errors import NotUnderstood

Terms = TypeVar("Terms", bound=BaseModel)

MEDIA_TYPE: Final = "application/json"
BODY_LIMIT: Final[int] = settings.ASSAY_API_BODY_BYTES
"""Bytes of one body; lists of questions may have four times as much."""


class StrictJSONParser(BaseParser):
    """DRF's parser for application/json, by register.api.json_text; a view's `body_limit` bounds it."""

    media_type = MEDIA_TYPE

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the body's value; raises Problem 413 and NotUnderstood."""
        context = parser_context or {}
        limit = getattr(context.get("view"), "body_limit", BODY_LIMIT)
        text = b"" if declared_length(context) > limit else stream.read(limit + 1)
        if (not text and declared_length(context) > limit) or len(text) > limit:
            raise Problem(413, "too_large", f"The body is larger than the {limit} bytes accepted here; send less.")
        return parse_json(text)


def declared_length(context: Mapping[str, Any]) -> int:
    """Return the Content-Length of the request in a parser's context; the middleware has checked its form."""
    return int(context["request"].META.get("CONTENT_LENGTH") or 0) if "request" in context else 0


@cache
def strict(terms: type[Terms], filled: str | None = None) -> type[Terms]:
    """Return a subclass of `terms` that refuses unknown fields; `filled` is the field a token may fill in."""

    def loosen(schema: dict[str, Any]) -> None:
        if filled:
            schema["required"] = [name for name in schema["required"] if name != filled]
            schema["properties"][filled]["description"] = "Default: the token's own organisation."

    config = ConfigDict(extra="forbid", json_schema_extra=loosen)
    space = {"model_config": config, "__doc__": terms.__doc__, "__module__": __name__, "__qualname__": terms.__name__}
    return cast("type[Terms]", type(terms.__name__, (terms,), space))


def read_object(data: Any) -> dict[str, Any]:
    """Return a parsed body that is an object; raise NotUnderstood for any other value."""
    if not isinstance(data, dict):
        raise NotUnderstood("body_not_an_object", "", f"expected a JSON object, got {_kind(data)}")
    return data


def _kind(value: Any) -> str:
    return {list: "an array", str: "a text", bool: "true or false", type(None): "null"}.get(type(value), "a number")
