"""Pages as a reader without an account gets them: what they say, what they refuse, what they cost."""

from __future__ import annotations

import html
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from register import commands
from register.site.dates import spell_day
from tests import factories
from tests.site.conftest import HOSTILE, LONG, RTL, Register

JSON = {"Accept": "application/json"}


def read(register: Register, path: str, status: int = 200) -> str:
    response = register.client.get(path)
    assert response.status_code == status, path
    return response.content.decode()


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_an_issuer_page_begins_with_the_verdict(register: Register) -> None:
    page = read(register, f"/issuers/{register.issuer}")
    assert "Entitled today to award bachelor and master credentials" in page
    assert "EQF levels 6 and 7, all fields, in the Netherlands" in page
    assert '<bdi lang="nl">Testcollege</bdi>' in page
    assert "compromised" in page
    assert "college.example" in page
    assert "demonstration" in page


def test_both_dates_are_in_the_address(register: Register) -> None:
    path = f"/issuers/{register.hostile}"
    assert "Not entitled today: its accreditation was revoked" in read(register, path)
    assert "Entitled on 1 June 2020" in read(register, f"{path}?at=2020-06-01")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    before = read(register, f"{path}?known_at={yesterday}", 404)
    assert "knew no issuer with this id then" in before
    granted = commands_index(register, "accreditation.revoked")
    known = read(register, f"{path}?known_at=register.nl.example/ledger@{granted}")
    assert "Entitled today" in known
    assert f"Shown from the first {granted} entries alone." in words(known)


def test_todays_dates_mean_today(register: Register) -> None:
    today = datetime.now(UTC).date().isoformat()
    page = read(register, f"/issuers/{register.issuer}?at={today}&known_at={today}")
    assert "Entitled today" in page
    assert "entries alone" not in page


def commands_index(register: Register, entry_type: str) -> int:
    items = json.loads(register.client.get(f"/ledger?type={entry_type}", headers=JSON).content)["items"]
    return int(items[0]["index"])


def test_the_menu_leads_to_every_part_and_says_in_which_one_is(register: Register) -> None:
    parts = ["issuers", "verify", "agencies", "countries", "figures", "ledger", "federation", "open-data", "api/docs"]
    for part in parts:
        menu = read(register, f"/{part}").partition("<header")[2].partition("</nav>")[0]
        links = [attributes for tag, attributes in Elements(menu).found if tag == "a"][1:]
        assert [link["href"] for link in links] == [f"/{one}" for one in parts]
        assert [link["href"] for link in links if "aria-current" in link] == [f"/{part}"]


def test_agencies_are_narrowed_by_country_and_day_and_each_form_keeps_the_rest(register: Register) -> None:
    abroad = factories.make_agency(names={"en": "Agency abroad"}, country="BE", valid_from="2021-01-01")
    everything = read(register, "/agencies")
    assert re.findall(r'<option value="([A-Z]{2})">([^<]+)<', everything) == [("BE", "Belgium"), ("NL", "Netherlands")]
    assert f"/agencies/{abroad}" in everything
    page = read(register, "/agencies?country=BE&status=recognised&at=2022-01-01")
    assert f"/agencies/{abroad}?at=2022-01-01" in page
    assert "Agency of tests" not in words(page)
    assert '<option value="BE" selected>' in page
    assert '<option value="recognised" selected>' in page
    assert 'name="at" type="date" value="2022-01-01"' in page
    assert 'href="/agencies?country=BE&amp;status=recognised">Back to today<' in page
    assert "Nothing was found." in words(read(register, "/agencies?country=BE&status=recognised&at=2020-06-01"))
    assert '<option value="PT" selected>Portugal<' in read(register, "/agencies?country=PT")
    known = f"register.nl.example/ledger@{commands_index(register, 'agency.recognised') + 1}"
    assert f'<input type="hidden" name="known_at" value="{known}">' in read(register, f"/agencies?known_at={known}")


def test_every_page_links_to_the_same_in_json_with_all_that_was_asked(register: Register) -> None:
    size = json.loads(register.client.get("/ledger/checkpoints", headers=JSON).content)["items"][0]["size"]
    at = {"at": "2020-06-01", "known_at": f"register.nl.example/ledger@{size}"}
    asked = [
        *((f"/{part}", at) for part in ("countries", "countries/NL", "figures")),
        ("/issuers", {"q": "college", "country": "NL", **at}),
        ("/agencies", {"q": "agency", "status": "recognised", **at}),
        *((f"/{kind}/{uid}", at) for kind, uid in list_things(register)),
        (f"/issuers/{register.issuer}/changes", {"from": "2020-01-01", "to": "2021-01-01"}),
        ("/ledger", {"type": "agency.recognised"}),
        ("/ledger/checkpoints", {"before": "99"}),
        ("/ledger/entries/0", {}),
    ]
    for path, query in asked:
        page = read(register, f"{path}?{urlencode(query)}")
        (link,) = [html.unescape(one) for one in re.findall(r'<a href="([^"]+)">This page as JSON</a>', page)]
        answer = register.client.get(link, headers={"Accept": "text/html,*/*;q=0.8"})
        assert answer.headers["Content-Type"].startswith("application/json"), link
        carried = dict(parse_qsl(urlsplit(link).query))
        assert carried == (query if link.startswith("/api/") else query | {"format": "json"}), link
    assert "This page as JSON" not in read(register, "/issuers/not an identifier", 400)
    assert "This page as JSON" in read(register, "/ledger?format=json%20")


def list_things(register: Register) -> list[tuple[str, str]]:
    things = [("issuers", register.issuer), ("agencies", register.agency), ("programmes", register.programme)]
    return [*things, ("accreditations", register.accreditation)]


def test_of_one_thing_the_link_to_json_leaves_out_what_only_its_page_knows(register: Register) -> None:
    page = read(register, f"/agencies/{register.agency}?status=in_force&at=2020-06-01")
    assert f'<a href="/api/v1/agencies/{register.agency}?at=2020-06-01">This page as JSON</a>' in page


def test_any_identifier_leads_to_the_issuer(register: Register) -> None:
    answer = register.client.get("/issuers/schac:college.example?at=2024-01-01")
    assert (answer.status_code, answer["Location"]) == (302, f"/issuers/{register.issuer}?at=2024-01-01")
    assert register.client.get("/issuers/schac:nobody.example").status_code == 404
    assert register.client.get("/issuers/not an identifier").status_code == 400


def test_a_search_finds_by_name_and_by_identifier_and_says_how_each_stands(register: Register) -> None:
    by_name = words(read(register, "/issuers?q=testcolege"))
    assert "Testcollege" in by_name
    assert "may award bachelor and master credentials" in by_name
    assert "Known by this identifier" in read(register, "/issuers?q=schac:college.example")
    nothing = words(read(register, "/issuers?q=zzzzzz"))
    assert "Nothing was found." in nothing
    assert "says nothing of an institution’s quality" in nothing


@pytest.mark.parametrize(
    ("filters", "found"),
    [("status=accredited", True), ("status=closed", False), ("country=NL", True), ("country=DE", False)],
)
def test_filters_narrow_the_list(register: Register, filters: str, found: bool) -> None:
    assert ("Testcollege" in read(register, f"/issuers?{filters}")) == found


def test_an_agency_filter_keeps_its_choice(register: Register) -> None:
    page = read(register, f"/issuers?agency={register.agency}")
    assert f'<input type="hidden" name="agency" value="{register.agency}">' in page
    assert '<a class="chip" href="/issuers" aria-current="true">' in page
    assert "Former college" not in page


def test_a_long_list_is_read_page_by_page(register: Register) -> None:
    for _ in range(25):
        factories.make_issuer()
    seen: set[str] = set()
    path: str | None = "/issuers"
    while path is not None:
        page = read(register, path)
        found = set(re.findall(r'<h3><a href="/issuers/([0-9a-f-]{36})"', page))
        assert found
        assert not found & seen
        seen |= found
        following = re.search(r'href="(/issuers\?[^"]*after=[^"]*)" rel="next"', page)
        path = following[1].replace("&amp;", "&") if following else None
    assert len(seen) == 28


def test_the_ledger_is_read_downwards_and_by_type(register: Register) -> None:
    page = words(read(register, "/ledger"))
    assert "Accreditation revoked." in page
    assert "signed by this register; nobody else has countersigned it yet" in page
    only = read(register, "/ledger?type=key.revoked")
    assert only.count('<li><span class="when">') == 1
    below = read(register, "/ledger?before=1")
    assert "Register opened" in below
    assert "Older entries" in below


def test_an_entry_shows_its_exact_bytes_and_its_receipt(register: Register) -> None:
    index = commands_index(register, "accreditation.revoked")
    page = read(register, f"/ledger/entries/{index}")
    twin = json.loads(register.client.get(f"/ledger/entries/{index}", headers=JSON).content)
    shown = re.search(r'<pre id="entry-bytes">(.*?)</pre>', page, re.DOTALL)
    assert shown is not None
    escapes = {"&quot;": '"', "&lt;": "<", "&gt;": ">", "&#x27;": "'", "&amp;": "&"}
    data = shown[1]
    for escaped, sign in escapes.items():
        data = data.replace(escaped, sign)
    assert data == twin["data"]
    assert f"index {index}" in page
    assert "Recorded later, with effect for the past." in page
    assert register.client.get("/ledger/entries/999").status_code == 404
    assert register.client.get("/ledger/entries/99999999999999999999").status_code == 404


def test_agency_accreditation_and_programme_have_pages(register: Register) -> None:
    agency = words(read(register, f"/agencies/{register.agency}"))
    assert "Recognised today to accredit" in agency
    assert "Testcollege" in agency
    granted = words(read(register, f"/accreditations/{register.accreditation}"))
    assert "In force today" in granted
    assert "Revoked with effect from 1 January 2021" in read(register, f"/accreditations/{register.revoked}")
    programme = words(read(register, f"/programmes/{register.programme}"))
    assert "Accredited today" in programme
    assert "Software and applications development" in programme


def test_a_merged_issuer_leads_to_its_successor(register: Register) -> None:
    page = read(register, f"/issuers/{register.merged}")
    assert "Merged into Testcollege on 1 January 2023" in page
    assert f'href="/issuers/{register.issuer}"' in page


def test_every_page_says_that_the_data_is_demonstration(register: Register) -> None:
    for path in [*register.paths(), "/issuers/nobody:knows", "/issuers?country=Nowhere"]:
        assert "Demonstration data. No real decision is shown here." in register.client.get(path).content.decode(), path


def test_hostile_names_are_text_and_isolated(register: Register) -> None:
    page = read(register, f"/issuers/{register.hostile}")
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert f'<bdi lang="ar">{RTL}</bdi>' in page
    assert LONG in page


def test_no_page_has_inline_script_or_style_or_an_address_that_is_not_of_the_web(register: Register) -> None:
    for path in register.paths():
        for tag, attributes in Elements(read(register, path)).found:
            assert "style" not in attributes, (path, tag)
            assert not any(name.startswith("on") for name in attributes), (path, tag)
            assert tag != "style", path
            if tag == "script":
                assert attributes.get("src", "").startswith("/static/"), path  # type: ignore[union-attr]
            address = attributes.get("href") or ""
            assert address.startswith(("/", "#", "?", "http://", "https://")) or not address, (path, address)
            if tag == "a" and address.startswith("http"):
                assert attributes["rel"] == "nofollow noopener", (path, address)


def test_readers_get_no_cookie_and_no_session(register: Register) -> None:
    for path in register.paths():
        response = register.client.get(path)
        assert not response.cookies, path
        assert "Cookie" not in response.get("Vary", ""), path
        assert "Accept" in response["Vary"], path
        assert response["Content-Language"] == "en"


@pytest.mark.parametrize(
    "path",
    [
        "/issuers?q=%00",
        "/issuers?q=%FF",
        "/issuers?country=Nowhere",
        "/issuers?status=asleep",
        "/issuers?unheard=of",
        "/issuers?q=a&q=b",
        "/issuers?after=%00",
        "/issuers?after=nonsense",
        "/issuers?agency=nonsense",
        "/issuers?q=" + "a" * 300,
        "/issuers?at=2024-02-31",
        "/issuers?known_at=soon",
        "/issuers/%00",
        "/ledger?before=-1",
        "/ledger?type=nothing",
        "/agencies?status=asleep",
    ],
)
def test_a_query_that_cannot_be_read_gets_a_sentence_and_400(register: Register, path: str) -> None:
    page = read(register, path, 400)
    assert "This question cannot be read" in page
    assert "\x00" not in page


@pytest.mark.parametrize("kind", ["issuers", "agencies", "accreditations", "programmes"])
def test_an_id_that_names_nothing_gets_a_page_and_404(register: Register, kind: str) -> None:
    page = read(register, f"/{kind}/{uuid.uuid4()}", 404)
    assert "There is nothing at this address" in page
    assert 'name="q"' in page


@pytest.mark.parametrize(
    ("path", "advice"), [("/verify", "A credential is rarely larger"), ("/desk/imports", "over several files")]
)
def test_what_is_too_large_is_answered_with_what_to_do_there(
    register: Register, settings: Any, path: str, advice: str
) -> None:
    settings.ASSAY_MAX_BODY_BYTES = 10
    answer = register.client.post(path, {"text": "x" * 20}, headers={"Accept": "text/html"})
    assert answer.status_code == 413
    assert advice in words(answer.content.decode())
    assert f'href="{path}"' in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/issuers/{}?at=2024-03-04&known_at={}", ("As of 4 March 2024", "As the register knew on {}")),
        ("/figures?at=2024-03-04", ("As of 4 March 2024",)),
        ("/issuers?at=2024-03-04", ("As of 4 March 2024",)),
    ],
)
def test_a_day_that_a_field_may_spell_in_another_order_is_spelt_out_beside_it(
    register: Register, path: str, said: tuple[str, ...]
) -> None:
    today = datetime.now(UTC)
    page = words(read(register, path.format(register.issuer, today.date())))
    assert all(sentence.format(spell_day(today)) in page for sentence in said)


def test_only_reading_is_allowed(register: Register) -> None:
    for path in register.paths():
        assert register.client.post(path).status_code == 405


@pytest.mark.parametrize("kind", ["issuers", "agencies", "accreditations", "programmes"])
def test_the_json_twin_is_what_the_api_gives(register: Register, kind: str) -> None:
    ids = {"issuers": register.issuer, "agencies": register.agency}
    ids |= {"accreditations": register.accreditation, "programmes": register.programme}
    path = f"/{kind}/{ids[kind]}"
    twin = register.client.get(path, headers=JSON)
    assert twin["Content-Type"] == "application/json"
    assert "Accept" in twin["Vary"]
    assert json.loads(twin.content) == json.loads(register.client.get(f"/api/v1{path}").content)


def test_twins_of_lists_and_problems(register: Register) -> None:
    found = json.loads(register.client.get("/issuers?q=testcollege", headers=JSON).content)
    assert [item["id"] for item in found["items"]] == [register.issuer]
    assert json.loads(register.client.get("/", headers=JSON).content)["origin"] == "register.nl.example/ledger"
    absent = register.client.get(f"/issuers/{uuid.uuid4()}", headers=JSON)
    assert (absent.status_code, absent["Content-Type"]) == (404, "application/problem+json")
    unread = register.client.get("/ledger?before=x", headers=JSON)
    assert (unread.status_code, unread["Content-Type"]) == (400, "application/problem+json")


class CountingCursor(psycopg.Cursor[Any]):
    """Counts the statements that go past Django, as those of the ledger and of register.queries do."""

    count = 0

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        CountingCursor.count += 1
        return super().execute(*args, **kwargs)


def count_queries(client: Client, path: str) -> int:
    client.get(path)
    CountingCursor.count = 0
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return CountingCursor.count + len(captured)


def test_no_page_costs_more_queries_when_there_is_more_to_show(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.database.psycopg.Cursor", CountingCursor)
    paths = [path for path in register.paths() if not path.startswith(("/ledger/entries", "/accreditations"))]
    before = {path: count_queries(register.client, path) for path in paths}
    for number in range(6):
        agency = factories.make_agency()
        factories.make_accreditation(register.issuer, agency, scope={"eqf_levels": [number % 8 + 1]})
        granted = factories.make_accreditation(factories.make_issuer(names={"en": f"College {number}"}), agency)
        commands.revoke_accreditation(granted, factories.ending("2024-01-01"), actor=factories.as_agency(agency))
        factories.make_programme(register.issuer)
    after = {path: count_queries(register.client, path) for path in paths}
    assert after == before
    assert min(after.values()) >= 2
    assert max(after.values()) <= 14


def test_a_register_that_was_never_opened_says_so(transactional_db: None) -> None:
    client = Client()
    assert "This register has not been opened." in client.get("/").content.decode()
    assert "This register has not been opened." in client.get("/ledger").content.decode()
    assert client.get("/issuers").status_code == 404


def test_unknown_addresses_and_errors_look_alike(register: Register) -> None:
    assert "There is nothing at this address" in read(register, "/nowhere", 404)


def test_a_legend_shows_the_states_of_its_drawing_and_the_facts_say_what_ended_it(register: Register) -> None:
    page = read(register, f"/accreditations/{register.revoked}")
    legend = words(page.partition('class="legend"')[2].partition("</ul>")[0])
    assert "in force" in legend
    assert "revoked, or no longer counted" in legend
    assert "suspended" not in legend
    facts = words(page.partition('class="facts"')[2].partition("</dl>")[0])
    assert "Revoked with effect from 1 January 2021" in facts
    held = read(register, f"/accreditations/{register.accreditation}")
    assert "no longer counted" not in held.partition('class="legend"')[2].partition("</ul>")[0]
