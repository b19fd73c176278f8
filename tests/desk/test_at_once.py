"""Several people at once: one entry, one of them told that somebody was faster, and no draft in between."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections

from register import commands
from register.desk import drafts, four_eyes, preview
from register.desk.errors import Decided, Stale
from register.desk.models import Draft
from register.models import AccreditationVersion
from register.projection import replaying
from tests import factories
from tests.desk.conftest import Desk, acting_as
from tests.people import make_member


def run_at_once(*deeds: Callable[[], object]) -> list[object]:
    """Do everything in threads that start together; return results or what was raised."""
    gate, found = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(number: int, deed: Callable[[], object]) -> None:
        gate.wait()
        try:
            found[number] = deed()  # type: ignore[call-overload]
        except Exception as error:
            found[number] = error  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(found)


def test_two_approvers_at_once_write_one_entry(lasting_desk: Desk) -> None:
    desk = lasting_desk
    second = acting_as(make_member("agency", desk.agency, approves=True, email="second@board.example"))
    held = factories.make_accreditation(desk.issuer, desk.agency)
    draft = drafts.save(
        desk.officer, "revoke_accreditation", held, {"effective_from": "2025-06-01", "reason": "quality"}
    )
    waiting = drafts.submit(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
    assert isinstance(waiting, Draft)
    digest = preview.digest_now(desk.approver.actor, waiting)

    def approve_as(acting: object) -> Callable[[], object]:
        return lambda: drafts.approve(acting, drafts.find(desk.approver, waiting.pk), digest)  # type: ignore[arg-type]

    results = run_at_once(approve_as(desk.approver), approve_as(second))
    written = [one for one in results if isinstance(one, commands.Written)]
    refused = [one for one in results if isinstance(one, Exception)]
    assert (len(written), len(refused)) == (1, 1), results
    assert Draft.objects.get().entry_index == written[0].index
    assert AccreditationVersion.objects.filter(uid=held).count() == 2
    assert replaying.check() is None


def test_publish_pressed_many_times_at_once_writes_one_entry(lasting_desk: Desk) -> None:
    desk = lasting_desk
    draft = drafts.save(desk.officer, "grant_accreditation", "", desk.granting())
    digest = preview.digest_now(desk.officer.actor, draft)
    press = lambda: drafts.submit(desk.officer, drafts.find(desk.officer, draft.pk), digest)  # noqa: E731
    results = run_at_once(*[press] * 6)
    assert sum(isinstance(one, commands.Written) for one in results) == 1, results
    assert all(isinstance(one, (commands.Written, Decided, Stale)) for one in results), results
    assert AccreditationVersion.objects.count() == 1


def test_an_approval_and_a_change_at_once_leave_one_of_them(lasting_desk: Desk) -> None:
    desk = lasting_desk
    held = factories.make_accreditation(desk.issuer, desk.agency)
    said = {"effective_from": "2025-06-01", "reason": "quality"}
    draft = drafts.save(desk.officer, "revoke_accreditation", held, said)
    waiting = drafts.submit(desk.officer, draft, preview.digest_now(desk.officer.actor, draft))
    assert isinstance(waiting, Draft)
    digest = preview.digest_now(desk.approver.actor, waiting)
    other = {**said, "effective_from": "2025-07-01"}
    results = run_at_once(
        lambda: drafts.approve(desk.approver, waiting, digest),
        lambda: drafts.save(desk.officer, waiting.verb, held, other, waiting.pk, waiting.version),
    )
    kept = Draft.objects.get()
    newest = AccreditationVersion.objects.get(uid=held, recorded_until=None)
    assert sum(isinstance(one, Exception) for one in results) == 1, results
    if kept.state == "published":
        assert newest.revoked_from is not None
        assert newest.revoked_from.month == 6
    else:
        assert newest.revoked_from is None


def test_of_two_drafts_that_cannot_both_be_true_one_is_written(lasting_desk: Desk) -> None:
    desk = lasting_desk
    held = factories.make_accreditation(desk.issuer, desk.agency)
    said = {"effective_from": "2025-06-01", "reason": "quality"}
    four_eyes.choose("agency", desk.agency, ())
    both = [drafts.save(desk.officer, "suspend_accreditation", held, said) for _ in range(2)]
    digests = [preview.digest_now(desk.officer.actor, one) for one in both]
    results = run_at_once(
        lambda: drafts.submit(desk.officer, both[0], digests[0]),
        lambda: drafts.submit(desk.officer, both[1], digests[1]),
    )
    assert sum(isinstance(one, commands.Written) for one in results) == 1, results
    assert sorted(Draft.objects.values_list("state", flat=True)) == ["editing", "published"]
