"""Identifiers: every way of writing one leads to one spelling, and no look-alike does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.identifiers import NODE, Identifier, normalise_value, parse_identifier
from tests.ledgers import UTOPIA

ROR = "https://ror.org/04dkp9463"
SAMPLES = {
    "ror": ROR,
    "pic": "999974456",
    "erasmus": "NL UTRECHT01",
    "oid": "E10208990",
    "schac": "uu.nl",
    "vat": "NL001798650B01",
    "eidas": "NTRNL-30275924",
    "did": "did:web:uu.nl",
    "isni": "0000 0005 0710 6868",
    "deqar": "DEQARINST0001",
    "jwk": "A" * 43,
    "x5t": "b" * 43,
    "unheard-of": "some thing",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (UTOPIA, Identifier(NODE, UTOPIA)),
        (UTOPIA.upper(), Identifier(NODE, UTOPIA)),
        (f"https://register.nl.example/issuers/{UTOPIA}", Identifier(NODE, UTOPIA)),
        (f"https://register.nl.example/issuers/{UTOPIA}/", Identifier(NODE, UTOPIA)),
        ("https://www.uu.nl/about", Identifier("url", "https://www.uu.nl/about")),
        ("04dkp9463", Identifier("ror", ROR)),
        ("ror:04DKP9463", Identifier("ror", ROR)),
        ("http://www.ror.org/04dkp9463/", Identifier("ror", ROR)),
        ("pic:999974456", Identifier("pic", "999974456")),
        ("erasmus:nl  utrecht01", Identifier("erasmus", "NL UTRECHT01")),
        ("erasmus:IRL CORK01", Identifier("erasmus", "IRLCORK01")),
        ("schac:UU.nl", Identifier("schac", "uu.nl")),
        ("vat:NL 0017.98.650.B01", Identifier("vat", "NL001798650B01")),
        ("eidas:ntrnl-30275924", Identifier("eidas", "NTRNL-30275924")),
        ("did:web:uu.nl#key-1", Identifier("did", "did:web:uu.nl")),
        ("did:ebsi:zvHWX359A3CvfJnCYaAiAde", Identifier("did", "did:ebsi:zvHWX359A3CvfJnCYaAiAde")),
        ("A" * 43, Identifier("jwk", "A" * 43)),
        ("  04dkp9463  ", Identifier("ror", ROR)),
    ],
)
def test_every_way_of_writing_leads_to_one_spelling(text: str, expected: Identifier) -> None:
    assert parse_identifier(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x" * 501,
        "Utrecht University",
        "pic:12345",
        "pic:٩٩٩٩٧٤٤٥٦",
        "ror:0ſbcdef12",
        "schac:uu\u0440.nl",
        "did:web:",
        "did:web:uu.nl\x00",
        "vat:NL\u202e1",
        "erasmus:UTRECHT",
        "jwk:short",
        "https://x.example/\u2028x",
        "\ud800",
        "ror:０4dkp9463",
    ],
)
def test_look_alikes_and_nonsense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|not an identifier"):
        parse_identifier(text)


@pytest.mark.parametrize("scheme", SAMPLES)
def test_the_canonical_spelling_is_a_fixed_point(scheme: str) -> None:
    once = normalise_value(scheme, SAMPLES[scheme])
    assert once == SAMPLES[scheme]
    assert normalise_value(scheme, once) == once


@given(st.sampled_from(sorted(SAMPLES)), st.text(max_size=60))
def test_whatever_is_accepted_is_a_fixed_point(scheme: str, text: str) -> None:
    try:
        once = normalise_value(scheme, text)
    except ValueError:
        return
    assert normalise_value(scheme, once) == once


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_identifier(text)
    except ValueError:
        return
    assert found.value.strip() == found.value != ""
