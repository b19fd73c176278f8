"""Strict JSON (RFC 8259, I-JSON of RFC 7493): what two readers could read differently is refused with a sentence.

The number of values is bounded before it is parsed, so that no text of a few bytes fills the memory; Python's parser
gives up nesting before it harms, and what it reads is then held to a lower bound.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from register.errors import RegisterError
from register.sentences import Said, cite, say

LONGEST_NUMBER: Final = 30
LARGEST: Final = 2**53 - 1
"""Integers beyond this are not the same number in every JSON reader (RFC 8259, section 6)."""
MOST_VALUES: Final = 400_000
"""Values in one text at most: an empty object takes 64 bytes of memory for 3 bytes of text."""

_LONG: Final = 16_384
"""Characters from which on a text surely has many brackets, so that they are not counted first."""

_STRINGS: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_DOUBTFUL: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""Escapes of NUL and of surrogates, in pairs or alone: texts without them need no second look."""

_USUAL: Final[Mapping[str, Said]] = {
    f"{said}": said
    for said in (
        say("Expecting value"),
        say("Expecting ',' delimiter"),
        say("Expecting ':' delimiter"),
        say("Expecting property name enclosed in double quotes"),
        say("Extra data"),
        say("Invalid control character at"),
        say("Unterminated string starting at"),
    )
}
"""What Python's parser says most often, as sentences that can be told in any language."""


class NotStrictJson(RegisterError):
    """A text that is not JSON, or that two readers could read differently; `code` is for programs."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def parse_strict(text: bytes, *, depth: int) -> Any:
    """Return the value that `text` writes, nested at most `depth` levels.

    Raises NotStrictJson: `not_utf8`, `too_deep`, `too_many_values`, `name_twice`, `not_a_number`, `number_too_large`,
    `nul`, `surrogate`, or `not_json` with the place of the fault.
    """
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(
            "not_utf8",
            say(
                "expected UTF-8, got byte {byte} at position {position}",
                byte=f"{text[error.start]:#04x}",
                position=error.start,
            ),
        )
    _check_size(decoded)
    try:
        value = _DECODER.decode(decoded)
    except json.JSONDecodeError as error:
        _refuse(
            "not_json",
            say(
                "{fault} at line {line}, column {column}",
                fault=_USUAL.get(error.msg) or cite(error.msg),
                line=error.lineno,
                column=error.colno,
            ),
        )
    except RecursionError:
        _refuse_depth(depth)
    if isinstance(value, dict | list) and (len(decoded) > _LONG or decoded.count("[") + decoded.count("{") > depth):
        _check_depth(value, depth)
    if "\\u" in decoded and _DOUBTFUL.search(decoded):
        _check_texts(value)
    return value


def _refuse(code: str, sentence: str) -> NoReturn:
    raise NotStrictJson(code, sentence)


def _check_size(text: str) -> None:
    """Count brackets and commas, without those inside strings only when there are suspiciously many."""
    if (
        len(text) > MOST_VALUES
        and _count_signs(text) > MOST_VALUES
        and _count_signs(_STRINGS.sub("", text)) > MOST_VALUES
    ):
        _refuse("too_many_values", say("expected at most {most} values", most=MOST_VALUES))


def _count_signs(text: str) -> int:
    return text.count(",") + text.count("[") + text.count("{")


def _check_depth(value: Any, deepest: int) -> None:
    """Go down level by level."""
    level = [value]
    for _ in range(deepest):
        level = [item for inner in level for item in (inner.values() if isinstance(inner, dict) else inner)]
        level = [item for item in level if isinstance(item, dict | list)]
        if not level:
            return
    _refuse_depth(deepest)


def _refuse_depth(deepest: int) -> NoReturn:
    _refuse("too_deep", say("expected at most {most} levels of nesting", most=deepest))


def _read_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        _refuse("name_twice", say("the name {twice} appears twice in one object", twice=repr(twice[:60])))
    return found


def _refuse_constant(name: str) -> NoReturn:
    _refuse("not_a_number", say("{name} is not JSON", name=name))


def _read_integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER or abs(int(digits)) > LARGEST:
        _refuse("number_too_large", say("expected integers between -{most} and {most}", most=LARGEST))
    return int(digits)


def _read_decimal(digits: str) -> float:
    number = float(digits) if len(digits) <= LONGEST_NUMBER else float("inf")
    if number in (float("inf"), float("-inf")):
        _refuse("number_too_large", say("expected a number of ordinary size"))
    return number


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_read_object,
    parse_constant=_refuse_constant,
    parse_int=_read_integer,
    parse_float=_read_decimal,
)


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
        _refuse("nul", say("a text holds the character NUL (\\u0000); remove it"))
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        _refuse("surrogate", say("a text holds half of a surrogate pair; write the character itself"))
