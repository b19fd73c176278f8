"""Four eyes: the usual choice, an organisation's own, asking for less only with a second person; what is noted."""

from __future__ import annotations

from importlib import import_module
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from register.access.models import AuditRecord, Membership
from register.access.roles import VERBS
from register.desk import drafts, four_eyes, preview
from register.desk.errors import Stale
from register.desk.models import Draft, FourEyes
from register.desk.terms import SAYINGS
from register.errors import NotEntitled, NotUnderstood
from register.outbox.models import Message, Notice
from register.outbox.wording import Told, put_into_words
from tests import factories
from tests.desk.conftest import Desk, acting_as
from tests.desk.test_decision_pages import digest_on
from tests.people import make_member, sign_in

ENDING = {"effective_from": "2025-06-01", "reason": "quality"}


def waiting_draft(desk: Desk) -> Draft:
    """A revocation that waits for the second person."""
    held = factories.make_accreditation(desk.issuer, desk.agency)
    draft = drafts.save(desk.officer, "revoke_accreditation", held, ENDING)
    waiting = drafts.submit(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
    assert isinstance(waiting, Draft)
    return waiting


def test_every_verb_can_be_drafted_and_chosen() -> None:
    assert SAYINGS.keys() == VERBS.keys()
    operators = {four_eyes.CONFIRMING, four_eyes.UNFREEZING}
    assert four_eyes.WORDS.keys() == {*VERBS, four_eyes.CORRECTION, four_eyes.SHORTENING, *operators}
    assert not operators & set(four_eyes.choosable("agency"))
    assert operators <= set(four_eyes.choosable("operator"))
    assert four_eyes.SHORTENING in four_eyes.choosable("agency")
    assert four_eyes.SHORTENING not in four_eyes.choosable("issuer")


def test_an_agency_lets_no_peer_go_on(desk: Desk) -> None:
    with pytest.raises(NotEntitled):
        drafts.save(desk.officer, four_eyes.UNFREEZING, str(uuid4()), {"reason": "x"})


@pytest.mark.parametrize(
    ("verb", "said", "needed"),
    [
        ("revoke_accreditation", {}, True),
        ("withdraw_agency", {}, True),
        ("bind_key", {}, True),
        ("revoke_key", {}, True),
        ("revoke_credentials", {}, True),
        ("amend_accreditation", {"corrects": 0}, True),
        ("amend_issuer", {"corrects": 3}, True),
        ("amend_accreditation", {"valid_until": "2025-01-01"}, True),
        ("amend_accreditation", {"valid_from": "2019-01-01"}, True),
        ("amend_agency", {"valid_until": "2025-01-01T00:00:00Z"}, True),
        ("amend_accreditation", {"valid_until": "2999-01-01", "effective_from": "2025-01-01"}, False),
        ("amend_accreditation", {"valid_until": None}, False),
        ("grant_accreditation", {"valid_from": "2019-01-01", "valid_until": "2025-01-01"}, False),
        ("amend_accreditation", {}, False),
        ("grant_accreditation", {}, False),
        ("suspend_accreditation", {}, True),
        ("close_issuer", {}, True),
        ("relate_issuer", {"relation": "merged_into"}, True),
        ("reinstate_accreditation", {}, False),
        ("recognise_peer", {}, True),
        ("withdraw_peer", {}, True),
        ("unfreeze_peer", {"reason": "explained"}, True),
        ("amend_peer", {"vkeys": ["a key"]}, True),
        ("amend_peer", {"witness_vkeys": ["a key"]}, True),
        ("amend_peer", {"remit": ["DE"]}, False),
    ],
)
def test_the_usual_choice(db: None, verb: str, said: dict[str, int], needed: bool) -> None:
    assert four_eyes.is_needed("operator", "", verb, said) is needed


@pytest.mark.parametrize(
    ("held", "until", "needed"),
    [
        ("2990-01-01", "2989-12-31", True),
        ("2990-01-01", "2990-01-01", False),
        ("2990-01-01", "2991-01-01", False),
        (None, "2990-01-01", True),
        ("2990-01-01", None, False),
    ],
)
def test_to_cut_a_validity_short_needs_a_second_person(
    desk: Desk, held: str | None, until: str | None, needed: bool
) -> None:
    subject = factories.make_accreditation(desk.issuer, desk.agency, valid_until=held)
    draft = drafts.save(desk.officer, "amend_accreditation", subject, {"valid_until": until})
    assert four_eyes.is_needed(draft.role, draft.organisation, draft.verb, draft.said, draft.subject) is needed
    if held != until:
        done = drafts.submit(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
        assert isinstance(done, Draft) is needed


@pytest.mark.parametrize(
    ("held", "said", "needed"),
    [
        ({}, {"eqf_levels": [6]}, True),
        ({"eqf_levels": [6, 7]}, {"eqf_levels": [6]}, True),
        ({"eqf_levels": [6]}, {"eqf_levels": [6, 7]}, False),
        ({"eqf_levels": [6]}, {}, False),
        ({"isced_f": ["0613"]}, {"isced_f": ["06"]}, False),
        ({"isced_f": ["06"]}, {"isced_f": ["0613"]}, True),
        ({"eqf_levels": [6]}, {"eqf_levels": [6], "isced_f": ["06"]}, True),
        ({"eqf_levels": [6]}, {"eqf_levels": ["no level"]}, False),
    ],
)
def test_to_narrow_what_may_be_awarded_needs_a_second_person(
    desk: Desk, held: dict[str, list[object]], said: dict[str, list[object]], needed: bool
) -> None:
    subject = factories.make_accreditation(desk.issuer, desk.agency, scope=held)
    assert four_eyes.is_needed("agency", desk.agency, "amend_accreditation", {"scope": said}, subject) is needed


def test_to_ask_for_more_holds_at_once(desk: Desk) -> None:
    more = [*four_eyes.DEFAULT_VERBS, "grant_accreditation"]
    assert drafts.choose_four_eyes(desk.officer, more) is None
    assert four_eyes.is_needed("agency", desk.agency, "grant_accreditation", {})
    assert not four_eyes.is_needed("agency", desk.other_agency, "grant_accreditation", {})


def test_to_ask_for_less_needs_a_second_person(desk: Desk) -> None:
    draft = drafts.choose_four_eyes(desk.officer, ["bind_key"])
    assert isinstance(draft, Draft)
    assert four_eyes.is_needed("agency", desk.agency, "revoke_accreditation", {})
    waiting = drafts.submit(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
    assert isinstance(waiting, Draft)
    digest = preview.digest_now(desk.approver.actor, waiting)
    with pytest.raises(NotEntitled):
        drafts.approve(desk.officer, waiting, digest)
    drafts.approve(desk.approver, waiting, digest)
    assert not four_eyes.is_needed("agency", desk.agency, "revoke_accreditation", {})
    assert AuditRecord.objects.filter(code="four_eyes_changed", user=desk.approver.user).count() == 1


def test_who_may_not_approve_does_not(desk: Desk) -> None:
    waiting = waiting_draft(desk)
    colleague = acting_as(make_member("agency", desk.agency, email="colleague@board.example"))
    with pytest.raises(NotEntitled):
        drafts.approve(colleague, waiting, preview.digest_now(colleague.actor, waiting))


def test_an_approver_does_not_approve_what_they_wrote(desk: Desk) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    draft = drafts.save(desk.approver, "revoke_accreditation", held, ENDING)
    waiting = drafts.submit(desk.approver, draft, preview.digest_now(desk.approver.actor, draft))
    assert isinstance(waiting, Draft)
    with pytest.raises(NotEntitled):
        drafts.approve(desk.approver, waiting, preview.digest_now(desk.approver.actor, waiting))


def test_who_takes_over_a_draft_of_somebody_gone_cannot_approve_it(desk: Desk) -> None:
    held = factories.make_accreditation(desk.issuer, desk.agency)
    draft = drafts.save(desk.officer, "revoke_accreditation", held, ENDING)
    User.objects.get(pk=desk.officer.user).delete()
    left = drafts.find(desk.approver, draft.pk)
    waiting = drafts.hand_over(desk.approver, left, preview.digest_now(desk.approver.actor, left))
    with pytest.raises(NotEntitled):
        drafts.approve(desk.approver, waiting, preview.digest_now(desk.approver.actor, waiting))


def test_a_draft_changed_while_it_waits_is_shown_anew(desk: Desk) -> None:
    waiting = waiting_draft(desk)
    digest = preview.digest_now(desk.approver.actor, waiting)
    drafts.save(desk.officer, waiting.verb, waiting.subject, {**ENDING, "note": "More."}, waiting.pk, waiting.version)
    changed = drafts.find(desk.officer, waiting.pk)
    again = drafts.hand_over(desk.officer, changed, preview.digest_now(desk.officer.actor, changed))
    with pytest.raises(Stale):
        drafts.approve(desk.approver, again, digest)


def test_a_draft_is_returned_with_a_remark_and_never_without(desk: Desk) -> None:
    waiting = waiting_draft(desk)
    with pytest.raises(NotUnderstood):
        drafts.return_(desk.approver, waiting, "  ")
    returned = drafts.return_(desk.approver, waiting, "The day is wrong.")
    assert (returned.state, returned.remark) == ("returned", "The day is wrong.")
    again = drafts.submit(desk.officer, returned, preview.digest_now(desk.officer.actor, returned))
    assert isinstance(again, Draft)
    assert (again.state, again.remark) == ("waiting", "")


def test_who_gets_a_draft_back_finds_it_among_their_own_alone(desk: Desk, client: Client) -> None:
    returned = drafts.return_(desk.approver, waiting_draft(desk), "The day is wrong.")
    sign_in(client, "agency", desk.agency, email="officer@board.example")
    page = client.get("/desk").content.decode()
    assert "Waiting for you to decide" not in page
    assert page.count(f'href="/desk/drafts/{returned.pk}"') == 1


def test_who_approves_is_told_once_and_steps_are_noted(desk: Desk) -> None:
    waiting = waiting_draft(desk)
    assert Notice.objects.filter(code="approval").count() == 1
    drafts.approve(desk.approver, waiting, preview.digest_now(desk.approver.actor, waiting))
    noted = AuditRecord.objects.filter(about=f"/desk/drafts/{waiting.pk}").order_by("pk")
    assert [(row.code, row.user) for row in noted] == [
        ("draft_submitted", desk.officer.user),
        ("draft_approved", desk.approver.user),
    ]


def told_of(how: str, user: int) -> Told:
    """The one notice of what became of a draft, which was mailed to this person alone."""
    notice = Notice.objects.get(code="draft_decided", facts__how=how)
    mailed = Message.objects.filter(notice=notice).values_list("subscription__user", flat=True)
    assert list(mailed) == [user]
    (told,) = put_into_words([notice])
    return told


def test_an_author_is_told_what_a_colleague_did_with_a_draft(desk: Desk) -> None:
    first = waiting_draft(desk)
    returned = drafts.return_(desk.approver, first, "The <day> is wrong.")
    told = told_of("returned", desk.officer.user)
    assert told.path == f"/desk/drafts/{returned.pk}"
    assert told.about == "Revoking an accreditation: Havenhogeschool"
    assert "The <day> is wrong." in " ".join(told.plain)
    assert "&lt;day&gt;" in " ".join(told.sentences)
    again = drafts.submit(desk.officer, returned, preview.digest_now(desk.officer.actor, returned))
    assert isinstance(again, Draft)
    drafts.approve(desk.approver, again, preview.digest_now(desk.approver.actor, again))
    assert "on record" in told_of("published", desk.officer.user).plain[0]
    drafts.discard(desk.approver, waiting_draft(desk))
    assert told_of("discarded", desk.officer.user).title == "Draft discarded"
    setting = drafts.choose_four_eyes(desk.officer, ["bind_key"])
    assert isinstance(setting, Draft)
    waiting = drafts.submit(desk.officer, setting, preview.digest_now(desk.officer.actor, setting))
    assert isinstance(waiting, Draft)
    drafts.approve(desk.approver, waiting, preview.digest_now(desk.approver.actor, waiting))
    assert told_of("approved", desk.officer.user).tone == "good"


@pytest.mark.parametrize(
    ("verb", "subject", "said", "line"),
    [
        ("register_issuer", "", {"names": {"en": "New College"}, "country": "NL"}, "an institution: New College"),
        ("amend_issuer", "issuer", {"acronym": "HC"}, "an institution: Havenhogeschool"),
        (four_eyes.SETTING, "", {"verbs": []}, "less often"),
    ],
)
def test_a_notice_names_whom_a_draft_is_about(
    desk: Desk, verb: str, subject: str, said: dict[str, object], line: str
) -> None:
    draft = drafts.save(desk.officer, verb, desk.issuer if subject else "", said)
    drafts.hand_over(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
    (told,) = put_into_words([Notice.objects.get(code="approval")])
    assert told.about.endswith(line)


def test_nobody_is_told_of_what_they_did_themselves_nor_who_has_left(desk: Desk) -> None:
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting())
    drafts.submit(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
    drafts.discard(desk.officer, waiting_draft(desk))
    left = waiting_draft(desk)
    Membership.objects.filter(pk=desk.officer.membership).update(organisation=desk.other_agency)
    drafts.return_(desk.approver, left, "The day is wrong.")
    assert not Notice.objects.filter(code="draft_decided").exists()


def test_a_notice_is_rolled_back_with_what_it_tells(desk: Desk) -> None:
    waiting = waiting_draft(desk)
    with pytest.raises(Stale):
        drafts.approve(desk.approver, waiting, "0" * 64)
    assert not Notice.objects.filter(code="draft_decided").exists()


def test_the_page_offers_each_person_what_is_theirs(lasting_desk: Desk, client: Client) -> None:
    waiting = waiting_draft(lasting_desk)
    address = f"/desk/drafts/{waiting.pk}"
    sign_in(client, "agency", lasting_desk.agency, email="officer@board.example")
    assert b'value="approve"' not in client.get(address).content
    sign_in(client, "agency", lasting_desk.agency, approves=True, email="approver@board.example")
    page = client.get(address)
    assert b'value="approve"' in page.content
    published = client.post(address, {"step": "approve", "digest": digest_on(page.content)}, follow=True)
    assert b"Published as entry" in published.content


def test_the_setting_has_a_page(desk: Desk, client: Client) -> None:
    sign_in(client, "agency", desk.agency, email="officer@board.example")
    assert client.get("/desk/four-eyes").status_code == 200
    answer = client.post("/desk/four-eyes", {"verbs": ["revoke_accreditation"]})
    page = client.get(answer["Location"])
    assert b"What a second person would be asked for" in page.content
    assert b"Revoking a key" in page.content


def test_asking_for_less_is_shown_anew_when_the_choice_has_changed_meanwhile(desk: Desk) -> None:
    draft = drafts.choose_four_eyes(desk.officer, ["bind_key"])
    assert isinstance(draft, Draft)
    waiting = drafts.submit(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
    assert isinstance(waiting, Draft)
    digest = preview.digest_now(desk.approver.actor, waiting)
    drafts.choose_four_eyes(desk.officer, [*four_eyes.DEFAULT_VERBS, "grant_accreditation"])
    with pytest.raises(Stale):
        drafts.approve(desk.approver, waiting, digest)
    assert four_eyes.is_needed("agency", desk.agency, "grant_accreditation", {})


def test_the_audit_record_knows_from_where_a_draft_was_decided(lasting_desk: Desk, client: Client) -> None:
    waiting = waiting_draft(lasting_desk)
    sign_in(client, "agency", lasting_desk.agency, approves=True, email="approver@board.example")
    address = f"/desk/drafts/{waiting.pk}"
    digest = digest_on(client.get(address).content)
    client.post(address, {"step": "approve", "digest": digest}, REMOTE_ADDR="192.0.2.7")
    assert AuditRecord.objects.get(code="draft_approved").network == "192.0.2.0/24"


def test_a_draft_of_somebody_who_left_is_taken_over_by_a_colleague(lasting_desk: Desk, client: Client) -> None:
    desk = lasting_desk
    held = factories.make_accreditation(desk.issuer, desk.agency)
    draft = drafts.save(desk.officer, "revoke_accreditation", held, ENDING)
    with pytest.raises(NotEntitled):
        drafts.save(desk.approver, draft.verb, held, ENDING, draft.pk)
    Membership.objects.filter(pk=desk.officer.membership).update(organisation=desk.other_agency)
    sign_in(client, "agency", desk.agency, approves=True, email="approver@board.example")
    page = client.get(f"/desk/drafts/{draft.pk}").content
    assert b"Hand to a second person" in page
    client.post(f"/desk/drafts/{draft.pk}", {"step": "hand-over", "digest": digest_on(page)})
    waiting = drafts.find(desk.approver, draft.pk)
    assert (waiting.state, waiting.author_id) == ("waiting", desk.approver.user)
    with pytest.raises(NotEntitled):
        drafts.approve(desk.approver, waiting, preview.digest_now(desk.approver.actor, waiting))


def test_a_choice_says_nothing_of_what_could_not_be_chosen_then(desk: Desk) -> None:
    four_eyes.choose("agency", desk.agency, ["bind_key"])
    assert four_eyes.choice_of("agency", desk.agency) <= {"bind_key"}
    FourEyes.objects.update(asked=["revoke_accreditation", "correct"])
    wanted = four_eyes.choice_of("agency", desk.agency)
    assert {"suspend_accreditation", four_eyes.SHORTENING} <= wanted
    assert not {"revoke_accreditation", "correct", "grant_accreditation"} & wanted
    assert four_eyes.is_needed("agency", desk.agency, "suspend_accreditation", {})
    four_eyes.choose("agency", desk.agency, [])
    assert four_eyes.choice_of("agency", desk.agency) == frozenset()


def test_choices_of_before_are_read_with_what_was_asked_for_from_the_beginning(desk: Desk) -> None:
    four_eyes.choose("agency", desk.agency, [])
    FourEyes.objects.update(asked=[])
    step = import_module("register.desk.migrations.0003_four_eyes_asked")
    step.name_what_was_asked(apps, None)
    wanted = four_eyes.choice_of("agency", desk.agency)
    later = {"suspend_accreditation", "close_issuer", "relate_issuer", four_eyes.SHORTENING}
    assert wanted == later & set(four_eyes.choosable("agency"))
