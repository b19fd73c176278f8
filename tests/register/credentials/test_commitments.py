"""A commitment fits one credential only, whatever its format, and no inner node of a tree can be opened as one."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.credentials.commitments import LABEL, VERSION, commit, digest
from register.credentials.errors import NotGenuine, Unsupported
from register.credentials.presented import Format, Presented

DIGEST, SALT = sha256(b"a credential").digest(), bytes(range(16))


def present(kind: Format, document: dict[str, Any], raw: bytes | None = None) -> Presented:
    return Presented(kind, json.dumps(document).encode() if raw is None else raw, document)


def test_a_commitment_is_the_hash_of_label_version_salt_and_digest() -> None:
    assert commit(DIGEST, SALT) == sha256(LABEL + b"\x01" + SALT + DIGEST).digest()
    assert commit(DIGEST, SALT).hex() == "95fa4aeeda4b76610b3e67191427d06251ff245d94fa01305ec41f89bdd54e7d"


def test_what_is_hashed_is_longer_than_two_nodes_and_begins_with_the_label() -> None:
    assert len(LABEL) > 64
    assert len(LABEL + VERSION + SALT + DIGEST) != 64


@given(
    st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16), st.integers(0, 47), st.integers(1, 255)
)
def test_any_other_salt_or_digest_gives_another_commitment(digest: bytes, salt: bytes, at: int, change: int) -> None:
    both = bytearray(salt + digest)
    both[at] ^= change
    assert commit(bytes(both[16:]), bytes(both[:16])) != commit(digest, salt)


@pytest.mark.parametrize(
    ("digest", "salt"), [(DIGEST, SALT[:15]), (DIGEST, SALT + b"x"), (DIGEST[1:], SALT), (b"", SALT)]
)
def test_salts_and_digests_of_other_lengths_are_refused(digest: bytes, salt: bytes) -> None:
    with pytest.raises(ValueError, match="expected a salt of 16 bytes"):
        commit(digest, salt)


def test_the_digest_of_a_european_digital_credential_is_that_of_its_payload() -> None:
    payload = '{"id":"urn:credential:1","name":"Zeugnis für Ünsal"}'
    raw = json.dumps({"payload": payload, "signatures": [{"protected": "e30", "signature": "AA"}]}).encode()
    assert digest(present("edc", json.loads(payload), raw)) == sha256(payload.encode()).digest()
    resealed = json.dumps({"signatures": [{"signature": "BB"}], "payload": payload}, ensure_ascii=False).encode()
    assert digest(present("edc", json.loads(payload), resealed)) == sha256(payload.encode()).digest()


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'"payload"', b"", b"not json", b'{"payload": 5}', b'{"payload": null}'])
def test_an_edc_without_a_payload_is_damaged(raw: bytes) -> None:
    with pytest.raises(NotGenuine) as refusal:
        digest(present("edc", {}, raw))
    assert refusal.value.code == "no_payload"


def test_the_digest_of_a_compact_jws_is_that_of_its_characters() -> None:
    raw = b"eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl"
    assert digest(present("vc_jose", {}, raw)) == sha256(raw).digest()
    assert digest(present("vc_jose", {}, raw + b"\n")) == sha256(raw).digest()


@pytest.mark.parametrize("kind", ["vc_data_integrity", "blockcerts_v2", "blockcerts_v3"])
def test_the_digest_of_json_is_that_of_its_canonical_form_with_its_proof(kind: Format) -> None:
    document = {"proof": {"proofValue": "z3"}, "id": "urn:1", "ects": 2.50, "name": "é"}
    canonical = '{"ects":2.5,"id":"urn:1","name":"é","proof":{"proofValue":"z3"}}'
    assert digest(present(kind, document)) == sha256(canonical.encode()).digest()
    assert digest(present(kind, {**document, "proof": {"proofValue": "z4"}})) != digest(present(kind, document))


def test_spelling_order_and_white_space_of_json_do_not_matter() -> None:
    one, other = b'{"b":1,"a":"\\u00e9"}', '{ "a": "é", "b": 1 }'.encode()
    assert digest(present("vc_data_integrity", json.loads(one), one)) == digest(
        present("vc_data_integrity", json.loads(other), other)
    )


@pytest.mark.parametrize("kind", ["edc_unsigned", "vc_unsigned"])
def test_what_is_not_signed_yet_is_not_anchored(kind: Format) -> None:
    with pytest.raises(Unsupported) as refusal:
        digest(present(kind, {"id": "urn:1"}))
    assert refusal.value.code == "not_signed"


@pytest.mark.parametrize("value", [2**53, -(2**60), float("nan"), float("inf"), "\ud800"])
def test_what_has_no_canonical_form_is_not_anchored(value: object) -> None:
    with pytest.raises(Unsupported) as refusal:
        digest(present("vc_data_integrity", {"id": value}, b""))
    assert refusal.value.code == "no_canonical_form"
