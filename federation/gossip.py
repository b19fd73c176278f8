"""Gossip: asking peers what they were shown of a log, and comparing it with what we were shown.

A log that shows each reader a history of its own is found only by readers who compare. Each peer's witness shows what
it cosigned last (C2SP tlog-witness, `GET <peer>/witness/<hex SHA-256 of the origin>/checkpoint`). One run asks every
peer about one log, in turn: the peers' logs and our own. Requests an hour therefore grow with the number of peers, and
a full round takes as many runs as there are logs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.utils import timezone

from federation.alerts import raise_alert, settle
from federation.errors import (
    CheckpointInvalid,
    EntriesInvalid,
    FederationError,
    PeerFrozen,
    TransportError,
    UnexpectedAnswer,
)
from federation.forks import Verdict, examine, find_keys, list_rivals, open_shown, say_forked, weigh, weigh_opened
from federation.models import Following, Sighting
from federation.peers import FOLLOWING, Peer, find_peer, list_peers
from federation.remote import MAX_CHECKPOINT, RemoteLog
from federation.sync.sources import list_sources
from federation.transport import Client
from federation.witness import hash_origin
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.tiles import TileReader
from register.sentences import say

log = logging.getLogger(__name__)

WITHHELD: Final = "withheld"
PATIENCE: Final = timedelta(minutes=15)
"""How long a tree that a log has signed may be out of everybody's reach before the operator hears of it."""

WAITING: Final = 4
"""Sightings decided by tiles in one run; each costs a few requests."""

THREADS: Final = 8
"""Peers asked at a time: one that does not answer must not hold up the others."""


class Question(NamedTuple):
    """Which peer to ask about which log."""

    peer: Peer
    origin: str


def ask_peers(client: Client, turn: int) -> list[str]:
    """Ask each peer about one log and compare; return the origins that have signed more than we hold.

    `turn` counts the runs: it chooses the logs. Whatever a peer fails in is logged; a log that is convicted is frozen.
    """
    peers = list_peers(FOLLOWING)
    origins = [settings.ASSAY_ORIGIN, *(peer.origin for peer in peers)]
    waiting = list(Sighting.objects.filter(compared=False, origin__in=origins).order_by("?")[:WAITING])
    questions = choose(peers, turn)
    with ThreadPoolExecutor(THREADS, "gossip") as pool:
        notes = list(pool.map(lambda question: _ask(client, question), questions))
    news = {question.origin for question, note in zip(questions, notes, strict=True) if note and _take(question, note)}
    for sighting in waiting:
        _decide(client, sighting)
    return sorted(news)


def choose(peers: Sequence[Peer], turn: int) -> list[Question]:
    """Say what to ask in a run: every peer about one log that is not its own, about all of them in as many runs."""
    origins = sorted([settings.ASSAY_ORIGIN, *(peer.origin for peer in peers)])
    questions = []
    for place, peer in enumerate(peers):
        others = [origin for origin in origins if origin != peer.origin]
        questions.append(Question(peer, others[(turn + place) % len(others)]))
    return questions


def note_sighting(peer: Peer, origin: str, note: bytes) -> bool:
    """Take in a checkpoint of a log that a peer has shown; return whether the log has signed more than we hold.

    Raises `CheckpointInvalid` for a note that the log's present keys did not sign.
    """
    kept = Sighting.objects.filter(origin=origin, shown_by=peer.id).first()
    signed = open_shown(origin, note)
    if kept is not None and kept.compared and bytes(kept.note) == signed.raw:
        return False
    verdict = weigh_opened(signed, peer.name, peer.id)
    if verdict.settled or origin == settings.ASSAY_ORIGIN:
        return False
    size = signed.checkpoint.size
    Following.objects.filter(origin=origin, seen_size__lt=size).update(seen_size=size)
    return True


def compare_sightings(origin: str) -> int:
    """Compare what peers have shown of a log with what we hold by now; return how many are still to be compared.

    For whoever has just copied more of it. Raises `PeerFrozen` when one of them convicts the log.
    """
    return sum(not _compare(sighting).settled for sighting in Sighting.objects.filter(origin=origin, compared=False))


def _compare(sighting: Sighting) -> Verdict:
    """Judge a sighting by what is held here now; one that the log's present keys no longer open says nothing more."""
    try:
        verdict = weigh(sighting.origin, bytes(sighting.note), _name(sighting), sighting.shown_by)
    except CheckpointInvalid:
        _forget(sighting)
        return Verdict(None, settled=True)
    if verdict.evidence is not None:
        raise PeerFrozen(say_forked(verdict.evidence))
    return verdict


def _ask(client: Client, question: Question) -> bytes | None:
    peer, origin = question
    try:
        url = f"{peer.url}/witness/{hash_origin(origin)}/checkpoint"
        return client.get(url, limit=MAX_CHECKPOINT, types=("text/plain",))
    except UnexpectedAnswer as error:
        if error.status != 404:  # 404: it does not follow that log, or has cosigned nothing of it yet
            log.info("no gossip about %s from %s: %s", origin, peer.origin, error)
    except TransportError as error:
        log.info("no gossip about %s from %s: %s", origin, peer.origin, error)
    return None


def _take(question: Question, note: bytes) -> bool:
    try:
        return note_sighting(*question, note)
    except FederationError as error:
        log.warning("%s shows a checkpoint of %s that is refused: %s", question.peer.origin, question.origin, error)
    return False


def _decide(client: Client, sighting: Sighting) -> None:
    """Decide about a tree larger than our copy by its tiles, from who showed it or from whoever serves the log."""
    try:
        if _compare(sighting).settled:
            return
        for remote in _list_servers(client, sighting):
            try:
                _compare_by_tiles(sighting, remote)
            except (TransportError, EntriesInvalid, TlogError) as error:
                log.info("%s does not show the tree that %s signed: %s", remote.base, sighting.origin, error)
            else:
                settle(sighting.origin, WITHHELD)
                return
        _wonder(sighting)
    except PeerFrozen as frozen:
        log.error("%s: %s", frozen.code, frozen)
        _forget(sighting)
        settle(sighting.origin, WITHHELD)


def _list_servers(client: Client, sighting: Sighting) -> Iterator[RemoteLog]:
    """Yield the log as its shower mirrors it, then as everybody else serves it."""
    shower = Following.objects.filter(peer=sighting.shown_by).exclude(origin=sighting.origin).first()
    if shower is not None:
        yield RemoteLog(client, f"{shower.url}/mirror/{hash_origin(sighting.origin)}")
    if sighting.origin != settings.ASSAY_ORIGIN:
        yield from list_sources(client, find_peer(sighting.origin))


def _compare_by_tiles(sighting: Sighting, remote: RemoteLog) -> None:
    """Compare with all that is held of the log, by tiles of whichever tree is the larger; raises `PeerFrozen`."""
    signed = open_shown(sighting.origin, bytes(sighting.note))
    keys = find_keys(sighting.origin).all
    for rival in list_rivals(signed):
        held = open_checkpoint(rival.note, keys, sighting.origin)
        larger = max(signed.checkpoint, held.checkpoint, key=lambda head: head.size)
        reader = rival.reader or TileReader(larger.size, larger.root, remote.fetch_tiles)
        examine(sighting.origin, held.raw, signed.raw, reader, _name(sighting))


def _wonder(sighting: Sighting) -> None:
    """Tell the operator of a signed tree that nobody shows although its log answers: it may be another history."""
    answered = Following.objects.filter(origin=sighting.origin, succeeded_at__gt=sighting.seen_at + PATIENCE)
    if answered.exists() and timezone.now() > sighting.seen_at + PATIENCE:
        raise_alert(
            sighting.origin,
            WITHHELD,
            say(
                "{peer} was shown {size} entries signed by this log; nobody serves them, and the log itself shows "
                "fewer. Ask its operator: it may have gone back, or have another history.",
                peer=_name(sighting),
                size=sighting.size,
            ),
        )


def _name(sighting: Sighting) -> str:
    shower = Following.objects.filter(peer=sighting.shown_by).values_list("name", flat=True).first()
    return shower or say("a former peer")


def _forget(sighting: Sighting) -> None:
    Sighting.objects.filter(origin=sighting.origin, shown_by=sighting.shown_by, note=sighting.note).delete()
