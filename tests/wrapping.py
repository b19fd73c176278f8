"""Credentials nobody signed, and the containers they come in: pictures, PDF and ZIP files, presentations."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

SHARED: Final = Path(__file__).parents[2] / "shared" / "data" / "credentials"
"""Sample documents beside the project, where somebody put them; tests hold without them."""

VC_2: Final = "https://www.w3.org/ns/credentials/v2"
PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def make_credential(**members: Any) -> dict[str, Any]:
    """Return a credential of model 2.0 with a proof that proves nothing."""
    return {
        "@context": [VC_2],
        "type": ["VerifiableCredential"],
        "issuer": "did:web:university.example",
        "credentialSubject": {"id": "did:example:learner"},
        "proof": {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofValue": "z0"},
        **members,
    }


def without(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a copy without some members."""
    return {name: value for name, value in document.items() if name not in names}


def write(value: object) -> bytes:
    """Return a value as JSON text."""
    return json.dumps(value).encode()


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def make_token(payload: object, header: object = None, signature: bytes = b"signature") -> bytes:
    """Return a compact JWS with a signature that proves nothing."""
    head = {"alg": "EdDSA", "kid": "did:web:university.example#0"} if header is None else header
    parts = [encode(part if isinstance(part, bytes) else write(part)) for part in (head, payload)]
    return ".".join([*parts, encode(signature)]).encode()


def make_european(**members: Any) -> dict[str, Any]:
    """Return the payload of a European Digital Credential."""
    return {
        "@context": ["https://www.w3.org/2018/credentials/v1", "http://data.europa.eu/snb/model/context/edc-ap"],
        "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
        "issuer": {"id": "urn:epass:org:1", "type": "Organisation"},
        "credentialSubject": {"id": "urn:epass:person:1"},
        **members,
    }


def seal(payload: object, **members: Any) -> dict[str, Any]:
    """Return a sealed payload whose seal proves nothing."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return {"payload": text, "signatures": [{"protected": encode(b'{"alg":"RS256"}'), "signature": "c2ln"}], **members}


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bake_png(*chunks: bytes) -> bytes:
    """Return a picture of one pixel with more chunks in it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return PNG_SIGNATURE + b"".join([head, *chunks, chunk(b"IDAT", zlib.compress(b"\0\0")), chunk(b"IEND", b"")])


def itxt(text: bytes, keyword: bytes = b"openbadgecredential", *, packed: bool = False) -> bytes:
    """Return a chunk of international text."""
    body = zlib.compress(text) if packed else text
    return chunk(b"iTXt", keyword + b"\0" + bytes([packed, 0]) + b"\0\0" + body)


def bake_svg(inside: str, attributes: str = "", *, prolog: str = "") -> bytes:
    """Return a picture with the element of a badge in it."""
    badge = f"<ob:credential {attributes}>{inside}</ob:credential>"
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:ob="https://purl.imsglobal.org/ob/v3p0"'
    return f"{prolog}<svg {spaces}>{badge}<path d='M0,0'/></svg>".encode()


def cdata(text: bytes) -> str:
    """Return text as it stands in XML without escapes."""
    return f"<![CDATA[{text.decode()}]]>"


def pack_zip(entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP file of named entries."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return target.getvalue()


def attach_pdf(files: Mapping[str, bytes], password: str | None = None) -> bytes:
    """Return a PDF of one empty page with files attached."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    for name, data in files.items():
        writer.add_attachment(name, data)
    return save_pdf(writer, password)


def save_pdf(writer: PdfWriter, password: str | None = None) -> bytes:
    """Return the bytes of a PDF, encrypted under a password if there is one."""
    if password is not None:
        writer.encrypt(password)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def file_specification(writer: PdfWriter, name: str, data: bytes) -> DictionaryObject:
    """Return a file specification that no tree of names holds."""
    stream = DecodedStreamObject()
    stream.set_data(data)
    stream.update({NameObject("/Type"): NameObject("/EmbeddedFile")})
    files = DictionaryObject({NameObject("/F"): writer._add_object(stream)})
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Filespec"),
            NameObject("/F"): TextStringObject(name),
            NameObject("/EF"): files,
        }
    )


def array(*items: Any) -> ArrayObject:
    """Return a PDF array."""
    return ArrayObject(items)
