"""Following one peer: the newest verified checkpoint, the entries up to it, the read model. One bounded run at a time.

Small updates cost one bundle or two: the root over our frontier and the new entries is the signed root, which proves
both the entries and that the log only grew. Longer ones go in batches, each shown by a consistency proof from
authenticated tiles to be of the signed tree. No transaction is open while anything is fetched.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from federation import gossip
from federation.errors import (
    CheckpointInvalid,
    EntriesInvalid,
    FederationError,
    HeldBack,
    NotFollowed,
    PeerBusy,
    TooManyEntries,
    TransportError,
    UnexpectedAnswer,
)
from federation.models import Cosigned, Following
from federation.peers import Peer, find_peer, read_peer
from federation.policy import hold_to_policy
from federation.remote import RemoteLog
from federation.sync import record, storing
from federation.sync.bundles import Batch, read_batches
from federation.sync.countersigning import countersign
from federation.sync.disputes import Dispute, compare_with_copy, compare_with_newest
from federation.sync.sources import list_sources
from federation.sync.targets import Target, is_held, read_target
from federation.sync.turn import check_status, take_turn
from federation.transport import Client, open_client
from ledger.errors import WrongStart
from ledger.nodes import DatabaseNodeReader
from ledger.tlog.errors import TlogError
from ledger.tlog.merkle import EMPTY_ROOT, prove_consistency, read_root
from ledger.tlog.tiles import WIDTH, TileReader
from ledger.tlog.trusted import TrustedLog, accept_entries
from register.sentences import say

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: the copy's size before and after, whether all that is known is copied, who served entries last.

    `source` is the base address of a log's files; empty when no entry had to be fetched.
    """

    size_before: int
    size_after: int
    done: bool
    source: str


def follow(origin: str, client: Client | None = None) -> Outcome:
    """Copy, verify and apply what a peer has signed, for at most `ASSAY_SYNC_SECONDS` and `ASSAY_SYNC_ENTRIES`.

    The checkpoint is the one that was being fetched, else the one our witness cosigned, else what the peer shows (its
    mirrors, if it fails). Raises `UnknownPeer`, `NotFollowed`, `PeerFrozen`, `PeerBusy`, and whatever
    `FederationError` stopped it, which is kept on the peer's row as well.
    """
    return _follow(find_peer(origin), client)


def _follow(peer: Peer, client: Client | None) -> Outcome:
    check_status(peer.name, peer.status)
    until = time.monotonic() + settings.ASSAY_SYNC_SECONDS
    outcome = _take_run(peer, client, until)
    # Whoever pushes a checkpoint while a run is under way finds the peer busy; so the run looks once more when it is
    # no longer.
    while outcome.done and _known_news(peer) is not None:
        try:
            again = _take_run(peer, client, until)
        except PeerBusy:
            break
        outcome = Outcome(outcome.size_before, again.size_after, again.done, again.source or outcome.source)
    return outcome


def attempt(origin: str, due: bool = False) -> bool:
    """Follow a peer as the queue does: errors are logged and kept, not raised; return whether there is more to copy.

    A peer that failed is left alone until its next attempt is `due`, however often it pushes.
    """
    row = Following.objects.filter(origin=origin).first()
    if row is None or (not due and row.failures and row.next_attempt and row.next_attempt > timezone.now()):
        return False
    try:
        return not _follow(read_peer(row), None).done
    except (PeerBusy, NotFollowed):
        return False
    except HeldBack as error:
        log.info("%s: %s", origin, error)
        return False
    except FederationError as error:
        log.warning("%s: %s: %s", origin, error.code, error)
        return False


def _take_run(peer: Peer, client: Client | None, until: float) -> Outcome:
    with take_turn(peer.origin, storing.open_copy(peer.origin)):
        try:
            if client is not None:
                return _Run(peer, client, until).go()
            with open_client() as opened:
                return _Run(peer, opened, until).go()
        except WrongStart as error:
            raise PeerBusy(f"another worker extended the copy of {peer.origin}") from error
        except NotFollowed:
            raise
        except Exception as error:
            record.keep_failure(peer.origin, error)
            raise


def _known_news(peer: Peer) -> Target | None:
    """Return the checkpoint our witness cosigned last, if it tells more than the newest we hold.

    One that does not open any more (a key was replaced since) is no news; the peer is asked instead.
    """
    cosigned = Cosigned.objects.filter(origin=peer.origin, size__gt=0).first()
    if cosigned is None:
        return None
    note, head = bytes(cosigned.note), storing.find_head(peer.origin)
    if is_held(peer, note, head):
        return None
    try:
        target = read_target(peer, note, timezone.now())
    except CheckpointInvalid:
        return None
    return target if target.adds_to(head) else None


class _Run:
    """One turn at one peer, until a moment of the monotonic clock.

    `complaint` is the first thing the peer itself, or a mirror, failed in.
    """

    def __init__(self, peer: Peer, client: Client, until: float) -> None:
        self.peer = peer
        self.origin = peer.origin
        self.client = client
        self.until = until
        self.allowance = settings.ASSAY_SYNC_ENTRIES
        self.complaint: FederationError | None = None
        self.source = ""

    def go(self) -> Outcome:
        """Reach one known checkpoint after the other while time and entries allow."""
        before = storing.read_size(self.origin)
        done = self._project()
        target = self._first_target() if done else None
        while target is not None and done:
            done = self._reach(target)
            if done:
                gossip.compare_sightings(self.origin)
                countersign(self.origin, target)
            target = _known_news(self.peer)
            done = done and (target is None or not self._is_over())
        record.keep_success(self.origin, self.source, done, self.complaint)
        return Outcome(before, storing.read_size(self.origin), done, self.source)

    def _project(self) -> bool:
        return storing.project(self.origin, self.until)

    def _is_over(self) -> bool:
        return self.allowance <= 0 or time.monotonic() > self.until

    def _first_target(self) -> Target | None:
        pending = Following.objects.values_list("pending", flat=True).get(origin=self.origin)
        if pending is not None:
            try:
                return self._open(bytes(pending))
            except CheckpointInvalid:
                record.keep_pending(self.origin, None)  # signed by a key that has been replaced since
        return _known_news(self.peer) or self._ask()

    def _open(self, note: bytes) -> Target:
        return read_target(self.peer, note, timezone.now())

    def _ask(self) -> Target | None:
        """Return the newest checkpoint the peer shows, or a mirror in its place, if it tells us anything.

        Raises what the peer failed in when no mirror knows more either.
        """
        head = storing.find_head(self.origin)
        for number, remote in enumerate(list_sources(self.client, self.peer)):
            try:
                note = remote.read_checkpoint()
                if number == 0 and head is not None and is_held(self.peer, note, head):
                    record.keep_heard(self.peer, head.size)
                    return None
                target = self._open(note)
                if head is not None and target.size <= head.size and target.root != head.root:
                    compare_with_copy(self.origin, target, remote.base)
                    self._insist_on_growth(target, head.size, remote)
            except (TransportError, CheckpointInvalid) as error:
                self.complaint = self.complaint or error
                continue
            if target.adds_to(head):
                return target
            if number == 0:
                record.keep_heard(self.peer, target.size, target.ahead)
                return None
        if self.complaint is not None:
            raise self.complaint
        return None

    def _insist_on_growth(self, target: Target, known: int, remote: RemoteLog) -> None:
        if target.size < known:
            raise CheckpointInvalid(
                say(
                    "expected a checkpoint of at least {known} entries from {address}, got an old one of {size}; is a "
                    "cache or a backup in front of it?",
                    known=known,
                    address=remote.base,
                    size=target.size,
                )
            )

    def _reach(self, target: Target) -> bool:
        """Bring the copy to a checkpoint and record it; return False if the run's allowance ended before."""
        record.keep_heard(self.peer, target.size, target.ahead)
        self._insist_on_cap(target)
        hold_to_policy(self.peer, target.note)
        copy = storing.read_copy(self.origin)
        if target.size <= copy.size:
            self._insist_on_root(copy, target)
            storing.store_checkpoint(self.origin, target)
            return self._project()
        record.keep_pending(self.origin, target)
        for remote in list_sources(self.client, self.peer):
            try:
                return self._copy(remote, target)
            except (TransportError, EntriesInvalid) as error:
                self.complaint = self.complaint or error
                if isinstance(error, EntriesInvalid | UnexpectedAnswer):
                    compare_with_newest(self.origin, target, remote, self._open)
        raise self.complaint or EntriesInvalid(
            say("expected somebody to serve {origin}, nobody does", origin=self.origin)
        )

    def _insist_on_cap(self, target: Target) -> None:
        if target.size > settings.ASSAY_PEER_MAX_ENTRIES:
            raise TooManyEntries(
                say(
                    "expected at most {most} entries of {peer}, it signed {size}; ask its operator, or raise "
                    "ASSAY_PEER_MAX_ENTRIES",
                    most=settings.ASSAY_PEER_MAX_ENTRIES,
                    peer=self.peer.name,
                    size=target.size,
                )
            )

    def _insist_on_root(self, copy: storing.Copy, target: Target) -> None:
        """Check a checkpoint whose entries are all here; the usual one is the newest with more cosignatures."""
        head = copy.head
        if head is not None and (head.size, head.root) == (target.size, target.root):
            return
        if head is not None and target.size <= head.size:
            compare_with_copy(self.origin, target, say("its submission to our witness"))
        root = read_root(target.size, DatabaseNodeReader(copy.log_id, copy.size)) if target.size else EMPTY_ROOT
        if root != target.root:
            raise EntriesInvalid(
                say(
                    "expected the {size} entries of {origin} held here to hash to the root it signed, they do not; run "
                    "manage.py fsck",
                    size=target.size,
                    origin=self.origin,
                )
            )

    def _copy(self, remote: RemoteLog, target: Target) -> bool:
        """Fetch, verify and store what is missing, and apply it once the checkpoint is reached."""
        copy = storing.read_copy(self.origin)
        state = TrustedLog(self.origin, self.peer.keys, target.size, target.root, target.note, frontier=copy.frontier)
        reader = TileReader(target.size, target.root, remote.fetch_tiles)
        stop = self._stop(copy.size, target.size)
        with read_batches(remote, copy.size, stop) as batches:
            for batch in batches:
                try:
                    state = _accept(state, batch, reader)
                except TlogError as error:
                    Dispute(self.origin, copy.head, target, reader, remote, batch).settle(error)
                storing.store_batch(self.origin, batch, target if batch.end == target.size else None)
                self.source, self.allowance = remote.base, self.allowance - len(batch.entries)
                if batch.end < target.size and self._is_over():
                    return False
        if stop < target.size:
            return False
        return self._project()

    def _stop(self, size: int, target: int) -> int:
        """Return where this run ends: at the checkpoint, or at the last bundle its allowance covers, but moves on."""
        last = (size + max(self.allowance, 0)) // WIDTH * WIDTH
        return min(target, max(last, (size // WIDTH + 1) * WIDTH))


def _accept(state: TrustedLog, batch: Batch, reader: TileReader) -> TrustedLog:
    """Return the state with a batch accepted; raises `TlogError` when it is not shown to be of the signed tree."""
    proof = () if batch.end == state.size else prove_consistency(batch.end, state.size, reader)
    return accept_entries(state, batch.start, batch.entries, proof)
