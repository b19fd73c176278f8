"""Announcing: our newest checkpoint to all peers' witnesses at once, and then once more with everybody's lines.

The first round brings their cosignatures and tells them that our log has grown. The lines go under our checkpoint
(`ledger.cosigning`), and the second round submits that fuller note to all who answered, so that each peer holds the
others' cosignatures of what it copies. Who is slow delays nobody: the second round begins when all have answered or
after `PROMPT_SECONDS`, and a third one follows only if somebody slow has brought a line.

How far each peer is lies in `Submission`. It is a hint: a witness that knows another size says so (409), and the
request is made again from there. What a crash leaves is an older hint.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from federation.alerts import raise_alert, settle
from federation.errors import FederationError, TooSlow
from federation.forks import suspect
from federation.models import Submission
from federation.peers import FOLLOWING, Peer, list_peers
from federation.submission import WITNESS_REFUSED, OldSizeDiffers, Speaker, SubmissionRefused, submit
from federation.transport import open_client
from federation.witness import hash_origin
from ledger.cosigning import attach, split_lines
from ledger.errors import NotCovered, UnknownLog
from ledger.logs import SignedCheckpointRow, latest_checkpoint
from ledger.nodes import DatabaseNodeReader
from ledger.signer import read_verifiers
from ledger.tlog.merkle import prove_consistency
from ledger.tlog.note import Signature, parse_note
from ledger.tlog.witness import MAX_BODY, format_add_checkpoint
from register.sentences import say, to_text

log = logging.getLogger(__name__)

PEER_SECONDS: Final = 3.0
"""A witness's deadline for one request."""

PROMPT_SECONDS: Final = 1.0
"""How long those who have answered wait for those who have not."""

WITNESS_AHEAD: Final = "witness_ahead"
ALARMING: Final = frozenset((WITNESS_REFUSED, WITNESS_AHEAD))
"""Codes that may mean a second history of our log: the operator is alerted, and the witness asked what it saw."""

THREADS: Final = 32
MOST_TRIES: Final = 3
"""Requests to one witness in a first round: it may have moved on, but not for ever."""

SHORTEST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=5)
"""Between attempts at a peer that fails. Whoever submits something to us is tried again at once."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What came of one announcement: how many entries were announced, who cosigned, and whose error code is what."""

    size: int
    cosigned: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


def announce(origin: str | None = None, client: Speaker | None = None) -> Announcement:
    """Submit our newest checkpoint to every followed peer that lacks it and may be tried now; keep their lines.

    Does nothing when all have it. Errors of peers are kept on their rows; only our own are raised.
    """
    try:
        head = latest_checkpoint(origin or settings.ASSAY_ORIGIN)
    except (NotCovered, UnknownLog):
        return Announcement(0)
    targets = _list_targets(head, timezone.now())
    if not any(target.due for target in targets):
        return Announcement(head.size)
    with _open(client) as opened:
        return _Round(opened, head, targets).run()


@contextmanager
def _open(client: Speaker | None) -> Iterator[Speaker]:
    if client is not None:
        yield client
        return
    with open_client(seconds=PEER_SECONDS) as opened:
        yield opened


@dataclass(slots=True, eq=False)
class _Target:
    """One peer during an announcement: `due` to be asked for its line, `reached` once it has given it."""

    peer: Peer
    row: Submission
    due: bool
    reached: bool
    tries: int = 0
    alarm: bool = False


def _list_targets(head: SignedCheckpointRow, now: datetime) -> list[_Target]:
    peers = list_peers(FOLLOWING)
    rows = Submission.objects.in_bulk([peer.id for peer in peers])
    targets = []
    for peer in peers:
        row = rows.get(peer.id) or Submission(peer=peer.id)
        reached = row.size == head.size and row.cosigned_at is not None and row.cosigned_at >= head.second
        due = not reached and (row.next_attempt is None or row.next_attempt <= now)
        targets.append(_Target(peer, row, due, reached))
    return targets


@dataclass(eq=False)
class _Round:
    """One announcement under way. Threads only wait for the network; everything else happens in the caller's."""

    client: Speaker
    head: SignedCheckpointRow
    targets: Sequence[_Target]
    waiting: dict[Future[tuple[Signature, ...]], _Target | None] = field(default_factory=dict)
    """Requests under way; None for those whose answer nobody needs."""
    fresh: list[Signature] = field(default_factory=list)
    """Lines that are not under our checkpoint yet."""

    def __post_init__(self) -> None:
        self.pool = ThreadPoolExecutor(min(len(self.targets), THREADS), "announce")

    def run(self) -> Announcement:
        due = [target for target in self.targets if target.due]
        begun = time.monotonic()
        try:
            for target in due:
                self._ask(target, target.row.size)
            self._collect(begun + PROMPT_SECONDS)
            self._share()
            self._collect(begun + PEER_SECONDS)
            self._give_up()
            self._share()
            wait(self.waiting, PEER_SECONDS)
        finally:
            # Each request has its own deadline, so nothing is left that would be waited for long.
            self.pool.shutdown(wait=True, cancel_futures=True)
        _save(due)
        self._look_into([target for target in due if target.alarm])
        failed = tuple((target.peer.origin, target.row.error_code) for target in due if not target.reached)
        return Announcement(self.head.size, tuple(t.peer.origin for t in due if t.reached), failed)

    def _ask(self, target: _Target, old: int) -> None:
        """Ask for a peer's line with a proof from the size it cosigned last; a size beyond ours cannot be its."""
        known = old if old <= self.head.size else 0
        target.tries += 1
        self.waiting[self._post(target, known)] = target

    def _post(self, target: _Target, old: int) -> Future[tuple[Signature, ...]]:
        head = self.head
        body = format_add_checkpoint(old, self._prove(old), head.note)
        return self.pool.submit(submit, self.client, target.peer, body, parse_note(head.note).text)

    def _prove(self, old: int) -> Sequence[bytes]:
        if old in (0, self.head.size):
            return ()
        reader = DatabaseNodeReader(self.head.log_id, self.head.size, self.head.root)
        return prove_consistency(old, self.head.size, reader)

    def _collect(self, until: float) -> None:
        """Take answers as they come, until all have or the time is up."""
        while any(self.waiting.values()) and (left := until - time.monotonic()) > 0:
            for future in wait(self.waiting, left, FIRST_COMPLETED).done:
                target = self.waiting.pop(future)
                if target is not None:
                    self._take(target, future)

    def _take(self, target: _Target, future: Future[tuple[Signature, ...]]) -> None:
        try:
            lines = future.result()
        except OldSizeDiffers as conflict:
            self._ask_again(target, conflict)
        except FederationError as error:
            _fail(target, error)
        else:
            self.fresh.extend(lines)
            _succeed(target, self.head)

    def _ask_again(self, target: _Target, conflict: OldSizeDiffers) -> None:
        """Go on from the size a witness says it cosigned, unless it cannot be one of ours."""
        if conflict.size <= self.head.size and target.tries < MOST_TRIES:
            target.row.size = conflict.size
            self._ask(target, conflict.size)
            return
        # It may have fetched what we signed since this announcement began; then the next one goes on from there.
        if conflict.size <= latest_checkpoint(self.head.origin).size:
            _fail(target, conflict)
            return
        message = say(
            "{conflict}, more than we have signed; was our database restored from a backup?", conflict=str(conflict)
        )
        _fail(target, SubmissionRefused(WITNESS_AHEAD, message))

    def _share(self) -> None:
        """Put new lines under our checkpoint and submit it to all who cosigned it and lack somebody's line."""
        if not self.fresh:
            return
        self.head = attach(self.head.origin, self.head.size, self.head.root, self.fresh)
        self.fresh = []
        names = {line.name for line in split_lines(self.head.note, read_verifiers()).others}
        for target in self.targets:
            if target.reached and names - {key.name for key in target.peer.witness_keys}:
                self.waiting[self._post(target, self.head.size)] = None

    def _give_up(self) -> None:
        """Count those who have not answered as failed; what they still say is not waited for."""
        for target in filter(None, self.waiting.values()):
            late = say(
                "expected the witness of {peer} to answer in {seconds} s",
                peer=target.peer.name,
                seconds=f"{PEER_SECONDS:g}",
            )
            _fail(target, TooSlow(late))
        self.waiting = dict.fromkeys(self.waiting)

    def _look_into(self, alarming: Sequence[_Target]) -> None:
        """Ask witnesses that were shown another history of ours for it: whoever has our key signed it, or we did."""
        origin = self.head.origin
        for target in alarming[:MOST_TRIES]:
            try:
                url = f"{target.peer.url}/witness/{hash_origin(origin)}/checkpoint"
                note = self.client.get(url, limit=MAX_BODY, types=("text/plain",))
                suspect(origin, note, shown_by=say("the witness of {peer}", peer=target.peer.origin))
            except FederationError as error:
                log.warning("what %s cosigned of us cannot be looked into: %s", target.peer.origin, error)


def _succeed(target: _Target, head: SignedCheckpointRow) -> None:
    row, target.reached = target.row, True
    for code in ALARMING & {row.error_code}:
        settle(target.peer.origin, code)
    row.size, row.cosigned_at = head.size, max(timezone.now(), head.second)
    row.failures, row.next_attempt, row.error_code, row.error_message = 0, None, "", ""


def _fail(target: _Target, error: FederationError) -> None:
    row, target.alarm = target.row, error.code in ALARMING
    pause = min(SHORTEST_PAUSE * 2 ** min(row.failures, 12), LONGEST_PAUSE)
    row.failures += 1
    row.next_attempt = timezone.now() + pause * random.uniform(0.5, 1)
    row.error_code, row.error_message = error.code, to_text(str(error))
    log.warning("%s does not cosign: %s: %s", target.peer.origin, error.code, error)
    if target.alarm:
        raise_alert(target.peer.origin, error.code, str(error))


def _save(targets: Iterable[_Target]) -> None:
    Submission.objects.bulk_create(
        [target.row for target in targets],
        update_conflicts=True,
        unique_fields=["peer"],
        update_fields=["size", "cosigned_at", "failures", "next_attempt", "error_code", "error_message"],
    )
