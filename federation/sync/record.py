"""How attempts to follow a peer ended: kept in words on its row, with the time of the next one."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from federation.alerts import raise_alert, settle
from federation.errors import FederationError, HeldBack
from federation.models import Alert, Following
from federation.peers import Peer
from federation.sync.targets import Target
from ledger.database import execute, fetch_all
from ledger.errors import LedgerError
from register.errors import RegisterError
from register.sentences import Said, say, to_text

CLOCK_AHEAD: Final = "clock_ahead"
"""Alert: a peer states times of the future."""

SHORTEST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=10)
MOST_WORDS: Final = 1000
"""Characters that are kept of what went wrong."""

UNFINISHED = timedelta(seconds=30)
"""When the poll goes on with a copy that is not complete, should the queue have lost the task that does so."""

CLAIM = timedelta(minutes=2)
"""How long a peer that was put on the queue is left alone: the queue may be long, or lost."""

_DUE = """
    UPDATE federation_following SET next_attempt = %s
    WHERE status = 'following' AND (next_attempt IS NULL OR next_attempt <= %s) RETURNING origin
"""
_SILENT = """
    UPDATE federation_following SET heard_at = %(now)s, succeeded_at = %(now)s,
        next_attempt = %(now)s + make_interval(secs => %(pause)s * (0.75 + 0.5 * random()))
    WHERE origin = ANY(%(origins)s) AND status = 'following' AND failures = 0
"""


def claim_due() -> list[str]:
    """Return the origins that are to be followed now, and claim them so that the next poll does not return them too."""
    now = timezone.now()
    return [row[0] for row in fetch_all(_DUE, (now + CLAIM, now))]


def keep_silent(origins: Collection[str]) -> None:
    """Note that peers which are followed without trouble were asked, and have nothing new.

    All times of a row are of one clock, ours: were the database's an hour ahead, nobody would be asked for an hour.
    """
    if origins:
        values = {"now": timezone.now(), "pause": settings.ASSAY_POLL_SECONDS, "origins": list(origins)}
        execute(_SILENT, values)


def keep_heard(peer: Peer, size: int, ahead: int = 0) -> None:
    """Remember that the peer's word of so many entries reached us, and tell the operator while its clock is `ahead`."""
    Following.objects.filter(origin=peer.origin).update(
        heard_at=timezone.now(), seen_size=Greatest(F("seen_size"), size)
    )
    if ahead:
        raise_alert(peer.origin, CLOCK_AHEAD, _describe_clock(peer, ahead))
    else:
        settle(peer.origin, CLOCK_AHEAD)


def _describe_clock(peer: Peer, seconds: int) -> Said:
    others = Alert.objects.filter(code=CLOCK_AHEAD, settled_at=None).exclude(origin=peer.origin).count()
    whose = say("one is wrong")
    if others:
        whose = say("{count} other peers are ahead as well, so look at our own clock first", count=others)
    if others == 1:
        whose = say("another peer is ahead as well, so look at our own clock first")
    return say(
        "The clock of {peer} is {span} ahead of ours; {whose}. What it records is taken over, but its times prove "
        "nothing: decisions about its issuers read unchecked once its last believable one is too old.",
        peer=peer.name,
        span=timedelta(minutes=seconds // 60),
        whose=whose,
    )


def keep_pending(origin: str, target: Target | None) -> None:
    """Remember the checkpoint that is being fetched, so that the next run goes on with it."""
    Following.objects.filter(origin=origin).update(pending=target.note if target else None)


def keep_success(origin: str, source: str, done: bool, complaint: FederationError | None) -> None:
    """Note that a run ended well. `complaint` is what the peer itself failed in when a mirror stood in for it.

    That counts as a failure of the peer's, so that its pushes start nothing before the next poll.
    """
    now = timezone.now()
    Following.objects.filter(origin=origin).update(
        succeeded_at=now,
        next_attempt=_next_poll() if done else now + UNFINISHED,
        failures=F("failures") + 1 if complaint else 0,
        source=source or F("source"),
        error_code=complaint.code if complaint else "",
        error_message=to_text(str(complaint), MOST_WORDS) if complaint else "",
    )


def keep_failure(origin: str, error: Exception) -> None:
    """Note why an attempt failed and when the next is due: soon at first, then ever later, never at the same moment.

    A checkpoint held back for want of cosignatures is no failure of the peer's; they may come at any time.
    """
    if isinstance(error, HeldBack):
        failures, next_attempt = 0, _next_poll()
    else:
        failures = 1 + (Following.objects.filter(origin=origin).values_list("failures", flat=True).first() or 0)
        next_attempt = _next_attempt(failures)
    code, message = describe(error)
    Following.objects.filter(origin=origin).update(
        failures=failures, next_attempt=next_attempt, error_code=code, error_message=to_text(message, MOST_WORDS)
    )


def describe(error: Exception) -> tuple[str, str]:
    """Return code and words of an error; of one that nobody foresaw only its kind, since its text may hold anything."""
    if isinstance(error, FederationError):
        return error.code, str(error)
    if isinstance(error, LedgerError | RegisterError):
        return "storage", str(error)
    return "unexpected", say("an unexpected {kind}; see the node's log", kind=type(error).__name__)


def _next_poll() -> datetime:
    return timezone.now() + timedelta(seconds=settings.ASSAY_POLL_SECONDS * random.uniform(0.75, 1.25))


def _next_attempt(failures: int) -> datetime:
    longest = min(SHORTEST_PAUSE * float(1 << min(failures, 12)), LONGEST_PAUSE)
    return timezone.now() + longest * random.uniform(0.5, 1)
