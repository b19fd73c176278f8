"""Delivery: what waits in the outbox goes out, each thing by one worker at a time.

A subscription's row is the lock: whoever finds it taken (`SKIP LOCKED`) goes on to the next. What goes out, and that it
went out, commit together *after* it was sent. So nothing is lost, and only a crash between sending and committing
makes it go out again: a webhook then has the same `webhook-id`, a mail, whose notices were fixed beforehand
(`Message.letter`), the same Message-ID. What is due is told by our clock, which set the time, not by the database's.
Logs hold ids of subscriptions, never an address.
"""

from __future__ import annotations

import logging
import random
import smtplib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, LiteralString
from uuid import uuid4

from django.core.mail import EmailMessage
from django.db import DatabaseError, transaction
from django.utils import timezone

from ledger.database import execute, fetch_one
from register.outbox import letters, webhooks
from register.outbox.models import DISABLED, Message, Subscription
from register.outbox.wording import put_into_words
from register.outgoing.errors import OutgoingError
from register.sentences import say, to_text

log = logging.getLogger(__name__)

PAUSE: Final = timedelta(minutes=5)
"""Between two mails to one subscriber: a file of a thousand decisions becomes a few mails, not a thousand."""

BACKOFF: Final = tuple(timedelta(seconds=one) for one in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
"""After a first, second, … failure; the last one again and again."""

GIVE_UP: Final = timedelta(days=5)
"""Of nothing but failures; then a subscription is disabled."""

A_LETTER: Final = 5_000
"""Notices that one mail stands for at most; letters.MOST of them it tells."""

A_TURN: Final = 200
"""Mails or webhooks that one run sends at most; the next run follows in seconds."""

A_WHILE: Final = 20.0
"""Seconds after which a run begins nothing more: slow receivers must not keep a worker from all other work."""

_FREE: Final[LiteralString] = """
    SELECT s.id FROM outbox_subscription s WHERE s.next_try <= %(now)s AND {condition}
    ORDER BY s.next_try LIMIT 1 FOR UPDATE OF s SKIP LOCKED
"""
_WAITS: Final[LiteralString] = (
    "s.state = 'active' AND EXISTS (SELECT FROM outbox_message m WHERE m.subscription_id = s.id AND m.sent IS NULL "
    "AND (m.letter IS NOT NULL OR m.due <= %(now)s))"
)
_ABOUT: Final = _FREE.replace(
    "{condition}", "s.confirmation_sent IS NULL AND s.user_id IS NULL AND s.state IN ('waiting', 'active', 'disabled')"
)
_MAILED: Final = _FREE.replace("{condition}", f"s.webhook = '' AND {_WAITS}")
_HOOKED: Final = _FREE.replace("{condition}", f"s.webhook <> '' AND {_WAITS}")
_GATHER: Final[LiteralString] = """
    UPDATE outbox_message SET letter = %(letter)s WHERE id IN (
        SELECT id FROM outbox_message
        WHERE subscription_id = %(subscription)s AND sent IS NULL AND letter IS NULL AND due <= %(now)s
        ORDER BY notice_id LIMIT %(most)s
    )
"""

Send = Callable[[Subscription], None]


def deliver() -> bool:
    """Send what is due; return whether there may be more."""
    more = [_send_all(_ABOUT, _send_about), _send_all(_MAILED, _send_letter)]
    with webhooks.at_turn(webhooks.TURN_OF_NOTICES) as mine:  # whoever has the turn goes on with what is left
        more += [mine and _send_all(_HOOKED, _send_webhook)]
    return any(more)


def _send_all(free: LiteralString, send: Send) -> bool:
    """Send for one subscription after another until none is due; a mail server that is away ends it, without harm."""
    began = time.monotonic()
    for _ in range(A_TURN):
        if time.monotonic() - began > A_WHILE:
            break
        try:
            if not _send_next(free, send):
                return False
        except (OSError, smtplib.SMTPException) as error:
            log.error("mails wait in the outbox: the mail server does not take them: %s", type(error).__name__)
            return False
    return True


def _send_next(free: LiteralString, send: Send) -> bool:
    if free is _MAILED:
        with transaction.atomic():
            _gather(_claim(free))
    claimed: Subscription | None = None
    try:
        with transaction.atomic():
            claimed = _claim(free)
            if claimed is not None:
                send(claimed)
    except (OSError, smtplib.SMTPException, DatabaseError):
        raise
    except Exception as error:  # whatever is wrong with one subscription keeps no other waiting
        if claimed is None:
            raise
        log.error("subscription %s waits an hour: nothing could be written for it: %r", claimed.pk, type(error))
        Subscription.objects.filter(pk=claimed.pk).update(next_try=timezone.now() + timedelta(hours=1))
    return claimed is not None


def _claim(free: LiteralString) -> Subscription | None:
    """Lock the subscription whose turn it is, for this transaction."""
    row = fetch_one(free, {"now": timezone.now()})
    return None if row is None else Subscription.objects.select_related("user").get(pk=row[0])


def _gather(subscription: Subscription | None) -> None:
    """Fix which notices the next mail holds, unless one is under way already."""
    if subscription is None or _under_way(subscription):
        return
    values = {"letter": uuid4(), "subscription": subscription.pk, "most": A_LETTER, "now": timezone.now()}
    execute(_GATHER, values)


def _under_way(subscription: Subscription) -> list[Message]:
    """Return the messages of the letter that is to be sent next."""
    rows = Message.objects.filter(subscription=subscription, sent=None, letter__isnull=False)
    return list(rows.select_related("notice").order_by("notice_id"))


def _send_about(subscription: Subscription) -> None:
    mail = letters.compose_about(subscription)
    if _hand_over(subscription, mail):
        Subscription.objects.filter(pk=subscription.pk).update(confirmation_sent=timezone.now())


def _send_letter(subscription: Subscription) -> None:
    messages = _under_way(subscription)
    if not messages or messages[0].letter is None:
        return
    with letters.speak(subscription):
        told = put_into_words([one.notice for one in messages[: letters.MOST]])
    mail = letters.compose_notices(subscription, messages[0].letter, told, len(messages))
    if _hand_over(subscription, mail):
        _note_sent(subscription, messages, timezone.now() + PAUSE)


def _hand_over(subscription: Subscription, mail: EmailMessage) -> bool:
    """Give a mail to the server; a refused address is the subscription's failure, all else the server's, and raised."""
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as refused:
        codes = ", ".join(sorted({str(code) for code, _ in refused.recipients.values()}))
    except smtplib.SMTPDataError as refused:
        codes = str(refused.smtp_code)
    else:
        return True
    _note_failure(subscription, say("the mail server refused a mail to it ({codes})", codes=codes), gone=False)
    return False


def _send_webhook(subscription: Subscription) -> None:
    waiting = Message.objects.filter(subscription=subscription, sent=None, due__lte=timezone.now())
    message = waiting.select_related("notice").order_by("notice_id").first()
    if message is None:
        return
    message.subscription = subscription
    try:
        webhooks.send(message)
    except OutgoingError as error:
        Message.objects.filter(pk=message.pk).update(attempts=message.attempts + 1)
        gone, wait = (error.gone, error.wait) if isinstance(error, webhooks.NotTaken) else (False, timedelta())
        _note_failure(subscription, str(error), gone=gone, asked=wait)
    else:
        _note_sent(subscription, [message], timezone.now())


def _note_sent(subscription: Subscription, messages: list[Message], next_try: Any) -> None:
    now = timezone.now()
    Message.objects.filter(pk__in=[one.pk for one in messages]).update(sent=now)
    Subscription.objects.filter(pk=subscription.pk).update(
        next_try=next_try, delivered=now, failures=0, failing_since=None, last_error=""
    )


def _note_failure(subscription: Subscription, reason: str, gone: bool, asked: timedelta = timedelta()) -> None:
    """Put a subscription off, for as long as it `asked` where that is longer, or disable it after long failure.

    Then its owner is written to, if a mail can reach.
    """
    now = timezone.now()
    since = subscription.failing_since or now
    wait = BACKOFF[min(subscription.failures, len(BACKOFF) - 1)] * random.uniform(0.9, 1.1)
    said: dict[str, Any] = {
        "failures": subscription.failures + 1,
        "failing_since": since,
        "next_try": now + max(wait, asked),
        "last_error": to_text(reason, 300),
    }
    if gone or now - since >= GIVE_UP:
        said |= {"state": DISABLED, "next_try": now}
        if subscription.webhook:
            said["confirmation_sent"] = None
        log.warning("subscription %s is disabled: nothing has reached it since %s", subscription.pk, since.date())
    Subscription.objects.filter(pk=subscription.pk).update(**said)
