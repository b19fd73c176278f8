"""Agencies on the operator's board: look-alikes before a new one, amending, withdrawing by two, taking back."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from register.access.models import AuditRecord
from register.desk import logs
from register.desk.agency_effects import COMPARED
from register.desk.models import Draft
from register.queries.cuts import resolve_cut
from register.queries.single import find_record
from register.records import AgencyRecord
from tests import factories
from tests.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

NEW = {
    "names-0-language": "en",
    "names-0-name": "Harbour Accreditation Council",
    "acronym": "HAC",
    "country": "NL",
    "website": "https://hac.example",
    "identifiers-0-scheme": "vat",
    "identifiers-0-value": "NL123456789B01",
    "eqf_levels": ["6", "7"],
    "valid_from": "2020-03-01",
    "valid_until": "2029-02-28",
    "report_url": "https://register.example/decisions/7.pdf",
}
NONE_OF_THESE = re.compile(r'name="none_of_these" value="([0-9a-f]+)"')
DIGEST = re.compile(r'name="digest" value="([^"]+)"')


@pytest.fixture
def operator() -> Client:
    factories.open_register()
    client = Client()
    sign_in(client, "operator")
    return client


@pytest.fixture
def second() -> Client:
    client = Client()
    sign_in(client, "operator", approves=True)
    return client


def words(response: Any) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def draft(client: Client, path: str, fields: dict[str, Any]) -> Draft:
    """Send a form that is right; return the draft it makes."""
    answer = client.post(f"/operator/agencies/{path}", fields)
    assert answer.status_code == 303, words(answer)
    return Draft.objects.get(pk=answer["Location"].rpartition("/")[2])


def step(client: Client, kept: Draft, name: str) -> Any:
    page = client.get(f"/desk/drafts/{kept.pk}")
    found = DIGEST.search(page.content.decode())
    assert found, words(page)
    answer = client.post(f"/desk/drafts/{kept.pk}", {"step": name, "digest": found[1]})
    kept.refresh_from_db()
    return answer


def read(agency: str) -> AgencyRecord:
    found: AgencyRecord = find_record("agency", agency, resolve_cut())
    return found


def held(agency: str, how: str = "amend") -> dict[str, Any]:
    """What the form of an amendment holds: the record as it is; of a correction, with the scope of the entry."""
    page = Client()
    sign_in(page, "operator")
    text = page.get(f"/operator/agencies/{agency}/{how}").content.decode()
    inputs = re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', text)
    kept: dict[str, Any] = {name: unescape(value) for name, value in inputs if "type" not in name}
    selects = re.findall(r'<select[^>]*name="([^"]+)".*?</select>', text, re.DOTALL)
    for name in selects:
        block = text[text.index(f'name="{name}"') :]
        chosen = re.search(r'<option value="([^"]*)" selected', block[: block.index("</select>")])
        kept[name] = chosen[1] if chosen else ""
    boxes = re.findall(r'<input[^>]*type="checkbox"[^>]*name="([^"]+)"[^>]*value="([^"]*)"[^>]*checked', text)
    for name in {name for name, _ in boxes} | {"eqf_levels", "isced_f", "credential_types", "jurisdictions"}:
        kept.pop(name, None)
        kept[name] = [value for one, value in boxes if one == name]
    return {name: value for name, value in kept.items() if name != "csrfmiddlewaretoken"}


def test_an_agency_is_recognised_after_a_preview_in_words_and_bytes(operator: Client) -> None:
    kept = draft(operator, "new", NEW)
    assert (kept.verb, kept.subject, kept.organisation) == ("recognise_agency", "", "")
    page = words(operator.get(f"/desk/drafts/{kept.pk}"))
    assert "Harbour Accreditation Council" in page
    assert '"acronym":"HAC"' in page
    assert "https://register.example/decisions/7.pdf" in page
    assert step(operator, kept, "submit").status_code == 303
    assert kept.state == "published"
    record = read(kept.written.rpartition("/")[2])
    assert (record.names, record.acronym, record.scope.eqf_levels) == ({"en": NEW["names-0-name"]}, "HAC", (6, 7))
    assert record.decision_document is not None
    assert [day and day.date().isoformat() for day in (record.valid.valid_from, record.valid.valid_until)] == [
        "2020-03-01",
        "2029-03-01",
    ]
    receipt = operator.get(f"/desk/drafts/{kept.pk}/receipt")
    assert receipt.status_code == 200
    assert b"c2sp.org/tlog-proof@v1" in receipt.content
    assert AuditRecord.objects.get(code="draft_published").email == "operator@nl.example"
    page = words(operator.get("/operator/agencies"))
    assert "Harbour Accreditation Council" in page
    assert "recognised" in page


def test_look_alikes_come_first_and_none_of_these_has_to_be_said(operator: Client) -> None:
    there = factories.make_agency(names={"en": "Harbor Accreditation Council"}, country="NL")
    page = operator.post("/operator/agencies/new", NEW)
    assert page.status_code == 200
    assert "differs in a few letters" in words(page)
    assert f"/operator/agencies/{there}" in page.content.decode()
    assert not Draft.objects.exists()
    (said,) = NONE_OF_THESE.findall(page.content.decode())
    factories.make_agency(names={"nl": "Harbour Accreditation Council"})
    assert "bears the same name" in words(operator.post("/operator/agencies/new", {**NEW, "none_of_these": said}))
    (said,) = NONE_OF_THESE.findall(operator.post("/operator/agencies/new", NEW).content.decode())
    assert draft(operator, "new", {**NEW, "none_of_these": said}).said["country"] == "NL"


def test_an_agency_in_other_letters_is_pointed_at(operator: Client) -> None:
    factories.make_agency(names={"en": "Harbour Accreditation Council"})
    page = words(operator.post("/operator/agencies/new", {**NEW, "names-0-name": "Harb\u043eur Accreditation Council"}))
    assert "looks the same but is written with other letters" in page
    assert "mixes letters of several scripts" in page


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"names-0-name": ""}, "Row 1, Name"),
        ({"country": ""}, "Choose one."),
        ({"valid_from": ""}, "Write the first day of its recognition."),
        ({"valid_until": "2019-01-01"}, "expected an end after"),
        ({"website": "ftp://hac.example"}, "https"),
        ({"identifiers-0-value": "NL1"}, "VAT"),
        ({"report_url": "", "report_sha256": "0" * 64}, "Write where the report can be read"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_drafts_nothing(
    operator: Client, changed: dict[str, str], sentence: str
) -> None:
    answer = operator.post("/operator/agencies/new", NEW | changed)
    assert answer.status_code == 422
    assert sentence.lower() in words(answer).lower()
    assert not Draft.objects.exists()


def test_an_amendment_says_only_what_changes(operator: Client) -> None:
    agency = factories.make_agency(names={"en": "Quality Board"}, acronym="QB", scope={"eqf_levels": [6]})
    fields = held(agency)
    answer = operator.post(f"/operator/agencies/{agency}/amend", fields)
    assert answer.status_code == 422
    assert "Nothing has changed." in words(answer)
    kept = draft(operator, f"{agency}/amend", {**fields, "acronym": "QuB", "eqf_levels": ["6", "7"]})
    assert kept.said == {"acronym": "QuB", "scope": {"eqf_levels": [6, 7]}}
    assert "What it changes about answers" in words(operator.get(f"/desk/drafts/{kept.pk}"))
    again = words(operator.get(f"/operator/agencies/{agency}/amend?draft={kept.pk}"))
    assert "You are changing a draft." in again
    assert step(operator, kept, "submit").status_code == 303
    assert (read(agency).acronym, read(agency).scope.eqf_levels) == ("QuB", (6, 7))


def test_of_an_amendment_only_the_part_to_be_mended_is_unfolded(operator: Client) -> None:
    def opened(page: str) -> list[bool]:
        return [" open" in tag for tag in re.findall(r'<details class="card more"[^>]*>', page)]

    agency = factories.make_agency(names={"en": "Quality Board"}, acronym="QB")
    path = f"/operator/agencies/{agency}/amend"
    assert opened(operator.get(path).content.decode()) == [False, False, False]
    for changed, place in (({"website": "nonsense"}, 0), ({"effective_from": "soon"}, 1), ({"report_url": "x"}, 2)):
        answer = operator.post(path, {**held(agency), **changed})
        assert answer.status_code == 422
        assert opened(answer.content.decode()) == [place == number for number in range(3)], changed
    assert opened(operator.get("/operator/agencies/new").content.decode()) == []


def test_a_withdrawal_needs_two_and_says_what_it_changes_about_the_past(operator: Client, second: Client) -> None:
    agency, issuer = factories.make_agency(names={"en": "Quality Board"}), factories.make_issuer()
    factories.make_accreditation(issuer, agency)
    fields = {"effective_from": "2025-01-01", "reason": "unspecified", "note": "It was dissolved."}
    kept = draft(operator, f"{agency}/withdraw", fields)
    page = words(operator.get(f"/desk/drafts/{kept.pk}"))
    assert "One institution has been accredited by this agency" in page
    assert "This changes answers about the past" in page
    assert "from 1 January 2025 on" in page
    assert step(operator, kept, "submit").status_code == 303
    assert kept.state == "waiting"
    assert read(agency).withdrawal is None
    assert "This changes answers about the past" in words(second.get(f"/desk/drafts/{kept.pk}"))
    assert step(second, kept, "approve").status_code == 303
    ended = read(agency).withdrawal
    assert ended is not None
    assert (ended.effective_from.date().isoformat(), ended.note) == ("2025-01-01", "It was dissolved.")
    again = operator.post(f"/operator/agencies/{agency}/withdraw", fields)
    assert again.status_code == 409
    assert "withdrawn already" in words(again)


def test_a_withdrawal_is_taken_back_by_a_correction(operator: Client, second: Client) -> None:
    agency = factories.make_agency()
    missing = operator.get(f"/operator/agencies/{agency}/take-back")
    assert missing.status_code == 409
    kept = draft(operator, f"{agency}/withdraw", {"effective_from": "2025-01-01", "reason": "unspecified"})
    step(operator, kept, "submit")
    step(second, kept, "approve")
    entry = read(agency).withdrawal
    assert entry is not None
    back = draft(operator, f"{agency}/take-back", {"reason": "administrative_error", "note": "The wrong agency."})
    assert back.said["corrects"] == entry.recorded.index
    step(operator, back, "submit")
    assert back.state == "waiting"
    changing = f"/operator/agencies/{agency}/correct?draft={back.pk}"
    assert changing in operator.get(f"/desk/drafts/{back.pk}").content.decode()
    assert operator.get(changing)["Location"] == f"/operator/agencies/{agency}/take-back?draft={back.pk}"
    step(second, back, "approve")
    assert read(agency).withdrawal is None


def test_an_entry_is_corrected_from_its_own_day_on(operator: Client, second: Client) -> None:
    agency = factories.make_agency(names={"en": "Quality Board"}, scope={"eqf_levels": [6]})
    factories.make_accreditation(factories.make_issuer(), agency)
    first = read(agency).entries[0]
    path = f"{agency}/correct?entry={first}"
    assert f"/operator/agencies/{path}" in operator.get(f"/operator/agencies/{agency}").content.decode()
    fields = {**held(agency, f"correct?entry={first}"), "note": "A slip of the keyboard."}
    assert "Nothing has changed." in words(
        operator.post(f"/operator/agencies/{path}", {**fields, "reason": "unspecified"})
    )
    unreasoned = operator.post(f"/operator/agencies/{path}", {**fields, "eqf_levels": ["7"]})
    assert unreasoned.status_code == 422
    assert "Choose a reason." in words(unreasoned)
    kept = draft(operator, path, {**fields, "eqf_levels": ["7"], "reason": "administrative_error"})
    told = {"corrects": first, "scope": {"eqf_levels": [7]}, "reason": "administrative_error"}
    assert kept.said == {**told, "note": "A slip of the keyboard."}
    assert "This changes answers about the past" in words(operator.get(f"/desk/drafts/{kept.pk}"))
    assert step(operator, kept, "submit").status_code == 303
    assert kept.state == "waiting"
    back = f"/operator/agencies/{agency}/correct?draft={kept.pk}"
    assert back in operator.get(f"/desk/drafts/{kept.pk}").content.decode()
    assert "A slip of the keyboard." in words(operator.get(back))
    assert step(second, kept, "approve").status_code == 303
    record = read(agency)
    assert (record.scope.eqf_levels, record.former_scopes) == ((7,), ())
    assert operator.get(f"/operator/agencies/{agency}/correct?entry={record.entries[-1]}").status_code == 404
    replaced = f'Replaced by <a href="/ledger/entries/{record.entries[-1]}">'
    assert replaced in operator.get(f"/operator/agencies/{agency}").content.decode()


def test_older_entries_of_an_agency_are_a_page_away(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "PAGE", 1)
    agency = factories.make_agency()
    step(operator, draft(operator, f"{agency}/amend", {**held(agency), "acronym": "QB"}), "submit")
    first, last = read(agency).entries
    path = f"/operator/agencies/{agency}"
    page = operator.get(path).content.decode()
    assert f"correct?entry={last}" in page
    assert f"correct?entry={first}" not in page
    assert f'href="{path}?before={last}"' in page
    assert f"correct?entry={first}" in operator.get(f"{path}?before={last}").content.decode()


def test_only_a_scope_that_still_holds_can_be_corrected(operator: Client, second: Client) -> None:
    agency, other = factories.make_agency(acronym="QB"), factories.make_agency()
    step(operator, draft(operator, f"{agency}/amend", {**held(agency), "acronym": "QuB"}), "submit")
    entry = read(agency).entries[-1]
    page = operator.get(f"/operator/agencies/{agency}/correct?entry={entry}").content.decode()
    assert 'name="acronym"' in page
    assert 'name="eqf_levels"' not in page
    kept = draft(
        operator, f"{agency}/correct?entry={entry}", {**held(agency), "acronym": "QBo", "reason": "unspecified"}
    )
    assert kept.said == {"corrects": entry, "acronym": "QBo", "reason": "unspecified"}
    for asked in ("", "?entry=", "?entry=x", "?entry=999999", f"?entry={read(other).entries[0]}"):
        assert operator.get(f"/operator/agencies/{agency}/correct{asked}").status_code == 404


def test_correcting_a_withdrawal_takes_it_back(operator: Client, second: Client) -> None:
    agency = factories.make_agency()
    kept = draft(operator, f"{agency}/withdraw", {"effective_from": "2025-01-01", "reason": "unspecified"})
    step(operator, kept, "submit")
    step(second, kept, "approve")
    entry = read(agency).entries[-1]
    assert f"correct?entry={entry}" in operator.get(f"/operator/agencies/{agency}").content.decode()
    led = operator.get(f"/operator/agencies/{agency}/correct?entry={entry}")
    assert (led.status_code, led["Location"]) == (302, f"/operator/agencies/{agency}/take-back")


def test_of_many_institutions_some_are_compared_and_all_are_counted(operator: Client) -> None:
    agency = factories.make_agency()
    for _ in range(COMPARED + 2):
        factories.make_accreditation(factories.make_issuer(), agency)
    kept = draft(operator, f"{agency}/withdraw", {"effective_from": "2025-01-01", "reason": "unspecified"})
    page = operator.get(f"/desk/drafts/{kept.pk}")
    assert f"{COMPARED + 2} institutions have been accredited" in words(page)
    assert f"Answers were compared for {COMPARED} of them" in words(page)
    table = page.content.decode().partition('id="effects"')[2].partition("</table>")[0]
    assert table.count("Agency not recognised") == COMPARED


def test_auditors_read_and_nobody_else_comes_near(operator: Client) -> None:
    agency = factories.make_agency(names={"en": "Quality Board"})
    auditor, officer = Client(), Client()
    sign_in(auditor, "auditor")
    sign_in(officer, "agency", agency)
    for path in ("", f"/{agency}"):
        page = auditor.get(f"/operator/agencies{path}")
        assert page.status_code == 200
        assert "/amend" not in page.content.decode()
        assert "/new" not in page.content.decode()
        assert officer.get(f"/operator/agencies{path}").status_code == 403
        assert Client().get(f"/operator/agencies{path}").status_code == 302
    for path in ("new", f"{agency}/amend", f"{agency}/withdraw", f"{agency}/take-back"):
        for client in (auditor, officer):
            assert client.post(f"/operator/agencies/{path}", NEW).status_code == 403, path
    assert not Draft.objects.exists()
    assert operator.get("/operator/agencies/01890a5d-ac96-774b-bcce-b302099a8057").status_code == 404


def test_the_list_is_narrowed_and_takes_the_same_queries_whatever_there_is(operator: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert operator.get("/operator/agencies").status_code == 200
        return len(queries)

    factories.make_agency(names={"en": "Quality Board"})
    count()
    few = count()
    for number in range(4):
        factories.make_agency(names={"en": f"Council {number}"})
    assert count() == few
    assert "Quality Board" not in words(operator.get("/operator/agencies?q=council"))
    assert "No agency fits" in words(operator.get("/operator/agencies?state=withdrawn"))
