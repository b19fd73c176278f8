"""`assay audit --evidence FILE`: say in plain words what a fork proof proves, without asking anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from deploy.cli.evidence import read_time
from deploy.cli.node import NodeError
from deploy.cli.report import clean
from ledger.tlog.checkpoint import SignedCheckpoint
from ledger.tlog.errors import TlogError
from ledger.tlog.fork import INCONSISTENT, MAX_FORK_BYTES, ROLLED_BACK, SAME_SIZE, ForkProven, check_fork, parse_fork
from ledger.tlog.note import VerifierKey, parse_vkey
from register.moments import format_instant

PROVEN: Final = 1


def check_evidence_file(path: Path, vkeys: str | None) -> int:
    """Check a file and report it; returns 1, the code of a fault found, for a fork that is proven.

    `vkeys` are the log's keys as the caller knows them, separated by spaces. A file that proves nothing, or nothing
    under those keys, raises `NodeError`: then nothing is known, neither for nor against the log.
    """
    with path.open("rb") as file:
        data = file.read(MAX_FORK_BYTES + 1)
    try:
        keys = None if vkeys is None else [parse_vkey(vkey) for vkey in vkeys.split()]
        fork = parse_fork(data)
        proven = check_fork(fork, keys)
    except TlogError as error:
        raise NodeError(f"{path} proves no fork: {clean(error)}") from error
    print(f"FORK PROVEN  {clean(fork.origin)}")
    for line in _WORDS[proven.kind](proven):
        print(f"  {line}")
    _print_keys(fork.keys, pinned=keys is not None)
    return PROVEN


def _tell_same_size(proven: ForkProven) -> list[str]:
    older, newer = proven.older, proven.newer
    return [
        f"It signed two different trees of {older.checkpoint.size} entries, so two readers were shown two ledgers:",
        _describe(older),
        _describe(newer),
    ]


def _tell_inconsistent(proven: ForkProven) -> list[str]:
    older, newer, root = proven.older, proven.newer, proven.root or b""
    size = older.checkpoint.size
    return [
        f"It signed a tree of {newer.checkpoint.size} entries that does not begin with the {size} it signed as well:",
        _describe(older),
        _describe(newer),
        f"The first {size} entries of the larger tree have the root {root.hex()}.",
    ]


def _tell_rolled_back(proven: ForkProven) -> list[str]:
    older, newer, times = proven.older, proven.newer, proven.times
    before, after = (_format_time(times.before), _format_time(times.after)) if times else ("", "")
    return [
        f"Its witness key named {newer.checkpoint.size} entries the largest tree it knew at {before}, and at the later",
        f"{after} only {older.checkpoint.size} entries: the ledger went back, or was shown to readers in two states.",
        f"{newer.checkpoint.size} entries: root {newer.checkpoint.root.hex()}",
        f"{older.checkpoint.size} entries: root {older.checkpoint.root.hex()}",
    ]


_WORDS: Final[dict[str, Callable[[ForkProven], list[str]]]] = {
    SAME_SIZE: _tell_same_size,
    INCONSISTENT: _tell_inconsistent,
    ROLLED_BACK: _tell_rolled_back,
}


def _describe(signed: SignedCheckpoint) -> str:
    time = read_time(signed)
    when = f", vouched for at {format_instant(time)}" if time else ""
    return f"{signed.checkpoint.size} entries: root {signed.checkpoint.root.hex()}{when}"


def _format_time(seconds: int) -> str:
    try:
        return format_instant(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970"


def _print_keys(keys: Sequence[VerifierKey], *, pinned: bool) -> None:
    print("  Signed, and checked here, with:")
    for key in keys:
        print(f"    {clean(key)}")
    if pinned:
        print("  The keys are those you gave. Whoever holds them signed both; an honest ledger cannot have.")
    else:
        print("  The keys were taken from the file itself. Compare them with those you know, or give them with --vkey.")
