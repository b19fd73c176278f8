"""A reader who asked for a date keeps it from page to page, and a count leads to as many as it says."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from register import commands
from register.site.links import carry, carrying, path_to
from tests import factories
from tests.site.conftest import Register
from tests.site.test_pages import Elements, read, words

THEN = "2020-06-01"
DATED = re.compile(r"/(issuers|agencies|accreditations|programmes|countries|figures)(/[\w-]+)?")
"""Addresses of pages that take both dates."""


def follow_links(register: Register, path: str) -> dict[str, dict[str, str]]:
    """Return the links of a page to pages that take dates, but for those that take a date away: address → its query."""
    main = read(register, path).partition("<main")[2].partition("</main>")[0]
    links = [
        attributes["href"] or ""
        for tag, attributes in Elements(re.sub(r'<a [^>]*href="[^"]*">Back to today</a>', "", main)).found
        if tag == "a" and "href" in attributes and attributes.get("class") != "chip"
    ]
    return {
        link: dict(parse_qsl(urlsplit(link).query))
        for link in links
        if link.startswith("/") and DATED.fullmatch(urlsplit(link).path)
    }


@pytest.mark.parametrize(
    "path",
    [
        *("/countries", "/countries/NL", "/figures", "/issuers?q=college", "/agencies", "/agencies/{agency}"),
        *("/issuers/{issuer}", "/issuers/{hostile}", "/accreditations/{accreditation}", "/programmes/{programme}"),
    ],
)
def test_links_carry_both_dates_and_lead_to_pages(register: Register, path: str) -> None:
    size = commands_size(register)
    known = f"register.nl.example/ledger@{size}"
    asked = path.format(
        **{name: getattr(register, name) for name in ("agency", "issuer", "hostile")}, **others(register)
    )
    sign = "&" if "?" in asked else "?"
    links = follow_links(register, f"{asked}{sign}at={THEN}&known_at={known}")
    assert links
    for link, query in links.items():
        assert (query.get("at"), query.get("known_at")) == (THEN, known), link
        read(register, link)


def others(register: Register) -> dict[str, str]:
    return {"accreditation": register.accreditation, "programme": register.programme}


def commands_size(register: Register) -> int:
    size: int = register.client.get("/ledger/checkpoints", headers={"Accept": "application/json"}).json()["items"][0][
        "size"
    ]
    return size


def test_a_page_without_dates_has_links_without_them(register: Register) -> None:
    for path in ("/countries/NL", "/figures", f"/issuers/{register.issuer}"):
        assert not any({"at", "known_at"} & set(query) for query in follow_links(register, path).values()), path


def test_what_changed_is_asked_up_to_the_date_shown(register: Register) -> None:
    page = read(register, f"/issuers/{register.issuer}?at={THEN}")
    address = f"/issuers/{register.issuer}/changes?to={THEN}"
    assert f'href="{address}"' in page
    assert "On 1 June 2020" in words(read(register, address))


@pytest.mark.parametrize("at", ["", THEN])
def test_the_counts_of_a_country_lead_to_as_many_issuers(register: Register, at: str) -> None:
    terms = factories.ending("2022-01-01", "lapsed")
    commands.close_issuer(register.hostile, terms, actor=factories.OPERATOR)
    page = read(register, f"/countries/NL{'?at=' if at else ''}{at}")
    tiles = re.findall(r'<b>(\d+)</b><p><a href="([^"]+)">Show them</a>', page)
    assert [int(number) for number, _ in tiles] == ([3, 2] if at else [2, 1])
    for number, address in tiles:
        listed = words(read(register, address.replace("&amp;", "&")))
        assert ("There is one issuer." if number == "1" else f"{number} issuers, in the order") in listed


def test_an_address_that_names_a_date_itself_keeps_to_it() -> None:
    with carrying({"at": THEN, "known_at": None}):
        assert path_to("issuer", "1") == carry("/issuers/1") == f"/issuers/1?at={THEN}"
        assert carry("/issuers", at=None, country="NL") == "/issuers?country=NL"
        assert carry("/issuers", at="2021-01-01") == "/issuers?at=2021-01-01"
    assert carry("/issuers/1") == "/issuers/1"
