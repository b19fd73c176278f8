"""Changing an accreditation on its pages: what is asked, what is said of the past, who may, what is left."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from register import commands
from register.desk import logs
from register.desk.models import Draft
from register.models import AccreditationVersion
from register.payloads import AccreditationChanges
from tests import factories
from tests.desk.conftest import Desk
from tests.desk.test_decision_pages import digest_on
from tests.people import sign_in

ENDING = {"effective_from": "2025-06-01", "reason": "quality"}


def newest(accreditation: str) -> AccreditationVersion:
    """The newest version of an accreditation."""
    found: AccreditationVersion = AccreditationVersion.objects.get(uid=accreditation, recorded_until=None)
    return found


def carry_through(client: Client, address: str) -> None:
    """Press the first button that a draft's page offers, and insist that rebuilt rows are the same."""
    page = client.get(address)
    step = "submit" if b'value="submit"' in page.content else "hand-over"
    sent = {"step": step, "digest": digest_on(page.content)}
    answer = factories.verify_command(lambda: client.post(address, sent))
    assert answer.status_code == 303, answer.content.decode()


def approve(desk: Desk, client: Client, address: str) -> None:
    """Let the second person approve."""
    sign_in(client, "agency", desk.agency, approves=True, email="approver@board.example")
    page = client.get(address)
    sent = {"step": "approve", "digest": digest_on(page.content)}
    answer = factories.verify_command(lambda: client.post(address, sent))
    assert answer.status_code == 303, answer.content.decode()


@pytest.fixture
def at_desk(desk: Desk, client: Client) -> Client:
    """The agency's officer, signed in."""
    sign_in(client, "agency", desk.agency, email="officer@board.example")
    return client


def test_a_suspension_and_its_end(desk: Desk, at_desk: Client) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    base = f"/desk/accreditations/{held}"
    address = at_desk.post(f"{base}/suspend", ENDING)["Location"]
    carry_through(at_desk, address)
    assert newest(held).suspended is None
    approve(desk, at_desk, address)
    assert newest(held).suspended
    assert b"Reinstate" in at_desk.get(base).content
    lifted = {"effective_from": "2025-09-01", "reason": "deficiencies_remedied"}
    carry_through(at_desk, at_desk.post(f"{base}/reinstate", lifted)["Location"])
    spans = list(newest(held).suspended or [])
    assert [span.upper.year for span in spans] == [2025]


def test_a_revocation_tells_the_past_that_it_changes_and_waits(desk: Desk, at_desk: Client) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    address = at_desk.post(f"/desk/accreditations/{held}/revoke", ENDING)["Location"]
    page = at_desk.get(address).content.decode()
    assert "This changes answers about the past" in page
    assert "1 June 2025" in page
    assert re.search(r'data-tone="good".*#ok.*May award.*data-tone="bad".*#no.*Accreditation revoked', page)
    carry_through(at_desk, address)
    assert newest(held).revoked_from is None
    assert "Approve and publish" not in at_desk.get(address).content.decode()
    approve(desk, at_desk, address)
    assert newest(held).revoked_from is not None


def test_an_amendment_says_only_what_changes(desk: Desk, at_desk: Client) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency, scope={"eqf_levels": [6]}, summary="As it was.")
    sent = {
        "kind": "institutional",
        "decision": "positive",
        "valid_from": "2020-01-01",
        "eqf_levels": ["6", "7"],
        "effective_from": "2026-01-01",
        "summary": "As it was.",
    }
    address = at_desk.post(f"/desk/accreditations/{held}/amend", sent)["Location"]
    assert Draft.objects.get().said == {"scope": {"eqf_levels": [6, 7]}, "effective_from": "2026-01-01"}
    carry_through(at_desk, address)
    assert newest(held).eqf_levels == [6, 7]


def test_an_amendment_that_changes_nothing_is_told_so(desk: Desk, at_desk: Client) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    same = {"kind": "institutional", "decision": "positive", "valid_from": "2020-01-01"}
    answer = at_desk.post(f"/desk/accreditations/{held}/amend", same)
    assert answer.status_code == 422
    assert b"Nothing is changed yet" in answer.content


def test_a_correction_replaces_an_entry_and_asks_for_a_second_person(desk: Desk, at_desk: Client) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency, scope={"eqf_levels": [6]})
    entry = newest(held).recorded_from
    sent = {
        "kind": "institutional",
        "decision": "positive",
        "valid_from": "2020-01-01",
        "eqf_levels": ["5"],
        "reason": "administrative_error",
        "note": "The minutes say level 5.",
    }
    address = at_desk.post(f"/desk/accreditations/{held}/correct?entry={entry}", sent)["Location"]
    assert Draft.objects.get().said["corrects"] == entry
    carry_through(at_desk, address)
    approve(desk, at_desk, address)
    assert newest(held).eqf_levels == [5]


def test_an_entry_that_was_corrected_is_marked_as_replaced(lasting_desk: Desk, client: Client) -> None:
    sign_in(client, "agency", lasting_desk.agency, email="officer@board.example")
    held = factories.make_accreditation(lasting_desk.issuer, lasting_desk.agency)
    said = {"corrects": newest(held).recorded_from, "scope": {"eqf_levels": [5]}, "reason": "administrative_error"}
    terms = AccreditationChanges.model_validate(said)
    commands.amend_accreditation(held, terms, actor=factories.as_agency(lasting_desk.agency))
    page = client.get(f"/desk/accreditations/{held}").content.decode()
    assert page.count("Replaced by") == 1
    assert f'Replaced by <a href="/ledger/entries/{newest(held).recorded_from}">' in page


def test_the_first_of_many_entries_is_found_marked_and_corrected(
    lasting_desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "PAGE", 2)
    sign_in(client, "agency", lasting_desk.agency, email="officer@board.example")
    held = factories.make_accreditation(lasting_desk.issuer, lasting_desk.agency)
    path, first = f"/desk/accreditations/{held}", newest(held).recorded_from
    for said in ({"summary": "One."}, {"summary": "Two."}, {"corrects": first, "scope": {"eqf_levels": [5]}}):
        terms = AccreditationChanges.model_validate(said)
        commands.amend_accreditation(held, terms, actor=factories.as_agency(lasting_desk.agency))
    page = client.get(path).content.decode()
    correcting = f'href="{path}/correct?entry={first}"'
    assert correcting not in page
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older
    page = client.get(older[1]).content.decode()
    assert correcting in page
    assert f'Replaced by <a href="/ledger/entries/{newest(held).recorded_from}">' in page
    assert f'href="{path}">Newest entries' in page
    assert 'rel="next"' not in page
    for odd in ("x", "-1", "9" * 40, "%00"):
        assert client.get(f"{path}?before={odd}").status_code == 200


def test_a_revocation_is_taken_back_on_appeal(desk: Desk, at_desk: Client) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    commands.revoke_accreditation(held, factories.ending("2025-01-01"), actor=factories.as_agency(desk.agency))
    entry = newest(held).recorded_from
    sent = {"reason": "appeal_upheld", "note": "The court annulled it."}
    address = at_desk.post(f"/desk/accreditations/{held}/correct?entry={entry}", sent)["Location"]
    carry_through(at_desk, address)
    approve(desk, at_desk, address)
    assert newest(held).revoked_from is None


@pytest.mark.parametrize("how", ["", "/amend", "/suspend", "/revoke", "/correct?entry=3"])
def test_another_agencys_accreditation_does_not_exist(desk: Desk, client: Client, how: str) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    sign_in(client, "agency", desk.other_agency, email="stranger@other.example")
    assert client.get(f"/desk/accreditations/{held}{how}").status_code == 404


def test_a_draft_is_changed_in_the_form_it_came_from(desk: Desk, at_desk: Client) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    address = at_desk.post(f"/desk/accreditations/{held}/revoke", ENDING)["Location"]
    draft = Draft.objects.get()
    form = at_desk.get(f"/desk/accreditations/{held}/revoke?draft={draft.pk}")
    assert b'value="2025-06-01"' in form.content
    again = at_desk.post(
        f"/desk/accreditations/{held}/revoke?draft={draft.pk}", {**ENDING, "effective_from": "2025-07-01", "version": 1}
    )
    assert again["Location"] == address
    assert Draft.objects.get().said["effective_from"] == "2025-07-01"
