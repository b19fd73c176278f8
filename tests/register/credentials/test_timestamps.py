"""A timestamp says that exactly these bytes existed, and counts as a time only under an authority that is trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import cms, core
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from register.credentials.proofs.certificates import read_certificate
from register.credentials.proofs.timestamps import LARGEST, BadTimestamp, read_timestamp
from tests.sealed import FROM, SEALED_AT, UNTIL, Holder, issue, make_key, make_root, make_tsa, stamp, to_der

COVERED = b"what was there"
ROOT = to_der(make_tsa().chain[-1])


def refusal(token: bytes, covered: bytes = COVERED) -> str:
    with pytest.raises(BadTimestamp) as caught:
        read_timestamp(token, covered)
    return caught.value.code


@pytest.mark.parametrize("kind", ["P-256", "2048", "Ed25519"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_timestamp_tells_its_time_and_its_authority(kind: str, digest: str) -> None:
    tsa = make_tsa(f"Time by {kind}", kind=kind)
    found = read_timestamp(stamp(COVERED, SEALED_AT, tsa, digest=digest), COVERED)
    assert found.time == SEALED_AT
    assert found.authority == f"Time by {kind}"
    assert not found.trusted


@pytest.mark.parametrize("anchor", [ROOT, make_tsa().der])
def test_it_is_trusted_under_its_own_certificate_or_that_of_who_issued_it(anchor: bytes) -> None:
    assert read_timestamp(stamp(COVERED, SEALED_AT), COVERED, frozenset({anchor})).trusted


def test_an_authority_of_the_same_name_is_not_trusted() -> None:
    forger = make_tsa("Made-up Time", "Forged Root")
    root = issue(None, "Made-up Time Root", ca=True, key=make_key("P-256", "another root"))
    impostor = issue(root, "Made-up Time", purpose=ExtendedKeyUsageOID.TIME_STAMPING)
    for holder in (forger, impostor):
        assert not read_timestamp(stamp(COVERED, SEALED_AT, holder), COVERED, frozenset({ROOT})).trusted


def test_a_certificate_that_lies_between_may_come_from_beside_the_token() -> None:
    between = issue(make_root("Made-up Time Root"), "Made-up Time Issuer", ca=True)
    tsa = issue(between, "Time below", purpose=ExtendedKeyUsageOID.TIME_STAMPING)
    alone = Holder(tsa.key, tsa.chain[:1])
    token = stamp(COVERED, SEALED_AT, alone)
    assert not read_timestamp(token, COVERED, frozenset({ROOT})).trusted
    assert read_timestamp(token, COVERED, frozenset({ROOT}), [read_certificate(between.der)]).trusted


def test_a_timestamp_of_something_else_is_refused() -> None:
    assert refusal(stamp(b"other", SEALED_AT)) == "timestamp_of_other"
    assert refusal(stamp(COVERED, SEALED_AT), COVERED + b" ") == "timestamp_of_other"


def test_a_timestamp_over_a_weak_hash_is_refused() -> None:
    assert refusal(stamp(COVERED, SEALED_AT, digest="sha1")) == "timestamp_weak"


@pytest.mark.parametrize(
    "holder",
    [
        issue(make_root("Made-up Time Root"), "No purpose"),
        issue(make_root("Made-up Time Root"), "Other purpose", purpose=ExtendedKeyUsageOID.CODE_SIGNING),
        issue(
            make_root("Made-up Time Root"), "Not critical", purpose=ExtendedKeyUsageOID.TIME_STAMPING, critical=False
        ),
    ],
)
def test_a_certificate_that_is_not_for_time_stamping_alone_makes_no_timestamp(holder: Holder) -> None:
    assert refusal(stamp(COVERED, SEALED_AT, holder)) == "timestamp_not_by_authority"


def test_a_timestamp_outside_the_life_of_its_certificate_is_refused() -> None:
    assert refusal(stamp(COVERED, FROM - timedelta(days=1))) == "timestamp_expired"
    assert refusal(stamp(COVERED, UNTIL + timedelta(days=1))) == "timestamp_expired"


def test_a_timestamp_without_the_certificate_that_made_it_is_refused() -> None:
    assert refusal(edit(stamp(COVERED, SEALED_AT), certificates=[])) == "timestamp_without_certificate"


def edit(token: bytes, **fields: Any) -> bytes:
    """Replace fields of the SignedData of a token."""
    outer = cms.ContentInfo.load(token)
    signed = outer["content"]
    for name, value in fields.items():
        signed[name] = value
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed.copy()}).dump(force=True))


def replace_content(token: bytes, changed: bytes, digest: bytes | None = None) -> bytes:
    """Put another TSTInfo into a token; with `digest`, also into its signed attributes."""
    signed = cms.ContentInfo.load(token)["content"]
    content = signed["encap_content_info"]["content"].contents
    replaced = token.replace(content, changed)
    return replaced if digest is None else replaced.replace(hashlib.sha256(content).digest(), digest)


def test_a_time_that_was_moved_is_noticed() -> None:
    token = stamp(COVERED, SEALED_AT)
    content = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"].contents
    moved = content.replace(b"2025", b"2024")
    assert moved != content
    assert refusal(replace_content(token, moved)) == "timestamp_altered"
    assert refusal(replace_content(token, moved, hashlib.sha256(moved).digest())) == "timestamp_altered"


def test_the_signature_of_another_timestamp_is_noticed() -> None:
    one, other = stamp(COVERED, SEALED_AT), stamp(COVERED, SEALED_AT + timedelta(days=1))
    values = [cms.ContentInfo.load(token)["content"]["signer_infos"][0]["signature"].native for token in (one, other)]
    if len(values[0]) == len(values[1]):
        assert refusal(one.replace(values[0], values[1])) == "timestamp_altered"
    signer = cms.ContentInfo.load(one)["content"]["signer_infos"][0].copy()
    signer["signature"] = values[1]
    assert refusal(edit(one, signer_infos=[signer])) == "timestamp_altered"


@pytest.mark.parametrize(
    "fields",
    [
        {"signer_infos": []},
        {"encap_content_info": {"content_type": "data", "content": core.ParsableOctetString(b"data")}},
    ],
)
def test_signed_data_that_is_no_timestamp_of_one_signer_is_refused(fields: Mapping[str, Any]) -> None:
    assert refusal(edit(stamp(COVERED, SEALED_AT), **fields)) == "timestamp_malformed"


@pytest.mark.parametrize(
    "token", [b"", b"\x30\x00", b"\x30\x80\x00\x00", b"A" * 100, b"\x30" * 5000, b"0" * (LARGEST + 1)]
)
def test_what_is_no_token_is_refused(token: bytes) -> None:
    assert refusal(token) == "timestamp_malformed"


def test_a_certificate_of_a_version_that_does_not_exist_spoils_a_token() -> None:
    token = stamp(COVERED, SEALED_AT)
    at = token.index(b"\xa0\x03\x02\x01\x02", token.index(b"\xa0\x82", 40)) + 4
    assert refusal(token[:at] + b"\x03" + token[at + 1 :]) == "timestamp_malformed"


@settings(max_examples=150, deadline=None)
@given(position=st.integers(min_value=0), value=st.integers(min_value=1, max_value=255))
def test_a_spoiled_token_is_refused_or_says_the_same(position: int, value: int) -> None:
    """Some bytes (of certificates that are not asked for, say) are nobody's; none may change what is said."""
    token = bytearray(stamp(COVERED, SEALED_AT))
    token[position % len(token)] ^= value
    try:
        found = read_timestamp(bytes(token), COVERED)
    except BadTimestamp:
        return
    assert found.time == SEALED_AT
    assert not found.trusted
