"""Archive: the ZIP file a bundle is, written as a stream and read without believing anything in it but its manifest.

Every member is stored as it is (what is worth compressing is a gzip file), so that the bytes in the file are the bytes
that any tool unpacks, and one SHA-256 over each, named in the signed manifest, pins them all. The manifest comes last:
its writer knows the other members only when they are written. Sources: APPNOTE 6.3.10 (ZIP), RFC 1952 (gzip).
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from struct import Struct
from typing import Final, NamedTuple

from register.credentials.errors import BadBundle

MANIFEST: Final = "manifest.jws"
MOST_BYTES: Final = 1 << 30
"""Bytes of a bundle that are read at all: it is kept in memory, so that nobody can change it once it was checked."""

MOST_MEMBERS: Final = 500_000
MOST_MANIFEST: Final = 96 << 20
MOST_UNPACKED: Final = 8 << 20
"""Bytes that one member may unpack to: more than the largest block of entries (32 of 65,535 bytes) takes."""

_LOCAL_HEADER: Final = 30
_LOCAL_LENGTHS: Final = Struct("<HH")
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED: Final = 1


class Member(NamedTuple):
    """One file of the bundle: its name, its length and the SHA-256 of its bytes in hex."""

    name: str
    size: int
    sha256: str


class _Outgoing:
    """Where zipfile writes to: bytes wait here until they are taken; it cannot seek, so nothing is written twice."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take bytes in."""
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing behind this."""

    def take(self) -> bytes:
        """Return what was written since the last call."""
        taken, self._waiting = b"".join(self._waiting), []
        return taken


class ArchiveWriter:
    """Writes members one after the other; `add` returns the bytes to pass on."""

    def __init__(self) -> None:
        self._out = _Outgoing()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED)  # type: ignore[call-overload]  # it needs no more
        self.members: list[Member] = []

    def add(self, name: str, content: bytes) -> bytes:
        """Store a member."""
        self.members.append(Member(name, len(content), sha256(content).hexdigest()))
        return self._write(name, content)

    def finish(self, manifest: bytes) -> bytes:
        """Store the manifest and end the file."""
        written = self._write(MANIFEST, manifest)
        self._zip.close()
        return written + self._out.take()

    def _write(self, name: str, content: bytes) -> bytes:
        self._zip.writestr(zipfile.ZipInfo(name, _DATE), content)
        return self._out.take()


class Archive:
    """A bundle's bytes and where in them each member lies; `manifest` is not yet believed, nor is any other member.

    Raises BadBundle for what is no such file, or a damaged one.
    """

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._places = _find_members(data)
        if next(reversed(self._places), None) != MANIFEST:
            raise BadBundle("no_bundle", f"expected {MANIFEST} as the last member of the bundle; download it again")
        start, stop = self._places.pop(MANIFEST)
        if stop - start > MOST_MANIFEST:
            raise BadBundle("too_large", f"expected a manifest of at most {MOST_MANIFEST} bytes, got {stop - start}")
        self.manifest = bytes(self._data[start:stop])

    def check(self, members: Sequence[Member]) -> None:
        """Raise BadBundle unless the file holds exactly these members, byte for byte, in this order."""
        if [member.name for member in members] != list(self._places):
            raise BadBundle("altered", "the bundle's files are not those that its manifest lists; download it again")
        for member in members:
            content = self.view(member.name)
            if len(content) != member.size or sha256(content).hexdigest() != member.sha256:
                raise BadBundle("altered", f"{member.name} in the bundle is not what was signed; download it again")

    def view(self, name: str) -> memoryview:
        """Return a member's bytes; raises BadBundle when there is none of that name."""
        try:
            start, stop = self._places[name]
        except KeyError:
            raise BadBundle("incomplete", f"the bundle holds no {name}, which it needs; download it again") from None
        return self._data[start:stop]

    def unpack(self, name: str) -> bytes:
        """Return what a gzip member holds; raises BadBundle for a damaged one or one that swells."""
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            content = inflater.decompress(self.view(name), MOST_UNPACKED)
        except zlib.error as error:
            raise BadBundle("damaged", f"{name} in the bundle cannot be unpacked: {error}") from None
        if not inflater.eof or inflater.unused_data:
            raise BadBundle("too_large", f"{name} in the bundle does not unpack to at most {MOST_UNPACKED} bytes")
        return content

    def list_names(self, prefix: str) -> list[str]:
        """Return the names of the members below a prefix, in the order of the file."""
        return [name for name in self._places if name.startswith(prefix)]


def pack(content: bytes) -> bytes:
    """Write a gzip file that is the same whenever and wherever it is written."""
    return gzip.compress(content, 6, mtime=0)


def _find_members(data: bytes) -> dict[str, tuple[int, int]]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as directory:
            listed = directory.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise BadBundle("no_bundle", f"expected a bundle (a ZIP file), got something else or a part: {error}") from None
    if len(listed) > MOST_MEMBERS:
        raise BadBundle("too_large", f"expected at most {MOST_MEMBERS} files in the bundle, got {len(listed)}")
    places: dict[str, tuple[int, int]] = {}
    for info in listed:
        if info.filename in places:
            raise BadBundle("altered", f"the bundle holds {info.filename[:80]!r} twice")
        places[info.filename] = _locate(info, data)
    return places


def _locate(info: zipfile.ZipInfo, data: bytes) -> tuple[int, int]:
    """Return where a member's bytes begin and end; its local header says how long itself is."""
    stored = info.compress_type == zipfile.ZIP_STORED and info.compress_size == info.file_size
    if not stored or info.flag_bits & _ENCRYPTED:
        raise BadBundle("altered", f"expected {info.filename[:80]!r} to be stored as it is, got it packed")
    at = info.header_offset
    if not 0 <= at <= len(data) - _LOCAL_HEADER:
        raise BadBundle("no_bundle", "the bundle's directory leads beyond the file; download it again")
    start = at + _LOCAL_HEADER + sum(_LOCAL_LENGTHS.unpack_from(data, at + 26))
    stop = start + info.file_size
    if stop > len(data):
        raise BadBundle("no_bundle", "the bundle's directory leads beyond the file; download it again")
    return start, stop
