"""PNG badges: the credential in a text chunk (Open Badges 3.0, "Baked Badges"; PNG, third edition, section 11.3.3).

The chunks are walked here and not by Pillow, which keeps only the last of two texts of one name: two credentials in one
picture would be one, and another one elsewhere. No picture is decoded.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from register.credentials.errors import NotACredential, NotGenuine
from register.credentials.reading.inflation import inflate
from register.credentials.reading.limits import MOST_ENTRIES
from register.sentences import say

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_TEXTS: Final = (b"tEXt", b"zTXt", b"iTXt")
_KEYWORDS: Final = (b"openbadgecredential", b"openbadges")
"""Of Open Badges 3.0, of 2.0: a picture may hold one of each."""


def find_badge(data: bytes) -> bytes:
    """Return the text of the badge in a picture, that of version 3.0 before that of 2.0.

    Raises NotACredential when there is none or the file ends too early; NotGenuine when there are two different ones,
    or when a text is damaged.
    """
    found: dict[bytes, set[bytes]] = {keyword: set() for keyword in _KEYWORDS}
    for kind, body in _walk_chunks(data):
        keyword = body.partition(b"\0")[0].lower()
        if kind in _TEXTS and keyword in found:
            found[keyword].add(_read_text(kind, body[len(keyword) + 1 :]))
    for keyword in _KEYWORDS:
        if len(found[keyword]) > 1:
            raise NotGenuine(
                "two_credentials", say("This picture holds two different credentials: nobody can tell which.")
            )
        if found[keyword]:
            return found[keyword].pop()
    raise NotACredential(
        "plain_picture", say("This picture holds no credential; hand in the file of the badge itself.")
    )


def _walk_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and body of each chunk of text up to the end of the picture."""
    position, texts = len(SIGNATURE), 0
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            break
        if kind == b"IEND":
            return
        if kind in _TEXTS:
            body = data[position + 8 : end - 4]
            if zlib.crc32(kind + body) != int.from_bytes(data[end - 4 : end], "big"):
                raise NotGenuine(
                    "damaged", say("A text in this picture was altered or damaged: its check sum is wrong.")
                )
            texts += 1
            yield kind, body
        if texts > MOST_ENTRIES:
            raise NotGenuine(
                "too_many_parts",
                say("expected at most {most} texts in a picture, got more", most=MOST_ENTRIES),
            )
        position = end
    raise NotACredential("damaged", say("This picture ends too early; hand in the original file."))


def _read_text(kind: bytes, rest: bytes) -> bytes:
    """Return a chunk's text in UTF-8; `rest` is what follows the keyword."""
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        return inflate(rest) if packed else rest
    text = inflate(rest[1:]) if kind == b"zTXt" else rest
    return text if _is_utf8(text) else text.decode("latin-1").encode()


def _is_utf8(text: bytes) -> bool:
    """Whether a text that ought to be Latin-1 is UTF-8, as some bakers write it."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
