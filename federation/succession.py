"""Following the keys of a peer: those it announces on its own ledger are taken over, all others are the operator's.

A key is known because the operator compared it (`peer.recognised`, `peer.amended` by the operator). From there on each
next one has to be announced by an entry that stands under the signature of the one before: as found in our copy of the
ledger (`refresh_keys`), or, when the peer changed while nobody could reach it, as proven in its description
(`adopt_announced`). Our own ledger says which keys we took over (`peer.amended` by the node). A key that was reported
stolen hands over to no other: whoever stole it could have written the report.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from federation import peers
from federation.alerts import raise_alert
from federation.errors import CheckpointInvalid, FederationError, PeerRefused
from federation.introduction import LIMIT, PATH, Client, Introduction, check_keys_free, verify_document
from federation.lifecycle import FOLLOW, KEY_COMPROMISED, KEY_REPORTED_STOLEN, KEY_UNANNOUNCED
from federation.models import Following
from federation.peers import FOLLOWING, PAUSED, Peer, find_peer
from federation.rotation import end_overlap
from federation.transport import open_client
from ledger.tlog.note import VerifierKey
from register import commands
from register.errors import Refused
from register.jobs import enqueue_if_possible
from register.key_chain import ChainBroken, follow_log_key
from register.payloads import PeerChanges
from register.queries.peers import find_register
from register.records import RegisterKey
from register.sentences import Value, cite, join, say, to_text

log = logging.getLogger(__name__)

AT_ONCE: Final = 4
"""Keys of one use that may be in force together; with more changes than that the oldest go."""

IN_ALL: Final = 50
"""Keys of a peer that are followed without asking anybody: each makes an entry on our own ledger."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The keys of one use by which a peer is known now; `stolen` is the one that its own ledger reports stolen."""

    vkeys: tuple[str, ...]
    stolen: str | None = None


def find_in_force(known: Sequence[str], announced: Iterable[RegisterKey], now: datetime) -> InForce:
    """Return which keys follow from the known ones, by what a register says of its keys of one use, oldest first.

    Known keys that the ledger does not name stay: they were compared or proven, and the copy is older. A key counts
    until its overlap ends. Pure.
    """
    history = list(announced)
    start = next((at for at, key in enumerate(history) if key.vkey in known), None)
    if start is None:
        return InForce(tuple(known))
    reached: list[RegisterKey] = []
    for at, key in enumerate(history[start:], start):
        confirmed = any(later.vkey in known for later in history[at + 1 :])
        if key.reason == "compromised" and not confirmed:
            return InForce(tuple(known), key.vkey)
        if key.reason != "compromised":
            reached.append(key)
    last = reached[-1:]
    force = [key.vkey for key in reached if key in last or key.valid_until is None or now < key.valid_until]
    ahead = [vkey for vkey in known if vkey not in {key.vkey for key in history}]
    return InForce((*force, *ahead)[-AT_ONCE:])


def refresh_keys(origin: str, now: datetime | None = None) -> bool:
    """Take over the keys that a peer announced in what we hold of its ledger; return whether something changed.

    To be called outside of transactions, after a copy was applied; it costs two queries when nothing changed. A key
    reported stolen pauses the peer until the operator confirms the next one.
    """
    peer, register = find_peer(origin), find_register(origin)
    if register is None or peer.status not in (FOLLOWING, PAUSED):
        return False
    moment = now or timezone.now()
    log_keys = find_in_force([str(k) for k in peer.keys], (k for k in register.keys if k.use == "log"), moment)
    witness_keys = find_in_force(
        [str(k) for k in peer.witness_keys], (k for k in register.keys if k.use == "witness"), moment
    )
    if log_keys.stolen:
        _stop_for(peer, log_keys.stolen)
        return True
    return _take_over(peer, log_keys.vkeys, witness_keys.vkeys)


def adopt_announced(origin: str, client: Client) -> bool:
    """Ask a peer whose checkpoints no known key signs for its keys, and take over what is proven under a known one.

    Returns False when it still uses a known key. Raises `TransportError`, and `PeerRefused` with an alert to the
    operator when no signature of a known key leads to the new one.
    """
    peer = find_peer(origin)
    met = verify_document(client.get(peer.url + PATH, limit=LIMIT, types=("application/json",)), peer.url)
    if met.origin != origin:
        raise PeerRefused(f"the node at {peer.url} is now {met.origin}, expected {origin}; ask its operator")
    known = [str(key) for key in peer.keys]
    if met.vkey in known:
        return False
    witnesses = [str(key) for key in peer.witness_keys]
    further = () if met.witness_vkey in witnesses else (met.witness_vkey,)
    return _take_over(peer, _lead(peer, met), (*witnesses, *further)[-AT_ONCE:])


def refresh_all() -> list[str]:
    """Bring all rows up to our own ledger and to what peers announced; return the peers whose key nobody here knows.

    Our own replaced keys are put away when their overlap is over.
    """
    peers.refresh()
    for vkey in end_overlap():
        log.info("the replaced key %s is put away", vkey)
    for peer in peers.list_peers(FOLLOWING, PAUSED):
        refresh_keys(peer.origin)
    unopened = Following.objects.filter(status=FOLLOWING, error_code=CheckpointInvalid.code)
    return list(unopened.values_list("origin", flat=True))


def attempt_adoption(origin: str) -> bool:
    """Do what `adopt_announced` does as the queue does it: what hinders is logged and tried again later."""
    try:
        with open_client() as client:
            return adopt_announced(origin, client)
    except FederationError as error:
        log.warning("%s: %s: %s", origin, error.code, error)
        return False


def _lead(peer: Peer, met: Introduction) -> tuple[str, ...]:
    """Return the known key that leads to the one a peer uses now, with all in between; raises `PeerRefused`."""
    reasons: list[Value] = []
    for known in peer.keys:
        try:
            keys = [str(key) for key in follow_log_key(known, met.handover).keys]
        except ChainBroken as error:
            reasons.append(cite(error))
            continue
        if met.vkey in keys:
            return tuple(keys[-AT_ONCE:])
    code = KEY_COMPROMISED if any(_reports_stolen(met, key) for key in peer.keys) else KEY_UNANNOUNCED
    alarm = say(
        "{peer} signs with another key, {vkey}, and no key we know has signed for it", peer=peer.name, vkey=met.vkey
    )
    told = join([alarm, reasons[0]], ": ") if reasons else alarm
    message = say(
        "{alarm}. Ask its operator by telephone, then confirm the key; until then nothing new of it is accepted",
        alarm=told,
    )
    raise_alert(peer.origin, code, message)
    raise PeerRefused(message)


def _reports_stolen(met: Introduction, key: VerifierKey) -> bool:
    return any(said.vkey == str(key) and said.reason == "compromised" for said in met.keys)


def _take_over(peer: Peer, log_keys: Sequence[str], witness_keys: Sequence[str]) -> bool:
    wanted = {"vkeys": list(log_keys), "witness_vkeys": list(witness_keys)}
    present = {"vkeys": list(map(str, peer.keys)), "witness_vkeys": list(map(str, peer.witness_keys))}
    changed = {name: value for name, value in wanted.items() if value != present[name]}
    if not changed:
        return False
    if len(peer.former_keys) + len(peer.keys) >= IN_ALL:
        told = say("{peer} has changed its keys {count} times; confirm this one", peer=peer.name, count=IN_ALL)
        raise_alert(peer.origin, KEY_UNANNOUNCED, told)
        return False
    try:
        check_keys_free(peer.origin, (*log_keys, *witness_keys))
    except PeerRefused as error:
        raise_alert(peer.origin, KEY_UNANNOUNCED, str(error))
        return False
    try:
        commands.amend_peer(str(peer.id), PeerChanges.model_validate(changed), actor=commands.NODE)
    except Refused as error:  # somebody was faster, or it was withdrawn meanwhile
        log.warning("the keys of %s are not taken over: %s", peer.origin, error.code)
        return False
    peers.refresh()
    log.info("%s announced other keys, which are followed", peer.origin)
    enqueue_if_possible(FOLLOW, peer.origin)
    return True


def _stop_for(peer: Peer, stolen: str) -> None:
    message = say(
        "{peer} says on its ledger that its key {vkey} is in other hands. Nothing new of it is accepted until you have "
        "asked its operator by telephone and confirmed the new key",
        peer=peer.name,
        vkey=stolen,
    )
    changed = Following.objects.filter(peer=peer.id, status=FOLLOWING).update(
        status=PAUSED, status_reason=to_text(KEY_REPORTED_STOLEN), pending=None
    )
    if changed:
        raise_alert(peer.origin, KEY_COMPROMISED, message)
