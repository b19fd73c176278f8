"""Publishing: all of it or none, once, by those who may, and exactly what was shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger.reader import get_log
from register import commands
from register.access.acting import Acting
from register.access.models import AuditRecord, Membership
from register.desk import four_eyes
from register.errors import NotEntitled, NotFound, NotUnderstood, Refused
from register.outbox.models import Message, Notice
from register.outbox.wording import put_into_words
from register.payloads import EndingTerms
from register.uploads import checking, handing_in, mending, publishing, sweeping
from register.uploads.errors import Moved, OtherRows
from register.uploads.models import (
    CHECKED,
    FAILED,
    MAPPING,
    PUBLISHED,
    PUBLISHING,
    WAITING,
    Upload,
    UploadedPiece,
    UploadRow,
)
from tests.factories import OPERATOR, verify_command
from tests.people import sign_in
from tests.uploads.conftest import Desk, bring, release
from tests.uploads.tables import as_csv, table

pytestmark = pytest.mark.django_db


def size() -> int:
    return get_log(settings.ASSAY_ORIGIN).size


def test_a_file_without_faults_goes_on_the_ledger_whole(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 120)[0]))
    before = size()
    verify_command(lambda: release(desk, upload))
    assert upload.state == PUBLISHED or Upload.objects.get(pk=upload.pk).state == PUBLISHED
    assert size() - before == 120
    assert list(upload.rows.order_by("index").values_list("index", flat=True)) == list(range(before, before + 120))


def test_published_rows_hold_nothing_any_more_but_where_they_went(desk: Desk) -> None:
    upload = release(desk, bring(desk, as_csv(table(desk.issuers, 3)[0])))
    for row in upload.rows.all():
        assert (row.cells, row.said, row.problems, row.remarks) == ([], [], [], [])
        assert row.index is not None


def test_with_refused_rows_nothing_is_published_unless_the_others_are_wanted_alone(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 20, wrong=4)[0]))
    before = size()
    with pytest.raises(Moved):
        publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
    assert size() == before
    publishing.request(desk.officer, upload, True, publishing.digest_of(upload))
    assert upload.state == WAITING
    publishing.publish(upload.pk)
    assert size() == before
    publishing.approve(desk.approver, upload, publishing.digest_of(upload))
    publishing.publish(upload.pk)
    assert size() - before == 16
    assert upload.rows.filter(index=None).count() == 4


def test_a_whole_import_waits_for_a_second_person_where_the_organisation_wants_it(desk: Desk) -> None:
    four_eyes.choose("agency", desk.agency, ["grant_accreditation"])
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    digest = publishing.digest_of(upload)
    publishing.request(desk.officer, upload, False, digest)
    assert upload.state == WAITING
    with pytest.raises(NotEntitled):
        publishing.approve(desk.officer, upload, digest)
    publishing.return_(desk.approver, upload, "Look at row 2.")
    assert (upload.state, upload.remark) == (CHECKED, "Look at row 2.")


def test_who_returned_an_import_is_not_named_as_who_approved_it(client: Client, desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 3, wrong=1)[0]))
    publishing.request(desk.officer, upload, True, publishing.digest_of(upload))
    publishing.return_(desk.approver, upload, "Look at line 2.")
    mending.leave_out(upload, upload.rows.get(line=2))
    assert release(desk, upload).state == PUBLISHED
    assert upload.decided_by is None
    sign_in(client, "agency", desk.agency, email=desk.officer.email)
    assert "Approved by" not in client.get(f"/desk/imports/{upload.pk}").content.decode()


def test_the_author_never_approves_even_with_the_right_to(desk: Desk) -> None:
    upload = handing_in.hand_in(desk.approver, "own.csv", as_csv(table(desk.issuers, 4, wrong=1)[0]))
    handing_in.read(upload.pk)
    upload.refresh_from_db()
    checking.check(upload.pk, upload.run)
    upload.refresh_from_db()
    with pytest.raises(NotEntitled, match="nobody else"):
        publishing.request(desk.approver, upload, True, publishing.digest_of(upload))


def test_only_exactly_the_rows_that_were_shown_are_published(desk: Desk) -> None:
    four_eyes.choose("agency", desk.agency, ["grant_accreditation"])
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    shown = publishing.digest_of(upload)
    publishing.request(desk.officer, upload, False, shown)
    UploadRow.objects.filter(upload=upload, line=2).update(outcome="left_out")
    with pytest.raises(OtherRows):
        publishing.approve(desk.approver, upload, shown)
    Upload.objects.filter(pk=upload.pk).update(state=PUBLISHING)
    before = size()
    publishing.publish(upload.pk)
    assert size() == before
    assert Upload.objects.get(pk=upload.pk).state == CHECKED


def test_a_task_that_runs_twice_publishes_once(desk: Desk) -> None:
    upload = release(desk, bring(desk, as_csv(table(desk.issuers, 5)[0])))
    before = size()
    publishing.publish(upload.pk)
    assert size() == before


def test_a_worker_killed_in_the_middle_leaves_nothing_and_its_successor_writes_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "CHUNK", 4)
    upload = bring(desk, as_csv(table(desk.issuers, 10)[0]))
    publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
    before = size()
    whole = publishing._write_chunk

    def die(of: Upload, rows: list[UploadRow]) -> list[commands.Written]:
        if rows[0].line > 4:
            raise KeyboardInterrupt
        return whole(of, rows)

    monkeypatch.setattr(publishing, "_write_chunk", die)
    with pytest.raises(KeyboardInterrupt):
        publishing.publish(upload.pk)
    assert size() == before
    assert Upload.objects.get(pk=upload.pk).state == PUBLISHING
    monkeypatch.setattr(publishing, "_write_chunk", whole)
    publishing.publish(upload.pk)
    assert size() - before == 10


def test_what_nobody_is_at_work_on_any_more_is_found(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 1)[0]))
    old = upload.created - sweeping.SILENT * 2
    for state, task in (("reading", "read"), ("checking", "check"), ("publishing", "publish"), ("checked", None)):
        Upload.objects.filter(pk=upload.pk).update(state=state, heard=old)
        assert [name for name, _, _ in sweeping.find_abandoned()] == ([task] if task else [])


def test_a_file_that_kills_its_worker_each_time_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(data: bytes) -> None:
        raise SystemExit

    upload = handing_in.hand_in(desk.officer, "bomb.csv", as_csv(table(desk.issuers, 1)[0]))
    monkeypatch.setattr(handing_in, "read_grid", die)
    for _ in range(handing_in.MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            handing_in.read(upload.pk)
    assert not handing_in.read(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, "broken off" in upload.trouble) == (FAILED, True)
    monkeypatch.undo()
    handing_in.read_again(upload)
    assert (handing_in.read(upload.pk), UploadedPiece.objects.exists()) == (True, False)
    assert not sweeping.find_abandoned()


def die(*_: object) -> NoReturn:
    """End the worker in the middle of its work."""
    raise SystemExit


def test_a_dry_run_that_kills_its_worker_each_time_leads_back_to_the_columns(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 3, wrong=1)[0]))
    handing_in.begin_run(upload, [CHECKED])
    monkeypatch.setattr(checking.DryRun, "check", die)
    for _ in range(handing_in.MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            checking.check(upload.pk, upload.run)
    checking.check(upload.pk, upload.run)
    upload.refresh_from_db()
    assert (upload.state, "broken off" in upload.said_trouble) == (MAPPING, True)
    told = put_into_words(list(Notice.objects.filter(key__startswith="import-stopped:")))
    assert [one.plain for one in told] == [("The work on this file was broken off each time. Split it.",)]
    monkeypatch.undo()
    assert handing_in.map_columns(upload, upload.kind, upload.names) == ()
    checking.check(upload.pk, upload.run)
    upload.refresh_from_db()
    assert (upload.state, upload.trouble, upload.tries) == (CHECKED, "", 1)


def test_a_publication_that_kills_its_worker_each_time_is_stopped_and_can_be_asked_for_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 3)[0]))
    publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
    before = size()
    monkeypatch.setattr(publishing, "_write_chunk", die)
    for _ in range(handing_in.MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            publishing.publish(upload.pk)
    publishing.publish(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, "broken off" in upload.said_trouble, size()) == (CHECKED, True, before)
    monkeypatch.undo()
    assert release(desk, upload).state == PUBLISHED
    assert size() - before == 3


def test_who_finds_a_worker_at_it_makes_no_attempt(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 1)[0]))
    publishing.request(desk.officer, upload, False, publishing.digest_of(upload))

    @contextmanager
    def busy(_: UUID) -> Iterator[bool]:
        yield False

    monkeypatch.setattr(publishing, "alone", busy)
    publishing.publish(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.tries) == (PUBLISHING, 0)


def test_a_desk_cannot_fill_the_disk_with_open_files(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_in, "MOST_OPEN", 1)
    upload = handing_in.hand_in(desk.officer, "one.csv", b"a,b")
    with pytest.raises(Refused, match="Too many files"):
        handing_in.hand_in(desk.approver, "two.csv", b"a,b")
    publishing.discard(desk.officer, upload)
    handing_in.hand_in(desk.officer, "two.csv", b"a,b")


def test_a_row_that_the_rules_refuse_by_now_keeps_all_from_being_published(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 3)[0]))
    terms = upload.rows.get(line=3).said[0][2]
    closing = EndingTerms.model_validate({"effective_from": "2026-01-01", "reason": "institution_closed"})
    commands.close_issuer(terms["issuer"], closing, actor=OPERATOR)
    before = size()
    release(desk, upload)
    assert size() == before
    assert (upload.state, "line 3" in upload.said_trouble) == (CHECKED, True)
    assert upload.rows.get(line=3).outcome == "refused"
    mending.leave_out(upload, upload.rows.get(line=3))
    assert release(desk, upload).state == PUBLISHED
    assert size() - before == 2


def test_who_lost_their_membership_publishes_nothing(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 1)[0]))
    publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
    Membership.objects.filter(pk=desk.officer.membership).delete()
    before = size()
    publishing.publish(upload.pk)
    assert size() == before
    assert Upload.objects.get(pk=upload.pk).state == CHECKED


def test_who_published_what_is_in_the_audit_record(desk: Desk) -> None:
    upload = release(desk, bring(desk, as_csv(table(desk.issuers, 2)[0])))
    noted = AuditRecord.objects.filter(code="import_published", about=f"/desk/imports/{upload.pk}")
    assert noted.count() == 1


def test_each_step_towards_a_publication_is_in_the_audit_record(desk: Desk) -> None:
    four_eyes.choose("agency", desk.agency, ["grant_accreditation"])
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
    publishing.return_(desk.approver, upload, "Look at line 2.")
    publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
    publishing.approve(desk.approver, upload, publishing.digest_of(upload))
    publishing.publish(upload.pk)
    other = bring(desk, as_csv(table(desk.issuers, 1)[0]), "other.csv")
    publishing.discard(desk.approver, other, "It was meant for another desk.")
    rows = AuditRecord.objects.filter(code__startswith="import_").order_by("id").values_list("code", "email", "about")
    officer, approver, own = desk.officer.email, desk.approver.email, f"/desk/imports/{upload.pk}"
    assert list(rows) == [
        ("import_submitted", officer, own),
        ("import_returned", approver, own),
        ("import_submitted", officer, own),
        ("import_approved", approver, own),
        ("import_published", officer, own),
        ("import_discarded", approver, f"/desk/imports/{other.pk}"),
    ]


def test_an_approval_does_not_hold_for_what_was_called_back_and_changed_meanwhile(desk: Desk) -> None:
    four_eyes.choose("agency", desk.agency, ["grant_accreditation"])
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
    looked_at, digest = Upload.objects.get(pk=upload.pk), publishing.digest_of(upload)
    publishing.call_back(desk.officer, upload)
    mending.leave_out(upload, upload.rows.get(line=2))
    publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
    with pytest.raises(Moved):  # as if it had been compared just before it was called back
        publishing._move(looked_at, (WAITING,), PUBLISHING, {"digest": digest, "author_id": looked_at.author_id})
    with pytest.raises(OtherRows):
        publishing.approve(desk.approver, looked_at, digest)
    assert Upload.objects.get(pk=upload.pk).state == WAITING


def test_the_same_file_is_noticed(desk: Desk) -> None:
    data = as_csv(table(desk.issuers, 2)[0])
    first = release(desk, bring(desk, data))
    second = bring(desk, data, "other-name.csv")
    assert list(handing_in.twins(second)) == [first]
    remarks = {remark["code"] for row in second.rows.all() for remark in row.remarks}
    assert {"overlapping", "identifier_used"} <= remarks


def test_a_mended_row_is_tried_again_and_published_as_mended(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 10, wrong=1)[0]))
    row = mending.find_row(upload, 2)
    cells = list(row.cells)
    cells[0] = f"pic:{desk.issuers[7]}"
    assert mending.mend(upload, row, cells).outcome == "remarked"
    assert release(desk, upload).written == 10


def test_left_out_rows_stay_out(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 10, wrong=2)[0]))
    for row in upload.rows.filter(outcome="refused"):
        mending.leave_out(upload, row)
    assert release(desk, upload).written == 8


def test_another_desk_sees_nothing_of_it(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 1)[0]))
    stranger = Acting(9, 9, "stranger@other.example", "agency", "0197e2c4-0000-7000-8000-000000000009", True, False)
    with pytest.raises(NotFound):
        handing_in.find(stranger, upload.pk)


def test_a_colleague_s_file_is_discarded_with_a_reason_that_is_noted_and_told(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 3)[0]))
    with pytest.raises(NotUnderstood):
        publishing.discard(desk.approver, upload)
    assert upload.rows.count() == 3
    publishing.discard(desk.approver, upload, "It is last year’s list.")
    with pytest.raises(Moved):
        publishing.discard(desk.approver, upload, "And again.")
    note = AuditRecord.objects.get(code="import_discarded")
    assert (note.email, note.facts["reason"]) == (desk.approver.email, "It is last year’s list.")
    told = put_into_words(list(Notice.objects.filter(key=f"import-discarded:{upload.pk}")))[0]
    assert told.line == "Import discarded: decisions.csv"
    assert told.plain == (f"{desk.approver.email} discarded it: It is last year’s list.",)
    mailed = Message.objects.filter(notice__key=f"import-discarded:{upload.pk}").values_list("subscription__user")
    assert list(mailed) == [(desk.officer.user,)]


def test_who_left_the_desk_is_mailed_nothing_of_it(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 3)[0]))
    Membership.objects.filter(pk=desk.officer.membership).delete()
    publishing.discard(desk.approver, upload, "It is last year’s list.")
    assert Notice.objects.filter(key=f"import-discarded:{upload.pk}").exists()
    assert not Message.objects.filter(subscription__user=desk.officer.user).exists()


def test_who_handed_it_in_is_told_that_it_was_returned_and_the_second_person_that_it_waits_again(desk: Desk) -> None:
    four_eyes.choose("agency", desk.agency, ["grant_accreditation"])
    upload = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    for remark in ("Look at line 2.", "And at line 3."):
        publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
        publishing.return_(desk.approver, upload, remark)
    told = [(one.line, one.plain) for one in put_into_words(list(Notice.objects.order_by("id")))]
    waits = "A draft waits for a second person: decisions.csv"
    assert [line for line, _ in told] == [waits, "Import returned: decisions.csv"] * 2
    assert told[3][1] == (f"{desk.approver.email} returned it: And at line 3.",)


def test_who_handed_it_in_is_told_that_nothing_was_published(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 1)[0]))
    publishing.request(desk.officer, upload, False, publishing.digest_of(upload))
    Membership.objects.filter(pk=desk.officer.membership).delete()
    publishing.publish(upload.pk)
    publishing.publish(upload.pk)
    told = put_into_words(list(Notice.objects.filter(key__startswith="import-stopped:")))
    assert [one.line for one in told] == ["Import ended, nothing published: decisions.csv"]
    assert told[0].plain == ("Who let this import go is no member of the organisation any more.",)


def test_discarded_files_keep_their_head_alone(desk: Desk) -> None:
    upload = bring(desk, as_csv(table(desk.issuers, 3)[0]))
    publishing.discard(desk.officer, upload)
    assert upload.rows.count() == 0


def test_what_is_old_is_forgotten(desk: Desk) -> None:
    kept, old = (bring(desk, as_csv(table(desk.issuers, number)[0])) for number in (1, 2))
    Upload.objects.filter(pk=old.pk).update(changed=old.changed - sweeping.KEPT * 2)
    sweeping.forget_old()
    assert list(Upload.objects.all()) == [kept]
    assert UploadRow.objects.filter(upload_id=old.pk).count() == 0


def test_queries_of_a_dry_run_do_not_grow_with_its_rows(desk: Desk) -> None:
    taken = []
    for number in (20, 400):
        upload = bring(desk, as_csv(table(desk.issuers, number)[0]))
        handing_in.begin_run(upload, [CHECKED])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            checking.check(upload.pk, upload.run)
        taken.append(len(queries))
    assert taken[0] == taken[1]


def test_what_a_demonstration_account_imports_says_that_it_is_one(desk: Desk) -> None:
    Membership.objects.filter(pk=desk.officer.membership).update(demonstration=True)
    demonstrated = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    Membership.objects.filter(pk=desk.officer.membership).update(demonstration=False)
    meant = bring(desk, as_csv(table(desk.issuers, 2)[0]))
    for upload, marked in ((demonstrated, True), (meant, False)):
        said = [data for row in upload.rows.all() for _type, _id, data in row.said]
        assert {data.get("demonstration", False) for data in said} == {marked}
    released = release(desk, demonstrated)
    assert Upload.objects.get(pk=released.pk).state == PUBLISHED


def test_a_demonstration_account_decides_nothing_about_a_real_persons_import(desk: Desk) -> None:
    known = replace(desk.approver, demonstration=True)
    upload = bring(desk, as_csv(table(desk.issuers, 4, wrong=1)[0]))
    with pytest.raises(NotEntitled, match="demonstration"):
        publishing.request(known, upload, True, publishing.digest_of(upload))
    publishing.request(desk.officer, upload, True, publishing.digest_of(upload))
    for step in (
        lambda: publishing.approve(known, upload, publishing.digest_of(upload)),
        lambda: publishing.return_(known, upload, "No."),
        lambda: publishing.discard(known, upload, "No."),
    ):
        with pytest.raises(NotEntitled):
            step()
    assert not publishing.may_decide(known, upload)
    assert publishing.may_decide(desk.approver, upload)
