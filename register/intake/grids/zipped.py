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
from register.sentences import say

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


def refuse_damaged(what: str) -> NotRecognised:
    """Return the refusal of a container that cannot be read to its end."""
    return NotRecognised(what, say("a damaged file"), say("Save it again from the spreadsheet program."))


@contextmanager
def opened(data: bytes, what: str) -> Iterator[zipfile.ZipFile]:
    """Yield the archive; whatever is wrong with it becomes NotRecognised."""
    if data.count(_DIRECTORY_ENTRY) > _MOST_ENTRIES:
        got = say("a file of more than {number} parts", number=_MOST_ENTRIES)
        raise NotRecognised(what, got, say("Save the table alone."))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except NotRecognised:
        raise
    except _DAMAGES:
        raise refuse_damaged(what) from None


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
            got = say("a file that unpacks to more than {number} MB", number=MOST_UNPACKED // 2**20)
            raise NotRecognised(what, got, say("Save the table alone, without pictures and empty formatted rows."))
        yield entry.filename, content
