"""Exporting: the whole register and what has changed, as files that belong to one signed checkpoint.

An export is a directory `DATE-SIZE` below `ASSAY_OPEN_DATA_DIR`. It is written beside its place and put there by one
rename, whole: whatever fails on the way leaves nothing that anybody is shown. One process exports at a time.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone

from ledger.errors import NotCovered, UnknownLog
from ledger.logs import SignedCheckpointRow, latest_checkpoint
from register.moments import format_instant
from register.opendata.errors import NothingSigned, OpenDataError
from register.opendata.files import FileOf, grow
from register.opendata.manifest import Changes, Licence, Manifest, sign
from register.opendata.published import MANIFEST, SIGNATURE, SUMS, Export, list_exports, root
from register.opendata.reading import read_changes, read_records
from register.opendata.tables import CHANGES, COLUMNS, HEADS, TABLES, flatten
from register.records import load
from register.site.reading import read_register

Progress = Callable[[str, int], None]
"""Called with a table and how many rows of it were written since the last call."""

_STEP: Final = 1_000
_PARTIAL: Final = ".partial"


def export(progress: Progress = lambda table, rows: None) -> Export:
    """Make the export that belongs to the newest checkpoint, unless it is there already; forget old ones.

    Raises NothingSigned, and OpenDataError while another process exports. Constant memory.
    """
    with _alone():
        checkpoint, now = _find_checkpoint(), timezone.now()
        name = f"{now:%Y-%m-%d}-{checkpoint.size}"
        before = list_exports()
        made = next((one for one in before if one.name == name), None)
        if made is None:
            earlier = next((one for one in before if one.size <= checkpoint.size), None)
            made = _make(name, checkpoint, now, earlier, progress)
        _forget(made, now)
    return made


def _find_checkpoint() -> SignedCheckpointRow:
    try:
        return latest_checkpoint(settings.ASSAY_ORIGIN)
    except (NotCovered, UnknownLog):
        raise NothingSigned("expected a signed checkpoint to export at, there is none yet; open the register") from None


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process export at a time; the lock ends with the process, however that ends."""
    root().mkdir(parents=True, exist_ok=True)
    with (root() / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OpenDataError("another process exports at the moment; wait until it is done") from None
        for left in root().glob(f".*{_PARTIAL}"):
            shutil.rmtree(left)
        yield


def _make(
    name: str, checkpoint: SignedCheckpointRow, now: datetime, earlier: Export | None, progress: Progress
) -> Export:
    partial = root() / f".{name}{_PARTIAL}"
    partial.mkdir()
    start = earlier.size if earlier else 0
    try:
        files = [_write_table(partial, table, checkpoint, now, progress) for table in TABLES]
        written = [one for pair in files for one in pair] + _write_changes(partial, checkpoint, start, progress)
        manifest = _describe(name, checkpoint, now, earlier, written)
        told = manifest.model_dump_json(indent=2) + "\n"
        _write_text(partial / MANIFEST, told)
        _write_text(partial / SIGNATURE, sign(told.encode()) + "\n")
        _write_text(partial / SUMS, "".join(f"{one.sha256}  {one.name}\n" for one in written))
        _sync(partial)
        partial.rename(root() / name)
        _sync(root())
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Export(name, manifest)


def _write_table(
    directory: Path, table: str, checkpoint: SignedCheckpointRow, at: datetime, progress: Progress
) -> list[FileOf]:
    kind, head = TABLES[table][0], HEADS[table]
    with grow(directory, table) as (cells, lines):
        cells.add_head(head)
        for content in read_records(kind, checkpoint.log_id, checkpoint.size):
            lines.add_line(content)
            flat = flatten(table, load(kind, content), at)
            cells.add_cells(flat[column] for column in head)
            if lines.rows % _STEP == 0:
                progress(table, _STEP)
        progress(table, lines.rows % _STEP)
        return [cells.seal(), lines.seal()]


def _write_changes(directory: Path, checkpoint: SignedCheckpointRow, start: int, progress: Progress) -> list[FileOf]:
    """Write the entries since the export before: in CSV what they are about, in JSON Lines their own bytes as well."""
    with grow(directory, "changes") as (cells, lines):
        cells.add_head(CHANGES)
        for index, time, *about, entry in read_changes(checkpoint.log_id, start, checkpoint.size):
            cells.add_cells((index, format_instant(time) if time else None, *about))
            # The entry's own text, not read and written anew: whoever hashes it finds it in the ledger.
            lines.add_line(f'{{"index":{index},"entry":{json.dumps(entry, ensure_ascii=False)}}}')
            if lines.rows % _STEP == 0:
                progress("changes", _STEP)
        progress("changes", lines.rows % _STEP)
        return [cells.seal(), lines.seal()]


def _describe(
    name: str, checkpoint: SignedCheckpointRow, now: datetime, earlier: Export | None, files: list[FileOf]
) -> Manifest:
    node, base = read_register(), settings.ASSAY_BASE_URL
    return Manifest(
        name=name,
        title=node.name if node else "",
        operator=settings.ASSAY_OPERATOR,
        node=base,
        origin=settings.ASSAY_ORIGIN,
        demonstration=bool(node and node.demonstration),
        made_at=format_instant(now),
        tree_size=checkpoint.size,
        root=base64.b64encode(checkpoint.root).decode(),
        checkpoint=checkpoint.note.decode(),
        licence=Licence(spdx=settings.ASSAY_LICENCE, url=settings.ASSAY_LICENCE_URL),
        changes=Changes(since=earlier.size if earlier else 0, until=checkpoint.size),
        previous=earlier.name if earlier else None,
        columns=dict(COLUMNS),
        schema_url=f"{base}/open-data/schema.json",
        files=files,
    )


def _write_text(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _forget(newest: Export, now: datetime) -> None:
    """Remove exports older than the days that the operator keeps; the newest stays, however old."""
    oldest = now.astimezone(UTC) - timedelta(days=settings.ASSAY_OPEN_DATA_DAYS)
    for one in list_exports():
        if one.name != newest.name and one.name[:10] < f"{oldest:%Y-%m-%d}":
            shutil.rmtree(root() / one.name)
