"""Figures and countries: what is counted, how it is drawn, and what is said where there is nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.test import Client

from register import commands
from register.site.charts import (
    LETTER,
    NARROW,
    WIDE,
    Layout,
    Row,
    Text,
    draw_bars,
    draw_columns,
    list_ticks,
    shorten,
)
from register.site.figure_words import list_months
from register.site.words import order_plainly
from tests import factories
from tests.site.conftest import Register
from tests.site.test_pages import JSON, Elements, read, words


@pytest.fixture
def counted(register: Register) -> Register:
    """An agency abroad, a voluntary accreditation that ends soon, one for all levels."""
    abroad = factories.make_agency(names={"en": "Agency from abroad"}, country="BE")
    until = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
    scope = {"eqf_levels": [5], "isced_f": ["0613", "0611"], "credential_types": ["micro-credential"]}
    factories.make_accreditation(
        register.issuer, abroad, scope=scope, valid_until=until, status="voluntary", kind="programme"
    )
    factories.make_accreditation(register.merged, abroad)
    cache.clear()
    return register


def tell(register: Register, path: str) -> dict[str, dict[str, dict[str, int]]]:
    found: dict[str, dict[str, dict[str, int]]] = json.loads(register.client.get(path, headers=JSON).content)
    return found


def test_what_is_in_force_is_counted_and_what_is_revoked_is_not(counted: Register) -> None:
    counts = tell(counted, "/figures")["counts"]
    assert counts["total"] == {"": 3}
    assert counts["level"] == {"5": 1, "6": 1, "7": 1, "*": 1}
    assert counts["field"] == {"06": 1, "*": 2}
    assert counts["type"] == {"micro-credential": 1, "*": 2}
    assert counts["country"] == {"NL": 3}
    assert counts["country_accredited"] == {"NL": 2}
    assert counts["agencies"] == {"NL": 1, "BE": 1}
    assert counts["year"] == {"2020": 3}
    assert counts["ends_within"] == {"90": 1, "180": 1, "365": 1}


def test_an_earlier_date_counts_what_held_then(counted: Register) -> None:
    assert tell(counted, "/figures?at=2020-06-01")["counts"]["total"] == {"": 4}
    assert "total" not in tell(counted, "/figures?at=2019-06-01")["counts"]


def test_decisions_are_counted_by_the_month_in_which_they_were_recorded(counted: Register) -> None:
    decisions = tell(counted, "/figures")["decisions"]
    assert decisions == {f"{datetime.now(UTC):%Y-%m}": {"accreditation.granted": 4, "accreditation.revoked": 1}}


def test_every_chart_has_a_title_a_description_and_a_table(counted: Register) -> None:
    page = read(counted, "/figures")
    ids = [value for _, attributes in Elements(page).found if (value := attributes.get("id"))]
    assert len(ids) == len(set(ids))
    charts = re.findall(r'<figure class="chart" id="(\w+)">(.*?)</figure>', page, re.DOTALL)
    assert {name for name, _ in charts} >= {
        "decisions",
        "countries",
        "levels",
        "fields",
        "types",
        "kinds",
        "agencies",
        "years",
        "ends",
    }
    for name, chart in charts:
        assert chart.count("<title id=") == chart.count("<desc id=") == chart.count('role="img"') == 2, name
        assert "<table>" in chart, name
    assert "Agency from abroad" in page
    assert "Ending next" in words(page)


def test_a_country_shows_its_agencies_its_counts_and_its_newest_decisions(counted: Register) -> None:
    page = words(read(counted, "/countries/NL"))
    assert "This register speaks for this country." in page
    assert "2 accreditations in force are by agencies at home elsewhere." in page
    assert "Programme accreditation : 1 voluntary: 1" in page
    assert "Agency from abroad Belgium 2 recognised" in page
    assert "Accreditation revoked." in page
    assert 'href="/issuers?country=NL&amp;kind=programme"' in read(counted, "/countries/NL")


def test_a_country_without_anything_says_so_and_one_that_is_none_is_not_found(counted: Register) -> None:
    assert "Nothing is on record" in read(counted, "/countries/FR")
    assert "No accreditation is in force at this date." in words(read(counted, "/countries/NL?at=2019-06-01"))
    assert "There is no country" in words(read(counted, "/countries/Nowhere", 404))
    assert counted.client.get("/countries/Nowhere", headers=JSON).status_code == 404
    listed = words(read(counted, "/countries"))
    assert "Netherlands this register 3 2 3 1" in listed
    assert tell(counted, "/countries/NL")["counts"]["duty"] == {"": 2, "voluntary": 1}


def test_a_register_without_anything_has_figures_of_nothing(transactional_db: None) -> None:
    cache.clear()
    factories.open_register()
    for path in ("/figures", "/countries", "/countries/NL"):
        page = Client().get(path)
        assert page.status_code == 200
    assert "Nothing to count yet" in Client().get("/figures").content.decode()


def test_figures_follow_when_the_ledger_has_grown(register: Register) -> None:
    assert "Counted" in words(read(register, "/figures"))
    issuer = factories.make_issuer()
    commands.close_issuer(issuer, factories.ending("2024-01-01", "lapsed"), actor=factories.OPERATOR)
    cache.clear()
    assert tell(register, "/figures")["counts"]["country"] == {"NL": 3}
    assert "One is closed." in words(read(register, "/countries/NL"))


def test_drawings_stay_within_their_layout() -> None:
    for chosen in (WIDE, NARROW):
        rows = [Row("A very long name of an agency that goes on and on", 1_234_567), Row("B", 0), Row("C", 1)]
        for drawing in (
            draw_bars(rows, chosen),
            draw_columns([Row(str(n), n * n, parts=(n, 2)) for n in range(24)], chosen),
        ):
            assert all(rect.x >= 0 and rect.x + rect.width <= chosen.width for rect in drawing.rects)
            assert all(rect.y >= 0 and rect.y + rect.height <= drawing.height for rect in drawing.rects)
            assert all(0 <= text.x <= chosen.width for text in drawing.texts)


def reach(text: Text) -> tuple[float, float]:
    """Return where a label begins and ends."""
    length = LETTER * len(text.words)
    start = {"start": text.x, "middle": text.x - length / 2, "end": text.x - length}[text.anchor]
    return start, start + length


@pytest.mark.parametrize("layout", [WIDE, NARROW])
@pytest.mark.parametrize("number", [1, 2, 4, 5, 9, 13, 24, 30])
@pytest.mark.parametrize("words", ["2026", "Sept. 2026", "Παρασκευή 2026"])
def test_labels_of_columns_neither_run_into_each_other_nor_out_of_the_drawing(
    layout: Layout, number: int, words: str
) -> None:
    drawing = draw_columns([Row(words, place) for place in range(number)], layout)
    labels = [reach(text) for text in drawing.texts if text.words == words]
    assert labels
    assert all(end <= after for (_, end), (after, _) in pairwise(labels))
    assert all(start >= 0 and end <= layout.width for start, end in labels)


@pytest.mark.parametrize(
    ("most", "ticks"),
    [(0, [0, 1, 2]), (7, [0, 2, 4, 6, 8]), (100, [0, 50, 100]), (660_447, [0, 200_000, 400_000, 600_000, 800_000])],
)
def test_grids_have_round_numbers(most: int, ticks: list[int]) -> None:
    assert list_ticks(most) == ticks


def test_months_are_counted_over_the_turn_of_years() -> None:
    assert list_months(datetime(2026, 1, 31, tzinfo=UTC), -2, 0) == ["2025-11", "2025-12", "2026-01"]
    assert shorten("Agency for quality assurance", 15) == "Agency for…"


def test_no_month_is_counted_that_no_calendar_holds() -> None:
    assert list_months(datetime(9999, 12, 31, tzinfo=UTC), -1, 3) == ["9999-11", "9999-12"]
    assert list_months(datetime(1, 1, 1, tzinfo=UTC), -2, 1) == ["0001-01", "0001-02"]


FAR_AWAY = (
    *("/figures?at=", "/countries?at=", "/countries/NL?at=", "/issuers?at=", "/issuers.json?at="),
    *("/issuers/{issuer}?at=", "/issuers/{issuer}/changes?from=1850-01-01&to=", "/ledger?until="),
)


@pytest.mark.parametrize("path", FAR_AWAY)
@pytest.mark.parametrize("day", ["1900-01-01", "9999-12-31", "9999-12-31T23:59:59Z"])
def test_days_far_away_can_be_asked_for(counted: Register, path: str, day: str) -> None:
    factories.make_accreditation(counted.issuer, counted.agency, valid_until="9999-12-31T23:00:00Z")
    assert Client().get(path.format(issuer=counted.issuer) + day).status_code in (200, 404)


def test_countries_stand_where_a_reader_looks_for_them() -> None:
    names = ["Węgry", "Łotwa", "Litwa", "Malta", "Österreich", "Portugal", "Ungarn", "Åland", "Zypern"]
    expected = ["Åland", "Litwa", "Łotwa", "Malta", "Österreich", "Portugal", "Ungarn", "Węgry", "Zypern"]
    assert sorted(names, key=order_plainly) == expected
