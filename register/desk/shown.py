"""What was shown: a digest over it, so that nobody approves, or publishes, what they have not seen.

It covers what would be said, byte for byte, the draft's version, and as far as which entry the register knew of the
things it is about. Should any of that move, the draft is shown anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.conf import settings

from ledger.database import fetch_one
from ledger.tlog import canonical
from register.queries.selecting import is_uid

_NEWEST: Final = """
    WITH own AS MATERIALIZED (SELECT id FROM ledger_log WHERE origin = %(origin)s),
    found AS MATERIALIZED (
        SELECT h.log_id, h.index FROM register_happening h WHERE h.uid = ANY(%(ids)s::uuid[])
        UNION ALL SELECT h.log_id, h.index FROM register_happening h WHERE h.issuer = ANY(%(ids)s::uuid[])
    )
    SELECT coalesce(max(index), -1) FROM found WHERE log_id = (SELECT id FROM own) AND index < %(below)s
"""
_END: Final = 2**62


def newest_about(ids: Iterable[str], below: int | None = None) -> int:
    """Return the index of our newest entry about any of some things, or about an issuer among them; -1 for none."""
    wanted = sorted({text.lower() for text in ids if is_uid(text)})
    given = {"origin": settings.ASSAY_ORIGIN, "ids": wanted, "below": _END if below is None else below}
    row = fetch_one(_NEWEST, given)
    return int(row[0]) if row else -1


def digest_of(verb: str, subject: str, data: Mapping[str, Any], version: int, known: int) -> str:
    """Return the digest (SHA-256, hex) of what somebody is shown."""
    seen = {"verb": verb, "subject": subject, "data": dict(data), "version": version, "known": known}
    return hashlib.sha256(canonical.encode(seen)).hexdigest()
