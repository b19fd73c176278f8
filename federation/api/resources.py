"""Peers as the API gives them: the record of our ledger, and under `following` how we stand to them at the moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from federation.board import Followed, read_board
from federation.views.words import explain_error, judge_peer
from ledger.logs import SignedCheckpointRow, latest_checkpoint
from register.api.answer_schemas import page_of
from register.api.description import Named
from register.api.reading import describe_one
from register.api.resources import RESOURCES, WRITTEN, describe
from register.moments import format_instant
from register.queries.peers import find_register
from register.records import PeerRecord
from register.site.language import speak

_TEXT: Final = {"type": "string"}
_MOMENT: Final = {"type": ["string", "null"], "format": "date-time"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_FOLLOWING: Final = {
    "status": {"type": "string", "enum": ["following", "paused", "frozen", "withdrawn"]},
    "status_reason": {**_TEXT, "description": "Why it stands so, in words; empty when there is nothing to say."},
    "fresh": {"type": "boolean", "description": "Whether its word counts as fresh."},
    "stale_after_seconds": _COUNT,
    "size": {**_COUNT, "description": "Entries of its ledger that were verified and are held here."},
    "lag": {**_COUNT, "description": "Entries it has signed, as far as we heard, that are not held here yet."},
    "signed_at": {**_MOMENT, "description": "What its own witness last vouched for, in what we hold."},
    "age_seconds": {"type": ["integer", "null"]},
    "heard_at": _MOMENT,
    "succeeded_at": _MOMENT,
    "next_attempt": _MOMENT,
    "failures": {**_COUNT, "description": "Failed attempts in a row."},
    "error": {
        "anyOf": [
            {"type": "object", "required": ["code", "text"], "properties": {"code": _TEXT, "text": _TEXT}},
            {"type": "null"},
        ]
    },
    "mirror": {**_TEXT, "description": "Where our copy of its ledger is served (C2SP tlog-tiles)."},
    "forks": {"type": "array", "items": _TEXT, "description": "Addresses of the evidence of its forks."},
}


def _with_following(named: Named, name: str) -> Named:
    told = {"type": "object", "required": list(_FOLLOWING), "properties": _FOLLOWING}
    following = {"anyOf": [told, {"type": "null"}], "description": "Null where this node does not follow it any more."}
    schema = named.schema
    required = [*schema["required"], "following"]
    properties = {**schema["properties"], "following": following}
    return Named(name, {**schema, "required": required, "properties": properties})


PEER: Final = _with_following(RESOURCES["peer"], "Peer")
PEER_WRITTEN: Final = _with_following(WRITTEN["peer"], "PeerWritten")
PEERS: Final = page_of("PeerList", {"$ref": "#/components/schemas/Peer"}, PEER)


def read_followed() -> dict[str, Followed]:
    """Return all that is known of the peers followed, by id."""
    return {str(followed.peer.id): followed for followed in read_board(_own_checkpoint(), _own_witnesses()).peers}


def describe_peers(records: Iterable[PeerRecord], at: datetime) -> list[dict[str, Any]]:
    """Return peers as the API gives them, with a fixed number of queries."""
    followed = read_followed()
    return [describe("peer", one, at) | {"following": _tell(followed.get(one.id))} for one in records]


def describe_newest(kind: str, record_id: str) -> dict[str, Any]:
    """Return a peer as it is now; raises NotFound."""
    return describe_one(kind, record_id) | {"following": _tell(read_followed().get(record_id))}


def _own_checkpoint() -> SignedCheckpointRow:
    return latest_checkpoint(settings.ASSAY_ORIGIN)


def _own_witnesses() -> list[str]:
    register = find_register(settings.ASSAY_ORIGIN)
    return [key.vkey for key in register.keys if key.use == "witness"] if register else []


def _tell(followed: Followed | None) -> dict[str, Any] | None:
    if followed is None:
        return None
    row, head, now = followed.row, followed.copy.checkpoint, timezone.now()
    with speak("en"):
        fresh, trouble = judge_peer(followed, now).fresh, str(explain_error(row.error_code))
    return {
        "status": row.status,
        "status_reason": row.said_reason,
        "fresh": fresh,
        "stale_after_seconds": followed.limit_seconds,
        "size": followed.copy.size,
        "lag": followed.lag,
        "signed_at": _moment(head.time if head else None),
        "age_seconds": max(0, int((now - head.time).total_seconds())) if head else None,
        "heard_at": _moment(row.heard_at),
        "succeeded_at": _moment(row.succeeded_at),
        "next_attempt": _moment(row.next_attempt),
        "failures": row.failures,
        "error": {"code": row.error_code, "text": trouble} if trouble else None,
        "mirror": settings.ASSAY_BASE_URL + followed.mirror,
        "forks": [f"{settings.ASSAY_BASE_URL}/federation/evidence/{fork.id}" for fork in followed.forks],
    }


def _moment(time: datetime | None) -> str | None:
    return format_instant(time) if time else None
