"""Pages of the desk: who may see them, how many queries they take, what they say when there is nothing."""

from __future__ import annotations

import hashlib
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from register.access.models import Membership
from register.desk import drafts, preview
from register.desk.models import Draft
from register.desk.page import PLACES
from register.payloads import AccreditationTerms
from tests import factories
from tests.desk.conftest import Desk, acting_as
from tests.desk.test_decision_pages import NEW, PDF, filled
from tests.people import make_member, sign_in

PAGES = ("/desk", "/desk/accreditations", "/desk/drafts", "/desk/drafts?which=waiting", "/desk/four-eyes", NEW)


def enter(client: Client, desk: Desk) -> None:
    """Sign the agency's officer in."""
    sign_in(client, "agency", desk.agency, email="officer@board.example")


def count_queries(client: Client, address: str) -> int:
    """How many queries a page takes."""
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("address", PAGES)
def test_readers_are_led_to_sign_in(desk: Desk, client: Client, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/sign-in")


@pytest.mark.parametrize("address", PAGES)
def test_every_page_opens_for_an_agency_and_the_operator(desk: Desk, client: Client, address: str) -> None:
    enter(client, desk)
    assert client.get(address).status_code == 200
    sign_in(client, "operator", email="operator@node.example")
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("approves", [False, True])
@pytest.mark.parametrize("role", ["agency", "issuer", "operator"])
def test_nobody_is_shown_the_way_to_a_refusal(desk: Desk, client: Client, role: str, approves: bool) -> None:
    organisation = {"agency": desk.agency, "issuer": desk.issuer}.get(role, "")
    member = sign_in(client, role, organisation, approves, email=f"{role}-{approves}@board.example")
    places = [place.path for place in PLACES if place.is_for(acting_as(member))]
    page = client.get("/desk").content.decode()
    assert {path: client.get(path).status_code for path in places} == dict.fromkeys(places, 200)
    assert all(f'<a href="{path}"' in page for path in places)
    assert ('<a href="/desk/people"' in page) == (approves and role != "operator")


def test_an_issuer_has_a_desk_without_decisions(desk: Desk, client: Client) -> None:
    sign_in(client, "issuer", desk.issuer, email="issuer@college.example")
    assert client.get("/desk").status_code == 200
    assert client.get(NEW).status_code == 403
    assert client.get("/desk/accreditations").status_code == 403


def test_an_auditor_is_led_to_the_board(desk: Desk, client: Client) -> None:
    sign_in(client, "auditor", email="auditor@court.example")
    assert client.get("/desk")["Location"] == "/operator"


def fill_desk(desk: Desk, number: int) -> None:
    """Make drafts and accreditations that end soon."""
    for _ in range(number):
        issuer = factories.make_issuer()
        held = factories.make_accreditation(issuer, desk.agency, valid_until="2026-12-31")
        said = {"effective_from": "2025-06-01", "reason": "quality"}
        draft = drafts.save(desk.officer, "revoke_accreditation", held, said)
        drafts.submit(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
        drafts.save(desk.officer, "grant_accreditation", "", desk.granting(issuer=issuer))
        drafts.save(desk.approver, "suspend_accreditation", held, said)


@pytest.mark.parametrize("address", ["/desk", "/desk/accreditations", "/desk/drafts"])
def test_queries_do_not_grow_with_what_there_is(desk: Desk, client: Client, address: str) -> None:
    sign_in(client, "agency", desk.agency, approves=True, email="approver@board.example")
    fill_desk(desk, 1)
    few = count_queries(client, address)
    fill_desk(desk, 4)
    assert count_queries(client, address) == few


def test_a_drafts_page_is_not_anothers(desk: Desk, client: Client) -> None:
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting())
    sign_in(client, "agency", desk.other_agency, email="stranger@other.example")
    for address in (f"/desk/drafts/{draft.pk}", f"/desk/drafts/{draft.pk}/receipt", f"{NEW}?draft={draft.pk}"):
        assert client.get(address).status_code == 404
    assert client.post(f"/desk/drafts/{draft.pk}", {"step": "discard"}).status_code == 404
    assert Draft.objects.get().state == "editing"


@pytest.mark.parametrize("q", ["Havenhogeschool", "harbour", "Harbor Colege"])
def test_an_institution_is_found_in_any_language_and_with_typing_errors(desk: Desk, client: Client, q: str) -> None:
    enter(client, desk)
    found = client.get("/desk/issuers/find", {"q": q}).content.decode()
    assert desk.issuer in found
    assert desk.other_issuer not in found


def test_without_javascript_a_button_finds_and_keeps_what_was_filled_in(desk: Desk, client: Client) -> None:
    enter(client, desk)
    sent = filled(desk, issuer="", q="harbour", find="1", summary="Kept.")
    page = client.post(NEW, sent).content.decode()
    assert f'value="{desk.issuer}"' in page
    assert "Kept." in page
    assert re.search(r'name="eqf_levels" value="6"[^>]* checked', page)
    assert not Draft.objects.exists()


def test_what_is_missing_is_told_beside_the_field_and_in_a_summary(desk: Desk, client: Client) -> None:
    enter(client, desk)
    answer = client.post(NEW, {"kind": "institutional", "decision": "positive", "valid_from": "31-02-2024"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#id_issuer"' in page
    assert 'href="#id_valid_from"' in page
    assert page.count("Write a day of the calendar") == 2


def test_a_period_that_ends_before_it_begins_is_told_at_its_end(desk: Desk, client: Client) -> None:
    enter(client, desk)
    answer = client.post(NEW, filled(desk, valid_from="2024-06-01", valid_until="2024-01-01"))
    assert answer.status_code == 422
    assert b"#id_valid_until" in answer.content


def test_a_reports_hash_is_that_of_the_file_and_the_file_is_dropped(desk: Desk, client: Client) -> None:
    enter(client, desk)
    file = SimpleUploadedFile("report.pdf", PDF, "application/pdf")
    sent = filled(desk, report_url="https://board.example/reports/1.pdf", report_file=file, report_languages="en, nl")
    client.post(NEW, sent)
    report = Draft.objects.get().said["report"]
    assert report == {
        "url": "https://board.example/reports/1.pdf",
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "languages": ["en", "nl"],
    }


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"report_url": "https://board.example/r", "report_file": b"GIF89a"}, b"This file is no PDF"),
        ({"report_file": PDF}, b"Write where the report can be read"),
        ({"report_url": "https://board.example/r", "report_sha256": "abc"}, b"64 digits"),
    ],
)
def test_a_report_that_says_nothing_is_refused(
    desk: Desk, client: Client, fields: dict[str, object], told: bytes
) -> None:
    enter(client, desk)
    if isinstance(content := fields.get("report_file"), bytes):
        fields = {**fields, "report_file": SimpleUploadedFile("report.pdf", content, "application/pdf")}
    answer = client.post(NEW, filled(desk, **fields))
    assert answer.status_code == 422
    assert told in answer.content


def test_what_a_demonstration_account_drafts_is_marked(desk: Desk) -> None:
    member = make_member("agency", desk.agency, email="demonstration@board.example")
    Membership.objects.filter(pk=member.pk).update(demonstration=True)
    member.refresh_from_db()
    draft = drafts.save(acting_as(member), "grant_accreditation", "", desk.granting())
    assert AccreditationTerms.model_validate(draft.said).demonstration


def test_a_decision_like_another_one_takes_over_all_but_what_is_its_own(desk: Desk, client: Client) -> None:
    enter(client, desk)
    draft = drafts.save(
        desk.officer, "grant_accreditation", "", desk.granting(kind="micro_credential", local_identifier="A-1")
    )
    page = client.get(f"{NEW}?like={draft.pk}").content.decode()
    assert '<option value="micro_credential" selected>' in page
    assert "A-1" not in page
    assert desk.issuer not in page


def test_an_operator_names_the_agency_and_the_entry_says_so(desk: Desk, client: Client) -> None:
    sign_in(client, "operator", email="operator@node.example")
    page = client.get(NEW).content.decode()
    assert f'<option value="{desk.agency}"' in page
    answer = client.post(NEW, filled(desk, agency=desk.agency))
    assert answer.status_code == 303
    assert b"&quot;role&quot;:&quot;operator&quot;" in client.get(answer["Location"]).content


def test_every_place_of_the_desk_is_there() -> None:
    assert [place.path for place in PLACES if resolve(place.path).func is None] == []


def test_no_step_is_taken_without_the_pages_own_token(desk: Desk) -> None:
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting())
    client = Client(enforce_csrf_checks=True)
    enter(client, desk)
    assert client.post(f"/desk/drafts/{draft.pk}", {"step": "discard"}).status_code == 403
    assert Draft.objects.get().state == "editing"


def test_a_strangers_words_are_shown_as_text(desk: Desk, client: Client) -> None:
    enter(client, desk)
    hostile = "<script>alert(1)</script>"
    issuer = factories.make_issuer(names={"en": f"College {hostile}"})
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting(issuer=issuer, summary=hostile))
    for address in (
        f"/desk/drafts/{draft.pk}",
        "/desk/drafts",
        "/desk/issuers/find?q=college",
        f"{NEW}?draft={draft.pk}",
    ):
        page = client.get(address).content
        assert hostile.encode() not in page
        assert b"&lt;script&gt;" in page


ODD = ("%00", "%F0%9F%98%80", "a" * 5000, "ror%3A", "%27%3B--", "..%2F..", "%E2%80%AE")


def test_odd_queries_break_nothing(desk: Desk, client: Client) -> None:
    enter(client, desk)
    held = factories.make_accreditation(desk.issuer, desk.agency)
    for odd in ODD:
        for address in (
            f"/desk/issuers/find?q={odd}",
            f"/desk/issuers/offers?issuer={odd}",
            f"/desk/accreditations?q={odd}&state={odd}&sort={odd}&page={odd}",
            f"/desk/drafts?which={odd}&page={odd}",
            f"{NEW}?draft={odd}",
            f"{NEW}?like={odd}",
            f"{NEW}?issuer={odd}&q={odd}",
            f"/desk/accreditations/{held}/correct?entry={odd}",
            f"/desk/accreditations/{held}/{odd[:40]}",
            f"/desk/four-eyes?draft={odd}",
        ):
            assert client.get(address).status_code in (200, 302, 404), address


@pytest.mark.parametrize("odd", ["\x00", "\u202e", "\ud800", "\U0001f600" * 3000])
def test_odd_texts_are_refused_or_kept_as_text(desk: Desk, client: Client, odd: str) -> None:
    enter(client, desk)
    text = odd.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    answer = client.post(NEW, filled(desk, summary=text, local_identifier=text, report_url=text, q=text))
    assert answer.status_code in (303, 422)
