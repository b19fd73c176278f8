"""Strict JSON (RFC 8259, I-JSON of RFC 7493): what two readers could read differently is refused with a sentence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from register.errors import NotUnderstood

DEEPEST: Final = 20
LONGEST_NUMBER: Final = 30
LARGEST: Final = 2**53 - 1
"""Integers beyond this are not the same number in every JSON reader (RFC 8259, section 6)."""


def parse_json(text: bytes) -> Any:
    """Return the value that `text` writes; raise NotUnderstood for anything ambiguous, too deep or not UTF-8."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"expected UTF-8, got byte {text[error.start]:#04x} at position {error.start}")
    _check_depth(decoded)
    try:
        value = json.loads(
            decoded,
            object_pairs_hook=_read_object,
            parse_constant=_refuse_constant,
            parse_int=_read_integer,
            parse_float=_read_decimal,
        )
    except json.JSONDecodeError as error:
        _refuse(f"{error.msg} at line {error.lineno}, column {error.colno}")
    except RecursionError:
        _refuse(f"expected at most {DEEPEST} levels of nesting")
    _check_texts(value)
    return value


def _refuse(sentence: str) -> NoReturn:
    raise NotUnderstood("body_not_understood", "", f"The body cannot be read as JSON: {sentence}.")


def _check_depth(text: str) -> None:
    """Count open brackets outside strings before any parser recurses."""
    depth, inside, escaped = 0, False, False
    for sign in text:
        if inside:
            inside, escaped = (escaped or sign != '"'), (sign == "\\" and not escaped)
        elif sign == '"':
            inside = True
        elif sign in "[{":
            depth += 1
            if depth > DEEPEST:
                _refuse(f"expected at most {DEEPEST} levels of nesting")
        elif sign in "]}":
            depth -= 1


def _read_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        _refuse(f"the name {twice[:60]!r} appears twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON")


def _read_integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER or abs(int(digits)) > LARGEST:
        _refuse(f"expected integers between -{LARGEST} and {LARGEST}")
    return int(digits)


def _read_decimal(digits: str) -> float:
    number = float(digits) if len(digits) <= LONGEST_NUMBER else float("inf")
    if number in (float("inf"), float("-inf")):
        _refuse("expected a number of ordinary size")
    return number


def _check_texts(value: Any) -> None:
    """Refuse what UTF-8 cannot carry or PostgreSQL cannot store: lone surrogates and NUL."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item


def _check_text(text: str) -> None:
    if "\x00" in text:
        _refuse("a text holds the character NUL (\\u0000); remove it")
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        _refuse("a text holds half of a surrogate pair; write the character itself")
