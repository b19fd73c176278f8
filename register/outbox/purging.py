"""Purging: what nobody needs any more is forgotten, addresses that were never confirmed first."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef
from django.utils import timezone

from register.outbox import kept_mail
from register.outbox.models import DISABLED, WAITING, Message, Notice, Subscription
from register.outbox.subscriptions import UNCONFIRMED

SENT: Final = timedelta(days=30)
"""How long it stays known that a message was sent."""

DISABLED_FOR: Final = timedelta(days=30)
"""How long a disabled subscription may be switched on again."""

TOLD: Final = timedelta(days=200)
"""How long notices stay on members' lists; longer than the notice of what expires must be known to have been made."""


def purge() -> None:
    """Forget what is over; may run at any time."""
    now = timezone.now()
    over = Subscription.objects.filter(state=WAITING, asked__lt=now - UNCONFIRMED) | Subscription.objects.filter(
        state=DISABLED, failing_since__lt=now - DISABLED_FOR
    )
    ended = list(over.values_list("pk", flat=True))
    kept_mail.forget([one.hex for one in ended])
    Subscription.objects.filter(pk__in=ended).delete()
    Message.objects.filter(sent__lt=now - SENT).delete()
    waiting = Exists(Message.objects.filter(notice=OuterRef("pk"), sent=None))
    Notice.objects.filter(~waiting, time__lt=now - TOLD).delete()
