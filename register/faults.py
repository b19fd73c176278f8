"""Faults that pydantic finds in what people fill in, as sentences that pages tell in their readers' language.

The API answers with pydantic's own words (register/api/problems.py); these are for forms and files. What a validator of
ours raised is taken as it is; what pydantic checks by itself has a sentence here, by its type of error (pydantic,
"Validation Errors"). A type that is not listed keeps pydantic's English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from register.sentences import Said, say

_SENTENCES: Final[Mapping[str, Callable[[Mapping[str, Any]], Said]]] = {
    "missing": lambda facts: say("this field is required; fill it in"),
    "extra_forbidden": lambda facts: say("there is no such field; remove it"),
    "unexpected_keyword_argument": lambda facts: say("there is no such field; remove it"),
    "string_too_long": lambda facts: say("expected at most {number} characters", number=facts["max_length"]),
    "string_too_short": lambda facts: _say_least(facts["min_length"]),
    "string_pattern_mismatch": lambda facts: say("this is not written as it has to be; see the hint at the field"),
    "string_type": lambda facts: say("expected text"),
    "too_long": lambda facts: say("expected at most {number} of them", number=facts["max_length"]),
    "too_short": lambda facts: say("expected at least {number} of them", number=facts["min_length"]),
    "int_type": lambda facts: say("expected a whole number"),
    "int_parsing": lambda facts: say("expected a whole number"),
    "int_from_float": lambda facts: say("expected a whole number"),
    "bool_type": lambda facts: say("expected yes or no"),
    "greater_than_equal": lambda facts: say("expected a number from {number} up", number=facts["ge"]),
    "less_than_equal": lambda facts: say("expected a number up to {number}", number=facts["le"]),
    "less_than": lambda facts: say("expected a number below {number}", number=facts["lt"]),
    "literal_error": lambda facts: say("expected one of {choices}", choices=str(facts["expected"])),
}


def say_fault(fault: Mapping[str, Any]) -> str:
    """Return what is wrong, of one fault of `ValidationError.errors()`; only ours repeat what was filled in."""
    facts: Mapping[str, Any] = fault.get("ctx") or {}
    if fault["type"] == "value_error":
        return str(facts["error"])
    known = _SENTENCES.get(fault["type"])
    return known(facts) if known else str(fault["msg"])


def _say_least(number: int) -> Said:
    return say("fill this in") if number == 1 else say("expected at least {number} characters", number=number)
