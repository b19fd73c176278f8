"""What changed about an issuer between two dates."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from register import commands
from register.payloads import AccreditationChanges
from tests import factories
from tests.site.conftest import Register
from tests.site.test_pages import JSON, read, words


def test_the_page_tells_what_is_different_on_both_dates(register: Register) -> None:
    path = f"/issuers/{register.hostile}/changes?from=2020-06-01&to=2021-06-01"
    page = words(read(register, path))
    assert "Entitled on 1 June 2020" in page
    assert "Not entitled on 1 June 2021" in page
    assert "in force" in page
    assert "revoked" in page
    assert "Nothing was recorded about it in this time." in page
    told = json.loads(register.client.get(path, headers=JSON).content)
    assert (told["from"]["decision"], told["to"]["decision"]) == ("trusted", "not_trusted")
    assert [(one["id"], one["before"]["state"], one["after"]["state"]) for one in told["changes"]] == [
        (register.revoked, "in force", "revoked")
    ]


def test_a_scope_that_changed_is_told_on_both_sides(register: Register) -> None:
    wider = {"scope": {"eqf_levels": [6, 7, 8], "jurisdictions": ["NL"]}, "effective_from": "2024-01-01"}
    terms = AccreditationChanges.model_validate(wider)
    commands.amend_accreditation(register.accreditation, terms, actor=factories.as_agency(register.agency))
    page = words(read(register, f"/issuers/{register.issuer}/changes?from=2023-06-01&to=2024-06-01"))
    assert "EQF levels 6 and 7, all fields, in the Netherlands" in page
    assert "EQF levels 6 to 8, all fields, in the Netherlands" in page


def test_keys_and_relations_are_compared_too(register: Register) -> None:
    told = json.loads(
        register.client.get(f"/issuers/{register.issuer}/changes?from=2021-06-01&to=2023-06-01", headers=JSON).content
    )
    found = {(one["kind"], one["before"]["state"], one["after"]["state"]) for one in told["changes"]}
    assert ("key", "in force", "compromised") in found
    assert ("relation", "not there", "holds") in found


def test_what_was_recorded_lately_is_listed_with_its_effect_for_the_past(register: Register) -> None:
    page = words(read(register, f"/issuers/{register.hostile}/changes"))
    assert "Accreditation revoked." in page
    assert "Recorded later, with effect for the past." in page
    assert "Nothing: accreditations, keys, relations and mandates stand on both dates alike." in page


def test_dates_the_wrong_way_round_and_unknown_issuers_are_told(register: Register) -> None:
    path = f"/issuers/{register.issuer}/changes"
    assert "expected a day before the later date" in read(register, f"{path}?from=2024-01-01&to=2023-01-01", 400)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert "from" in read(register, f"{path}?from={tomorrow}", 400)
    assert register.client.get("/issuers/01890a5d-ac96-774b-bcce-b302099a8057/changes").status_code == 404


def test_the_issuer_page_leads_to_changes_and_feed_and_the_agency_page_narrows(register: Register) -> None:
    page = read(register, f"/issuers/{register.issuer}")
    assert f'href="/issuers/{register.issuer}/changes"' in page
    assert f'href="/follow?issuer={register.issuer}"' in page
    assert f'href="/issuers/{register.issuer}/feed.atom"' in page
    agency = f"/agencies/{register.agency}"
    assert register.revoked in read(register, f"{agency}?status=revoked")
    assert register.accreditation not in read(register, f"{agency}?status=revoked").partition('id="history"')[0]
    assert "None of its accreditations stands so" in words(read(register, f"{agency}?status=suspended"))
    assert register.client.get(f"{agency}?status=asleep").status_code == 400
