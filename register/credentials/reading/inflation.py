"""Unpacking of what strangers packed: never more than a bound, however small the packed form is."""

from __future__ import annotations

import zlib

from register.credentials.errors import NotGenuine
from register.credentials.reading.limits import MOST_BYTES
from register.sentences import say


def inflate(packed: bytes, *, limit: int = MOST_BYTES) -> bytes:
    """Return what a zlib stream (RFC 1950) holds, at most `limit` bytes.

    Raises NotGenuine when it holds more, ends too early, or is no zlib stream.
    """
    stream = zlib.decompressobj()
    try:
        unpacked = stream.decompress(packed, limit + 1)
    except zlib.error as error:
        raise NotGenuine(
            "damaged", say("A compressed part of this file is damaged; hand in the original file.")
        ) from error
    if len(unpacked) > limit:
        raise too_large(limit)
    if not stream.eof:
        raise NotGenuine("damaged", say("A compressed part of this file ends too early; hand in the original file."))
    return unpacked


def too_large(limit: int) -> NotGenuine:
    """Return the error for a part that unpacks to more than `limit` bytes."""
    return NotGenuine(
        "unpacks_too_large",
        say("expected at most {most} MiB when unpacked, got more: no credential does", most=limit // 1024 // 1024),
    )
