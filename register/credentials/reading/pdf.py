"""PDF files: the files attached to them, wherever PDF lets one attach them (ISO 32000-2, sections 7.11.4, 14.13).

Looked at are the catalog's tree of embedded files, its associated files, and attachments on pages. pypdf reads the
structure in its strict mode and under bounds; the tree is walked here, once round however its branches loop. A
signature of the PDF itself (PAdES) is recognised and not checked.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pypdf import PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

from register.credentials.errors import NotACredential, NotGenuine, Unsupported
from register.credentials.reading.foreign import name_format
from register.credentials.reading.inflation import too_large
from register.credentials.reading.limits import MOST_BYTES, MOST_ENTRIES, MOST_UNPACKED
from register.credentials.reading.parts import Part

SIGNATURE: Final = b"%PDF-"
LATEST_START: Final = 1024
"""Readers of PDF look for the signature in the first 1024 bytes."""
_MOST_PAGES: Final = 2000
_BOUNDS: Final[Mapping[str, Any]] = {
    "maximum_declared_stream_length": MOST_BYTES,
    "array_based_stream_maximum_output_length": MOST_BYTES,
    "array_maximum_element_count": 20_000,
    "dictionary_maximum_element_count": 5_000,
    "lzw_maximum_output_length": MOST_BYTES,
    "run_length_maximum_output_length": MOST_BYTES,
    "zlib_maximum_output_length": MOST_BYTES,
    "zlib_maximum_recovery_input_length": 0,
    "brotli_maximum_output_length": MOST_BYTES,
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
    try:
        with apply_configuration(**_BOUNDS):
            return list(_unpack(PdfReader(io.BytesIO(data), strict=True)))
    except (FileNotDecryptedError, DependencyError) as error:
        raise name_format("pdf_encrypted") from error
    except LimitReachedError as error:
        raise NotGenuine("unpacks_too_large", "This PDF file is larger inside than any that is read.") from error
    except _DAMAGES as error:
        raise NotACredential("damaged", "This PDF file is damaged; hand in the original file.") from error


def name_plain(data: bytes) -> Unsupported | NotACredential:
    """Return the error for a PDF file in which no credential was found."""
    if b"/ByteRange" in data:
        return name_format("pdf_signature")
    return NotACredential("plain_pdf", "This PDF file holds no credential; hand in the credential itself.")


def _unpack(reader: PdfReader) -> Iterator[Part]:
    """Unpack each attached file once, however often it is named."""
    left, seen = MOST_UNPACKED, set()
    for specification in _list_specifications(reader):
        files = _resolve(specification.get("/EF"), DictionaryObject)
        stream = _resolve(files.get("/UF", files.get("/F")), StreamObject)
        if id(stream) in seen or not isinstance(stream, StreamObject):
            continue
        seen.add(id(stream))
        if len(seen) > MOST_ENTRIES:
            raise NotACredential("too_many_parts", f"expected at most {MOST_ENTRIES} attachments in a PDF, got more")
        content = stream.get_data()
        left -= len(content)
        if left < 0:
            raise too_large(MOST_UNPACKED)
        yield Part(str(specification.get("/UF", specification.get("/F", ""))), content)


def _list_specifications(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Yield the file specifications of the catalog and of the pages."""
    catalog = reader.root_object
    names = _resolve(catalog.get("/Names"), DictionaryObject)
    yield from _walk_tree(names.get("/EmbeddedFiles"))
    yield from _list_dictionaries(catalog.get("/AF"))
    for page in reader.pages:
        yield from _list_dictionaries(page.get("/AF"))
        for annotation in _list_dictionaries(page.get("/Annots")):
            if annotation.get("/Subtype") == "/FileAttachment":
                yield from _list_dictionaries(annotation.get("/FS"))


def _walk_tree(root: Any) -> Iterator[DictionaryObject]:
    """Walk a tree of names (ISO 32000-2, section 7.9.6), each node once, however they refer to each other."""
    waiting, seen = [_resolve(root, DictionaryObject)], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if len(seen) > MOST_ENTRIES:
            raise NotACredential("too_many_parts", f"expected at most {MOST_ENTRIES} branches of attachments, got more")
        yield from _list_dictionaries(node.get("/Names"))
        waiting += reversed(list(_list_dictionaries(node.get("/Kids"))))


def _list_dictionaries(value: Any) -> Iterator[DictionaryObject]:
    """Yield the dictionaries in an array, or the one dictionary that stands in its place."""
    found = value.get_object() if value is not None else None
    if isinstance(found, DictionaryObject):
        yield found
    elif isinstance(found, ArrayObject):
        for item in found:
            inner = item.get_object()
            if isinstance(inner, DictionaryObject):
                yield inner


def _resolve(value: Any, kind: type[DictionaryObject]) -> DictionaryObject:
    """Return what a value refers to if it is of a kind, else an empty dictionary."""
    found = value.get_object() if value is not None else None
    return found if isinstance(found, kind) else DictionaryObject()
