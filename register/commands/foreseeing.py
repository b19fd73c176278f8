"""Foreseeing: what a write would do, without the lock of the log and without writing: nobody waits for a look.

The rules judge and the fold works on a state loaded as a write would load it (`Judge`), so whatever a write refuses is
refused here with the same words. What is read beside it is asked for as known at the size of that state, which no later
entry changes. Answers speak as far as the newest checkpoint reaches (register/queries/facts_sql.py); in the moment in
which entries are committed and not signed yet, the look has a checkpoint of its own, which is undone with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ledger import reader, writer
from ledger.errors import NotCovered, UnknownLog
from register.commands.judging import Judge
from register.commands.recording import Intent
from register.payloads import Actor
from register.state import Change, State

Found = TypeVar("Found")

_UNSIGNED: Final = bytes(32)
"""In place of a root: nobody sees this checkpoint, and nothing is proven under it."""

_ATTEMPTS: Final = 3
"""Looks at a ledger that grows meanwhile; the last one counts, and publishing looks again under the lock."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What saying something would do: the records it would change, after `size` entries of the log of `origin`.

    `state` holds what the entry was judged by, its changes taken in.
    """

    origin: str
    size: int
    changes: tuple[Change, ...]
    state: State


class _CurtainError(Exception):
    """Raised when all is seen, to undo the checkpoint."""


def foresee(intent: Intent, actor: Actor, look: Callable[[Foreseen], Found]) -> Found:
    """Return what `look` finds of what an intent would do; raises Refused and MalformedEvent as the write would.

    `look` reads, as known at `Foreseen.size`; nothing is locked that a writer needs, and nothing is left.
    """
    foreseen = _judge(intent, actor)
    found: list[Found] = []
    try:
        with transaction.atomic():
            _cover(foreseen)
            found.append(look(foreseen))
            raise _CurtainError
    except _CurtainError:
        return found[0]


def _judge(intent: Intent, actor: Actor) -> Foreseen:
    """Judge by a state of one size; where somebody wrote while it was loaded, by a newer one."""
    for _ in range(_ATTEMPTS):
        judge = Judge(actor)
        size = judge.size
        changes = judge.foresee(intent)
        if reader.get_log(settings.ASSAY_ORIGIN).size == size:
            break
    return Foreseen(settings.ASSAY_ORIGIN, size, changes, judge.state)


def _cover(foreseen: Foreseen) -> None:
    try:
        signed = reader.latest_checkpoint(foreseen.origin).size
    except (NotCovered, UnknownLog):
        signed = 0
    if signed < foreseen.size:
        # A time with microseconds is nobody else's: no signer waits for this row.
        now = timezone.now()
        now = now.replace(microsecond=now.microsecond or 1)
        writer.record_checkpoint(foreseen.origin, foreseen.size, _UNSIGNED, now, b"")
