from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from register import commands
from register.outbox import expiring, following
from register.outbox.models import Cursor, Message, Notice, Subscription
from register.outbox.notices import News, next_digest, tell, tell_members
from register.payloads import RelationTerms
from tests import factories
from tests.outbox.conftest import Followed, follow_topic
from tests.people import make_member


def codes(subscription: Subscription) -> list[str]:
    return [one.notice.code for one in Message.objects.filter(subscription=subscription).order_by("notice_id")]


def test_each_follower_hears_of_what_they_follow_and_nothing_else(followed: Followed) -> None:
    issuer = follow_topic(f"issuer:{followed.issuer}")
    agency = follow_topic(f"agency:{followed.agency}")
    country = follow_topic("country:NL")
    abroad = follow_topic("country:DE")
    everything = follow_topic("everything")
    granted = factories.make_accreditation(followed.issuer, followed.agency)
    factories.make_key(followed.other)
    terms = factories.ending("2024-01-01", "quality")
    commands.suspend_accreditation(granted, terms, actor=factories.as_agency(followed.agency))
    assert following.follow() is False
    assert codes(issuer) == ["granted", "suspended"]
    assert codes(agency) == ["granted", "suspended"]
    assert codes(country) == ["granted", "key", "suspended"]
    assert codes(everything) == ["granted", "key", "suspended"]
    assert codes(abroad) == []


def test_both_ends_of_a_relation_are_told(followed: Followed) -> None:
    other = follow_topic(f"issuer:{followed.other}")
    relation = {"relation": "merged_into", "other": followed.other, "valid_from": "2023-01-01"}
    commands.relate_issuer(followed.issuer, RelationTerms.model_validate(relation), actor=factories.OPERATOR)
    following.follow()
    assert codes(other) == ["related"]


def test_the_other_organisation_of_a_mandate_is_told(followed: Followed) -> None:
    sealer = follow_topic(f"issuer:{followed.other}")
    factories.make_mandate(followed.issuer, followed.other)
    following.follow()
    assert codes(sealer) == ["mandate"]


def test_the_past_is_not_told(followed: Followed) -> None:
    factories.make_accreditation(followed.issuer, followed.agency)
    following.follow()
    later = follow_topic("everything")
    following.follow()
    assert codes(later) == []


def test_only_the_chosen_kinds_are_told(followed: Followed) -> None:
    chosen = follow_topic("everything", codes=("key",))
    factories.make_accreditation(followed.issuer, followed.agency)
    factories.make_key(followed.issuer)
    following.follow()
    assert codes(chosen) == ["key"]


def test_a_crash_before_the_commit_leaves_the_step_to_be_made_again_and_nothing_twice(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = follow_topic("everything")
    factories.make_accreditation(followed.issuer, followed.agency)
    before = Cursor.objects.get().size
    make = following._pass

    def crash(start: int, end: int) -> None:
        make(start, end)
        raise RuntimeError("the worker died")

    monkeypatch.setattr(following, "_pass", crash)
    with pytest.raises(RuntimeError):
        following.follow()
    assert (Cursor.objects.get().size, Message.objects.count(), Notice.objects.count()) == (before, 0, 0)
    monkeypatch.undo()
    following.follow()
    following.follow()
    assert codes(follower) == ["granted"]


def test_long_ledgers_are_passed_in_steps(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = follow_topic("everything")
    monkeypatch.setattr(following, "STEP", 2)
    for _ in range(3):
        factories.make_key(followed.issuer)
    assert [following.follow(), following.follow()] == [True, False]
    assert codes(follower) == ["key"] * 3


def test_whoever_finds_the_cursor_taken_leaves_it(followed: Followed) -> None:
    follower = follow_topic("everything")
    factories.make_key(followed.issuer)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Cursor.objects.select_for_update().get()
            held.set()
            done.wait(30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    try:
        assert following.follow() is False
        assert codes(follower) == []
    finally:
        done.set()
        holder.join()
    following.follow()
    assert codes(follower) == ["key"]


def test_an_expiring_accreditation_is_told_of_once_for_each_span(followed: Followed) -> None:
    follower = follow_topic(f"issuer:{followed.issuer}")
    early = timezone.now() - timedelta(days=400)
    Subscription.objects.update(confirmed=early)
    soon = (timezone.now() + timedelta(days=20)).date().isoformat()
    later = (timezone.now() + timedelta(days=80)).date().isoformat()
    factories.make_accreditation(followed.issuer, followed.agency, valid_until=soon)
    factories.make_accreditation(followed.issuer, followed.agency, valid_until=later)
    factories.make_accreditation(followed.issuer, followed.agency, valid_until="2999-01-01")
    factories.make_accreditation(followed.other, followed.agency, valid_until=soon)
    assert expiring.look() == 2
    assert expiring.look() == 0
    told = {one.facts["days"]: one.facts["valid_until"] for one in Notice.objects.filter(code="expiring")}
    assert told == {30: soon, 90: later}
    assert codes(follower) == ["expiring", "expiring"]


def test_what_is_revoked_or_refused_does_not_expire(followed: Followed) -> None:
    follow_topic("everything")
    Subscription.objects.update(confirmed=timezone.now() - timedelta(days=400))
    soon = (timezone.now() + timedelta(days=20)).date().isoformat()
    revoked = factories.make_accreditation(followed.issuer, followed.agency, valid_until=soon)
    terms = factories.ending("2021-01-01", "fraud")
    commands.revoke_accreditation(revoked, terms, actor=factories.as_agency(followed.agency))
    factories.make_accreditation(followed.other, followed.agency, valid_until=soon, decision="negative")
    assert expiring.look() == 0


def test_nobody_begins_with_warnings_of_before(followed: Followed) -> None:
    soon = (timezone.now() + timedelta(days=20)).date().isoformat()
    factories.make_accreditation(followed.issuer, followed.agency, valid_until=soon)
    beginner = follow_topic(f"issuer:{followed.issuer}")
    expiring.look()
    assert codes(beginner) == []


def test_members_are_told_once_and_by_mail_unless_switched_off(followed: Followed) -> None:
    officer = make_member("agency", followed.agency)
    colleague = make_member("agency", followed.agency, email="colleague@nl.example")
    Subscription.objects.create(user=colleague.user, topic=f"user:{colleague.user_id}", state="off")
    facts = {"file": "decisions.csv", "written": 960, "refused": 40, "address": "/desk/imports/1"}
    assert tell_members("agency", followed.agency, "import_done", "import:1", facts) is not None
    assert tell_members("agency", followed.agency, "import_done", "import:1", facts) is None
    assert [one.subscription.user_id for one in Message.objects.all()] == [officer.user_id]


def test_what_was_rolled_back_was_never_told(followed: Followed) -> None:
    make_member("agency", followed.agency)
    with transaction.atomic():
        tell_members("agency", followed.agency, "import_done", "import:2", {})
        transaction.set_rollback(True)
    assert not Notice.objects.exists()


def test_the_same_notice_is_made_once(followed: Followed) -> None:
    follow_topic("everything")
    news = News("fork:1", "fork", ("everything",), timezone.now())
    assert [len(tell([news])), len(tell([news]))] == [1, 0]
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("now", "rhythm", "due"),
    [
        ("2026-11-22T05:59", "daily", "2026-11-22T06:00"),
        ("2026-11-22T06:00", "daily", "2026-11-23T06:00"),
        ("2026-11-22T05:59", "weekly", "2026-11-23T06:00"),  # a Sunday
        ("2026-11-23T05:00", "weekly", "2026-11-23T06:00"),
        ("2026-11-23T07:00", "weekly", "2026-11-30T06:00"),
        ("2026-11-23T07:00", "at_once", "2026-11-23T07:00"),
    ],
)
def test_digests_are_due_in_the_morning(now: str, rhythm: str, due: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_digest(moment, rhythm) == datetime.fromisoformat(due).replace(tzinfo=UTC)
