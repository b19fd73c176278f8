"""Status lists: one bit (or a few) for each credential of an issuer, published for any verifier to read.

Written: W3C Bitstring Status List 1.0. Read: the same, StatusList2021 (its draft), the revocation lists of 1EdTech and
of Blockcerts.
The document handed in was fetched and its signature checked by the caller; here it is only read. A list that cannot
be made sense of is `Unreachable`: whether the credential was revoked then stays open.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from register.credentials.errors import Unreachable, Unsupported
from register.credentials.presented import StatusEntry
from register.credentials.report import Finding
from register.moments import parse_moment
from register.sentences import say

LEAST_ENTRIES: Final = 131_072
"""Entries that a list has at least, so that asking for it tells nobody which credential is meant (section 6.1)."""

MOST_BYTES: Final = 16 * 1024 * 1024
"""Bytes a list may have unpacked: 134 million credentials."""

BITSTRING: Final = ("BitstringStatusListEntry", "StatusList2021Entry")
REVOKED_IDS: Final = ("1EdTechRevocationList", "BlockcertsRevocationList")
KINDS: Final = (*BITSTRING, *REVOKED_IDS)
"""Types of status entries that are read here."""

PURPOSES: Final = ("revocation", "suspension", "message", "refresh")
_LISTS: Final = ("BitstringStatusList", "StatusList2021")
_LIST_CREDENTIALS: Final = tuple(f"{name}Credential" for name in _LISTS)
_ENDING: Final = ("revocation", "suspension")
_NAMES_OF_REVOKED: Final = ("revokedCredentials", "revokedCredential", "revokedAssertions")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_MULTIBASE_BASE64URL: Final = "u"


@dataclass(frozen=True, slots=True)
class Status:
    """What one entry's list says: its purpose, the value found (0: nothing), and what the issuer means by it.

    `ended` says that the credential is revoked or suspended by this list.
    """

    purpose: str
    value: int
    message: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the credential is not in force by this list."""
        return self.value != 0 and self.purpose in _ENDING


def encode_list(indexes: Iterable[int], entries: int = LEAST_ENTRIES) -> str:
    """Return the `encodedList` of a list of `entries` bits in which those at `indexes` are set (section 3.3).

    The first entry is the left-most bit. The same bits give the same text: the packed form holds no time. Raises
    ValueError for an index outside the list.
    """
    bits = bytearray((max(entries, LEAST_ENTRIES) + 7) // 8)
    for index in indexes:
        if not 0 <= index < len(bits) * 8:
            raise ValueError(f"expected an index below {len(bits) * 8}, got {index}")
        bits[index // 8] |= 0x80 >> index % 8
    packed = gzip.compress(bytes(bits), mtime=0)
    return _MULTIBASE_BASE64URL + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_list(encoded: str) -> bytes:
    """Return the bits of an `encodedList`, with or without its multibase prefix `u`.

    Raises Unreachable(`list_unreadable`) when it is not base64url of gzip, or unpacks to more than MOST_BYTES.
    """
    for text in _without_prefix(encoded):
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            continue
        if packed[:2] == b"\x1f\x8b":
            return _unpack(packed)
    raise Unreachable("list_unreadable", say("expected a status list of base64url and gzip, got something else"))


def _without_prefix(encoded: str) -> tuple[str, ...]:
    """StatusList2021 has no multibase prefix, and some lists of it have one; the gzip header tells them apart."""
    bare = encoded.rstrip("=")
    return (bare[1:], bare) if bare.startswith(_MULTIBASE_BASE64URL) else (bare,)


def _unpack(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        bits = unpacker.decompress(packed, MOST_BYTES)
    except zlib.error:
        raise Unreachable("list_unreadable", say("the status list is damaged: it cannot be unpacked")) from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise Unreachable(
            "list_unreadable",
            say("the status list is cut short or unpacks to more than {most} bytes", most=MOST_BYTES),
        )
    return bits


def address_of(entry: StatusEntry) -> str:
    """Return the address of the list that an entry names.

    Raises Unsupported(`status_unsupported`) for types not read here, Unreachable(`status_malformed`) without one.
    """
    if entry.type not in KINDS:
        raise Unsupported(
            "status_unsupported",
            say("the credential keeps its status as {type}, which is not read here", type=repr(entry.type[:60])),
        )
    address = entry.value.get("statusListCredential" if entry.type in BITSTRING else "id")
    if not isinstance(address, str) or not address:
        raise Unreachable("status_malformed", say("the credential names a status list without its address"))
    return address


def read_status(
    entry: StatusEntry, document: Mapping[str, Any], now: datetime, credential_id: str | None = None
) -> Status:
    """Look an entry up in the list it names; `credential_id` is needed for lists that name ids.

    Raises Unreachable when list and entry do not fit together or the list is not in force at `now`, Unsupported for
    a type not read here.
    """
    if entry.type in REVOKED_IDS:
        return _read_revoked_ids(document, credential_id)
    address_of(entry)
    purpose = _read_purpose(entry)
    subject = _read_subject(document, purpose)
    _check_in_force(document, now)
    bits = decode_list(str(subject.get("encodedList", "")))
    value, size = _look_up(entry, bits)
    return Status(purpose, value, _read_message(entry, value), tuple(_remark_on(bits, size)))


def _read_purpose(entry: StatusEntry) -> str:
    purpose = entry.value.get("statusPurpose", "revocation" if entry.type == "StatusList2021Entry" else None)
    lowered = purpose.lower() if isinstance(purpose, str) else ""
    if lowered not in PURPOSES:
        raise Unsupported(
            "status_unsupported",
            say(
                "the credential's status has a purpose not known here; expected one of {purposes}",
                purposes=", ".join(PURPOSES),
            ),
        )
    return lowered


def _read_subject(document: Mapping[str, Any], purpose: str) -> Mapping[str, Any]:
    """Return the list proper, which says that it is one; it may serve several purposes (sections 2.2 and 3.2)."""
    subject = document.get("credentialSubject")
    if not isinstance(subject, Mapping) or not _names_itself(document, subject):
        raise Unreachable("list_malformed", say("what is published as a status list does not say that it is one"))
    said = subject.get("statusPurpose")
    purposes = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    if purpose not in [str(one).lower() for one in purposes]:
        raise Unreachable(
            "list_of_other_purpose",
            say("the credential's {purpose} is to be found in a list that is for something else", purpose=purpose),
        )
    return subject


def _names_itself(document: Mapping[str, Any], subject: Mapping[str, Any]) -> bool:
    return bool({*_LISTS} & _types(subject) and {*_LIST_CREDENTIALS} & _types(document))


def _types(thing: Mapping[str, Any]) -> set[str]:
    said = thing.get("type")
    return {said} if isinstance(said, str) else {one for one in said or () if isinstance(one, str)}


def _check_in_force(document: Mapping[str, Any], now: datetime) -> None:
    starts = _instant(document.get("validFrom", document.get("issuanceDate")))
    ends = _instant(document.get("validUntil", document.get("expirationDate")))
    if (starts and now < starts) or (ends and now >= ends):
        raise Unreachable(
            "list_not_in_force", say("the status list is not in force today; its issuer has to publish a new one")
        )


def _instant(said: object) -> datetime | None:
    if said is None:
        return None
    try:
        return parse_moment(str(said))
    except ValueError:
        raise Unreachable("list_malformed", say("the status list is dated in a way that cannot be read")) from None


def _look_up(entry: StatusEntry, bits: bytes) -> tuple[int, int]:
    """Return the value at an entry's index and the bits each entry has (`statusSize`, section 2.1)."""
    index, size = str(entry.value.get("statusListIndex", "")), entry.value.get("statusSize", 1)
    if not _INDEX.fullmatch(index) or type(size) is not int or not 1 <= size <= 8:
        raise Unreachable("status_malformed", say("the credential's place in its status list cannot be read"))
    first = int(index) * size
    if first + size > len(bits) * 8:
        raise Unreachable(
            "status_malformed",
            say("the credential's place in its status list, {index}, is beyond its end", index=index),
        )
    value = 0
    for position in range(first, first + size):
        value = value << 1 | bits[position // 8] >> (7 - position % 8) & 1
    return value, size


def _read_message(entry: StatusEntry, value: int) -> str | None:
    messages = entry.value.get("statusMessage")
    for one in messages if isinstance(messages, list) else ():
        if isinstance(one, Mapping) and str(one.get("status")).lower() in (hex(value), str(value)):
            return str(one.get("message", ""))[:200] or None
    return None


def _remark_on(bits: bytes, size: int) -> Iterable[Finding]:
    if len(bits) * 8 // size < LEAST_ENTRIES:
        yield Finding(
            "list_short",
            "warning",
            say(
                "The status list has {count} entries, fewer than the {least} that the standard asks for; "
                "asking for it may tell its publisher which credential is meant.",
                count=len(bits) * 8 // size,
                least=LEAST_ENTRIES,
            ),
        )


def _read_revoked_ids(document: Mapping[str, Any], credential_id: str | None) -> Status:
    """Ids of revoked credentials, written in full: 1EdTech Revocation List, and that of Open Badges 2.0."""
    listed = next((document[name] for name in _NAMES_OF_REVOKED if name in document), None)
    if not isinstance(listed, list):
        raise Unreachable("list_malformed", say("what is published as a revocation list holds no list"))
    if not credential_id:
        raise Unreachable("status_malformed", say("the credential names a list of ids and has no id of its own"))
    found = [one for one in listed if (one.get("id") if isinstance(one, Mapping) else one) == credential_id]
    revoked = [one for one in found if not isinstance(one, Mapping) or one.get("revoked", True) is not False]
    reasons = [
        str(one["revocationReason"])[:200] for one in revoked if isinstance(one, Mapping) and "revocationReason" in one
    ]
    return Status("revocation", int(bool(revoked)), reasons[0] if reasons else None)
