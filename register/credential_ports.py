"""The node's own ports for verifying credentials: its registers, and the web as it lets itself see it.

A node asks nobody about an issuer: it holds its own ledger and its peers'. What leaves it are requests for the status
lists and key documents that a credential names, see register/outgoing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from http.client import OK
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from register import answers
from register.credentials.errors import Unreachable
from register.credentials.format import format_reports
from register.credentials.ledger_keys import list_ledger_keys
from register.credentials.outside import Outside
from register.credentials.ports import MOST_BYTES, LedgerKeys, Withdrawals
from register.credentials.proofs.trust_anchors import TrustAnchors, read_anchors
from register.credentials.verification import verify
from register.moments import format_instant
from register.outgoing.addresses import Reach
from register.outgoing.fetching import Fetcher
from register.queries.credentials import find_withdrawals
from register.queries.hearing import find_all_placed, hear_peers
from register.queries.peers import find_register, list_peers
from register.sentences import say
from register.trust import parse_question

_ID_LENGTH: Final = 36


def verify_here(
    data: bytes, now: datetime, *, receipt: bytes | None = None, at: datetime | None = None
) -> dict[str, Any]:
    """Return the report on what was handed in, as the JSON of the interface; nothing of it is kept.

    Parameters as in `verification.verify`. Raises NotACredential, and the database's errors.
    """
    web = open_web()
    outside = Outside(NodeRegisters(now), web, read_authorities())
    return format_reports(verify(data, outside, web, now=now, receipt=receipt, at=at))


@cache
def read_authorities() -> TrustAnchors:
    """Return the authorities whose certificates and timestamps this node believes, as its settings name them.

    Raises OSError, and NotGenuine for a file without certificates; `register.checks` says so at the start.
    """
    sealing, timestamping = settings.ASSAY_SEAL_AUTHORITIES, settings.ASSAY_TIME_AUTHORITIES
    return TrustAnchors(
        *(read_anchors(Path(one).read_bytes()) if one else frozenset() for one in (sealing, timestamping))
    )


class NodeRegisters:
    """Our own register and those of recognised peers, as questions from strangers are answered; a `Registers`."""

    sent: tuple[str, ...] = ()
    unconfirmed_key: str | None = None

    def __init__(self, now: datetime) -> None:
        self._now = now

    def decide(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        """Answer a trust question from the ledgers held here, with evidence; raises NotUnderstood."""
        return answers.answer(parse_question(params, self._now), self._now)

    def decide_by_keys(self, params: Mapping[str, str], keys: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Answer a trust question under several spellings of a key, with one query; raises NotUnderstood."""
        asked = [parse_question({**params, "key": key}, self._now) for key in keys]
        return answers.answer_many(asked, self._now)

    def find_ledger(self, origin: str) -> LedgerKeys | None:
        """Return the keys of our own ledger or of a recognised peer's, and of all witnesses."""
        own = find_register(settings.ASSAY_ORIGIN)
        if own is None:
            return None
        peers = list_peers()
        told = {peer.origin: register for peer in peers if (register := find_register(peer.origin)) is not None}
        return list_ledger_keys(own, settings.ASSAY_ORIGIN, peers, told).get(origin)

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


class NodeWeb:
    """The web as the node reads it for a check; a `Fetch`.

    What the node publishes itself it answers itself: a request to its own address would take another of its threads.
    A peer that has no TLS (a cluster on one machine) is read at the address by which it is known.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def __call__(self, url: str, *, limit: int = MOST_BYTES, types: Sequence[str] = ()) -> bytes:
        """Return the body of a 200 answer; raises Unreachable."""
        host = urlsplit(url).netloc
        if host == urlsplit(settings.ASSAY_BASE_URL).netloc:
            return _answer_ourselves(url)
        plain = {urlsplit(peer.address).netloc for peer in list_peers() if peer.address.startswith("http://")}
        there = url.replace("https://", "http://", 1) if host in plain else url
        return self._fetcher(there, limit=limit, types=types)


def _answer_ourselves(url: str) -> bytes:
    """Return what this node publishes at one of its addresses for verifiers: a status list or its DID document."""
    path = urlsplit(url).path
    if path != "/.well-known/did.json" and not path.startswith("/status/"):
        raise Unreachable("unexpected_answer", say("this node publishes no list or key at {path}", path=path[:100]))
    try:
        match = resolve(path)
    except Resolver404:
        raise Unreachable("unexpected_answer", say("this node publishes nothing at {path}", path=path[:100])) from None
    request = HttpRequest()
    request.method, request.path = "GET", path
    request.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "REQUEST_METHOD": "GET"}
    answer = match.func(request, *match.args, **match.kwargs)
    if answer.status_code != OK:
        raise Unreachable(
            "unexpected_answer",
            say("this node answers {status} at {path}", status=answer.status_code, path=path[:100]),
        )
    content: bytes = answer.content
    return content


@cache
def open_web() -> NodeWeb:
    """Return this process's way to status lists and key documents, which are remembered for minutes."""
    return NodeWeb(Fetcher(Reach(tuple(settings.ASSAY_FETCH_NETWORKS), "ASSAY_FETCH_NETWORKS")))
