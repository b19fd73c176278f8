"""Reading JSON, JWTs and sealed credentials: each is told by its own words, others by their name."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.credentials.errors import CredentialError, NotACredential, NotGenuine, Unsupported
from register.credentials.reading import read
from register.credentials.reading.foreign import FORMATS
from tests import wrapping
from tests.wrapping import encode, make_credential, make_european, make_token, seal, without, write

V1 = ["https://www.w3.org/2018/credentials/v1"]


def refuse(data: bytes, error: type[CredentialError], code: str) -> str:
    with pytest.raises(error) as refusal:
        read(data)
    assert refusal.value.code == code, refusal.value.message
    assert type(refusal.value) is error
    return refusal.value.message


def make_blockcert(**members: Any) -> dict[str, Any]:
    return {"type": "Assertion", "signature": {"type": ["MerkleProof2017", "Extension"]}, **members}


KINDS: dict[str, tuple[bytes, str]] = {
    "data integrity": (write(make_credential()), "vc_data_integrity"),
    "proof set": (write(make_credential(proof=[{"type": "A"}, {"type": "B"}])), "vc_data_integrity"),
    "model 1.1": (write(make_credential(**{"@context": V1})), "vc_data_integrity"),
    "badge": (write(make_credential(type=["VerifiableCredential", "OpenBadgeCredential"])), "vc_data_integrity"),
    "no proof": (write(without(make_credential(), "proof")), "vc_unsigned"),
    "empty proof": (write(make_credential(proof=[])), "vc_unsigned"),
    "European, sealed": (write(seal(make_european())), "edc"),
    "European, sealed, in base64url": (write(seal(encode(write(make_european())))), "edc"),
    "European, flattened": (
        write({"payload": json.dumps(make_european()), "protected": "e30", "signature": "c2ln"}),
        "edc",
    ),
    "European, not sealed": (write(make_european()), "edc_unsigned"),
    "Blockcerts 2": (write(make_blockcert()), "blockcerts_v2"),
    "Blockcerts 3": (write(make_credential(proof={"type": "MerkleProof2019"})), "blockcerts_v3"),
    "Blockcerts 3, chained": (
        write(make_credential(proof=[{"type": "A"}, {"type": "C", "chainedProofType": "MerkleProof2019"}])),
        "blockcerts_v3",
    ),
    "Blockcerts 3, as a cryptosuite": (
        write(make_credential(proof={"type": "DataIntegrityProof", "cryptosuite": "merkle-proof-2019"})),
        "blockcerts_v3",
    ),
    "JWT of model 2.0": (make_token(without(make_credential(), "proof")), "vc_jose"),
    "JWT with a vc claim": (
        make_token({"iss": "did:x:y", "vc": without(make_credential(**{"@context": V1}), "issuer")}),
        "vc_jose",
    ),
    "data URL": (b"data:application/vc+jwt," + make_token(make_credential()), "vc_jose"),
    "JWT as a JSON text": (write(make_token(make_credential()).decode()), "vc_jose"),
}


@pytest.mark.parametrize(("data", "format"), KINDS.values(), ids=KINDS.keys())
def test_every_kind_is_told_by_its_own_words(data: bytes, format: str) -> None:
    (found,) = read(data)
    assert (found.format, found.container, found.receipt, found.findings) == (format, (), None, ())


@pytest.mark.parametrize("around", [b"%b", b"\xef\xbb\xbf%b", b" \r\n\t%b\n\n", b"\xef\xbb\xbf\n%b "])
@pytest.mark.parametrize("kind", ["data integrity", "JWT of model 2.0"])
def test_white_space_and_a_byte_order_mark_around_it_do_not_matter(kind: str, around: bytes) -> None:
    data, format = KINDS[kind]
    (found,) = read(around % data)
    assert (found.format, found.raw) == (format, data)


def test_a_credential_that_speaks_of_pdf_is_none() -> None:
    text = write({"name": "%PDF-1.7", **make_credential()})
    for data in (text, b"\n" + text, b"\xef\xbb\xbf\n" + text):
        assert [one.raw for one in read(data)] == [text]


def test_what_is_signed_is_given_on_as_it_came() -> None:
    text = json.dumps(make_credential(), indent=3).encode()
    (found,) = read(text)
    assert (found.raw, found.document) == (text, make_credential())
    sealed = write(seal(make_european()))
    (found,) = read(sealed)
    assert (found.raw, found.document) == (sealed, make_european())
    token = make_token({"iss": "did:web:university.example", "vc": without(make_credential(), "issuer")})
    (found,) = read(token)
    assert (found.raw, found.document) == (token, make_credential())


FOREIGN: dict[str, tuple[bytes, str]] = {
    "SD-JWT": (make_token({"vct": "degree"}) + b"~WyJhIl0~", "sd_jwt_vc"),
    "SD-JWT without disclosures": (make_token({"vct": "https://x.example/degree"}), "sd_jwt_vc"),
    "SD-JWT by its header": (make_token(make_credential(), {"alg": "ES256", "typ": "dc+sd-jwt"}), "sd_jwt_vc"),
    "SD-JWT in JSON": (
        write({"payload": "e30", "signatures": [{"header": {"disclosures": []}, "protected": "e30"}]}),
        "sd_jwt_vc",
    ),
    "mdoc": (b"\xa2gdocTypeworg.iso.18013.5.1.mDLlissuerSigned\xa0", "mdoc"),
    "mdoc in base64url": (encode(b"\xa2jnameSpaces\xa0jissuerAuth\x84" + bytes(20)).encode(), "mdoc"),
    "mdoc engagement": (b"mdoc:owBjMS4wAYIB2BhYS6QBAiAB", "mdoc"),
    "Open Badges 2": (write({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion"}), "open_badges_2"),
    "Open Badges 1": (write({"uid": "1", "recipient": {}, "badge": "https://x", "verify": {}}), "open_badges_2"),
    "Open Badges 2, signed": (
        make_token({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion"}),
        "open_badges_2",
    ),
    "Blockcerts 1": (
        write({"@context": "https://w3id.org/blockcerts/v1", "document": {}, "receipt": {}}),
        "blockcerts_v1",
    ),
    "EBSI": (write(make_credential(issuer="did:ebsi:zZeKyEJfUTGwajhNyNX928z")), "ebsi"),
    "EBSI, JWT": (make_token({"iss": "did:ebsi:z1", "vc": without(make_credential(), "issuer")}), "ebsi"),
    "XML of EDCI": (b'<?xml version="1.0"?><europassCredential xmlns="http://data.europa.eu/snb"/>', "edci_xml"),
    "ELMO": (b'<elmo xmlns="https://github.com/emrex-eu/elmo-schemas/tree/v1"/>', "elmo"),
    "signed XML": (b'<a><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></a>', "signed_xml"),
    "JAdES, detached": (write({"signatures": [{"protected": "e30", "signature": "c2ln"}]}), "jades_detached"),
    "JAdES, empty payload": (write(seal("")), "jades_detached"),
    "JWS, detached": (make_token(b""), "jws_detached"),
    "JWS in JSON of something else": (write(seal(make_credential())), "jws_json"),
    "JWE": (b".".join([encode(b'{"alg":"dir","enc":"A256GCM"}').encode()] * 5), "encrypted"),
    "CAdES": (b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80", "cades"),
    "CMS in PEM": (b"-----BEGIN CMS-----\nMIAGCSqGSIb3DQEHAqCA\n-----END CMS-----", "cades"),
    "COSE": (b"\xd2\x84\x43\xa1\x01\x26\xa0\x40\x40", "cose"),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "compressed"),
    "offer": (b"openid-credential-offer://?credential_offer=%7B%7D", "credential_offer"),
    "offer in JSON": (write({"credential_issuer": "x", "credential_configuration_ids": []}), "credential_offer"),
    "AnonCreds": (write({"schema_id": "x", "cred_def_id": "y", "values": {}}), "anoncreds"),
    "UTF-16": (json.dumps(make_credential()).encode("utf-16"), "utf16"),
    "UTF-16 without a mark": (json.dumps(make_credential()).encode("utf-16-be"), "utf16"),
}


@pytest.mark.parametrize(("data", "code"), FOREIGN.values(), ids=FOREIGN.keys())
def test_other_formats_are_named_and_neither_true_nor_false(data: bytes, code: str) -> None:
    message = refuse(data, Unsupported, code)
    assert FORMATS[code] in message


NOTHING: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "white space": (b" \n ", "empty"),
    "a byte order mark": (b"\xef\xbb\xbf", "empty"),
    "prose": ("Hiermit wird bescheinigt, daß alles gut ist.".encode(), "not_a_credential"),
    "prose with dots": (b"hello.my.friend", "not_a_credential"),
    "bytes": (bytes(range(256)), "not_a_credential"),
    "an address": (b"https://university.example/diploma.json", "address"),
    "an object": (b'{"a":1}', "not_a_credential"),
    "half an object": (b'{"a":', "not_a_credential"),
    "a number": (b"7", "not_a_credential"),
    "an empty list": (b"[]", "not_a_credential"),
    "null": (b"null", "not_a_credential"),
    "a receipt alone": (write({"format": "x", "salt": "00", "proof": {}, "batch": "x"}), "not_a_credential"),
    "DID document": (write({"id": "did:web:x", "verificationMethod": []}), "not_a_credential"),
    "profile": (
        write({"@context": "https://w3id.org/openbadges/v2", "type": "Profile", "publicKey": []}),
        "not_a_credential",
    ),
    "JWT of something else": (make_token({"sub": "somebody"}), "not_a_credential"),
    "JWT of a list": (make_token([1]), "not_a_credential"),
    "web page": (b"<!DOCTYPE html><html><body>Hello</body></html>", "not_a_credential"),
    "JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "plain_picture"),
    "empty presentation": (write({"type": "VerifiablePresentation"}), "empty_presentation"),
}


@pytest.mark.parametrize(("data", "code"), NOTHING.values(), ids=NOTHING.keys())
def test_what_is_no_credential_is_said_to_be_none(data: bytes, code: str) -> None:
    refuse(data, NotACredential, code)


HALF: dict[str, bytes] = {
    "no context": write(without(make_credential(), "@context")),
    "another first context": write(make_credential(**{"@context": ["https://x.example/v1", wrapping.VC_2]})),
    "context written out": write(make_credential(**{"@context": [{"a": "b"}]})),
    "no type": write(without(make_credential(), "type")),
    "another type": write(make_credential(type=["OpenBadgeCredential"])),
    "no issuer": write(without(make_credential(), "issuer")),
    "issuer without id": write(make_credential(issuer={"name": "University"})),
    "several issuers": write(make_credential(issuer=["did:a:b", "did:c:d"])),
    "no subject": write(make_credential(credentialSubject=None)),
    "empty subject": write(make_credential(credentialSubject={})),
    "no subjects": write(make_credential(credentialSubject=[])),
    "subject as text": write(make_credential(credentialSubject="did:example:learner")),
    "several ids": write(make_credential(id=["a", "b"])),
    "proof as text": write(make_credential(proof="z0")),
    "JWT without issuer": make_token(without(make_credential(), "issuer")),
    "JWT without context": make_token({"vc": without(make_credential(), "@context")}),
    "European without issuer": write(seal(without(make_european(), "issuer"))),
    "signatures no list": write({"payload": "{}", "signatures": {}}),
    "signatures of texts": write({"payload": "{}", "signatures": ["a"]}),
    "payload no text": write({"payload": {}, "signatures": []}),
}


@pytest.mark.parametrize("data", HALF.values(), ids=HALF.keys())
def test_a_credential_that_lacks_what_every_one_has_is_not_genuine(data: bytes) -> None:
    refuse(data, NotGenuine, "malformed")


FORGED: dict[str, tuple[bytes, str]] = {
    "alg none": (make_token(make_credential(), {"alg": "none"}), "not_signed"),
    "alg None": (make_token(make_credential(), {"alg": "NoNe"}), "not_signed"),
    "no alg": (make_token(make_credential(), {"typ": "JWT"}), "not_signed"),
    "no signature": (make_token(make_credential(), signature=b""), "not_signed"),
    "a name twice in the header": (make_token(make_credential(), b'{"alg":"none","alg":"ES256"}'), "name_twice"),
    "a name twice in the payload": (make_token(b'{"vc":{},"vc":{}}'), "name_twice"),
    "four parts": (make_token(make_credential()) + b".c2ln", "damaged"),
    "two parts": (make_token(make_credential()).rpartition(b".")[0], "damaged"),
    "payload cut": (make_token(write(make_credential())[:-9]), "not_json"),
    "payload of another length": (make_token(b"").replace(b"..", b".abcde."), "damaged"),
    "two payloads": (write(seal(make_european(), **make_credential())), "outside_signature"),
    "a payload beside a credential": (write({**make_credential(), "payload": "{}"}), "outside_signature"),
    "both kinds of signatures": (write(seal(make_european(), signature="c2ln")), "outside_signature"),
    "sealed payload with a name twice": (write(seal('{"type":"A","type":"B"}')), "name_twice"),
    "sealed payload of nothing": (write(seal("*")), "damaged"),
}


@pytest.mark.parametrize(("data", "code"), FORGED.values(), ids=FORGED.keys())
def test_what_two_readers_could_read_differently_or_nobody_signed_is_not_genuine(data: bytes, code: str) -> None:
    refuse(data, NotGenuine, code)


@given(st.data())
def test_a_credential_that_was_cut_is_never_read(data: st.DataObject) -> None:
    whole, _ = KINDS[data.draw(st.sampled_from(sorted(KINDS)))]
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        found = read(cut)
    except CredentialError:
        return
    assert [one.format for one in found] == ["vc_jose"], "of a cut JWT only the signature may still be missing"


@given(st.binary(max_size=300))
def test_no_bytes_bring_it_down(data: bytes) -> None:
    with pytest.raises(CredentialError):
        read(data)


@pytest.mark.parametrize("name", sorted(KINDS))
@given(st.data())
def test_no_changed_byte_brings_it_down(name: str, data: st.DataObject) -> None:
    changed = bytearray(KINDS[name][0])
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with suppress(CredentialError):
        read(bytes(changed))


def test_the_samples_beside_the_project_are_what_they_are() -> None:
    expected = {
        "edc/Sample-MC-Annex1-signed.jsonld": ("edc", ()),
        "edc/Sample-MC-Annex1-unsigned.jsonld": ("edc_unsigned", ()),
        "openbadges/simple.json": ("vc_data_integrity", ()),
        "openbadges/complete.json": ("vc_data_integrity", ()),
        "openbadges/simple.jwt": ("vc_jose", ()),
        "openbadges/simple-json.png": ("vc_data_integrity", ("png",)),
        "openbadges/simple-json.svg": ("vc_data_integrity", ("svg",)),
        "blockcerts/mainnet-valid-2.0.json": ("blockcerts_v2", ()),
        "blockcerts/mocknet-v3-valid.json": ("blockcerts_v3", ()),
        "blockcerts/testnet-v3--tampered.json": ("blockcerts_v3", ()),
        "w3c/signedJCS.json": ("vc_data_integrity", ()),
        "w3c/signedDataInt.json": ("vc_data_integrity", ()),
    }
    for name, wanted in expected.items():
        sample = wrapping.SHARED / name
        if sample.exists():
            assert [(one.format, one.container) for one in read(sample.read_bytes())] == [wanted], name
