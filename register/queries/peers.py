"""Peers and registers: whom our own ledger recognises, what each register says of itself."""

from __future__ import annotations

from typing import Final, LiteralString

from django.conf import settings

from ledger.database import fetch_all, fetch_one
from register.records import PeerRecord, RegisterRecord, load

_PEERS: Final[LiteralString] = """
    SELECT v.content::text FROM register_peer v JOIN ledger_log l ON l.id = v.log_id
    WHERE l.origin = %s AND v.recorded_until IS NULL ORDER BY v.origin, v.recognised
"""
_REGISTER: Final[LiteralString] = """
    SELECT v.content::text FROM register_register v JOIN ledger_log l ON l.id = v.log_id
    WHERE l.origin = %s AND v.recorded_until IS NULL
"""


def list_peers() -> list[PeerRecord]:
    """Return the peers of our own ledger as they are now, by origin, withdrawn ones among them."""
    return [load("peer", content) for (content,) in fetch_all(_PEERS, (settings.ASSAY_ORIGIN,))]


def find_register(origin: str) -> RegisterRecord | None:
    """Return what the register of an origin says of itself in its own ledger; None where we hold no such entry."""
    row = fetch_one(_REGISTER, (origin,))
    record: RegisterRecord | None = load("register", row[0]) if row else None
    return record
