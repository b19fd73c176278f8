"""The audit record: what is noted, who sees it, and that nobody alters it."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg.errors import InsufficientPrivilege

from register.access.audit import note
from register.access.models import AuditRecord
from register.desk.models import Draft
from tests import factories
from tests.access.pages import enter, noted, words
from tests.people import make_member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> Client:
    factories.open_register()
    client = Client()
    sign_in(client, "operator")
    return client


def test_signing_in_out_and_failing_are_noted_with_the_network_alone() -> None:
    factories.open_register()
    make_member("auditor")
    client = Client()
    enter(client, "auditor@nl.example", "wrong")
    enter(client, "auditor@nl.example")
    client.post("/sign-out", REMOTE_ADDR="2001:db8:1:2::3")
    lines = AuditRecord.objects.order_by("id")
    assert [(row.code, row.email, row.network) for row in lines] == [
        ("sign_in_failed", "auditor@nl.example", "192.0.2.0/24"),
        ("signed_in", "auditor@nl.example", "192.0.2.0/24"),
        ("signed_out", "auditor@nl.example", "2001:db8:1::/48"),
    ]


def test_what_a_stranger_typed_is_not_kept() -> None:
    factories.open_register()
    enter(Client(), "my secret password by mistake", "x")
    (row,) = noted("sign_in_failed")
    assert (row.email, row.user) == ("", None)
    assert "secret" not in str(row.__dict__)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_auditrecord SET email = 'somebody@else.example'",
        "DELETE FROM access_auditrecord",
        "TRUNCATE access_auditrecord",
    ],
)
def test_lines_cannot_be_altered(statement: str, app_connection: psycopg.Connection[Any]) -> None:
    note(None, "invited", "somebody@nl.example")
    with pytest.raises(InsufficientPrivilege):
        app_connection.execute(statement)
    app_connection.rollback()
    with pytest.raises(IntegrityError, match="is refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditRecord.objects.get().about == "somebody@nl.example"


def test_what_is_undone_is_not_noted_as_done() -> None:
    with transaction.atomic():
        note(None, "invited", "somebody@nl.example")
        transaction.set_rollback(True)
    assert not AuditRecord.objects.exists()


def test_operators_and_auditors_see_all_approvers_their_own(operator: Client) -> None:
    own, other = factories.make_agency(), factories.make_agency()
    note(None, "invited", "own@nl.example", organisation=own)
    note(None, "invited", "other@nl.example", organisation=other)
    auditor, approver, officer = Client(), Client(), Client()
    sign_in(auditor, "auditor")
    sign_in(approver, "agency", own, approves=True)
    sign_in(officer, "agency", own)
    for client in (operator, auditor):
        shown = words(client.get("/operator/audit"))
        assert "own@nl.example" in shown
        assert "other@nl.example" in shown
    shown = words(approver.get("/desk/audit"))
    assert "own@nl.example" in shown
    assert "other@nl.example" not in shown
    assert "other@nl.example" not in b"".join(approver.get("/desk/audit?format=csv")).decode()
    assert officer.get("/desk/audit").status_code == 403
    assert auditor.post("/operator/audit").status_code == 405


def test_the_record_is_filtered_and_paged_with_constant_queries(operator: Client) -> None:
    agency = factories.make_agency()
    for number in range(120):
        note(None, "token_made" if number % 2 else "invited", f"thing {number:03}", organisation=agency)
    with CaptureQueriesContext(connection) as many:
        first = operator.get("/operator/audit?code=invited")
    assert "thing 118" in words(first)
    assert "thing 119" not in words(first)
    assert "thing 018" not in words(first)
    older = first.content.decode().partition("Older")[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "thing 018" in words(operator.get(older))
    with CaptureQueriesContext(connection) as few:
        assert "thing 042" in words(operator.get("/operator/audit?q=042"))
    assert len(few) == len(many)
    assert "Nothing fits" in words(operator.get("/operator/audit?until=2001-01-01"))
    assert operator.get("/operator/audit?before=x&since=never&code=%00&q=%00").status_code == 200


def test_the_csv_is_safe_for_spreadsheets(operator: Client) -> None:
    note(None, "token_made", "=HYPERLINK(1)", organisation="")
    rows = list(csv.reader(StringIO(b"".join(operator.get("/operator/audit?format=csv")).decode("utf-8-sig"))))
    about = rows[0].index("about")
    assert "'=HYPERLINK(1)" in [row[about] for row in rows]


def test_a_draft_is_told_by_what_it_says_and_leads_to_its_entry(operator: Client) -> None:
    person = make_member("operator", email="operator@nl.example")
    agency = make_member("agency", factories.make_agency())
    own = {"user": person.user_id, "email": "operator@nl.example", "role": "operator"}
    facts = {"verb": "recognise_peer", "entry": 1234}
    AuditRecord.objects.create(code="draft_approved", about="/desk/drafts/1", facts=facts, **own)
    theirs = {"role": "agency", "said_as": agency.organisation, "about": "/desk/drafts/2"}
    AuditRecord.objects.create(code="draft_approved", facts={"verb": "bind_key"}, **theirs)
    AuditRecord.objects.create(code="peer_paused", about="/federation/peers/3", facts={"reason": "a test"}, **own)
    AuditRecord.objects.create(code="four_eyes_changed", facts={"verbs": "bind_key withdraw_peer"}, **own)
    page = operator.get("/operator/audit")
    text = words(page)
    assert "Draft approved : Recognising another register" in text
    assert "two people for: Binding a key, Withdrawing the recognition of another register" in text
    assert "Peer paused : /federation/peers/3 reason: a test" in text
    content = page.content.decode()
    for link in ('href="/ledger/entries/1234"', 'href="/desk/drafts/1"', 'href="/federation/peers/3"'):
        assert link in content
    assert 'href="/desk/drafts/2"' not in content
    assert "Binding a key" in text


def test_things_are_told_by_their_names_and_not_by_their_addresses(operator: Client) -> None:
    agency = factories.make_agency(names={"en": "Quality Board"})
    accreditation = factories.make_accreditation(factories.make_issuer(names={"en": "North College"}), agency)
    terms = {"effective_from": "2025-01-01", "reason": "unspecified"}
    kept = operator.post(f"/operator/agencies/{agency}/withdraw", terms)["Location"]
    facts: dict[str, Any] = {"verb": "withdraw_agency"}
    own, other = {"role": "operator"}, {"role": "agency", "said_as": agency}
    AuditRecord.objects.create(code="draft_submitted", about=kept, facts=facts, **own)
    AuditRecord.objects.create(
        code="import_submitted", about="/desk/imports/1", facts={"file": "a.csv", "rows": 3}, **other
    )
    AuditRecord.objects.create(
        code="remark_cleared", about=f"/accreditations/{accreditation}", facts={"rule": "report_missing"}, **own
    )
    AuditRecord.objects.create(
        code="token_made", facts={"scope": "bind_key, grant_mandate", "until": "2027-02-20"}, **own
    )
    page = operator.get("/operator/audit")
    text = words(page)
    assert "Withdrawing the recognition of an agency · Quality Board" in text
    assert f'href="{kept}"' in page.content.decode()
    assert "Import handed to a second person : a.csv rows: 3" in text
    assert 'href="/desk/imports/1"' not in page.content.decode()
    assert "Remark cleared : Accreditation · North College remark: No report" in text
    assert "scope: Bind keys, Grant mandates; until: 20 February 2027" in text


@pytest.mark.parametrize("reason", ["quality", "API", "other"])
def test_a_reason_in_somebody_s_own_words_stands_as_they_wrote_it(operator: Client, reason: str) -> None:
    note(None, "remark_cleared", rule="report_missing", rows=3, reason=reason)
    assert f"reason: {reason}" in words(operator.get("/operator/audit"))


def test_of_a_draft_of_another_desk_only_what_it_is_for_is_told(operator: Client) -> None:
    agency = factories.make_agency()
    officer = Client()
    sign_in(officer, "agency", agency)
    issuer = factories.make_issuer(names={"en": "North College"})
    decision = {"issuer": issuer, "kind": "institutional", "decision": "positive", "valid_from": "2026-01-01"}
    kept = Draft.objects.create(role="agency", organisation=agency, verb="grant_accreditation", said=decision)
    note(None, "draft_submitted", f"/desk/drafts/{kept.pk}", verb=kept.verb)
    assert "Recording a decision on an accreditation" in words(operator.get("/operator/audit"))
    assert "North College" not in words(operator.get("/operator/audit"))
