"""The addresses that give peers: a list with cursors, one of them, its history."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from federation.api import verbs
from federation.api.resources import PEER, PEERS, describe_peers
from register.api.address import Address, answer_current
from register.api.answer_schemas import HISTORY
from register.api.known import PAGING, TIMES, choice, locate_next, read_times
from register.api.records import HISTORY_PARAMETERS, answer_history
from register.api.resources import STATES
from register.queries.selecting import known_only, read_page
from register.queries.single import find_record


class Peers(verbs.RecognisePeer):
    """All peers."""

    parameters = (choice("status", "How they stand at `at`.", STATES["peer"]), *TIMES, *PAGING)
    answers: ClassVar = {**verbs.RecognisePeer.answers, "GET": PEERS}

    def get(self, request: Request) -> HttpResponse:
        """List the nodes that this one recognises, withdrawn ones among them, with how it stands to each now."""
        given = self.query(request)
        times = read_times(given)
        conditions = known_only("v", times.cut)
        if "status" in given:
            conditions.add("v.withdrawn = %(withdrawn)s", withdrawn=given["status"] == "withdrawn")
        page = read_page("peer", conditions, given.get("after"), given.get("limit", 50))
        items = describe_peers(page.items, times.at)
        return answer_current(request, {"items": items, "next": locate_next(request, page.next)})


class Peer(Address):
    """One peer."""

    tag = "federation"
    parameters = TIMES
    answers: ClassVar = {"GET": PEER}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Give one peer: what our ledger says of it, and how we stand to it now."""
        times = read_times(self.query(request))
        return answer_current(request, describe_peers([find_record("peer", str(id), times.cut)], times.at)[0])


class PeerHistory(Address):
    """What our ledger said of one peer."""

    tag = "federation"
    parameters = HISTORY_PARAMETERS
    answers: ClassVar = {"GET": HISTORY}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """List the entries about a peer, newest first."""
        return answer_history(self, request, "peer", str(id))
