"""Remarks on the ledger: found whatever way a decision came, cleared with a reason, kept from the wrong hands."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger.reader import get_log
from register import commands
from register.access.models import AuditRecord
from register.desk import drafts
from register.errors import NotEntitled
from register.payloads import AccreditationChanges, AccreditationTerms
from register.uploads import standing
from register.uploads.holdings import remarks_on
from register.uploads.models import LookedAt, StandingRemark
from tests.factories import OPERATOR, make_accreditation, make_agency, make_issuer
from tests.people import make_member, sign_in
from tests.uploads.conftest import Desk, acting, bring, release
from tests.uploads.tables import as_csv, table

pytestmark = pytest.mark.django_db


def grant(desk: Desk, **fields: object) -> str:
    terms = {"issuer": make_issuer(), "agency": desk.agency, "valid_from": "2026-01-01", **fields}
    return commands.grant_accreditation(AccreditationTerms.model_validate(terms), actor=OPERATOR).id


def codes(subject: str) -> set[str]:
    return set(StandingRemark.objects.filter(subject=subject).values_list("code", flat=True))


def test_a_decision_by_any_way_is_looked_at_once(desk: Desk) -> None:
    decision = grant(desk)
    standing.catch_up()
    assert codes(decision) == {"report_missing", "validity_open", "scope_open"}
    number = StandingRemark.objects.count()
    assert standing.catch_up() == 0
    assert StandingRemark.objects.count() == number


def test_imported_decisions_carry_the_remarks_of_the_dry_run(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 1)[0]))
    said = {one["code"] for one in upload.rows.get().remarks}
    release(desk, upload)
    standing.catch_up()
    assert set(StandingRemark.objects.values_list("code", flat=True)) == said


def test_a_later_decision_is_not_held_against_an_earlier_one(desk: Desk) -> None:
    issuer = make_issuer()
    first, second = (grant(desk, issuer=issuer, valid_from=day) for day in ("2026-01-01", "2026-02-01"))
    standing.catch_up()
    assert "overlapping" not in codes(first)
    assert "overlapping" in codes(second)


def test_remarks_are_cleared_with_a_reason_and_opened_again(client: Client, desk: Desk) -> None:
    grant(desk)
    standing.catch_up()
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    ids = [str(pk) for pk in StandingRemark.objects.values_list("pk", flat=True)]
    assert client.post("/desk/remarks", {"step": "clear", "remark": ids, "reason": " "}).status_code == 422
    assert client.post("/desk/remarks", {"step": "clear", "reason": "Looked at."}).status_code == 422
    assert StandingRemark.objects.filter(cleared=None).count() == len(ids)
    assert client.post("/desk/remarks", {"step": "clear", "remark": ids[:2], "reason": "Looked at."}).status_code == 303
    page = client.get("/desk/remarks?view=cleared").content.decode()
    assert page.count("Looked at.") == 2
    client.post("/desk/remarks", {"step": "reopen", "remark": ids[0]})
    assert StandingRemark.objects.filter(cleared=None).count() == len(ids) - 1
    noted = AuditRecord.objects.filter(code__startswith="remark_", organisation=desk.agency).order_by("id")
    assert [one.code for one in noted] == ["remark_cleared", "remark_cleared", "remark_reopened"]
    assert noted[2].facts["reason"] == "Looked at."
    assert client.post("/desk/remarks", {"step": "clear", "remark": "9" * 5_000}).status_code == 422


def test_a_demonstration_account_opens_nothing_again_that_a_real_person_cleared(desk: Desk) -> None:
    grant(desk)
    standing.catch_up()
    remark = StandingRemark.objects.earliest("id")
    standing.clear(desk.officer, [remark.pk], "Looked at.")
    with pytest.raises(NotEntitled, match="demonstration"):
        standing.reopen(replace(desk.approver, demonstration=True), remark.pk)
    remark.refresh_from_db()
    assert (remark.cleared_by_id, remark.reason) == (desk.officer.user, "Looked at.")


def test_a_remark_leads_to_where_its_decision_can_be_changed(client: Client, desk: Desk) -> None:
    decision = grant(desk)
    standing.catch_up()
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    address = f"/desk/accreditations/{decision}"
    assert f'href="{address}"' in client.get("/desk/remarks").content.decode()
    assert f'href="{address}/amend"' in client.get(address).content.decode()
    every = [str(pk) for pk in StandingRemark.objects.values_list("pk", flat=True)]
    client.post("/desk/remarks", {"step": "clear", "remark": every, "reason": "Looked at."})
    assert f'href="{address}"' in client.get("/desk/remarks?view=cleared").content.decode()


def test_an_agency_neither_sees_nor_clears_another_s(client: Client, desk: Desk) -> None:
    issuer = make_issuer(names={"en": "Harbour College"})
    make_accreditation(issuer, make_agency())
    standing.catch_up()
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    assert "Harbour College" not in client.get("/desk/remarks").content.decode()
    ids = [str(pk) for pk in StandingRemark.objects.values_list("pk", flat=True)]
    client.post("/desk/remarks", {"step": "clear", "remark": ids, "reason": "Not mine."})
    assert not StandingRemark.objects.exclude(cleared=None).exists()
    sign_in(client, "operator")
    assert "Harbour College" in client.get("/desk/remarks").content.decode()


def test_all_remarks_of_a_kind_are_cleared_at_once_and_only_those_that_were_there(client: Client, desk: Desk) -> None:
    release(desk, bring(desk, as_csv(table(desk.issuers, 30)[0])))
    standing.catch_up()
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    address = "/desk/remarks?rule=report_unsealed"
    page = client.get(address).content.decode()
    last = max(StandingRemark.objects.values_list("pk", flat=True))
    assert f'name="all" value="{last}"' in page
    assert "All 30 remarks of this kind" in page
    make_accreditation(make_issuer(), make_agency(), report={"url": "https://other.example/report.pdf"})
    late = grant(desk, report={"url": "https://agency.example/report.pdf"})
    other = grant(desk)
    standing.catch_up()
    assert client.post(address, {"step": "clear", "all": str(last), "reason": " "}).status_code == 422
    assert client.post("/desk/remarks", {"step": "clear", "all": str(last), "reason": "Looked."}).status_code == 422
    assert client.post(address, {"step": "clear", "all": "x", "reason": "Looked."}).status_code == 422
    assert not StandingRemark.objects.exclude(cleared=None).exists()
    assert client.post(address, {"step": "clear", "all": str(last), "reason": "We keep them."}).status_code == 303
    cleared = StandingRemark.objects.exclude(cleared=None)
    assert set(cleared.values_list("code", "reason", "agency")) == {
        ("report_unsealed", "We keep them.", UUID(desk.agency))
    }
    assert cleared.count() == 30
    assert not cleared.filter(subject__in=(late, other)).exists()
    noted = AuditRecord.objects.get(code="remark_cleared")
    assert (noted.facts["rows"], noted.facts["reason"]) == (30, "We keep them.")


def test_what_an_operator_clears_of_several_agencies_each_of_them_can_read_in_its_record(desk: Desk) -> None:
    other = make_agency()
    for agency, number in ((desk.agency, 2), (other, 1)):
        for _ in range(number):
            make_accreditation(make_issuer(), agency, report={"url": "https://agency.example/report.pdf"})
    standing.catch_up()
    last = max(StandingRemark.objects.values_list("pk", flat=True))
    operator = acting(make_member("operator"))
    assert standing.clear_kind(operator, "report_unsealed", last, "They are sealed elsewhere.") == 3
    noted = AuditRecord.objects.filter(code="remark_cleared")
    assert {(one.organisation, one.facts["rows"]) for one in noted} == {(desk.agency, 2), (other, 1)}
    assert noted.count() == 2


def amend(decision: str, **fields: object) -> None:
    changes = AccreditationChanges.model_validate({"reason": "administrative_error", **fields})
    commands.amend_accreditation(decision, changes, actor=OPERATOR)
    standing.catch_up()


def open_codes(subject: str) -> set[str]:
    return set(StandingRemark.objects.filter(subject=subject, cleared=None).values_list("code", flat=True))


def test_an_amendment_is_remarked_upon_for_what_is_new_by_it(desk: Desk) -> None:
    decision = grant(desk, valid_until="2031-01-01")
    standing.catch_up()
    before = codes(decision)
    assert before == {"report_missing", "scope_open"}
    amend(decision, valid_until="2060-01-01")
    assert codes(decision) == {*before, "validity_long"}
    index = get_log(settings.ASSAY_ORIGIN).size - 1
    assert StandingRemark.objects.get(subject=decision, code="validity_long").index == index
    number = StandingRemark.objects.count()
    LookedAt.objects.update(size=0)
    standing.catch_up()
    assert StandingRemark.objects.count() == number


def test_a_cleared_remark_is_open_again_once_an_amendment_says_something_else(desk: Desk) -> None:
    decision = grant(desk, valid_until="2045-01-01")
    standing.catch_up()
    ids = list(StandingRemark.objects.values_list("pk", flat=True))
    standing.clear(desk.officer, ids, "It is meant.")
    amend(decision, report={"url": "https://agency.example/report.pdf", "sha256": "ab" * 32})
    LookedAt.objects.update(size=0)
    standing.catch_up()
    assert open_codes(decision) == set()
    amend(decision, valid_until="2060-01-01")
    assert open_codes(decision) == {"validity_long"}
    again = StandingRemark.objects.get(subject=decision, code="validity_long")
    assert (again.facts["until"][:10], again.reason, again.cleared_by) == ("2060-01-01", "", None)


def test_a_grant_and_its_amendment_that_are_looked_at_together_leave_one_remark(desk: Desk) -> None:
    decision = grant(desk, valid_until="2045-01-01")
    amend(decision, valid_until="2060-01-01")
    kept = StandingRemark.objects.get(subject=decision, code="validity_long")
    assert kept.facts["until"][:10] == "2060-01-01"


def test_a_remark_that_an_amendment_has_met_says_so_and_stays_until_it_is_cleared(client: Client, desk: Desk) -> None:
    decision = grant(desk, valid_until="2045-01-01")
    standing.catch_up()
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    assert "no longer so" not in client.get("/desk/remarks").content.decode()
    amend(decision, valid_until="2030-01-01", report={"url": "https://agency.example/report.pdf", "sha256": "ab" * 32})
    assert open_codes(decision) == {"report_missing", "scope_open", "validity_long"}
    page = client.get("/desk/remarks").content.decode()
    assert page.count("no longer so") == 2
    assert "no longer so" not in client.get("/desk/remarks?rule=scope_open").content.decode()


def test_a_country_that_is_new_to_an_agency_is_remarked_upon_on_the_ledger_and_stays_so(desk: Desk) -> None:
    agency = make_agency(country="NL")
    decision = grant(desk, agency=agency, issuer=make_issuer(country="BE"))
    standing.catch_up()
    assert "agency_not_active" in codes(decision)
    later = grant(desk, agency=agency, issuer=make_issuer(country="BE"))
    standing.catch_up()
    assert "agency_not_active" not in codes(later)
    remarks = list(StandingRemark.objects.filter(subject=decision))
    assert standing.find_met(remarks) == frozenset()


def test_queries_of_the_list_do_not_grow_with_its_remarks(client: Client, desk: Desk) -> None:
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    taken = []
    for number in (1, 7):
        for _ in range(number):
            grant(desk)
        standing.catch_up()
        client.get("/desk/remarks")
        with CaptureQueriesContext(connection) as queries:
            client.get("/desk/remarks")
        taken.append(len(queries))
    assert taken[0] == taken[1]


def test_before_an_amendment_is_made_what_is_new_by_it_is_shown(desk: Desk) -> None:
    decision = grant(desk, valid_until="2031-01-01")

    def said(**fields: object) -> set[str]:
        changes = AccreditationChanges.model_validate(fields)
        return {one.code for one in remarks_on(changes, decision)}

    assert said(valid_until="2060-01-01") == {"validity_long"}
    assert said(valid_until=None) == {"validity_open"}
    assert said(report={"url": "https://agency.example/report.pdf"}) == {"report_unsealed"}
    assert said(scope={"eqf_levels": [6], "jurisdictions": ["BE"]}) == {"place_elsewhere"}
    assert said(legal_basis="Act 7") == set()
    assert remarks_on(AccreditationChanges(), "0197e2c4-0000-7000-8000-000000000009") == ()


def test_the_draft_of_an_amendment_shows_what_is_new_by_it(client: Client, desk: Desk) -> None:
    decision = grant(desk, valid_until="2031-01-01")
    sign_in(client, "agency", desk.agency, email="officer@agency.example")
    draft = drafts.save(desk.officer, "amend_accreditation", decision, {"valid_until": "2060-01-01"})
    page = client.get(f"/desk/drafts/{draft.pk}").content.decode()
    assert "It lasts for more than ten years" in page
    assert "No report is named." not in page
