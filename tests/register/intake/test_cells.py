"""Single cells: cleaned once and for all, read in every usual spelling, refused where they may mean two things."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.intake.cells import BadCell, clean_text, parse_date, parse_website
from register.texts import check_line, check_url


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("  a  b ", "a b"),
        ("A\u00a0 B", "A B"),
        ("STREET_x000D_\nCITY", "STREET CITY"),
        ("\u200bRue\ufeff Aubin", "Rue Aubin"),
        ("e\u0301cole", "école"),
        ("a\x00b", "a b"),
    ],
)
def test_text_loses_what_nobody_sees(written: str, clean: str) -> None:
    assert clean_text(written) == clean


@given(st.one_of(st.text(), st.text(st.characters(categories=["Cs", "Cf", "Cc", "Zs"]))))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert check_line(once) == once


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("", ""),
        ("www.uva.nl", "http://www.uva.nl"),
        ("http://www.fhv.at ", "http://www.fhv.at"),
        ("HTTPS://WWW.Example.ORG/Path", "https://www.example.org/Path"),
        ("http//www.univ-perp.fr", "http://www.univ-perp.fr"),
        ("www.uoi.gr / www.rc.uoi.gr", "http://www.uoi.gr"),
        ("www. ies.example.es", "http://www.ies.example.es"),
        ("https://sites.google.com/xtec.cat/ismb", "https://sites.google.com/xtec.cat/ismb"),
        ("https://social.example/@school", "https://social.example/@school"),
        ("https://école.example/", "https://xn--cole-9oa.example/"),
        ("school.example?id=1", "http://school.example/?id=1"),
        ("https://school.example:8443/a#b", "https://school.example:8443/a"),
    ],
)
def test_a_website_becomes_an_absolute_address(written: str, url: str) -> None:
    assert parse_website(written) == url
    assert parse_website(url) == url


@pytest.mark.parametrize(
    "written", ["info@school.example", "http://office@school.example", "20004497200087", "/llompart.cat", "none", "a b"]
)
def test_what_is_no_website_is_refused(written: str) -> None:
    with pytest.raises(BadCell):
        parse_website(written)


@given(st.one_of(st.text(), st.from_regex(r"(https?:/?/?)?[a-z.@:0-9/?#%\[\]-]{0,30}", fullmatch=True)))
def test_an_accepted_website_is_a_fixed_point(text: str) -> None:
    with suppress(BadCell):
        once = parse_website(text)
        assert parse_website(once) == once
        assert once == "" or check_url(once) == once


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("", None),
        ("2024-03-04", date(2024, 3, 4)),
        ("2024-03-04T00:00:00", date(2024, 3, 4)),
        ("4.3.2024", date(2024, 3, 4)),
        ("04.03.2024", date(2024, 3, 4)),
        ("13/04/2024", date(2024, 4, 13)),
        ("05/05/2024", date(2024, 5, 5)),
    ],
)
def test_a_date_is_read_in_its_usual_spellings(written: str, day: date | None) -> None:
    assert parse_date(written) == day


@pytest.mark.parametrize(
    "written", ["03/04/2024", "04/13/2024", "2024-02-30", "0001-01-01", "45292", "March 2024", "24-3-4", "٢٠٢٤-٠٣-٠٤"]
)
def test_an_ambiguous_or_impossible_date_is_refused_with_the_cure(written: str) -> None:
    with pytest.raises(BadCell, match="yyyy-mm-dd"):
        parse_date(written)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2999, 12, 31)))
def test_iso_and_dotted_dates_agree(day: date) -> None:
    assert parse_date(day.isoformat()) == parse_date(day.strftime("%d.%m.%Y")) == day
