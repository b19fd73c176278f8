"""What changed about an issuer between two dates."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from register import commands
from register.payloads import AccreditationChanges, IssuerChanges
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


def compare(register: Register, issuer: str, query: str) -> set[tuple[str, str, str, str]]:
    told = json.loads(register.client.get(f"/issuers/{issuer}/changes?{query}", headers=JSON).content)
    sides = (
        (one, *(side.get("name") or side["state"] for side in (one["before"], one["after"]))) for one in told["changes"]
    )
    return {(one["kind"], one["id"], before, after) for one, before, after in sides}


def amend(issuer: str, **changes: Any) -> None:
    commands.amend_issuer(issuer, IssuerChanges.model_validate(changes), actor=factories.OPERATOR)


def test_an_issuer_that_was_renamed_is_told_by_both_names(register: Register) -> None:
    names = {"en": "University of tests", "nl": "Testcollege", "fr": "École des essais"}
    amend(register.issuer, names=names, effective_from="2022-09-01")
    amend(register.issuer, names=names | {"en": "Test university"}, effective_from="2024-09-01")
    query = "from=2022-06-01&to=2023-06-01"
    assert {one for one in compare(register, register.issuer, query) if one[0] == "name"} == {
        ("name", "en", "College of tests", "University of tests")
    }
    assert ("name", "en", "College of tests", "Test university") in compare(
        register, register.issuer, "from=2022-08-31"
    )
    assert not compare(register, register.issuer, "from=2023-03-01&to=2023-06-01")
    page = read(register, f"/issuers/{register.issuer}/changes?{query}")
    assert "Name (English)" in words(page)
    assert page.index('<bdi lang="en">College of tests</bdi>') < page.index('<bdi lang="en">University of tests</bdi>')


def test_a_name_that_was_given_up_or_corrected_is_told_as_what_it_is(register: Register) -> None:
    amend(register.issuer, names={"en": "College of tests"}, effective_from="2022-09-01")
    found = compare(register, register.issuer, "from=2022-08-01&to=2022-10-01")
    assert ("name", "nl", "Testcollege", "not there") in found
    amend(register.merged, names={"en": "Former school"}, effective_from="2022-09-01")
    assert ("name", "en", "Former college", "Former school") in compare(
        register, register.merged, "from=2022-08-01&to=2022-10-01"
    )


def test_programmes_that_begin_end_or_close_between_the_dates_are_told(register: Register) -> None:
    begun = factories.make_programme(register.issuer, valid_from="2022-03-01", valid_until="2022-08-01")
    closed = factories.make_programme(register.issuer)
    commands.close_programme(closed, factories.ending("2022-05-01"), actor=factories.OPERATOR)
    other = factories.make_programme(register.hostile, valid_from="2022-03-01")
    found = compare(register, register.issuer, "from=2022-01-01&to=2022-06-01")
    assert {one for one in found if one[0] == "programme"} == {
        ("programme", begun, "not offered", "offered"),
        ("programme", closed, "offered", "closed"),
    }
    assert other not in str(found)
    assert not compare(register, register.issuer, "from=2022-02-01&to=2022-02-20")
    # Begun and over between the dates: it stands on both alike.
    assert begun not in str(compare(register, register.issuer, "from=2022-01-01&to=2022-09-01"))


def test_an_identifier_counts_from_its_first_day_to_its_last(register: Register) -> None:
    claim = {"scheme": "schac", "value": "new.example", "valid_from": "2022-03-01", "valid_until": "2022-08-01"}
    issuer = factories.make_issuer(identifiers=[claim, {"scheme": "schac", "value": "old.example"}])
    there = {("identifier", "schac:new.example", "not there", "holds")}
    assert compare(register, issuer, "from=2022-01-01&to=2022-06-01") == there
    assert ("identifier", "schac:new.example", "holds", "not there") in compare(register, issuer, "from=2022-07-31")
    amend(issuer, identifiers=[claim, {**claim, "valid_from": "2023-01-01", "valid_until": None}])
    assert compare(register, issuer, "from=2022-04-01&to=2024-01-01") == set()
    assert compare(register, issuer, "from=2022-01-01&to=2024-01-01") == there


def test_the_form_asks_for_both_days_and_what_was_known(register: Register) -> None:
    path = f"/issuers/{register.issuer}/changes"
    today = datetime.now(UTC).date().isoformat()
    assert f'name="known_at" type="date" value="{today}"' in read(register, path)
    assert "Both dates are told with what is on record today" in read(register, f"{path}?known_at={today}")
    sized = read(register, f"{path}?known_at=register.nl.example/ledger@9")
    assert "Shown from the first 9 entries alone." in sized
    assert '<input type="hidden" name="known_at" value="register.nl.example/ledger@9">' in sized


def test_what_was_recorded_lately_is_listed_with_its_effect_for_the_past(register: Register) -> None:
    page = words(read(register, f"/issuers/{register.hostile}/changes"))
    assert "Accreditation revoked." in page
    assert "Recorded later, with effect for the past." in page
    assert "Nothing: names, accreditations, keys, relations, mandates, programmes and identifiers stand on both" in page


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
