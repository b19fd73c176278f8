"""Catching a log that signs two histories: comparing, keeping the proof, freezing the peer, reporting it.

Nothing but a `ledger.tlog.fork` proof, which rests on the log's own signatures alone, convicts anybody. What cannot be
decided yet (a tree larger than our copy) is kept as a `Sighting` and compared again when more is known.

A conviction is one transaction: evidence, the peer frozen, the alert. Our own ledger's `fork.reported` follows in a
transaction of its own, since writing waits for the ledger's lock. What a crash between the two leaves is evidence
without `entry`, which `report_evidence` (a task) takes up again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone
from pydantic import ValidationError

from federation.alerts import raise_alert, settle
from federation.errors import CheckpointInvalid, PeerFrozen
from federation.models import Alert, Cosigned, Evidence, Following, Sighting
from federation.peers import FOLLOWING, FROZEN, PAUSED, find_peer
from ledger.errors import LedgerError, NotCovered, UnknownLog
from ledger.reader import DatabaseNodeReader, first_checkpoint_covering, get_log, latest_checkpoint
from ledger.signer import read_verifiers
from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.tlog.errors import ForkUnproven, ProofInvalid, SignatureInvalid, TlogError
from ledger.tlog.fork import INCONSISTENT, ROLLED_BACK, SAME_SIZE, ForkProof, format_fork, prove_fork
from ledger.tlog.merkle import NodeReader
from ledger.tlog.note import COSIGNATURE, Note, Signature, VerifierKey, format_note, parse_note
from register import commands
from register.commands import Written
from register.errors import RegisterError
from register.ids import new_id
from register.payloads import ForkTerms
from register.sentences import Coded, Said, cite, join, say, to_text

log = logging.getLogger(__name__)

FORK: Final = "fork"
OWN_FORK: Final = "own_fork"
COPY_DAMAGED: Final = "copy_damaged"
TWO_KEYS: Final = "histories_under_two_keys"
UNREPORTED: Final = "fork_unreported"


class Keys(NamedTuple):
    """The keys of one log: `present` ones verify what is new, `all` of them what was stored before."""

    present: tuple[VerifierKey, ...]
    all: tuple[VerifierKey, ...]


class Rival(NamedTuple):
    """A checkpoint we hold, to compare another with; `reader` knows the nodes of its tree where it is the larger."""

    note: bytes
    size: int
    root: bytes
    reader: NodeReader | None

    def is_tree_of(self, signed: SignedCheckpoint) -> bool:
        """Tell whether it is the same tree: then neither roots nor times can contradict each other."""
        return (self.size, self.root) == (signed.checkpoint.size, signed.checkpoint.root)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What we hold says of a checkpoint: `fork` convicts its log; else it is `settled`, or larger than we can judge."""

    fork: ForkProof | None
    settled: bool


class Verdict(NamedTuple):
    """What became of a suspicion: the evidence that convicts, or whether it is `settled` or has to wait."""

    evidence: Evidence | None
    settled: bool


def examine(origin: str, older: bytes, newer: bytes, reader: NodeReader | None = None, shown_by: str = "") -> None:
    """Judge two checkpoints of a log, both verified before; raises `PeerFrozen` once they have convicted it.

    `reader` knows the larger tree's nodes, authenticated or not: they are checked. Returns when the two go together;
    raises `ProofInvalid` or `TileMalformed` when the reader's hashes are not of the larger tree.
    """
    keys = find_keys(origin).all
    one, other = (open_checkpoint(note, keys, origin) for note in (older, newer))
    try:
        fork = _prove(one, other, reader)
    except ForkUnproven:
        return
    raise PeerFrozen(say_forked(convict(fork, shown_by)))


def say_forked(evidence: Evidence) -> Said:
    """Return in a sentence that a log has forked, and where the evidence is."""
    return say(
        "{origin} has two histories ({kind}); see /federation for evidence {id}",
        origin=evidence.origin,
        kind=Coded(evidence.kind, _WORDS.get(evidence.kind, evidence.kind)),
        id=str(evidence.id),
    )


def _prove(one: SignedCheckpoint, other: SignedCheckpoint, reader: NodeReader | None) -> ForkProof:
    """Make the proof that one key of a log signed two histories; raises as `prove_fork` does.

    A key that came in the place of a stolen one does not answer for what the thief signed: then the operator is told,
    and nobody is convicted.
    """
    fork = prove_fork(one, other, reader)
    if not {line.key for line in one.log_signatures} & {line.key for line in other.log_signatures}:
        raise_alert(
            fork.origin,
            TWO_KEYS,
            say(
                "its former key and its present one signed histories that do not belong together; nothing newer is "
                "copied. If the former key was stolen, ask its operator how to go on"
            ),
        )
        raise ForkUnproven(f"expected two checkpoints under one key of {fork.origin}, got them under two")
    return fork


def suspect(origin: str, note: bytes, shown_by: str = "") -> Evidence | None:
    """Look into a checkpoint that was not shown to extend what we hold; return the evidence if it convicts its log.

    Anybody can submit an honest old checkpoint with a garbled proof, so only roots and times count. What is larger than
    our copy waits as a sighting. `shown_by` says in words who showed it. Raises `CheckpointInvalid` for a note that the
    log did not sign, `UnknownPeer` for a log we do not know.
    """
    return weigh(origin, note, shown_by).evidence


def weigh(origin: str, note: bytes, shown_by: str, sighted_by: UUID | None = None) -> Verdict:
    """Do as `suspect` does, and keep what a peer (`sighted_by`) has told us of a log also when it is settled."""
    return weigh_opened(open_shown(origin, note), shown_by, sighted_by)


def weigh_opened(signed: SignedCheckpoint, shown_by: str, sighted_by: UUID | None = None) -> Verdict:
    """Do as `weigh` does with what `open_shown` returned."""
    origin, judged = signed.checkpoint.origin, judge(signed)
    if judged.fork is not None:
        return Verdict(convict(judged.fork, shown_by), settled=True)
    if origin == settings.ASSAY_ORIGIN:
        _look_for_stolen_key(signed, shown_by)
    if sighted_by is None and not judged.settled and origin != settings.ASSAY_ORIGIN:
        sighted_by = find_peer(origin).id
    if sighted_by is not None:
        keep_sighting(signed, sighted_by, compared=judged.settled)
    return Verdict(None, judged.settled)


def open_shown(origin: str, note: bytes) -> SignedCheckpoint:
    """Open a checkpoint somebody showed us under the log's own present keys; lines of others are left out.

    The log's signature must hold. A line of its witness that does not is left out too: whoever passes the note on could
    have put it there, so that nobody looks at it. Raises `CheckpointInvalid`, `UnknownPeer`.
    """
    keys = find_keys(origin).present
    try:
        parsed = parse_note(note)
        logs = open_checkpoint(note, [key for key in keys if key.type != COSIGNATURE], origin).log_signatures
        times = [line for key in keys if key.type == COSIGNATURE for line in _list_lines(parsed, key)]
        return open_checkpoint(format_note(parsed.text, [*(item.signature for item in logs), *times]), keys, origin)
    except TlogError as error:
        raise CheckpointInvalid(
            say("the checkpoint shown for {origin} is refused: {fault}", origin=origin, fault=cite(error))
        ) from error


def _list_lines(note: Note, key: VerifierKey) -> Iterator[Signature]:
    """Yield the lines of a note that verify under a key."""
    for line in note.signatures:
        if (line.name, line.key_id) == (key.name, key.key_id):
            with suppress(SignatureInvalid):
                key.check(note.text, line)
                yield line


def judge(signed: SignedCheckpoint) -> Judgement:
    """Compare a checkpoint with all that is held of its log here; a few queries, no network."""
    origin, largest = signed.checkpoint.origin, -1
    for rival in list_rivals(signed):
        try:
            if not rival.is_tree_of(signed):
                held = open_checkpoint(rival.note, find_keys(origin).all, origin)
                return Judgement(_prove(signed, held, rival.reader), settled=True)
            largest = max(largest, rival.size)
        except ForkUnproven:
            if rival.reader is not None or rival.size == signed.checkpoint.size:
                largest = max(largest, rival.size)
        except (ProofInvalid, LedgerError) as error:
            told = say("our copy does not hash to what was signed; run manage.py fsck: {fault}", fault=cite(error))
            raise_alert(origin, COPY_DAMAGED, told)
            return Judgement(None, settled=False)
    return Judgement(None, settled=largest >= signed.checkpoint.size)


def convict(fork: ForkProof, shown_by: str = "") -> Evidence:
    """Keep a proof, freeze the peer, alert the operator; after the commit, report it on our ledger.

    The same fork is kept once. While a peer stays frozen for a fork, or an alert about our own log is open, one piece
    of evidence is enough: whoever forks can sign any number of them.
    """
    with transaction.atomic():
        known = Evidence.objects.filter(fingerprint=fork.fingerprint).first() or _find_sufficient(fork.origin)
        if known is not None:
            return known
        evidence, new = Evidence.objects.get_or_create(
            fingerprint=fork.fingerprint,
            defaults={
                "id": UUID(new_id()),
                "origin": fork.origin,
                "kind": fork.kind,
                "older": fork.older,
                "newer": fork.newer,
                "proof": format_fork(fork),
                "shown_by": to_text(shown_by, 200),
                "found_at": timezone.now(),
            },
        )
        if new:
            _react(evidence)
            transaction.on_commit(report_evidence, robust=True)
    return evidence


def report_evidence() -> int:
    """Report on our ledger what is not reported yet, and return how many reports that were.

    Evidence against our own log is for the operator alone: our ledger is not the place where it would be believed.
    """
    waiting = Evidence.objects.filter(entry=None).exclude(origin=settings.ASSAY_ORIGIN).order_by("found_at")
    return sum(_report(evidence) for evidence in waiting)


def keep_sighting(signed: SignedCheckpoint, shown_by: UUID, *, compared: bool) -> None:
    """Keep what a peer showed of a log; one that waits to be compared stays until it is.

    Otherwise whoever shows two histories could have the one forgotten by showing the other. `seen_at` is when that tree
    was first shown.
    """
    head = signed.checkpoint
    tree = {"size": head.size, "root": head.root, "seen_at": timezone.now()}
    newest = {"note": signed.to_verified_bytes(), "compared": compared}
    kept = Sighting.objects.filter(origin=head.origin, shown_by=shown_by)
    if kept.filter(size=head.size, root=head.root).update(**newest):
        return
    if not kept.filter(compared=True).update(**tree, **newest):
        Sighting.objects.get_or_create(origin=head.origin, shown_by=shown_by, defaults={**tree, **newest})


def find_keys(origin: str) -> Keys:
    """Return the keys of a peer's log, or of our own; raises `UnknownPeer`."""
    if origin == settings.ASSAY_ORIGIN:
        own = tuple(read_verifiers())
        return Keys(own, own)
    peer = find_peer(origin)
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in peer.all_keys:  # no peer can make its own notes unreadable with a second key of the same key ID
        known.setdefault((key.name, key.key_id), key)
    return Keys((*peer.keys, *peer.witness_keys), tuple(known.values()))


def list_rivals(signed: SignedCheckpoint) -> Iterator[Rival]:
    """Yield what to compare a checkpoint with: of our copy the first that is larger, else the newest; what we cosigned.

    The first larger one is also the one with the earliest time, which a rollback contradicts soonest.
    """
    origin, size = signed.checkpoint.origin, signed.checkpoint.size
    try:
        head = latest_checkpoint(origin)
        held = first_checkpoint_covering(origin, size + 1) if size < head.size else head
        known = size < head.size
        copied = DatabaseNodeReader(held.log_id, held.size, held.root) if known else None
        yield Rival(held.note, held.size, held.root, copied)
    except (NotCovered, UnknownLog):
        pass
    cosigned = Cosigned.objects.filter(origin=origin, size__gt=0).first()
    if cosigned is not None:
        yield Rival(bytes(cosigned.note), cosigned.size, bytes(cosigned.root), None)


def _find_sufficient(origin: str) -> Evidence | None:
    if origin == settings.ASSAY_ORIGIN:
        enough = Alert.objects.filter(origin=origin, code=OWN_FORK, settled_at=None).exists()
    else:
        enough = Following.objects.filter(origin=origin, status=FROZEN).exists()
    return Evidence.objects.filter(origin=origin).order_by("-found_at").first() if enough else None


def _react(evidence: Evidence) -> None:
    """Freeze the peer and tell the operator. Our own log is never frozen: it is the other history that is not ours."""
    what, id_ = _WORDS[evidence.kind], str(evidence.id)
    if evidence.origin == settings.ASSAY_ORIGIN:
        raise_alert(
            evidence.origin,
            OWN_FORK,
            say("{alarm}: our key {signed}. Evidence {id}.", alarm=_OWN, signed=what, id=id_),
        )
        return
    reason = say("Its key {signed}. Evidence {id}.", signed=what, id=id_)
    Following.objects.filter(origin=evidence.origin, status__in=(FOLLOWING, PAUSED)).update(
        status=FROZEN, status_reason=to_text(reason)
    )
    raise_alert(evidence.origin, FORK, join([say("It is frozen at its last consistent state."), reason]))


_WORDS: Final = {
    SAME_SIZE: say("signed two different trees of one size"),
    INCONSISTENT: say("signed a smaller tree that is no beginning of a larger one it signed"),
    ROLLED_BACK: say("vouched for a smaller tree after a larger one"),
}
_OWN: Final = say("A checkpoint of our own log is out that this node did not sign, or not with this database")


def _look_for_stolen_key(signed: SignedCheckpoint, shown_by: str) -> None:
    """Alert when our key has signed more entries than are committed here: what is signed here always is."""
    held = get_log(signed.checkpoint.origin).size
    if signed.checkpoint.size > held:
        raise_alert(
            signed.checkpoint.origin,
            OWN_FORK,
            say(
                "{alarm}: {peer} shows {size} entries under our key, we hold {held}. Is an older backup running here, "
                "or was the key stolen?",
                alarm=_OWN,
                peer=shown_by or say("somebody"),
                size=signed.checkpoint.size,
                held=held,
            ),
        )


def _report(evidence: Evidence) -> int:
    """Write one report and, in the same transaction, where it stands; return 1, or 0 when it could not be."""

    def keep_entry(written: list[Written]) -> None:
        Evidence.objects.filter(id=evidence.id, entry=None).update(entry=written[0].index)

    try:
        intent = commands.intend("fork.reported", _terms(evidence), str(evidence.id))
        commands.record([intent], actor=commands.NODE, also=keep_entry)
    except (RegisterError, LedgerError, ValidationError, DatabaseError) as error:
        if not Evidence.objects.filter(id=evidence.id, entry=None).exists():
            return 0  # another worker was faster
        log.warning("fork %s is not reported yet: %s", evidence.id, error)
        raise_alert(
            evidence.origin,
            UNREPORTED,
            say("Evidence {id} could not be put on our ledger; it is tried again.", id=str(evidence.id)),
        )
        return 0
    settle(evidence.origin, UNREPORTED)
    return 1


def _terms(evidence: Evidence) -> ForkTerms:
    """Return what our ledger says of a fork; of two long notes of one size the file is left out, they speak alone."""
    said = {
        "origin": evidence.origin,
        "kind": evidence.kind,
        "older": bytes(evidence.older).decode(),
        "newer": bytes(evidence.newer).decode(),
        **({"shown_by": f"{evidence.said_shown_by}"} if evidence.shown_by else {}),
    }
    try:
        return ForkTerms.model_validate({**said, "proof": bytes(evidence.proof).decode()})
    except ValidationError:
        return ForkTerms.model_validate(said)
