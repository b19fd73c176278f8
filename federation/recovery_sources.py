"""Who holds what of our own log: mirrors asked for their newest checkpoint, witnesses for what they cosigned last.

What is shown is opened under keys the operator knows, or that follow from one of them: a change of keys counts when a
mirror proves its announcement under a checkpoint that the key before had signed (`register.key_chain`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from federation.errors import EntriesInvalid, RecoveryRefused, TransportError, UnexpectedAnswer
from federation.remote import MAX_CHECKPOINT, RemoteLog
from federation.sync.bundles import read_batches
from federation.transport import Client
from federation.witness import hash_origin
from ledger import guard
from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint_note
from ledger.tlog.errors import TlogError
from ledger.tlog.note import ED25519, VerifierKey, parse_vkey
from register.key_chain import ROTATION, ChainBroken, Handover, follow_log_key

_MIRROR: Final = "/mirror/"
_LIMIT: Final = 131_072
"""Bytes of a receipt: a checkpoint and 63 hashes."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A checkpoint of our log as somebody (`where`) shows it, not verified; `remote` serves its entries, if any do."""

    where: str
    note: bytes
    remote: RemoteLog | None


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint that our log signed, and who showed it."""

    shown: Shown
    signed: SignedCheckpoint

    @property
    def size(self) -> int:
        """How many entries it covers."""
        return self.signed.checkpoint.size


@dataclass(frozen=True, slots=True)
class Answers:
    """All that was shown, and in a sentence each what could not be asked."""

    shown: tuple[Shown, ...]
    complaints: tuple[str, ...]


def read_vkeys(vkeys: Iterable[str]) -> tuple[VerifierKey, ...]:
    """Return the keys an operator names; raises `RecoveryRefused` for one that is not a log key of this node's name."""
    keys = []
    for text in vkeys:
        try:
            key = parse_vkey(text.strip())
        except TlogError as error:
            raise RecoveryRefused(f"expected a verifier key after --vkey: {error}") from error
        if key.name != settings.ASSAY_ORIGIN or key.type != ED25519:
            raise RecoveryRefused(
                f"expected the log key of {settings.ASSAY_ORIGIN}, got {text[:200]}; check ASSAY_ORIGIN and --vkey"
            )
        keys.append(key)
    return tuple(dict.fromkeys(keys))


def ask_all(client: Client, urls: Sequence[str]) -> Answers:
    """Ask each node for its mirror of our log and its witness for what it cosigned; this machine's guard is asked, too.

    `urls` are nodes' base addresses or addresses of mirrors. Nothing is verified.
    """
    shown, complaints = [], []
    for url in urls:
        base, _, _ = url.rstrip("/").partition(_MIRROR)
        digest = hash_origin(settings.ASSAY_ORIGIN)
        mirror = url.rstrip("/") if _MIRROR in url else f"{base}{_MIRROR}{digest}"
        try:
            remote = RemoteLog(client, mirror)
            shown.append(Shown(mirror, remote.read_checkpoint(), remote))
        except TransportError as error:
            complaints.append(str(error))
        witness = f"{base}/witness/{digest}/checkpoint"
        try:
            shown.append(Shown(witness, client.get(witness, limit=MAX_CHECKPOINT, types=("text/plain",)), None))
        except TransportError as error:
            if not isinstance(error, UnexpectedAnswer) or error.status != 404:
                complaints.append(f"what its witness cosigned is unknown: {error}")
    if (remembered := guard.read(settings.ASSAY_ORIGIN)) is not None:
        shown.append(Shown("this machine's rollback guard", remembered, None))
    return Answers(tuple(shown), tuple(complaints))


def open_all(
    client: Client, answers: Answers, keys: Sequence[VerifierKey]
) -> tuple[list[Witnessed], list[VerifierKey]]:
    """Open everything shown, under the keys given and those that follow from them; return it with all keys.

    Raises `RecoveryRefused` for a checkpoint that none of them signed: it may be the newest there is.
    """
    known = list(keys)
    for shown in answers.shown:
        if shown.remote is not None and not _opens(shown, known):
            known = list(dict.fromkeys([*known, *_follow_keys(client, shown, shown.remote, known)]))
    return [Witnessed(shown, _open(shown, known)) for shown in answers.shown], known


def _opens(shown: Shown, keys: Sequence[VerifierKey]) -> bool:
    try:
        open_checkpoint(shown.note, keys, settings.ASSAY_ORIGIN)
    except TlogError:
        return False
    return True


def _open(shown: Shown, keys: Sequence[VerifierKey]) -> SignedCheckpoint:
    try:
        return open_checkpoint(shown.note, keys, settings.ASSAY_ORIGIN)
    except TlogError as error:
        raise RecoveryRefused(
            f"expected a checkpoint of {settings.ASSAY_ORIGIN} under a key that is known, {shown.where} shows another: "
            f"{error}. Give the key that signed last as a further --vkey, or leave that address out if it is not "
            "to be believed"
        ) from error


def _follow_keys(
    client: Client, shown: Shown, remote: RemoteLog, keys: Sequence[VerifierKey]
) -> tuple[VerifierKey, ...]:
    """Return the keys that follow from one that is known, by the announcements in a mirror; none if nothing does."""
    try:
        size = parse_checkpoint_note(shown.note)[1].size
        handovers = list(_read_handovers(client, remote, min(size, settings.ASSAY_PEER_MAX_ENTRIES)))
    except (TlogError, TransportError, EntriesInvalid):
        return ()
    found: list[VerifierKey] = []
    for key in keys:
        try:
            found += follow_log_key(key, handovers).keys
        except ChainBroken:
            continue
    return tuple(found)


def _read_handovers(client: Client, remote: RemoteLog, size: int) -> Iterator[Handover]:
    """Yield the announcements of keys in a mirror; each proves itself by its receipt, so nothing else is verified."""
    if not size:
        return
    with read_batches(remote, 0, size) as batches:
        for batch in batches:
            for index, entry in enumerate(batch.entries, batch.start):
                if ROTATION.encode() in entry:
                    url = f"{remote.base}/first-receipt/{index}"
                    receipt = client.get(url, limit=_LIMIT, types=("text/plain",)).decode("utf-8", "replace")
                    text = entry.decode("utf-8", "replace")
                    yield Handover(index=index, data=text, receipt=receipt, former_receipt=receipt)
