"""Rehearsing: what a write would do, seen from within, and undone: nothing of it is signed, sent or left.

The write itself runs, with the lock on the log, the rules and the projection, so whatever it refuses is refused here
with the same words. Answers speak as far as the newest checkpoint reaches (register/queries/facts_sql.py), so the
rehearsal has one of its own, which nobody signed and nobody outside can see. The lock is held for as long as `look`
takes: a look reads, and is quick about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from django.db import transaction
from django.utils import timezone

from ledger import writer
from register.commands.recording import Clock, Intent, Written, record
from register.payloads import Actor

Found = TypeVar("Found")


_UNSIGNED: Final = bytes(32)
"""In place of the root of a tree that is about to vanish."""


class _CurtainError(Exception):
    """Raised when all is seen, to undo it."""


def rehearse(
    intents: Sequence[Intent], actor: Actor, look: Callable[[list[Written]], Found], *, clock: Clock = timezone.now
) -> Found:
    """Write all intents, return what `look` finds of them, and take everything back.

    Raises as `record` does, and whatever `look` raises. Nothing is published: what runs after a commit does not run.
    """
    found: list[Found] = []

    def see(written: list[Written]) -> None:
        last = written[-1]
        writer.record_checkpoint(last.origin, last.index + 1, _UNSIGNED, clock(), b"")
        found.append(look(written))
        raise _CurtainError

    try:
        with transaction.atomic():
            record(intents, actor=actor, clock=clock, also=see)
    except _CurtainError:
        return found[0]
    raise AssertionError("expected something to rehearse, got no intent")
