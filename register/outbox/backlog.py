"""Backlog: how the outbox stands, for the operator's board."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from django.conf import settings
from django.utils import timezone

from ledger.database import fetch_all
from register.outbox.kept_mail import list_kept

_STATE: Final[LiteralString] = """
    SELECT (SELECT count(*) FROM outbox_message m JOIN outbox_subscription s ON s.id = m.subscription_id
                WHERE m.sent IS NULL AND m.due <= %(now)s AND s.state = 'active'),
        (SELECT min(m.due) FROM outbox_message m JOIN outbox_subscription s ON s.id = m.subscription_id
                WHERE m.sent IS NULL AND m.due <= %(now)s AND s.state = 'active'),
        (SELECT count(*) FROM outbox_subscription WHERE state = 'active' AND user_id IS NULL),
        (SELECT count(*) FROM outbox_subscription WHERE state = 'waiting'),
        (SELECT count(*) FROM outbox_subscription WHERE state = 'active' AND failures > 0),
        (SELECT count(*) FROM outbox_subscription WHERE state = 'disabled'),
        (SELECT max(k.size) FROM ledger_checkpoint k JOIN ledger_log l ON l.id = k.log_id WHERE l.origin = %(origin)s)
            - (SELECT size FROM outbox_cursor WHERE origin = %(origin)s)
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages due and not sent, since when the oldest; subscriptions by state; entries not looked at yet; kept mails.

    `unread` is None until the follower has run once. `sends` is False while mails are kept for want of a server.
    """

    due: int
    oldest: datetime | None
    active: int
    unconfirmed: int
    failing: int
    disabled: int
    unread: int | None
    kept: int
    sends: bool


def read_backlog() -> Backlog:
    """Return how the outbox stands; one query and a look at a directory."""
    (row,) = fetch_all(_STATE, {"origin": settings.ASSAY_ORIGIN, "now": timezone.now()})
    due, oldest, active, unconfirmed, failing, disabled, unread = row
    kept, sends = len(list_kept()), bool(settings.ASSAY_MAIL_SENDS)
    return Backlog(due, oldest, active, unconfirmed, failing, disabled, unread, kept, sends)
