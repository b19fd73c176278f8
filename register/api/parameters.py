"""Query parameters: declared once per address, read strictly, described in the API's document from the same values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from django.http import HttpRequest

from register.errors import NotUnderstood
from register.vocabularies import UnknownTerm

LONGEST: Final = 2_000
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter: its name, what it means, how its text is read (raising ValueError) and its JSON Schema."""

    name: str
    meaning: str
    read: Callable[[str], Any] = str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    example: Any = None
    required: bool = False


def read_query(request: HttpRequest, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the parameters given, by name, each read; absent and empty ones are left out.

    Raises NotUnderstood for a query that is not UTF-8, a parameter that is unknown or repeated, and a value that
    cannot be read, naming it.
    """
    known = {parameter.name: parameter for parameter in parameters}
    found: dict[str, Any] = {}
    for name, text in split_query(request):
        if name not in known:
            expected = ", ".join(known) or "none"
            raise NotUnderstood(
                "unknown_parameter", _shown(name), f"no parameter {_shown(name)!r}; expected {expected}"
            )
        if name in found:
            raise NotUnderstood("parameter_repeated", name, f"{name} was given more than once; give it once")
        found[name] = _read(known[name], text)
    return {name: value for name, value in found.items() if value is not None}


def refuse_unknown(name: str, known: Iterable[str]) -> NoReturn:
    """Raise NotUnderstood for a parameter that an address does not have."""
    sentence = f"there is no parameter {_shown(name)!r} here; expected {', '.join(known) or 'none'}"
    raise NotUnderstood("unknown_parameter", _shown(name), sentence)


def split_query(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the names and values of a query string; raise NotUnderstood unless it is UTF-8 of ordinary size."""
    written = request.META.get("QUERY_STRING", "")
    try:
        raw = written.encode("latin-1").decode("utf-8")
        return parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except UnicodeError:
        raise NotUnderstood("query_not_understood", "", "expected UTF-8 in the query string, percent-encoded") from None
    except ValueError:
        raise NotUnderstood("query_not_understood", "", f"expected at most {MOST} parameters") from None


def _read(parameter: Parameter, text: str) -> Any:
    if len(text) > LONGEST or any(sign < " " or sign == "\x7f" for sign in text):
        sentence = f"{parameter.name}: expected text without control characters, at most {LONGEST} of them"
        raise NotUnderstood("invalid", parameter.name, sentence)
    if not text.strip():
        return None
    try:
        return parameter.read(text.strip())
    except UnknownTerm as error:
        raise NotUnderstood("unknown_term", parameter.name, f"{parameter.name}: {error}") from None
    except ValueError as error:
        raise NotUnderstood("invalid", parameter.name, f"{parameter.name}: {error}") from None


def _shown(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name[:60])


def whole_number(at_least: int, at_most: int) -> Callable[[str], int]:
    """Return a reader of decimal numbers within bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= 18 and at_least <= int(text) <= at_most):
            raise ValueError(f"expected a whole number from {at_least} to {at_most}, got {text[:20]!r}")
        return int(text)

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader that lets only these words through."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, got {text[:40]!r}")
        return text

    return read
