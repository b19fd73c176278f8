"""Our witness: cosigning the checkpoints of the peers we follow (C2SP tlog-witness, add-checkpoint).

A witness vouches that at its signature's time it knew no larger tree of that log, and that every tree it ever cosigned
is a beginning of this one. So reading the last state, deciding, signing and storing are one transaction under the lock
of the log's row, and the answer leaves after the commit: of two requests from the same base, one wins. A crash before
the commit leaves nothing; after it, a cosignature nobody has, and the log is told the new size when it asks again.

Only lines that were verified or made here are stored: a line under our name that somebody else put into the note would
otherwise make the stored state impossible to open. Anybody may submit what a log has signed, also again and with lines
left out: so lines of the tree cosigned last stay, and only what was not known before is news.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, LiteralString, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone

from federation.coalescing import Asking
from federation.cosigners import keep_cosignatures, keep_own_lines, list_cosigners, read_vkey
from federation.errors import FederationError
from federation.models import Cosigned
from ledger.database import execute, fetch_one, fetch_one_after
from ledger.errors import KeyUnusable, NotCovered
from ledger.signer import node_signers, read_verifiers
from ledger.tlog import checkpoint, witness
from ledger.tlog.checkpoint import SignedCheckpoint, add_signatures
from ledger.tlog.merkle import EMPTY_ROOT
from ledger.tlog.note import MAX_SIGNATURES, Note, Signature, VerifierKey, format_note, parse_note
from ledger.tlog.witness import AddCheckpoint, OriginUnknown

log = logging.getLogger(__name__)

CLOCK_TOLERANCE: Final = 2
"""Seconds our clock may be behind what we signed, as clocks of several machines are; then that time is signed again."""

LOCK_SECONDS: Final = 5
"""How long a request waits for another one about the same log."""

_PATIENCE: Final[LiteralString] = f"SELECT set_config('lock_timeout', '{LOCK_SECONDS}s', true)"
_READ: Final = """
    SELECT f.peer, f.vkeys, f.witness_vkeys, c.size, c.root, c.time, c.note FROM federation_following f
    LEFT JOIN LATERAL (
        SELECT size, root, time, note FROM federation_cosigned WHERE origin = f.origin FOR UPDATE
    ) c ON true WHERE f.origin = %s AND f.status = 'following'
"""
_BEGIN: Final = """
    INSERT INTO federation_cosigned (origin, size, root, note, time) VALUES (%s, 0, %s, ''::bytea, %s)
    ON CONFLICT DO NOTHING
"""
# Whoever reaches us can be reached again: what we have to submit to it need not wait any longer. (With news alone: what
# was submitted before may come from anybody.)
_STORE: Final = """
    WITH tried_again AS (
        UPDATE federation_submission SET next_attempt = NULL
        WHERE peer = %s AND failures > 0 AND next_attempt IS NOT NULL
    )
    UPDATE federation_cosigned SET size = %s, root = %s, note = %s, time = %s WHERE origin = %s
"""

_following = Asking("federation.follow")


class _Log(NamedTuple):
    """A followed log and what was cosigned of it last; `size` 0, a time in 1970 and no note when nothing was."""

    peer: UUID
    keys: tuple[VerifierKey, ...]
    witness_keys: tuple[VerifierKey, ...]
    size: int
    root: bytes
    time: datetime
    note: bytes


class _Cosignature(NamedTuple):
    """Our line, and whether the checkpoint told us anything: a larger tree, or a line we did not have."""

    line: Signature
    news: bool


class WitnessUnavailable(FederationError):
    """The witness cannot cosign now, for reasons of its own; `retry_after` is in seconds."""

    code = "witness_unavailable"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def cosign(body: bytes, now: datetime | None = None) -> bytes:
    """Answer an add-checkpoint request with our signature line, after the new state has been committed.

    Raises the subclasses of `WitnessRefusal`, in the specification's order, and `WitnessUnavailable`; either leaves
    nothing behind. The peer's submission may also be the news that its log has grown: then following it is started.
    """
    request = witness.parse_add_checkpoint(body)
    try:
        with transaction.atomic(durable=True):
            line, news = _cosign_locked(request, now or timezone.now())
    except OperationalError as error:
        log.warning("no checkpoint of %s is cosigned: %s", request.origin[:80], type(error).__name__)
        raise WitnessUnavailable("the witness's database is busy or away; submit again", 2) from error
    except KeyUnusable as error:
        log.error("nothing is cosigned: %s", error)
        raise WitnessUnavailable("the witness cannot sign until its operator looks after it", 60) from error
    if news:
        _following.ask(request.origin)
    return witness.format_cosignatures([line])


def read_cosigned(digest: str) -> bytes:
    """Return the newest checkpoint we cosigned of the log whose origin has this hex SHA-256; raises `NotCovered`."""
    for origin in Cosigned.objects.exclude(note=b"").values_list("origin", flat=True):
        if hash_origin(origin) == digest:
            return bytes(Cosigned.objects.values_list("note", flat=True).get(origin=origin))
    raise NotCovered("expected the SHA-256 (hex) of the origin of a log this witness has cosigned; there is none")


def hash_origin(origin: str) -> str:
    """Return the name of a log in addresses: hex SHA-256 of its origin."""
    return sha256(origin.encode()).hexdigest()


def _cosign_locked(request: AddCheckpoint, now: datetime) -> _Cosignature:
    log_row = _lock(request.origin)
    signers = node_signers()
    last = witness.Cosigned(log_row.size, log_row.root)
    signed = witness.decide_add_checkpoint(request, log_row.keys, last, signers.witness.verifier)
    seconds = _choose_time(log_row.time, now)
    line = checkpoint.cosign(signed.text, signers.witness, seconds)
    head, time = signed.checkpoint, datetime.fromtimestamp(seconds, UTC)
    lines = _gather_lines(signed, log_row, seconds)
    news = head.size > log_row.size or not set(lines) <= set(_lines_before(signed, log_row))
    note = add_signatures(format_note(signed.text, lines), [line])
    execute(_STORE, (log_row.peer if news else None, head.size, head.root, note, time, request.origin))
    return _Cosignature(line, news)


def _lock(origin: str) -> _Log:
    """Return the followed log of that origin, its state locked until the transaction ends.

    A first request makes the state, and its refusal takes it back. A log that shares a key with this node is none of
    its own: like our own, it is unknown.
    """
    row = fetch_one_after(_PATIENCE, (), _READ, (origin,)) if origin != settings.ASSAY_ORIGIN else None
    if row is not None and row[3] is None:
        execute(_BEGIN, (origin, EMPTY_ROOT, datetime.fromtimestamp(0, UTC)))
        row = fetch_one(_READ, (origin,))
    if row is not None:
        found = _Log(row[0], tuple(map(read_vkey, row[1])), tuple(map(read_vkey, row[2])), *row[3:])
        own = {key.public_key for key in read_verifiers()}
        if not any(key.public_key in own for key in found.keys):
            return found
    raise OriginUnknown(f"expected a log this witness follows, got {origin[:80]!r}; ask its operator to add it")


def _choose_time(last: datetime, now: datetime) -> int:
    """Return the second to sign with, never before the one signed last; raises `WitnessUnavailable`."""
    before, seconds = int(last.timestamp()), int(now.timestamp())
    if seconds < before - CLOCK_TOLERANCE:
        log.error("nothing is cosigned: the clock is %d s behind the last cosignature; set it", before - seconds)
        raise WitnessUnavailable("the witness's clock is behind what it signed", min(before - seconds, 3600))
    return max(before, seconds)


def _gather_lines(signed: SignedCheckpoint, peer: _Log, now: int) -> list[Signature]:
    """Return the lines to keep beside ours: one a log key, and the latest of each witness we know, also from before."""
    before = _lines_before(signed, peer)
    logs = {key: line for key in peer.keys for line in before if (line.name, line.key_id) == (key.name, key.key_id)}
    logs |= {item.key: item.signature for item in signed.log_signatures}
    others = Note(signed.text, tuple({*parse_note(signed.raw).signatures, *before} - set(logs.values())))
    kept = keep_own_lines(others, peer.witness_keys, now)
    if len(kept) < len(others.signatures):
        further = [key for key in list_cosigners() if key not in peer.witness_keys]
        kept = (*kept, *keep_cosignatures(others, further, now))
    room = MAX_SIGNATURES - len(logs) - 1
    return [*logs.values(), *kept[:room]]


def _lines_before(signed: SignedCheckpoint, peer: _Log) -> tuple[Signature, ...]:
    """Return the lines kept under this very text before, ours among them; they were verified then."""
    known = parse_note(peer.note) if peer.note else None
    return known.signatures if known is not None and known.text == signed.text else ()
