"""Questions are read strictly: what is not understood is refused by the field's name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.errors import NotUnderstood
from register.identifiers import Identifier
from register.trust import FIELDS, AskedQuestion, TreeSize, parse_question

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ID = "0190b0a8-0000-7000-8000-000000000001"


def read(**params: Any) -> AskedQuestion:
    return parse_question({"issuer": "schac:college.example", **params}, NOW)


def refusal(**params: Any) -> NotUnderstood:
    with pytest.raises(NotUnderstood) as caught:
        read(**params)
    return caught.value


def test_what_is_absent_is_not_asked_and_at_is_now() -> None:
    asked = read()
    assert asked.question.issuer == Identifier("schac", "college.example")
    assert asked.question.at == NOW
    assert asked.question.issuer_text == "schac:college.example"
    assert not asked.pinned
    names = ("known_at", "credential_type", "eqf_level", "isced_f", "jurisdiction", "programme", "key", "anchored_at")
    assert [getattr(asked.question, name) for name in names] == [None] * len(names)


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_an_empty_value_is_an_absent_one(nothing: str | None) -> None:
    assert read(**dict.fromkeys(FIELDS[1:], nothing)) == read()


def test_every_field_is_brought_to_its_canonical_form() -> None:
    asked = read(
        at="2025-01-01",
        credential_type="Bachelor’s degree (QF-EHEA first cycle)",
        eqf_level="QF-EHEA first cycle",
        isced_f="0613",
        jurisdiction="EL",
        programme=f"https://register.nl.example/programmes/{ID.upper()}",
        key="did:web:college.example#key-1",
        anchored_at="2025-01-20T10:00:00+01:00",
    ).question
    assert asked.at == datetime(2025, 1, 1, tzinfo=UTC)
    assert (asked.credential_type, asked.eqf_level, asked.isced_f) == ("bachelor-degree", 6, "0613")
    assert (asked.jurisdiction, asked.programme, asked.key) == ("GR", ID, "did:web:college.example")
    assert asked.anchored_at == datetime(2025, 1, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize("level", [6, "6", "EQF 6", "http://data.europa.eu/snb/eqf/6"])
def test_a_level_is_read_from_a_number_too(level: Any) -> None:
    assert read(eqf_level=level).question.eqf_level == 6


THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("did:web:college.example", "did:web:college.example"),
        ("did:web:college.example?x=1#key", "did:web:college.example"),
        (THUMBPRINT, THUMBPRINT),
        (f"jwk:{THUMBPRINT}", THUMBPRINT),
        (f"x5t:{THUMBPRINT}", THUMBPRINT),
        ("eidas:vatbe-0876866142", "VATBE-0876866142"),
        ("VATBE-0876866142", "VATBE-0876866142"),
    ],
)
def test_a_key_is_named_in_any_of_its_ways(written: str, value: str) -> None:
    assert read(key=written).question.key == value


def test_a_bare_date_of_knowledge_is_its_last_instant() -> None:
    end = datetime(2026, 8, 2, tzinfo=UTC) - timedelta(microseconds=1)
    assert read(known_at="2026-08-01").known_instant == end
    assert read(known_at="2026-08-01T00:00:00Z").known_instant == datetime(2026, 8, 1, tzinfo=UTC)
    assert read(known_at="2026-08-01").pinned


def test_knowledge_is_named_by_the_size_of_a_ledger() -> None:
    asked = read(known_at="register.nl.example/ledger@840")
    assert (asked.known_size, asked.known_instant) == (TreeSize("register.nl.example/ledger", 840), None)
    assert asked.pinned
    assert asked.known_as({"register.nl.example/ledger": 840}).known_at == {"register.nl.example/ledger": 840}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "what is this"),
        ("issuer", "a\x00b"),
        ("issuer", "\ud800"),
        ("issuer", "x" * 601),
        ("at", "yesterday"),
        ("at", "2025-02-30"),
        ("at", "2025-01-01T00:00:00"),
        ("at", 20250101),
        ("known_at", "@840"),
        ("known_at", "register.nl.example/ledger@"),
        ("known_at", "register.nl.example/ledger@-1"),
        ("known_at", "register.nl.example/ledger@8e2"),
        ("known_at", "register.nl.example/ledger@٨"),
        ("known_at", "two words@840"),
        ("known_at", "tomorrow"),
        ("credential_type", "diploma mill"),
        ("eqf_level", "9"),
        ("eqf_level", 0),
        ("eqf_level", True),
        ("eqf_level", 6.0),
        ("isced_f", "61x"),
        ("isced_f", 61),
        ("jurisdiction", "ZZ"),
        ("jurisdiction", ["NL"]),
        ("programme", "bad\x07"),
        ("key", "did:nothing"),
        ("key", "short"),
        ("anchored_at", "soon"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(field: str, value: Any) -> None:
    error = refusal(**{field: value})
    assert (error.code, error.field) == ("invalid", field)
    assert "expected" in error.message or "not" in error.message


def test_an_issuer_is_required() -> None:
    error = refusal(issuer="")
    assert (error.code, error.field) == ("required", "issuer")


def test_an_unknown_field_is_refused_by_name_even_when_empty() -> None:
    error = refusal(level=None)
    assert (error.code, error.field) == ("unknown_field", "level")
    assert "eqf_level" in error.message


WORDS = st.one_of(
    st.none(),
    st.text(max_size=700),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.dates().map(str),
    st.lists(st.text()),
)


@given(st.dictionaries(st.one_of(st.sampled_from(FIELDS), st.text(max_size=20)), WORDS, max_size=6))
def test_anything_is_either_understood_or_refused(params: dict[str, Any]) -> None:
    asked, refused = understand(params)
    assert (asked is None) != (refused is None)
    assert asked is None or asked.question.at.tzinfo is not None
    assert refused is None or f"{refused.field}{refused.message}".encode()


def understand(params: dict[str, Any]) -> tuple[AskedQuestion | None, NotUnderstood | None]:
    try:
        return parse_question(params, NOW), None
    except NotUnderstood as error:
        return None, error
