"""Mirrors: what this node holds of each peer's log, served like the log itself (C2SP tlog-tiles, tlog-mirror).

A log's address is the hex SHA-256 of its origin. What was copied stays served, whatever became of the peer: answers
rest on it, and a node lost for good is rebuilt from here.
"""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpRequest, HttpResponse

from federation.witness import hash_origin
from ledger import views
from ledger.errors import NotCovered, UnknownLog
from ledger.reader import first_checkpoint_covering, list_logs, read_receipts
from ledger.tlog.lines import decode_decimal


@views.public_bytes
def checkpoint(request: HttpRequest, log: str) -> HttpResponse:
    """The newest checkpoint of a peer whose entries we hold, with the cosignatures we know."""
    return views.checkpoint(request, origin=find_origin(log))


@views.public_bytes
def tile(request: HttpRequest, log: str, path: str) -> HttpResponse:
    """A tile or entry bundle of a peer."""
    return views.tile(request, path, origin=find_origin(log))


@views.public_bytes
def receipt(request: HttpRequest, log: str, index: str) -> HttpResponse:
    """The receipt of a peer's entry."""
    return views.receipt(request, index, origin=find_origin(log))


@views.public_bytes
def first_receipt(request: HttpRequest, log: str, index: str) -> HttpResponse:
    """The receipt of a peer's entry under the oldest checkpoint held that covers it.

    It shows a change of keys under the key before, to whoever knows no later one.
    """
    origin = find_origin(log)
    try:
        number = decode_decimal(index)
    except ValueError as error:
        raise NotCovered(f"receipts are numbered from 0: {error}") from error
    text = read_receipts(origin, [number], first_checkpoint_covering(origin, number + 1))[number]
    return HttpResponse(text, content_type=views.TEXT, headers={"Cache-Control": views.FRESH})


def find_origin(log: str) -> str:
    """Return the origin of a peer's log by its hash; raises `UnknownLog` for one that is not copied here."""
    try:
        return _find_origin(log)
    except KeyError:
        raise UnknownLog(
            "expected the SHA-256 (hex) of the origin of a peer's log copied here; see /federation"
        ) from None


@lru_cache(maxsize=4096)
def _find_origin(log: str) -> str:
    """Look through the logs; what was found once stays, a log is never removed. Raising, a miss is not remembered."""
    return {hash_origin(row.origin): row.origin for row in list_logs() if not row.own}[log]
