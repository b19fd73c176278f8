"""Remarks on the ledger: found whatever way a decision came, cleared with a reason, kept from the wrong hands."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from register import commands
from register.access.models import AuditRecord
from register.payloads import AccreditationTerms
from register.uploads import standing
from register.uploads.models import StandingRemark
from tests.factories import OPERATOR, make_accreditation, make_agency, make_issuer
from tests.people import sign_in
from tests.uploads.conftest import Desk, bring, release
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
