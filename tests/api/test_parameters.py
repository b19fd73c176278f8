"""Query strings: only declared parameters, each once, in UTF-8, without what a database cannot store."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote_from_bytes

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from register.api.parameters import Parameter, one_of, read_query, whole_number
from register.errors import NotUnderstood

PARAMETERS = (
    Parameter("q", "a text"),
    Parameter("limit", "a number", whole_number(1, 100)),
    Parameter("state", "a word", one_of("open", "closed")),
)


def read(query: str) -> dict[str, object]:
    return read_query(RequestFactory().get("/", QUERY_STRING=query), PARAMETERS)


def test_declared_parameters_are_read_and_empty_ones_left_out() -> None:
    assert read("q=Universit%C3%A9%20%C3%A0&limit=7&state=") == {"q": "Université à", "limit": 7}


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("x=1", "unknown_parameter", "x"),
        ("Q=1", "unknown_parameter", "Q"),
        ("q[]=1", "unknown_parameter", "q[]"),
        ("%00=1", "unknown_parameter", "?"),
        ("q=1&q=1", "parameter_repeated", "q"),
        ("q=%00", "invalid", "q"),
        ("q=a%0Ab", "invalid", "q"),
        ("q=" + "a" * 3000, "invalid", "q"),
        ("q=%ff", "query_not_understood", ""),
        ("%ff=1", "query_not_understood", ""),
        ("q=%ed%a0%80", "query_not_understood", ""),
        ("&".join("q=1" for _ in range(60)), "query_not_understood", ""),
        ("limit=0", "invalid", "limit"),
        ("limit=101", "invalid", "limit"),
        ("limit=-1", "invalid", "limit"),
        ("limit=1e2", "invalid", "limit"),
        ("limit=%D9%A1", "invalid", "limit"),
        ("limit=" + "9" * 40, "invalid", "limit"),
        ("state=ajar", "invalid", "state"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(query: str, code: str, field: str) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        read(query)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert refusal.value.message.isprintable()


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(name: bytes, value: bytes) -> None:
    with suppress(NotUnderstood):
        found = read(f"{quote_from_bytes(name)}={quote_from_bytes(value)}")
        assert all("\x00" not in str(text) for text in found.values())


@given(st.text(max_size=60))
def test_raw_characters_are_read_or_refused(query: str) -> None:
    with suppress(NotUnderstood):
        read(query.encode("utf-8", "surrogatepass").decode("latin-1"))
