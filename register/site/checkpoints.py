"""Checkpoints over time: each tree that was signed, from when to when, and who countersigned it.

A tree is signed anew while nothing is added, and again when a witness's line comes, so one size has many rows; here it
is one stage. Names of witnesses are those on their lines, which were verified before they were kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString

from django.conf import settings

from ledger.database import fetch_all

PAGE: Final = 25
_MOST_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class Cosigner:
    """Another witness's name and when it countersigned a tree first and last."""

    name: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """One tree: its size, how many entries it added, root and newest note, signed first, last and how often."""

    size: int
    added: int
    root: bytes
    note: bytes
    first: datetime
    last: datetime
    signed: int
    cosigners: tuple[Cosigner, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """The ledger at the end of an interval: its size, and how many witnesses countersigned in it."""

    time: datetime
    size: int
    cosigners: int


_STAGES: Final[LiteralString] = """
    SELECT s.size, s.size - coalesce((
            SELECT max(p.size) FROM ledger_checkpoint p WHERE p.log_id = l.id AND p.size < s.size), 0),
        c.root, c.note, s.first, s.last, s.signed
    FROM ledger_log l JOIN LATERAL (
        SELECT size, min(time) AS first, max(time) AS last, count(DISTINCT date_trunc('second', time)) AS signed
        FROM ledger_checkpoint WHERE log_id = l.id AND size < %(below)s GROUP BY size ORDER BY size DESC LIMIT %(limit)s
    ) s ON true JOIN LATERAL (
        SELECT root, note FROM ledger_checkpoint WHERE log_id = l.id AND size = s.size ORDER BY time DESC LIMIT 1
    ) c ON true
    WHERE l.origin = %(origin)s ORDER BY s.size DESC
"""
_COSIGNERS: Final[LiteralString] = """
    SELECT c.size, c.key_name, min(c.time), max(c.time) FROM ledger_cosignature c JOIN ledger_log l ON l.id = c.log_id
    WHERE l.origin = %(origin)s AND c.size = ANY(%(sizes)s) GROUP BY c.size, c.key_name ORDER BY c.size, min(c.time)
"""


def list_stages(below: int, limit: int) -> list[Stage]:
    """Return the newest trees of our log that are smaller than `below`, with who countersigned each; two queries."""
    rows = fetch_all(_STAGES, {"origin": settings.ASSAY_ORIGIN, "below": below, "limit": limit})
    cosigners = _list_cosigners([row[0] for row in rows])
    return [
        Stage(size, added, root, note, _second(first), _second(last), signed, tuple(cosigners.get(size, ())))
        for size, added, root, note, first, last, signed in rows
    ]


def _list_cosigners(sizes: Sequence[int]) -> dict[int, list[Cosigner]]:
    found: dict[int, list[Cosigner]] = {}
    for size, name, first, last in fetch_all(_COSIGNERS, {"origin": settings.ASSAY_ORIGIN, "sizes": list(sizes)}):
        found.setdefault(size, []).append(Cosigner(name, first, last))
    return found


def _second(time: datetime) -> datetime:
    """Leave out microseconds, which count lines (see ledger.cosigning) and are no part of the time."""
    return time.replace(microsecond=0)


_STEPS: Final[LiteralString] = """
    WITH our AS (SELECT id FROM ledger_log WHERE origin = %(origin)s), grown AS (
        SELECT date_bin(%(step)s, c.time, %(begin)s) AS bin, max(c.size) AS size FROM ledger_checkpoint c, our
        WHERE c.log_id = our.id AND c.time >= %(begin)s GROUP BY 1
    ), cosigned AS (
        SELECT date_bin(%(step)s, c.time, %(begin)s) AS bin, count(DISTINCT c.key_name) AS names
        FROM ledger_cosignature c, our WHERE c.log_id = our.id AND c.time >= %(begin)s GROUP BY 1
    )
    SELECT bin, grown.size, coalesce(cosigned.names, 0) FROM grown LEFT JOIN cosigned USING (bin) ORDER BY bin
"""
_FIRST: Final[LiteralString] = """
    SELECT min(c.time) FROM ledger_checkpoint c JOIN ledger_log l ON l.id = c.log_id
    WHERE l.origin = %s AND c.size = (SELECT min(size) FROM ledger_checkpoint WHERE log_id = l.id)
"""


def list_steps(now: datetime) -> tuple[timedelta, list[Step]]:
    """Return how the ledger grew, at most 365 days back, and the interval of the steps: a day, an hour or a minute."""
    first = fetch_all(_FIRST, (settings.ASSAY_ORIGIN,))[0][0]
    if first is None:
        return timedelta(days=1), []
    begin = max(_second(first), now - timedelta(days=_MOST_DAYS))
    step = _choose_step(now - begin)
    floor = begin.replace(second=0, minute=0 if step > timedelta(minutes=1) else begin.minute)
    floor = floor.replace(hour=0) if step == timedelta(days=1) else floor
    rows = fetch_all(_STEPS, {"origin": settings.ASSAY_ORIGIN, "step": step, "begin": floor})
    return step, [Step(*row) for row in rows]


def _choose_step(span: timedelta) -> timedelta:
    if span > timedelta(days=4):
        return timedelta(days=1)
    return timedelta(hours=1) if span > timedelta(hours=3) else timedelta(minutes=1)
