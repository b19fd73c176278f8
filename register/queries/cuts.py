"""Cuts: as far as which entry of a ledger an answer may look.

A cut at size S knows the entries 0 to S - 1, hence the versions with `recorded_from < S` and `recorded_until` absent
or `>= S`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings

from ledger.database import fetch_one
from ledger.errors import UnknownLog
from register.errors import NotUnderstood
from register.moments import parse_end_of_moment
from register.sentences import say
from register.trust import TreeSize

_TREE_SIZE: Final = re.compile(r"(\S+)@(\d{1,15})", re.ASCII)

_NEWEST: Final = """
    SELECT l.id, coalesce(c.size, 0), EXISTS (SELECT FROM ledger_log o WHERE NOT o.own)
    FROM ledger_log l LEFT JOIN register_cursor c ON c.log_id = l.id
    WHERE l.origin = %s
"""
_FIRST_LATER: Final = """
    SELECT index FROM register_happening WHERE log_id = %s AND time > %s ORDER BY time, index LIMIT 1
"""


class Speaker(NamedTuple):
    """Another register that we hear: its name, its address, and the countries for which we let it speak."""

    name: str
    url: str
    countries: tuple[str, ...]


class Cut(NamedTuple):
    """The first `size` entries of one log; `newest` when they are all that the read model holds.

    `company`: other registers' logs are kept here, too. `speaker` is who speaks in a peer's log. `peers` are the cuts
    of further logs that lists look into as well (register.queries.hearing); everything else reads the one log.
    `known_at` is how the cut was asked for, where other logs are to be cut alike.
    """

    log_id: int
    origin: str
    size: int
    newest: bool = True
    company: bool = False
    speaker: Speaker | None = None
    peers: tuple[Cut, ...] = ()
    known_at: datetime | TreeSize | None = None

    @property
    def all(self) -> tuple[Cut, ...]:
        """The cut of each log that is looked into, this one first."""
        return (self._replace(peers=()), *self.peers)

    def origin_of(self, log_id: int) -> str:
        """Return the origin of one of the logs looked into."""
        return next(one.origin for one in self.all if one.log_id == log_id)

    def known(self, alias: str) -> tuple[str, dict[str, Any]]:
        """Return the SQL condition under which a version `alias` is known, with its parameters."""
        if self.peers:
            return self._known_in_all(alias)
        if self.newest:
            return f"{alias}.log_id = %(log)s AND {alias}.recorded_until IS NULL", {"log": self.log_id}
        return (
            f"{alias}.log_id = %(log)s AND {alias}.recorded_from < %(size)s "
            f"AND ({alias}.recorded_until IS NULL OR {alias}.recorded_until >= %(size)s)",
            {"log": self.log_id, "size": self.size},
        )

    def _known_in_all(self, alias: str) -> tuple[str, dict[str, Any]]:
        logs: dict[str, Any] = {"logs": [one.log_id for one in self.all]}
        if all(one.newest for one in self.all):
            return f"{alias}.log_id = ANY(%(logs)s::smallint[]) AND {alias}.recorded_until IS NULL", logs
        return (
            f"{alias}.log_id = ANY(%(logs)s::smallint[]) AND EXISTS ("
            f"SELECT FROM unnest(%(logs)s::smallint[], %(sizes)s::bigint[]) AS k(log_id, size) "
            f"WHERE k.log_id = {alias}.log_id AND {alias}.recorded_from < k.size "
            f"AND ({alias}.recorded_until IS NULL OR {alias}.recorded_until >= k.size))",
            {**logs, "sizes": [one.size for one in self.all]},
        )


def read_known_at(text: str) -> datetime | TreeSize:
    """Read a transaction time: an instant (a bare date is its last one, UTC) or `origin@tree_size`.

    Raises NotUnderstood (field `known_at`).
    """
    match = _TREE_SIZE.fullmatch(text.strip())
    if match:
        return TreeSize(match[1], int(match[2]))
    try:
        return parse_end_of_moment(text.strip())
    except (ValueError, OverflowError) as error:
        raise NotUnderstood(
            "invalid", "known_at", say("known_at: {fault}, or a ledger's origin@tree_size", fault=str(error))
        ) from None


def resolve_cut(known_at: datetime | TreeSize | None = None, origin: str | None = None) -> Cut:
    """Return where a log (by default our own) is cut: before its first entry later than the instant, or at the size.

    Raises NotUnderstood (field `known_at`) for the size of another log or one beyond what is held, and
    ledger.errors.UnknownLog.
    """
    log = origin or settings.ASSAY_ORIGIN
    row = fetch_one(_NEWEST, (log,))
    if row is None:
        raise UnknownLog(f"expected the origin of a log kept here, got {log}")
    log_id, held, company = row
    if known_at is None:
        return Cut(log_id, log, held, company=company)
    size = _check_size(known_at, log, held) if isinstance(known_at, TreeSize) else _size_at(known_at, log_id, held)
    return Cut(log_id, log, size, size == held, company)


def _check_size(named: TreeSize, origin: str, held: int) -> int:
    if named.origin != origin:
        raise NotUnderstood(
            "invalid",
            "known_at",
            say("known_at: expected a size of {origin}, got one of {other}", origin=origin, other=named.origin),
        )
    if named.size > held:
        raise NotUnderstood(
            "invalid",
            "known_at",
            say("known_at: {origin} has {held} entries, fewer than {size}", origin=origin, held=held, size=named.size),
        )
    return named.size


def _size_at(instant: datetime, log_id: int, held: int) -> int:
    later = fetch_one(_FIRST_LATER, (log_id, instant))
    return held if later is None else min(held, later[0])
