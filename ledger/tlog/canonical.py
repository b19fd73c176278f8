"""The one spelling of an entry: RFC 8785 (JCS) over I-JSON without floats.

Values are None, bool, int within ±(2**53 - 1), str without lone surrogates, list or tuple, and dict with str keys, at
most 64 levels deep. Strings are never normalised. Any other spelling of the same value is refused, not repaired.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn, cast

import msgspec
import rfc8785

from ledger.tlog.errors import CanonicalFormError

MAX_DEPTH = 64
MAX_INT = 2**53 - 1

JsonValue = None | bool | int | str | list["JsonValue"] | dict[str, "JsonValue"]


def encode(value: object) -> bytes:
    """Return the canonical bytes of a value; raises `CanonicalFormError` for one that has none here."""
    try:
        if _admit(value):
            return _ENCODER.encode(value)
        return rfc8785.dumps(cast(JsonValue, value))
    except (UnicodeEncodeError, rfc8785.CanonicalizationError) as error:
        raise CanonicalFormError("expected strings of Unicode characters, got a lone surrogate") from error


def decode(data: bytes) -> JsonValue:
    """Read canonical bytes; raises `CanonicalFormError` unless the value's own encoding is exactly these bytes.

    That rules out duplicate keys, white space, other orders and spellings, a byte order mark, floats and `-0`.
    """
    try:
        value: JsonValue = _DECODER.decode(data)
    except RecursionError:
        raise CanonicalFormError(f"expected at most {MAX_DEPTH} levels, got far more") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise CanonicalFormError(f"expected UTF-8 JSON, got something else: {error}") from error
    again = _encode_again(value, data)
    if again != data:
        at = next((i for i, (a, b) in enumerate(zip(again, data, strict=False)) if a != b), min(len(again), len(data)))
        raise CanonicalFormError(
            f"expected RFC 8785 canonical JSON, got another spelling from byte {at}; encode it anew"
        )
    return value


def _encode_again(value: JsonValue, data: bytes) -> bytes:
    """Encode what was decoded from `data`, without the walk through it where the bytes themselves rule out its faults.

    What was decoded has no foreign types. Bytes with few brackets nest no deeper, those without long runs of digits
    hold no integer too large, and without four-byte characters the order of keys by bytes is that by UTF-16 units. A
    key written with an escape that hides one is not the canonical spelling and so comes out otherwise.
    """
    kinds = data.translate(_KINDS)
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH or _LONG_NUMBER in kinds or _FOUR_BYTES in kinds:
        return encode(value)
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError as error:
        raise CanonicalFormError("expected strings of Unicode characters, got a lone surrogate") from error


def _admit(value: object) -> bool:
    """Raise unless the value may be written; return whether all keys are ASCII."""
    ascii_keys = True
    # An explicit stack, one open container a level: neither deep nor self-containing values can exhaust anything.
    stack: list[Iterator[object]] = [iter((value,))]
    while stack:
        for item in stack[-1]:
            if type(item) is dict:
                ascii_keys = _admit_keys(item) and ascii_keys
                stack.append(iter(item.values()))
                break
            if type(item) is list or type(item) is tuple:
                stack.append(iter(item))
                break
            _admit_scalar(item)
        else:
            stack.pop()
        if len(stack) > MAX_DEPTH + 1:
            raise CanonicalFormError(f"expected at most {MAX_DEPTH} levels, got more; flatten the value")
    return ascii_keys


def _admit_scalar(item: object) -> None:
    if type(item) is int:
        if not -MAX_INT <= item <= MAX_INT:
            raise CanonicalFormError("expected an integer within ±(2^53-1), got a larger one; write it as text")
    elif type(item) is not str and type(item) is not bool and item is not None:
        raise CanonicalFormError(
            f"expected text, integer, boolean, null, list or object, got {type(item).__name__}; convert it first"
        )


def _admit_keys(mapping: dict[object, object]) -> bool:
    ascii_keys = True
    for key in mapping:
        if type(key) is not str:
            raise CanonicalFormError(f"expected text as the key of an object, got {type(key).__name__}")
        ascii_keys = ascii_keys and key.isascii()
    return ascii_keys


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"expected integers only, got {text[:20]!r}; write it as text")


# All digits made one, and all first bytes of four: then both are found faster than by a regular expression.
_FOUR_BYTES = b"\xf0"
_KINDS = bytes(0x30 if 0x30 <= byte <= 0x39 else 0xF0 if byte >= 0xF0 else 0x20 for byte in range(256))
_LONG_NUMBER = b"0" * len(str(MAX_INT))
_DECODER = msgspec.json.Decoder(float_hook=_refuse_number)
# Keys go by code points, which for ASCII is UTF-16 order; strings are written as RFC 8785 does.
_ENCODER = msgspec.json.Encoder(order="sorted")
