"""Faults of what people fill in: pydantic's in words of ours, those of our validators as they are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints, ValidationError

from register.faults import say_fault
from register.moments import Moment
from register.sentences import Said
from register.values import Country, Text


class Everything(BaseModel):
    """A field for each kind of check that payloads make."""

    model_config = ConfigDict(extra="forbid")

    name: Text = "x"
    day: Moment | None = None
    country: Country = "NL"
    code: Annotated[str, StringConstraints(pattern="^[a-z]+$", min_length=2, strict=True)] = "ab"
    level: Annotated[StrictInt, Field(ge=1, le=8)] = 1
    place: Annotated[int, Field(lt=5)] = 1
    sure: StrictBool = True
    status: Literal["obligatory", "voluntary"] = "voluntary"
    many: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("x",)


def find_faults(**given: Any) -> list[str]:
    with pytest.raises(ValidationError) as error:
        Everything(**given)
    return [say_fault(fault) for fault in error.value.errors(include_url=False, include_input=False)]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ""}, "fill this in"),
        ({"name": "x" * 501}, "expected at most 500 characters"),
        ({"name": 5}, "expected text"),
        ({"name": "a\u202eb"}, "expected text without control or hidden characters, got U+202E; remove it"),
        ({"day": "31.1.2024"}, "expected a date such as 2024-01-31 or 2024-01-31T12:00:00Z, got '31.1.2024'"),
        ({"code": "a"}, "expected at least 2 characters"),
        ({"code": "AB"}, "this is not written as it has to be; see the hint at the field"),
        ({"level": 9}, "expected a number up to 8"),
        ({"level": 0}, "expected a number from 1 up"),
        ({"level": "6"}, "expected a whole number"),
        ({"place": 5}, "expected a number below 5"),
        ({"place": "x"}, "expected a whole number"),
        ({"place": 1.5}, "expected a whole number"),
        ({"sure": "yes"}, "expected yes or no"),
        ({"status": "both"}, "expected one of 'obligatory' or 'voluntary'"),
        ({"many": ()}, "expected at least 1 of them"),
        ({"many": ("x", "y", "z")}, "expected at most 2 of them"),
        ({"other": 1}, "there is no such field; remove it"),
    ],
)
def test_each_fault_is_a_sentence_that_can_be_told_in_any_language(given: dict[str, Any], sentence: str) -> None:
    (fault,) = find_faults(**given)
    assert fault == sentence
    assert isinstance(fault, Said)


def test_a_term_that_its_list_does_not_hold_says_which_may_be_meant() -> None:
    (fault,) = find_faults(country="Netherlnds")
    assert isinstance(fault, Said)
    assert "did you mean NL?" in fault


def test_a_fault_without_a_sentence_of_ours_keeps_pydantics() -> None:
    assert say_fault({"type": "uuid_parsing", "loc": ("id",), "msg": "Input should be a valid UUID"}).startswith(
        "Input"
    )
