"""What the board lists beside its gauges: entries of peers that were set aside, files handed in at the desks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from federation.board import COUNTED
from ledger.database import fetch_all
from register.sentences import from_text
from register.uploads.models import Upload

PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class Aside:
    """An entry that was set aside: whose, where, of which type, why (code) and what was wrong with it."""

    peer: str
    name: str
    origin: str
    index: int
    type: str
    time: datetime | None
    reason: str
    message: str

    @property
    def said(self) -> str:
        """What was wrong, as a sentence that can be told in any language; of older rows as it was written."""
        return from_text(self.message)


@dataclass(frozen=True, slots=True)
class PeerAside:
    """A peer of whom entries were set aside, and how many (no more than COUNTED are counted)."""

    peer: str
    name: str
    count: int


_PEERS: Final[LiteralString] = """
    SELECT f.peer::text, f.name, (
        SELECT count(*) FROM (
            SELECT FROM register_happening h WHERE h.log_id = l.id AND h.quarantine IS NOT NULL LIMIT %(counted)s
        ) aside)
    FROM federation_following f JOIN ledger_log l ON l.origin = f.origin ORDER BY f.name, f.peer
"""
_NEWEST: Final[LiteralString] = """
    SELECT f.peer::text, f.name, f.origin, h.index, coalesce(h.type, ''), h.time, h.quarantine, coalesce(h.message, '')
    FROM federation_following f JOIN ledger_log l ON l.origin = f.origin
    JOIN LATERAL (
        SELECT index, type, time, quarantine, message FROM register_happening
        WHERE log_id = l.id AND quarantine IS NOT NULL ORDER BY index DESC LIMIT %(limit)s
    ) h ON true
    ORDER BY h.time DESC NULLS LAST, f.name, h.index DESC LIMIT %(limit)s
"""


def count_aside() -> list[PeerAside]:
    """Return all peers with how many of their entries were set aside; those without any are left out."""
    rows = fetch_all(_PEERS, {"counted": COUNTED})
    return [PeerAside(*row) for row in rows if row[2]]


def list_newest_aside() -> list[Aside]:
    """Return the newest entries of all peers that were set aside; each peer's page has the rest."""
    return [Aside(*row) for row in fetch_all(_NEWEST, {"limit": PAGE})]


def list_uploads(state: str, skip: int) -> Sequence[Upload]:
    """Return a page of files handed in at any desk, the newest first, and one more when there are more."""
    found = Upload.objects.select_related("author").order_by("-created", "id")
    if state:
        found = found.filter(state=state)
    return list(found[skip : skip + PAGE + 1])
