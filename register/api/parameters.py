"""Query parameters: declared once per address, read strictly, described in the API's document from the same values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from django.http import HttpRequest

from register.errors import NotUnderstood
from register.sentences import say
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
            expected = ", ".join(known) or say("none")
            raise NotUnderstood(
                "unknown_parameter",
                _shown(name),
                say("no parameter {shown}; expected {expected}", shown=repr(_shown(name)), expected=expected),
            )
        if name in found:
            raise NotUnderstood(
                "parameter_repeated", name, say("{name} was given more than once; give it once", name=name)
            )
        found[name] = _read(known[name], text)
    return {name: value for name, value in found.items() if value is not None}


def refuse_unknown(name: str, known: Iterable[str]) -> NoReturn:
    """Raise NotUnderstood for a parameter that an address does not have."""
    expected = ", ".join(known) or say("none")
    sentence = say(
        "there is no parameter {shown} here; expected {expected}", shown=repr(_shown(name)), expected=expected
    )
    raise NotUnderstood("unknown_parameter", _shown(name), sentence)


def split_query(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the names and values of a query string; raise NotUnderstood unless it is UTF-8 of ordinary size."""
    written = request.META.get("QUERY_STRING", "")
    try:
        raw = written.encode("latin-1").decode("utf-8")
        return parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except UnicodeError:
        raise NotUnderstood(
            "query_not_understood", "", say("expected UTF-8 in the query string, percent-encoded")
        ) from None
    except ValueError:
        raise NotUnderstood("query_not_understood", "", say("expected at most {most} parameters", most=MOST)) from None


def _read(parameter: Parameter, text: str) -> Any:
    if len(text) > LONGEST or any(sign < " " or sign == "\x7f" for sign in text):
        sentence = say(
            "{name}: expected text without control characters, at most {most} of them",
            name=parameter.name,
            most=LONGEST,
        )
        raise NotUnderstood("invalid", parameter.name, sentence)
    if not text.strip():
        return None
    try:
        return parameter.read(text.strip())
    except UnknownTerm as error:
        raise NotUnderstood(
            "unknown_term", parameter.name, say("{name}: {fault}", name=parameter.name, fault=error.say_with_list())
        ) from None
    except ValueError as error:
        raise NotUnderstood(
            "invalid", parameter.name, say("{name}: {fault}", name=parameter.name, fault=str(error))
        ) from None


def _shown(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name[:60])


def whole_number(at_least: int, at_most: int) -> Callable[[str], int]:
    """Return a reader of decimal numbers within bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= 18 and at_least <= int(text) <= at_most):
            raise ValueError(
                say(
                    "expected a whole number from {at_least} to {at_most}, got {text}",
                    at_least=at_least,
                    at_most=at_most,
                    text=repr(text[:20]),
                )
            )
        return int(text)

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader that lets only these words through."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(
                say("expected one of {choices}, got {text}", choices=", ".join(choices), text=repr(text[:40]))
            )
        return text

    return read
