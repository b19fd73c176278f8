"""What can go wrong in the ledger, one class per kind of fault, all under `LedgerError`.

A message says what was expected, what came and what to do. It never holds a key or an entry's content.
"""

from __future__ import annotations


class LedgerError(Exception):
    """Base of every error this app raises on purpose."""


class UnknownLog(LedgerError):
    """No log of that origin is kept here, or it is a peer's and cannot be appended to."""


class EntryTooLarge(LedgerError):
    """An entry is longer than an entry bundle can carry (C2SP tlog-tiles: 65,535 bytes)."""


class DuplicateEntry(LedgerError):
    """An entry of the same identity is in the log already, or twice in one batch.

    `identity` is the 32-byte identity given; `index` the entry that has it, or None within one batch.
    """

    def __init__(self, message: str, identity: bytes, index: int | None) -> None:
        super().__init__(message)
        self.identity = identity
        self.index = index


class WrongStart(LedgerError):
    """Entries of a peer do not begin where our copy of its log ends."""


class LockNotHeld(LedgerError):
    """An append was tried outside the transaction that locked the log."""


class NotCovered(LedgerError):
    """The entry, tile or size asked for is not under a signed checkpoint (yet)."""


class LedgerDamaged(LedgerError):
    """Stored bytes contradict each other: a disk, an operator or an intruder changed them.

    `what` names the kind of row (`entry`, `leaf hash`, `tile`, `checkpoint`, …), `index` the first one at fault.
    """

    def __init__(self, message: str, what: str, index: int | None = None) -> None:
        super().__init__(message)
        self.what = what
        self.index = index


class InconsistentHistory(LedgerError):
    """The stored tree is not an extension of what this node signed before; nothing more is signed.

    `signed` is the note signed earlier, `size` and `root` are what the stored hashes give now (None: not asked for).
    """

    def __init__(self, message: str, signed: bytes, size: int, root: bytes | None = None) -> None:
        super().__init__(message)
        self.signed = signed
        self.size = size
        self.root = root


class RolledBack(InconsistentHistory):
    """The database is older than, or different from, what the guard file knows this machine to have signed."""


class GuardUnreadable(LedgerError):
    """The guard file is missing its form, or cannot be read or written; nothing is signed without it."""


class KeyUnusable(LedgerError):
    """A key file is missing, malformed, readable by others, or belongs to another origin."""
