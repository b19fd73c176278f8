"""A node lost for good is rebuilt from its mirrors: its own log, as its peers copied it, verified, and written again.

1. Everybody named is asked for the newest checkpoint (`recovery_sources`); the largest with entries behind it is the
   aim. Any other that does not belong to the same history stops all of it, with the evidence of a fork: our key has
   then signed two. One that is larger but has no entries behind it means that entries are lost.
2. The rollback guard remembers the aim before anything is stored: until all of it is back, nothing can be appended or
   signed, however often this is interrupted.
3. Entries come in batches, each shown to be of the signed tree before it is committed; when a mirror fails, or serves
   what was not signed, another goes on.
4. The read model follows, then the checkpoint with the lines of our own keys, which the log itself names; last the
   guard.

Lost for ever is what was acknowledged and copied by nobody. If a peer's witness has seen its checkpoint, we know how
much that is; signing that size again with other entries is a fork, and peers will say so. If nobody has, only the
holder of a receipt can show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.conf import settings

from federation import peers
from federation.errors import EntriesInvalid, FederationError, RecoveryRefused, TransportError
from federation.models import Following
from federation.peers import WITHDRAWN
from federation.recovery_sources import Witnessed, ask_all, open_all, read_vkeys
from federation.sync import restoring
from federation.sync.bundles import read_batches
from federation.transport import Client
from ledger import guard, key_files
from ledger.errors import KeyUnusable, NotCovered
from ledger.nodes import DatabaseNodeReader
from ledger.reader import get_log, latest_checkpoint
from ledger.signer import node_signers, read_verifiers
from ledger.tlog.checkpoint import parse_checkpoint_note
from ledger.tlog.errors import ForkUnproven, TlogError
from ledger.tlog.fork import format_fork, prove_fork
from ledger.tlog.merkle import EMPTY_ROOT, prove_consistency, read_root
from ledger.tlog.note import COSIGNATURE, ED25519, VerifierKey, format_note, open_note, parse_vkey
from ledger.tlog.tiles import TileReader
from ledger.tlog.trusted import TrustedLog, accept_entries
from register import events
from register.errors import RegisterError
from register.queries.peers import find_register
from register.records import RegisterRecord

ENTRIES: Final = "entries"
ROWS: Final = "read model"
Progress = Callable[[str, int, int], None]
"""What is under way (`ENTRIES` or `ROWS`), how many entries are done, and of how many."""


class Forked(FederationError):
    """Our key signed two histories; the evidence is in the file that the message names."""

    code = "own_fork"


@dataclass(frozen=True, slots=True)
class Request:
    """What an operator wants: from which addresses, under which keys of our log, and whether a known loss is accepted.

    `evidence` is where a proof is written if our log has forked.
    """

    urls: Sequence[str]
    vkeys: Sequence[str]
    accept_loss: bool = False
    evidence: Path = field(default_factory=lambda: Path(settings.ASSAY_DATA_DIR) / "recovered-fork-proof")


@dataclass(frozen=True, slots=True)
class Recovered:
    """How it ended: sizes before and after, entries known to be lost, and sentences for the operator.

    `hindrances` say why this node cannot sign on yet, `remarks` what else to know.
    """

    before: int
    size: int
    lost: int
    hindrances: tuple[str, ...]
    remarks: tuple[str, ...]


def recover(request: Request, client: Client, progress: Progress = lambda what, done, total: None) -> Recovered:
    """Bring our own log back, or go on with it; a log that is all there is left as it is.

    Raises `RecoveryRefused`, `Forked`, `GuardUnreadable`, and errors of ledger and register. What an error leaves is
    nothing, or a beginning of the log on which nothing can be written, and from which the same command goes on.
    """
    keys = read_vkeys(request.vkeys or _own_vkeys())
    answers = ask_all(client, request.urls)
    opened, known = open_all(client, answers, keys)
    serving = sorted((one for one in opened if one.shown.remote), key=lambda one: -one.size)
    if not serving or not serving[0].size:
        raise RecoveryRefused(
            "expected a mirror that holds entries of this log, found none; nothing was changed. "
            + " ".join(answers.complaints)
        )
    _insist_on_one_history(serving, opened, request.evidence)
    lost = _insist_on_all(serving[0], opened, request.accept_loss)
    before = _insist_on_beginning(serving)
    _insist_on_settings(serving)
    _remember_aim(serving[0], accept=request.accept_loss)
    restoring.open_own()
    _copy(serving, known, progress)
    restoring.project_own(lambda done: progress(ROWS, done, serving[0].size))
    register = _finish(serving[0], known)
    peers.refresh()
    remarks = (*answers.complaints, *_name_unasked(request.urls))
    return Recovered(before, serving[0].size, lost, _judge_keys(register), remarks)


def is_under_way() -> bool:
    """Tell whether a recovery has begun here and not ended: no checkpoint covers what the guard knows."""
    size = _remembered_size()
    try:
        return latest_checkpoint(settings.ASSAY_ORIGIN).size < size
    except NotCovered:
        return size > 0


def _remembered_size() -> int:
    remembered = guard.read(settings.ASSAY_ORIGIN)
    return parse_checkpoint_note(remembered)[1].size if remembered is not None else 0


def _own_vkeys() -> list[str]:
    return [str(key) for key in read_verifiers() if key.type == ED25519]


def _insist_on_one_history(serving: Sequence[Witnessed], opened: Sequence[Witnessed], evidence: Path) -> None:
    """Raise `Forked`, the proof written, unless everything shown up to the largest tree belongs to it."""
    aim = serving[0]
    for other in opened:
        if other is aim or other.size > aim.size:
            continue
        fork = None
        for tiles in _full(serving):
            try:
                fork = prove_fork(aim.signed, other.signed, _reader(aim, tiles))
            except ForkUnproven:
                break
            except (TlogError, TransportError):
                continue
            break
        else:
            raise RecoveryRefused(
                f"expected tiles by which to compare {other.shown.where} ({other.size} entries) with the {aim.size} "
                f"entries of {aim.shown.where}, nobody serves them; nothing was changed"
            )
        if fork is not None:
            evidence.write_bytes(format_fork(fork))
            raise Forked(
                f"{other.shown.where} and {aim.shown.where} show two histories, both signed by this log's key "
                f"({fork.kind}): the key is in other hands, or an older copy of this node went on. The proof is in "
                f"{evidence} (assay audit --evidence). Nothing was changed; decide with your peers which history "
                "stands, and name only mirrors of that one"
            )


def _insist_on_all(aim: Witnessed, opened: Sequence[Witnessed], accept: bool) -> int:
    """Return how many entries are known to be lost; raises `RecoveryRefused` for any, unless that is accepted."""
    newest = max(opened, key=lambda one: one.size)
    lost = newest.size - aim.size
    if lost and not accept:
        raise RecoveryRefused(
            f"{newest.shown.where} knows a checkpoint of {newest.size} entries, the mirrors hold {aim.size}: {lost} "
            "are missing. Name more mirrors, or bring back a newer backup. If nobody has them they are lost: tell your "
            "peers, who will see a fork as soon as this node signs other entries in their place, and say --accept-loss"
        )
    return lost


def _insist_on_beginning(serving: Sequence[Witnessed]) -> int:
    """Return how many entries are stored; raises `RecoveryRefused` unless they are a beginning of the aim."""
    aim, own = serving[0], restoring.read_own()
    if own.size > aim.size:
        raise RecoveryRefused(
            f"this node holds {own.size} entries, the mirrors {aim.size}: there is nothing to bring back"
        )
    for tiles in _full(serving):
        try:
            root = read_root(own.size, _reader(aim, tiles)) if own.size else EMPTY_ROOT
        except (TlogError, TransportError):
            continue
        if root == own.root():
            return own.size
        raise RecoveryRefused(
            f"the {own.size} entries stored here are no beginning of what the mirrors hold; recover into an empty "
            "database, and keep this one as evidence"
        )
    raise RecoveryRefused("expected tiles by which to compare what is stored here, no mirror serves them")


def _insist_on_settings(serving: Sequence[Witnessed]) -> None:
    """Raise `RecoveryRefused` unless the log's first entry, proven, was said by a node of our address and territory."""
    entry = _read_first(serving)
    try:
        opening = events.parse(entry)
        url, territory = opening.source, sorted(opening.data.territory)
    except (RegisterError, AttributeError) as error:
        raise RecoveryRefused(f"the log's first entry does not open a register: {error}") from error
    ours = sorted(settings.ASSAY_TERRITORY)
    if url != settings.ASSAY_BASE_URL:
        raise RecoveryRefused(
            f"this log is of the node at {url}; set ASSAY_BASE_URL, which is {settings.ASSAY_BASE_URL}"
        )
    if territory != ours:
        raise RecoveryRefused(f"this log is of {', '.join(territory)}; set ASSAY_TERRITORY, which is {', '.join(ours)}")


def _read_first(serving: Sequence[Witnessed]) -> bytes:
    """Return entry 0 from whoever proves it."""
    aim, complaints = serving[0], []
    for source in serving:
        for tiles in _full(serving):
            try:
                assert source.shown.remote
                entry = source.shown.remote.read_bundle(0, min(256, source.size))[0]
                state = TrustedLog(settings.ASSAY_ORIGIN, (), aim.size, aim.signed.checkpoint.root)
                accept_entries(state, 0, [entry], _prove(aim, tiles, 1))
            except (TlogError, TransportError, EntriesInvalid) as error:
                complaints.append(str(error))
            else:
                return entry
    raise RecoveryRefused(f"no mirror serves what was signed; nothing was changed. {' '.join(complaints)}"[:2000])


def _remember_aim(aim: Witnessed, *, accept: bool) -> None:
    """Let the guard know the tree that is to come back, without times: nobody has verified the witness's lines yet.

    What it knows beyond that is given up, and kept beside it, only if the loss was accepted.
    """
    note = format_note(aim.signed.text, (item.signature for item in aim.signed.log_signatures))
    known = _remembered_size()
    if known < aim.size:
        with guard.hold(settings.ASSAY_ORIGIN) as held:
            held.remember(note)
    elif known > aim.size and accept:
        guard.accept(settings.ASSAY_ORIGIN, note)


def _copy(serving: Sequence[Witnessed], keys: Sequence[VerifierKey], progress: Progress) -> None:
    """Fetch and store what is missing, from one mirror after the other; raises `RecoveryRefused` when all failed."""
    complaints: list[str] = []
    for tiles in _full(serving):
        for source in [tiles, *(one for one in serving if one is not tiles)]:
            try:
                _copy_from(source, serving[0], tiles, keys, progress)
            except (TlogError, TransportError, EntriesInvalid) as error:
                complaints.append(f"{source.shown.where}: {error}")
            if restoring.read_own().size == serving[0].size:
                return
    raise RecoveryRefused(
        f"{restoring.read_own().size} of {serving[0].size} entries are back; the same command goes on from there, "
        f"perhaps with another mirror, and until then this node writes nothing. {' '.join(complaints)}"[:2000]
    )


def _copy_from(
    source: Witnessed, aim: Witnessed, tiles: Witnessed, keys: Sequence[VerifierKey], progress: Progress
) -> None:
    own, head = restoring.read_own(), aim.signed.checkpoint
    stop = min(source.size, head.size)
    if own.size >= stop or source.shown.remote is None:
        return
    state = TrustedLog(head.origin, tuple(keys), head.size, head.root, aim.signed.raw, frontier=own)
    with read_batches(source.shown.remote, own.size, stop) as batches:
        for batch in batches:
            state = accept_entries(state, batch.start, batch.entries, _prove(aim, tiles, batch.end))
            restoring.append_own(batch)
            progress(ENTRIES, batch.end, head.size)


def _prove(aim: Witnessed, tiles: Witnessed, size: int) -> list[bytes]:
    """Return the consistency proof from a size to the aim, out of tiles authenticated up to the signed root."""
    return prove_consistency(size, aim.size, _reader(aim, tiles)) if size < aim.size else []


def _reader(aim: Witnessed, tiles: Witnessed) -> TileReader:
    assert tiles.shown.remote
    return TileReader(aim.size, aim.signed.checkpoint.root, tiles.shown.remote.fetch_tiles)


def _full(serving: Sequence[Witnessed]) -> list[Witnessed]:
    """Return the mirrors of the whole aim: only they have the tiles at its edge."""
    return [one for one in serving if one.size == serving[0].size]


def _finish(aim: Witnessed, known: Sequence[VerifierKey]) -> RegisterRecord:
    """Keep the checkpoint with our own lines, let old keys verify it, and let the guard see that all is back."""
    origin = settings.ASSAY_ORIGIN
    register = find_register(origin)
    if register is None:
        raise RecoveryRefused("the log that came back opens no register; run manage.py rebuild")
    witnesses = [parse_vkey(key.vkey) for key in register.keys if key.use == "witness"]
    keys = [*known, *(key for key in witnesses if key.type == COSIGNATURE)]
    opened = open_note(aim.signed.raw, keys)
    times = [item.signature.time for item in opened.verified if item.key.type == COSIGNATURE]
    if not times:
        raise RecoveryRefused(
            f"the checkpoint of {aim.shown.where} lacks the line of our own witness; ask another mirror"
        )
    note = format_note(aim.signed.text, (item.signature for item in opened.verified))
    former = [str(key) for key in known] + [key.vkey for key in register.keys]
    key_files.remember_former(Path(settings.ASSAY_KEYS_DIR), [vkey for vkey in former if vkey not in _present()])
    restoring.record_own(aim.signed, note, max(times))
    log = get_log(origin)

    def root_at(size: int) -> bytes:
        return read_root(size, DatabaseNodeReader(log.id, size))

    with guard.hold(origin) as held:
        held.check(log.size, root_at(log.size), root_at, first=False)
        if held.time <= max(times):
            held.remember(note)
    return register


def _present() -> list[str]:
    try:
        return [str(key) for key in node_signers().verifiers]
    except KeyUnusable:
        return []


def _judge_keys(register: RegisterRecord) -> tuple[str, ...]:
    """Return in a sentence each why the keys in place cannot go on for the ones lost."""
    present, said = _present(), []
    if register.vkey not in present or register.witness_vkey not in present:
        said.append(
            f"The keys in {settings.ASSAY_KEYS_DIR} are not those of this ledger. Put log.key and witness.key back "
            "from the key backup before the node starts. If they are lost: manage.py rotate_key --log --witness "
            "--compromised announces new ones, and the operators of all peers have to confirm them by telephone."
        )
    return tuple(said)


def _name_unasked(urls: Sequence[str]) -> list[str]:
    """Name the peers of our ledger that nobody asked: their witnesses may know of more entries."""
    asked = {url.rstrip("/").partition("/mirror/")[0] for url in urls}
    rows = Following.objects.exclude(status=WITHDRAWN).order_by("name")
    unasked = [f"{row.name} ({row.url})" for row in rows if row.url not in asked]
    if not unasked:
        return []
    return [
        f"These peers were not asked what they have seen of this log: {', '.join(unasked)}. Ask them before anybody "
        "writes: the same command with their addresses."
    ]
