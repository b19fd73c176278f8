"""Whose cosignatures count, and which of the lines under a note are theirs.

Anybody can add a line to a note. Only lines that verify under a key we know are kept or passed on; one that does not is
dropped without a word, because it says nothing about the log or the witness it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from federation.models import Following
from ledger.signer import read_verifiers
from ledger.tlog.errors import SignatureInvalid
from ledger.tlog.note import COSIGNATURE, Note, Signature, VerifierKey, parse_vkey

MAX_AHEAD: Final = 300
"""Seconds a cosignature's time may be ahead of our clock and be believed: a later one would keep a silent log fresh."""

WITNESSING: Final = ("following", "paused")
"""Statuses of peers whose witnesses count: one whose own log forked says nothing of others'."""


def list_cosigners() -> tuple[VerifierKey, ...]:
    """Return the witness keys of our peers, by origin; one that two peers name counts once, one of ours does not."""
    rows = Following.objects.filter(status__in=WITNESSING).order_by("origin").values_list("witness_vkeys", flat=True)
    own = {key.public_key for key in read_verifiers()}
    found = {key.public_key: key for vkeys in rows for key in map(read_vkey, vkeys) if key.type == COSIGNATURE}
    return tuple(key for public_key, key in found.items() if public_key not in own)


def keep_own_lines(note: Note, keys: Sequence[VerifierKey], now: int) -> tuple[Signature, ...]:
    """Return the verified lines of a log's own witness: those not from the future; without any, those that are.

    A clock that is ahead must not keep back what the log says; its times prove nothing (`sync.targets`).
    """
    return keep_cosignatures(note, keys, now) or keep_cosignatures(note, keys, None)


def keep_cosignatures(note: Note, keys: Iterable[VerifierKey], now: int | None) -> tuple[Signature, ...]:
    """Return the note's lines that verify under these witness keys: the latest of each key, none from the future.

    `now` is POSIX seconds; None lets every time pass.
    """
    latest: dict[VerifierKey, Signature] = {}
    for key in keys:
        for line in note.signatures:
            if key.type == COSIGNATURE and (line.name, line.key_id) == (key.name, key.key_id):
                _take_later(latest, key, line, note.text, now)
    return tuple(latest.values())


def _take_later(
    latest: dict[VerifierKey, Signature], key: VerifierKey, line: Signature, text: str, now: int | None
) -> None:
    known = latest.get(key)
    if (now is not None and line.time > now + MAX_AHEAD) or (known is not None and known.time >= line.time):
        return
    try:
        key.check(text, line)
    except SignatureInvalid:
        return
    latest[key] = line


@lru_cache(maxsize=4096)
def read_vkey(text: str) -> VerifierKey:
    """Return a parsed vkey; the same few are read with every checkpoint. Raises `NoteMalformed`."""
    return parse_vkey(text)
