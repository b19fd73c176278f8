"""What was handed in, told apart by its first bytes, and opened if it is a container of a known kind."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from register.credentials.errors import NotACredential, NotGenuine
from register.credentials.presented import Presented
from register.credentials.reading import archive, pdf, png, svg
from register.credentials.reading.documents import read_json, read_text
from register.credentials.reading.foreign import name_format
from register.credentials.reading.gathering import gather
from register.credentials.reading.limits import MOST_BYTES, MOST_WRAPPINGS
from register.credentials.reading.parts import Part, pair_receipts
from register.credentials.reading.tokens import decode_base64url
from register.sentences import say

Container = tuple[str, ...]
Found = tuple[Presented, ...]

_PICTURES: Final = (b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"\x00\x00\x00\x0cjP", b"II*\x00", b"MM\x00*")
_BLANK: Final = codecs.BOM_UTF8 + b" \t\r\n"
_JSON: Final = (b"{", b"[", b'"')
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"{\x00", b"\x00{", b"[\x00", b"\x00[")
_CMS: Final = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
"""The object identifiers of CMS, 1.2.840.113549.1.7.x, in DER (RFC 5652)."""
_MDOC: Final = (b"issuerAuth", b"nameSpaces", b"issuerSigned", b"deviceSigned")
_SCHEMES: Final[Mapping[bytes, str]] = {
    b"openid-credential-offer:": "credential_offer",
    b"haip:": "credential_offer",
    b"mdoc:": "mdoc",
    b"-----BEGIN CMS": "cades",
    b"-----BEGIN PKCS7": "cades",
    b"-----BEGIN PKCS #7": "cades",
}
_BASE64URL: Final = re.compile(rb"[A-Za-z0-9_-]{40,}")


def read(data: bytes) -> Found:
    """Return the credentials in what was handed in, taken apart but not believed.

    Raises NotACredential (nothing in it is one, or it is too large), Unsupported (a format that is recognised and not
    checked, named), NotGenuine (a credential that is damaged, or that two readers could read differently).
    """
    if len(data) > MOST_BYTES:
        raise NotACredential(
            "too_large",
            say(
                "expected at most {most} MiB, got more; hand in the credential alone",
                most=MOST_BYTES // 1024 // 1024,
            ),
        )
    return _read_part(data, ())


def _read_part(data: bytes, container: Container) -> Found:
    """Return the credentials in a part of what was handed in."""
    if len(container) > MOST_WRAPPINGS:
        raise NotGenuine(
            "too_deeply_wrapped",
            say("expected at most {most} containers within each other", most=MOST_WRAPPINGS),
        )
    if data.startswith(_JSON) and data[1:2] != b"\0":
        return read_json(data.rstrip(), container)
    if data.startswith(png.SIGNATURE):
        return _read_part(png.find_badge(data), (*container, "png"))
    if data.startswith(archive.SIGNATURES):
        return _read_archive(data, container)
    if pdf.SIGNATURE in data[: pdf.LATEST_START] and not data[:99].lstrip(_BLANK).startswith((*_JSON, b"<")):
        return _read_pdf(data, container)
    _check_binary(data)
    text = data.removeprefix(codecs.BOM_UTF8).strip()
    if not text:
        raise NotACredential("empty", say("expected a credential, got nothing"))
    if text.startswith(_JSON):
        return read_json(text, container)
    if text.startswith(b"<"):
        return _read_part(svg.find_badge(text), (*container, "svg"))
    return _read_line(text, container)


def _read_archive(data: bytes, container: Container) -> Found:
    if container:
        raise name_format("nested_zip")
    parts = archive.list_parts(data)
    try:
        return _read_parts(parts, (*container, "zip"))
    except NotACredential as error:
        if error.code == "not_a_credential" and any(part.name.startswith("META-INF/") for part in parts):
            raise name_format("asic") from error
        raise


def _read_pdf(data: bytes, container: Container) -> Found:
    try:
        return _read_parts(pdf.list_parts(data), (*container, "pdf"))
    except NotACredential as error:
        if error.code == "not_a_credential":
            raise pdf.name_plain(data) from error
        raise


def _read_parts(parts: Sequence[Part], container: Container) -> Found:
    """Read all files of a container, each with the receipt that lies beside it."""
    return gather([_later(part, receipt, container) for part, receipt in pair_receipts(parts)])


def _later(part: Part, receipt: bytes | None, container: Container) -> Callable[[], Found]:
    def read_with_receipt() -> Found:
        found = _read_part(part.data, container)
        if receipt is None:
            return found
        if len(found) != 1:
            raise NotGenuine("receipt_of_several", say("expected one credential beside a receipt, got several"))
        return (replace(found[0], receipt=receipt),)

    return read_with_receipt


def _check_binary(data: bytes) -> None:
    """Raise for what is no text: pictures, UTF-16, signed messages, ISO mdoc, COSE."""
    if data.startswith(_PICTURES):
        raise NotACredential(
            "plain_picture", say("This picture holds no credential; hand in the file of the badge itself.")
        )
    if data.startswith(_UTF16):
        raise name_format("utf16")
    if data.startswith(b"\x1f\x8b"):
        raise name_format("compressed")
    if data.startswith(b"\x30") and _CMS in data[:64]:
        raise name_format("cades")
    if any(name in data[:4096] for name in _MDOC) and data[:1] > b"\x7f":
        raise name_format("mdoc")
    if data.startswith(b"\xd2\x84"):
        raise name_format("cose")


def _read_line(text: bytes, container: Container) -> Found:
    """Read what is neither JSON nor XML: a JWT, or something that is known not to be a credential."""
    for scheme, code in _SCHEMES.items():
        if text.startswith(scheme):
            raise name_format(code)
    if text.startswith((b"https://", b"http://")):
        if container[-1:] == ("png",):
            # A picture that holds the address of its badge is one of version 2.
            raise name_format("open_badges_2")
        raise NotACredential(
            "address", say("This is an address, not a credential: open it, and hand in what is there.")
        )
    if _BASE64URL.fullmatch(text):
        _check_binary(_decode(text))
    return read_text(text.decode("utf-8", "replace"), container)


def _decode(text: bytes) -> bytes:
    """Return the bytes of a base64url text, none for one of an impossible length."""
    try:
        return decode_base64url(text.decode("ascii"))
    except ValueError:
        return b""
