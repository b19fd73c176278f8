"""PDF files: the files attached to them, wherever PDF lets one attach them (ISO 32000-2, sections 7.11.4, 14.13).

Looked at are the catalog's tree of embedded files, its associated files, and attachments on pages. pypdf reads the
structure in its strict mode and under bounds; the tree is walked here, once round however its branches loop. A
signature of the PDF itself (PAdES) is recognised and not checked.
"""

from __future__ import annotations

import io
import logging
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pypdf import PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject, StreamObject

from register.credentials.errors import NotACredential, NotGenuine, Unsupported
from register.credentials.reading.foreign import name_format
from register.credentials.reading.inflation import too_large
from register.credentials.reading.limits import MOST_BYTES, MOST_ENTRIES, MOST_UNPACKED
from register.credentials.reading.parts import Part
from register.sentences import say

SIGNATURE: Final = b"%PDF-"
LATEST_START: Final = 1024
"""Readers of PDF look for the signature in the first 1024 bytes."""
_MOST_PAGES: Final = 2000
_MOST_LOOKED_AT: Final = 20_000
"""Names, branches and annotations in one file."""
_LARGEST_STRUCTURE: Final = 1024 * 1024
"""Bytes that one table or collection of objects may unpack to; attachments may have MOST_BYTES."""
SECONDS: Final = 5.0
"""For finding the attachments: pypdf reads white space byte by byte, and 10 MiB can pack much of it."""
_END: Final = b"startxref"
_LATEST_END: Final = 4096

# pypdf logs what it stumbles over, with content of the file; and a hostile file makes it log without end.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)

_BOUNDS: Final[Mapping[str, Any]] = {
    "maximum_declared_stream_length": MOST_BYTES,
    "array_based_stream_maximum_output_length": _LARGEST_STRUCTURE,
    "array_maximum_element_count": 20_000,
    "dictionary_maximum_element_count": 5_000,
    "lzw_maximum_output_length": _LARGEST_STRUCTURE,
    "run_length_maximum_output_length": _LARGEST_STRUCTURE,
    "zlib_maximum_output_length": _LARGEST_STRUCTURE,
    "zlib_maximum_recovery_input_length": 0,
    "brotli_maximum_output_length": _LARGEST_STRUCTURE,
    "stream_filters_maximum_length": 3,
    "stream_decoding_work_maximum_length": MOST_UNPACKED,
    "page_tree_maximum_entries": _MOST_PAGES,
    "page_tree_maximum_depth": 40,
    "page_tree_maximum_page_entries": 40 * _MOST_PAGES,
    "jbig2dec_binary": None,
}
_DAMAGES: Final = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pypdf raises for files that break the rules: its own errors, and Python's where it trusted the file."""


def list_parts(data: bytes) -> list[Part]:
    """Return the files attached to a PDF file.

    Raises Unsupported for a file with a password; NotGenuine for what unpacks beyond bounds; NotACredential for more
    attachments or pages than are read, and for a damaged file.
    """
    _check_frame(data)
    try:
        with apply_configuration(**_BOUNDS):
            return list(_unpack(_Reader(data)))
    except (FileNotDecryptedError, DependencyError) as error:
        raise name_format("pdf_encrypted") from error
    except LimitReachedError as error:
        raise NotGenuine("unpacks_too_large", say("This PDF file is larger inside than any that is read.")) from error
    except _DAMAGES as error:
        raise NotACredential("damaged", say("This PDF file is damaged; hand in the original file.")) from error


def name_plain(data: bytes) -> Unsupported | NotACredential:
    """Return the error for a PDF file in which no credential was found."""
    if b"/ByteRange" in data:
        return name_format("pdf_signature")
    return NotACredential("plain_pdf", say("This PDF file holds no credential; hand in the credential itself."))


def _check_frame(data: bytes) -> None:
    """Refuse a file without an end, or with more ends than anybody saved it: pypdf looks for them line by line."""
    if _END not in data[-_LATEST_END:] or data.count(_END) > MOST_ENTRIES:
        raise NotACredential("damaged", say("This PDF file is damaged; hand in the original file."))


class _Reader(PdfReader):
    """pypdf's reader, which takes no more time than is allowed: it is asked for every object."""

    def __init__(self, data: bytes) -> None:
        self._deadline = time.monotonic() + SECONDS
        super().__init__(io.BytesIO(data), strict=True)

    def get_object(self, indirect_reference: int | IndirectObject) -> PdfObject | None:
        """Return an object; raises NotACredential when the time is up."""
        if time.monotonic() > self._deadline:
            raise NotACredential(
                "too_complex", say("This PDF file could not be read within {seconds} seconds.", seconds=f"{SECONDS:g}")
            )
        return super().get_object(indirect_reference)


def _unpack(reader: PdfReader) -> Iterator[Part]:
    """Unpack each attached file once, however often it is named."""
    left, seen = MOST_UNPACKED, set()
    for specification in _Walk().list_specifications(reader):
        files = _resolve(specification.get("/EF"), DictionaryObject)
        stream = _resolve(files.get("/UF", files.get("/F")), StreamObject)
        if id(stream) in seen or not isinstance(stream, StreamObject):
            continue
        seen.add(id(stream))
        if len(seen) > MOST_ENTRIES:
            raise NotACredential(
                "too_many_parts",
                say("expected at most {most} attachments in a PDF, got more", most=MOST_ENTRIES),
            )
        with apply_configuration(zlib_maximum_output_length=MOST_BYTES):
            content = stream.get_data()
        left -= len(content)
        if left < 0:
            raise too_large(MOST_UNPACKED)
        yield Part(str(specification.get("/UF", specification.get("/F", ""))), content)


class _Walk:
    """A walk through what refers to attachments: each array and each branch once, and not endlessly many."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._left = _MOST_LOOKED_AT

    def list_specifications(self, reader: PdfReader) -> Iterator[DictionaryObject]:
        """Yield the file specifications of the catalog and of the pages."""
        catalog = reader.root_object
        names = _resolve(catalog.get("/Names"), DictionaryObject)
        yield from self._walk_tree(names.get("/EmbeddedFiles"))
        yield from self._list_dictionaries(catalog.get("/AF"))
        for page in reader.pages:
            yield from self._list_dictionaries(page.get("/AF"))
            for annotation in self._list_dictionaries(page.get("/Annots")):
                if annotation.get("/Subtype") == "/FileAttachment":
                    yield from self._list_dictionaries(annotation.get("/FS"))

    def _walk_tree(self, root: Any) -> Iterator[DictionaryObject]:
        """Walk a tree of names (ISO 32000-2, section 7.9.6), however its nodes refer to each other."""
        waiting = [_resolve(root, DictionaryObject)]
        while waiting:
            node = waiting.pop()
            yield from self._list_dictionaries(node.get("/Names"))
            waiting += reversed(list(self._list_dictionaries(node.get("/Kids"))))

    def _list_dictionaries(self, value: Any) -> Iterator[DictionaryObject]:
        """Yield the dictionaries in an array, or the one dictionary that stands in its place."""
        found = value.get_object() if value is not None else None
        if isinstance(found, DictionaryObject):
            yield found
        elif isinstance(found, ArrayObject) and id(found) not in self._seen:
            self._seen.add(id(found))
            self._left -= len(found)
            if self._left < 0:
                raise NotACredential("too_many_parts", say("This PDF file refers to more things than are looked at."))
            for item in found:
                inner = item.get_object()
                if isinstance(inner, DictionaryObject):
                    yield inner


def _resolve(value: Any, kind: type[DictionaryObject]) -> DictionaryObject:
    """Return what a value refers to if it is of a kind, else an empty dictionary."""
    found = value.get_object() if value is not None else None
    return found if isinstance(found, kind) else DictionaryObject()
