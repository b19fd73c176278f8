"""The node's own ports for verifying credentials: its registers, and the web as it lets itself see it.

A node asks nobody about an issuer: it holds its own ledger and its peers'. What leaves it are requests for the status
lists and key documents that a credential names, see register/outgoing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.conf import settings

from register import answers
from register.credentials.format import format_reports
from register.credentials.ledger_keys import list_ledger_keys
from register.credentials.ports import LedgerKeys, Withdrawals
from register.credentials.verification import verify
from register.moments import format_instant
from register.outgoing.addresses import Reach
from register.outgoing.fetching import Fetcher
from register.queries.credentials import find_withdrawals
from register.queries.hearing import find_all_placed, hear_peers
from register.queries.peers import find_register, list_peers
from register.trust import parse_question

_ID_LENGTH: Final = 36


def verify_here(
    data: bytes, now: datetime, *, receipt: bytes | None = None, at: datetime | None = None
) -> dict[str, Any]:
    """Return the report on what was handed in, as the JSON of the interface; nothing of it is kept.

    Parameters as in `verification.verify`. Raises NotACredential, and the database's errors.
    """
    return format_reports(verify(data, NodeRegisters(now), open_web(), now=now, receipt=receipt, at=at))


class NodeRegisters:
    """Our own register and those of recognised peers, as questions from strangers are answered; a `Registers`."""

    sent: tuple[str, ...] = ()

    def __init__(self, now: datetime) -> None:
        self._now = now

    def decide(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        """Answer a trust question from the ledgers held here, with evidence; raises NotUnderstood."""
        return answers.answer(parse_question(params, self._now), self._now)

    def find_ledger(self, origin: str) -> LedgerKeys | None:
        """Return the keys of our own ledger or of a recognised peer's, and of all witnesses."""
        own = find_register(settings.ASSAY_ORIGIN)
        return None if own is None else list_ledger_keys(own, settings.ASSAY_ORIGIN, list_peers()).get(origin)

    def find_withdrawals(self, issuer: str) -> Withdrawals:
        """Return what is held of an issuer's batches and withdrawals, in our register or the peer's that has it."""
        placed = find_all_placed("issuer", issuer.rstrip("/")[-_ID_LENGTH:], hear_peers(), issuer)
        if not placed:
            return Withdrawals()
        cut = placed[0].cut
        fresh = cut.speaker is None or not self._is_stale(cut.origin, placed[0].record.url)
        return find_withdrawals(placed[0].record.id, cut, fresh=fresh)

    def _is_stale(self, origin: str, issuer: str) -> bool:
        asked = {"issuer": issuer, "at": format_instant(self._now)}
        return bool(self.decide(asked)["fresh"].get(origin, {}).get("stale", True))


@cache
def open_web() -> Fetcher:
    """Return this process's way to status lists and key documents, which are remembered for minutes."""
    return Fetcher(Reach(tuple(settings.ASSAY_FETCH_NETWORKS), "ASSAY_FETCH_NETWORKS"))
