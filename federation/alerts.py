"""What the operator should look at: one open alert per log and code, in the table and in the node's log."""

from __future__ import annotations

import logging

from django.utils import timezone

from federation.models import Alert
from register.sentences import to_text

log = logging.getLogger(__name__)

MAX_MESSAGE = 2000


def raise_alert(origin: str, code: str, message: str) -> Alert:
    """Raise an alert about a log, and say so once as an error in the node's log; an open one takes the new words.

    Part of the caller's transaction, if there is one.
    """
    said = to_text(message, MAX_MESSAGE)
    alert, new = Alert.objects.get_or_create(
        origin=origin, code=code, settled_at=None, defaults={"message": said, "raised_at": timezone.now()}
    )
    if new:
        log.error("%s: %s: %s", code, origin, message[:MAX_MESSAGE])
    elif alert.message != said:
        alert.message = said
        alert.save(update_fields=["message"])
    return alert


def settle(origin: str, code: str) -> int:
    """Settle the open alert of that log and code, because its cause is gone; return how many there were, 0 or 1."""
    return Alert.objects.filter(origin=origin, code=code, settled_at=None).update(settled_at=timezone.now())
