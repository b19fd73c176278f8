"""Drafts: kept, published, waited for; nobody approves their own, and nothing goes on record unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from register import commands
from register.access.acting import Acting
from register.access.models import Membership
from register.commands import Written
from register.desk import drafts, preview
from register.desk.errors import Decided, Malformed, Stale
from register.desk.models import Draft
from register.errors import NotEntitled, NotFound
from register.models import AccreditationVersion
from tests import factories
from tests.desk.conftest import Desk
from tests.factories import ending

REVOKING = {"effective_from": "2025-06-01", "reason": "quality"}


def seen(acting: Acting, draft: Draft | Written) -> str:
    """The digest of what somebody is shown now."""
    assert isinstance(draft, Draft)
    return preview.digest_now(acting.actor, draft)


def test_a_grant_goes_on_the_ledger_at_once_where_no_second_person_is_asked_for(desk: Desk) -> None:
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting())
    written = factories.verify_command(lambda: drafts.submit(desk.officer, draft, seen(desk.officer, draft)))
    assert isinstance(written, Written)
    kept = Draft.objects.get(pk=draft.pk)
    assert (kept.state, kept.entry_index) == ("published", written.index)
    assert AccreditationVersion.objects.get(uid=written.id).recorded_from == written.index


def test_a_revocation_waits_for_a_second_person(desk: Desk) -> None:
    accreditation = factories.make_accreditation(desk.issuer, desk.agency)
    draft = drafts.save(desk.officer, "revoke_accreditation", accreditation, REVOKING)
    waiting = drafts.submit(desk.officer, draft, seen(desk.officer, draft))
    assert isinstance(waiting, Draft)
    assert waiting.state == "waiting"
    digest = seen(desk.approver, waiting)
    with pytest.raises(NotEntitled):
        drafts.approve(desk.officer, waiting, digest)
    written = factories.verify_command(lambda: drafts.approve(desk.approver, waiting, digest))
    assert isinstance(written, Written)
    assert AccreditationVersion.objects.get(uid=accreditation, recorded_until=None).revoked_from is not None


def test_what_cannot_be_read_names_each_field_and_leaves_no_draft(desk: Desk) -> None:
    with pytest.raises(Malformed) as caught:
        drafts.save(desk.officer, "grant_accreditation", "", desk.granting(valid_from="soon", kind="imaginary"))
    assert {fault.field for fault in caught.value.faults} == {"valid_from", "kind"}
    assert not Draft.objects.exists()


def test_a_digest_of_something_else_publishes_nothing(desk: Desk) -> None:
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting())
    with pytest.raises(Stale):
        drafts.submit(desk.officer, draft, "0" * 64)
    assert not AccreditationVersion.objects.exists()
    assert Draft.objects.get(pk=draft.pk).state == "editing"


def test_what_was_recorded_since_makes_what_was_shown_stale(desk: Desk) -> None:
    accreditation = factories.make_accreditation(desk.issuer, desk.agency)
    draft = drafts.save(desk.officer, "revoke_accreditation", accreditation, REVOKING)
    waiting = drafts.submit(desk.officer, draft, seen(desk.officer, draft))
    assert isinstance(waiting, Draft)
    digest = seen(desk.approver, waiting)
    commands.suspend_accreditation(accreditation, ending("2025-01-01"), actor=factories.as_agency(desk.agency))
    with pytest.raises(Stale):
        drafts.approve(desk.approver, waiting, digest)
    assert Draft.objects.get(pk=draft.pk).state == "waiting"


def test_a_draft_of_another_organisation_does_not_exist(desk: Desk) -> None:
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting())
    for somebody in (desk.stranger, desk.operator):
        with pytest.raises(NotFound):
            drafts.find(somebody, draft.pk)


def test_a_draft_read_before_it_was_changed_is_not_overwritten(desk: Desk) -> None:
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting())
    drafts.save(desk.officer, "grant_accreditation", "", desk.granting(valid_from="2024-02-01"), draft.pk, 1)
    with pytest.raises(Decided):
        drafts.save(desk.officer, "grant_accreditation", "", desk.granting(valid_from="2024-03-01"), draft.pk, 1)


def test_a_preview_tells_the_entry_and_what_becomes_of_the_answer(desk: Desk) -> None:
    shown = preview.show(desk.officer, "grant_accreditation", "", desk.granting())
    assert shown.refusal is None
    assert b'"valid_from":"2024-01-01"' in shown.data
    (change,) = shown.past
    assert (change.before.decision, change.after.decision) == ("not_trusted", "trusted")
    assert change.since.year == 2024
    assert not AccreditationVersion.objects.exists()


def test_a_preview_tells_what_the_rules_refuse(desk: Desk) -> None:
    shown = preview.show(desk.officer, "grant_accreditation", "", desk.granting(agency=desk.other_agency))
    assert shown.refusal is not None
    assert shown.refusal.code == "not_entitled"


def test_what_somebody_left_unmarked_a_demonstration_account_marks_before_it_is_said(desk: Desk) -> None:
    known = replace(desk.approver, demonstration=True)
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting())
    Membership.objects.filter(user=desk.officer.user).delete()
    digest = seen(known, draft)
    steps: tuple[Callable[[], object], ...] = (
        lambda: drafts.submit(known, draft, digest),
        lambda: drafts.hand_over(known, draft, digest),
        lambda: drafts.discard(known, draft),
    )
    for step in steps:
        with pytest.raises(NotEntitled, match="demonstration"):
            step()
    taken_over = drafts.save(known, "grant_accreditation", "", draft.said, draft.pk, draft.version)
    assert isinstance(drafts.submit(known, taken_over, seen(known, taken_over)), Written)
    assert Draft.objects.get(pk=draft.pk).said["demonstration"] is True


def test_what_bears_no_mark_a_demonstration_account_does_not_take_over(desk: Desk) -> None:
    known = replace(desk.approver, demonstration=True)
    held = factories.make_accreditation(desk.issuer, desk.agency)
    draft = drafts.save(desk.officer, "revoke_accreditation", held, REVOKING)
    Membership.objects.filter(user=desk.officer.user).delete()
    with pytest.raises(NotEntitled, match="demonstration"):
        drafts.save(known, "revoke_accreditation", held, draft.said, draft.pk, draft.version)
    assert Draft.objects.get(pk=draft.pk).author_id == desk.officer.user
