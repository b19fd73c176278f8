"""The life of a peer: recognised, amended, paused and resumed, given another key, thawed after a fork, withdrawn.

What the operator decides about a peer is an entry on our own ledger, written by `register.commands`; the rows of
`Following` follow from it (`peers.refresh`). Whether we follow it at the moment is our own business and on no ledger:
pausing, and the freezing that a fork causes. Each function may be called from a request: what takes longer is left to
the workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from federation import peers
from federation.alerts import settle
from federation.errors import PeerRefused, UnknownPeer
from federation.introduction import Introduction, check_stranger
from federation.models import Following
from federation.peers import FOLLOWING, FROZEN, PAUSED, WITHDRAWN, Peer, read_peer
from register import commands
from register.commands import Also, Written
from register.jobs import enqueue_if_possible
from register.payloads import Actor, PeerChanges, PeerEnding, PeerTerms
from register.sentences import Coded, Said, join, say, to_text

OPERATOR: Final = Actor(role="operator")
FOLLOW: Final = "federation.follow"
KEY_UNANNOUNCED: Final = "key_unannounced"
KEY_COMPROMISED: Final = "key_compromised"
"""Alerts about a peer's key, which confirming its new one settles."""

KEY_REPORTED_STOLEN: Final = say("its own ledger says that its key is in other hands; confirm the new one")
_KEYS: Final = frozenset({"vkeys", "witness_vkeys", "territory", "name"})


def propose(
    met: Introduction,
    *,
    remit: Sequence[str] | None = None,
    max_age_seconds: int | None = None,
    policy: str | None = None,
    note: str | None = None,
) -> PeerTerms:
    """Return the terms on which a node would be recognised: what it says of itself, and what is accepted of it.

    `remit` are countries of its territory (None: all of it). Raises `PeerRefused`.
    """
    check_stranger(met)
    said: dict[str, Any] = {
        "origin": met.origin,
        "name": met.name,
        "address": met.url,
        "vkeys": [met.vkey],
        "witness_vkeys": [met.witness_vkey],
        "territory": list(met.territory),
    }
    chosen: dict[str, Any] = {"remit": list(remit) if remit is not None else None, "max_age_seconds": max_age_seconds}
    chosen |= {"policy": policy, "note": note, "demonstration": met.demonstration or None}
    return PeerTerms.model_validate(said | {name: value for name, value in chosen.items() if value is not None})


def confirm(met: Introduction, *, actor: Actor = OPERATOR, also: Also | None = None, **chosen: Any) -> Written:
    """Recognise a node whose fingerprint the operator has compared, and begin to follow it.

    `chosen` are as in `propose`. Raises `PeerRefused`, and what the rules refuse (`register.errors.Refused`, such as
    `peer_taken`).
    """
    written = commands.recognise_peer(propose(met, **chosen), actor=actor, also=also)
    follow_up(met.origin)
    return written


def amend(peer: str | UUID, changes: PeerChanges, *, actor: Actor = OPERATOR, also: Also | None = None) -> Written:
    """Change what is accepted from a peer, its address or our policy; what is absent stays, null empties.

    Raises `UnknownPeer`; `PeerRefused` for its keys, which only `confirm_key` changes, and for what the peer says of
    itself; and what the rules refuse.
    """
    row = _row(peer)
    given = sorted(_KEYS & changes.model_fields_set)
    if given:
        raise PeerRefused(
            say("expected no change of {given}: confirm-key takes them from the peer itself", given=", ".join(given))
        )
    written = commands.amend_peer(str(row.peer), changes, actor=actor, also=also)
    take_up_amendment(row.origin)
    return written


def withdraw(peer: str | UUID, ending: PeerEnding, *, actor: Actor = OPERATOR, also: Also | None = None) -> Written:
    """Withdraw the recognition: no longer followed or cosigned; our copy stays and is served, for it proves answers.

    Raises `UnknownPeer` and what the rules refuse (`already_withdrawn`).
    """
    row = _row(peer)
    written = commands.withdraw_peer(str(row.peer), ending, actor=actor, also=also)
    peers.refresh()
    return written


def confirm_key(
    peer: str | UUID, met: Introduction, *, note: str | None = None, actor: Actor = OPERATOR, also: Also | None = None
) -> Written:
    """Accept the keys a peer introduced itself with in place of those we know; the operator has compared them.

    For a key that was stolen or lost, which cannot hand over to the next. From here on the keys before verify what is
    stored and nothing new. Raises `UnknownPeer`, `PeerRefused`, and what the rules refuse.
    """
    row = _row(peer)
    check_new_key(row, met)
    keys: dict[str, Any] = {"vkeys": [met.vkey], "witness_vkeys": [met.witness_vkey]}
    changes = PeerChanges.model_validate(keys | ({"note": note} if note else {}))
    written = commands.amend_peer(str(row.peer), changes, actor=actor, also=also)
    take_up_key(row.origin)
    return written


def check_new_key(row: Following, met: Introduction) -> None:
    """Raise `PeerRefused` unless a node that was met is this peer with keys that are new to us."""
    if met.origin != row.origin:
        raise PeerRefused(
            say(
                "expected the node {origin}, {url} is {got}; add that one as a peer of its own",
                origin=row.origin,
                url=met.url,
                got=met.origin,
            )
        )
    check_stranger(met)
    if ([met.vkey], [met.witness_vkey]) == (row.vkeys, row.witness_vkeys):
        raise PeerRefused(
            say("the keys of {origin} are the ones we know; there is nothing to confirm", origin=row.origin)
        )
    if met.vkey in row.former_vkeys:
        raise PeerRefused(
            say(
                "the key {vkey} was given up before; ask the operator of {origin} for the new one",
                vkey=met.vkey,
                origin=row.origin,
            )
        )


def take_up_key(origin: str) -> None:
    """Follow a peer by the key that our ledger gives it from now on: what was raised about its key is settled."""
    for code in (KEY_UNANNOUNCED, KEY_COMPROMISED):
        settle(origin, code)
    reported = (to_text(KEY_REPORTED_STOLEN), f"{KEY_REPORTED_STOLEN}")  # older rows have it as plain text
    stopped = Following.objects.filter(origin=origin, status=PAUSED, status_reason__in=reported)
    stopped.update(status=FOLLOWING, status_reason="")
    take_up_amendment(origin)


def take_up_amendment(origin: str) -> None:
    """Follow a peer as our ledger says it from now on: what went wrong before counts no more."""
    _forget_trouble(origin)
    follow_up(origin)


def pause(peer: str | UUID, reason: str = "") -> Peer:
    """Stop following a peer for now; what we hold of it goes on counting until it is stale.

    Raises `UnknownPeer`, and `PeerRefused` unless it is followed.
    """
    return _change_status(peer, FOLLOWING, PAUSED, reason or say("paused by the operator"))


def resume(peer: str | UUID) -> Peer:
    """Follow a paused peer again; raises `UnknownPeer`, and `PeerRefused` unless it is paused."""
    found = _change_status(peer, PAUSED, FOLLOWING, "")
    follow_up(found.origin)
    return found


def unfreeze(peer: str | UUID, reason: str) -> Peer:
    """Follow a peer again that has forked, from the history we hold; raises as `thaw`."""
    found = thaw(peer, reason)
    follow_up(found.origin)
    return found


def thaw(peer: str | UUID, reason: str) -> Peer:
    """Let a peer be followed again that has forked; the operator says why, for everybody to see.

    The evidence, and what our ledger reports of it, stay for ever. Raises `UnknownPeer`, and `PeerRefused` without a
    reason or when it is not frozen.
    """
    if not reason.strip():
        raise PeerRefused(say("expected a reason for following a log again that has forked; it is shown with the fork"))
    told = say("followed again after a fork: {reason}", reason=reason.strip()[:500])
    return _change_status(peer, FROZEN, FOLLOWING, told)


def find(peer: str | UUID) -> Peer:
    """Return a peer by its id or origin; raises `UnknownPeer`."""
    return read_peer(_row(peer))


def _change_status(peer: str | UUID, before: str, after: str, reason: str) -> Peer:
    with transaction.atomic():
        row = _row(peer, lock=True)
        if row.status != before:
            raise PeerRefused(_say_otherwise(row, before))
        row.status, row.status_reason, row.pending = after, to_text(reason), None
        row.save(update_fields=["status", "status_reason", "pending"])
    _forget_trouble(row.origin)
    return read_peer(row)


def _say_otherwise(row: Following, before: str) -> Said:
    told = {
        name: Coded(status, _STATES.get(status, status))
        for name, status in (("before", before), ("status", row.status))
    }
    sentence = say("expected a peer that is {before}, {origin} is {status}", **told, origin=row.origin)
    return join([sentence, _ADVICE[row.status]], "; ") if row.status in _ADVICE else sentence


_STATES: Final = {
    FROZEN: say("frozen"),
    WITHDRAWN: say("withdrawn"),
    PAUSED: say("paused"),
    FOLLOWING: say("followed"),
}
_ADVICE: Final = {
    FROZEN: say("unfreeze it, if that is meant"),
    WITHDRAWN: say("recognise it anew, if that is meant"),
    PAUSED: say("resume it, if that is meant"),
}


def _row(peer: str | UUID, *, lock: bool = False) -> Following:
    rows = Following.objects.select_for_update() if lock else Following.objects.all()
    try:
        found = rows.filter(peer=UUID(str(peer))).first()
    except ValueError:
        found = rows.filter(origin=str(peer)).first()
    if found is None:
        raise UnknownPeer(
            say(
                "expected the id or origin of a recognised peer, got {peer}; see /federation", peer=repr(str(peer)[:80])
            )
        )
    return found


def _forget_trouble(origin: str) -> None:
    cleared = {"failures": 0, "next_attempt": None, "error_code": "", "error_message": "", "pending": None}
    Following.objects.filter(origin=origin).update(**cleared)


def follow_up(origin: str) -> None:
    """Make the rows follow from our ledger, and let a worker follow that peer."""
    peers.refresh()
    enqueue_if_possible(FOLLOW, origin)
