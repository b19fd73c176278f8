"""A peer as the pages show it and as their JSON twins tell it: facts of the board with words beside them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext

from federation.board import Board, Followed, Line
from federation.fingerprint import compute_fingerprint
from federation.models import Evidence, Following
from federation.views.graph import Spot
from federation.views.words import PeerStanding, Words, explain_error, judge_peer, spell_age, spell_aside
from ledger.logs import SignedCheckpointRow
from register.moments import format_instant
from register.site.words import spell_count


@dataclass(frozen=True, slots=True)
class ShownPeer:
    """A peer with its standing and what is said of it; `countersigners` are names, our own not among them."""

    followed: Followed
    standing: PeerStanding
    age: str
    aside: str
    trouble: Words
    received: str
    countersigners: tuple[str, ...]

    @property
    def row(self) -> Following:
        """Its row."""
        return self.followed.row

    @property
    def checkpoint(self) -> SignedCheckpointRow | None:
        """Its newest checkpoint that we verified."""
        return self.followed.copy.checkpoint

    @property
    def spot(self) -> Spot:
        """It in the graph."""
        signers = frozenset(str(line.peer) for line in self.followed.lines if line.peer)
        return Spot(str(self.row.peer), self.row.name, self.standing.state, self.standing.tag, signers)


def show_peers(board: Board, own: SignedCheckpointRow | None, now: datetime) -> list[ShownPeer]:
    """Return all peers as they are shown."""
    return [show_peer(followed, board, own, now) for followed in board.peers]


def show_peer(followed: Followed, board: Board, own: SignedCheckpointRow | None, now: datetime) -> ShownPeer:
    """Return one peer as it is shown."""
    head = followed.copy.checkpoint
    return ShownPeer(
        followed=followed,
        standing=judge_peer(followed, now),
        age=spell_age(now - head.second) if head else "",
        aside=spell_aside(followed.copy.quarantined),
        trouble=explain_error(followed.row.error_code),
        received=spell_received(followed, own),
        countersigners=tuple(board.name(line) for line in followed.lines),
    )


def spell_received(followed: Followed, own: SignedCheckpointRow | None) -> str:
    """Say how far a peer's witness has cosigned our own ledger."""
    asked = followed.asked
    if followed.received is not None:
        return gettext("our newest checkpoint")
    if asked is None or asked.cosigned_at is None:
        return gettext("nothing of ours yet")
    behind = max(0, own.size - asked.size) if own else 0
    if not behind:
        return gettext("all our entries, on an earlier checkpoint")
    told = ngettext(
        "our entries up to number %(size)s; %(behind)s newer one is missing",
        "our entries up to number %(size)s; %(behind)s newer ones are missing",
        behind,
    )
    return told % {"size": spell_count(asked.size), "behind": spell_count(behind)}


def tell_checkpoint(head: SignedCheckpointRow | None, now: datetime) -> dict[str, Any] | None:
    """Return a checkpoint for JSON; `time` is the second for which its own witness vouched."""
    if head is None:
        return None
    return {
        "size": head.size,
        "root": base64.b64encode(head.root).decode(),
        "time": format_instant(head.second),
        "age_seconds": max(0, int((now - head.second).total_seconds())),
        "note": bytes(head.note).decode(),
    }


def tell_peer(shown: ShownPeer, now: datetime) -> dict[str, Any]:
    """Return a peer for JSON: codes and numbers, no words but the names."""
    followed, row = shown.followed, shown.row
    given, asked = followed.given, followed.asked
    return {
        "id": str(row.peer),
        "url": f"/federation/peers/{row.peer}",
        "name": row.name,
        "origin": row.origin,
        "address": row.url,
        "territory": row.territory,
        "remit": row.remit,
        "max_age_seconds": row.max_age_seconds,
        "status": row.status,
        "state": shown.standing.state,
        "fresh": shown.standing.fresh,
        "freshness_limit_seconds": followed.limit_seconds,
        "size": followed.copy.size,
        "seen_size": row.seen_size,
        "lag": followed.lag,
        "checkpoint": tell_checkpoint(followed.copy.checkpoint, now),
        "countersigned_by": [tell_line(line) for line in followed.lines],
        "cosigned_by_us": None if given is None else {"size": given.size, "time": format_instant(given.time)},
        "cosigned_us": None
        if asked is None or asked.cosigned_at is None
        else _tell_asked(asked.size, asked.cosigned_at),
        "under_our_newest_checkpoint": followed.received is not None,
        "error": {"code": row.error_code, "failures": row.failures} if shown.trouble else None,
        "quarantined": followed.copy.quarantined,
        "forks": [tell_fork(fork) for fork in followed.forks],
        "mirror": followed.mirror,
        "vkeys": row.vkeys,
        "witness_vkeys": row.witness_vkeys,
        "fingerprints": [compute_fingerprint(vkey).hex for vkey in row.vkeys],
    }


def _tell_asked(size: int, cosigned_at: datetime) -> dict[str, Any]:
    return {"size": size, "time": format_instant(cosigned_at)}


def tell_line(line: Line) -> dict[str, Any]:
    """Return a witness's line for JSON."""
    time = None if line.time is None else format_instant(line.time)
    return {"name": line.name, "time": time, "peer": None if line.peer is None else str(line.peer)}


def tell_fork(fork: Evidence) -> dict[str, Any]:
    """Return a fork for JSON; the evidence itself is at `evidence`."""
    return {
        "id": str(fork.id),
        "origin": fork.origin,
        "kind": fork.kind,
        "found_at": format_instant(fork.found_at),
        "shown_by": fork.said_shown_by or None,
        "entry": fork.entry,
        "evidence": f"/federation/evidence/{fork.id}",
    }
