"""Effects of what is said of an agency: about which institutions answers may change.

A recognition stands behind every accreditation of the agency, so all its institutions may be concerned. They are
counted; answers are compared for some of them, those that are entitled at present first (register.desk.effects).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.database import fetch_all, fetch_one

COMPARED: Final = 10
"""Institutions whose answers are compared: a page must not take long."""

_BEARING: Final = frozenset({"scope", "valid_from", "valid_until", "corrects"})
"""What of an amendment bears on answers."""

_HELD: Final = """
    FROM register_accreditation v WHERE v.agency = %(agency)s::uuid AND v.recorded_until IS NULL
    AND v.quarantine IS NULL AND v.log_id = (SELECT id FROM ledger_log WHERE own)
"""
_IN_FORCE: Final = """(v.revoked_from IS NULL OR v.revoked_from > now()) AND coalesce(v.valid_from <= now(), true)
    AND coalesce(v.valid_until > now(), true)"""
_COUNTED: Final = f"SELECT count(DISTINCT v.issuer), count(DISTINCT v.issuer) FILTER (WHERE {_IN_FORCE}) {_HELD}"
_CHOSEN: Final = f"""
    SELECT issuer::text FROM (SELECT v.issuer, bool_or({_IN_FORCE}) AS held {_HELD} GROUP BY v.issuer) found
    ORDER BY held DESC, issuer LIMIT {COMPARED}
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """How many institutions an agency has accredited, how many of them hold an accreditation of it in force today."""

    issuers: int
    in_force: int

    @property
    def compared(self) -> int:
        """Of how many of them answers are compared."""
        return min(self.issuers, COMPARED)


def bears(verb: str, said: Mapping[str, Any]) -> bool:
    """Tell whether something said of an agency on record may change answers."""
    return verb == "withdraw_agency" or (verb == "amend_agency" and not _BEARING.isdisjoint(said))


def count_reach(agency: str) -> Reach:
    """Return how far what is said of an agency reaches; one query."""
    row = fetch_one(_COUNTED, {"agency": agency})
    return Reach(*row) if row else Reach(0, 0)


def choose_issuers(agency: str) -> list[str]:
    """Return the institutions of an agency whose answers are compared; one query."""
    return [issuer for (issuer,) in fetch_all(_CHOSEN, {"agency": agency})]
