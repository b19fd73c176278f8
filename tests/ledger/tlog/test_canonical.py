"""There is one spelling of a value, and only that spelling is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import canonical
from ledger.tlog.errors import CanonicalFormError

scalars = (
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"]))
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.text('abcAZ_\x7f\\"/', max_size=5)
values = st.recursive(scalars, lambda deeper: st.lists(deeper, max_size=5) | st.dictionaries(keys, deeper, max_size=5))


def write_naively(value: Any) -> str:
    """RFC 8785 as the text says it, slowly: the reference."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(write_character(character) for character in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(write_naively(item) for item in value) + "]"
    members = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(f"{write_naively(key)}:{write_naively(value[key])}" for key in members) + "}"


def write_character(character: str) -> str:
    short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    return short.get(character) or (f"\\u{ord(character):04x}" if character < " " else character)


@given(values)
def test_the_encoding_is_that_of_the_reference_and_reads_back(value: Any) -> None:
    data = canonical.encode(value)
    assert data == write_naively(value).encode() == rfc8785.dumps(value)
    assert canonical.decode(data) == value


@given(values, st.integers(0, 3))
def test_any_other_spelling_is_refused(value: Any, indent: int) -> None:
    for other in (
        json.dumps(value, indent=indent),
        json.dumps(value),
        json.dumps(value, ensure_ascii=False, sort_keys=True),
        json.dumps(value, separators=(",", ":")),
        " " + canonical.encode(value).decode(),
        canonical.encode(value).decode() + "\n",
    ):
        if other.encode() != canonical.encode(value):
            with pytest.raises(CanonicalFormError):
                canonical.decode(other.encode())


@given(st.binary())
def test_any_bytes_are_read_exactly_or_refused(data: bytes) -> None:
    try:
        value = canonical.decode(data)
    except CanonicalFormError:
        return
    assert canonical.encode(value) == data


def test_pitfall_11_keys_are_sorted_by_utf_16_code_units() -> None:
    """The example of RFC 8785 section 3.2.3."""
    example = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    assert list(json.loads(canonical.encode(example)).values()) == [2, 4, 6, 7, 1, 5, 3]


@pytest.mark.parametrize("text", ["é", "e\u0301", "\u212a", "ﬁ", "\ufeff", "\u2028", "</script>", "\x7f"])
def test_pitfall_11_strings_are_never_normalised_nor_escaped_needlessly(text: str) -> None:
    assert canonical.encode([text]) == f'["{text}"]'.encode()
    assert canonical.encode({text: text}) == f'{{"{text}":"{text}"}}'.encode()


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**400])
def test_pitfall_11_integers_beyond_2_53_are_refused(number: int) -> None:
    with pytest.raises(CanonicalFormError, match="2\\^53"):
        canonical.encode([number])
    with pytest.raises(CanonicalFormError):
        canonical.decode(b"[%d]" % number)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ude00\ud83d"])
def test_pitfall_11_lone_surrogates_are_refused(text: str) -> None:
    for value in (text, {text: 1}, {"é" + text: 1}, ["é", {"a": text}]):
        with pytest.raises(CanonicalFormError, match="surrogate"):
            canonical.encode(value)
    with pytest.raises(CanonicalFormError):
        canonical.decode(json.dumps([text]).encode())
    with pytest.raises(CanonicalFormError):
        canonical.decode(b'["' + text.encode("utf-8", "surrogatepass") + b'"]')


class Unusual(dict[str, int]):
    """A subclass could serialise as anything."""


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), b"a", {1: 2}, {None: 1}, {("a",): 1}, {"a"}, object(), Unusual(a=1)]
)
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(CanonicalFormError):
        canonical.encode([value])


def test_tuples_are_written_as_lists() -> None:
    assert canonical.encode({"a": (1, (2,))}) == b'{"a":[1,[2]]}'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"nul",
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"+1",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b"[1, 2]",
        b"[1,]",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000A"',
        b'"\\u001F"',
        b"'a'",
        b'"\t"',
        b"\xef\xbb\xbf1",
        b"\xff\xfe1\x00",
        "1".encode("utf-16"),
        b"[1]]",
        b"[1]x",
        b"\xff",
        b'"\xc0\xaf"',
        b"1" * 5000,
        b'{"a":1.5}',
    ],
)
def test_bytes_of_another_form_are_refused(data: bytes) -> None:
    with pytest.raises(CanonicalFormError):
        canonical.decode(data)


def nest(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_nesting_is_limited_and_never_exhausts_the_stack() -> None:
    assert canonical.encode(canonical.decode(nest(64))) == nest(64)
    for data in (nest(65), nest(500), nest(100_000), b"[" * 1_000_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000):
        with pytest.raises(CanonicalFormError):
            canonical.decode(data)


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.extend([loop, loop])
    circle: dict[str, Mapping[str, object]] = {}
    circle["self"] = circle
    for value in (loop, circle):
        with pytest.raises(CanonicalFormError, match="levels"):
            canonical.encode(value)


def test_the_position_of_the_first_difference_is_told() -> None:
    with pytest.raises(CanonicalFormError, match="from byte 5"):
        canonical.decode(b'{"a": 1}')


def test_an_error_never_repeats_the_content() -> None:
    for data in (b'{"secret":1.5,"secret":2}', b'{"secret": "secret"}', b'{"secret"'):
        with pytest.raises(CanonicalFormError) as caught:
            canonical.decode(data)
        assert "secret" not in str(caught.value)
