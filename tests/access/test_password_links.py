"""Links to a new password: nothing of an answer tells which accounts exist, and nobody gets a link twice."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from celery import current_app
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu.exceptions import OperationalError

from register import jobs
from register.access import password_links
from register.access.models import AuditRecord, PasswordRequest
from register.access.tasks import send_password_link, send_password_links
from tests import factories
from tests.access.pages import words
from tests.people import make_member

pytestmark = pytest.mark.django_db(transaction=True)
KNOWN, UNKNOWN = "auditor@nl.example", "nobody@nl.example"


@pytest.fixture(autouse=True)
def _register() -> None:
    factories.open_register()
    make_member("auditor")


def ask(email: str, **headers: str) -> Any:
    return Client(headers=headers).post("/password", {"email": email})


def test_the_page_does_the_same_whether_there_is_an_account_or_not() -> None:
    ask(KNOWN)  # what is kept for the process is kept
    done = []
    for email in (KNOWN, UNKNOWN):
        with CaptureQueriesContext(connection) as asked, patch.object(jobs, "enqueue") as queued:
            answer = ask(email)
        shapes = [query["sql"].split(" WHERE ")[0].split(" VALUES ")[0] for query in asked.captured_queries]
        done.append((shapes, queued.call_count, answer.status_code, words(answer).replace(email, "…")))
    assert done[0] == done[1]
    assert not any("access_membership" in shape or "access_auditrecord" in shape for shape in done[0][0])
    assert mail.outbox == []


def test_a_row_without_a_person_sends_nothing_and_goes() -> None:
    ask(UNKNOWN)
    assert PasswordRequest.objects.get().person is None
    send_password_links()
    assert mail.outbox == []
    assert not PasswordRequest.objects.exists()
    assert not AuditRecord.objects.filter(code="password_reset_asked").exists()


def test_a_worker_sends_it_in_the_language_of_whoever_asked_and_notes_from_where() -> None:
    with patch.object(jobs, "enqueue", side_effect=lambda task, *args, countdown: current_app.tasks[task](*args)):
        ask(KNOWN, accept_language="de")
    assert "Passwort" in mail.outbox[0].subject
    noted = AuditRecord.objects.get(code="password_reset_asked")
    assert (noted.email, noted.network) == (KNOWN, "127.0.0.0/24")


def test_without_a_broker_the_beat_sends_it() -> None:
    with patch.object(jobs, "enqueue", side_effect=OperationalError):
        assert ask(KNOWN).status_code == 200
    send_password_links()
    assert [one.to for one in mail.outbox] == [[KNOWN]]


def test_it_is_sent_once_however_often_it_is_queued() -> None:
    ask(KNOWN)
    number = PasswordRequest.objects.get().pk
    send_password_link(number)
    send_password_links()
    send_password_link(number)
    assert len(mail.outbox) == 1


def test_two_workers_at_once_send_one_mail() -> None:
    ask(KNOWN)
    number, both = PasswordRequest.objects.get().pk, Barrier(2)
    sent: list[tuple[object, ...]] = []

    def work() -> None:
        try:
            both.wait(60)
            send_password_link(number)
        finally:
            connections.close_all()

    def keep(*mail: object, **named: str) -> bool:
        sent.append(mail)
        return True

    with patch("register.access.password_links.send", side_effect=keep):
        threads = [Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(sent) == 1


def test_what_no_mail_server_takes_is_tried_again_and_noted_once() -> None:
    ask(KNOWN)
    with patch.object(EmailMessage, "send", side_effect=ConnectionRefusedError):
        send_password_links()
    row = PasswordRequest.objects.get()
    assert row.tries == 1
    assert row.next_try > row.asked
    PasswordRequest.objects.update(next_try=timezone.now() + timedelta(hours=1))
    send_password_links()
    assert mail.outbox == []
    PasswordRequest.objects.update(next_try=timezone.now())
    send_password_links()
    assert len(mail.outbox) == 1
    assert AuditRecord.objects.filter(code="password_reset_asked").count() == 1


def test_a_mail_server_that_hangs_keeps_no_worker_from_other_work() -> None:
    for _ in range(5):
        ask(KNOWN)
    tried: list[int] = []

    def hang(*mail: object, **named: str) -> bool:
        tried.append(1)
        return False

    clock = SimpleNamespace(monotonic=lambda: 15.0 * len(tried))
    with patch.object(password_links, "send", side_effect=hang), patch.object(password_links, "time", clock):
        send_password_links()
    assert len(tried) == 2
    assert sorted(PasswordRequest.objects.values_list("tries", flat=True)) == [0, 0, 0, 1, 1]


def test_each_further_try_comes_later() -> None:
    ask(KNOWN)
    waits = []
    with patch.object(EmailMessage, "send", side_effect=ConnectionRefusedError):
        for _ in range(3):
            PasswordRequest.objects.update(next_try=timezone.now())
            before = timezone.now()
            send_password_links()
            waits.append(PasswordRequest.objects.get().next_try - before)
    assert waits == sorted(waits)
    assert waits[2] >= 4 * password_links.PAUSE


def test_a_link_that_cannot_be_written_keeps_no_other_from_being_sent(caplog: pytest.LogCaptureFixture) -> None:
    make_member("operator")
    ask(KNOWN)
    ask("operator@nl.example")

    def send(message: EmailMessage) -> int:
        if KNOWN in message.to:
            raise ValueError(message.body)
        mail.outbox.append(message)
        return 1

    with patch.object(EmailMessage, "send", autospec=True, side_effect=send):
        send_password_links()
    assert [one.to for one in mail.outbox] == [["operator@nl.example"]]
    row = PasswordRequest.objects.get()
    assert (row.tries, row.next_try > row.asked) == (1, True)
    assert "ValueError" in caplog.text
    assert "/password/" not in caplog.text


def test_a_request_that_waited_too_long_is_noted_and_given_up() -> None:
    ask(KNOWN)
    PasswordRequest.objects.update(asked=timezone.now() - password_links.PATIENCE - timedelta(minutes=1))
    send_password_links()
    assert mail.outbox == []
    assert not PasswordRequest.objects.exists()
    assert AuditRecord.objects.filter(code="password_reset_asked").count() == 1


def test_a_second_try_after_a_crash_is_the_same_mail_to_who_receives_it() -> None:
    ask(KNOWN)
    row = PasswordRequest.objects.get()
    with patch.object(PasswordRequest, "delete", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        send_password_link(row.pk)
    send_password_link(row.pk)
    first, second = (str(one.extra_headers["Message-ID"]) for one in mail.outbox)
    assert first == second
    assert AuditRecord.objects.filter(code="password_reset_asked").count() == 1
