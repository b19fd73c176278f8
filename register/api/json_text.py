"""JSON of requests: strict (register.json_text), with refusals as the interface words them."""

from __future__ import annotations

from typing import Any, Final

from register.errors import NotUnderstood
from register.json_text import LARGEST, NotStrictJson, parse_strict

__all__ = ["DEEPEST", "LARGEST", "parse_json"]

DEEPEST: Final = 20


def parse_json(text: bytes) -> Any:
    """Return the value that `text` writes; raise NotUnderstood for anything ambiguous, too deep or not UTF-8."""
    try:
        return parse_strict(text, depth=DEEPEST)
    except NotStrictJson as error:
        raise NotUnderstood("body_not_understood", "", f"The body cannot be read as JSON: {error.sentence}.") from error
