"""A federation with a peer in every state there is, for pages that show it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from federation.models import Alert, Evidence, Following, Submission
from federation.sync import attempt, follow
from tests import ledgers
from tests.federation import cast
from tests.peers import Peer


def copy(code: str, entries: int = 0, **fields: Any) -> Peer:
    """Return a peer that was copied once and is away since."""
    peer = cast.open_country(code, entries, **fields)
    with cast.following(peer):
        follow(peer.origin)
    return peer


def change(peer: Peer, **fields: Any) -> None:
    """Change a peer's row behind everybody's back."""
    Following.objects.filter(origin=peer.origin).update(**fields)


def keep_fork(peer: Peer, **fields: Any) -> Evidence:
    """Keep evidence against a peer's log; the file in it convicts nobody."""
    values = {
        "id": uuid4(), "origin": peer.origin, "kind": "same_size", "older": b"one", "newer": b"other",
        "proof": "two notes —\n".encode(), "shown_by": "register.fr.example", "fingerprint": uuid4().bytes,
        "found_at": timezone.now(), "entry": 0, **fields,
    }  # fmt: skip
    return Evidence.objects.create(**values)


def make_all_states() -> dict[str, Peer]:
    """Return a peer of each state, by its name."""
    fresh = copy("de", 6)
    countersigned = copy("fr", cosigners=[fresh.witness])
    stale = copy("pl", signed_at=datetime.now(UTC) - timedelta(days=3))
    failing = copy("it")
    attempt(failing.origin)
    frozen, paused, withdrawn = copy("es"), copy("be"), copy("at")
    change(frozen, status="frozen")
    keep_fork(frozen)
    change(paused, status="paused", status_reason="maintenance until Monday")
    change(withdrawn, status="withdrawn", status_reason="agreement_ended")
    new = cast.open_country("se")
    cast.recognise(new, "https://register.se.example")
    aside = cast.open_country("fi")
    aside.ledger.own = False  # its own rules are not ours
    for number in range(40):
        ledgers.register(aside.ledger, ledgers.make_id(0x800000 + number), country="NO")
    with cast.following(aside):
        follow(aside.origin)
    change(aside, seen_size=len(aside.entries) + 217, remit=["FI"], max_age_seconds=7200)
    Submission.objects.create(peer=cast.row_of(fresh).peer, size=1, cosigned_at=timezone.now())
    raised = "The peer’s log is signed by a key that nobody announced; compare its fingerprint by telephone."
    Alert.objects.create(origin=failing.origin, code="key_unannounced", message=raised, raised_at=timezone.now())
    return {
        "fresh": fresh, "countersigned": countersigned, "stale": stale, "failing": failing, "frozen": frozen,
        "paused": paused, "withdrawn": withdrawn, "new": new, "aside": aside,
    }  # fmt: skip
