"""ZIP containers of spreadsheets, opened within bounds: a small file that unpacks to gigabytes is refused."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from register.intake.grids.grid import MOST_UNPACKED
from register.intake.rows import NotRecognised

ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DIRECTORY_ENTRY: Final = b"PK\x01\x02"
_MOST_ENTRIES: Final = 5_000
_DAMAGES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    KeyError,
    RuntimeError,
)


def is_opendocument(data: bytes) -> bool:
    """Tell whether the container says that it is an OpenDocument spreadsheet (its first member says so, unpacked)."""
    return b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in data[:200]


@contextmanager
def opened(data: bytes, what: str) -> Iterator[zipfile.ZipFile]:
    """Yield the archive; whatever is wrong with it becomes NotRecognised."""
    if data.count(_DIRECTORY_ENTRY) > _MOST_ENTRIES:
        raise NotRecognised(what, f"a file of more than {_MOST_ENTRIES} parts", "Save the table alone.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except NotRecognised:
        raise
    except _DAMAGES:
        raise NotRecognised(what, "a damaged file", "Save it again from the spreadsheet program.") from None


def unpack(archive: zipfile.ZipFile, what: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each part, never more than MOST_UNPACKED bytes of all together."""
    left = MOST_UNPACKED
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        with archive.open(entry) as stream:
            content = stream.read(left + 1)
        left -= len(content)
        if left < 0:
            got = f"a file that unpacks to more than {MOST_UNPACKED // 2**20} MB"
            raise NotRecognised(what, got, "Save the table alone, without pictures and empty formatted rows.")
        yield entry.filename, content
