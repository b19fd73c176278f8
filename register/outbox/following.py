"""Following our own ledger: entry by entry from a cursor, so that nothing is missed and nothing is told twice.

Entries count once a checkpoint covers them: a notice says nothing that cannot be proven. One transaction holds the
cursor's step and all messages of the entries it passes; a crash before its commit leaves the step to be made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from django.conf import settings
from django.db import transaction

from ledger.database import fetch_all, fetch_one
from register.access.roles import OPERATOR
from register.outbox.models import ACTIVE, Cursor, Notice, Subscription
from register.outbox.notices import News, list_members, mail_to, tell
from register.outbox.topics import CODE_OF, EVERYTHING, about_agency, about_country, about_issuer, of_members

STEP: Final = 2_000
"""Entries that one transaction passes at most."""

_SIGNED: Final[LiteralString] = """
    SELECT least(max(k.size), c.size) FROM ledger_log l JOIN ledger_checkpoint k ON k.log_id = l.id
    JOIN register_cursor c ON c.log_id = l.id WHERE l.origin = %s GROUP BY c.size
"""
_ENTRIES: Final[LiteralString] = """
    SELECT h.index, h.type, h.time, h.uid::text, h.issuer::text, h.agency::text, coalesce(r.other, m.sealer)::text,
        i.country, o.country
    FROM ledger_log l JOIN register_happening h ON h.log_id = l.id
    LEFT JOIN register_relation r ON h.type = 'issuer.related' AND r.issuer = h.issuer AND r.log_id = l.id
        AND r.recorded_from = h.index
    LEFT JOIN register_mandate m ON h.type LIKE 'mandate.%%' AND m.uid = h.uid AND m.log_id = l.id
        AND m.recorded_from = h.index
    LEFT JOIN register_issuer i ON i.uid = h.issuer AND i.log_id = l.id AND i.recorded_until IS NULL
    LEFT JOIN register_issuer o ON o.uid = coalesce(r.other, m.sealer) AND o.log_id = l.id AND o.recorded_until IS NULL
    WHERE l.origin = %(origin)s AND h.index >= %(start)s AND h.index < %(end)s AND h.type = ANY(%(types)s)
        AND h.quarantine IS NULL
    ORDER BY h.index
"""


@dataclass(frozen=True, slots=True)
class Passed:
    """An entry as notices need it; `other` is the second issuer of a relation or mandate."""

    index: int
    type: str
    time: datetime
    uid: str
    issuer: str | None
    agency: str | None
    other: str | None
    country: str | None
    other_country: str | None


def begin() -> None:
    """Set the cursor to the end of the ledger as signed now, unless it stands somewhere: the past is not told."""
    Cursor.objects.get_or_create(origin=settings.ASSAY_ORIGIN, defaults={"size": _read_signed()})


def follow() -> bool:
    """Pass the next entries and address their notices; return whether there may be more.

    Whoever finds the cursor taken leaves it to the other one.
    """
    begin()
    with transaction.atomic():
        cursor = Cursor.objects.select_for_update(skip_locked=True).filter(origin=settings.ASSAY_ORIGIN).first()
        if cursor is None:
            return False
        signed = _read_signed()
        end = min(cursor.size + STEP, signed)
        if end <= cursor.size:
            return False
        _pass(cursor.size, end)
        Cursor.objects.filter(pk=cursor.pk).update(size=end)
    return end < signed


def _read_signed() -> int:
    row = fetch_one(_SIGNED, (settings.ASSAY_ORIGIN,))
    return int(row[0]) if row else 0


def _pass(start: int, end: int) -> None:
    given = {"origin": settings.ASSAY_ORIGIN, "start": start, "end": end, "types": list(CODE_OF)}
    followed = set(Subscription.objects.filter(state=ACTIVE).values_list("topic", flat=True).distinct())
    entries = [Passed(*row) for row in fetch_all(_ENTRIES, given)]
    made = tell([news for news in map(describe, entries) if news.code == "fork" or followed.intersection(news.topics)])
    _tell_operators([notice for notice in made if notice.code == "fork"])


def describe(entry: Passed) -> News:
    """Return what is told of an entry, and under which topics."""
    topics = [EVERYTHING, *(about_issuer(one) for one in (entry.issuer, entry.other) if one)]
    topics += [about_agency(entry.agency)] if entry.agency else []
    topics += [about_country(one) for one in (entry.country, entry.other_country) if one]
    if entry.type == "fork.reported":
        topics.append(of_members(OPERATOR, ""))
    return News(
        f"entry:{settings.ASSAY_ORIGIN}:{entry.index}",
        CODE_OF[entry.type],
        tuple(dict.fromkeys(topics)),
        entry.time,
        entry.index,
        entry.uid,
        entry.issuer,
        entry.agency,
    )


def _tell_operators(forks: Sequence[Notice]) -> None:
    operators = list_members(OPERATOR, "") if forks else []
    for notice in forks:
        mail_to(notice, operators)
