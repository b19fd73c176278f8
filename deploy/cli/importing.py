"""`assay import`: read a file into the node whose data lie in a directory, all of it or nothing."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.report import clean

if TYPE_CHECKING:
    from register.intake.imports import Report

_KINDS: Final = ("eche", "ror", "csv", "xlsx", "deqar-csv", "elm-xml")
_SHOWN: Final = 40
_LARGEST: Final = 300 << 20


class ImportFailed(Exception):
    """The import could not be done at all; the message is one line for the terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("kind", choices=_KINDS, help="what kind of file it is")
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--data", type=Path, default=Path(".assay"), metavar="DIR", help="the node's data (default .assay)"
    )
    parser.add_argument("--dry-run", action="store_true", help="try everything, keep nothing")
    parser.add_argument("--agency", metavar="A", help="the agency for rows that name none: id, acronym or name")


def run(arguments: argparse.Namespace) -> int:
    """Import a file; returns 0 when it was taken (or would be), 1 when a row was refused and so nothing was taken."""
    if arguments.file.stat().st_size > _LARGEST:
        raise ImportFailed(f"{arguments.file} is larger than 300 MB; split it")
    data = arguments.file.read_bytes()
    _enter_node(arguments.data)
    report = _import(arguments, data)
    _print_report(report, arguments.dry_run)
    return 1 if report.refused else 0


def _enter_node(directory: Path) -> None:
    """Take the settings of the node in a directory and start Django as its web process would."""
    if not (directory / "node.env").is_file():
        nodes = sorted(path.parent.name for path in directory.glob("*/node.env"))
        several = f"; it holds several nodes, name one: --data {directory}/{nodes[0]}" if nodes else ""
        raise ImportFailed(f"no node has its data in {directory}{several or '; start one with ./deploy/up'}")
    os.environ["ASSAY_DATA_DIR"] = str(directory.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.settings")
    try:
        import django
    except ImportError:
        raise ImportFailed("importing needs the node itself: install assay[node]") from None
    django.setup()


def _import(arguments: argparse.Namespace, data: bytes) -> Report:
    from django.db import OperationalError

    from register.errors import RegisterError
    from register.intake.imports import import_file

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("rows", total=None)
            return import_file(
                arguments.kind,
                data,
                agency=arguments.agency,
                dry_run=arguments.dry_run,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except OperationalError as error:
        start = f"./deploy/up --data {arguments.data}"
        raise ImportFailed(f"the node's database does not answer; is it running? start it with {start}") from error
    except RegisterError as error:
        raise ImportFailed(str(error)) from error


def _print_report(report: Report, dry_run: bool) -> None:
    for what, count in report.counts.items():
        print(f"{count:8,}  {what}")
    if report.left_out:
        total, countries = sum(report.left_out.values()), len(report.left_out)
        print(f"{total:8,}  left out: in {countries} countries for which this register does not speak")
    for problem in report.problems[:_SHOWN]:
        kind = "REFUSED" if problem.fatal else "note"
        place = f"line {problem.line}" + (f", {clean(problem.column)}" if problem.column else "")
        print(
            f"{kind:8}{place}: {clean(problem.message)} ({clean(problem.value)}) {clean(problem.cure)}", file=sys.stderr
        )
    if len(report.problems) > _SHOWN:
        print(f"… and {len(report.problems) - _SHOWN} more", file=sys.stderr)
    if report.refused:
        print("Nothing was taken: correct the refused rows and import the file again.")
    elif dry_run:
        print("Tried only; nothing was kept.")
    else:
        print(f"{report.written:,} entries written.")
