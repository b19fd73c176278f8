"""ZIP files: their entries, each unpacked in memory within bounds, and never by the name it gives itself.

The directory is counted before it is parsed. Names serve for pairing receipts alone; one that leads outside is refused
all the same, for it is made to harm whoever unpacks it.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from register.credentials.errors import NotACredential, NotGenuine
from register.credentials.reading.foreign import name_format
from register.credentials.reading.inflation import too_large
from register.credentials.reading.limits import MOST_BYTES, MOST_ENTRIES, MOST_UNPACKED
from register.credentials.reading.parts import Part
from register.sentences import say

SIGNATURES: Final = (b"PK\x03\x04", b"PK\x05\x06")
_DIRECTORY_ENTRY: Final = b"PK\x01\x02"
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGES: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, KeyError)


def list_parts(data: bytes) -> list[Part]:
    """Return the files in a ZIP file.

    Raises Unsupported for passwords and other compression than deflate; NotGenuine for names that lead outside, for
    what unpacks beyond bounds; NotACredential for a damaged file and for too many files.
    """
    if data.count(_DIRECTORY_ENTRY) > MOST_ENTRIES:
        raise NotACredential(
            "too_many_parts",
            say("expected at most {most} files in a ZIP file, got more", most=MOST_ENTRIES),
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return list(_unpack(archive))
    except _DAMAGES as error:
        raise NotACredential("damaged", say("This ZIP file is damaged; hand in the original file.")) from error


def _unpack(archive: zipfile.ZipFile) -> Iterator[Part]:
    left = MOST_UNPACKED
    for entry in archive.infolist():
        _check_name(entry.filename)
        if entry.is_dir() or entry.filename.startswith("__MACOSX/"):
            continue
        if entry.flag_bits & _ENCRYPTED:
            raise name_format("zip_encrypted")
        if entry.compress_type not in _METHODS:
            raise name_format("zip_method")
        with archive.open(entry) as stream:
            content = stream.read(MOST_BYTES + 1)
        left -= len(content)
        if len(content) > MOST_BYTES or left < 0:
            raise too_large(MOST_BYTES if len(content) > MOST_BYTES else MOST_UNPACKED)
        yield Part(entry.filename, content)


def _check_name(name: str) -> None:
    """Refuse a name that would lead outside the folder it is unpacked to."""
    steps = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in steps or name[1:2] == ":":
        raise NotGenuine(
            "hostile_name", say("A file in this ZIP file has a name that leads outside it: do not unpack it.")
        )
