"""`assay bundle`: fetch an offline bundle, check all of it, and only then put it in place.

With it `assay verify --bundle` works without a network. What is checked: the node's signature, by the key that entry 0
of its ledger names; the checkpoints of all ledgers; that every entry stands in its ledger; that the index names exactly
what it must. A bundle without `--issuers` holds whole ledgers, so that nothing can have been left out of it unseen.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TransferSpeedColumn

from deploy.cli.node import Node, NodeError
from deploy.cli.report import clean
from register.credentials.bundle.archive import MOST_BYTES
from register.credentials.bundle.checking import Checked, check_whole
from register.credentials.bundle.opening import open_bundle
from register.credentials.bundle.registers import BundleRegisters
from register.credentials.errors import BadBundle
from register.moments import format_instant

FAULT: Final = 1
_TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0)
_PIECE: Final = 1 << 16
_LARGEST_PROBLEM: Final = 1 << 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("url", help="the node's address")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where to put the bundle")
    parser.add_argument("--issuers", nargs="+", metavar="ID", help="only what concerns these (default: everything)")
    parser.add_argument("--vkey", help="the log key you know the node by")


def run(arguments: argparse.Namespace) -> int:
    """Fetch, check and put in place; returns 0, or 1 when the bundle is not what it should be: then nothing is kept."""
    with Node(arguments.url) as node:
        url = node.url
    part = arguments.output.with_name(arguments.output.name + ".part")
    try:
        with part.open("wb") as file:
            _download(url, arguments.issuers, file)
        bundle = open_bundle(part, now=datetime.now(UTC), vkey=arguments.vkey)
        checked = _check(bundle)
        os.replace(part, arguments.output)
    except BadBundle as error:
        print(f"assay: the bundle is not kept: {clean(error.message)}", file=sys.stderr)
        return FAULT
    finally:
        part.unlink(missing_ok=True)
    _report(arguments.output, bundle, checked)
    return 0


def _download(url: str, issuers: list[str] | None, file: IO[bytes]) -> None:
    """Write what the node sends into a file, as it comes; raises NodeError."""
    params = {"issuers": ",".join(issuers)} if issuers else {}
    columns = (TextColumn("fetching"), DownloadColumn(), TransferSpeedColumn())
    try:
        with (
            httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", f"{url}/api/v1/bundle", params=params) as response,
            _show(*columns) as progress,
        ):
            if response.status_code != 200:
                raise NodeError(f"{url} answered {response.status_code}{_read_problem(response)}")
            task = progress.add_task("fetching", total=None)
            for piece in response.iter_bytes(_PIECE):
                if file.write(piece) and file.tell() > MOST_BYTES:
                    raise NodeError(f"{url} sent more than {MOST_BYTES} bytes; ask for some issuers only")
                progress.advance(task, len(piece))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NodeError(f"{url} could not be asked: {type(error).__name__}: {error}") from error
    file.flush()
    os.fsync(file.fileno())


def _read_problem(response: httpx.Response) -> str:
    """Return the sentence of a problem, if the node sent one."""
    body = bytearray()
    for piece in response.iter_bytes(_PIECE):
        body += piece
        if len(body) > _LARGEST_PROBLEM:
            return ""
    try:
        return f": {clean(httpx.Response(400, content=bytes(body)).json()['detail'])[:300]}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _check(bundle: BundleRegisters) -> list[Checked]:
    total = sum(ledger.count for ledger in bundle.ledgers)
    with _show(TextColumn("checking"), BarColumn(), MofNCompleteColumn()) as progress:
        task = progress.add_task("checking", total=total)
        return check_whole(bundle, lambda count: progress.advance(task, count))


@contextmanager
def _show(
    *columns: TextColumn | BarColumn | DownloadColumn | TransferSpeedColumn | MofNCompleteColumn,
) -> Iterator[Progress]:
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress


def _report(path: Path, bundle: BundleRegisters, checked: list[Checked]) -> None:
    print(f"{path}: {path.stat().st_size} bytes, as of {format_instant(bundle.age.since)}")
    for one in checked:
        how = "the whole ledger" if one.whole else f"{one.entries} of {one.size} entries"
        aside = f", of which {one.set_aside} count for nothing by the node's word" if one.set_aside else ""
        print(f"  {clean(one.origin)}: {how}, {one.entries} entries proven under checkpoint {one.size}{aside}")
    left = [] if all(one.whole for one in checked) else ["that nothing was left out which concerns these issuers"]
    if not bundle.pinned:
        left.append(f"that {bundle.find_own_key()} is its key; pin it with --vkey")
    for word in left:
        print(f"On the node's word: {clean(word)}.")
