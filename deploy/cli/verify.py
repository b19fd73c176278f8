"""`assay verify`: read a credential, and say in plain words whether it is genuine, was rightly issued and still holds.

Nothing of the credential leaves this machine. A register is asked about the issuer alone, over HTTP (`--register`), or
looked up in an offline bundle (`--bundle`); status lists and key documents are fetched from where the credential says,
unless a bundle is used: then nothing is fetched at all.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.asking import DAY
from deploy.cli.node import Node
from deploy.cli.registers import AskedRegisters
from deploy.cli.verdicts import print_report
from register.credentials.bundle.opening import MAX_AGE, open_bundle
from register.credentials.errors import NotACredential, NotGenuine, Unreachable
from register.credentials.format import EXITS, format_reports, worst_of
from register.credentials.outside import Outside
from register.credentials.ports import MOST_BYTES
from register.credentials.proofs.trust_anchors import TrustAnchors, read_anchors
from register.credentials.reading import MOST_BYTES as MOST_READ
from register.credentials.reading.parts import RECEIPT_ENDING
from register.credentials.receipts import LARGEST
from register.credentials.report import Verdict
from register.credentials.verification import verify
from register.moments import parse_moment
from register.outgoing.fetching import Fetcher

USAGE_ERROR: Final = 2
_STDIN: Final = "-"
_FEW: Final = 10


class NotVerifiable(Exception):
    """A file that could not be read, or holds no credential; the sentence says which and why."""


@dataclass(frozen=True, slots=True)
class _Sources:
    """The ports of one run, and what an answer rests on besides proofs, for the report."""

    outside: Outside
    rests_on: Any

    def list_words(self) -> list[str]:
        return list(self.rests_on())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSON, JWT, PNG, SVG, PDF, ZIP; - is standard input")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--register", default="http://127.0.0.1:8000", metavar="URL", help="the node to ask")
    where.add_argument("--bundle", metavar="FILE", help="an offline bundle to look things up in, instead of a node")
    parser.add_argument(
        "--receipt",
        metavar="FILE",
        help="the receipt of the one credential given (default: one beside it)",
    )
    parser.add_argument("--at", help="the instant at which expiry and status are judged (default: now)")
    parser.add_argument("--vkey", help="the log key you know the node by")
    parser.add_argument(
        "--max-age",
        type=int,
        metavar="SECONDS",
        help="how old what registers say may be (default: a day; with --bundle 30 days)",
    )
    parser.add_argument(
        "--seal-authorities", metavar="PEM", help="authorities whose certificates for seals you believe (default: none)"
    )
    parser.add_argument(
        "--time-authorities", metavar="PEM", help="authorities whose timestamps you believe (default: none)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON, one a file in a list")


def run(arguments: argparse.Namespace) -> int:
    """Verify every file, print what was found, and return the exit code of the worst."""
    now = datetime.now(UTC)
    at = _read_at(arguments.at) if arguments.at else None
    if arguments.receipt and len(arguments.files) > 1:
        raise NotVerifiable("expected one file with --receipt, got several; receipts may lie beside them in a ZIP")
    receipt = _read(arguments.receipt, LARGEST) if arguments.receipt else None
    with _open_sources(arguments, now) as sources:
        files = _leave_out_receipts(arguments.files)
        found = [(name, _verify(name, sources.outside, now, receipt, at)) for name in _track(files)]
        _print(found, sources.list_words(), as_json=arguments.json)
    failed = any("error" in report for _, report in found)
    verdicts: list[Verdict] = [report["verdict"] for _, report in found if "verdict" in report]
    return USAGE_ERROR if failed and not verdicts else _exit(verdicts, failed=failed)


def _leave_out_receipts(files: Sequence[str]) -> list[str]:
    """Return the files without receipts that lie among them, as `assay verify DIR/*` names them too."""
    others = [name for name in files if not name.endswith(RECEIPT_ENDING)]
    return others or list(files)


def _find_receipt(name: str) -> bytes | None:
    """Return the receipt that lies beside a file: `diploma.receipt.json`, or `diploma.json.receipt.json`."""
    if name == _STDIN:
        return None
    path = Path(name)
    beside = (path.with_name(stem + RECEIPT_ENDING) for stem in (path.stem, path.name))
    return next((_read(str(one), LARGEST) for one in beside if one.is_file()), None)


def _read_authorities(name: str | None) -> frozenset[bytes]:
    try:
        return frozenset() if name is None else read_anchors(Path(name).read_bytes())
    except NotGenuine as error:
        raise NotVerifiable(f"{name}: {error.message}") from None


def _read_at(text: str) -> datetime:
    try:
        return parse_moment(text)
    except ValueError as error:
        raise NotVerifiable(f"--at: {error}") from None


def _exit(verdicts: Sequence[Verdict], *, failed: bool) -> int:
    """Return the worst exit code: not valid goes before an unreadable file, and that before what stays open."""
    code = EXITS[worst_of(verdicts)]
    return code if code == 1 or not failed else USAGE_ERROR


@contextmanager
def _open_sources(arguments: argparse.Namespace, now: datetime) -> Iterator[_Sources]:
    anchors = TrustAnchors(_read_authorities(arguments.seal_authorities), _read_authorities(arguments.time_authorities))
    if arguments.bundle:
        limit = MAX_AGE if arguments.max_age is None else timedelta(seconds=arguments.max_age)
        bundle = open_bundle(arguments.bundle, now=now, max_age=limit, vkey=arguments.vkey)
        yield _Sources(Outside(bundle, _fetch_nothing, anchors), lambda: bundle.words)
        return
    with Node(arguments.register) as node:
        asked = AskedRegisters(node, arguments.vkey, now, DAY if arguments.max_age is None else arguments.max_age)
        fetcher = Fetcher()
        try:
            yield _Sources(
                Outside(asked, fetcher, anchors), lambda: [f"On the node's word: {one}." for one in asked.on_word]
            )
        finally:
            fetcher.close()


def _fetch_nothing(url: str, *, limit: int = MOST_BYTES, types: Sequence[str] = ()) -> bytes:
    raise Unreachable("offline", "with --bundle nothing is fetched; what lies elsewhere stays unchecked")


def _verify(name: str, outside: Outside, now: datetime, receipt: bytes | None, at: datetime | None) -> dict[str, Any]:
    try:
        data, beside = _read(name, MOST_READ), receipt or _find_receipt(name)
        return format_reports(verify(data, outside, outside.fetch, now=now, receipt=beside, at=at))
    except NotACredential as error:
        return {"error": error.message}
    except OSError as error:
        return {"error": f"cannot be read: {error.strerror or type(error).__name__}"}


def _read(name: str, most: int) -> bytes:
    """Return the bytes of a file, or of standard input; one byte more than `most` at most, which then is refused."""
    if name == _STDIN:
        return sys.stdin.buffer.read(most + 1)
    with Path(name).open("rb") as file:
        return file.read(most + 1)


def _track(files: Sequence[str]) -> Iterator[str]:
    """Give the files in order, with a progress bar on standard error when there are more than a few."""
    if len(files) <= _FEW or not sys.stderr.isatty():
        yield from files
        return
    columns = (TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(files)


def _print(found: Sequence[tuple[str, dict[str, Any]]], words: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        items = [{"file": name, **report} for name, report in found]
        whole = items[0] if len(items) == 1 else {"items": items}
        print(json.dumps(whole | {"rests_on": list(words)}, ensure_ascii=False, indent=2))
        return
    print_report(found, words)
