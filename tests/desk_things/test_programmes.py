"""Programmes at the desk: described with the elements of the EU standard, amended, ended, by whom they belong to."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from register import commands
from register.desk.models import Draft
from register.queries.cuts import resolve_cut
from register.queries.single import find_record
from tests import factories
from tests.desk_things.conftest import Desk, words
from tests.desk_things.test_issuers import fields_of

FULL = {
    "titles-0-language": "en",
    "titles-0-title": "Machining",
    "credential_type": "micro-credential",
    "learning_outcomes-0-part": "",
    "learning_outcomes-0-language": "en",
    "learning_outcomes-0-text": "Reads drawings",
    "learning_outcomes-0-esco": "http://data.europa.eu/esco/skill/1 http://data.europa.eu/esco/skill/2",
    "learning_outcomes-1-part": "same",
    "learning_outcomes-1-language": "nl",
    "learning_outcomes-1-text": "Leest tekeningen",
    "learning_outcomes-1-esco": "",
    "ects": "7,5",
    "hours": "200",
    "eqf_level": "4",
    "isced_f-0-field": "0715",
    "assessment_type": "practical-assessment",
    "participation": "blended",
    "quality_assurance": "Institutional accreditation",
    "prerequisites-0-language": "en",
    "prerequisites-0-text": "None",
    "supervision": "supervised_onsite",
    "stackability": "stand_alone",
    "awarding_bodies-0-body": "Academy of Song",
    "valid_from": "2026-09-01",
    "last_day": "2030-08-31",
}


def test_a_programme_is_described_with_all_elements(desk: Desk) -> None:
    desk.act_as("issuer", desk.college)
    draft = desk.draft("/desk/programmes/new", **FULL)
    assert draft.verb == "register_programme"
    assert draft.said == {
        "issuer": desk.college,
        "titles": {"en": "Machining"},
        "credential_type": "micro-credential",
        "learning_outcomes": [
            {
                "text": {"en": "Reads drawings", "nl": "Leest tekeningen"},
                "esco": ["http://data.europa.eu/esco/skill/1", "http://data.europa.eu/esco/skill/2"],
            }
        ],
        "ects": "7.5",
        "hours": 200,
        "eqf_level": 4,
        "isced_f": ["0715"],
        "assessment_type": "practical-assessment",
        "participation": "blended",
        "quality_assurance": "Institutional accreditation",
        "prerequisites": {"en": "None"},
        "supervision": "supervised_onsite",
        "stackability": "stand_alone",
        "awarding_bodies": [desk.academy],
        "valid_from": "2026-09-01",
        "valid_until": "2030-09-01",
    }
    again = desk.read(f"/desk/programmes/new?draft={draft.pk}")
    desk.send("/desk/programmes/new", 303, **fields_of(again))
    assert Draft.objects.get().said == draft.said


def test_all_that_a_programme_says_is_told_in_words_before_it_is_published(desk: Desk) -> None:
    desk.act_as("issuer", desk.college)
    draft = desk.draft("/desk/programmes/new", **FULL)
    page = words(desk.read(f"/desk/drafts/{draft.pk}").partition('<pre class="bytes"')[0])
    for told in (
        "Micro-credential",
        "Reads drawings (English), Leest tekeningen (Dutch) http://data.europa.eu/esco/skill/1",
        "EQF level 4",
        "Mechanics and metal trades (0715)",
        "Academy of Song",
        "31 August 2030",
    ):
        assert told in page
    assert [code for code in ("micro-credential", "practical-assessment", "stand_alone") if code in page] == []


def test_what_is_missing_is_told_by_the_server_too(desk: Desk) -> None:
    desk.act_as("issuer", desk.college)
    page = desk.read("/desk/programmes/new")
    assert "7 of the 11 mandatory elements are missing." in words(page)
    page = desk.send("/desk/programmes/new", 200, **FULL | {"assessment_type": ""}, more="elements")
    assert "1 of the 11 mandatory elements is missing." in words(page)
    assert 'data-missing="1"' in page
    assert "Reads drawings" in page
    page = desk.send("/desk/programmes/new", 422, **FULL | {"valid_from": ""})
    assert "All 11 mandatory elements are stated." in words(page)


@pytest.mark.parametrize(
    ("changed", "words_shown"),
    [
        ({"titles-0-title": "", "titles-0-language": ""}, "Fill in at least one row"),
        ({"ects": "many"}, "Workload in ECTS"),
        ({"learning_outcomes-0-part": "same"}, "no outcome above it"),
        ({"learning_outcomes-0-esco": "esco:skill"}, "web address"),
        ({"awarding_bodies-0-body": "Nobody"}, "No issuer of this register"),
        ({"last_day": "2026-08-01"}, "expected an end after"),
    ],
)
def test_what_is_wrong_is_said(desk: Desk, changed: dict[str, str], words_shown: str) -> None:
    desk.act_as("issuer", desk.college)
    page = desk.send("/desk/programmes/new", 422, **FULL | changed)
    assert words_shown.lower() in words(page).lower()
    assert 'class="errors bad"' in page
    assert not Draft.objects.exists()


def test_an_amendment_says_only_what_changed_and_an_end_ends(desk: Desk) -> None:
    outcomes = [{"text": {"en": "Sings", "nl": "Zingt"}, "esco": ["http://data.europa.eu/esco/skill/3"]}]
    programme = factories.make_programme(desk.college, learning_outcomes=outcomes, ects="5", isced_f=["0215"])
    path = f"/desk/programmes/{programme}/amend"
    sent = fields_of(desk.read(path))
    assert "Nothing has changed" in desk.send(path, 422, **sent)
    draft = desk.draft(path, **sent | {"ects": "", "hours": "150", "note": "Recounted"})
    assert (draft.verb, draft.subject) == ("amend_programme", programme)
    assert draft.said == {"ects": None, "hours": 150, "note": "Recounted"}
    page = desk.read(f"{path}?draft={draft.pk}")
    assert fields_of(page)["hours"] == "150"
    page = desk.read(f"/desk/drafts/{draft.pk}")
    assert "Workload in hours not stated 150" in words(page)
    assert f'About <a href="/programmes/{programme}">' in page
    assert "Changed:" not in words(page)
    assert "Recounted" in words(page)
    draft = desk.draft(
        f"/desk/programmes/{programme}/close", effective_from="2027-08-31", reason="programme_discontinued"
    )
    assert draft.said == {"effective_from": "2027-08-31", "reason": "programme_discontinued"}


def test_an_end_by_mistake_is_taken_back(signed_desk: Desk) -> None:
    desk, end = signed_desk, factories.ending("2025-06-01", "programme_discontinued")
    programme = factories.make_programme(desk.college, titles={"en": "Song"})
    path = f"/desk/programmes/{programme}/take-back"
    assert "nothing to take back" in desk.read(path, 409)
    commands.close_programme(programme, end, actor=factories.OPERATOR)
    desk.act_as("issuer", desk.college)
    for page in ("/desk/programmes", f"/desk/programmes/{programme}/amend"):
        assert f'href="{path}"' in desk.read(page)
    draft = desk.draft(path, reason="administrative_error", note="It goes on.")
    assert (draft.verb, draft.subject, draft.said.keys()) == (
        "amend_programme",
        programme,
        {"corrects", "reason", "note"},
    )
    assert f'href="{path}?draft={draft.pk}"' in desk.read(f"/desk/drafts/{draft.pk}")
    desk.step(draft, "hand-over")
    desk.act_as("issuer", desk.college, approves=True, email="second@college.example")
    desk.step(draft, "approve")
    assert find_record("programme", programme, resolve_cut()).closure is None


def test_an_issuer_describes_and_changes_its_own_only(desk: Desk) -> None:
    theirs = factories.make_programme(desk.academy, titles={"en": "Belcanto"})
    own = factories.make_programme(desk.college, titles={"en": "Brass"})
    client = desk.act_as("issuer", desk.college)
    page = desk.read(f"/desk/programmes?issuer={desk.academy}")
    assert "Brass" in page
    assert "Belcanto" not in page
    for path in (f"/desk/programmes/{theirs}/{way}" for way in ("amend", "close", "take-back")):
        assert client.get(path).status_code == 404
        assert client.post(path, FULL).status_code == 404
    draft = desk.draft("/desk/programmes/new", **FULL, issuer=desk.academy)
    assert draft.said["issuer"] == desk.college
    desk.read(f"/desk/programmes/{own}/amend")


def test_an_agency_describes_for_an_issuer_it_names(desk: Desk) -> None:
    assert desk.client.get("/desk/programmes/new")["Location"] == "/desk/issuers"
    draft = desk.draft("/desk/programmes/new", **FULL | {"awarding_bodies-0-body": ""}, issuer=desk.academy)
    assert draft.said["issuer"] == desk.academy
    assert "Academy of Song" in desk.read(f"/desk/programmes/new?draft={draft.pk}")


def test_the_list_tells_what_is_missing_with_the_same_few_queries(desk: Desk) -> None:
    counts = []
    for number in (1, 5):
        for _ in range(number):
            factories.make_programme(desk.college, titles={"en": "Song"}, ects="5")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = desk.read("/desk/programmes?q=song")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "6 of 11" in words(page)
    assert "No programme is called so" in desk.read("/desk/programmes?q=zzzz")
