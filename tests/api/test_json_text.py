"""Bodies: JSON that two readers could read differently is refused with a sentence; all else is read."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.api.json_text import DEEPEST, LARGEST, parse_json
from register.errors import NotUnderstood

REFUSED = {
    "a name twice": b'{"a":1,"a":1}',
    "a name twice, deep": b'[{"b":{"a":1,"a":2}}]',
    "a name twice, spelt differently": b'{"a":1,"\\u0061":2}',
    "not a number": b"[NaN]",
    "infinity": b"[Infinity]",
    "minus infinity": b"[-Infinity]",
    "a lone high surrogate": b'"\\ud800"',
    "a lone low surrogate": b'["\\udc00x"]',
    "a lone surrogate as a name": b'{"\\ud834":1}',
    "NUL": b'"a\\u0000b"',
    "NUL as a name": b'{"\\u0000":1}',
    "a bare NUL": b'"\x00"',
    "too deep": b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
    "far too deep": b'{"a":' * 100_000,
    "a number that is too large": str(LARGEST + 1).encode(),
    "a number of many digits": b"9" * 100_000,
    "a decimal beyond measure": b"1e999",
    "a decimal of many digits": b"0." + b"1" * 5_000,
    "not UTF-8": b'"\xff"',
    "UTF-16": '"a"'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf"a"',
    "nothing": b"",
    "two values": b"1 2",
    "a trailing comma": b"[1,]",
    "single quotes": b"{'a':1}",
    "a comment": b"[1] // one",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_ambiguous_or_broken_json_is_refused_with_a_sentence(text: bytes) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        parse_json(text)
    assert refusal.value.code == "body_not_understood"
    assert len(refusal.value.message) < 300
    assert "\x00" not in refusal.value.message


def test_a_name_that_is_repeated_at_the_end_of_a_large_object_is_found_in_time() -> None:
    names = ",".join(f'"n{i}":0' for i in range(20_000))
    with pytest.raises(NotUnderstood, match="n19999"):
        parse_json(f'{{{names},"n19999":0}}'.encode())


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=30,
)


@given(VALUES, st.booleans())
def test_ordinary_json_is_read_as_any_reader_reads_it(value: object, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped).encode()
    try:
        assert parse_json(text) == value
    except NotUnderstood:
        assert str(value).count("[") + str(value).count("{") > DEEPEST


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    with suppress(NotUnderstood):
        parse_json(text)


def test_brackets_inside_texts_nest_nothing() -> None:
    assert parse_json(b'"' + b"[{" * 100 + b'\\""') == "[{" * 100 + '"'
