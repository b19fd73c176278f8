"""`/federation`, one peer, what was set aside of it, and evidence of forks; JSON twins at the same addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from federation.board import Board, list_aside, list_checkpoints, list_said, read_board
from federation.fingerprint import compute_fingerprint
from federation.models import Evidence
from federation.peers import WITHDRAWN
from federation.views.graph import draw_branches, draw_ring
from federation.views.operators import is_operator
from federation.views.shown import ShownPeer, show_peer, show_peers, tell_checkpoint, tell_fork, tell_line, tell_peer
from federation.views.terms import hold_against, read_terms
from federation.views.verbs import list_verbs
from federation.views.words import Words, explain_aside, name_type, spell_limit, spell_remit, sum_up
from ledger.logs import SignedCheckpointRow
from register.api.address import answer_json
from register.errors import NotFound
from register.moments import format_instant
from register.queries.lists import EventRow
from register.records import RegisterRecord
from register.site.asked import BEFORE
from register.site.entries import read_entries
from register.site.links import with_query
from register.site.page import Context, page
from register.site.reading import newest_checkpoint, read_register

_ASIDE: Final = 25
_FEW: Final = 5
_CHECKPOINTS: Final = 10
_SAID: Final = 20
_ALL: Final = 10**15


@dataclass(frozen=True, slots=True)
class View:
    """What every page here begins with: the register, its newest checkpoint, the board, the moment."""

    node: RegisterRecord | None
    own: SignedCheckpointRow | None
    board: Board
    now: datetime

    def find(self, peer: UUID) -> ShownPeer:
        """Return a peer as it is shown; raises NotFound."""
        followed = self.board.find(peer)
        if followed is None:
            raise NotFound("peer_unknown", "", gettext("This node follows no peer with this id."))
        return show_peer(followed, self.board, self.own, self.now)


def read_view() -> View:
    """Read what every page here begins with."""
    node, own = read_register(), newest_checkpoint()
    witnesses = [key.vkey for key in node.keys if key.use == "witness"] if node else []
    return View(node, own, read_board(own, witnesses), timezone.now())


def _answer_board(request: HttpRequest, query: Mapping[str, Any]) -> HttpResponse:
    view = read_view()
    peers = show_peers(view.board, view.own, view.now)
    return answer_json(
        {
            "origin": settings.ASSAY_ORIGIN,
            "name": view.node.name if view.node else None,
            "territory": view.node.territory if view.node else [],
            "checkpoint": tell_checkpoint(view.own, view.now),
            "cosigned_by": [tell_line(line) for line in view.board.lines],
            "policy": read_terms().tell(),
            "forks": [tell_fork(fork) for fork in view.board.forks],
            "items": [tell_peer(shown, view.now) for shown in peers],
            "next": None,
        }
    )


@page("federation/board.html", "federation", twin=_answer_board)
def show_board(request: HttpRequest, query: Mapping[str, Any]) -> Context:
    """Show all peers, how each stands, who cosigned whom, forks, and this node's own terms."""
    view = read_view()
    peers = show_peers(view.board, view.own, view.now)
    own_name = view.node.name if view.node else settings.ASSAY_NODE_NAME
    spots = [shown.spot for shown in peers]
    operator = is_operator(request)
    own_fork = any(fork.origin == settings.ASSAY_ORIGIN for fork in view.board.forks)
    return {
        "node": view.node,
        "checkpoint": view.own,
        "headline": sum_up([shown.standing for shown in peers], own_fork),
        "peers": peers,
        "drawings": [draw_ring(own_name, spots), draw_branches(own_name, spots)] if peers else [],
        "cosigners": [(view.board.name(line), line) for line in view.board.lines],
        "fingerprint": compute_fingerprint(view.node.vkey) if view.node else None,
        "forks": view.board.forks,
        "alerts": view.board.alerts if operator else (),
        "operator": operator,
        "terms": read_terms(),
        "limit": spell_limit(settings.ASSAY_FRESHNESS_SECONDS),
    }


def _answer_peer(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> HttpResponse:
    view = read_view()
    return answer_json(tell_peer(view.find(id), view.now))


@page("federation/peer.html", "federation", twin=_answer_peer)
def show_one(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> Context:
    """Show one peer: keys, remit, our copy of its log, what our ledger says of it, what was set aside."""
    view = read_view()
    shown = view.find(id)
    operator, origin = is_operator(request), shown.row.origin
    aside, said = list_aside(origin, _ALL, _FEW + 1), read_entries(list_said(origin, _SAID + 1), view.own)
    return {
        "node": view.node,
        "checkpoint": view.own,
        "shown": shown,
        "operator": operator,
        "actions": list_verbs(shown.row.status) if operator else [],
        "may_change_key": operator and shown.row.status != WITHDRAWN,
        "cosigned": hold_against(shown.followed.peer, shown.checkpoint),
        "remit": spell_remit(shown.row.remit),
        "limit": spell_limit(shown.followed.limit_seconds),
        "keys": [(vkey, compute_fingerprint(vkey)) for vkey in shown.row.vkeys],
        "held": list_checkpoints(origin, _CHECKPOINTS),
        "aside": [_show_aside(row) for row in aside[:_FEW]],
        "more_aside": len(aside) > _FEW,
        "said": said[:_FEW],
        "said_before": said[_FEW:_SAID],
        "more_said": len(said) > _SAID,
        "forks": shown.followed.forks,
        "alerts": shown.followed.alerts if operator else (),
    }


def _answer_aside(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> HttpResponse:
    shown = read_view().find(id)
    rows, following = _read_aside(shown, query)
    address = following and f"{settings.ASSAY_BASE_URL}{following}"
    return answer_json({"origin": shown.row.origin, "items": [_tell_aside(row) for row in rows], "next": address})


def _show_aside(row: EventRow) -> tuple[EventRow, Words, Words]:
    return row, explain_aside(row.quarantine or ""), name_type(row.type or "")


def _tell_aside(row: EventRow) -> dict[str, Any]:
    return {
        "index": row.index,
        "type": row.type or None,
        "subject": row.subject or None,
        "time": None if row.time is None else format_instant(row.time),
        "reason": row.quarantine,
        "message": row.said if row.message is not None else None,
    }


def _read_aside(shown: ShownPeer, query: Mapping[str, Any]) -> tuple[list[EventRow], str | None]:
    rows = list_aside(shown.row.origin, query.get("before", _ALL), _ASIDE + 1)
    path = f"/federation/peers/{shown.row.peer}/quarantine"
    following = with_query(path, before=rows[_ASIDE - 1].index) if len(rows) > _ASIDE else None
    return rows[:_ASIDE], following


@page("federation/quarantine.html", "federation", (BEFORE,), twin=_answer_aside)
def show_aside(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> Context:
    """Show the entries of a peer that were set aside, each with the reason, the newest first."""
    view = read_view()
    shown = view.find(id)
    rows, following = _read_aside(shown, query)
    return {
        "node": view.node,
        "checkpoint": view.own,
        "shown": shown,
        "aside": [_show_aside(row) for row in rows],
        "next": following,
        "newest": f"/federation/peers/{id}/quarantine" if "before" in query else None,
    }


def _give_evidence(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> HttpResponse:
    found = Evidence.objects.filter(id=id).first()
    if found is None:
        raise NotFound("evidence_unknown", "", gettext("No evidence with this id is kept here."))
    name = f'attachment; filename="fork-{found.id}.txt"'
    headers = {"Content-Disposition": name, "Cache-Control": "public, max-age=31536000, immutable"}
    return HttpResponse(bytes(found.proof), content_type="text/plain; charset=utf-8", headers=headers)


@page("federation/board.html", "federation", twin=_give_evidence)
def download_evidence(request: HttpRequest, query: Mapping[str, Any], id: UUID) -> HttpResponse:
    """Give the file that proves a fork to anybody: `assay audit --evidence FILE` reads it."""
    return _give_evidence(request, query, id)
