"""Webhooks: one notice as one signed POST, in the shape of Standard Webhooks 1.0 (standardwebhooks.com).

`webhook-id` stays the same however often a notice is sent, `webhook-timestamp` is that of the attempt, and
`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. A receiver refuses timestamps more
than five minutes off and ids it has seen: that is its protection against replays. Addresses are those of strangers:
register.outgoing's rules hold, redirects are not followed, little is read of the answer and none of it kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from ledger.database import execute, fetch_one
from register.moments import format_instant
from register.outbox.errors import AddressRefused
from register.outbox.keys import webhook_key
from register.outbox.letters import speak
from register.outbox.models import Message, Subscription
from register.outbox.wording import Told, put_into_words
from register.outgoing.addresses import Reach
from register.outgoing.errors import OutgoingError
from register.outgoing.transport import Answer, Client
from register.receipts import path_to_receipt
from register.sentences import say
from register.site.telling import tell_plainly

SECONDS: Final = 10.0
"""For one attempt, from the name to the last byte of the answer."""

MOST_BYTES: Final = 65_536
TURN: Final = 0x6F757462
"""First half of the locks by which turns are taken ("outb")."""
TURN_OF_CHALLENGES: Final = 1
TURN_OF_NOTICES: Final = 2
GONE: Final = 410
LONGEST_WAIT: Final = timedelta(days=1)
"""That a receiver may ask for: it is not for strangers to decide that notices never go out."""


class NotTaken(OutgoingError):
    """The other end did not take a notice; `gone` when it says that it never will, `wait` how long it asks to wait."""

    code = "not_taken"

    def __init__(self, message: str, gone: bool = False, wait: timedelta = timedelta()) -> None:
        super().__init__(message)
        self.gone = gone
        self.wait = wait


@cache
def open_client() -> Client:
    """Return this process's connections to webhooks."""
    return Client(Reach(tuple(settings.ASSAY_WEBHOOK_NETWORKS), "ASSAY_WEBHOOK_NETWORKS"), SECONDS)


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature` (Standard Webhooks 1.0, "Signature scheme": symmetric)."""
    said = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def post(subscription: Subscription, message_id: str, content: Mapping[str, Any]) -> Answer:
    """Send one signed message and return the answer; raises NotTaken or another OutgoingError unless it is 2xx."""
    body, now = json.dumps(content, ensure_ascii=False).encode(), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(webhook_key(subscription), message_id, now, body),
    }
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    answer = open_client().ask("POST", subscription.webhook, body, given, limit=MOST_BYTES)
    if 300 <= answer.status < 400:
        raise NotTaken(
            say("expected a status from 200 to 299, got {status}: redirects are not followed", status=answer.status)
        )
    if not 200 <= answer.status < 300:
        told = say("expected a status from 200 to 299, got {status}", status=answer.status)
        raise NotTaken(told, answer.status == GONE, read_wait(answer.retry_after, timezone.now()))
    return answer


def read_wait(retry_after: str, now: datetime) -> timedelta:
    """Return how long `Retry-After` asks to wait (RFC 9110, 10.2.3: seconds or a date), at most LONGEST_WAIT.

    What is neither asks for nothing, as does a date that is past.
    """
    said = retry_after.strip()[:40]
    if said.isascii() and said.isdecimal():
        return min(timedelta(seconds=min(int(said), 10**6)), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return timedelta()
    wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta()), LONGEST_WAIT)


def send(message: Message) -> None:
    """Send a notice; raises as `post` does."""
    subscription = message.subscription
    with speak(subscription):
        (told,) = put_into_words([message.notice])
        content = describe(message, told)
    post(subscription, f"msg_{message.uid.hex}", content)


def describe(message: Message, told: Told) -> dict[str, Any]:
    """Return a notice as webhooks give it: its type and time, and data that lead to the entry and its proof."""
    notice, base = message.notice, settings.ASSAY_BASE_URL
    data: dict[str, Any] = {
        "title": told.title,
        "about": told.about,
        "text": list(told.plain),
        "url": base + told.path,
        "issuer": str(notice.issuer) if notice.issuer else None,
        "agency": str(notice.agency) if notice.agency else None,
        "subject": str(notice.thing) if notice.thing else None,
        "topic": message.subscription.topic,
    }
    if told.entry and notice.index is not None:
        receipt = base + path_to_receipt(settings.ASSAY_ORIGIN, notice.index)
        data["entry"] = {
            "origin": settings.ASSAY_ORIGIN,
            "index": notice.index,
            "url": base + told.entry,
            "json": f"{base}/api/v1/events/{notice.index}",
            "receipt": receipt,
        }
    else:
        data |= notice.facts
    return {"type": told.type, "timestamp": format_instant(told.time), "data": data}


@contextmanager
def at_turn(lock: int) -> Iterator[bool]:
    """Yield whether nobody else is in this turn (TURN_OF_…), on no worker or thread of the node.

    Strangers decide how long an answer of theirs takes; so they hold up one of us at a time, not all.
    """
    row = fetch_one("SELECT pg_try_advisory_lock(%s, %s)", (TURN, lock))
    mine = bool(row and row[0])
    try:
        yield mine
    finally:
        if mine:
            execute("SELECT pg_advisory_unlock(%s, %s)", (TURN, lock))


def challenge(subscription: Subscription) -> None:
    """Ask a new webhook whether it wishes to hear of us: it must answer with the challenge it was sent.

    Nobody can have us send notices to somebody who did not ask. Raises AddressRefused (field `webhook`), also while
    another webhook is being asked.
    """
    with at_turn(TURN_OF_CHALLENGES) as mine:
        if not mine:
            raise AddressRefused(gettext("Another webhook is being asked just now. Try again in a minute."), "webhook")
        _challenge(subscription)


def _challenge(subscription: Subscription) -> None:
    token = secrets.token_urlsafe(24)
    content = {
        "type": "subscription.challenge",
        "timestamp": format_instant(timezone.now()),
        "data": {"challenge": token, "topic": subscription.topic},
    }
    try:
        answer = post(subscription, f"msg_{secrets.token_hex(16)}", content)
    except OutgoingError as error:
        told = gettext("The webhook did not take the challenge: %(reason)s.") % {"reason": tell_plainly(str(error))}
        raise AddressRefused(told, "webhook") from error
    if token.encode() not in answer.body:
        told = gettext("The webhook answered, but not with the challenge it was sent. Its answer must contain it.")
        raise AddressRefused(told, "webhook")
