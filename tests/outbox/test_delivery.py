from __future__ import annotations

import logging
import smtplib
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone

from register.outbox import delivery, following, kept_mail, letters, purging
from register.outbox.backlog import read_backlog
from register.outbox.keys import link_to
from register.outbox.models import ACTIVE, DISABLED, WAITING, Message, Notice, Subscription
from register.outbox.notices import tell_members
from register.outbox.subscriptions import Wish, subscribe
from tests import factories
from tests.outbox.conftest import ADDRESS, Followed, Receiver, due_again, follow_topic, happen
from tests.people import make_member


def test_a_notice_is_one_mail_with_words_proof_and_a_way_out(followed: Followed) -> None:
    follower = follow_topic(f"issuer:{followed.issuer}")
    happen(followed)
    assert delivery.deliver() is False
    (sent,) = mail.outbox
    assert sent.to == [ADDRESS]
    assert sent.subject == "Accreditation granted: College of tests"
    assert "College of tests by Agency of tests" in sent.body
    assert "http://register.nl.example/ledger/entries/" in sent.body
    assert "<" not in sent.body.replace("<bdi", "")
    assert sent.extra_headers["List-Unsubscribe"] == f"<{link_to(follower, 'stop')}>"
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    due_again()
    delivery.deliver()
    assert len(mail.outbox) == 1


def test_many_notices_become_one_mail(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    follow_topic("everything")
    for _ in range(3):
        factories.make_key(followed.issuer)
    following.follow()
    monkeypatch.setattr(letters, "MOST", 2)
    delivery.deliver()
    (sent,) = mail.outbox
    assert sent.subject == "3 notices: the whole register"
    assert "And one more notice" in sent.body


def test_a_flood_becomes_few_mails(followed: Followed) -> None:
    follow_topic("everything")
    happen(followed)
    delivery.deliver()
    factories.make_key(followed.issuer)
    following.follow()
    delivery.deliver()
    assert len(mail.outbox) == 1
    due_again()
    delivery.deliver()
    assert len(mail.outbox) == 2


def test_what_is_due_is_told_by_the_clock_that_set_it_not_by_the_databases(followed: Followed) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        follow_topic("everything")
        happen(followed)
        Message.objects.update(due=timezone.now() + timedelta(minutes=5))
        delivery.deliver()
        assert (mail.outbox, read_backlog().due) == ([], 0)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        Message.objects.update(due=timezone.now() - timedelta(minutes=5))
        assert read_backlog().due == 1
        delivery.deliver()
        assert len(mail.outbox) == 1


def test_digests_wait_for_their_hour(followed: Followed) -> None:
    follow_topic("everything", rhythm="daily")
    happen(followed)
    delivery.deliver()
    assert mail.outbox == []
    Message.objects.update(due=timezone.now())
    delivery.deliver()
    assert len(mail.outbox) == 1


def test_a_crash_after_sending_repeats_the_very_same_mail(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    follow_topic("everything")
    happen(followed)

    def crash(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(delivery, "_note_sent", crash)
    with pytest.raises(KeyboardInterrupt):
        delivery.deliver()
    monkeypatch.undo()
    factories.make_key(followed.issuer)
    following.follow()
    delivery.deliver()
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
    assert first.body == second.body
    assert Message.objects.filter(sent=None).count() == 1


def test_two_workers_send_it_once(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    follow_topic("everything")
    happen(followed)
    sending, go_on = threading.Event(), threading.Event()
    hand_over = delivery._hand_over

    def hand_over_slowly(subscription: Subscription, letter: EmailMessage) -> bool:
        sending.set()
        go_on.wait(30)
        return hand_over(subscription, letter)

    monkeypatch.setattr(delivery, "_hand_over", hand_over_slowly)

    def work() -> None:
        delivery.deliver()
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    sending.wait(30)
    monkeypatch.setattr(delivery, "_hand_over", hand_over)
    try:
        delivery.deliver()
        assert mail.outbox == []
    finally:
        go_on.set()
        worker.join()
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_away_harms_nothing(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = follow_topic("everything")
    happen(followed)

    def refuse(self: EmailMessage, *given: Any, **more: Any) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMessage, "send", refuse)
    delivery.deliver()
    follower.refresh_from_db()
    assert (follower.failures, follower.state) == (0, ACTIVE)
    monkeypatch.undo()
    delivery.deliver()
    assert len(mail.outbox) == 1


def test_an_address_that_is_refused_for_days_is_disabled(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = follow_topic("everything")
    happen(followed)

    def refuse(self: EmailMessage, *given: Any, **more: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({ADDRESS: (550, b"no such user")})

    monkeypatch.setattr(EmailMessage, "send", refuse)
    delivery.deliver()
    follower.refresh_from_db()
    assert (follower.failures, follower.state) == (1, ACTIVE)
    assert ADDRESS not in follower.said_error
    Subscription.objects.update(failing_since=timezone.now() - timedelta(days=6))
    due_again()
    delivery.deliver()
    follower.refresh_from_db()
    assert follower.state == DISABLED


def test_one_subscription_that_cannot_be_written_for_keeps_no_other_waiting(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = follow_topic("everything", "a@university.example")
    follow_topic("everything", "b@university.example")
    happen(followed)
    compose = letters.compose_notices

    def stumble(subscription: Subscription, *given: Any) -> EmailMessage:
        if subscription.pk == poor.pk:
            raise ValueError("nothing to say")
        return compose(subscription, *given)

    monkeypatch.setattr(letters, "compose_notices", stumble)
    delivery.deliver()
    assert [one.to for one in mail.outbox] == [["b@university.example"]]


def test_no_log_holds_an_address(
    followed: Followed, receiver: Receiver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    follow_topic("everything")
    follow_topic("everything", webhook=receiver.url)
    receiver.status = 500
    happen(followed)
    delivery.deliver()

    def refuse(self: EmailMessage, *given: Any, **more: Any) -> int:
        raise smtplib.SMTPSenderRefused(550, ADDRESS.encode(), ADDRESS)

    monkeypatch.setattr(EmailMessage, "send", refuse)
    due_again()
    factories.make_key(followed.issuer)
    following.follow()
    delivery.deliver()
    said = "\n".join(record.getMessage() + str(record.exc_text) for record in caplog.records)
    assert "mails wait in the outbox" in said
    assert ADDRESS not in said


def test_without_a_mail_server_mails_are_kept_as_files_and_go_with_their_subscription(
    followed: Followed, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND, settings.ASSAY_MAIL_DIR = "register.outbox.kept_mail.Backend", tmp_path / "mail"
    follower = follow_topic("everything")
    happen(followed)
    delivery.deliver()
    (kept,) = kept_mail.list_kept()
    assert b"Accreditation granted" in kept.read_bytes()
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    kept_mail.forget([follower.pk.hex])
    assert kept_mail.list_kept() == []


def test_members_are_mailed_at_the_address_of_their_account(followed: Followed) -> None:
    officer = make_member("agency", followed.agency)
    facts = {"file": "decisions.csv", "written": 960, "refused": 40, "address": "/desk/imports/1"}
    tell_members("agency", followed.agency, "import_done", "import:1", facts)
    delivery.deliver()
    (sent,) = mail.outbox
    assert sent.to == [officer.user.email]
    assert sent.subject == "Import finished: decisions.csv"
    assert "960 entries are on the ledger." in sent.body
    assert "40 rows were refused." in sent.body
    assert "http://register.nl.example/desk/imports/1" in sent.body


def test_what_nobody_needs_is_forgotten(followed: Followed) -> None:
    waiting = subscribe(Wish("everything", "unconfirmed@university.example", "at_once"))
    assert waiting is not None
    assert waiting.state == WAITING
    follow_topic("everything")
    happen(followed)
    delivery.deliver()
    purging.purge()
    assert Subscription.objects.count() == 2
    Subscription.objects.filter(state=WAITING).update(asked=timezone.now() - timedelta(hours=49))
    Message.objects.update(sent=timezone.now() - timedelta(days=31))
    Notice.objects.update(time=timezone.now() - timedelta(days=300))
    purging.purge()
    assert (Subscription.objects.count(), Message.objects.count(), Notice.objects.count()) == (1, 0, 0)


def test_what_is_not_signed_yet_is_not_told(followed: Followed) -> None:
    """A notice says nothing that cannot be proven: an entry that is not under a checkpoint yet is passed later."""
    follower = follow_topic("everything")
    with transaction.atomic():
        factories.make_key(followed.issuer)
        following.follow()
        assert not Message.objects.filter(subscription=follower).exists()
    following.follow()
    assert Message.objects.filter(subscription=follower).count() == 1


def test_kept_mails_are_sent_as_they_were_written_once_there_is_a_server(
    followed: Followed, settings: Any, tmp_path: Path
) -> None:
    sending = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.ASSAY_MAIL_DIR = "register.outbox.kept_mail.Backend", tmp_path / "mail"
    follow_topic("everything")
    happen(followed)
    delivery.deliver()
    (kept,) = kept_mail.list_kept()
    written = kept.read_bytes()
    settings.ASSAY_MAIL_SENDS = False
    with pytest.raises(CommandError, match="1 mails are kept"):
        call_command("send_kept_mail")
    settings.EMAIL_BACKEND, settings.ASSAY_MAIL_SENDS = sending, True
    call_command("send_kept_mail")
    (sent,) = mail.outbox
    assert sent.to == [ADDRESS]
    assert sent.message().as_bytes() == written
    assert kept_mail.list_kept() == []


def test_a_server_that_fails_keeps_the_mails(followed: Followed, settings: Any, tmp_path: Path) -> None:
    settings.ASSAY_MAIL_DIR, settings.ASSAY_MAIL_SENDS = tmp_path / "mail", True
    kept_mail.write_whole(EmailMessage("Subject", "Body", "assay@localhost", [ADDRESS]))
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    settings.EMAIL_PORT = 9
    with pytest.raises(CommandError, match="0 sent"):
        call_command("send_kept_mail")
    assert len(kept_mail.list_kept()) == 1


def test_the_operator_sees_what_waits(followed: Followed, settings: Any, tmp_path: Path) -> None:
    settings.ASSAY_MAIL_DIR = tmp_path
    follow_topic("everything")
    subscribe(Wish("everything", "unconfirmed@university.example", "at_once"))
    factories.make_key(followed.issuer)
    assert read_backlog().unread == 1
    following.follow()
    backlog = read_backlog()
    assert (backlog.due, backlog.active, backlog.unconfirmed, backlog.unread, backlog.kept) == (1, 1, 1, 0, 0)
    assert backlog.oldest is not None
    delivery.deliver()
    assert read_backlog().due == 0
