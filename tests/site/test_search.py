"""Search: facets and their counts, addresses that hold it, files of its result."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from register import commands
from register.queries.cuts import resolve_cut
from register.queries.facets import count_facets
from register.queries.filters import Filters
from register.queries.kept import keep
from register.queries.lists import list_issuers
from register.site.facets import Group, Option
from register.site.harmless import read_harmless, write_harmless
from tests import factories
from tests.site.conftest import Register
from tests.site.test_pages import words

FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def varied(register: Register) -> Register:
    """More issuers, of other levels, fields, types and kinds."""
    other = factories.make_agency(names={"en": "Other agency"})
    for number, (level, field, kind) in enumerate(
        [(5, "0613", "programme"), (6, "061", "institutional"), (8, "02", "joint_programme")]
    ):
        issuer = factories.make_issuer(names={"en": f"{FORMULA} school {number}"}, provider_type=2)
        scope = {"eqf_levels": [level], "isced_f": [field], "credential_types": ["bachelor-degree"]}
        factories.make_accreditation(issuer, other, scope=scope, kind=kind)
    return register


def count(**asked: Any) -> Mapping[str, Mapping[str, int]]:
    return count_facets(resolve_cut(), Filters(timezone.now(), **asked), None).counts


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"level": 6},
        {"field": "06"},
        {"type": "higher-education-degree"},
        {"status": "not_accredited"},
        {"provider_type": 2},
        {"kind": "programme"},
    ],
)
def test_every_count_is_what_the_list_then_holds(varied: Register, asked: dict[str, Any]) -> None:
    cut, now = resolve_cut(), timezone.now()
    for name, counts in count_facets(cut, Filters(now, **asked), None).counts.items():
        if name in asked:
            continue
        for code, number in counts.items():
            value = int(code) if name in ("level", "provider_type") else code
            narrowed = Filters(now, **{**asked, name: value})
            assert len(list_issuers(cut, narrowed).items) == number, (name, code)


def test_of_more_than_are_looked_at_the_counts_are_lower_bounds(varied: Register) -> None:
    cut, filters = resolve_cut(), Filters(timezone.now())
    whole, drawn = count_facets(cut, filters, None), count_facets(cut, filters, None, most=3)
    assert (whole.capped, whole.total, drawn.capped, drawn.total) == (False, 6, True, 3)
    assert all(
        number <= whole.counts[name][code] for name, codes in drawn.counts.items() for code, number in codes.items()
    )


def test_a_field_finds_who_is_accredited_for_a_part_of_it_and_its_limit_only_who_may_award_all(
    varied: Register,
) -> None:
    def names(query: str) -> int:
        return len(json.loads(varied.client.get(f"/api/v1/issuers?{query}").content)["items"])

    assert names("field=06&level=5") == 1
    assert names("isced_f=06&eqf_level=5") == 0
    assert names("type=higher-education-degree&provider_type=2") == 3
    assert names("credential_type=higher-education-degree&provider_type=2") == 0
    assert names("kind=programme") == 1
    assert varied.client.get("/api/v1/issuers?kind=nonsense").status_code == 400


def test_facets_lead_to_the_narrowed_search_and_back(varied: Register) -> None:
    page = varied.client.get("/issuers?q=school&at=2024-06-01").content.decode()
    narrowed = re.search(
        r'href="(/issuers\?q=school&amp;level=5&amp;at=2024-06-01)"><span>EQF level 5</span> <span class="n">1<', page
    )
    assert narrowed is not None
    then = varied.client.get(narrowed[1].replace("&amp;", "&")).content.decode()
    assert (
        '<a class="chip" href="/issuers?q=school&amp;at=2024-06-01" aria-current="true"><span>EQF level 5</span>'
        in then
    )
    assert "One issuer matches." in words(then)
    assert "How each stands is said as of 1 June 2024." in words(then)


def test_facets_that_limit_stand_open_and_those_that_do_not_are_folded(varied: Register) -> None:
    page = varied.client.get("/issuers").content.decode()
    folded = re.findall(r'<div class="facet"><details><summary>([^<]+)</summary>', page)
    opened = re.findall(r'<div class="facet first"><h3>([^<]+)</h3>', page)
    assert opened == ["Status", "Type of provider", "Agency"]
    assert folded == ["Level", "Field of study", "Credential type", "Kind of accreditation"]


def test_a_facet_whose_choices_all_leave_everything_never_stands_open() -> None:
    alike, telling = Option("a", 5, ""), Option("b", 4, "")
    assert not Group("Level", [alike, alike], []).limits(5)
    assert Group("Level", [alike], [telling]).limits(5)


def test_dates_asked_for_can_be_taken_away_like_any_choice(varied: Register) -> None:
    known = f"known_at=register.nl.example/ledger@{resolve_cut().size}"
    page = varied.client.get(f"/issuers?q=school&level=5&at=2024-06-01&{known}").content.decode()
    chips = re.findall(r'<a class="chip" href="([^"]+)" aria-current="true"><span>([^<]+)</span>', page)
    without = {words: html.unescape(address).replace("%40", "@").replace("%2F", "/") for address, words in chips}
    assert without.pop("as of 1 June 2024") == f"/issuers?q=school&level=5&{known}"
    assert without.pop("EQF level 5") == f"/issuers?q=school&at=2024-06-01&{known}"
    assert '<a class="chip" href="/issuers?q=school">Take all away</a>' in page
    ((words, address),) = without.items()
    assert words.startswith("Shown from the first")
    assert address == "/issuers?q=school&level=5&at=2024-06-01"


def test_nothing_found_says_what_to_do(varied: Register) -> None:
    page = words(varied.client.get("/issuers?q=zzzzzz&country=NL&at=2020-01-01").content.decode())
    assert "Search without the choices made." in page
    assert "asked as of 1 January 2020" in page


def read_csv(client: Client, query: str, of: str = "issuers") -> list[dict[str, str]]:
    response = client.get(f"/{of}.csv{query}")
    assert response["Content-Type"].startswith("text/csv")
    assert "attachment" in response["Content-Disposition"]
    body = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_the_csv_file_holds_the_whole_result_and_no_formula(varied: Register) -> None:
    rows = read_csv(varied.client, "")
    assert len(rows) == 6
    found = [row for row in rows if "HYPERLINK" in row["name"]]
    assert [row["name"][0] for row in found] == ["'"] * 3
    assert {row["eqf_levels"] for row in found} == {"5", "6", "8"}
    assert {row["agencies"] for row in found} == {"Other agency"}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert [row["status"] for row in read_csv(varied.client, "?status=not_accredited")] == ["not_accredited"] * 2
    assert read_csv(varied.client, "?at=2019-01-01&q=college")[0]["status"] == "not_accredited"


def test_agencies_are_taken_along_as_a_file_of_all_that_were_found(
    varied: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("register.site.agency_files.MOST", 1)
    scope = {"eqf_levels": [5, 6], "jurisdictions": ["BE"]}
    abroad = factories.make_agency(names={"en": f"{FORMULA} agency"}, country="BE", scope=scope)
    rows = {row["id"]: row for row in read_csv(varied.client, "?at=2024-06-01", "agencies")}
    assert len(rows) == 3
    assert rows[varied.agency]["name"] == "Testagentschap"
    assert rows[varied.agency]["eqf_levels"] == "all"
    told = rows[abroad]
    assert (told["name"], told["country"], told["state"]) == (f"'{FORMULA} agency", "BE", "recognised")
    assert (told["eqf_levels"], told["jurisdictions"], told["as_of"]) == ("5; 6", "BE", "2024-06-01")
    assert told["known_size"] == str(resolve_cut().size)
    page = varied.client.get("/agencies?country=BE&at=2024-06-01").content.decode()
    assert 'href="/agencies.csv?country=BE&amp;at=2024-06-01"' in page
    assert [row["id"] for row in read_csv(varied.client, "?country=BE&at=2024-06-01", "agencies")] == [abroad]
    assert varied.client.get("/agencies.csv?country=Nowhere").status_code == 400


def test_the_json_file_holds_the_whole_result_by_accept_or_not(varied: Register) -> None:
    for headers in ({}, {"Accept": "application/json"}):
        response = varied.client.get("/issuers.json?kind=programme&at=2024-01-01", headers=headers)
        told = json.loads(b"".join(response.streaming_content))  # type: ignore[attr-defined]
        assert told["as_of"] == "2024-01-01"
        assert told["search"] == {"q": "", "kind": "programme"}
        assert [item["held"]["eqf_levels"] for item in told["items"]] == [[5]]
        assert told["items"][0]["state"] == "registered"


def test_a_search_that_finds_more_than_it_compares_says_so_on_the_page_and_in_its_files(
    varied: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(query: str) -> Any:
        response = varied.client.get(f"/issuers.json{query}")
        return json.loads(b"".join(response.streaming_content))  # type: ignore[attr-defined]

    whole = words(varied.client.get("/issuers?q=school").content.decode())
    assert "3 issuers match; the best come first." in whole
    assert "not all that match" not in whole
    assert (tell("?q=school")["complete"], len(tell("?q=school")["items"])) == (True, 3)
    monkeypatch.setattr("register.queries.search.CANDIDATES", 2)
    part = words(varied.client.get("/issuers?q=school").content.decode())
    assert "At least 2 names match. Only these were compared, and the best of them come first." in part
    assert "Write more of the name, or choose a country." in part
    assert "Both hold the 2 that were compared, not all that match." in part
    assert (tell("?q=school")["complete"], len(tell("?q=school")["items"])) == (False, 2)
    assert tell("")["complete"], "without a name nothing is compared, and all of it is there"


def test_files_say_how_far_the_ledger_was_read(varied: Register) -> None:
    size = resolve_cut().size
    assert {row["known_size"] for row in read_csv(varied.client, "")} == {str(size)}
    early = f"?known_at=register.nl.example/ledger@{size - 1}&at=2024-01-01"
    assert {row["known_size"] for row in read_csv(varied.client, early)} == {str(size - 1)}
    assert (
        f'"issuers-2024-01-01-first-{size - 1}-entries.csv"'
        in varied.client.get(f"/issuers.csv{early}").headers["Content-Disposition"]
    )
    yesterday = (timezone.now() - timedelta(days=1)).date().isoformat()
    named = varied.client.get(f"/issuers.json?known_at={yesterday}&at=2024-01-01").headers["Content-Disposition"]
    assert f'"issuers-2024-01-01-known-{yesterday}.json"' in named


def test_files_are_read_page_by_page(varied: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("register.site.issuer_files.MOST", 2)
    assert len({row["id"] for row in read_csv(varied.client, "")}) == 6
    assert len({row["id"] for row in read_csv(varied.client, "?q=school")}) == 3


def test_a_question_that_cannot_be_read_makes_no_file(register: Register) -> None:
    assert register.client.get("/issuers.csv?country=Nowhere").status_code == 400
    assert (
        register.client.get("/issuers.json?country=Nowhere", headers={"Accept": "application/json"}).status_code == 400
    )


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\ra", "  =1", "＝1"])
def test_what_a_spreadsheet_could_run_is_led_by_an_apostrophe(text: str) -> None:
    assert write_harmless(text) == f"'{text}"
    assert write_harmless(f"a{text}") == f"a{text}"
    assert write_harmless(f" {text}") == f"' {text}"
    assert read_harmless(write_harmless(text)) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("North College;=HYPERLINK(1);", "North College;'=HYPERLINK(1);"),
        ("a; -1+cmd|' /C calc'!A0", "a; '-1+cmd|' /C calc'!A0"),
        ("a\n@SUM(1),+2", "a\n'@SUM(1),'+2"),
        ("=1;=2", "'=1;'=2"),
        ("\t=1", "'\t'=1"),
    ],
)
def test_a_formula_behind_a_separator_within_a_cell_is_text_to_a_spreadsheet_of_another_country(
    text: str, written: str
) -> None:
    assert write_harmless(text) == written
    assert read_harmless(written) == text


@pytest.mark.parametrize("text", ["it's", "L'Aquila; d'Annunzio", "Technik und -Wirtschaft", "a'=b", "'x", "'", ""])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert write_harmless(text) == text
    assert read_harmless(text) == text


def test_counts_are_kept_until_the_ledger_grew_and_then_as_long_as_they_took(register: Register) -> None:
    asked: list[int] = []
    cut = resolve_cut()
    for _ in range(2):
        assert keep("test", cut, lambda: asked.append(1)).size == cut.size
    assert len(asked) == 1
    grown = cut._replace(size=cut.size + 1)
    assert keep("test", grown, lambda: asked.append(1)).size == grown.size
    assert len(asked) == 2
    commands.register_issuer(factories.issuer_terms(), actor=factories.OPERATOR)
    assert count()["country"] == {"NL": 4}
