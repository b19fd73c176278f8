"""`assay audit`: replay a node's public ledger and say whether everything in it is as it must be."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.evidence import Unproven, check_own_keys, read_time
from deploy.cli.fork import check_evidence_file
from deploy.cli.keys import Keys
from deploy.cli.node import MAX_NOTE, Node, NodeError
from deploy.cli.report import clean
from ledger.tlog.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.tlog.errors import ProofInvalid, TlogError, UnknownKey
from ledger.tlog.note import parse_vkey
from ledger.tlog.proof import check_proof, parse_proof
from register.audit import Audited, AuditFault, Cut, audit
from register.moments import format_instant


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("url", nargs="?", help="the node's address, such as http://127.0.0.1:8000")
    parser.add_argument("--vkey", help="the log key you know the node by; without it the node is asked for its own")
    parser.add_argument(
        "--since", metavar="CHECKPOINT", type=Path, help="a checkpoint kept from before: the ledger must continue it"
    )
    parser.add_argument(
        "--evidence",
        metavar="FILE",
        type=Path,
        help="check a fork proof instead of a node: exit code 1 when it proves that the ledger has two histories, 2 "
        "when it proves nothing; --vkey then takes all keys the proof rests on, separated by spaces",
    )


def run(arguments: argparse.Namespace) -> int:
    """Audit a node, or a fork proof; returns 0 when all is well and 1 at the first fault."""
    if (arguments.url is None) == (arguments.evidence is None) or (arguments.evidence and arguments.since):
        raise NodeError("expected either a node's address or --evidence FILE; --since goes with an address")
    if arguments.evidence is not None:
        return check_evidence_file(arguments.evidence, arguments.vkey)
    with Node(arguments.url) as node:
        try:
            keys = _read_keys(node, arguments.vkey, arguments.since)
            audited = audit_node(node, keys, arguments.since)
        except (AuditFault, TlogError) as fault:
            print(f"FAULT  {clean(fault)}", file=sys.stderr)
            return 1
    _report(audited, keys)
    return 0


def _read_keys(node: Node, vkey: str | None, since: Path | None) -> Keys:
    """Learn the node's keys. A damaged ledger cannot describe its node: with a pinned key, find the damage first."""
    try:
        return node.read_keys(vkey)
    except NodeError:
        if vkey is not None:
            with suppress(UnknownKey):  # then why the keys cannot be read says more
                _replay_pinned(node, vkey, since)
        raise


def _replay_pinned(node: Node, vkey: str, since: Path | None) -> None:
    """Replay with the log key alone, which finds a fault (AuditFault, TlogError) but cannot say that all is well."""
    try:
        log = parse_vkey(vkey)
    except TlogError:
        return
    keys = Keys(log.name, (log,), (), pinned=True)
    signed = node.read_checkpoint(keys)
    earlier = _open_earlier(since, keys) if since else None
    audit(signed, node.fetch_tiles, since=earlier, prove=lambda index, entry: _prove(node, keys, index, entry))


def audit_node(node: Node, keys: Keys, since: Path | None = None, cut: Cut | None = None) -> Audited:
    """Replay a node's ledger with a progress bar on the terminal; raises AuditFault or TlogError at the first fault."""
    signed = node.read_checkpoint(keys)
    earlier = _open_earlier(since, keys) if since else None
    with _progress() as bar, _collect_no_garbage():
        task = bar.add_task("entries", total=signed.checkpoint.size)
        audited = audit(
            signed,
            node.fetch_tiles,
            since=earlier,
            cut=cut,
            prove=lambda index, entry: _prove(node, keys, index, entry),
            progress=lambda done: bar.update(task, completed=done),
        )
    _check_own_keys(audited, keys)
    return audited


def _prove(node: Node, keys: Keys, index: int, entry: bytes) -> None:
    """Raise TlogError unless the node has a receipt that proves these bytes at this index."""
    try:
        receipt = parse_proof(node.get(f"/ledger/receipt/{index}", MAX_NOTE))
    except NodeError as error:
        raise ProofInvalid(str(error)) from error
    if receipt.index != index:
        raise ProofInvalid(f"expected a receipt of entry {index}, got one of {receipt.index}")
    check_proof(receipt, entry, keys.all)


@contextmanager
def _collect_no_garbage() -> Iterator[None]:
    """Let reference counts alone free memory: a replay keeps millions of values and makes no cycles to look for."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _open_earlier(path: Path, keys: Keys) -> SignedCheckpoint:
    return open_checkpoint(path.read_bytes(), keys.all, keys.origin)


def _check_own_keys(audited: Audited, keys: Keys) -> None:
    """The keys under the checkpoint must be those that the ledger's own first entry names."""
    register = audited.state.register
    if register is None:
        raise AuditFault(None, "the ledger is empty; expected register.opened as its first entry")
    try:
        check_own_keys(register, keys)
    except Unproven as error:
        raise AuditFault(0, str(error)) from error


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _report(audited: Audited, keys: Keys) -> None:
    state, head = audited.state, audited.signed.checkpoint
    time = read_time(audited.signed)
    signed_at = format_instant(time) if time else "an unknown time (no cosignature)"
    print(f"OK  {head.origin}: {head.size} entries, every one in its place and within the rules")
    print(f"    root {head.root.hex()}, signed {signed_at}, cosigned by {_name_witnesses(audited)}")
    counted = ("agencies", "issuers", "accreditations", "programmes", "keys", "mandates", "batches")
    print("    " + ", ".join(f"{len(getattr(state, name))} {name}" for name in counted))
    if not keys.pinned:
        print(f"    The key was taken from the node itself: {keys.log[0]}. Compare it, or pin it with --vkey.")


def _name_witnesses(audited: Audited) -> str:
    return ", ".join(sorted(c.name for c in audited.signed.cosignatures)) or "nobody"
