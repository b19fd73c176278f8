"""Issuers at the desk: look-alikes before a new one, amending, closing, relating."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from register import commands
from register.desk.inputs import PROVIDER_TYPES
from register.desk.models import Draft
from register.payloads import IssuerChanges
from register.queries.cuts import resolve_cut
from register.queries.single import find_record
from register.records import IssuerRecord
from register.site.entry_words import TYPE_TITLES
from register.site.words import label
from tests import factories
from tests.desk_things.conftest import Desk, words

NEW = {
    "names-0-language": "en",
    "names-0-name": "School of Carpentry",
    "country": "NL",
    "provider_type": "1",
    "acronym": "",
    "website": "",
}
NONE_OF_THESE = re.compile(r'name="none_of_these" value="([0-9a-f]+)"')


def test_a_new_issuer_like_no_other_goes_straight_to_its_preview(desk: Desk) -> None:
    draft = desk.draft("/desk/issuers/new", **NEW)
    assert (draft.verb, draft.subject, draft.organisation) == ("register_issuer", "", desk.agency)
    assert draft.said == {"names": {"en": "School of Carpentry"}, "country": "NL", "provider_type": 1}


def test_what_was_looked_for_in_vain_is_filled_in_and_a_decision_about_it_comes_next(signed_desk: Desk) -> None:
    desk = signed_desk
    part = desk.read("/desk/issuers/find?q=Harbour+%26+Sons")
    found = re.search(r'href="(/desk/issuers/new[^"]*)"', part)
    assert found
    page = desk.read(unescape(found[1]))
    assert 'name="names-0-name" id="id_names-0-name" value="Harbour &amp; Sons"' in page
    assert 'class="errors' not in page
    named = fields_of(page) | {"names-0-language": "en", "country": "NL"}
    draft = desk.draft("/desk/issuers/new", **{name: unescape(value) for name, value in named.items()})
    assert draft.said["names"] == {"en": "Harbour & Sons"}
    desk.step(draft, "submit")
    issuer = draft.written.rpartition("/")[2]
    page = desk.read(f"/desk/drafts/{draft.pk}")
    assert f'href="/desk/decisions/new?issuer={issuer}"' in page
    assert "Harbour &amp; Sons" in desk.read(f"/desk/decisions/new?issuer={issuer}")


def test_an_identifier_looked_for_in_vain_is_filled_in_as_one(desk: Desk) -> None:
    sent = fields_of(desk.read("/desk/issuers/new?name=schac:other.example"))
    assert (sent["identifiers-0-scheme"], sent["identifiers-0-value"]) == ("schac", "other.example")
    assert sent["names-0-name"] == ""
    assert 'href="/desk/issuers/new?name=zzzzqqq"' in desk.read("/desk/issuers?q=zzzzqqq")
    for odd in ("%00", "%E2%80%AE", "a" * 5000, "did:web:x.example", "%F0%9F%98%80", "ror:"):
        desk.read(f"/desk/issuers/new?name={odd}")


def test_look_alikes_come_first_and_none_of_these_has_to_be_said(desk: Desk) -> None:
    alike = NEW | {"names-0-name": "College of Musik", "website": "https://college.nl"}
    page = desk.send("/desk/issuers/new", 200, **alike)
    assert "College of Music" in page
    assert "same domain" in words(page)
    assert f"/desk/issuers/{desk.college}" in page
    assert not Draft.objects.exists()
    (said,) = NONE_OF_THESE.findall(page)
    desk.send("/desk/issuers/new", 200, **alike, none_of_these="0" * 32)
    assert not Draft.objects.exists()
    assert desk.draft("/desk/issuers/new", **alike, none_of_these=said).said["names"] == {"en": "College of Musik"}


def test_none_of_these_does_not_hold_for_one_that_came_meanwhile(desk: Desk) -> None:
    alike = NEW | {"names-0-name": "College of Musik"}
    (said,) = NONE_OF_THESE.findall(desk.send("/desk/issuers/new", 200, **alike))
    factories.make_issuer(names={"de": "College of Musik"})
    page = desk.send("/desk/issuers/new", 200, **alike, none_of_these=said)
    assert "bears the same name" in words(page)
    assert not Draft.objects.exists()


def test_whoever_approves_sees_the_look_alikes_and_what_their_author_said_of_each(desk: Desk) -> None:
    alike = NEW | {"names-0-name": "College of Musik", "website": "https://college.nl"}
    (said,) = NONE_OF_THESE.findall(desk.send("/desk/issuers/new", 200, **alike))
    draft = desk.draft("/desk/issuers/new", **alike, none_of_these=said)
    assert [one.rsplit("/", 1)[1] for one in draft.denied] == [desk.college]
    later = factories.make_issuer(names={"de": "College of Musik"})
    page = desk.read(f"/desk/drafts/{draft.pk}")
    shown = words(page)
    assert "Institutions that it resembles" in shown
    assert f'href="/issuers/{later}"' in page
    assert shown.count("its author says: not this one") == 1
    assert shown.count("nobody has looked at it") == 1
    plain = desk.draft("/desk/issuers/new", **NEW)
    assert plain.denied == []
    assert "Institutions that it resembles" not in words(desk.read(f"/desk/drafts/{plain.pk}"))


@pytest.mark.parametrize(
    ("changed", "words_shown"),
    [
        ({"names-0-name": "\u0421ollege of Music"}, "looks the same but is written with other letters"),
        ({"names-0-name": "Colege of Musik"}, "differs in a few letters"),
        ({"identifiers-0-scheme": "schac", "identifiers-0-value": "College.Example"}, "has this identifier already"),
        ({"website": "https://co1lege.nl"}, "looks the same as"),
        ({"website": "https://collage.nl"}, "differs in a letter"),
        ({"acronym": "aos", "names-0-name": "Academy of Sound"}, "same acronym"),
    ],
)
def test_each_kind_of_look_alike_is_found_in_the_register(
    desk: Desk, changed: dict[str, str], words_shown: str
) -> None:
    assert words_shown in words(desk.send("/desk/issuers/new", 200, **NEW | changed))


def test_a_homograph_on_record_is_found_by_its_honest_name(desk: Desk) -> None:
    factories.make_issuer(names={"en": "\u0421arpentr\u0443 Sch\u043e\u043el"})
    page = words(desk.send("/desk/issuers/new", 200, **NEW | {"names-0-name": "Carpentry School"}))
    assert "looks the same but is written with other letters" in page


def test_words_of_mixed_letters_are_pointed_at(desk: Desk) -> None:
    page = words(desk.send("/desk/issuers/new", 200, **NEW | {"names-0-name": "\u0421ollege of Music"}))
    assert "mixes letters of several scripts: Cyrillic, Latin" in page


@pytest.mark.parametrize(
    ("changed", "words_shown"),
    [
        ({"names-0-language": ""}, "Row 1, Language: this is missing"),
        ({"names-0-name": "", "names-0-language": ""}, "Fill in at least one row"),
        ({"names-1-language": "en", "names-1-name": "Other"}, "Two names are in the same language"),
        ({"names-0-name": "Bad\u202ename"}, "hidden characters"),
        ({"country": "XX"}, "not one of the available choices"),
        ({"website": "ftp://x.example"}, "expected a web address"),
        ({"identifiers-0-scheme": "lei", "identifiers-0-value": "12"}, "Legal Entity Identifier"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(desk: Desk, changed: dict[str, str], words_shown: str) -> None:
    page = desk.send("/desk/issuers/new", 422, **NEW | changed)
    assert words_shown.lower() in words(page).lower()
    assert 'class="errors bad"' in page
    assert not Draft.objects.exists()


def test_more_rows_keep_what_was_filled_in_and_check_nothing(desk: Desk) -> None:
    page = desk.send("/desk/issuers/new", 200, **NEW | {"country": "", "names-1-name": "Timmerschool"}, more="names")
    assert 'value="Timmerschool"' in page
    assert 'name="names-2-name"' in page
    assert 'class="errors' not in page


def test_an_amendment_says_only_what_changed(desk: Desk) -> None:
    path = f"/desk/issuers/{desk.college}/amend"
    sent = fields_of(desk.read(path))
    draft = desk.draft(path, **sent | {"acronym": "CoM", "identifiers-1-scheme": "vat", "identifiers-1-value": "NL123"})
    assert (draft.verb, draft.subject) == ("amend_issuer", desk.college)
    assert draft.said["acronym"] == "CoM"
    assert set(draft.said) == {"acronym", "identifiers"}
    again = desk.read(f"{path}?draft={draft.pk}")
    assert 'value="CoM"' in again
    sent = fields_of(again)
    desk.send(path, **sent | {"acronym": "COM"})
    assert Draft.objects.get(pk=draft.pk).said["acronym"] == "COM"
    assert Draft.objects.count() == 1


def test_what_an_amendment_changes_is_told_in_words_and_not_in_codes(desk: Desk) -> None:
    path = f"/desk/issuers/{desk.college}/amend"
    more = {"provider_type": "2", "identifiers-1-scheme": "vat", "identifiers-1-value": "NL123"}
    draft = desk.draft(path, **fields_of(desk.read(path)) | more)
    page = words(desk.read(f"/desk/drafts/{draft.pk}"))
    assert f"Type of provider {PROVIDER_TYPES[1]} {PROVIDER_TYPES[2]}" in page
    assert f"{label('identifier-schemes', 'vat')}: NL123" in page


def test_an_amendment_that_changes_nothing_is_refused(desk: Desk) -> None:
    path = f"/desk/issuers/{desk.college}/amend"
    assert "Nothing has changed" in desk.send(path, 422, **fields_of(desk.read(path)))


def correcting(desk: Desk, name: str) -> dict[str, Any]:
    """What the form of an amendment sends when a name is corrected."""
    sent = fields_of(desk.read(f"/desk/issuers/{desk.college}/amend"))
    return sent | {"names-0-name": name, "never_right": "on", "note": "A slip of the pen."}


def test_a_name_that_was_never_right_is_corrected_by_two_and_not_remembered(signed_desk: Desk) -> None:
    desk = signed_desk
    path = f"/desk/issuers/{desk.college}/amend"
    draft = desk.draft(path, **correcting(desk, "College of Musick"))
    assert draft.said["corrects"] == issuer_of(desk).entries[0]
    again = fields_of(desk.read(f"{path}?draft={draft.pk}"))
    assert again["names-0-name"] == "College of Musick"
    assert "never_right" in again.keys() - fields_of(desk.read(path)).keys()
    shown = desk.read(f"/desk/drafts/{draft.pk}")
    assert f'href="{path}?draft={draft.pk}"' in shown
    assert "What the entry that it replaces says: Issuer registered" in words(shown)
    assert "taken back" not in words(shown)
    desk.step(draft, "hand-over")
    desk.act_as("agency", desk.agency, approves=True, email="second@agency.example")
    desk.step(draft, "approve")
    record = issuer_of(desk)
    assert record.names["en"] == "College of Musick"
    assert record.former_names == ()


def test_a_correction_of_a_name_replaces_the_entry_that_said_it(desk: Desk) -> None:
    first = issuer_of(desk).entries[0]
    for changes in ({"names": {"en": "School of Music"}}, {"website": "https://music.example"}):
        terms = IssuerChanges.model_validate(changes)
        commands.amend_issuer(desk.college, terms, actor=factories.OPERATOR)
    named = issuer_of(desk).entries[1]
    draft = desk.draft(f"/desk/issuers/{desk.college}/amend", **correcting(desk, "School of Musick"))
    assert draft.said["corrects"] == named
    terms = IssuerChanges.model_validate({"names": {"en": "School of Musick"}, "corrects": named})
    commands.amend_issuer(desk.college, terms, actor=factories.OPERATOR)
    draft = desk.draft(f"/desk/issuers/{desk.college}/amend", **correcting(desk, "School of Musica"))
    assert draft.said["corrects"] == named != first


@pytest.mark.parametrize(
    ("changed", "words_shown"),
    [
        ({"names-0-name": "College of Music", "acronym": "CoM"}, "The names are as they were"),
        ({"effective_from": "2026-09-01"}, "held on no day"),
        ({"note": ""}, "Write why"),
    ],
)
def test_a_correction_of_a_name_says_which_and_why(desk: Desk, changed: dict[str, str], words_shown: str) -> None:
    sent = correcting(desk, "College of Musick") | changed
    assert words_shown in words(desk.send(f"/desk/issuers/{desk.college}/amend", 422, **sent))
    assert not Draft.objects.exists()


def test_a_closure_by_mistake_is_taken_back_by_two(signed_desk: Desk) -> None:
    desk, path = signed_desk, f"/desk/issuers/{signed_desk.college}/take-back"
    factories.make_accreditation(desk.college, desk.agency)
    assert "nothing to take back" in desk.read(path, 409)
    commands.close_issuer(desk.college, factories.ending("2025-06-01"), actor=factories.OPERATOR)
    assert f'href="{path}"' in desk.read(f"/desk/issuers/{desk.college}")
    assert "Choose a reason" in words(desk.send(path, 422, reason=""))
    draft = desk.draft(path, reason="administrative_error", note="It was the other college.")
    closure = issuer_of(desk).closure
    assert closure is not None
    assert draft.said == {
        "corrects": closure.recorded.index,
        "reason": "administrative_error",
        "note": "It was the other college.",
    }
    page = desk.read(f"/desk/drafts/{draft.pk}")
    assert f"What the entry that it replaces says: {TYPE_TITLES['issuer.closed']} Muziekcollege" in words(page)
    assert "It is taken back as if it had not been said." in words(page)
    assert "This changes answers about the past" in words(page)
    assert f'href="{path}?draft={draft.pk}"' in page
    assert "It was the other college." in desk.read(f"{path}?draft={draft.pk}")
    desk.step(draft, "hand-over")
    desk.act_as("agency", desk.agency, approves=True, email="second@agency.example")
    desk.step(draft, "approve")
    assert issuer_of(desk).closure is None


def issuer_of(desk: Desk) -> IssuerRecord:
    """The college as it is on record."""
    found: IssuerRecord = find_record("issuer", desk.college, resolve_cut())
    return found


def test_an_issuer_is_closed_and_related(desk: Desk) -> None:
    closing = {"effective_from": "2026-08-31", "reason": "merged", "note": "Goes on\r\nelsewhere."}
    draft = desk.draft(f"/desk/issuers/{desk.college}/close", **closing)
    assert draft.said == {"effective_from": "2026-08-31", "reason": "merged", "note": "Goes on\nelsewhere."}
    told = {"relation": "merged_into", "other": "academy of song", "valid_from": "2026-09-01", "last_day": "2026-12-31"}
    draft = desk.draft(f"/desk/issuers/{desk.college}/relate", **told, pass_on="yes")
    assert draft.said == {
        "relation": "merged_into",
        "other": desk.academy,
        "valid_from": "2026-09-01",
        "valid_until": "2027-01-01",
        "accreditations_pass_on": True,
    }
    shown = desk.read(f"/desk/drafts/{draft.pk}")
    assert "This needs a second person" in words(shown)
    assert 'value="submit"' not in shown
    page = desk.read(f"/desk/issuers/{desk.college}/relate?draft={draft.pk}")
    assert "cannot be changed or taken back" in words(page)
    assert 'value="2026-12-31"' in page
    assert f'name="other-chosen" value="{desk.academy}" checked' in page
    sent = fields_of(page)
    assert (sent["relation"], sent["pass_on"], sent["draft"]) == ("merged_into", "yes", str(draft.pk))
    desk.send(f"/desk/issuers/{desk.college}/relate", **sent)
    assert Draft.objects.get(pk=draft.pk).version == draft.version + 1


@pytest.mark.parametrize(
    ("other", "words_shown"),
    [("Nobody at all", "No issuer"), ("College", "Several institutions fit"), ("Muziekcollege", "the issuer itself")],
)
def test_the_other_issuer_has_to_be_one_and_another(desk: Desk, other: str, words_shown: str) -> None:
    factories.make_issuer(names={"en": "College of Dance"})
    told = {"relation": "alliance", "other": other, "valid_from": "2026-09-01"}
    assert words_shown in words(desk.send(f"/desk/issuers/{desk.college}/relate", 422, **told))


def test_without_a_script_the_other_issuer_is_chosen_among_those_found(desk: Desk) -> None:
    dance = factories.make_issuer(names={"en": "College of Dance"})
    path, told = f"/desk/issuers/{desk.college}/relate", {"relation": "alliance", "valid_from": "2026-09-01"}
    page = desk.send(path, 422, **told, other="College")
    assert f'name="other-chosen" value="{dance}"' in page
    chosen = {"other": "College", "other-asked": "College", "other-chosen": dance}
    assert desk.draft(path, **told, **chosen).said["other"] == dance
    retyped = {**chosen, "other": "Academy of Song"}
    assert desk.draft(path, **told, **retyped).said["other"] == desk.academy
    assert desk.draft(path, **told, **{**chosen, "other": ""}).said["other"] == dance
    for nonsense in ("x", "01890a5d-ac96-774b-bcce-b302099a8057", "') OR 1=1"):
        assert "No issuer" in words(desk.send(path, 422, **told, **{**chosen, "other-chosen": nonsense}))


def test_the_finder_offers_choices_for_the_field_that_asks(desk: Desk) -> None:
    part = desk.read("/desk/issuers/find?as=other&q=Academy")
    assert f'<input type="radio" name="other-chosen" value="{desk.academy}"' in part
    assert 'name="other-asked" value="Academy"' in part
    assert "Register a new institution" not in desk.read("/desk/issuers/find?as=other&q=zzzzqqq")
    assert "<script" not in desk.read("/desk/issuers/find?as=%3Cscript%3E&q=Academy")
    desk.act_as("issuer", desk.college)
    assert desk.academy in desk.read("/desk/issuers/find?as=sealer&q=Academy")


def test_issuers_are_found_by_name_and_identifier(desk: Desk) -> None:
    for asked in ("muziek", "schac:college.example", "AOS"):
        page = desk.read(f"/desk/issuers?q={asked}")
        assert ("College of Music" in page) is (asked != "AOS")
    assert "No issuer is called so" in desk.read("/desk/issuers?q=zzzzqqq")
    page = desk.read(f"/desk/issuers/{desk.college}")
    assert f"/desk/issuers/{desk.college}/keys" in page


@pytest.mark.parametrize("role", ["issuer", "auditor"])
def test_issuers_and_auditors_register_nobody(desk: Desk, role: str) -> None:
    client = desk.act_as(role, desk.college if role == "issuer" else "")
    ways = ("amend", "close", "relate", "take-back")
    for path in ("new", *(f"{desk.college}/{way}" for way in ways)):
        assert client.get(f"/desk/issuers/{path}").status_code == 403
        assert client.post(f"/desk/issuers/{path}", NEW).status_code == 403
    assert not Draft.objects.exists()


def test_what_is_not_there_is_said(desk: Desk) -> None:
    nowhere = "01890a5d-ac96-774b-bcce-b302099a8057"
    for path in (f"/desk/issuers/{nowhere}", f"/desk/issuers/{nowhere}/amend", f"/desk/issuers/{nowhere}/relate"):
        desk.read(path, 404)


def fields_of(page: str) -> dict[str, Any]:
    """Return the fields of the page's last form as a browser would send them."""
    form = page.rsplit('<form class="card', 1)[1].split("</form>")[0]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
        if told.get("type") in ("radio", "checkbox") and " checked" not in tag:
            continue
        if "name" in told:
            found[told["name"]] = told.get("value", "")
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = text.strip()
    found.pop("csrfmiddlewaretoken", None)
    return found
