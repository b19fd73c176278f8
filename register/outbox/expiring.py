"""Accreditations that expire: told 90 and 30 days before, once for each end date.

Looked for every hour among what our own ledger holds now; that a notice exists already is known by its key, so that it
may be looked for as often as one likes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from django.conf import settings
from django.utils import timezone

from ledger.database import fetch_all
from register.moments import format_moment
from register.outbox.models import ACTIVE, Subscription
from register.outbox.notices import News, tell
from register.outbox.topics import EVERYTHING, EXPIRING, about_agency, about_country, about_issuer

DAYS: Final = (90, 30)
"""How long before its end an accreditation is told of, descending."""

_CHUNK: Final = 1_000
ENDING: Final[LiteralString] = """
    SELECT a.uid::text, a.issuer::text, a.agency::text, i.country, a.valid_until, a.recorded_from
    FROM register_accreditation a JOIN ledger_log l ON l.id = a.log_id AND l.origin = %(origin)s
    LEFT JOIN register_issuer i ON i.uid = a.issuer AND i.log_id = a.log_id AND i.recorded_until IS NULL
    WHERE a.recorded_until IS NULL AND a.quarantine IS NULL
        AND a.decision IN ('positive', 'positive_with_conditions')
        AND a.valid_until > %(after)s AND a.valid_until <= %(until)s
        AND (a.revoked_from IS NULL OR a.revoked_from > %(now)s)
        AND (%(issuer)s::uuid IS NULL OR a.issuer = %(issuer)s::uuid)
        AND (%(agency)s::uuid IS NULL OR a.agency = %(agency)s::uuid)
    ORDER BY a.valid_until DESC, a.uid
"""


def look() -> int:
    """Tell of everything that expires within the days of DAYS; return how many notices are new."""
    if not Subscription.objects.filter(state=ACTIVE, user=None).exists():
        return 0
    followed = set(Subscription.objects.filter(state=ACTIVE).values_list("topic", flat=True).distinct())
    found = [news for news in list_expiring(timezone.now()) if followed.intersection(news.topics)]
    return sum(len(tell(found[start : start + _CHUNK])) for start in range(0, len(found), _CHUNK))


def list_expiring(now: datetime, issuer: str | None = None, agency: str | None = None) -> list[News]:
    """Return what is to be told now of accreditations in force, each by the shortest of DAYS that it is within."""
    given = {"origin": settings.ASSAY_ORIGIN, "now": now, "issuer": issuer, "agency": agency}
    found: list[News] = []
    for days, shorter in zip(DAYS, [*DAYS[1:], 0], strict=True):
        span = {"after": now + timedelta(days=shorter), "until": now + timedelta(days=days)}
        found += [_describe(days, *row) for row in fetch_all(ENDING, {**given, **span})]
    return found


def _describe(days: int, uid: str, issuer: str, agency: str, country: str | None, end: datetime, index: Any) -> News:
    until = format_moment(end)
    topics = (EVERYTHING, about_issuer(issuer), about_agency(agency), *([about_country(country)] if country else []))
    return News(
        f"expiring:{uid}:{until}:{days}", EXPIRING, topics, end - timedelta(days=days), int(index), uid, issuer, agency,
        {"valid_until": until, "days": days},
    )  # fmt: skip
