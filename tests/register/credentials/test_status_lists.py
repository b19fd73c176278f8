"""Status lists: what is written can be read back, and a list that makes no sense leaves the question open."""

from __future__ import annotations

import base64
import gzip
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from register.credentials.errors import Unreachable, Unsupported
from register.credentials.presented import StatusEntry
from register.credentials.status_lists import (
    LEAST_ENTRIES,
    MOST_BYTES,
    address_of,
    decode_list,
    encode_list,
    read_status,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHORT = "u" + base64.urlsafe_b64encode(gzip.compress(b"\x00\x80" + bytes(12_498))).rstrip(b"=").decode()
"""A list of 100,000 entries, as the Digital Credentials Consortium publishes them; the ninth is set."""


def entry(index: object = "94567", **more: Any) -> StatusEntry:
    value = {"statusPurpose": "revocation", "statusListIndex": index, "statusListCredential": "https://a.example/1"}
    return StatusEntry("BitstringStatusListEntry", value | more)


def listed(encoded: str, purpose: object = "revocation", **more: Any) -> dict[str, Any]:
    subject = {"type": "BitstringStatusList", "statusPurpose": purpose, "encodedList": encoded}
    return {"type": ["VerifiableCredential", "BitstringStatusListCredential"], "credentialSubject": subject} | more


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(0, LEAST_ENTRIES - 1), max_size=30))
def test_a_bit_is_set_exactly_where_it_was_said(indexes: set[int]) -> None:
    bits = decode_list(encode_list(indexes))
    assert len(bits) * 8 == LEAST_ENTRIES
    assert {8 * i + n for i, byte in enumerate(bits) if byte for n in range(8) if byte & (0x80 >> n)} == indexes


def test_the_same_bits_give_the_same_text() -> None:
    assert encode_list([5, 7]) == encode_list([7, 5, 5])
    assert encode_list([5]).startswith("u")


def test_a_list_never_has_fewer_entries_than_the_standard_asks_for() -> None:
    assert len(decode_list(encode_list([], 10))) * 8 == LEAST_ENTRIES
    assert len(decode_list(encode_list([], 200_000))) * 8 == 200_000


@pytest.mark.parametrize("index", [-1, LEAST_ENTRIES])
def test_an_index_outside_the_list_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match="expected an index below"):
        encode_list([index])


def test_the_first_entry_is_the_left_most_bit() -> None:
    assert decode_list(encode_list([0]))[0] == 0x80


def test_a_revoked_credential_is_found_and_its_neighbours_are_not() -> None:
    document = listed(encode_list([94567]))
    assert read_status(entry(), document, NOW).ended
    assert not read_status(entry("94566"), document, NOW).ended
    assert not read_status(entry("94568"), document, NOW).ended


@pytest.mark.parametrize("encoded", [encode_list([3])[1:], encode_list([3]), encode_list([3])[1:] + "=="])
def test_a_list_of_2021_is_read_with_and_without_its_prefix(encoded: str) -> None:
    old = StatusEntry("StatusList2021Entry", {"statusListIndex": 3, "statusListCredential": "https://a.example/1"})
    assert read_status(old, listed(encoded), NOW).ended


def test_a_list_of_100_000_entries_is_read_with_a_remark() -> None:
    status = read_status(entry("8"), listed(SHORT), NOW)
    assert status.ended
    assert [finding.code for finding in status.findings] == ["list_short"]
    assert not read_status(entry("9"), listed(SHORT), NOW).ended


def test_one_list_may_serve_several_purposes() -> None:
    assert read_status(entry(), listed(encode_list([94567]), ["suspension", "revocation"]), NOW).ended


def test_values_of_several_bits_come_with_their_message() -> None:
    messages = [{"status": "0x0", "message": "pending"}, {"status": "0x2", "message": "on hold"}]
    asked = entry("1", statusPurpose="message", statusSize=2, statusMessage=messages)
    status = read_status(asked, listed(encode_list([2]), "message"), NOW)
    assert (status.value, status.message, status.ended) == (2, "on hold", False)


@pytest.mark.parametrize(
    ("asked", "document", "code"),
    [
        (entry("131072"), listed(encode_list([])), "status_malformed"),
        (entry("-1"), listed(encode_list([])), "status_malformed"),
        (entry("9" * 30), listed(encode_list([])), "status_malformed"),
        (entry("٣"), listed(encode_list([])), "status_malformed"),
        (entry(statusSize=0), listed(encode_list([])), "status_malformed"),
        (entry(statusSize=True), listed(encode_list([])), "status_malformed"),
        (entry(), listed(encode_list([]), "suspension"), "list_of_other_purpose"),
        (entry(), listed("u!!"), "list_unreadable"),
        (entry(), listed(encode_list([])[:-8]), "list_unreadable"),
        (entry(), {"credentialSubject": []}, "list_malformed"),
        (entry(), listed(encode_list([]), type=["VerifiableCredential"]), "list_malformed"),
        (entry(), listed(encode_list([])) | {"credentialSubject": {"statusPurpose": "revocation"}}, "list_malformed"),
        (entry(), listed(encode_list([]), validUntil="2025-12-31T00:00:00Z"), "list_not_in_force"),
        (entry(), listed(encode_list([]), validFrom="2026-01-02T00:00:00Z"), "list_not_in_force"),
        (entry(), listed(encode_list([]), validFrom="soon"), "list_malformed"),
    ],
)
def test_a_list_that_makes_no_sense_leaves_the_question_open(
    asked: StatusEntry, document: dict[str, Any], code: str
) -> None:
    with pytest.raises(Unreachable) as refused:
        read_status(asked, document, NOW)
    assert refused.value.code == code


def test_a_list_that_unpacks_to_more_than_memory_holds_is_not_unpacked() -> None:
    bomb = base64.urlsafe_b64encode(gzip.compress(bytes(MOST_BYTES + 1))).decode()
    with pytest.raises(Unreachable) as refused:
        decode_list("u" + bomb)
    assert refused.value.code == "list_unreadable"


def test_a_kind_of_status_that_is_not_read_is_named() -> None:
    with pytest.raises(Unsupported, match="RevocationList2020Status"):
        address_of(StatusEntry("RevocationList2020Status", {"id": "https://a.example/1"}))


def test_an_entry_without_address_is_said_to_be_malformed() -> None:
    with pytest.raises(Unreachable, match="without its address"):
        address_of(StatusEntry("BitstringStatusListEntry", {"statusListCredential": 7}))


@pytest.mark.parametrize(
    ("named", "ended"),
    [
        ({"revokedCredentials": [{"id": "urn:x:1", "revocationReason": "by mistake"}]}, True),
        ({"revokedCredential": [{"id": "urn:x:1", "revoked": True}]}, True),
        ({"revokedCredentials": ["urn:x:1"]}, True),
        ({"revokedAssertions": [{"id": "urn:x:1", "revocationReason": "by mistake"}]}, True),
        ({"revokedCredentials": [{"id": "urn:x:1", "revoked": False}]}, False),
        ({"revokedCredentials": [{"id": "urn:x:2"}]}, False),
    ],
)
def test_a_list_of_ids_names_the_credential_or_does_not(named: dict[str, Any], ended: bool) -> None:
    asked = StatusEntry("1EdTechRevocationList", {"id": "https://a.example/revoked"})
    assert address_of(asked) == "https://a.example/revoked"
    assert read_status(asked, named, NOW, "urn:x:1").ended is ended


@pytest.mark.parametrize(("document", "own"), [({}, "urn:x:1"), ({"revokedCredentials": []}, None)])
def test_a_list_of_ids_that_cannot_be_used_leaves_the_question_open(document: dict[str, Any], own: str | None) -> None:
    with pytest.raises(Unreachable):
        read_status(StatusEntry("1EdTechRevocationList", {"id": "https://a.example/1"}), document, NOW, own)
