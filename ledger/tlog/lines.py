"""The atoms all C2SP text formats share: base64, 32-byte hashes and decimal numbers, read strictly.

Strict means that each value has exactly one spelling: what is read here re-encodes to the same characters.
Readers raise plain `ValueError`; the module that knows the format turns it into its own error.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable

HASH_SIZE = 32
MAX_PROOF = 63
"""No proof in a tree of at most 2**63-1 leaves is longer."""

MAX_UINT63 = 2**63 - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def encode_base64(data: bytes) -> str:
    """Write bytes as base64 with padding, without line breaks (RFC 4648 section 4)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Read base64 with padding; other alphabets, missing padding and loose trailing bits raise `ValueError`."""
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"expected base64 (RFC 4648 section 4, with padding), got {_shorten(text)}") from error
    if encode_base64(data) != text:
        raise ValueError(f"expected base64 in its one canonical spelling, got {_shorten(text)}")
    return data


def decode_hash(text: str) -> bytes:
    """Read the base64 of one SHA-256 hash; anything but 32 bytes raises `ValueError`."""
    data = decode_base64(text)
    if len(data) != HASH_SIZE:
        raise ValueError(f"expected the base64 of a 32-byte hash, got {len(data)} bytes")
    return data


def decode_proof(rows: list[str]) -> tuple[bytes, ...]:
    """Read a proof, one base64 hash a row; more than 63 rows raise `ValueError`."""
    if len(rows) > MAX_PROOF:
        raise ValueError(f"expected at most {MAX_PROOF} proof hashes, got {len(rows)}")
    return tuple(decode_hash(row) for row in rows)


def encode_proof(hashes: Iterable[bytes]) -> str:
    """Write a proof, one base64 hash a line, each with its newline."""
    return "".join(encode_base64(value) + "\n" for value in hashes)


def decode_decimal(text: str) -> int:
    """Read an ASCII decimal from 0 to 2**63-1 without sign or leading zero, or raise `ValueError`."""
    if not _DECIMAL.fullmatch(text) or (number := int(text)) > MAX_UINT63:
        raise ValueError(f"expected a decimal from 0 to 2^63-1 without leading zero, got {_shorten(text)}")
    return number


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
