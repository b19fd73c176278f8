"""Notices by webhook: signed, in order, tried again, given up in the end; and whom they never reach."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from register import commands
from register.outbox import delivery, following, webhooks
from register.outbox.errors import AddressRefused
from register.outbox.keys import webhook_key
from register.outbox.models import DISABLED, Subscription
from register.outbox.subscriptions import Wish, subscribe
from register.outgoing.errors import OutgoingError
from tests import factories
from tests.locks import held_by_another
from tests.outbox.conftest import ADDRESS, Followed, Receiver, due_again, follow_topic, happen


def test_a_webhook_is_one_signed_post_a_notice_in_order(followed: Followed, receiver: Receiver) -> None:
    follower = follow_topic("everything", webhook=receiver.url)
    granted = happen(followed)
    commands.suspend_accreditation(granted, factories.ending("2024-01-01"), actor=factories.as_agency(followed.agency))
    following.follow()
    delivery.deliver()
    assert [json.loads(one.body)["type"] for one in receiver.taken] == [
        "accreditation.granted",
        "accreditation.suspended",
    ]
    first = receiver.taken[0]
    assert first.headers["content-type"] == "application/json"
    message_id, timestamp = first.headers["webhook-id"], first.headers["webhook-timestamp"]
    signed = f"{message_id}.{timestamp}.".encode() + first.body
    expected = base64.b64encode(hmac.new(webhook_key(follower), signed, hashlib.sha256).digest()).decode()
    assert first.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(timestamp) - timezone.now().timestamp()) < 300
    data = json.loads(first.body)["data"]
    assert (data["issuer"], data["agency"]) == (followed.issuer, followed.agency)
    assert data["entry"]["receipt"].startswith("http://register.nl.example/ledger/receipt/")
    assert mail.outbox == []
    delivery.deliver()
    assert len(receiver.taken) == 2


def test_a_webhook_that_fails_is_tried_again_with_the_same_id_later_and_later(
    followed: Followed, receiver: Receiver
) -> None:
    follower = follow_topic("everything", webhook=receiver.url)
    receiver.status = 503
    happen(followed)
    factories.make_key(followed.issuer)
    following.follow()
    waits = []
    for _ in range(3):
        due_again()
        delivery.deliver()
        follower.refresh_from_db()
        waits.append((follower.next_try - timezone.now()).total_seconds())
    assert [round(wait, -1) >= one * 0.8 for wait, one in zip(waits, (0, 300, 1800), strict=True)] == [True] * 3
    assert follower.failures == 3
    receiver.status = 204
    due_again()
    delivery.deliver()
    follower.refresh_from_db()
    assert (follower.failures, follower.failing_since, follower.last_error) == (0, None, "")
    ids = [one.headers["webhook-id"] for one in receiver.taken]
    assert len(set(ids[:4])) == 1
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("3600", timedelta(hours=1), timedelta(hours=1)),
        ("1", timedelta(seconds=4), timedelta(seconds=6)),
        ("99999999999999999999", timedelta(days=1), timedelta(days=1)),
        ("soon", timedelta(seconds=4), timedelta(seconds=6)),
    ],
)
def test_a_webhook_that_asks_to_wait_is_left_alone_for_so_long_within_bounds(
    followed: Followed, receiver: Receiver, asked: str, least: timedelta, most: timedelta
) -> None:
    subscription = follow_topic("everything", webhook=receiver.url)
    receiver.status, receiver.retry_after = 503, asked
    happen(followed)
    before = timezone.now()
    delivery.deliver()
    subscription.refresh_from_db()
    wait = subscription.next_try - before
    assert least <= wait <= most + (timezone.now() - before)
    assert subscription.failures == 1


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2099 12:00:00 GMT", 86_400),
        ("Sun, 99 Nov 2026 12:00:30 GMT", 0),
        ("Fri Jan 9999999999 30 12.00.00 Mon", 0),
        ("-5", 0),
        ("", 0),
        ("٣٠", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, seconds: int) -> None:
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert webhooks.read_wait(said, now) == timedelta(seconds=seconds)


def test_slow_webhooks_hold_one_worker_for_a_while_and_no_other(
    followed: Followed, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow_topic("everything", webhook=receiver.url)
    follow_topic(f"issuer:{followed.issuer}", webhook=receiver.url)
    happen(followed)
    following.follow()
    with held_by_another(webhooks.TURN, webhooks.TURN_OF_NOTICES):
        assert not delivery.deliver()
        assert not receiver.taken
    monkeypatch.setattr(delivery, "A_WHILE", -1.0)
    assert delivery.deliver()
    assert not receiver.taken
    monkeypatch.undo()
    delivery.deliver()
    assert len(receiver.taken) == 2


def test_redirects_of_webhooks_are_not_followed(followed: Followed, receiver: Receiver) -> None:
    follower = follow_topic("everything", webhook=receiver.url)
    receiver.status, receiver.location = 307, receiver.url
    happen(followed)
    delivery.deliver()
    follower.refresh_from_db()
    assert len(receiver.taken) == 1
    assert "redirects are not followed" in follower.said_error


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "https://localhost/x", "https://10.0.0.1/", "https://[::1]/"])
def test_webhooks_reach_no_private_address(followed: Followed, url: str, settings: Any) -> None:
    settings.ASSAY_WEBHOOK_NETWORKS = []
    webhooks.open_client.cache_clear()
    follower = follow_topic("everything", webhook=url)
    with pytest.raises(OutgoingError) as refused:
        webhooks.post(follower, "msg_1", {})
    assert refused.value.code == "address_forbidden"


def test_a_webhook_that_says_it_is_gone_is_disabled_and_its_owner_told(followed: Followed, receiver: Receiver) -> None:
    follower = follow_topic("everything", webhook=receiver.url)
    receiver.status = 410
    happen(followed)
    delivery.deliver()
    delivery.deliver()
    follower.refresh_from_db()
    assert follower.state == DISABLED
    (sent,) = mail.outbox
    assert sent.to == [ADDRESS]
    assert "switched off" in sent.subject
    delivery.deliver()
    assert len(mail.outbox) == 1


def test_a_webhook_that_failed_for_days_is_disabled(followed: Followed, receiver: Receiver) -> None:
    follower = follow_topic("everything", webhook=receiver.url)
    receiver.status = 500
    happen(followed)
    Subscription.objects.update(failing_since=timezone.now() - timedelta(days=6), failures=9)
    delivery.deliver()
    follower.refresh_from_db()
    assert follower.state == DISABLED


def test_a_webhook_must_answer_with_the_challenge(followed: Followed, receiver: Receiver) -> None:
    waiting = subscribe(Wish("everything", ADDRESS, "at_once", webhook=receiver.url))
    assert waiting is not None
    webhooks.challenge(waiting)
    assert json.loads(receiver.taken[0].body)["type"] == "subscription.challenge"
    receiver.echo = False
    with pytest.raises(AddressRefused):
        webhooks.challenge(waiting)
