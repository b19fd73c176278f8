"""Files of an export while they are written: gzip, hashed as they grow, the same bytes for the same data."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from register.site.harmless import write_harmless

LEVEL: Final = 6
"""Of compression."""


class FileOf(BaseModel):
    """One file of an export: what it holds, its size and SHA-256 (of the file as it lies there)."""

    name: str
    table: str
    format: str
    rows: int
    bytes: int
    sha256: str


class _Hashed(RawIOBase):
    """A file that is hashed while it is written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._hash = hashlib.sha256()
        self.bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._hash.update(data)
        self.bytes += len(data)
        return self._file.write(data)

    def close(self) -> None:
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        super().close()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class Growing:
    """A gzip file of text lines; `seal` gives its description once all is written."""

    def __init__(self, directory: Path, name: str, table: str, format_: str) -> None:
        self._raw = _Hashed(directory / name)
        packed = gzip.GzipFile("", "wb", LEVEL, self._raw, mtime=0)
        self._packed = packed
        self._text = TextIOWrapper(packed, "utf-8", newline="", write_through=False)
        self._csv = csv.writer(self._text, lineterminator="\r\n")
        self.name, self.table, self.format, self.rows = name, table, format_, 0

    def add_line(self, text: str) -> None:
        """Write one line of JSON."""
        self._text.write(text + "\n")
        self.rows += 1

    def add_head(self, columns: Sequence[str]) -> None:
        """Write the names of the columns."""
        self._csv.writerow(columns)

    def add_cells(self, cells: Iterable[Any]) -> None:
        """Write one line of cells, none of which a spreadsheet takes for a formula; None is empty."""
        self._csv.writerow(["" if cell is None else write_harmless(str(cell)) for cell in cells])
        self.rows += 1

    def seal(self) -> FileOf:
        """Close the file and return its description."""
        self.close()
        return FileOf(
            name=self.name, table=self.table, format=self.format, rows=self.rows, bytes=self._raw.bytes,
            sha256=self._raw.sha256,
        )  # fmt: skip

    def close(self) -> None:
        """Close the file, finished or not."""
        self._text.close()
        self._raw.close()


@contextmanager
def grow(directory: Path, table: str) -> Iterator[tuple[Growing, Growing]]:
    """Yield the CSV and the JSON Lines file of a table; whatever ends the block, both are closed."""
    pair = (
        Growing(directory, f"{table}.csv.gz", table, "csv"),
        Growing(directory, f"{table}.jsonl.gz", table, "jsonl"),
    )
    try:
        yield pair
    finally:
        for one in pair:
            one.close()
