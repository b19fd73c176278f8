"""`assay anchor`: anchor signed credentials in the ledger of a register, and write a receipt for each.

What leaves this machine is the root of a tree of salted hashes and how many they are. Interrupted and run again with
the same arguments, it posts nothing twice and writes the receipts that are missing.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.anchoring import AnchoringError
from deploy.cli.anchoring.gathering import Gathered, find_sources, gather
from deploy.cli.anchoring.handing_out import extract, has_receipt
from deploy.cli.anchoring.holdings import Holdings, hold, open_holdings
from deploy.cli.anchoring.registration import BatchRefused, IssuerNode, register_batch
from deploy.cli.anchoring.sealing import Batch, Terms, name_next, seal_batch
from deploy.cli.anchoring.whole_files import write_whole
from deploy.cli.report import clean
from register.credentials.errors import CredentialError
from register.credentials.reading.parts import RECEIPT_ENDING
from register.credentials.receipts import format_receipt

BATCHES: Final = "assay-batches"
TOKEN: Final = "ASSAY_TOKEN"
PATIENCE: Final = 10.0
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_SHOWN: Final = 20
_OPTIONS: Final = {
    "credential_type": ("--type", "credential type of all of them, code or URI; the entry then says it"),
    "programme": ("--programme", "id of the programme that all of them are of; the entry then says it"),
    "issued_from": ("--issued-from", "first day of issue; the entry then says it"),
    "issued_until": ("--issued-until", "last day of issue; the entry then says it"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="files and directories of signed credentials"
    )
    parser.add_argument("--issuer", metavar="ID", help="the issuer's id in the register, or its address there")
    parser.add_argument("--node", default="http://127.0.0.1:8000", metavar="URL", help="the register's node")
    parser.add_argument("--token", help=f"the issuer's token for it (default: what {TOKEN} in the environment says)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where receipts go (default: beside the files)"
    )
    parser.add_argument("--lines", action="store_true", help="one file of receipts for each batch, for very many")
    parser.add_argument(
        "--extract", type=Path, metavar="FILE", help="only take receipts out of such a file: PATH … are names"
    )
    parser.add_argument(
        "--batches", type=Path, metavar="DIR", help=f"where batches are kept (default: OUTPUT/{BATCHES})"
    )
    parser.add_argument("--wait", type=float, default=PATIENCE, metavar="SECONDS", help="for countersignatures (10)")
    parser.add_argument("--vkey", help="the log key you know the node by")
    parser.add_argument(
        "--plain-http", action="store_true", help="send the token without encryption to another machine"
    )
    parser.add_argument("--demonstration", action="store_true", help="say that these are no real credentials")
    for name, (flag, text) in _OPTIONS.items():
        parser.add_argument(flag, dest=name, help=text)


def run(arguments: argparse.Namespace) -> int:
    """Anchor what is not anchored yet and write receipts; returns 1, and posts nothing, when one cannot be anchored."""
    try:
        if arguments.extract is not None:
            return _extract(arguments)
        return _anchor(arguments)
    except CredentialError as error:
        raise AnchoringError(error.message) from error


def _anchor(arguments: argparse.Namespace) -> int:
    token = arguments.token or os.environ.get(TOKEN)
    if not token:
        raise AnchoringError(f"expected the issuer's token: --token, or {TOKEN} in the environment")
    issuer = _read_issuer(arguments.issuer)
    sources = find_sources(arguments.paths)
    output = (arguments.output or sources.base).resolve()
    directory = arguments.batches or output / BATCHES
    with hold(directory), IssuerNode(arguments.node, token, plain_http=arguments.plain_http) as node:
        keys = node.read_keys(arguments.vkey)
        holdings = open_holdings(
            directory, issuer, keys.origin, lambda batch: register_batch(node, keys, batch, arguments.wait)
        )
        with _progress("files read", len(sources.files)) as advance:
            found = gather(sources, advance)
        if found.refused:
            return _print_refused(found)
        if not found.names:
            raise AnchoringError(f"no credential was found in {len(sources.files)} files")
        if fresh := _find_fresh(found, holdings, output):
            terms = Terms(issuer, keys.origin, _read_terms(arguments))
            _take_up_new(holdings, seal_batch(name_next(directory), terms, *fresh))
        with _progress("receipts written", len(found.names)) as advance:
            written = holdings.hand_out(found, output, advance, lines=arguments.lines)
    _print_done(found, holdings, written, directory)
    return 0


def _take_up_new(holdings: Holdings, batch: Batch) -> None:
    """Take up a batch sealed just now; one that is refused was never posted before, so nothing is lost with it."""
    try:
        holdings.take_up(batch)
    except BatchRefused:
        batch.path.unlink()
        raise


def _find_fresh(found: Gathered, holdings: Holdings, output: Path) -> tuple[list[str], list[bytes]] | None:
    """Return names and digests of what has neither a batch nor a receipt yet, None when there is nothing."""
    fresh = [
        (name, digest)
        for name, digest in zip(found.names, found.digests, strict=True)
        if not holdings.covers(digest) and not has_receipt(output / (name + RECEIPT_ENDING), digest)
    ]
    return ([name for name, _ in fresh], [digest for _, digest in fresh]) if fresh else None


def _read_issuer(text: str | None) -> str:
    issuer = (text or "").rstrip("/").rpartition("/")[2].lower()
    if not _ID.fullmatch(issuer):
        raise AnchoringError(f"expected --issuer with the issuer's id in the register, or its address, got {text!r}")
    return issuer


def _read_terms(arguments: argparse.Namespace) -> dict[str, Any]:
    said = {name: getattr(arguments, name) for name in _OPTIONS if getattr(arguments, name) is not None}
    return said | ({"demonstration": True} if arguments.demonstration else {})


def _extract(arguments: argparse.Namespace) -> int:
    output = arguments.output or Path()
    output.mkdir(parents=True, exist_ok=True)
    for name, receipt in extract(arguments.extract, [str(path) for path in arguments.paths]):
        path = output / (Path(name).name + RECEIPT_ENDING)
        with write_whole(path) as file:
            file.write(format_receipt(receipt))
        print(path)
    return 0


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], object]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def _print_refused(found: Gathered) -> int:
    for name, reason in found.refused[:_SHOWN]:
        print(f"REFUSED {clean(name)}: {clean(reason)}", file=sys.stderr)
    if len(found.refused) > _SHOWN:
        print(f"… and {len(found.refused) - _SHOWN} more", file=sys.stderr)
    print(f"Nothing was anchored: {len(found.refused)} of {len(found.refused) + len(found.names)} cannot be.")
    return 1


def _print_done(found: Gathered, holdings: Holdings, written: int, directory: Path) -> None:
    for batch, done in holdings.news:
        print(f"{batch.tree.count:,} anchored: {clean(done.batch.batch)}")
        print(f"  Countersigned by {clean(', '.join(done.by)) or 'nobody yet'}.")
        if done.missing:
            print(f"  Not (yet) by {clean(', '.join(done.missing))}; the receipts hold without.")
    if not holdings.news:
        print("Nothing was left to anchor.")
    if found.others:
        print(f"{len(found.others):,} files are no credentials and were left out, such as {clean(found.others[0])}.")
    print(f"{written:,} receipts written.")
    if holdings.batches:
        print(f"Keep {directory} to yourself: whoever has it can tell which credential a commitment is of.")
